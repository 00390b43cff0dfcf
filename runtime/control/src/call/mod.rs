//! The call machine: legs, one handler, operations, limits, and exactly one end.
//!
//! **One input, then drain [`Call::poll`] until it is empty; [`Call::wake_at`] then names the next deadline.**
//!
//! It knows no SIP, no RTP and no wasm: signalling arrives as [`LegSignal`]s, the handler as [`Ask`]s, and everything it
//! wants leaves as an [`Output`]. It never reads a clock; `now` is an argument.

mod answering;
mod asks;
mod bridging;
mod check;
mod dialling;
mod ending;
mod errands;
mod gathering;
mod hearing;
mod inbox;
mod io;
mod joining;
mod leg;
mod moving;
mod operation;
mod outside;
mod placing;
mod playing;
mod presence;
mod recognising;
mod recorders;
mod recording;
mod rooms;
mod signals;
mod snapshot;
mod sound;
mod streams;
mod tally;
mod telling;
#[cfg(test)]
mod tests;
mod transferring;

pub use check::PromptNames;
pub use io::{
    AskedTransfer, Branch, Errand, HoldWanted, HttpOrder, Input, KeyOut, Last, LegCommand, LegSignal, Listens,
    MediaCommand, NoSuchCall, NotLocated, OnKey, Output, Placing, Presented, PromptSource, RecogniseCommand,
    RecogniseSignal, RecordingCommand, RecordingSignal, Saved, Setup, StreamCommand, StreamOver, StreamSignal,
    TakeFrom, TapCommand, TapWanted, Tapped, Trace, TransferKind, Turn, TurnTrace,
};
pub use leg::Description;
pub use moving::{MovedLeg, Released};
pub use outside::{Change, ChangeError, Changed, Interrupt, MESSAGE_BYTES, MESSAGE_NAME_BYTES};
pub use placing::{OnMachine, Opening};
pub use rooms::{RoomCommand, RoomSignal, SeatWanted};
pub use snapshot::{CallSnapshot, HandlerState, Held, InRoom, LegSnapshot, Muted, Paused, RecordingSnapshot};

use crate::ask::{Answer, Ask};
use crate::describe;
use crate::ids::{CallId, LegId, OperationId};
use crate::record::HandlerEnd;
use crate::words::{Error, Interruption, UnixTime};
use inbox::Inbox;
use joining::Group;
use leg::{Leg, Legs};
use operation::Operations;
use outside::KeysOut;
use placing::Placed;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use recognising::Recognition;
use recording::Recording;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use streams::Stream;
use tally::Tally;
use telling::Events;
use transferring::Transfers;

/// The leg that opened the call.
pub const CALLER: LegId = LegId(0);

/// One conversation, from the first leg to the last hang-up.
#[derive(Debug)]
pub struct Call {
    setup: Setup,
    started: Instant,
    legs: Legs,
    operations: Operations,
    transfers: Transfers,
    /// In the order they began; none is ever removed. Bounded by `Limits::recordings`.
    recordings: Vec<Recording>,
    /// In the order they began; none is ever removed. Bounded by `Limits::streams`.
    streams: Vec<Stream>,
    /// The number of the last one.
    rooms_opened: u32,
    /// In the order they began; none is ever removed. Bounded by `Limits::recognitions`.
    recognitions: Vec<Recognition>,
    /// The number of the last one.
    errands: u32,
    random: ChaCha12Rng,
    handler: Handler,
    /// What it asked last and was answered.
    last_ask: Option<Ask>,
    /// How many of the fallbacks are behind us.
    fallbacks_tried: usize,
    /// Where its caller is now.
    continued_as: Option<CallId>,
    end: End,
    tally: Tally,
    events: Events,
    outputs: VecDeque<Output>,
    /// Of a call that somebody outside placed.
    placed: Option<Placed>,
    inbox: Inbox,
    /// Keys from outside on their way; at most one entry for each leg.
    keys_out: Vec<KeysOut>,
    /// Legs of other calls that were joined with it.
    group: Option<Group>,
}

/// Where the handler is.
#[derive(Debug)]
enum Handler {
    /// It has not been started: the call was placed, and nobody has answered.
    Awaited,
    /// It computes; an ask or its end comes next.
    Running,
    /// It waits for an answer.
    Waiting { ask: Ask, since: Instant, wait: Wait },
    /// It has been told to stop.
    Stopping,
    /// It has ended.
    Over(HandlerEnd),
}

