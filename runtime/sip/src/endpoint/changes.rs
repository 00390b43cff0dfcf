//! Changes of an established or early session: re-INVITE and UPDATE, both ways, and what happens when two meet.
//! RFC 3261 14, RFC 3311, RFC 6141 2; glare: RFC 3261 14.1 and RFC 5407 3.1.

use std::time::{Duration, Instant};

use super::inside::CHANGE_RETRY_MAX_S;
use super::reply::Refusal;
use super::request::session_refusal;
use super::{DialogError, DialogId, Endpoint};
use crate::dialog::changes::{Turn, Wanted, glare_wait, newer};
use crate::dialog::draft::Draft;
use crate::dialog::session::Agreement;
use crate::dialog::{Dialog, Known, State};
use crate::event::{EndCause, Event, Failure};
use crate::limits::GLARE_TRIES;
use crate::message::{Request, Response, SessionBody};
use crate::method::Method;
use crate::transaction::client::{Client, Purpose, Why};
use crate::transaction::table::TxId;

/// A change that waits for another of our own looks again after this.
const BUSY_RETRY: Duration = Duration::from_millis(100);

impl Endpoint {
    /// Sends a re-INVITE; [`crate::Event::ReinviteAnswered`] follows. With `sdp` `None` the peer makes the offer and
    /// `acknowledge` carries our answer. If it meets a change of the peer (491) it is tried again by itself, and it
    /// waits for a session refresh that is under way, and for the ACK of our own answer.
    ///
    /// # Errors
    /// `WrongState` while another change of either side is not closed or the dialog is not established, `Unknown`,
    /// `Full`, `TooLarge`.
    pub fn reinvite(&mut self, now: Instant, dialog: DialogId, sdp: Option<Vec<u8>>) -> Result<(), DialogError> {
        self.check_size(sdp.as_deref())?;
        let full = self.is_full();
        let refreshing = self.is_refreshing(dialog);
        let found = self.live(dialog)?;
        let waits = refreshing || found.unacknowledged.is_some();
        if found.state != State::Up || found.changes.wanted.is_some() || (!may_reinvite(found) && !waits) {
            return Err(DialogError::WrongState);
        }
        if full {
            return Err(DialogError::Full);
        }
        let wanted = Wanted {
            method: Method::Invite,
            sdp,
            at: now,
            tries: 0,
            why: Why::Asked,
        };
        self.try_change(now, dialog, wanted);
        Ok(())
    }

    /// Sends an UPDATE with an offer, which may change the session before the call is answered too;
    /// [`crate::Event::ReinviteAnswered`] follows. Meeting a change of the peer it is tried again by itself.
    ///
    /// # Errors
    /// `Unsupported` if the peer has not said that it takes UPDATE, `WrongState` while an offer of either side waits for
    /// its answer or none was exchanged yet, `Unknown`, `Full`, `TooLarge`.
    pub fn update(&mut self, now: Instant, dialog: DialogId, sdp: Vec<u8>) -> Result<(), DialogError> {
        self.check_size(Some(&sdp))?;
        let full = self.is_full();
        let found = self.live(dialog)?;
        if found.abilities.update != Known::Yes {
            return Err(DialogError::Unsupported);
        }
        if found.changes.wanted.is_some() || !may_update(found) {
            return Err(DialogError::WrongState);
        }
        if full {
            return Err(DialogError::Full);
        }
        let wanted = Wanted {
            method: Method::Update,
            sdp: Some(sdp),
            at: now,
            tries: 0,
            why: Why::Asked,
        };
        self.try_change(now, dialog, wanted);
        Ok(())
    }

