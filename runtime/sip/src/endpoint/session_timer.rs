//! Session timers, both roles: asking, answering, refreshing, and giving up a session nobody refreshes. RFC 4028.

use std::time::{Duration, Instant};

use super::{DialogId, Endpoint};
use crate::dialog::changes::Wanted;
use crate::dialog::draft::Draft;
use crate::dialog::session::{Agreement, Expires, LEAST_S, Refresher, Running, Side, agree, min_se};
use crate::dialog::{Dialog, Known};
use crate::event::EndCause;
use crate::headers::Headers;
use crate::message::{Request, Response};
use crate::method::Method;
use crate::transaction::client::Why;

/// A refresh that was refused is tried again after this, as long as the session lasts.
const REFRESH_RETRY: Duration = Duration::from_secs(10);

impl Endpoint {
    /// Writes our wish into a request that makes or changes a session. In a running session it repeats who refreshes.
    pub(super) fn ask_for_timer(&self, id: DialogId, draft: &mut Draft) {
        let running = self.dialogs.get(&id).and_then(|dialog| dialog.session);
        let value = match running {
            Some(running) => {
                let side = match running.refresher {
                    Refresher::We => Side::Uac,
                    Refresher::They => Side::Uas,
                };
                format!("{};refresher={}", running.expires_s, side.token())
            }
            // A session without a timer stays without.
            None if !self.dialogs.contains_key(&id) && self.config.session.expires_s > 0 => self
                .config
                .session
                .expires_s
                .max(self.config.session.least_s())
                .to_string(),
            None => return,
        };
        draft.set("Session-Expires", value);
        let least = self.config.session.least_s();
        if least > LEAST_S {
            draft.set("Min-SE", least.to_string());
        }
    }

    /// What the request of a peer and our wishes come to. Only INVITE and UPDATE carry a timer.
    pub(super) fn agree_on_timer(&self, request: &Request) -> Agreement {
        match request.method {
            Method::Invite | Method::Update => agree(self.config.session, &request.headers),
            _ => Agreement::None,
        }
    }

    /// What our 2xx says of it.
    pub(super) fn timer_fields(&self, agreement: Agreement) -> Vec<(&'static str, String)> {
        let Agreement::Runs { expires_s, refresher } = agreement else {
            return Vec::new();
        };
        let mut fields = vec![(
            "Session-Expires",
            format!("{expires_s};refresher={}", refresher.token()),
        )];
        if refresher == Side::Uac {
            fields.push(("Require", "timer".to_owned()));
        }
        fields
    }

    /// Starts, renews or stops the timer after our 2xx.
    pub(super) fn start_agreed(&mut self, now: Instant, id: DialogId, agreement: Agreement) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.session = match agreement {
            Agreement::Runs { expires_s, refresher } => {
                let refresher = match refresher {
                    Side::Uac => Refresher::They,
                    Side::Uas => Refresher::We,
                };
                Some(Running::new(now, expires_s, refresher))
            }
            Agreement::None | Agreement::TooShort(_) => None,
        };
        self.set_dialog_timer(id);
    }

    /// Starts, renews or stops the timer after their 2xx (RFC 4028 7.2).
    pub(super) fn timer_answered(&mut self, now: Instant, id: DialogId, headers: &Headers) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.session = Expires::of(headers).map(|agreed| {
            let refresher = match agreed.refresher {
                Some(Side::Uas) => Refresher::They,
                Some(Side::Uac) | None => Refresher::We,
            };
            Running::new(now, agreed.seconds.max(LEAST_S), refresher)
        });
        self.set_dialog_timer(id);
    }

    /// The values to ask with after a 422. `None`: it names nothing longer than what we asked for.
    pub(super) fn longer_interval(draft: &mut Draft, response: &Response) -> Option<()> {
        let least = min_se(&response.headers)?;
        let asked = draft.field("Session-Expires")?;
        let (seconds, refresher) = asked.split_once(';').unwrap_or((asked, ""));
        if seconds.parse::<u32>().is_ok_and(|seconds| seconds >= least) {
            return None;
        }
        let value = match refresher {
            "" => least.to_string(),
            refresher => format!("{least};{refresher}"),
        };
        draft.set("Session-Expires", value);
        draft.set("Min-SE", least.to_string());
        Some(())
    }

    /// A refresh was refused: the session goes on until its end, and it is tried again.
    pub(super) fn refresh_failed(&mut self, now: Instant, id: DialogId, response: &Response) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        // A peer that does not take UPDATE after all gets a re-INVITE at once.
        let is_unknown = matches!(response.status, 405 | 501) && dialog.abilities.update == Known::Yes;
        if is_unknown {
            dialog.abilities.update = Known::No;
        }
        if let Some(running) = &mut dialog.session {
            let wait = if is_unknown { Duration::ZERO } else { REFRESH_RETRY };
            running.refresh_at = Some(now + wait);
        }
        self.set_dialog_timer(id);
    }

    /// Refreshes or gives up. Whether the dialog lives on.
    pub(super) fn session_deadline(&mut self, now: Instant, id: DialogId) -> bool {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return false;
        };
        let Some(running) = &mut dialog.session else {
            return true;
        };
        if running.ends_at <= now {
            self.hang_up(now, id, EndCause::SessionExpired);
            return false;
        }
        if running.refresh_at.is_none_or(|at| at > now) {
            return true;
        }
        // Set again by its answer.
        running.refresh_at = None;
        if dialog.changes.wanted.is_none() {
            let wanted = refresh_of(dialog, now);
            self.try_change(now, id, wanted);
        } else {
            // A change that is to be tried again refreshes as well; if it fails we come back.
            running.refresh_at = Some(now + REFRESH_RETRY);
        }
        true
    }
}

/// A refresh: UPDATE without a word about the session if the peer takes it, else a re-INVITE that repeats what we said.
fn refresh_of(dialog: &Dialog, now: Instant) -> Wanted {
    let (method, sdp) = match dialog.abilities.update {
        Known::Yes => (Method::Update, None),
        Known::No | Known::Unsaid => (Method::Invite, dialog.offers.ours.clone()),
    };
    Wanted {
        method,
        sdp,
        at: now,
        tries: 0,
        why: Why::Refresh,
    }
}