/// What a waiting handler waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wait {
    /// Audio on a leg it answers or opens.
    Audio(LegId),
    /// The far end's answer to a hold or its end.
    Hold(LegId),
    /// The pause before the keys it sends.
    KeyPause { leg: LegId, at: Instant, keys: Vec<KeyOut> },
    /// The last of the keys it sends.
    Keys { leg: LegId, until: Instant },
    /// The end of a transfer it asked for; `accepted` once the far end took the request.
    Refer { leg: LegId, until: Instant, accepted: bool },
    /// A leg of another call.
    Take,
    /// A new call for a leg.
    Give,
    /// An operation it waits for by name; the result goes with the answer.
    Operation(OperationId),
    /// A text of a stream's server, or time.
    Text {
        operation: OperationId,
        until: Option<Instant>,
    },
    /// What a web server says, or time; the end of the call too, unless it had ended before.
    Http {
        number: u32,
        until: Instant,
        cleaning_up: bool,
    },
    /// What the store says, or time.
    Store { number: u32, until: Instant },
    /// What whoever knows presence says, or time.
    Presence { number: u32, until: Instant },
    /// How the identities are that it watches from now on, or time.
    Watch {
        number: u32,
        operation: OperationId,
        until: Instant,
    },
    /// Something that a recognition heard, or time.
    Heard {
        operation: OperationId,
        until: Option<Instant>,
    },
    /// Time.
    Until(Instant),
    /// The first of several, or time.
    Any {
        operations: Vec<OperationId>,
        until: Option<Instant>,
    },
    /// A message from outside, or time.
    Message { until: Option<Instant> },
}

/// How far the call is with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is not ending.
    Open,
    /// Its last leg is gone; the handler may clean up until then.
    CleanUp { until: Instant },
    /// The handler failed; the caller hears why, at most until then.
    Announcing { operation: OperationId, until: Instant },
    /// Only the media counters are awaited.
    Counting { until: Instant },
    /// The record is out.
    Done,
}

impl Call {
    /// A call whose first leg has just been offered. The handler is started by whoever holds its instance.
    pub fn new(now: Instant, setup: Setup) -> Self {
        let leg = Leg::new(setup.info.clone(), setup.headers.clone(), setup.description);
        Self::with(now, setup, leg)
    }

    fn with(now: Instant, setup: Setup, caller: Leg) -> Self {
        let mut legs = Legs::default();
        legs.add(caller);
        let mut call = Self::with_legs(now, setup, legs);
        call.tell_start(now);
        call
    }

    fn with_legs(now: Instant, setup: Setup, legs: Legs) -> Self {
        Self {
            events: Events::of(&setup),
            random: ChaCha12Rng::from_seed(setup.seed),
            setup,
            started: now,
            legs,
            operations: Operations::default(),
            transfers: Transfers::default(),
            recordings: Vec::new(),
            streams: Vec::new(),
            rooms_opened: 0,
            recognitions: Vec::new(),
            errands: 0,
            handler: Handler::Running,
            last_ask: None,
            fallbacks_tried: 0,
            continued_as: None,
            end: End::Open,
            tally: Tally::default(),
            outputs: VecDeque::new(),
            placed: None,
            inbox: Inbox::new(),
            keys_out: Vec::new(),
            group: None,
        }
    }

    /// A call without legs: code that is told of something, and has nobody on the line. It is over when its handler is.
    pub fn without_legs(now: Instant, setup: Setup) -> Self {
        Self::with_legs(now, setup, Legs::default())
    }

    /// Takes one input. Drain [`Call::poll`] before the next.
    pub fn handle(&mut self, now: Instant, input: Input) {
        if self.end == End::Done {
            return;
        }
        match input {
            Input::Asked(ask) => self.asked(now, ask),
            Input::Returned { result, usage } => self.returned(now, result, usage),
            Input::Failed { fault, usage } => self.failed(now, fault, usage),
            Input::Stopped { usage } => self.stopped(now, usage),
            Input::Leg(leg, signal) => self.signal(now, leg, signal),
            Input::Located { dial, endpoint, found } => self.located(now, dial, endpoint, found),
            Input::Taken(taken) => self.taken(now, taken.map(|leg| *leg)),
            Input::Given(given) => self.given(now, given),
            Input::NoFallback => self.fall_back(now),
            Input::Recording { number, signal } => self.recording_signal(now, number, signal),
            Input::Stream { number, signal } => self.stream_signal(now, number, signal),
            Input::Room { number, signal } => self.room_signal(number, signal),
            Input::Recognition { number, signal } => self.recognise_signal(now, number, signal),
            Input::Responded { number, response } => self.responded(now, number, response),
            Input::Stored { number, reply } => self.stored(now, number, reply),
            Input::Presence { number, reply } => self.presence_told(now, number, reply),
            Input::PresenceNews { number, views } => self.presence_changed(now, number, views),
            Input::End(why) => self.end_by_platform(now, why),
            Input::Deadline => self.deadline(now),
        }
        self.settle(now);
    }

