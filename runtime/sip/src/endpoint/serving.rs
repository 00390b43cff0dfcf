//! Commands of the answering side: to an INVITE and to a re-INVITE from the peer. RFC 3261 13.3, 14.2.

use std::time::Instant;

use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint, Rejection};
use crate::dialog::{State, Unacknowledged};
use crate::event::EndCause;
use crate::print::reason;
use crate::transaction::Beat;
use crate::transaction::table::TxId;

impl Endpoint {
    /// Sends a provisional response, with a session description for early media if given.
    ///
    /// # Errors
    /// `BadStatus` outside 101..=199, `WrongState` if the INVITE is not waiting for an answer, `Unknown`, `TooLarge`.
    pub fn provisional(
        &mut self,
        now: Instant,
        dialog: DialogId,
        status: u16,
        sdp: Option<Vec<u8>>,
    ) -> Result<(), DialogError> {
        if !(101..=199).contains(&status) {
            return Err(DialogError::BadStatus);
        }
        self.check_size(sdp.as_deref())?;
        let tx = self.waiting(dialog, State::Ringing)?;
        self.respond_with(now, tx, &Refusal::new(status), sdp.as_deref());
        Ok(())
    }

    /// Answers the INVITE with 200: `sdp` is the answer, or our offer if the INVITE had none. Repeated until the ACK
    /// comes ([`crate::Event::Confirmed`]) or 64*T1 are over (`Ended{NoAck}`).
    ///
    /// # Errors
    /// `WrongState` if the INVITE is not waiting for an answer, `Unknown`, `TooLarge`.
    pub fn accept(&mut self, now: Instant, dialog: DialogId, sdp: Vec<u8>) -> Result<(), DialogError> {
        self.answer(now, dialog, State::Ringing, &sdp)
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
        let tx = self.waiting(dialog, State::Ringing)?;
        let mut refusal = Refusal::new(status);
        if let Some(seconds) = retry_after_s {
            refusal = refusal.with("Retry-After", seconds.to_string());
        }
        self.respond(now, tx, &refusal);
        self.end(now, dialog, EndCause::Rejected { status });
        Ok(())
    }

    /// Answers a re-INVITE with 200; [`crate::Event::Confirmed`] follows as after `accept`.
    ///
    /// # Errors
    /// `WrongState` if there is none (it may have been cancelled in the meantime), `Unknown`, `TooLarge`.
    pub fn accept_reinvite(&mut self, now: Instant, dialog: DialogId, sdp: Vec<u8>) -> Result<(), DialogError> {
        self.answer(now, dialog, State::Up, &sdp)
    }

    /// Refuses a re-INVITE; the session stays as it was.
    ///
    /// # Errors
    /// `BadStatus` outside 300..=699, `WrongState` if there is none, `Unknown`.
    pub fn reject_reinvite(&mut self, now: Instant, dialog: DialogId, status: u16) -> Result<(), DialogError> {
        if !(300..=699).contains(&status) {
            return Err(DialogError::BadStatus);
        }
        let tx = self.waiting(dialog, State::Up)?;
        self.respond(
            now,
            tx,
            &Refusal {
                phrase: reason(status).to_owned(),
                ..Refusal::new(status)
            },
        );
        self.live(dialog)?.inbound = None;
        Ok(())
    }

    fn answer(&mut self, now: Instant, id: DialogId, expected: State, sdp: &[u8]) -> Result<(), DialogError> {
        self.check_size(Some(sdp))?;
        let tx = self.waiting(id, expected)?;
        let request = self
            .servers
            .get(tx)
            .map(|server| server.request.clone())
            .ok_or(DialogError::WrongState)?;
        let cseq = request.cseq().map_or(0, |cseq| cseq.number);
        let Some((to, packet)) = self.respond_with(now, tx, &Refusal::new(200), Some(sdp)) else {
            return Err(DialogError::WrongState);
        };
        let timers = self.config.timers;
        let dialog = self.live(id)?;
        // Only an accepted re-INVITE moves the peer's address; a refused one changes nothing (RFC 3261 14.1).
        dialog.remote.refresh(&request.headers);
        dialog.state = State::Up;
        dialog.inbound = None;
        let beat = Beat::resending(now, timers.t1, timers.timeout());
        dialog.unacknowledged = Some(Unacknowledged { cseq, packet, to, beat });
        self.set_dialog_timer(id);
        Ok(())
    }

    /// The INVITE that waits for our answer, if the dialog is in the state expected for it.
    fn waiting(&mut self, id: DialogId, expected: State) -> Result<TxId, DialogError> {
        let dialog = self.live(id)?;
        dialog
            .inbound
            .filter(|_| dialog.state == expected)
            .ok_or(DialogError::WrongState)
    }

    /// Leaves room for the headers.
    pub(super) fn check_size(&self, sdp: Option<&[u8]>) -> Result<(), DialogError> {
        let fits = sdp.is_none_or(|sdp| sdp.len() <= self.config.limits.message_bytes / 2);
        if fits { Ok(()) } else { Err(DialogError::TooLarge) }
    }
}
