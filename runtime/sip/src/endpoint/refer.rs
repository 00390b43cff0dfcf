//! Transfers the peer asks for: REFER in, NOTIFY with its progress out, and exactly one outcome. The implicit
//! subscription outlives the call if need be. RFC 3515, RFC 3892 (Referred-By), RFC 4488 (no subscription), RFC 6665.

use std::time::{Duration, Instant};

use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint, ReferId};
use crate::address::NameAddr;
use crate::dialog::draft::Draft;
use crate::event::Event;
use crate::limits::REFERS_OPEN;
use crate::message::Request;
use crate::message::fragment;
use crate::method::Method;
use crate::timers::Owner;
use crate::transaction::client::Purpose;
use crate::transaction::table::TxId;

/// How long a transfer may take before its subscription ends by itself.
pub(super) const REFER_LASTS: Duration = Duration::from_secs(600);

/// How long the peer has left to say how a transfer ended once the call it was asked in is over: as long as a call may
/// ring (RFC 3261 16.6, timer C).
pub(super) const AFTER_CALL: Duration = Duration::from_secs(180);

/// A transfer, ours or the peer's.
pub(super) struct Refer {
    pub(super) dialog: DialogId,
    pub(super) role: Role,
    /// When it is over whatever happens.
    pub(super) ends_at: Instant,
}

/// Who asked for a transfer.
pub(super) enum Role {
    /// The peer; we notify.
    Asked(Asked),
    /// We; the peer notifies.
    Asking(Asking),
}

/// A transfer the peer asked for.
pub(super) struct Asked {
    /// The REFER, until it is answered.
    request: Option<TxId>,
    /// The Event value of our NOTIFY requests.
    event: String,
    notify: Notify,
    /// The NOTIFY that is under way.
    under_way: Option<TxId>,
    /// What to say when it is answered: older news are dropped.
    next: Option<News>,
    /// What was said last.
    said: u16,
    outcome: Outcome,
}

/// Whether the peer wants to hear how it goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notify {
    Yes,
    /// `Refer-Sub: false` (RFC 4488).
    No,
}

/// Whether the outcome was given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Open,
    Given,
}

/// What a NOTIFY says.
#[derive(Clone, Copy)]
struct News {
    status: u16,
    state: &'static str,
}

/// A transfer we asked for.
pub(super) struct Asking {
    /// The CSeq of our REFER: the id of its events.
    pub(super) cseq: u32,
    /// What was told last; 0: nothing.
    pub(super) status: u16,
    pub(super) told: Told,
}

/// Whether the last [`Event::ReferProgress`] was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    NotYet,
    Last,
}

impl Endpoint {
    /// Says yes to a REFER: 202, and the peer hears of a new call that is being tried. Give its outcome with
    /// `refer_progress`.
    ///
    /// # Errors
    /// `WrongState` if it is answered already, `Unknown` if it is over.
    pub fn accept_refer(&mut self, now: Instant, refer: ReferId) -> Result<(), DialogError> {
        let asked = self.asked(refer)?;
        let tx = asked.request.take().ok_or(DialogError::WrongState)?;
        let notify = asked.notify;
        let answer = match notify {
            Notify::Yes => Refusal::new(202),
            Notify::No => Refusal::new(200)
                .with("Refer-Sub", "false")
                .with("Supported", "norefersub"),
        };
        self.respond(now, tx, &answer);
        self.set_refer_end(refer, now + REFER_LASTS);
        if notify == Notify::Yes {
            self.notify(now, refer, News::of(100));
        }
        Ok(())
    }

    /// Says how the new call goes on. A status of 200 and above is the outcome and ends the transfer; news that come
    /// faster than the peer acknowledges them are merged.
    ///
    /// # Errors
    /// `BadStatus` outside 100..=699, `WrongState` before `accept_refer`, `Unknown` if the outcome was given already or
    /// the peer does not want to hear it any more.
    pub fn refer_progress(&mut self, now: Instant, refer: ReferId, status: u16) -> Result<(), DialogError> {
        if !(100..=699).contains(&status) {
            return Err(DialogError::BadStatus);
        }
        let asked = self.asked(refer)?;
        if asked.request.is_some() {
            return Err(DialogError::WrongState);
        }
        if status >= 200 {
            asked.outcome = Outcome::Given;
        }
        match (asked.notify, asked.outcome) {
            (Notify::Yes, _) => self.notify(now, refer, News::of(status)),
            (Notify::No, Outcome::Given) => self.close_refer(now, refer),
            (Notify::No, Outcome::Open) => {}
        }
        Ok(())
    }

