//! The funnel between a handler and its call: every host call is an [`Ask`], every return an [`Answer`]. The journal
//! stores the pairs; a replay feeds the answers back and compares the asks.

use crate::ids::{LegId, OperationId};
use crate::words::{
    Error, GatherFailure, GatherOptions, Gathered, LegInfo, LegState, LogLevel, PlayOptions, Played, RejectReason,
    Segment, UnixTime,
};

/// What a handler asked. One variant for each function of the contract, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `call.leg.info`, answered by [`Answer::Info`].
    Info {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.header`, answered by [`Answer::Header`].
    Header {
        /// Which leg.
        leg: LegId,
        /// Long name, any case.
        name: String,
    },
    /// `call.leg.state`, answered by [`Answer::State`].
    State {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.ring`, answered by [`Answer::Unit`].
    Ring {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.early-media`, answered by [`Answer::Unit`].
    EarlyMedia {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.answer`, answered by [`Answer::Unit`]; may wait.
    Answer {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.reject`, answered by [`Answer::Unit`].
    Reject {
        /// Which leg.
        leg: LegId,
        /// How.
        reason: RejectReason,
    },
    /// `call.leg.hang-up`, answered by [`Answer::Nothing`].
    HangUp {
        /// Which leg.
        leg: LegId,
    },
    /// `play.play`, answered by [`Answer::Played`]; waits.
    Play {
        /// Which leg.
        leg: LegId,
        /// What.
        prompt: Vec<Segment>,
        /// How.
        options: PlayOptions,
    },
    /// `play.start`, answered by [`Answer::Started`].
    StartPlay {
        /// Which leg.
        leg: LegId,
        /// What.
        prompt: Vec<Segment>,
        /// How.
        options: PlayOptions,
    },
    /// `play.playing.result`, answered by [`Answer::PlayResult`].
    PlayResult {
        /// Which.
        operation: OperationId,
    },
    /// `play.playing.stop`, answered by [`Answer::Played`].
    StopPlay {
        /// Which.
        operation: OperationId,
    },
    /// `gather.gather`, answered by [`Answer::Gathered`]; waits.
    Gather {
        /// Which leg.
        leg: LegId,
        /// What to collect.
        options: GatherOptions,
    },
    /// `gather.start`, answered by [`Answer::Started`].
    StartGather {
        /// Which leg.
        leg: LegId,
        /// What to collect.
        options: GatherOptions,
    },
    /// `gather.flush`, answered by [`Answer::Nothing`].
    Flush {
        /// Which leg.
        leg: LegId,
    },
    /// `gather.gathering.result`, answered by [`Answer::GatherResult`].
    GatherResult {
        /// Which.
        operation: OperationId,
    },
    /// `gather.gathering.cancel`, answered by [`Answer::Gathered`].
    CancelGather {
        /// Which.
        operation: OperationId,
    },
    /// `types.operation.done`, answered by [`Answer::Done`].
    Done {
        /// Which.
        operation: OperationId,
    },
    /// The last handle of an operation was dropped; its result is no longer wanted. Answered by [`Answer::Nothing`].
    Forget {
        /// Which.
        operation: OperationId,
    },
    /// `wait.sleep`, answered by [`Answer::Unit`]; waits.
    Sleep {
        /// Milliseconds.
        ms: u32,
    },
    /// `wait.any`, answered by [`Answer::Any`]; waits.
    WaitAny {
        /// In the handler's order.
        operations: Vec<OperationId>,
        /// Milliseconds.
        timeout_ms: Option<u32>,
    },
    /// `clock.now`, answered by [`Answer::Now`].
    Now,
    /// `clock.elapsed-ms`, answered by [`Answer::Elapsed`].
    Elapsed,
    /// `random.bytes`, answered by [`Answer::Bytes`].
    RandomBytes {
        /// How many.
        count: u32,
    },
    /// `random.number`, answered by [`Answer::Number`].
    RandomNumber,
    /// `log.log`, answered by [`Answer::Nothing`].
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line; the handler keeps private values out of it.
        message: String,
    },
}

/// What a handler was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// For functions without a result.
    Nothing,
    /// Done, or why not.
    Unit(Result<(), Error>),
    /// For `call.leg.info`.
    Info(LegInfo),
    /// For `call.leg.header`.
    Header(Vec<String>),
    /// For `call.leg.state`.
    State(LegState),
    /// For `play.play` and `play.playing.stop`.
    Played(Result<Played, Error>),
    /// For `play.playing.result`.
    PlayResult(Option<Result<Played, Error>>),
    /// For `gather.gather` and `gather.gathering.cancel`.
    Gathered(Result<Gathered, GatherFailure>),
    /// For `gather.gathering.result`.
    GatherResult(Option<Result<Gathered, GatherFailure>>),
    /// For `play.start` and `gather.start`.
    Started(Result<OperationId, Error>),
    /// For `types.operation.done`.
    Done(bool),
    /// For `wait.any`: the place in the handler's list, none on time-out.
    Any(Result<Option<u32>, Error>),
    /// For `clock.now`.
    Now(UnixTime),
    /// For `clock.elapsed-ms`.
    Elapsed(u64),
    /// For `random.bytes`.
    Bytes(Result<Vec<u8>, Error>),
    /// For `random.number`.
    Number(u64),
}
