//! Calls as the API shows them, and what it is asked to do with one: the JSON, with a schema for each. Times are RFC 3339 in UTC, a
//! field that has no meaning yet is not there (a call that goes on has no `ended_at`), and closed sets are words.

use super::placing::Queued;
use crate::records::rfc3339;
use patchcord_control::call::{
    CallSnapshot, HandlerState, Held, InRoom, LegSnapshot, Muted, Paused, RecordingSnapshot,
};
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, CallStatus, HandlerEnd, LegRecord, RecordingOutcome, RecordingRecord};
use patchcord_control::words::{AnsweredBy, Began, Interruption, LegDirection, LegState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
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
    /// Nobody answered in time.
    NoAnswer,
    /// It could not be connected, or was not allowed.
    Failed,
    /// It was given up before it was answered.
    Canceled,
}

impl From<CallStatus> for Status {
    fn from(it: CallStatus) -> Self {
        match it {
            CallStatus::Queued => Self::Queued,
            CallStatus::Ringing => Self::Ringing,
            CallStatus::InProgress => Self::InProgress,
            CallStatus::Completed => Self::Completed,
            CallStatus::Busy => Self::Busy,
            CallStatus::NoAnswer => Self::NoAnswer,
            CallStatus::Failed => Self::Failed,
            CallStatus::Canceled => Self::Canceled,
        }
    }
}

/// Which way a leg was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// The far end called.
    Inbound,
    /// We did.
    Outbound,
}

impl From<LegDirection> for Direction {
    fn from(it: LegDirection) -> Self {
        match it {
            LegDirection::Inbound => Self::Inbound,
            LegDirection::Outbound => Self::Outbound,
        }
    }
}

/// Why a handler has a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Beginning {
    /// It came in.
    Offered,
    /// It was placed.
    Placed,
    /// Another call's handler gave it.
    Given,
    /// Another handler broke.
    Fallback,
    /// Somebody moved it.
    Redirected,
}

impl From<&Began> for Beginning {
    fn from(it: &Began) -> Self {
        match it {
            Began::Offered => Self::Offered,
            Began::Placed(_) => Self::Placed,
            Began::Given => Self::Given,
            Began::Fallback(_) => Self::Fallback,
            Began::Redirected(_) => Self::Redirected,
        }
    }
}

/// Who answered a placed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answerer {
    /// A person.
    Human,
    /// A machine.
    Machine,
    /// It could not be told.
    Unknown,
}

impl From<AnsweredBy> for Answerer {
    fn from(it: AnsweredBy) -> Self {
        match it {
            AnsweredBy::Human => Self::Human,
            AnsweredBy::Machine | AnsweredBy::MachineEnded | AnsweredBy::MachineBeeped => Self::Machine,
            AnsweredBy::Unknown => Self::Unknown,
        }
    }
}

/// A call.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Call")]
pub(crate) struct CallResource {
    /// Its id, such as `call_3f0c…`.
    pub(crate) id: String,
    pub(crate) status: Status,
    /// Which way its first leg was set up.
    pub(crate) direction: Option<Direction>,
    /// Who calls, on its first leg.
    pub(crate) from: String,
    /// Who is called, on its first leg.
    pub(crate) to: String,
    /// The handler that has it.
    pub(crate) handler: String,
    /// The SHA-256 of the handler's module.
    pub(crate) module: String,
    pub(crate) began: Beginning,
    /// The call that its first leg was in before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) continues: Option<String>,
    /// The call that goes on with its caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) continued_as: Option<String>,
    pub(crate) started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<String>,
    /// How long it lasted, in milliseconds; only of one that is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answered_by: Option<Answerer>,
    /// The rule that forbade a placed call, or the limit of the tenant that kept one out that came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<String>,
    /// What the handler does; only of a call that goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) doing: Option<Doing>,
    /// How the handler failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<FaultResource>,
    /// Host calls of the handler that waited.
    pub(crate) turns: u32,
    /// Messages that the handler has not received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) messages_waiting: Option<usize>,
    pub(crate) legs: Vec<LegResource>,
    /// Of a call that goes on, those that have not ended.
    pub(crate) recordings: Vec<RecordingResource>,
}