    /// Sends a change now, or keeps it for later if it cannot go out.
    pub(super) fn try_change(&mut self, now: Instant, id: DialogId, wanted: Wanted) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let free = match wanted.method {
            Method::Update => may_update(dialog),
            _ => may_reinvite(dialog),
        };
        if !free {
            let at = now + BUSY_RETRY;
            dialog.changes.wanted = Some(Wanted { at, ..wanted });
            return self.set_dialog_timer(id);
        }
        let Wanted {
            method,
            sdp,
            tries,
            why,
            ..
        } = wanted;
        let sdp = sdp.map(|sdp| newer(sdp, dialog.offers.ours.as_deref()));
        if let Some(offer) = &sdp {
            dialog.offers.ours(offer);
        }
        let (head, to) = dialog.next_head();
        let mut draft = Draft::new(method.clone(), head).with_sdp(sdp);
        self.ask_for_timer(id, &mut draft);
        let purpose = match method {
            Method::Update => Purpose::Update(why),
            _ => Purpose::Reinvite(why),
        };
        let tx = self.begin(now, purpose, Some(id), draft, to);
        if let Some(client) = self.clients.get_mut(tx) {
            client.retries = tries;
        }
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            match method {
                Method::Update => dialog.changes.update = Some(tx),
                _ => dialog.outbound = Some(tx),
            }
        }
        self.set_dialog_timer(id);
    }

    /// A change of ours was refused.
    pub(super) fn change_refused(&mut self, now: Instant, id: DialogId, tx: TxId, response: &Response) {
        let status = response.status;
        let random = self.tokens.number();
        let Some(client) = self.clients.get(tx) else { return };
        let (purpose, tries) = (client.purpose, client.retries);
        let (method, sdp) = (client.draft.method.clone(), client.draft.sdp().map(<[u8]>::to_vec));
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        clear(dialog, purpose);
        if sdp.is_some() {
            dialog.offers.withdrawn();
        }
        match status {
            481 => return self.end_after(now, id, purpose, status, EndCause::Failed(Failure::ForgottenByPeer)),
            408 => return self.end_after(now, id, purpose, status, EndCause::TimedOut),
            _ => {}
        }
        let (Purpose::Reinvite(why) | Purpose::Update(why)) = purpose else {
            return;
        };
        let come_again = retry_after(response).filter(|_| status == 500);
        if (status == 491 || come_again.is_some()) && tries < GLARE_TRIES {
            dialog.changes.wanted = Some(Wanted {
                method,
                sdp,
                at: now + come_again.unwrap_or_else(|| glare_wait(dialog.chosen, random)),
                tries: tries + 1,
                why,
            });
        } else if why == Why::Refresh {
            self.refresh_failed(now, id, response);
        } else {
            self.tell(Event::ReinviteAnswered {
                dialog: id,
                status,
                sdp: None,
            });
        }
        self.set_dialog_timer(id);
    }

    /// A refusal that ends the dialog: 481 without a word, the others with a BYE (RFC 3261 12.2.1.2).
    fn end_after(&mut self, now: Instant, id: DialogId, purpose: Purpose, status: u16, cause: EndCause) {
        if matches!(purpose, Purpose::Reinvite(Why::Asked) | Purpose::Update(Why::Asked)) {
            self.tell(Event::ReinviteAnswered {
                dialog: id,
                status,
                sdp: None,
            });
        }
        self.lose(now, id, cause);
    }

    /// A dialog the peer does not keep any more.
    pub(super) fn lose(&mut self, now: Instant, id: DialogId, cause: EndCause) {
        match (cause, self.dialogs.get(&id).map(|dialog| dialog.state)) {
            (EndCause::Failed(_), Some(State::Up)) => self.end(now, id, cause),
            (_, Some(State::Up)) => self.hang_up(now, id, cause),
            // Before the answer the INVITE decides.
            _ => {}
        }
    }

    /// Our UPDATE was taken.
    pub(super) fn update_answered(&mut self, now: Instant, id: DialogId, tx: TxId, response: &Response) {
        let Some(client) = self.clients.get(tx) else { return };
        let (purpose, offered) = (client.purpose, client.offered());
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        clear(dialog, purpose);
        dialog.remote.refresh(&response.headers);
        dialog.abilities.learn(&response.headers);
        let sdp = response.sdp().map(<[u8]>::to_vec);
        match &sdp {
            Some(answer) if offered => dialog.offers.theirs(answer),
            _ if offered => dialog.offers.withdrawn(),
            _ => {}
        }
        self.timer_answered(now, id, &response.headers);
        if purpose == Purpose::Update(Why::Asked) {
            self.tell(Event::ReinviteAnswered {
                dialog: id,
                status: response.status,
                sdp,
            });
        }
        self.set_dialog_timer(id);
    }

    /// A change of ours ended without a final response.
    pub(super) fn change_unanswered(&mut self, now: Instant, id: DialogId, client: &Client, cause: EndCause) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        clear(dialog, client.purpose);
        if client.offered() {
            dialog.offers.withdrawn();
        }
        self.lose(now, id, cause);
    }

    pub(super) fn remote_reinvite(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        let come_again = self.come_again();
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        if dialog.changes.inbound.is_some() {
            return self.respond(now, tx, &come_again);
        }
        // Glare with our own change, or the first exchange is not closed by its ACK yet (RFC 5407 3.1.4).
        if !may_reinvite(dialog) || dialog.offers.turn == Turn::WeOffered {
            return self.respond(now, tx, &Refusal::new(491));
        }
        self.take_change(now, id, tx, request);
    }

    pub(super) fn remote_update(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        let come_again = self.come_again();
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let offers = request.session_body() != SessionBody::None;
        // RFC 3311 5.2: another change of theirs is not answered yet, or an offer of ours.
        if dialog.changes.inbound.is_some() || offers && dialog.offers.turn == Turn::TheyOffered {
            return self.respond(now, tx, &come_again);
        }
        if offers && (dialog.offers.turn == Turn::WeOffered || dialog.owed.is_some()) {
            return self.respond(now, tx, &Refusal::new(491));
        }
        if offers {
            return self.take_change(now, id, tx, request);
        }
        // Nothing but a refresh of session and address.
        if let Some(half) = dialog.half_of(request.tag_of_from()) {
            half.refresh(&request.headers);
        }
        dialog.abilities.learn(&request.headers);
        match self.agree_on_timer(request) {
            Agreement::TooShort(least) => {
                let refusal = Refusal::new(422).with("Min-SE", least.to_string());
                self.respond(now, tx, &refusal);
            }
            agreement => {
                let fields = self.timer_fields(agreement);
                self.respond(now, tx, &Refusal::new(200).with_all(fields));
                self.start_agreed(now, id, agreement);
            }
        }
    }

    /// Hands a change of the peer to the user.
    pub(super) fn take_change(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        if let Some(refusal) = session_refusal(request) {
            return self.respond(now, tx, &refusal);
        }
        if let Agreement::TooShort(least) = self.agree_on_timer(request)
            && request.method != Method::Prack
        {
            let refusal = Refusal::new(422).with("Min-SE", least.to_string());
            return self.respond(now, tx, &refusal);
        }
        let timers = self.config.timers;
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        dialog.changes.inbound = Some(tx);
        let sdp = request.sdp().map(<[u8]>::to_vec);
        if let Some(offer) = &sdp {
            dialog.offers.theirs(offer);
        }
        if let Some(server) = self.servers.get_mut(tx) {
            server.dialog = Some(id);
            if request.method != Method::Invite {
                server.wait_for_user(now, &timers);
            }
        }
        if request.method == Method::Invite {
            self.respond(now, tx, &Refusal::new(100));
        } else {
            self.set_server_timer(tx);
        }
        self.tell(Event::Reinvite { dialog: id, sdp });
    }

    pub(super) fn change_deadline(&mut self, now: Instant, id: DialogId) {
        let due = self
            .dialogs
            .get_mut(&id)
            .and_then(|dialog| dialog.changes.wanted.take_if(|wanted| wanted.at <= now));
        if let Some(wanted) = due {
            self.try_change(now, id, wanted);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.counters().transactions >= self.config.limits.transactions
    }

    fn is_refreshing(&self, id: DialogId) -> bool {
        let Some(dialog) = self.dialogs.get(&id) else {
            return false;
        };
        let pending = [dialog.outbound, dialog.changes.update];
        pending.into_iter().flatten().any(|tx| {
            let purpose = self.clients.get(tx).map(|client| client.purpose);
            matches!(
                purpose,
                Some(Purpose::Reinvite(Why::Refresh) | Purpose::Update(Why::Refresh))
            )
        })
    }
}

