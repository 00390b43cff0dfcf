//! Conversions for more than one party: dialling, bridges, transfers. What carries a new leg or a transfer request becomes
//! a handle here.

use super::{prompt, same};
use crate::bindings::patchcord::handler::{bridge, call, dial, presence, transfer};
use crate::handles::{give_leg, give_transfer};
use patchcord_control::ids::CallId;
use patchcord_control::presence::WhenBusy;
use patchcord_control::words;

/// Hexadecimal digits of a call's id.
const CALL_ID_DIGITS: usize = 32;

/// The id a text names, exactly as [`CallId`] writes it; none for any other text.
pub(crate) fn call_id(text: &str) -> Option<CallId> {
    let digits = text.strip_prefix("call_")?;
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() != CALL_ID_DIGITS || !digits.bytes().all(hexadecimal) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok().map(CallId)
}

same!(dial::Order => words::Order: Together, InTurn);
same!(dial::CallerHears => words::CallerHears: Ringback, EarlyMedia, Unchanged);
same!(dial::MachineWait => words::MachineWait: Verdict, GreetingEnd);
same!(dial::WhenBusy => WhenBusy: Ring, Skip);
same!(words::AnsweredBy => call::AnsweredBy: Human, Machine, MachineEnded, MachineBeeped, Unknown);
same!(bridge::Keys => words::KeysBetween: Pass, Keep);
same!(bridge::Transfers => words::TransferPolicy: Refuse, Ask);

impl From<dial::Destination> for words::Destination {
    fn from(it: dial::Destination) -> Self {
        match it {
            dial::Destination::Number(number) => Self::Number(number.into()),
            dial::Destination::User(name) => Self::User(name.into()),
            dial::Destination::Address(address) => Self::Address(address.into()),
        }
    }
}

impl From<words::Destination> for dial::Destination {
    fn from(it: words::Destination) -> Self {
        match it {
            words::Destination::Number(number) => Self::Number(number.into_inner()),
            words::Destination::User(name) => Self::User(name.into_inner()),
            words::Destination::Address(address) => Self::Address(address.into_inner()),
        }
    }
}

impl From<dial::Credentials> for words::Credentials {
    fn from(it: dial::Credentials) -> Self {
        Self {
            username: it.username.into(),
            password: it.password.into(),
        }
    }
}

impl From<dial::Endpoint> for words::Endpoint {
    fn from(it: dial::Endpoint) -> Self {
        let headers = it.headers.into_iter();
        Self {
            to: it.to.into(),
            ring_ms: it.ring_ms,
            headers: headers.map(|header| (header.name, header.value.into())).collect(),
            credentials: it.credentials.map(words::Credentials::from),
        }
    }
}

impl From<dial::CallerId> for words::CallerId {
    fn from(it: dial::CallerId) -> Self {
        match it {
            dial::CallerId::Caller => Self::Caller,
            dial::CallerId::Number(number) => Self::Number(number.into()),
            dial::CallerId::Anonymous => Self::Anonymous,
        }
    }
}

impl From<dial::MachineDetection> for words::DetectionOptions {
    fn from(it: dial::MachineDetection) -> Self {
        Self {
            wait_for: it.wait_for.into(),
            timeout_ms: it.timeout_ms,
            speech_ms: it.speech_ms,
            speech_end_ms: it.speech_end_ms,
            silence_ms: it.silence_ms,
        }
    }
}

impl From<dial::Options> for words::DialOptions {
    fn from(it: dial::Options) -> Self {
        Self {
            order: it.order.into(),
            ring_ms: it.ring_ms,
            caller_id: it.caller_id.into(),
            caller_name: it.caller_name.map(Into::into),
            caller_hears: it.caller_hears.into(),
            redirects: it.redirects,
            detect_machine: it.detect_machine.map(words::DetectionOptions::from),
            when_busy: it.when_busy.into(),
        }
    }
}

impl From<words::Cause> for dial::Cause {
    fn from(it: words::Cause) -> Self {
        Self {
            status: it.status,
            phrase: it.phrase,
            q850: it.q850,
        }
    }
}

impl From<words::DialAnswer> for dial::Answered {
    fn from(it: words::DialAnswer) -> Self {
        Self {
            leg: give_leg(it.leg),
            endpoint: it.endpoint,
            answered_by: it.answered_by.map(call::AnsweredBy::from),
        }
    }
}

impl From<words::DialOutcome> for dial::Outcome {
    fn from(it: words::DialOutcome) -> Self {
        match it {
            words::DialOutcome::Answered(answer) => Self::Answered(answer.into()),
            words::DialOutcome::Declined(cause) => Self::Declined(cause.into()),
            words::DialOutcome::Busy(cause) => Self::Busy(cause.into()),
            words::DialOutcome::NoAnswer => Self::NoAnswer,
            words::DialOutcome::Unavailable(absence) => Self::Unavailable(dial::Absence {
                cause: absence.cause.into(),
                status: absence.status.map(presence::Status::from),
            }),
            words::DialOutcome::NotFound(cause) => Self::NotFound(cause.into()),
            words::DialOutcome::Redirected(to) => {
                Self::Redirected(to.into_iter().map(|address| address.into_inner()).collect())
            }
            words::DialOutcome::Forbidden(reason) => Self::Forbidden(dial::Refusal { reason }),
            words::DialOutcome::Failed(cause) => Self::Failed(cause.into()),
            words::DialOutcome::Unreachable => Self::Unreachable,
            words::DialOutcome::Cancelled => Self::Cancelled,
        }
    }
}

impl From<bridge::Options> for words::BridgeOptions {
    fn from(it: bridge::Options) -> Self {
        Self {
            hang_up_on: it.hang_up_on.map(words::Key::from),
            longest_ms: it.longest_ms,
            keys: it.keys.into(),
            transfers: it.transfers.into(),
            hold_music: it.hold_music.map(prompt),
        }
    }
}

impl From<words::BridgeEnd> for bridge::EndedBy {
    fn from(it: words::BridgeEnd) -> Self {
        match it {
            words::BridgeEnd::FirstLeft(why) => Self::FirstLeft(why.into()),
            words::BridgeEnd::SecondLeft(why) => Self::SecondLeft(why.into()),
            words::BridgeEnd::Key => Self::Key,
            words::BridgeEnd::TimeLimit => Self::TimeLimit,
            words::BridgeEnd::Stopped => Self::Stopped,
            words::BridgeEnd::Transfer(request) => Self::Transfer(give_transfer(request)),
        }
    }
}

impl From<words::Bridged> for bridge::Bridged {
    fn from(it: words::Bridged) -> Self {
        Self {
            lasted_ms: it.lasted_ms,
            ended_by: it.ended_by.into(),
        }
    }
}

impl From<words::TransferOutcome> for transfer::Outcome {
    fn from(it: words::TransferOutcome) -> Self {
        match it {
            words::TransferOutcome::Transferred => Self::Transferred,
            words::TransferOutcome::Refused(cause) => Self::Refused(cause.into()),
            words::TransferOutcome::Failed(cause) => Self::Failed(cause.into()),
            words::TransferOutcome::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
