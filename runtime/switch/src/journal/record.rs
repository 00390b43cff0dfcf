//! What a journal is made of: how the call began, what its handler asked and was told, what happened to the call, and how
//! it ended.

#[cfg(test)]
use super::wire::tests::Dice;
use super::wire::{Bad, Page, PrivateValues, Seen, Sheet, Show, Wire, wire_enum, wire_struct};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::limits::Limits;
use patchcord_control::record::Usage;
use patchcord_control::words::{AnsweredBy, Error, Interruption, UnixTime};
use patchcord_guest::{Fault, Limits as InstanceLimits};
use std::fmt;

/// The facts of a call that hold for its whole life: the first record.
#[derive(Debug, Clone, PartialEq)]
pub struct Beginning {
    /// Which call. Also the name of its end record.
    pub call: CallId,
    /// Whose.
    pub tenant: Tenant,
    /// The handler's name.
    pub handler: String,
    /// SHA-256 of its module, in hexadecimal digits.
    pub module: String,
    /// The contract it was run against.
    pub contract: String,
    /// The version of the runtime that ran it.
    pub runtime: String,
    /// What its instance was held to.
    pub instance: InstanceLimits,
    /// What the call was held to.
    pub limits: CallLimits,
    /// Seed of its random numbers.
    pub seed: [u8; 32],
    /// The time of day when it began.
    pub started_at: UnixTime,
    /// What became of private values.
    pub private: PrivateValues,
}

/// [`Limits`], which has no equality of its own.
#[derive(Debug, Clone)]
pub struct CallLimits(pub Limits);

impl PartialEq for CallLimits {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |limits: &Self| {
            let mut bytes = Vec::new();
            limits.0.put(&mut Sheet::new(&mut bytes, PrivateValues::Keep));
            bytes
        };
        bytes(self) == bytes(other)
    }
}

/// One record of a journal after the first.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// The handler asked.
    Asked {
        /// What.
        ask: Ask,
        /// What its instance had used until then.
        fuel: u64,
    },
    /// It was told.
    Answered {
        /// What.
        answer: Answer,
        /// Whether it had waited.
        waited: Waited,
        /// Values of the answer that are hidden: a replay tells the handler something else from here on.
        hidden: usize,
    },
    /// Something happened to the call.
    Happened(Happened),
    /// The handler is over.
    Ended {
        /// How.
        how: HandlerOver,
        /// What it used.
        usage: Usage,
    },
    /// The call is over; its end record has the same id.
    Over {
        /// When.
        ended_at: UnixTime,
        /// Host calls that waited.
        turns: u32,
        /// How the handler failed, by the name that end records use.
        fault: Option<String>,
    },
    /// The journal has as many bytes as it may, or a record would have more than it may. Nothing follows.
    Full,
    /// What followed could not be written in time. Nothing follows.
    BrokenOff,
}

/// Whether a handler waited for an answer: then its limits per turn began anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// It was answered at once.
    No,
    /// It was not.
    Yes,
}

/// How a handler came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerOver {
    /// It returned this.
    Returned(Result<(), Error>),
    /// It broke, or was ended for a limit.
    Failed(Fault),
    /// The call ended it where it waited.
    Stopped,
    /// It never ran: the call was placed, and nobody answered whom it is for.
    NotRun,
}

/// Something that happened to a call, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// To which leg, if to one.
    pub leg: Option<LegId>,
    /// What.
    pub what: What,
}

/// What can happen to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Audio can flow.
    AudioOpen,
    /// A dialled leg rings.
    Ringing,
    /// A dialled leg was answered.
    Answered,
    /// A dialled leg was redirected, to so many.
    Redirected(u32),
    /// A leg is gone.
    LegEnded {
        /// Why.
        why: Interruption,
        /// What it was refused with.
        status: Option<u16>,
    },
    /// The far end has put us on hold.
    Held,
    /// It has ended that.
    Unheld,
    /// It answered our hold or resume; the status if it refused.
    HoldAnswered(Result<(), u16>),
    /// Machine detection has its verdict.
    Detected(AnsweredBy),
    /// The far end asks for a transfer.
    TransferAsked,
    /// It tells of the transfer that we asked for.
    Referred(u16),
    /// A key; which one is told to the handler or to nobody.
    Key,
    /// A prompt ended, after so many milliseconds.
    PlayEnded(u32),
    /// A sound file of a prompt cannot be fetched.
    NotFetched,
    /// A text of a prompt cannot be spoken.
    NotSpoken,
    /// Somebody begins to say something.
    SpeechBegan,
    /// What was said is recognised, or cannot be.
    Heard,
    /// No audio came for too long.
    MediaLost,
    /// A media session is closed.
    MediaClosed,
    /// A room of this number tells something.
    Room(u32),
    /// Something of the recognition of this number.
    Recognition(u32),
    /// An endpoint was found, or not.
    Located(bool),
    /// A leg was taken out of another call, or there was none.
    Taken(bool),
    /// A leg was given to a new call, or could not be.
    Given(bool),
    /// Something of the recording of this number.
    Recording(u32),
    /// Something of the stream of this number.
    Stream(u32),
    /// So many identities that the handler watches are not what they were.
    PresenceNews(u32),
    /// The store did what the handler asked, or not.
    Stored,
    /// A web server answered, or did not.
    Responded(bool),
    /// The operator ends the call.
    End(Interruption),
    /// The handler broke, and a fallback could not have the caller.
    NoFallback,
    /// Somebody outside had keys sent on the leg.
    KeysFromOutside,
    /// Somebody outside had a prompt played on the leg.
    PromptFromOutside,
    /// Somebody outside had it stopped.
    PromptStopped,
    /// Somebody outside began the recording of this number.
    RecordingBegun(u32),
    /// Somebody outside paused it.
    RecordingPaused(u32),
    /// Somebody outside went on with it.
    RecordingResumed(u32),
    /// Somebody outside ended it.
    RecordingStopped(u32),
    /// Somebody outside sent a message, of so many bytes.
    Message(u32),
    /// Somebody outside joined it with another call: so many legs came.
    LegsCame(u32),
    /// Somebody outside joined it with another call: so many legs went there.
    LegsWent(u32),
}

