//! Calls that a phone places. RFC 3261 section 13.2, RFC 3264.

use super::line::{Call, Side, Stage};
use super::{Dial, Event, LineId, Offer, Phone, Refusal};
use patchcord_sip::sdp;
use patchcord_sip::{self as sip};
use std::time::Instant;

impl Phone {
    pub(super) fn call(&mut self, now: Instant, line: LineId, dial: Dial) -> Result<(), Refusal> {
        self.call_with(now, line, dial, Vec::new())
    }

    /// Places a call with headers of its own.
    pub(super) fn call_with(
        &mut self,
        now: Instant,
        line: LineId,
        dial: Dial,
        headers: Vec<(String, String)>,
    ) -> Result<(), Refusal> {
        if self.lines[line.number()].is_some() {
            return Err(Refusal::Busy);
        }
        let local = self.new_local();
        let us = dial.from.clone();
        let outgoing = sip::Outgoing {
            sdp: (dial.offer == Offer::InInvite).then(|| sdp::offer(&local)),
            headers,
            credentials: self.config.credentials.clone(),
            ..sip::Outgoing::new(dial.uri, sip::Flow::udp(dial.destination), dial.from)
        };
        let dialog = self.sip.invite(now, outgoing).map_err(|_| Refusal::Unsendable)?;
        let call = Call::new(dialog, local, Side::Caller(dial.offer), us, dial.destination);
        self.lines[line.number()] = Some(call);
        Ok(())
    }

    pub(super) fn progress(&mut self, now: Instant, line: LineId, status: u16, sdp: Option<Vec<u8>>) {
        self.event(line, Event::Progress { status });
        self.refer_goes_on(now, line, status);
        let Some(call) = &self.lines[line.number()] else { return };
        let agreed = sdp.filter(|_| call.side == Side::Caller(Offer::InInvite));
        // A description that cannot be used is no reason to give up before the call is answered.
        if let Some(Ok(agreed)) = agreed.map(|answer| sdp::accept_answer(&answer, &call.local)) {
            let first = !self.audio.is_open(line);
            self.adopt(now, line, &agreed);
            if first {
                self.event(line, Event::EarlyMedia);
            }
        }
    }

    pub(super) fn answered(&mut self, now: Instant, line: LineId, sdp: Option<Vec<u8>>) {
        let Some(call) = &mut self.lines[line.number()] else {
            return;
        };
        call.stage = Stage::Answered;
        let dialog = call.dialog;
        let agreed = match (&call.side, sdp) {
            (Side::Caller(Offer::InInvite), Some(answer)) => sdp::accept_answer(&answer, &call.local).ok(),
            (Side::Caller(Offer::Late), Some(offer)) => match sdp::answer(&offer, &call.local) {
                Ok((answer, agreed)) => self.sip.acknowledge(now, dialog, Some(answer)).ok().map(|()| agreed),
                Err(_) => {
                    let _ = self.sip.acknowledge(now, dialog, None);
                    None
                }
            },
            // The answer stood in a provisional response already, or nowhere.
            (_, None) | (Side::Called(_), Some(_)) => None,
        };
        self.event(line, Event::Answered);
        self.refer_goes_on(now, line, 200);
        if let Some(agreed) = agreed {
            self.adopt(now, line, &agreed);
        }
        self.talk(now, line);
    }
}
