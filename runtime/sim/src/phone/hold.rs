//! Changing the session during a call: hold, resume and packets of another length by re-INVITE, and changes of the far end. Two changes that meet are
//! sorted out by the endpoint. RFC 3261 section 14, RFC 3264 section 8.

use super::line::Stage;
use super::{Event, LineId, NOT_ACCEPTABLE, Phone, Refusal};
use patchcord_sip::sdp::{self, Direction, Local};
use std::time::Instant;

/// A change of the session under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// Our re-INVITE with this description is out.
    Asked(Local),
    /// Their re-INVITE had no offer: our 200 made one, their ACK answers.
    Offered,
}

impl Phone {
    pub(super) fn hold(&mut self, now: Instant, line: LineId, direction: Direction) -> Result<(), Refusal> {
        self.ask(now, line, |local| local.direction = direction)
    }

    pub(super) fn ask_packet_time(&mut self, now: Instant, line: LineId, ptime_ms: u16) -> Result<(), Refusal> {
        self.ask(now, line, |local| local.ptime_ms = ptime_ms)
    }

    /// Offers a session that differs from the one under way.
    fn ask(&mut self, now: Instant, line: LineId, change: impl FnOnce(&mut Local)) -> Result<(), Refusal> {
        let call = self.on(line)?;
        if call.stage != Stage::Answered || call.change != Change::None {
            return Err(Refusal::WrongState);
        }
        let mut wanted = Local {
            version: call.local.version + 1,
            ..call.local.clone()
        };
        change(&mut wanted);
        let (dialog, offer) = (call.dialog, sdp::offer(&wanted));
        let sent = self.sip.reinvite(now, dialog, Some(offer));
        sent.map_err(|_| Refusal::WrongState)?;
        self.on(line)?.change = Change::Asked(wanted);
        Ok(())
    }

    /// The final response to our re-INVITE, or what the far end said when the endpoint refreshed the session.
    pub(super) fn changed(&mut self, now: Instant, line: LineId, status: u16, sdp: Option<Vec<u8>>) {
        let Some(call) = &mut self.lines[line.number()] else {
            return;
        };
        let Change::Asked(wanted) = std::mem::replace(&mut call.change, Change::None) else {
            let agreed = sdp.and_then(|answer| sdp::accept_answer(&answer, &call.local).ok());
            if let Some(agreed) = agreed {
                self.adopt(now, line, &agreed);
                self.event(line, Event::Changed);
            }
            return;
        };
        let agreed = sdp.and_then(|answer| sdp::accept_answer(&answer, &wanted).ok());
        let Some(agreed) = agreed.filter(|_| (200..300).contains(&status)) else {
            // A 200 without a usable answer changes nothing either; the version is spent all the same.
            call.local.version = wanted.version;
            let status = if status < 300 { NOT_ACCEPTABLE } else { status };
            return self.event(line, Event::HoldRefused { status });
        };
        let event = if wanted.ptime_ms != call.local.ptime_ms {
            Event::Changed
        } else if wanted.direction == Direction::SendOnly {
            Event::Held
        } else {
            Event::Resumed
        };
        call.local = wanted;
        self.adopt(now, line, &agreed);
        self.event(line, event);
    }

    /// The far end wants a change.
    pub(super) fn change_asked(&mut self, now: Instant, line: LineId, sdp: Option<Vec<u8>>) {
        let Some(call) = &mut self.lines[line.number()] else {
            return;
        };
        let next = Local {
            version: call.local.version + 1,
            ..call.local.clone()
        };
        let dialog = call.dialog;
        let Some(offer) = sdp else {
            let ours = sdp::offer(&next);
            call.local = next;
            if call.change == Change::None {
                call.change = Change::Offered;
            }
            // Refused only if the far end took it back in the same breath.
            let _ = self.sip.accept_reinvite(now, dialog, ours);
            return;
        };
        match sdp::answer(&offer, &next) {
            Ok((answer, agreed)) => {
                call.local = next;
                if self.sip.accept_reinvite(now, dialog, answer).is_ok() {
                    self.adopt(now, line, &agreed);
                    self.event(line, Event::Changed);
                }
            }
            Err(_) => {
                let _ = self.sip.reject_reinvite(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    /// The ACK to our 200 to their re-INVITE.
    pub(super) fn change_confirmed(&mut self, now: Instant, line: LineId, sdp: Option<Vec<u8>>) {
        let Some(call) = &mut self.lines[line.number()] else {
            return;
        };
        if call.change != Change::Offered {
            return;
        }
        call.change = Change::None;
        if let Some(Ok(agreed)) = sdp.map(|answer| sdp::accept_answer(&answer, &call.local)) {
            self.adopt(now, line, &agreed);
            self.event(line, Event::Changed);
        }
    }
}
