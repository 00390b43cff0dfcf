//! Changing the session during a call: hold and resume by re-INVITE, and re-INVITEs of the far end. RFC 3261 section 14,
//! RFC 3264 section 8.

use super::{Event, Line, NOT_ACCEPTABLE, Phone, Refusal, Stage};
use patchcord_sip::sdp::{self, Direction, Local};
use rand_chacha::rand_core::Rng;
use std::time::{Duration, Instant};

/// Both ends changed the session at once: wait and try again.
const REQUEST_PENDING: u16 = 491;
/// RFC 3261 section 14.1: the owner of the Call-ID waits 2.1 to 4 s, in units of 10 ms.
const RETRY_LEAST: Duration = Duration::from_millis(2_100);
const RETRY_STEPS: u32 = 190;
const RETRY_STEP: Duration = Duration::from_millis(10);

/// A change of the session under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// Our re-INVITE with this description is out.
    Asked(Local),
    /// It met one of theirs and is to be sent again.
    Again {
        direction: Direction,
        at: Instant,
    },
    /// Their re-INVITE had no offer: our 200 made one, their ACK answers.
    Offered,
}

impl Change {
    pub(super) fn retry_at(&self) -> Option<Instant> {
        match self {
            Change::Again { at, .. } => Some(*at),
            _ => None,
        }
    }
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

    /// The final response to our re-INVITE.
    pub(super) fn changed(&mut self, now: Instant, status: u16, sdp: Option<Vec<u8>>) {
        let Some(Line { change, local, .. }) = &mut self.line else {
            return;
        };
        let Change::Asked(wanted) = std::mem::replace(change, Change::None) else {
            return;
        };
        if status == REQUEST_PENDING {
            let wait = RETRY_LEAST + RETRY_STEP * (self.random.next_u32() % RETRY_STEPS);
            *change = Change::Again {
                direction: wanted.direction,
                at: now + wait,
            };
            return;
        }
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

    pub(super) fn retry_change(&mut self, now: Instant) {
        let Some(Line { change, .. }) = &mut self.line else {
            return;
        };
        if let Change::Again { direction, at } = *change
            && at <= now
        {
            *change = Change::None;
            if self.hold(now, direction).is_err()
                && let Some(line) = &mut self.line
            {
                // The far end's own change is not acknowledged yet.
                line.change = Change::Again {
                    direction,
                    at: now + RETRY_LEAST,
                };
            }
        }
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
