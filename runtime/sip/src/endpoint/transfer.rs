//! Transfers we ask for: REFER out, NOTIFY in, and exactly one outcome told. RFC 3515, RFC 3892, RFC 6665 4.1.

use std::time::{Duration, Instant};

use super::refer::{Asking, REFER_LASTS, Refer, Role, Told};
use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint, ReferId};
use crate::address::{NameAddr, params};
use crate::dialog::State;
use crate::dialog::draft::Draft;
use crate::event::{EndCause, Event, Failure, Last};
use crate::limits::REFERS_OPEN;
use crate::message::{Request, Response, fragment};
use crate::method::Method;
use crate::transaction::client::Purpose;
use crate::transaction::table::TxId;

/// The longest a peer may take before it says something more.
const SILENCE_MAX: Duration = Duration::from_secs(3600);

impl Endpoint {
    /// Asks the peer to call `refer_to` (an address as Refer-To carries it, with `?Replaces=` for an attended transfer).
    /// [`Event::ReferProgress`] follows, exactly one of them the last. The dialog stays up: end it when you like.
    ///
    /// # Errors
    /// `BadHeader` if one of the addresses is none, `WrongState` if the dialog is not established, `Full`, `Unknown`.
    pub fn refer(
        &mut self,
        now: Instant,
        dialog: DialogId,
        refer_to: &str,
        referred_by: Option<&str>,
    ) -> Result<ReferId, DialogError> {
        let parse = |text: &str| NameAddr::parse(text).map_err(|_| DialogError::BadHeader);
        let refer_to = parse(refer_to)?;
        let referred_by = referred_by.map(parse).transpose()?;
        let full = self.is_full();
        let found = self.live(dialog)?;
        if found.state != State::Up {
            return Err(DialogError::WrongState);
        }
        if full || found.refers.open >= REFERS_OPEN {
            return Err(DialogError::Full);
        }
        found.refers.open += 1;
        let (head, to) = found.next_head();
        let cseq = head.cseq;
        let mut draft = Draft::new(Method::Refer, head).with("Refer-To", refer_to.to_string());
        if let Some(by) = referred_by {
            draft = draft.with("Referred-By", by.to_string());
        }
        let id = ReferId(self.new_id());
        let asking = Asking {
            cseq,
            status: 0,
            told: Told::NotYet,
        };
        let kept = Refer {
            dialog,
            role: Role::Asking(asking),
            ends_at: now + REFER_LASTS,
        };
        self.refers.insert(id, kept);
        self.set_refer_end(id, now + REFER_LASTS);
        self.begin(now, Purpose::Refer(id), Some(dialog), draft, to);
        Ok(id)
    }

    /// The REFER itself was answered.
    pub(super) fn refer_answered(&mut self, now: Instant, id: ReferId, response: &Response) {
        let timeout = self.config.timers.timeout();
        let status = response.status;
        let Some((dialog, asking)) = self.asking(id) else {
            return;
        };
        let has_notified = asking.status != 0;
        let quiet = response
            .headers
            .first("Refer-Sub")
            .is_some_and(|value| value.trim_ascii().starts_with("false"));
        if (200..300).contains(&status) && !quiet {
            // The first NOTIFY has to come soon (RFC 6665 4.1.2.4, timer N).
            if !has_notified {
                self.set_refer_end(id, now + timeout);
            }
            return;
        }
        self.outcome(id, status);
        self.close_refer(now, id);
        match status {
            481 => self.lose(now, dialog, EndCause::Failed(Failure::ForgottenByPeer)),
            408 => self.lose(now, dialog, EndCause::TimedOut),
            _ => {}
        }
    }

    /// The REFER was never answered.
    pub(super) fn refer_unanswered(&mut self, now: Instant, id: ReferId, cause: EndCause) {
        let Some((dialog, _)) = self.asking(id) else { return };
        self.outcome(id, 408);
        self.close_refer(now, id);
        self.lose(now, dialog, cause);
    }

