//! Commands of the answering side: to an INVITE and to a change the peer wants. RFC 3261 13.3, 14.2; RFC 3311 5.2;
//! RFC 3891 3. Provisional responses stand in `reliable`.

use std::sync::Arc;
use std::time::Instant;

use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint, Rejection};
use crate::dialog::{State, Unacknowledged};
use crate::event::EndCause;
use crate::message::Request;
use crate::method::Method;
use crate::transaction::Beat;
use crate::transaction::table::TxId;

impl Endpoint {
    /// Answers the INVITE with 200: `sdp` is the answer, or our offer if the INVITE had none. Repeated until the ACK
    /// comes ([`crate::Event::Confirmed`]) or 64*T1 are over (`Ended{NoAck}`). While a provisional response with a
    /// description waits for its PRACK, the 200 waits too. A call that this one replaces ends now.
    ///
    /// # Errors
    /// `WrongState` if the INVITE is not waiting for an answer or a change is, `Unknown`, `TooLarge`.
    pub fn accept(&mut self, now: Instant, dialog: DialogId, sdp: Vec<u8>) -> Result<(), DialogError> {
        self.check_size(Some(&sdp))?;
        let tx = self.waiting(dialog)?;
        let found = self.live(dialog)?;
        if found.changes.inbound.is_some() {
            return Err(DialogError::WrongState);
        }
        if found.holds_back()
            && let Some(reliable) = &mut found.reliable
        {
            let before = reliable.accepted.replace(sdp);
            return before.map_or(Ok(()), |_| Err(DialogError::WrongState));
        }
        self.answer(now, dialog, tx, &sdp)
    }

    /// Refuses the INVITE; [`crate::Event::Ended`] with `Rejected` follows.
    ///
    /// # Errors
    /// `BadStatus` outside 300..=699, `WrongState` if the INVITE is not waiting for an answer, `Unknown`.
    pub fn reject(&mut self, now: Instant, dialog: DialogId, rejection: Rejection) -> Result<(), DialogError> {
        let Rejection { status, retry_after_s } = rejection;
        if !(300..=699).contains(&status) {
            return Err(DialogError::BadStatus);
        }
        let tx = self.waiting(dialog)?;
        let mut refusal = Refusal::new(status);
        if let Some(seconds) = retry_after_s {
            refusal = refusal.with("Retry-After", seconds.to_string());
        }
        self.respond(now, tx, &refusal);
        self.live(dialog)?.inbound = None;
        self.end(now, dialog, EndCause::Rejected { status });
        Ok(())
    }

    /// Answers a change the peer wants with 200: `sdp` is the answer, or our offer if it made none. After a re-INVITE
    /// [`crate::Event::Confirmed`] follows as after `accept`; after an UPDATE or PRACK nothing does.
    ///
    /// # Errors
    /// `WrongState` if there is none (it may have been cancelled in the meantime), `Unknown`, `TooLarge`.
    pub fn accept_reinvite(&mut self, now: Instant, dialog: DialogId, sdp: Vec<u8>) -> Result<(), DialogError> {
        self.check_size(Some(&sdp))?;
        let tx = self.live(dialog)?.changes.inbound.ok_or(DialogError::WrongState)?;
        let request = self.request_of(tx)?;
        if request.method == Method::Invite {
            return self.answer(now, dialog, tx, &sdp);
        }
        let agreement = self.agree_on_timer(&request);
        let response = Refusal::new(200).with_all(self.timer_fields(agreement));
        self.respond_with(now, tx, &response, Some(&sdp));
        let found = self.live(dialog)?;
        found.changes.inbound = None;
        found.offers.ours(&sdp);
        if request.method == Method::Update {
            if let Some(half) = found.half_of(request.tag_of_from()) {
                half.refresh(&request.headers);
            }
            self.start_agreed(now, dialog, agreement);
        }
        Ok(())
    }

    /// Refuses a change the peer wants; the session stays as it was.
    ///
    /// # Errors
    /// `BadStatus` outside 300..=699, `WrongState` if there is none, `Unknown`.
    pub fn reject_reinvite(&mut self, now: Instant, dialog: DialogId, status: u16) -> Result<(), DialogError> {
        if !(300..=699).contains(&status) {
            return Err(DialogError::BadStatus);
        }
        let tx = self.live(dialog)?.changes.inbound.ok_or(DialogError::WrongState)?;
        self.respond(now, tx, &Refusal::new(status));
        let found = self.live(dialog)?;
        found.changes.inbound = None;
        found.offers.withdrawn();
        Ok(())
    }

    /// Answers an INVITE or re-INVITE with 200.
    pub(super) fn answer(&mut self, now: Instant, id: DialogId, tx: TxId, sdp: &[u8]) -> Result<(), DialogError> {
        let request = self.request_of(tx)?;
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        let agreement = self.agree_on_timer(&request);
        let response = Refusal::new(200).with_all(self.timer_fields(agreement));
        let Some((to, packet)) = self.respond_with(now, tx, &response, Some(sdp)) else {
            return Err(DialogError::WrongState);
        };
        let timers = self.config.timers;
        let dialog = self.live(id)?;
        // Only an accepted re-INVITE moves the peer's address; a refused one changes nothing (RFC 3261 14.1).
        dialog.remote.refresh(&request.headers);
        dialog.abilities.learn(&request.headers);
        dialog.state = State::Up;
        let is_first = dialog.inbound.take().is_some();
        match is_first {
            true => dialog.offers.ours_at_last(sdp),
            false => dialog.offers.ours(sdp),
        }
        dialog.changes.inbound = None;
        if let Some(reliable) = &mut dialog.reliable {
            reliable.retire();
        }
        let beat = Beat::resending(now, timers.t1, timers.timeout());
        dialog.unacknowledged = Some(Unacknowledged { cseq, packet, to, beat });
        let replaced = dialog.replaces.take();
        self.start_agreed(now, id, agreement);
        if let Some(replaced) = replaced {
            self.make_room(now, replaced);
        }
        Ok(())
    }

    /// Ends the call that another has taken the place of (RFC 3891 3).
    fn make_room(&mut self, now: Instant, replaced: DialogId) {
        match self.dialogs.get(&replaced).map(|dialog| dialog.state) {
            Some(State::Up) => self.hang_up(now, replaced, EndCause::Replaced),
            // Gone meanwhile, or it cannot be cancelled any more: then it ends by itself.
            _ => drop(self.cancel(now, replaced)),
        }
    }

    fn request_of(&self, tx: TxId) -> Result<Arc<Request>, DialogError> {
        self.servers
            .get(tx)
            .map(|server| server.request.clone())
            .ok_or(DialogError::WrongState)
    }

    /// The first INVITE, if it waits for our answer.
    pub(super) fn waiting(&mut self, id: DialogId) -> Result<TxId, DialogError> {
        let dialog = self.live(id)?;
        dialog
            .inbound
            .filter(|_| dialog.state == State::Ringing)
            .ok_or(DialogError::WrongState)
    }

    /// Leaves room for the headers.
    pub(super) fn check_size(&self, sdp: Option<&[u8]>) -> Result<(), DialogError> {
        let fits = sdp.is_none_or(|sdp| sdp.len() <= self.config.limits.message_bytes / 2);
        if fits { Ok(()) } else { Err(DialogError::TooLarge) }
    }
}
