//! Changing the session during a call: hold and resume by re-INVITE, and re-INVITEs of the far end. RFC 3261 section 14,
//! RFC 3264 section 8.

use super::{Event, Line, NOT_ACCEPTABLE, Phone, Refusal, Stage};
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
    pub(super) fn hold(&mut self, now: Instant, direction: Direction) -> Result<(), Refusal> {
        let line = self.line.as_mut().ok_or(Refusal::NoCall)?;
        if line.stage != Stage::Answered || line.change != Change::None {
            return Err(Refusal::WrongState);
        }
        let wanted = Local {
            version: line.local.version + 1,
            direction,
            ..line.local.clone()
        };
        let offer = sdp::offer(&wanted);
        self.sip
            .reinvite(now, line.dialog, Some(offer))
            .map_err(|_| Refusal::WrongState)?;
        line.change = Change::Asked(wanted);
        Ok(())
    }

    /// The final response to our re-INVITE. One that met theirs was sent again by the endpoint.
    pub(super) fn changed(&mut self, now: Instant, status: u16, sdp: Option<Vec<u8>>) {
        let Some(Line { change, local, .. }) = &mut self.line else {
            return;
        };
        let Change::Asked(wanted) = std::mem::replace(change, Change::None) else {
            return;
        };
        let agreed = sdp.and_then(|answer| sdp::accept_answer(&answer, &wanted).ok());
        let Some(agreed) = agreed.filter(|_| (200..300).contains(&status)) else {
            // A 200 without a usable answer changes nothing either; the version is spent all the same.
            local.version = wanted.version;
            return self.event(Event::HoldRefused {
                status: if status < 300 { NOT_ACCEPTABLE } else { status },
            });
        };
        let event = if wanted.direction == Direction::SendOnly {
            Event::Held
        } else {
            Event::Resumed
        };
        *local = wanted;
        self.adopt(now, &agreed);
        self.event(event);
    }

    /// The far end wants a change.
    pub(super) fn change_asked(&mut self, now: Instant, sdp: Option<Vec<u8>>) {
        let Some(line) = &mut self.line else { return };
        let next = Local {
            version: line.local.version + 1,
            ..line.local.clone()
        };
        let dialog = line.dialog;
        let Some(offer) = sdp else {
            let ours = sdp::offer(&next);
            line.local = next;
            if line.change == Change::None {
                line.change = Change::Offered;
            }
            let _ = self.sip.accept_reinvite(now, dialog, ours);
            return;
        };
        match sdp::answer(&offer, &next) {
            Ok((answer, agreed)) => {
                line.local = next;
                if self.sip.accept_reinvite(now, dialog, answer).is_ok() {
                    self.adopt(now, &agreed);
                    self.event(Event::Changed);
                }
            }
            Err(_) => {
                let _ = self.sip.reject_reinvite(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    /// The ACK to our 200 to their re-INVITE.
    pub(super) fn change_confirmed(&mut self, now: Instant, sdp: Option<Vec<u8>>) {
        let Some(Line { change, local, .. }) = &mut self.line else {
            return;
        };
        if *change != Change::Offered {
            return;
        }
        *change = Change::None;
        if let Some(Ok(agreed)) = sdp.map(|answer| sdp::accept_answer(&answer, local)) {
            self.adopt(now, &agreed);
            self.event(Event::Changed);
        }
    }
}
