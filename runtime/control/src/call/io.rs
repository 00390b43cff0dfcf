//! What goes into a call and what comes out of it: closed lists, the whole interface between decisions and the rest.

use super::check::PromptNames;
use super::leg::Description;
use crate::ask::{Answer, Ask};
use crate::ids::{CallId, LegId, OperationId, Tenant};
use crate::limits::Limits;
use crate::record::{CallRecord, Fault, MediaCounters, Usage};
use crate::words::{Error, Interruption, Key, LegInfo, LogLevel, PlayEnd, Segment, UnixTime};
use std::sync::Arc;
use std::time::Duration;

/// What a call is made from: facts fixed for its life.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The call's id.
    pub id: CallId,
    /// Whose call.
    pub tenant: Tenant,
    /// The handler's name.
    pub handler: String,
    /// Content hash of its module.
    pub module: String,
    /// The prompts the module carries.
    pub prompts: Arc<PromptNames>,
    /// Limits in force.
    pub limits: Limits,
    /// The time of day at the call's beginning.
    pub started_at: UnixTime,
    /// Seed of the handler's random numbers.
    pub seed: [u8; 32],
    /// The first leg.
    pub info: LegInfo,
    /// Headers of the request that opened it.
    pub headers: Vec<(String, String)>,
    /// Whether that request described a session.
    pub description: Description,
    /// Whether turns are reported.
    pub trace: Trace,
}

/// Whether a call reports its turns as they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// No: nothing is spent on it.
    Off,
    /// Yes, as [`Output::Turn`].
    On,
}

/// Everything that can wake a call.
#[derive(Debug)]
pub enum Input {
    /// The handler asked.
    Asked(Ask),
    /// The handler returned.
    Returned {
        /// What.
        result: Result<(), Error>,
        /// What it used.
        usage: Usage,
    },
    /// The handler broke.
    Failed {
        /// How.
        fault: Fault,
        /// What it used.
        usage: Usage,
    },
    /// The handler was stopped, as [`Output::StopHandler`] asked.
    Stopped {
        /// What it used.
        usage: Usage,
    },
    /// Something happened on a leg.
    Leg(LegId, LegSignal),
    /// The operator ends the call.
    End(Interruption),
    /// Time passed.
    Deadline,
}

/// What can happen on a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegSignal {
    /// Audio can flow, as asked for by `Answer` or `EarlyMedia`.
    AudioOpen,
    /// The leg is gone: its dialog has ended. Comes exactly once.
    Ended {
        /// Why.
        why: Interruption,
        /// The final status, if it was refused.
        status: Option<u16>,
    },
    /// A key.
    Key(Key),
    /// A prompt ended.
    PlayEnded {
        /// Which.
        operation: OperationId,
        /// Milliseconds sent.
        played_ms: u32,
        /// Why; none if its session closed.
        end: Option<PlayEnd>,
    },
    /// No audio came for the media time-out.
    MediaLost,
    /// The session is closed.
    MediaClosed(MediaCounters),
}

/// Everything a call can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Give the handler this answer.
    Resume {
        /// The answer.
        answer: Answer,
        /// Whether the handler waited for it: then a new turn begins.
        turn: Turn,
    },
    /// Do this in signalling.
    Leg(LegId, LegCommand),
    /// Do this in audio.
    Media(LegId, MediaCommand),
    /// Stop the handler for good.
    StopHandler,
    /// A line of the call's log.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line.
        message: String,
    },
    /// A turn, for those who watch.
    Turn(TurnTrace),
    /// The call is over; nothing comes after this.
    Ended(Box<CallRecord>),
}

/// Whether an answer was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It came at once; the handler's budget runs on.
    Same,
    /// It was waited for; the handler's budget begins anew.
    New,
}

/// A host call as shown to a watching developer. Private values are placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnTrace {
    /// Time from the call's beginning to the answer.
    pub at: Duration,
    /// How long the handler waited.
    pub waited: Duration,
    /// What it asked.
    pub ask: String,
    /// What it was told.
    pub answer: String,
}

/// Signalling commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegCommand {
    /// 180.
    Ring,
    /// 183 with a session description; [`LegSignal::AudioOpen`] follows.
    EarlyMedia,
    /// 200; [`LegSignal::AudioOpen`] follows.
    Answer,
    /// A final refusal; [`LegSignal::Ended`] follows.
    Reject(u16),
    /// BYE, or a refusal if not answered; [`LegSignal::Ended`] follows.
    HangUp,
}

/// Audio commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// Plays; [`LegSignal::PlayEnded`] follows.
    Play {
        /// Named by.
        operation: OperationId,
        /// What.
        source: PromptSource,
        /// Repetitions; 0 without end.
        times: u16,
        /// Whether a key stops it.
        on_key: OnKey,
    },
    /// Stops a prompt; [`LegSignal::PlayEnded`] follows if it still played.
    Stop {
        /// Which.
        operation: OperationId,
    },
    /// Closes the session; [`LegSignal::MediaClosed`] follows.
    Close,
}

/// What a key does to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnKey {
    /// Nothing.
    PlayOn,
    /// Stops it within one packet.
    Stop,
}

/// Where a prompt comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// The handler's segments.
    Handler(Vec<Segment>),
    /// The platform's announcement that something went wrong.
    Announcement,
}