/// What a handler does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HandlerActivity")]
pub(crate) struct Doing {
    pub(crate) state: Activity,
    /// The host call that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Activity {
    /// Nobody has answered.
    NotStarted,
    /// It waits for a host call.
    Waiting,
    /// It computes.
    Running,
    /// It has ended; the call is about to.
    Over,
}

/// How a handler failed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Fault")]
pub(crate) struct FaultResource {
    /// Such as `trap`, `cpu_time` or `returned_error`.
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// A leg of a call.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Leg")]
pub(crate) struct LegResource {
    /// Its number in the call, from 0.
    pub(crate) leg: u32,
    pub(crate) direction: Direction,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) state: StateOfLeg,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<String>,
    /// Such as `hung-up` or `time-limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_by: Option<String>,
    /// The final SIP status, if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sip_status: Option<u16>,
    /// Whether its far end has put us on hold.
    pub(crate) held: bool,
    /// Whether what it says is kept from others.
    pub(crate) muted: bool,
    /// The leg it is bridged with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bridged_with: Option<u32>,
    /// Whether it sits in a room.
    pub(crate) in_room: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "LegState")]
pub(crate) enum StateOfLeg {
    /// Nobody has said that it rings.
    Offered,
    /// It rings, or has early media.
    Ringing,
    /// Both ends are connected.
    Answered,
    /// It is gone.
    Ended,
}

