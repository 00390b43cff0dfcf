//! A leg's signalling as a handler asks for it: ringing, early media, answering, refusing, redirecting, holding, keys.

use super::io::{HoldWanted, KeyOut};
use super::leg::Audio;
use super::{CALLER, Call, Description, LegCommand, MediaCommand, Output, Wait, check};
use crate::ids::LegId;
use crate::private::Private;
use crate::words::{Error, LegDirection, LegState, RejectReason};
use std::time::{Duration, Instant};

/// How long a key sent by `send-keys` is held, with the pause after it (RFC 4733 section 2.5.1.4 has 40 ms as the least).
const KEY_TIME: Duration = Duration::from_millis(100);

impl Call {
    /// The leg is one that called us, in one of these states.
    fn calls_us(&self, leg: LegId, allowed: &[LegState]) -> Result<(), Error> {
        self.in_state(leg, allowed)?;
        if self.legs[leg].info.direction == LegDirection::Inbound {
            Ok(())
        } else {
            Err(Error::WrongState(self.legs[leg].state))
        }
    }

    /// The leg that the call began with, if somebody outside dialled it: it is answered, and what a handler does to have a
    /// caller answered does nothing.
    fn is_dialled_caller(&self, leg: LegId) -> bool {
        let it = &self.legs[leg];
        leg == CALLER && it.info.direction == LegDirection::Outbound && it.state == LegState::Answered
    }

    pub(super) fn ring(&mut self, leg: LegId) -> Result<(), Error> {
        if self.is_dialled_caller(leg) {
            return Ok(());
        }
        self.calls_us(leg, &[LegState::Offered, LegState::Ringing, LegState::Answered])?;
        if self.legs[leg].state != LegState::Offered {
            return Ok(());
        }
        self.legs[leg].state = LegState::Ringing;
        self.outputs.push_back(Output::Leg(leg, LegCommand::Ring));
        Ok(())
    }

    pub(super) fn early_media(&mut self, leg: LegId) -> Result<Option<Wait>, Error> {
        if self.is_dialled_caller(leg) {
            return Ok(None);
        }
        self.calls_us(leg, &[LegState::Offered, LegState::Ringing, LegState::Answered])?;
        if self.legs[leg].state == LegState::Answered {
            return Ok((self.legs[leg].audio != Audio::Open).then_some(Wait::Audio(leg)));
        }
        if self.legs[leg].description == Description::Late {
            return Err(Error::Invalid {
                argument: "leg".to_owned(),
                reason: "the far end described no session in its request, so audio can flow only after `answer`"
                    .to_owned(),
            });
        }
        Ok(self.open_early(leg).then_some(Wait::Audio(leg)))
    }

    /// Opens early media towards a caller; false if it has audio already.
    pub(super) fn open_early(&mut self, leg: LegId) -> bool {
        let it = &mut self.legs[leg];
        it.state = LegState::Ringing;
        if it.audio != Audio::None {
            return false;
        }
        it.audio = Audio::Pending;
        self.outputs.push_back(Output::Leg(leg, LegCommand::EarlyMedia));
        true
    }

    pub(super) fn answer(&mut self, now: Instant, leg: LegId) -> Result<Option<Wait>, Error> {
        if self.is_dialled_caller(leg) {
            return Ok(None);
        }
        self.calls_us(leg, &[LegState::Offered, LegState::Ringing, LegState::Answered])?;
        if self.legs[leg].state == LegState::Answered && self.legs[leg].audio == Audio::Open {
            return Ok(None);
        }
        Ok(self.accept(now, leg).then_some(Wait::Audio(leg)))
    }

    /// Answers a caller that waits; true if audio is still to come.
    pub(super) fn accept(&mut self, now: Instant, leg: LegId) -> bool {
        let it = &mut self.legs[leg];
        if it.state != LegState::Answered {
            it.state = LegState::Answered;
            it.answered_at = Some(now);
            self.outputs.push_back(Output::Leg(leg, LegCommand::Answer));
        }
        let it = &mut self.legs[leg];
        if it.audio == Audio::None {
            it.audio = Audio::Pending;
        }
        it.audio != Audio::Open
    }

