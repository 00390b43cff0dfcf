//! Reliable provisional responses and their PRACK, both roles: ours are repeated until acknowledged, theirs are
//! acknowledged in order. RFC 3262; with offers and answers RFC 6337 2.2.

use std::time::Instant;

use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint};
use crate::dialog::changes::Turn;
use crate::dialog::draft::Draft;
use crate::dialog::reliable::{Carries, Reliable, Waiting, number, read_rack};
use crate::dialog::session::lists;
use crate::dialog::{Dialog, State};
use crate::event::{EndCause, Event};
use crate::flow::Flow;
use crate::message::{Request, Response};
use crate::method::Method;
use crate::transaction::Beat;
use crate::transaction::client::Purpose;
use crate::transaction::table::TxId;

const TAG: &str = "100rel";

impl Endpoint {
    /// Sends a provisional response, with a session description for early media if given. With a description it goes
    /// reliably if the peer can do that, and always if the peer requires it; it then waits for the PRACK of the one
    /// before. To an INVITE without an offer a description is an offer, and is left out if it cannot go reliably.
    ///
    /// # Errors
    /// `BadStatus` outside 101..=199, `WrongState` if the INVITE is not waiting for an answer, `Full` if too many wait
    /// for a PRACK, `Unknown`, `TooLarge`.
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
        let tx = self.waiting(dialog)?;
        let number = self.tokens.number();
        let request = self
            .servers
            .get(tx)
            .map(|server| server.request.clone())
            .ok_or(DialogError::WrongState)?;
        let required = lists(&request.headers, "Require", TAG);
        let supported = required || lists(&request.headers, "Supported", TAG);
        let found = self.live(dialog)?;
        let turn = found.offers.turn;
        let reliable = found.reliable.get_or_insert_with(|| Box::new(Reliable::new(number)));
        if reliable.accepted.is_some() {
            return Err(DialogError::WrongState);
        }
        // The exchange is complete after a reliable answer, and an offer may not be lost.
        let sdp = sdp.filter(|_| !(supported && turn == Turn::Settled) && (supported || request.sdp().is_some()));
        if !required && (sdp.is_none() || !supported) {
            self.respond_with(now, tx, &Refusal::new(status), sdp.as_deref());
            return Ok(());
        }
        if reliable.waiting.is_some() {
            let kept = reliable.queue(status, sdp);
            return if kept { Ok(()) } else { Err(DialogError::Full) };
        }
        self.send_reliable(now, dialog, tx, status, sdp);
        Ok(())
    }

    fn send_reliable(&mut self, now: Instant, id: DialogId, tx: TxId, status: u16, sdp: Option<Vec<u8>>) {
        let timers = self.config.timers;
        let Some(rseq) = self.reliable_of(id).map(Reliable::take_number) else {
            return;
        };
        let response = Refusal::new(status).with("Require", TAG).with("RSeq", rseq.to_string());
        let Some((to, packet)) = self.respond_with(now, tx, &response, sdp.as_deref()) else {
            return;
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let carries = match (&sdp, dialog.offers.turn) {
            (None, _) => Carries::Nothing,
            (Some(_), Turn::TheyOffered) => Carries::Answer,
            (Some(_), _) => Carries::Offer,
        };
        if let Some(sdp) = &sdp {
            dialog.offers.ours(sdp);
        }
        if let Some(reliable) = &mut dialog.reliable {
            let beat = Beat::resending(now, timers.t1, timers.timeout());
            reliable.waiting = Some(Waiting {
                rseq,
                packet,
                to,
                beat,
                carries,
            });
        }
        self.set_dialog_timer(id);
    }

    /// A PRACK came.
    pub(super) fn acknowledged_provisional(&mut self, now: Instant, id: DialogId, tx: TxId, request: &Request) {
        let rack = request.headers.first("RAck").and_then(read_rack);
        let Some((rseq, cseq, method)) = rack else {
            return self.respond(now, tx, &Refusal::new(400));
        };
        let is_invite = method == "INVITE" && self.dialogs.get(&id).is_some_and(|dialog| dialog.invite_cseq == cseq);
        let found = self.reliable_of(id).filter(|_| is_invite);
        let Some(waiting) = found.and_then(|reliable| reliable.acknowledged(rseq)) else {
            return self.respond(now, tx, &Refusal::new(481));
        };
        self.set_dialog_timer(id);
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let sdp = request.sdp().map(<[u8]>::to_vec);
        match (waiting.carries, sdp) {
            (Carries::Offer, Some(sdp)) => {
                dialog.offers.theirs(&sdp);
                self.respond(now, tx, &Refusal::new(200));
                self.tell(Event::EarlyAnswer { dialog: id, sdp });
            }
            (Carries::Offer, None) => {
                dialog.offers.withdrawn();
                self.respond(now, tx, &Refusal::new(200));
            }
            (_, None) => self.respond(now, tx, &Refusal::new(200)),
            // A new offer before the answer to the old one cannot be (RFC 3262 5).
            (_, Some(_)) if dialog.offers.turn != Turn::Settled || dialog.changes.inbound.is_some() => {
                self.respond(now, tx, &Refusal::new(488));
            }
            (_, Some(_)) => self.take_change(now, id, tx, request),
        }
        self.go_on_ringing(now, id);
    }

    /// What waited for a PRACK goes out: the next provisional response, or the answer.
    fn go_on_ringing(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let (state, tx) = (dialog.state, dialog.inbound);
        let (Some(reliable), Some(tx), State::Ringing) = (dialog.reliable.as_mut(), tx, state) else {
            return;
        };
        if let Some(next) = reliable.take_queued() {
            return self.send_reliable(now, id, tx, next.status, next.sdp);
        }
        if let Some(sdp) = reliable.accepted.take() {
            // The command was checked when it was given; nothing else answers the INVITE meanwhile.
            let _ = self.answer(now, id, tx, &sdp);
        }
    }

    /// Repeats what was not acknowledged, or gives the call up (RFC 3262 3: a 5xx). Whether the dialog lives on.
    pub(super) fn reliable_deadline(&mut self, now: Instant, id: DialogId) -> bool {
        let Some(waiting) = self.reliable_of(id).and_then(|reliable| reliable.waiting.as_mut()) else {
            return true;
        };
        if waiting.beat.has_ended(now) {
            let inbound = self.dialogs.get_mut(&id).and_then(|dialog| dialog.inbound.take());
            if let Some(tx) = inbound {
                self.respond(now, tx, &Refusal::new(504));
            }
            self.end(now, id, EndCause::NoAck);
            return false;
        }
        if waiting.beat.take_resend(now, |last| last.saturating_mul(2)) {
            let (to, packet) = (waiting.to, waiting.packet.clone());
            self.send_again(to.into(), packet, Some(id));
        }
        true
    }

    fn reliable_of(&mut self, id: DialogId) -> Option<&mut Reliable> {
        self.dialogs.get_mut(&id)?.reliable.as_deref_mut()
    }

    /// A provisional response to our INVITE came: what the user is to be told of it, if anything. A reliable one is
    /// acknowledged, once and in its turn.
    pub(super) fn hear_provisional(
        &mut self,
        now: Instant,
        id: DialogId,
        flow: Flow,
        response: &Response,
    ) -> Option<Option<Vec<u8>>> {
        let sdp = response.sdp().map(<[u8]>::to_vec);
        let dialog = self.dialogs.get_mut(&id)?;
        dialog.abilities.learn(&response.headers);
        let rseq = response
            .headers
            .first("RSeq")
            .and_then(number)
            .filter(|_| lists(&response.headers, "Require", TAG));
        let invite = response.cseq().ok()?.number;
        let fork = dialog.fork_of(response, flow);
        let Some(rseq) = rseq else { return Some(sdp) };
        // Without a tag or a Contact there is nowhere to send a PRACK to.
        let fork = fork?;
        if fork.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
            self.counters.retransmissions_received += 1;
            return None;
        }
        fork.rseq = Some(rseq);
        let remote = fork.remote.clone();
        if let Some(answer) = &sdp
            && dialog.offers.turn == Turn::WeOffered
        {
            dialog.offers.theirs(answer);
        }
        let cseq = dialog.next_cseq();
        let (head, to) = dialog.head_to(&remote, cseq);
        let draft = Draft::new(Method::Prack, head).with("RAck", format!("{rseq} {invite} INVITE"));
        self.begin(now, Purpose::Prack, Some(id), draft, to);
        Some(sdp)
    }
}

impl Dialog {
    /// Whether an `accept` has to wait for a PRACK.
    pub(crate) fn holds_back(&self) -> bool {
        self.reliable.as_ref().is_some_and(|reliable| reliable.holds_back())
    }
}