    /// Says no to a REFER.
    ///
    /// # Errors
    /// `BadStatus` outside 300..=699, `WrongState` if it is answered already, `Unknown` if it is over.
    pub fn reject_refer(&mut self, now: Instant, refer: ReferId, status: u16) -> Result<(), DialogError> {
        if !(300..=699).contains(&status) {
            return Err(DialogError::BadStatus);
        }
        let tx = self.asked(refer)?.request.take().ok_or(DialogError::WrongState)?;
        self.respond(now, tx, &Refusal::new(status));
        self.close_refer(now, refer);
        Ok(())
    }

    pub(super) fn remote_refer(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        let timers = self.config.timers;
        let mut targets = request.headers.values("Refer-To");
        let target = targets.next().and_then(|value| NameAddr::parse(value).ok());
        let (Some(to), None) = (target, targets.next()) else {
            return self.respond(now, tx, &Refusal::new(400));
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog.refers.open >= REFERS_OPEN {
            return self.respond(now, tx, &Refusal::new(486));
        }
        dialog.refers.open += 1;
        dialog.refers.received += 1;
        // Later ones of a dialog are told apart by an id (RFC 3515 2.4.6).
        let event = match request.cseq() {
            Ok(cseq) if dialog.refers.received > 1 => format!("refer;id={}", cseq.number),
            _ => "refer".to_owned(),
        };
        let unwanted = |value: &str| value.split(';').next().unwrap_or_default().trim_ascii() == "false";
        let notify = match request.headers.first("Refer-Sub") {
            Some(value) if unwanted(value) => Notify::No,
            _ => Notify::Yes,
        };
        let refer = ReferId(self.new_id());
        let asked = Asked {
            request: Some(tx),
            event,
            notify,
            under_way: None,
            next: None,
            said: 100,
            outcome: Outcome::Open,
        };
        let kept = Refer {
            dialog: id,
            role: Role::Asked(asked),
            ends_at: now + timers.timeout(),
        };
        self.refers.insert(refer, kept);
        self.set_refer_end(refer, now + timers.timeout());
        let named = to.uri.header("Replaces");
        let replaces = named.and_then(|named| self.dialog_to_replace(&named));
        let referred_by = request
            .headers
            .first("Referred-By")
            .and_then(|value| NameAddr::parse(value).ok());
        self.tell(Event::Refer {
            dialog: id,
            refer,
            to,
            replaces,
            referred_by,
        });
    }

    fn asked(&mut self, refer: ReferId) -> Result<&mut Asked, DialogError> {
        match self.refers.get_mut(&refer).map(|refer| &mut refer.role) {
            Some(Role::Asked(asked)) if asked.outcome == Outcome::Open => Ok(asked),
            _ => Err(DialogError::Unknown),
        }
    }

    fn notify(&mut self, now: Instant, id: ReferId, news: News) {
        let Some(refer) = self.refers.get_mut(&id) else { return };
        let Role::Asked(asked) = &mut refer.role else { return };
        asked.said = news.status;
        if asked.under_way.is_some() {
            asked.next = Some(news);
            return;
        }
        let left = refer.ends_at.saturating_duration_since(now).as_secs();
        let state = match news.state {
            "active" => format!("active;expires={left}"),
            other => other.to_owned(),
        };
        let Some(dialog) = self.dialogs.get_mut(&refer.dialog) else {
            return;
        };
        let (head, to) = dialog.next_head();
        let draft = Draft::new(Method::Notify, head)
            .with("Event", asked.event.clone())
            .with("Subscription-State", state)
            .with_body("message/sipfrag;version=2.0", fragment::write(news.status));
        let dialog = refer.dialog;
        let tx = self.begin(now, Purpose::Notify(id), Some(dialog), draft, to);
        if let Some(Refer {
            role: Role::Asked(asked),
            ..
        }) = self.refers.get_mut(&id)
        {
            asked.under_way = Some(tx);
        }
    }

    /// The dialog is about to be left: an outcome that waits for the answer to older news goes out first, since a phone
    /// that gets the BYE before it takes the transfer for failed.
    pub(super) fn tell_last_news(&mut self, now: Instant, dialog: DialogId) {
        let of_dialog = self.refers.iter_mut().filter(|(_, refer)| refer.dialog == dialog);
        let waiting = of_dialog.filter_map(|(id, refer)| match &mut refer.role {
            Role::Asked(asked) if asked.outcome == Outcome::Given => {
                let news = asked.next.take()?;
                asked.under_way = None;
                Some((*id, news))
            }
            _ => None,
        });
        let waiting: Vec<_> = waiting.collect();
        for (id, news) in waiting {
            self.notify(now, id, news);
        }
    }

    /// A NOTIFY was answered, or never was (`None`): anything but 2xx ends the subscription (RFC 6665 4.2.2).
    pub(super) fn notify_answered(&mut self, now: Instant, id: ReferId, status: Option<u16>) {
        let Some(Refer {
            role: Role::Asked(asked),
            ..
        }) = self.refers.get_mut(&id)
        else {
            return;
        };
        asked.under_way = None;
        let next = asked.next.take();
        let is_taken = status.is_some_and(|status| (200..300).contains(&status));
        match next {
            Some(news) if is_taken => self.notify(now, id, news),
            None if is_taken && asked.outcome == Outcome::Open => {}
            _ => self.close_refer(now, id),
        }
    }

    /// Our NOTIFY was sent again in another transaction.
    pub(super) fn notify_resent(&mut self, id: ReferId, tx: TxId) {
        if let Some(Refer {
            role: Role::Asked(asked),
            ..
        }) = self.refers.get_mut(&id)
        {
            asked.under_way = Some(tx);
        }
    }

    pub(super) fn set_refer_end(&mut self, id: ReferId, at: Instant) {
        if let Some(refer) = self.refers.get_mut(&id) {
            refer.ends_at = at;
            self.schedule.set(Owner::Refer(id.0), Some(at));
        }
    }

    /// Forgets a transfer whose outcome is given.
    pub(super) fn close_refer(&mut self, now: Instant, id: ReferId) {
        self.schedule.set(Owner::Refer(id.0), None);
        let Some(refer) = self.refers.remove(&id) else { return };
        let Some(dialog) = self.dialogs.get_mut(&refer.dialog) else {
            return;
        };
        dialog.refers.open -= 1;
        if dialog.refers.open == 0 && dialog.refers.only {
            self.forget(now, refer.dialog);
        }
    }

    pub(super) fn refer_deadline(&mut self, now: Instant, id: ReferId) {
        let linger = self.config.timers.timeout();
        let Some(refer) = self.refers.get_mut(&id) else { return };
        let asked = match &mut refer.role {
            Role::Asking(_) => return self.transfer_silent(now, id),
            Role::Asked(asked) => asked,
        };
        if let Some(tx) = asked.request.take() {
            // Nobody has answered it, and its sender has given up.
            self.remove_server(tx);
            return self.close_refer(now, id);
        }
        if asked.outcome == Outcome::Given || asked.notify == Notify::No {
            return self.close_refer(now, id);
        }
        asked.outcome = Outcome::Given;
        let news = News {
            status: asked.said,
            state: "terminated;reason=timeout",
        };
        self.notify(now, id, news);
        self.set_refer_end(id, now + linger + linger);
    }

    /// The dialog of these transfers is over: what is not answered yet is refused, and what we asked for has to come to
    /// an end soon.
    pub(super) fn hurry_transfers(&mut self, now: Instant, dialog: DialogId) {
        let soon = now + AFTER_CALL;
        let of_dialog = self.refers.iter().filter(|(_, refer)| refer.dialog == dialog);
        let ids: Vec<ReferId> = of_dialog.map(|(id, _)| *id).collect();
        for id in ids {
            let Some(refer) = self.refers.get_mut(&id) else {
                continue;
            };
            let unanswered = match &mut refer.role {
                Role::Asked(asked) => asked.request.take(),
                Role::Asking(_) => {
                    let at = refer.ends_at.min(soon);
                    self.set_refer_end(id, at);
                    continue;
                }
            };
            if let Some(tx) = unanswered {
                self.respond(now, tx, &Refusal::new(487));
                self.close_refer(now, id);
            }
        }
    }
}

impl News {
    fn of(status: u16) -> Self {
        Self {
            status,
            state: if status >= 200 {
                "terminated;reason=noresource"
            } else {
                "active"
            },
        }
    }
}