    /// The next thing the call wants; none when it is at rest.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the call acts by itself next: [`Input::Deadline`] is due then.
    pub fn wake_at(&self) -> Option<Instant> {
        let wait = match &self.handler {
            Handler::Waiting { wait, .. } => wait.until(),
            _ => None,
        };
        let end = match self.end {
            End::Open => self.may_grow_old().then(|| self.time_limit()),
            End::CleanUp { until } => (!matches!(self.handler, Handler::Stopping)).then_some(until),
            End::Announcing { until, .. } | End::Counting { until } => Some(until),
            End::Done => return None,
        };
        let legs = self.legs.iter().filter_map(Leg::over_at).min();
        [
            wait,
            end,
            legs,
            self.operations.wake_at(),
            self.kept_wake_at(),
            self.recognitions_wake_at(),
            self.keys_out_wake_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether there is something that its time limit would end.
    fn may_grow_old(&self) -> bool {
        match self.legs.len() {
            0 => self.legs.interruption().is_none(),
            _ => self.legs.iter().any(|leg| leg.leaving.is_none()),
        }
    }

    /// When the call has lasted too long as it is: waiting for an answer, or altogether.
    fn time_limit(&self) -> Instant {
        let limits = &self.setup.limits;
        // How long a placed call rings is for its dialling.
        let longest = if self.is_settled() || self.opening().is_some() {
            limits.call_duration
        } else {
            limits.ring.min(limits.call_duration)
        };
        self.started + longest
    }

    /// What the call is known by and made from.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    fn deadline(&mut self, now: Instant) {
        self.operations.deadline(now);
        self.dial_deadline(now);
        self.bridge_deadline(now);
        self.recordings_deadline(now);
        self.streams_deadline(now);
        self.recognitions_deadline(now);
        self.key_pause_over(now);
        self.keys_out_due(now);
        for leg in self.legs.ids() {
            if self.legs[leg].over_at().is_some_and(|at| at <= now) {
                self.hang_up_because(leg, Interruption::TimeLimit);
            }
        }
        match self.end {
            End::Open if now >= self.time_limit() => self.hang_up_all(now, Interruption::TimeLimit),
            End::CleanUp { until } if now >= until => self.stop_handler(),
            End::Announcing { until, .. } if now >= until => self.hang_up_all(now, Interruption::EndedByHandler),
            _ => {}
        }
    }

    /// Answers what can be answered now, and ends what is over. Runs after every input.
    fn settle(&mut self, now: Instant) {
        self.open_if_dialled(now);
        self.arrange_sound();
        self.arrange_seats();
        self.arrange_hearing();
        self.answer_if_ready(now);
        self.tell_news(now);
        self.finish_if_over(now);
    }

    fn answer_if_ready(&mut self, now: Instant) {
        let Handler::Waiting { wait, .. } = &self.handler else {
            return;
        };
        let wait = wait.clone();
        if let Some(answer) = self.ready(now, &wait) {
            self.resume_waiting(now, answer);
        }
    }

    /// The answer to what the handler waits for, if it is there.
    fn ready(&mut self, now: Instant, wait: &Wait) -> Option<Answer> {
        let gone = self.legs.interruption().map(Error::Interrupted);
        let leg_gone = |leg: LegId| self.legs[leg].interruption().map(Error::Interrupted);
        match wait {
            Wait::Audio(leg) | Wait::Hold(leg) => leg_gone(*leg).map(|why| Answer::Unit(Err(why))),
            Wait::KeyPause { leg, .. } => leg_gone(*leg).map(|why| Answer::Unit(Err(why))),
            Wait::Keys { leg, until } => match leg_gone(*leg) {
                Some(why) => Some(Answer::Unit(Err(why))),
                None => (now >= *until).then_some(Answer::Unit(Ok(()))),
            },
            Wait::Refer { leg, until, accepted } => self.refer_ready(now, *leg, *until, *accepted),
            Wait::Take => gone.map(|why| Answer::Taken(Err(why))),
            Wait::Give => gone.map(|why| Answer::Given(Err(why))),
            Wait::Until(at) => gone
                .map_or((now >= *at).then_some(Ok(())), |why| Some(Err(why)))
                .map(Answer::Unit),
            Wait::Any { operations, until } => self.any_done(now, operations, *until),
            Wait::Operation(id) => self.outcome(*id),
            Wait::Text { operation, until } => self.text_ready(now, *operation, *until),
            Wait::Http {
                number,
                until,
                cleaning_up,
            } => self.http_ready(now, (*number, *until), *cleaning_up),
            Wait::Store { until, .. } => (now >= *until).then(|| self.store_late()),
            Wait::Presence { until, .. } => (now >= *until).then(|| self.presence_late()),
            Wait::Watch {
                number,
                operation,
                until,
            } => self.watch_ready(now, (*number, *operation), *until),
            Wait::Heard { operation, until } => self.heard_ready(now, *operation, *until),
            Wait::Message { until } => self.message_ready(now, *until),
        }
    }

    fn any_done(&self, now: Instant, operations: &[OperationId], until: Option<Instant>) -> Option<Answer> {
        if let Some(why) = self.legs.interruption() {
            return Some(Answer::Any(Err(Error::Interrupted(why))));
        }
        let done = operations.iter().position(|id| self.is_done(*id));
        match done {
            Some(place) => Some(Answer::Any(Ok(Some(place as u32)))),
            None => until.is_some_and(|at| now >= at).then_some(Answer::Any(Ok(None))),
        }
    }

    /// Ends the handler's wait with an answer; a new turn begins.
    fn resume_waiting(&mut self, now: Instant, answer: Answer) {
        let Handler::Waiting { ask, since, wait } = std::mem::replace(&mut self.handler, Handler::Running) else {
            unreachable!("only a waiting handler is resumed");
        };
        self.tally.turns += 1;
        // What the handler waited for in one go has no handle that could ask for it again.
        let in_one_go = matches!(
            ask,
            Ask::Play { .. }
                | Ask::Gather { .. }
                | Ask::Dial { .. }
                | Ask::Bridge { .. }
                | Ask::Record { .. }
                | Ask::Stream { .. }
        );
        if let (true, Wait::Operation(id)) = (in_one_go, &wait) {
            self.operations.remove(*id);
        }
        self.trace(now, since, &ask, &answer);
        self.last_ask = Some(ask);
        self.outputs.push_back(Output::Resume {
            answer,
            turn: Turn::New,
        });
    }

    fn trace(&mut self, now: Instant, since: Instant, ask: &Ask, answer: &Answer) {
        if self.setup.trace == Trace::Off {
            return;
        }
        let turn = TurnTrace {
            at: now.saturating_duration_since(self.started),
            waited: now.saturating_duration_since(since),
            ask: describe::ask(ask),
            answer: describe::answer(answer),
        };
        self.outputs.push_back(Output::Turn(turn));
    }

    /// The time of day at `now`, counted from the call's beginning.
    fn unix(&self, now: Instant) -> UnixTime {
        let begun = Duration::new(self.setup.started_at.seconds, self.setup.started_at.nanoseconds);
        let then = begun + now.saturating_duration_since(self.started);
        UnixTime {
            seconds: then.as_secs(),
            nanoseconds: then.subsec_nanos(),
        }
    }
}

impl Wait {
    /// When it is over by itself.
    fn until(&self) -> Option<Instant> {
        match self {
            Wait::Presence { until: at, .. } | Wait::Watch { until: at, .. } => Some(*at),
            Wait::Until(at) | Wait::Keys { until: at, .. } | Wait::Refer { until: at, .. } => Some(*at),
            Wait::KeyPause { at, .. } | Wait::Store { until: at, .. } | Wait::Http { until: at, .. } => Some(*at),
            Wait::Any { until, .. } | Wait::Text { until, .. } | Wait::Heard { until, .. } => *until,
            Wait::Message { until } => *until,
            Wait::Audio(_) | Wait::Hold(_) | Wait::Take | Wait::Give | Wait::Operation(_) => None,
        }
    }
}
