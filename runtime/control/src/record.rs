//! What is left of a call: exactly one [`CallRecord`] for each, made when its last part is gone.

use crate::call::Saved;
use crate::destinations::Micros;
use crate::ids::{CallId, LegId, RecordingId, StreamId, Tenant};
use crate::private::Private;
use crate::words::{
    AnsweredBy, Began, Breakage, Error, Interruption, LegDirection, NotRecorded, Recognised, RecordEnd, StreamCounts,
    StreamEnd, UnixTime,
};

/// What an instance used, as the guest counted it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Wasm fuel: about one for each instruction.
    pub fuel: u64,
    /// Highest linear memory, in bytes.
    pub memory_peak: u64,
    /// Host calls of every kind.
    pub host_calls: u64,
}

/// What a call used that costs whoever runs the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// What its legs to numbers cost.
    pub money: Micros,
    /// Bytes that its handler sent to web servers and received from them.
    pub http_bytes: u64,
}

/// What an instance broke off with, without the engine's types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind, for counting and for fallbacks.
    pub kind: FaultKind,
    /// What happened and what would be right, for the developer.
    pub text: String,
}

/// Kinds of failure of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// A wasm trap, a panic among them.
    Trap,
    /// Too much CPU between two turns.
    CpuTime,
    /// Over the memory limit.
    Memory,
    /// The stack overflowed.
    StackOverflow,
    /// Too many host calls in one turn.
    HostCallFlood,
    /// A string or list over the limit crossed the boundary.
    StringTooLong,
    /// Too many resource handles held at once.
    Handles,
    /// The instance could not be started.
    Start,
    /// The handler returned an error of its own.
    Returned,
    /// The handler returned while the caller was neither answered nor refused.
    ReturnedUnanswered,
    /// The handler did not end within the clean-up time.
    CleanUpOverrun,
    /// It waited in vain for its tenant to have fuel again.
    TenantFuel,
}

impl FaultKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [FaultKind; 12] = [
        FaultKind::Trap,
        FaultKind::CpuTime,
        FaultKind::Memory,
        FaultKind::StackOverflow,
        FaultKind::HostCallFlood,
        FaultKind::StringTooLong,
        FaultKind::Handles,
        FaultKind::Start,
        FaultKind::Returned,
        FaultKind::ReturnedUnanswered,
        FaultKind::CleanUpOverrun,
        FaultKind::TenantFuel,
    ];

    /// The coarser kind that fallbacks are bound to.
    pub fn breakage(self) -> Breakage {
        match self {
            FaultKind::Trap | FaultKind::StackOverflow => Breakage::Trap,
            FaultKind::CpuTime
            | FaultKind::Memory
            | FaultKind::HostCallFlood
            | FaultKind::StringTooLong
            | FaultKind::Handles
            | FaultKind::CleanUpOverrun
            | FaultKind::TenantFuel => Breakage::Budget,
            FaultKind::Start => Breakage::Start,
            FaultKind::Returned | FaultKind::ReturnedUnanswered => Breakage::Returned,
        }
    }

    /// The kind's name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Trap => "trap",
            FaultKind::CpuTime => "cpu_time",
            FaultKind::Memory => "memory",
            FaultKind::StackOverflow => "stack_overflow",
            FaultKind::HostCallFlood => "host_call_flood",
            FaultKind::StringTooLong => "string_too_long",
            FaultKind::Handles => "handles",
            FaultKind::Start => "start",
            FaultKind::Returned => "returned_error",
            FaultKind::ReturnedUnanswered => "returned_unanswered",
            FaultKind::CleanUpOverrun => "clean_up_overrun",
            FaultKind::TenantFuel => "tenant_fuel",
        }
    }
}

/// The table of kinds is complete.
const _: () = assert!(FaultKind::TenantFuel as usize + 1 == FaultKind::ALL.len());

/// How the handler's part of the call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandlerEnd {
    /// It returned, or left with `interrupted` because the call was taken away.
    Done,
    /// It failed.
    Faulted(Fault),
    /// It never ran: the call was placed, and nobody answered whom it is for.
    NotRun,
}

impl HandlerEnd {
    /// The end that a returned value means; `answered_or_refused` is false while the caller still waits.
    pub(crate) fn of_result(result: Result<(), Error>, settled: Settled) -> HandlerEnd {
        match (result, settled) {
            (Ok(()) | Err(Error::Interrupted(_)), Settled::Yes) => HandlerEnd::Done,
            (Ok(()) | Err(Error::Interrupted(_)), Settled::No) => HandlerEnd::Faulted(Fault {
                kind: FaultKind::ReturnedUnanswered,
                text: "the handler returned without having answered or refused the call; answer it, reject it, or \
                       hang up before returning"
                    .to_owned(),
            }),
            (Err(error), _) => HandlerEnd::Faulted(Fault {
                kind: FaultKind::Returned,
                text: format!("the handler returned: {error}"),
            }),
        }
    }
}

/// Whether the caller was answered, refused, or has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Yes,
    No,
}