    pub(super) fn reject(&mut self, leg: LegId, reason: RejectReason) -> Result<(), Error> {
        self.calls_us(leg, &[LegState::Offered, LegState::Ringing])?;
        let status = match reason {
            RejectReason::Busy => 486,
            RejectReason::Declined => 603,
            RejectReason::NotFound => 404,
            RejectReason::Unavailable => 480,
            RejectReason::Forbidden => 403,
        };
        self.legs[leg].state = LegState::Ended;
        self.outputs.push_back(Output::Leg(leg, LegCommand::Reject(status)));
        Ok(())
    }

    pub(super) fn redirect(&mut self, leg: LegId, to: &[Private<String>]) -> Result<(), Error> {
        self.calls_us(leg, &[LegState::Offered, LegState::Ringing])?;
        check::addresses("to", to, &self.setup.limits)?;
        self.legs[leg].state = LegState::Ended;
        self.outputs
            .push_back(Output::Leg(leg, LegCommand::Redirect(to.to_vec())));
        Ok(())
    }

    pub(super) fn hold(&mut self, leg: LegId, wanted: HoldWanted) -> Result<Option<Wait>, Error> {
        self.in_state(leg, &[LegState::Answered])?;
        self.outputs.push_back(Output::Leg(leg, LegCommand::Hold(wanted)));
        Ok(Some(Wait::Hold(leg)))
    }

    pub(super) fn send_keys(&mut self, now: Instant, leg: LegId, keys: &str) -> Result<Option<Wait>, Error> {
        self.can_play(leg)?;
        let mut keys = check::keys("keys", keys)?;
        let before = leading_pause(&mut keys);
        let at = now + before;
        if before.is_zero() {
            return Ok(Some(self.push_keys(now, leg, keys)));
        }
        Ok(Some(Wait::KeyPause { leg, at, keys }))
    }

    /// The pause before keys is over: they go out.
    pub(super) fn key_pause_over(&mut self, now: Instant) {
        let super::Handler::Waiting {
            wait: Wait::KeyPause { leg, at, keys },
            ..
        } = &mut self.handler
        else {
            return;
        };
        if *at > now || self.legs[*leg].ended.is_some() {
            return;
        }
        let (leg, keys) = (*leg, std::mem::take(keys));
        let sending = self.push_keys(now, leg, keys);
        if let super::Handler::Waiting { wait, .. } = &mut self.handler {
            *wait = sending;
        }
    }

    fn push_keys(&mut self, now: Instant, leg: LegId, keys: Vec<KeyOut>) -> Wait {
        let until = now + keys.iter().map(key_time).sum::<Duration>();
        if !keys.is_empty() {
            self.outputs.push_back(Output::Media(leg, MediaCommand::SendKeys(keys)));
        }
        Wait::Keys { leg, until }
    }

    /// The leg has audio.
    pub(super) fn can_play(&self, leg: LegId) -> Result<(), Error> {
        self.not_gone(leg)?;
        if self.legs[leg].audio == Audio::Open {
            Ok(())
        } else {
            Err(Error::WrongState(self.legs[leg].state))
        }
    }
}

/// Takes the pauses before the first key away and says how long they are.
pub(super) fn leading_pause(keys: &mut Vec<KeyOut>) -> Duration {
    let first = keys.iter().position(|key| key.key.is_some()).unwrap_or(keys.len());
    keys.drain(..first).map(|pause| key_time(&pause)).sum()
}

/// How long a key takes with the pause after it, or a pause alone.
pub(super) fn key_time(key: &KeyOut) -> Duration {
    Duration::from_millis(key.pause_ms.into()) + key.key.map_or(Duration::ZERO, |_| KEY_TIME)
}
