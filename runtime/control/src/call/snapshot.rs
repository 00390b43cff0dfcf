//! A live call as it is now, for whoever looks at it from outside. A copy: looking changes nothing.

use super::leg::Leg;
use super::{Call, Handler};
use crate::describe;
use crate::ids::{CallId, LegId, RecordingId, Tenant};
use crate::private::Private;
use crate::record::CallStatus;
use crate::words::{AnsweredBy, Began, Interruption, LegDirection, LegState, UnixTime};
use std::time::{Duration, Instant};

/// A live call. Fourteen fields: what it is, how far it is, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSnapshot {
    /// Which call.
    pub id: CallId,
    /// Whose.
    pub tenant: Tenant,
    /// The handler's name.
    pub handler: String,
    /// Its module's content hash.
    pub module: String,
    /// Why it has the call.
    pub began: Began,
    /// The call that its first leg was in before.
    pub continues: Option<CallId>,
    /// Where it stands.
    pub status: CallStatus,
    /// Who answered, of a placed call, if that was found out.
    pub answered_by: Option<AnsweredBy>,
    /// When it began.
    pub started_at: UnixTime,
    /// Its legs in the order they were opened, those that have ended too.
    pub legs: Vec<LegSnapshot>,
    /// What its handler does.
    pub handler_state: HandlerState,
    /// Host calls that waited, until now.
    pub turns: u32,
    /// Messages that its handler has not received.
    pub messages_waiting: usize,
    /// Recordings that have not ended, in the order they began.
    pub recordings: Vec<RecordingSnapshot>,
}

/// A leg of a live call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegSnapshot {
    /// Which.
    pub leg: LegId,
    /// Which way it was set up.
    pub direction: LegDirection,
    /// Who calls on it.
    pub from: Private<String>,
    /// Who is called on it.
    pub to: Private<String>,
    /// Where it is in its life.
    pub state: LegState,
    /// When it was answered, if it was.
    pub answered_at: Option<UnixTime>,
    /// When it ended and why, if it has.
    pub ended: Option<(UnixTime, Interruption)>,
    /// Whether its far end has put us on hold.
    pub held: Held,
    /// Whether what it says is passed on.
    pub muted: Muted,
    /// The leg it is bridged with.
    pub bridged_with: Option<LegId>,
    /// Whether it sits in a room.
    pub room: InRoom,
}

/// Whether a far end has put us on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// It has not.
    No,
    /// It has.
    Yes,
}

/// Whether what a leg says is passed on to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Muted {
    /// It is.
    No,
    /// It is not.
    Yes,
}

/// Whether a leg sits in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InRoom {
    /// It does not.
    No,
    /// It does.
    Yes,
}

/// What the handler of a live call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerState {
    /// Nothing yet: the call was placed, and nobody has answered.
    NotStarted,
    /// It waits for the answer to a host call.
    Waiting {
        /// Which, in words and without private values.
        ask: String,
        /// For how long.
        since: Duration,
    },
    /// It computes, or was told to stop.
    Running,
    /// It has ended; the call is about to.
    Over,
}

/// A recording of a live call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingSnapshot {
    /// Its name.
    pub id: RecordingId,
    /// What it is of: a leg for each channel, none if it is of a room.
    pub legs: Vec<LegId>,
    /// When its sound began.
    pub started_at: UnixTime,
    /// Whether it is paused.
    pub paused: Paused,
}

/// Whether a recording is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paused {
    /// It is not.
    No,
    /// It is.
    Yes,
}

impl Call {
    /// The call as it is now.
    pub fn snapshot(&self, now: Instant) -> CallSnapshot {
        let setup = &self.setup;
        CallSnapshot {
            id: setup.id,
            tenant: setup.tenant.clone(),
            handler: setup.handler.clone(),
            module: setup.module.clone(),
            began: setup.began.clone(),
            continues: setup.continues,
            status: self.status(),
            answered_by: self.answered_by(),
            started_at: setup.started_at,
            legs: self
                .legs
                .ids()
                .map(|id| self.leg_snapshot(id, &self.legs[id]))
                .collect(),
            handler_state: match &self.handler {
                Handler::Awaited => HandlerState::NotStarted,
                Handler::Waiting { ask, since, .. } => HandlerState::Waiting {
                    ask: describe::ask(ask),
                    since: now.saturating_duration_since(*since),
                },
                Handler::Running | Handler::Stopping => HandlerState::Running,
                Handler::Over(_) => HandlerState::Over,
            },
            turns: self.tally.turns,
            messages_waiting: self.inbox.len(),
            recordings: self.recording_snapshots(),
        }
    }

    fn leg_snapshot(&self, leg: LegId, it: &Leg) -> LegSnapshot {
        LegSnapshot {
            leg,
            direction: it.info.direction,
            from: it.info.from.clone(),
            to: it.info.to.clone(),
            state: it.state,
            answered_at: it.answered_at.map(|at| self.unix(at)),
            ended: it.ended.map(|(at, why)| (self.unix(at), why)),
            held: if it.held { Held::Yes } else { Held::No },
            muted: if it.muted { Muted::Yes } else { Muted::No },
            bridged_with: self.bridged_with(leg),
            room: if it.room.is_some() { InRoom::Yes } else { InRoom::No },
        }
    }
}