/// The peer answers an earlier change first (RFC 3261 14.2, RFC 3311 5.2): when to come again. Longer than it may say is
/// a refusal.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers.first("Retry-After")?;
    let digits = value.split([';', '(', ' ']).next()?;
    let seconds = digits.parse::<u64>().ok()?;
    (seconds <= CHANGE_RETRY_MAX_S).then(|| Duration::from_secs(seconds))
}

/// Whether a re-INVITE may go out or come in: no INVITE of either side is open (RFC 3261 14.1), no other change either.
fn may_reinvite(dialog: &Dialog) -> bool {
    dialog.state == State::Up
        && dialog.changes.inbound.is_none()
        && dialog.changes.update.is_none()
        && dialog.outbound.is_none()
        && dialog.owed.is_none()
        && dialog.unacknowledged.is_none()
}

/// Whether an UPDATE with an offer may go out (RFC 3311 5.1): a session was agreed on, and nothing is open.
fn may_update(dialog: &Dialog) -> bool {
    let reliable = dialog.reliable.as_ref();
    let is_early_open = reliable.is_some_and(|reliable| reliable.waiting.is_some()) && dialog.state == State::Ringing;
    let is_open = dialog.state == State::Up && dialog.outbound.is_some();
    dialog.offers.turn == Turn::Settled
        && dialog.changes.inbound.is_none()
        && dialog.changes.update.is_none()
        && dialog.owed.is_none()
        && !is_early_open
        && !is_open
}

/// The change is not under way any more.
fn clear(dialog: &mut Dialog, purpose: Purpose) {
    match purpose {
        Purpose::Update(_) => dialog.changes.update = None,
        _ => dialog.outbound = None,
    }
}
