//! What came of a dialling, and how machines are told from people.

use crate::bindings::patchcord::handler::dial::MachineWait;
use crate::presence::Status;
use crate::{Absence, AnsweredBy, DialOutcome, Leg, MachineDetection};

impl DialOutcome {
    /// The leg that answered, if one did.
    pub fn leg(&self) -> Option<&Leg> {
        match self {
            DialOutcome::Answered(answered) => Some(&answered.leg),
            _ => None,
        }
    }

    /// The same, to keep.
    pub fn into_leg(self) -> Option<Leg> {
        match self {
            DialOutcome::Answered(answered) => Some(answered.leg),
            _ => None,
        }
    }

    /// Whether a machine answered, as far as that was asked for and could be told.
    pub fn is_machine(&self) -> bool {
        match self {
            DialOutcome::Answered(answered) => matches!(
                answered.answered_by,
                Some(AnsweredBy::Machine | AnsweredBy::MachineEnded | AnsweredBy::MachineBeeped)
            ),
            _ => false,
        }
    }

    /// How the user of this tenant is whose presence kept the call away.
    pub fn presence(&self) -> Option<&Status> {
        match self {
            DialOutcome::Unavailable(absence) => absence.status.as_ref(),
            _ => None,
        }
    }

    /// The SIP status that says the same to somebody else (RFC 3261 section 21).
    pub fn status(&self) -> u16 {
        match self {
            DialOutcome::Answered(_) => 200,
            DialOutcome::Declined(cause)
            | DialOutcome::Busy(cause)
            | DialOutcome::Unavailable(Absence { cause, .. })
            | DialOutcome::NotFound(cause)
            | DialOutcome::Failed(cause) => cause.status,
            DialOutcome::NoAnswer => 408,
            DialOutcome::Redirected(_) => 302,
            DialOutcome::Forbidden(_) => 403,
            DialOutcome::Unreachable => 503,
            DialOutcome::Cancelled => 487,
        }
    }
}

/// A verdict within 30 s: speech of over 2.4 s is a machine's greeting, 1.2 s of silence end it, and after 5 s of silence
/// nobody seems to be there.
impl Default for MachineDetection {
    fn default() -> Self {
        Self {
            wait_for: MachineWait::Verdict,
            timeout_ms: 30_000,
            speech_ms: 2_400,
            speech_end_ms: 1_200,
            silence_ms: 5_000,
        }
    }
}