wire_enum!(PrivateValues { 0 = Keep, 1 = Hide });
wire_struct!(Beginning {
    call,
    tenant,
    handler,
    module,
    contract,
    runtime,
    instance,
    limits,
    seed,
    started_at,
    private,
});
wire_struct!(InstanceLimits {
    memory_bytes,
    table_elements,
    turn_cpu_ms,
    turn_fuel,
    host_calls_per_turn,
    host_call_bytes,
    handles,
});
wire_struct!(Limits {
    legs,
    endpoints,
    headers,
    refer,
    operations,
    prompt_segments,
    speech_bytes,
    string_bytes,
    log_line_bytes,
    log_bytes,
    random_bytes,
    pending_keys,
    recordings_at_once,
    recordings,
    recording_close,
    streams_at_once,
    streams,
    stream_messages,
    stream_close,
    rooms,
    recognitions_at_once,
    recognitions,
    recognised_texts,
    store_operations,
    store_wait,
    http_requests,
    reports,
    subscriptions,
    inbox_messages,
    presence_requests,
    ring,
    call_duration,
    clean_up,
    announcement,
    media_close,
});
super::wire::wire_newtype!(CallLimits);
wire_struct!(Usage {
    fuel,
    memory_peak,
    host_calls
});
wire_enum!(Waited { 0 = No, 1 = Yes });
wire_enum!(Fault {
    0 = Trap { what },
    1 = CpuTime { limit_ms },
    2 = TurnFuel { limit },
    3 = Memory { limit },
    4 = StackOverflow,
    5 = HostCallFlood { limit },
    6 = StringTooLong { limit },
    7 = Handles { limit },
    8 = Start(why),
});
wire_enum!(HandlerOver { 0 = Returned(result), 1 = Failed(fault), 2 = Stopped, 3 = NotRun });
wire_struct!(Happened { leg, what });
wire_enum!(What {
    0 = AudioOpen,
    1 = Ringing,
    2 = Answered,
    3 = Redirected(count),
    4 = LegEnded { why, status },
    5 = Held,
    6 = Unheld,
    7 = HoldAnswered(result),
    8 = Detected(by),
    9 = TransferAsked,
    10 = Referred(status),
    11 = Key,
    12 = PlayEnded(played_ms),
    13 = NotFetched,
    14 = NotSpoken,
    15 = SpeechBegan,
    16 = Heard,
    17 = MediaLost,
    18 = MediaClosed,
    19 = Located(found),
    20 = Taken(found),
    21 = Given(done),
    22 = Recording(number),
    23 = Stream(number),
    24 = End(why),
    25 = Room(number),
    26 = Recognition(number),
    29 = NoFallback,
    27 = Stored,
    28 = Responded(came),
    40 = KeysFromOutside,
    41 = PromptFromOutside,
    42 = PromptStopped,
    43 = RecordingBegun(number),
    44 = RecordingPaused(number),
    45 = RecordingResumed(number),
    46 = RecordingStopped(number),
    47 = Message(bytes),
    48 = LegsCame(count),
    49 = LegsWent(count),
    50 = PresenceNews(count),
});
wire_enum!(Entry {
    1 = Asked { ask, fuel },
    2 = Answered { answer, waited, hidden },
    3 = Happened(happened),
    4 = Ended { how, usage },
    5 = Over { ended_at, turns, fault },
    6 = Full,
    7 = BrokenOff,
});

/// Numbers of the entries that are written from borrowed values; a test holds them to the list above.
pub(super) const ASKED: u8 = 1;
pub(super) const ANSWERED: u8 = 2;