/// A recording of a call.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CallRecording")]
pub(crate) struct RecordingResource {
    /// Its id, such as `rec_3f0c…_1`.
    pub(crate) id: String,
    /// Its number in the call, from 1.
    pub(crate) number: u32,
    /// A leg for each channel; none if it is of a room.
    pub(crate) legs: Vec<u32>,
    pub(crate) started_at: String,
    pub(crate) state: StateOfRecording,
    /// The length of its sound; only of one that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "RecordingState")]
pub(crate) enum StateOfRecording {
    /// It records.
    Running,
    /// It does not, and may go on.
    Paused,
    /// It is kept.
    Completed,
    /// It is not kept as a whole.
    Failed,
}

/// A page of calls, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CallList")]
pub(crate) struct CallList {
    pub(crate) calls: Vec<CallResource>,
    /// Give this as `cursor` for the calls after these; not there if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
    /// Nodes whose live calls are missing, because they did not answer; not there if all did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unanswered: Option<Vec<String>>,
}

impl From<&CallSnapshot> for CallResource {
    fn from(it: &CallSnapshot) -> Self {
        let first = it.legs.first();
        let doing = match &it.handler_state {
            HandlerState::NotStarted => (Activity::NotStarted, None),
            HandlerState::Waiting { ask, .. } => (Activity::Waiting, Some(ask.clone())),
            HandlerState::Running => (Activity::Running, None),
            HandlerState::Over => (Activity::Over, None),
        };
        Self {
            id: it.id.to_string(),
            status: it.status.into(),
            direction: first.map(|leg| leg.direction.into()),
            from: first.map_or_else(String::new, |leg| leg.from.reveal().clone()),
            to: first.map_or_else(String::new, |leg| leg.to.reveal().clone()),
            handler: it.handler.clone(),
            module: it.module.clone(),
            began: (&it.began).into(),
            continues: it.continues.map(|call| call.to_string()),
            continued_as: None,
            started_at: rfc3339(it.started_at),
            ended_at: None,
            duration_ms: None,
            answered_by: it.answered_by.map(Into::into),
            refusal: None,
            doing: Some(Doing {
                state: doing.0,
                on: doing.1,
            }),
            fault: None,
            turns: it.turns,
            messages_waiting: Some(it.messages_waiting),
            legs: it.legs.iter().map(Into::into).collect(),
            recordings: it.recordings.iter().map(Into::into).collect(),
        }
    }
}

impl CallResource {
    /// A call that waits to be placed.
    pub(crate) fn queued(id: CallId, it: &Queued) -> Self {
        Self {
            id: id.to_string(),
            status: Status::Queued,
            direction: Some(Direction::Outbound),
            from: String::new(),
            to: it.to.reveal().clone(),
            handler: it.handler.clone(),
            module: String::new(),
            began: Beginning::Placed,
            continues: None,
            continued_as: None,
            started_at: rfc3339(it.since),
            ended_at: None,
            duration_ms: None,
            answered_by: None,
            refusal: None,
            doing: None,
            fault: None,
            turns: 0,
            messages_waiting: None,
            legs: Vec::new(),
            recordings: Vec::new(),
        }
    }
}

impl From<&CallRecord> for CallResource {
    fn from(it: &CallRecord) -> Self {
        let first = it.legs.first();
        let fault = match &it.handler_end {
            HandlerEnd::Faulted(fault) => Some(FaultResource {
                kind: fault.kind.name().to_owned(),
                text: fault.text.clone(),
            }),
            HandlerEnd::Done | HandlerEnd::NotRun => None,
        };
        Self {
            id: it.id.to_string(),
            status: it.status.into(),
            direction: first.map(|leg| leg.direction.into()),
            from: first.map_or_else(String::new, |leg| leg.from.reveal().clone()),
            to: first.map_or_else(String::new, |leg| leg.to.reveal().clone()),
            handler: it.handler.clone(),
            module: it.module.clone(),
            began: (&it.began).into(),
            continues: it.continues.map(|call| call.to_string()),
            continued_as: it.continued_as.map(|call| call.to_string()),
            started_at: rfc3339(it.started_at),
            ended_at: Some(rfc3339(it.ended_at)),
            duration_ms: Some(it.ended_at.millis().saturating_sub(it.started_at.millis())),
            answered_by: it.answered_by.map(Into::into),
            refusal: it.refusal.clone(),
            doing: None,
            fault,
            turns: it.turns,
            messages_waiting: None,
            legs: it.legs.iter().zip(0..).map(of_record).collect(),
            recordings: it.recordings.iter().map(Into::into).collect(),
        }
    }
}

impl From<&LegSnapshot> for LegResource {
    fn from(it: &LegSnapshot) -> Self {
        Self {
            leg: it.leg.0,
            direction: it.direction.into(),
            from: it.from.reveal().clone(),
            to: it.to.reveal().clone(),
            state: match it.state {
                LegState::Offered => StateOfLeg::Offered,
                LegState::Ringing => StateOfLeg::Ringing,
                LegState::Answered => StateOfLeg::Answered,
                LegState::Ended => StateOfLeg::Ended,
            },
            answered_at: it.answered_at.map(rfc3339),
            ended_at: it.ended.map(|(at, _)| rfc3339(at)),
            ended_by: it.ended.map(|(_, why)| why_ended(why).to_owned()),
            sip_status: None,
            held: it.held == Held::Yes,
            muted: it.muted == Muted::Yes,
            bridged_with: it.bridged_with.map(|leg| leg.0),
            in_room: it.room == InRoom::Yes,
        }
    }
}

fn of_record((it, leg): (&LegRecord, u32)) -> LegResource {
    LegResource {
        leg,
        direction: it.direction.into(),
        from: it.from.reveal().clone(),
        to: it.to.reveal().clone(),
        state: StateOfLeg::Ended,
        answered_at: it.answered_at.map(rfc3339),
        ended_at: Some(rfc3339(it.ended_at)),
        ended_by: Some(why_ended(it.ended_by).to_owned()),
        sip_status: it.status,
        held: false,
        muted: false,
        bridged_with: None,
        in_room: false,
    }
}

impl From<&RecordingSnapshot> for RecordingResource {
    fn from(it: &RecordingSnapshot) -> Self {
        Self {
            id: it.id.to_string(),
            number: it.id.number,
            legs: it.legs.iter().map(|leg| leg.0).collect(),
            started_at: rfc3339(it.started_at),
            state: match it.paused {
                Paused::No => StateOfRecording::Running,
                Paused::Yes => StateOfRecording::Paused,
            },
            duration_ms: None,
            bytes: None,
        }
    }
}

impl From<&RecordingRecord> for RecordingResource {
    fn from(it: &RecordingRecord) -> Self {
        Self {
            id: it.id.to_string(),
            number: it.id.number,
            legs: it.legs.iter().map(|leg| leg.0).collect(),
            started_at: rfc3339(it.started_at),
            state: match it.outcome {
                RecordingOutcome::Ended(_) => StateOfRecording::Completed,
                RecordingOutcome::Failed(_) => StateOfRecording::Failed,
            },
            duration_ms: Some(it.length_ms),
            bytes: it.saved.map(|saved| saved.bytes),
        }
    }
}

/// As the contract spells it.
fn why_ended(why: Interruption) -> &'static str {
    patchcord_control::events::why_name(why)
}
