//! Calls that come to a phone: by its policy, or as it is told. RFC 3261 section 13.3, RFC 3262, RFC 3891 section 3.

use super::line::{Call, Due, Side, Stage};
use super::{CallerName, Event, Incoming, LineId, NOT_ACCEPTABLE, Phone, Refusal};
use patchcord_sip::sdp;
use patchcord_sip::{self as sip, DialogId, NameAddr, Rejection};
use std::time::{Duration, Instant};

/// No line is free, or the phone takes no calls.
const BUSY_HERE: u16 = 486;
/// The caller is to hear that it rings.
const RINGING: u16 = 180;
/// The caller is to hear more than that.
const SESSION_PROGRESS: u16 = 183;

impl Phone {
    /// An INVITE came.
    pub(super) fn called(
        &mut self,
        now: Instant,
        dialog: DialogId,
        (request, flow): (&sip::Request, sip::Flow),
        replaces: Option<DialogId>,
    ) {
        let in_use = self.lines.iter().flatten().count();
        let taken = replaces.is_some() || self.config.incoming != Incoming::Busy && in_use < self.config.lines();
        let (Some(line), true, Ok(us)) = (self.free_line(), taken, request.to()) else {
            return self.reject(now, dialog, BUSY_HERE);
        };
        let local = self.new_local();
        let side = Side::Called(request.sdp().map(<[u8]>::to_vec));
        let us = NameAddr::new(us.uri);
        self.lines[line.number()] = Some(Call::new(dialog, local, side, us, flow.peer));
        self.event(line, Event::Incoming(caller_name(request)));
        if replaces.is_some() {
            // The one talked to already stays on the line (RFC 3891 section 3): nothing rings.
            return self.fall_due(now, line, Due::Answer);
        }
        self.welcome(now, line);
    }

    /// Does what the phone is set up to do with a call.
    fn welcome(&mut self, now: Instant, line: LineId) {
        // Each is refused only if the caller has gone in the same breath.
        let _ = match self.config.incoming.clone() {
            Incoming::Busy => self.refuse(now, line, BUSY_HERE),
            Incoming::Answer { after: Duration::ZERO } => self.answer(now, line),
            Incoming::Answer { after } => self
                .ring(now, line)
                .map(|()| self.later(line, now + after, Due::Answer)),
            Incoming::Ring => self.ring(now, line),
            Incoming::Wait => Ok(()),
            Incoming::Refuse { status } => self.refuse(now, line, status),
            Incoming::Redirect { to } => self.redirect(now, line, to),
            Incoming::RingThenRefuse { after, status } => {
                let rings = self.ring(now, line);
                rings.map(|()| self.later(line, now + after, Due::Refuse(status)))
            }
            Incoming::EarlyMediaThenAnswer { after } => {
                let plays = self.early_media(now, line);
                plays.map(|()| self.later(line, now + after, Due::Answer))
            }
        };
    }

    fn later(&mut self, line: LineId, at: Instant, due: Due) {
        if let Ok(call) = self.on(line) {
            call.due = Some((at, due));
        }
    }

    pub(super) fn ring(&mut self, now: Instant, line: LineId) -> Result<(), Refusal> {
        let dialog = self.waiting(line)?.dialog;
        let told = self.sip.provisional(now, dialog, RINGING, None);
        told.map_err(|_| Refusal::WrongState)
    }

    /// 183 with a description: sound flows before the answer.
    pub(super) fn early_media(&mut self, now: Instant, line: LineId) -> Result<(), Refusal> {
        let (dialog, description, agreed) = self.description(line)?;
        let told = self.sip.provisional(now, dialog, SESSION_PROGRESS, Some(description));
        told.map_err(|_| Refusal::WrongState)?;
        if let Some(agreed) = agreed {
            self.adopt(now, line, &agreed);
            self.event(line, Event::EarlyMedia);
            if let Some(hz) = self.config.hum {
                // Refused only without audio.
                let _ = self.audio.hum(now, line, Some(hz));
            }
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, now: Instant, line: LineId) -> Result<(), Refusal> {
        let (dialog, description, agreed) = match self.description(line) {
            // Nothing in common: the caller learns it now (RFC 3261 section 13.3.1.3).
            Err(Refusal::NoAudio) => return self.refuse(now, line, NOT_ACCEPTABLE),
            described => described?,
        };
        let told = self.sip.accept(now, dialog, description);
        told.map_err(|_| Refusal::WrongState)?;
        let call = self.on(line)?;
        call.stage = Stage::Answered;
        call.due = None;
        self.event(line, Event::Answered);
        if let Some(agreed) = agreed {
            self.adopt(now, line, &agreed);
            self.talk(now, line);
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, now: Instant, line: LineId, status: u16) -> Result<(), Refusal> {
        let dialog = self.waiting(line)?.dialog;
        let rejection = Rejection {
            status,
            retry_after_s: None,
        };
        self.sip.reject(now, dialog, rejection).map_err(|_| Refusal::WrongState)
    }

    fn redirect(&mut self, now: Instant, line: LineId, to: sip::Uri) -> Result<(), Refusal> {
        let dialog = self.waiting(line)?.dialog;
        let told = self.sip.redirect(now, dialog, &[NameAddr::new(to)]);
        told.map_err(|_| Refusal::WrongState)
    }

    fn reject(&mut self, now: Instant, dialog: DialogId, status: u16) {
        let rejection = Rejection {
            status,
            retry_after_s: None,
        };
        // Refused only if that caller has gone already.
        let _ = self.sip.reject(now, dialog, rejection);
    }

    /// The call on a line that waits for this phone's answer.
    fn waiting(&mut self, line: LineId) -> Result<&mut Call, Refusal> {
        let call = self.on(line)?;
        match (&call.side, call.stage) {
            (Side::Called(_), Stage::Calling) => Ok(call),
            _ => Err(Refusal::WrongState),
        }
    }

    /// What the phone answers with: its answer to their offer, or its own offer (then nothing is agreed yet).
    fn description(&mut self, line: LineId) -> Result<(DialogId, Vec<u8>, Option<sdp::Agreed>), Refusal> {
        let call = self.waiting(line)?;
        let Side::Called(Some(offer)) = &call.side else {
            return Ok((call.dialog, sdp::offer(&call.local), None));
        };
        let (answer, agreed) = sdp::answer(offer, &call.local).map_err(|_| Refusal::NoAudio)?;
        Ok((call.dialog, answer, Some(agreed)))
    }

    /// The ACK came, or the PRACK with an answer to what we offered.
    pub(super) fn confirmed(&mut self, now: Instant, line: LineId, sdp: Option<Vec<u8>>) {
        let Some(call) = &self.lines[line.number()] else { return };
        if call.side != Side::Called(None) || self.audio.is_open(line) {
            return self.change_confirmed(now, line, sdp);
        }
        let early = call.stage == Stage::Calling;
        if let Some(Ok(agreed)) = sdp.map(|answer| sdp::accept_answer(&answer, &call.local)) {
            self.adopt(now, line, &agreed);
        }
        if early {
            self.event(line, Event::EarlyMedia);
        } else {
            self.talk(now, line);
        }
    }
}

fn caller_name(request: &sip::Request) -> CallerName {
    let from = request.from().ok();
    let user = from
        .as_ref()
        .and_then(|from| from.uri.user())
        .unwrap_or_default()
        .to_owned();
    CallerName {
        user,
        display: from.and_then(|from| from.display).unwrap_or_default(),
    }
}