/// Counters of a leg's media session, in the units of the media engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MediaCounters {
    /// The codec that was sent last, by its name in SDP; none if none was agreed on.
    pub codec: Option<&'static str>,
    /// The SRTP suite of both directions, by its name in SDP; none: plain RTP.
    pub srtp: Option<&'static str>,
    /// RTP packets received.
    pub packets_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Lost, as RFC 3550 counts.
    pub lost: i64,
    /// Received twice.
    pub duplicates: u64,
    /// Received out of order.
    pub reordered: u64,
    /// Not RTP, or cut short.
    pub malformed: u64,
    /// Packets that should have been SRTP of the agreed keys and were not.
    pub unauthentic: u64,
    /// From an address that is not the far end's.
    pub wrong_source: u64,
    /// Interarrival jitter in microseconds.
    pub jitter_us: u64,
    /// Keys heard.
    pub keys: u64,
    /// 20 ms ticks that came too late to send in time.
    pub ticks_missed: u64,
    /// Round trip by RTCP in microseconds; none if it never was known.
    pub round_trip_us: Option<u64>,
    /// Packets of ours that the far end says it lost.
    pub remote_lost: i64,
    /// The jitter it reports, in microseconds.
    pub remote_jitter_us: u64,
    /// Estimated mean opinion score (ITU-T G.107) of what came from the far end, in hundredths; none if nothing came.
    pub mos_hundredths: Option<u16>,
    /// The same of what it heard of us, by its reports; none without any.
    pub remote_mos_hundredths: Option<u16>,
}

/// A leg in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegRecord {
    /// Which way it was set up.
    pub direction: LegDirection,
    /// User part of From.
    pub from: Private<String>,
    /// User part of the Request-URI.
    pub to: Private<String>,
    /// When it was answered, if it was.
    pub answered_at: Option<UnixTime>,
    /// When it ended.
    pub ended_at: UnixTime,
    /// Why it ended.
    pub ended_by: Interruption,
    /// The final SIP status if it was refused, by either side.
    pub status: Option<u16>,
    /// None if no media session was opened, or its counters did not come in time.
    pub media: Option<MediaCounters>,
}

/// A recording in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRecord {
    /// Its name, which is that of its file too.
    pub id: RecordingId,
    /// What it is of: one leg for each channel, or none if it is of a room.
    pub legs: Vec<LegId>,
    /// The number of the room that it is of.
    pub room: Option<u32>,
    /// When its sound began.
    pub started_at: UnixTime,
    /// The length of its sound.
    pub length_ms: u64,
    /// Its one outcome.
    pub outcome: RecordingOutcome,
    /// What is kept; also of one that failed on the way. None if nothing is, or it was not known in time.
    pub saved: Option<Saved>,
}

/// What came of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingOutcome {
    /// It is kept as a whole.
    Ended(RecordEnd),
    /// It is not.
    Failed(NotRecorded),
}

/// A stream as the call's record shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its name.
    pub id: StreamId,
    /// Whose sound.
    pub leg: LegId,
    /// When it began.
    pub started_at: UnixTime,
    /// How long it was, in milliseconds.
    pub lasted_ms: u64,
    /// Why it ended.
    pub ended_by: StreamEnd,
    /// What went over it.
    pub counts: StreamCounts,
}

/// A continuous recognition as the call's record shows it; nothing of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecognitionRecord {
    /// Who was listened to.
    pub leg: LegId,
    /// When it began.
    pub started_at: UnixTime,
    /// What came of it.
    pub outcome: Recognised,
}

/// The end record of a call (CDR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Which call.
    pub id: CallId,
    /// Whose.
    pub tenant: Tenant,
    /// The handler's name.
    pub handler: String,
    /// The module's content hash.
    pub module: String,
    /// Why the handler had the call.
    pub began: Began,
    /// The call that its first leg was in before.
    pub continues: Option<CallId>,
    /// The call that its caller was moved to from outside, or because its handler broke.
    pub continued_as: Option<CallId>,
    /// When the call began.
    pub started_at: UnixTime,
    /// When its last part was gone.
    pub ended_at: UnixTime,
    /// Its legs in the order they were opened.
    pub legs: Vec<LegRecord>,
    /// Its recordings in the order they began.
    pub recordings: Vec<RecordingRecord>,
    /// Its streams in the order they began.
    pub streams: Vec<StreamRecord>,
    /// Its continuous recognitions in the order they began.
    pub recognitions: Vec<RecognitionRecord>,
    /// How the handler ended.
    pub handler_end: HandlerEnd,
    /// Host calls that waited.
    pub turns: u32,
    /// What the instance used.
    pub usage: Usage,
    /// What it cost.
    pub spent: Spent,
    /// Log lines dropped because the call's log was full.
    pub log_lines_dropped: u32,
    /// Keys dropped because nobody collected them.
    pub keys_dropped: u32,
    /// What came of it; never a status of a call that goes on.
    pub status: CallStatus,
    /// Who answered, of a placed call, if that was asked for and found out.
    pub answered_by: Option<AnsweredBy>,
    /// The rule that forbade a placed call, or the limit of its tenant that kept one out that came in; for a person to read, no
    /// private value is in it.
    pub refusal: Option<String>,
}

/// Where a call stands: by its first leg, the one it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallStatus {
    /// It was placed and does not ring yet.
    Queued,
    /// It rings, or waits for our answer.
    Ringing,
    /// It is answered.
    InProgress,
    /// It was answered, and is over.
    Completed,
    /// The far end was busy or declined, or we did.
    Busy,
    /// Nobody answered in time, or nobody was there to answer.
    NoAnswer,
    /// It could not be connected, or was not allowed.
    Failed,
    /// Whoever placed it, or called, gave it up before it was answered.
    Canceled,
}

impl CallStatus {
    /// The name in records and in the API.
    pub fn name(self) -> &'static str {
        match self {
            CallStatus::Queued => "queued",
            CallStatus::Ringing => "ringing",
            CallStatus::InProgress => "in-progress",
            CallStatus::Completed => "completed",
            CallStatus::Busy => "busy",
            CallStatus::NoAnswer => "no-answer",
            CallStatus::Failed => "failed",
            CallStatus::Canceled => "canceled",
        }
    }

    /// Whether the call is over.
    pub fn is_final(self) -> bool {
        !matches!(self, CallStatus::Queued | CallStatus::Ringing | CallStatus::InProgress)
    }
}
