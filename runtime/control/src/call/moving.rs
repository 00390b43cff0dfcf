//! Moving a leg from one call to another: taking the caller of a call that waits, the far party of an attended transfer, or
//! giving a leg to a new call. Both calls are of one tenant and on one shard; whoever drives them does the moving.

use super::asks::Reply;
use super::io::NoSuchCall;
use super::leg::{Audio, Leg, Legs};
use super::{CALLER, Call, MediaCommand, Output, Setup, TakeFrom, Wait, check};
use crate::ask::Answer;
use crate::ids::{CallId, LegId};
use crate::words::{Error, Interruption, LegDirection, LegState, LimitName};
use std::time::Instant;

/// A leg on its way between two calls.
#[derive(Debug)]
pub struct MovedLeg(Leg);

/// A leg that a call has let go, and what ends its part in the media engine. Carry that out before the leg is used
/// elsewhere.
#[derive(Debug)]
pub struct Released {
    /// What it was in the call that let it go.
    pub from: LegId,
    /// The leg.
    pub leg: MovedLeg,
    /// For its session, in this order.
    pub media: Vec<MediaCommand>,
}

impl Call {
    /// A call that begins with a leg of another one. The handler is started by whoever holds its instance.
    pub fn with_moved(now: Instant, setup: Setup, moved: MovedLeg) -> Self {
        let mut leg = moved.0;
        leg.info.call_id = setup.info.call_id.clone();
        Self::with(now, setup, leg)
    }

    /// Lets an answered leg go to another call. What the handler waits for on it returns `interrupted(moved)`. None if it
    /// cannot be moved: not answered, without audio, or gone. Drain [`Call::poll`] afterwards.
    pub fn release(&mut self, now: Instant, leg: LegId) -> Option<Released> {
        let movable =
            self.legs.has(leg) && self.legs[leg].state == LegState::Answered && self.legs[leg].audio == Audio::Open;
        movable.then(|| self.let_go(now, leg))
    }

    /// As [`Call::release`], of the caller, who may still wait for an answer: the new call goes on for this one.
    pub fn release_caller(&mut self, now: Instant, to: CallId) -> Option<Released> {
        let leg = self.caller();
        let it = &self.legs[leg];
        let alive = it.state != LegState::Ended && matches!(it.audio, Audio::None | Audio::Pending | Audio::Open);
        let answered = it.state == LegState::Answered || it.info.direction == LegDirection::Inbound;
        if !alive || !answered {
            return None;
        }
        self.continued_as = Some(to);
        Some(self.let_go(now, leg))
    }

    fn let_go(&mut self, now: Instant, leg: LegId) -> Released {
        let media = self.silence(leg);
        let it = &mut self.legs[leg];
        let mut moved = Leg::new(it.info.clone(), it.headers.clone(), it.description);
        moved.state = it.state;
        moved.audio = it.audio;
        moved.answered_at = it.answered_at;
        moved.longest = it.longest;
        moved.held = it.held;
        moved.pending_keys = std::mem::take(&mut it.pending_keys);
        it.audio = Audio::Closed(None);
        self.leg_ended(now, leg, Interruption::Moved, None);
        self.settle(now);
        Released {
            from: leg,
            leg: MovedLeg(moved),
            media,
        }
    }

    /// The leg that a leg is bridged with.
    pub fn bridged_with(&self, leg: LegId) -> Option<LegId> {
        let bridge = self.legs.has(leg).then(|| self.legs[leg].bridge)??;
        Some(self.bridge_of(bridge)?.other(leg))
    }

    pub(super) fn take(&mut self, call: Option<CallId>) -> Reply {
        let allowed = self.not_interrupted().and_then(|()| self.room_for_leg());
        if let Err(error) = allowed {
            return Reply::Now(Answer::Taken(Err(error)));
        }
        match call.filter(|call| *call != self.setup.id) {
            Some(call) => {
                self.outputs.push_back(Output::Take(TakeFrom::Call(call)));
                Reply::Wait(Wait::Take)
            }
            None => Reply::Now(Answer::Taken(Err(Error::NoSuchCall))),
        }
    }

    pub(super) fn taken(&mut self, now: Instant, taken: Result<MovedLeg, NoSuchCall>) {
        let answer = match taken {
            Ok(MovedLeg(mut leg)) => {
                leg.info.call_id = self.setup.info.call_id.clone();
                Ok(self.legs.add(leg))
            }
            Err(NoSuchCall) => Err(Error::NoSuchCall),
        };
        match (&self.handler, answer) {
            (super::Handler::Waiting { wait: Wait::Take, .. }, answer) => {
                self.resume_waiting(now, Answer::Taken(answer));
            }
            // Nobody waits for it any more.
            (_, Ok(leg)) => self.hang_up(leg),
            (_, Err(_)) => {}
        }
    }

    pub(super) fn give(&mut self, leg: LegId, handler: &str) -> Result<Wait, Error> {
        check::over(LimitName::StringBytes, handler.len(), self.setup.limits.string_bytes)?;
        self.in_state(leg, &[LegState::Answered])?;
        self.can_play(leg)?;
        if self.legs[leg].bridge.is_some() || self.legs[leg].room.is_some() {
            return Err(Error::AlreadyBridged);
        }
        self.outputs.push_back(Output::Give {
            leg,
            handler: handler.to_owned(),
        });
        Ok(Wait::Give)
    }

    pub(super) fn given(&mut self, now: Instant, given: Result<CallId, Error>) {
        if let super::Handler::Waiting { wait: Wait::Give, .. } = self.handler {
            self.resume_waiting(now, Answer::Given(given));
        }
    }

    /// Room for one more leg.
    pub(super) fn room_for_leg(&self) -> Result<(), Error> {
        check::over(LimitName::Legs, self.legs.len() + 1, self.setup.limits.legs)
    }

    /// What ends everything that the media engine does for a leg on behalf of this call.
    fn silence(&mut self, leg: LegId) -> Vec<MediaCommand> {
        let mut playing = self.operations.prompts_on(leg);
        playing.extend(self.legs[leg].from_outside.take());
        playing.extend(self.legs[leg].background.take().map(|(_, operation)| operation));
        self.legs[leg].relayed = None;
        let ear = self.legs[leg].listens.take();
        let ear = ear.map(|operation| MediaCommand::StopHearing { operation });
        let stops = playing.into_iter().map(|operation| MediaCommand::Stop { operation });
        let seat = self.legs[leg].seated.take().map(|_| MediaCommand::Seat(None));
        let taps = self.untap(leg);
        stops
            .chain([MediaCommand::Relay(None)])
            .chain(ear)
            .chain(seat)
            .chain(taps)
            .collect()
    }

    /// The id that the next leg of this call will have.
    pub fn next_leg(&self) -> LegId {
        LegId(self.legs.len() as u32)
    }

    /// The leg that a caller may be taken by.
    pub fn caller(&self) -> LegId {
        let alive = |leg: &LegId| self.legs[*leg].state != LegState::Ended;
        Legs::ids(&self.legs).find(alive).unwrap_or(CALLER)
    }
}