    pub(super) fn notified(&mut self, now: Instant, dialog: DialogId, tx: TxId, request: &Request) {
        let timeout = self.config.timers.timeout();
        let Some(id) = self.subscription_of(dialog, request) else {
            return self.respond(now, tx, &Refusal::new(481));
        };
        self.respond(now, tx, &Refusal::new(200));
        let state = request.headers.first("Subscription-State").unwrap_or_default();
        let is_over = state
            .get(..10)
            .is_some_and(|start| start.eq_ignore_ascii_case("terminated"));
        let Some((_, asking)) = self.asking(id) else { return };
        let status = fragment::status(&request.body).unwrap_or(asking.status);
        if asking.told == Told::NotYet && (is_over || status >= 200) {
            self.outcome(id, status);
            // The peer may end the subscription with a NOTIFY of its own.
            self.set_refer_end(id, now + timeout);
        } else if asking.told == Told::NotYet {
            asking.status = status;
            let lasts = expires(state).map_or(REFER_LASTS, |expires| expires + timeout);
            self.set_refer_end(id, now + lasts.min(SILENCE_MAX));
            if status >= 100 {
                self.tell(Event::ReferProgress {
                    dialog,
                    refer: id,
                    status,
                    last: Last::No,
                });
            }
        }
        if is_over {
            self.close_refer(now, id);
        }
    }

    /// Our REFER was sent again under another number.
    pub(super) fn refer_renumbered(&mut self, id: ReferId, cseq: u32) {
        if let Some((_, asking)) = self.asking(id) {
            asking.cseq = cseq;
        }
    }

    /// Nothing more is to be expected.
    pub(super) fn transfer_silent(&mut self, now: Instant, id: ReferId) {
        if self.asking(id).is_some_and(|(_, asking)| asking.told == Told::NotYet) {
            self.outcome(id, 408);
        }
        self.close_refer(now, id);
    }

    /// Tells the one last word.
    fn outcome(&mut self, id: ReferId, status: u16) {
        let Some((dialog, asking)) = self.asking(id) else {
            return;
        };
        if asking.told == Told::Last {
            return;
        }
        asking.told = Told::Last;
        self.tell(Event::ReferProgress {
            dialog,
            refer: id,
            status,
            last: Last::Yes,
        });
    }

    fn asking(&mut self, id: ReferId) -> Option<(DialogId, &mut Asking)> {
        let refer = self.refers.get_mut(&id)?;
        match &mut refer.role {
            Role::Asking(asking) => Some((refer.dialog, asking)),
            Role::Asked(_) => None,
        }
    }

    /// The transfer a NOTIFY is about: by the id of its event, which a peer may leave out (RFC 3515 2.4.6).
    fn subscription_of(&self, dialog: DialogId, request: &Request) -> Option<ReferId> {
        let event = request.headers.first("Event")?;
        let (name, rest) = event.split_at(event.find(';').unwrap_or(event.len()));
        if !name.trim_ascii().eq_ignore_ascii_case("refer") {
            return None;
        }
        let id = params(rest)
            .find(|(name, _)| name.eq_ignore_ascii_case("id"))
            .and_then(|(_, value)| value?.parse::<u32>().ok());
        let mut ours = self.refers.iter().filter_map(|(refer, kept)| match &kept.role {
            Role::Asking(asking) if kept.dialog == dialog => Some((*refer, asking.cseq)),
            _ => None,
        });
        let found = ours.find(|(_, cseq)| id.is_none_or(|id| id == *cseq));
        found.map(|(refer, _)| refer)
    }
}

fn expires(state: &str) -> Option<Duration> {
    let (_, rest) = state.split_once(';')?;
    let (_, value) = params(rest).find(|(name, _)| name.eq_ignore_ascii_case("expires"))?;
    value?.parse().ok().map(Duration::from_secs)
}
