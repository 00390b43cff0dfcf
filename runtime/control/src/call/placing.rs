//! A call that somebody outside places. It begins with a leg that is dialled; its handler is started once that leg is
//! answered, and then runs as for any other call. Whatever comes of the dialling, the call has exactly one final status.
//!
//! The dialling is the one of `dial` ([`super::dialling`]): the same location, policy and redirections. Where several phones
//! ring, the one that answers becomes the first leg. Not here: when a call is placed; that is [`crate::outbound`].

use super::dialling::Dialling;
use super::leg::{Description, Leg};
use super::{CALLER, Call, Handler, Output, Setup};
use crate::ids::{LegId, OperationId};
use crate::presence::WhenBusy;
use crate::private::Private;
use crate::record::{CallStatus, HandlerEnd};
use crate::words::{
    Absence, AnsweredBy, Began, CallerHears, CallerId, Cause, DetectionOptions, DialOptions, DialOutcome, Endpoint,
    Error, Interruption, LegState, Order,
};
use std::time::{Duration, Instant};

/// How the first leg of a placed call is dialled. Ranges are those of `dial` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Who is called.
    pub to: Endpoint,
    /// Who it is said to be from; `Caller` means the tenant's default.
    pub caller_id: CallerId,
    /// The name beside it, up to 128 bytes.
    pub caller_name: Option<Private<String>>,
    /// How long it may ring, 1,000 to 600,000 ms; then its status is `no-answer`.
    pub ring_ms: u32,
    /// How long the leg may be connected; then it is hung up with `time-limit`. None: as long as policy lets it.
    pub longest: Option<Duration>,
    /// Finding out who answered, if that is wanted.
    pub detect_machine: Option<DetectionOptions>,
    /// What happens if a machine answered.
    pub on_machine: OnMachine,
    /// Redirections that are followed, 0 to 5.
    pub redirects: u8,
}

/// What happens to a placed call that a machine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnMachine {
    /// Its handler has the call, and can ask who answered.
    #[default]
    Handle,
    /// It is hung up, and no handler runs.
    HangUp,
}

/// What a placed call keeps of its beginning.
#[derive(Debug)]
pub(super) struct Placed {
    dial: OperationId,
    on_machine: OnMachine,
    longest: Option<Duration>,
    /// Whether the first leg has a way to go.
    sent: Sent,
    /// What came of the dialling.
    result: Option<Opened>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    No,
    Yes,
}

/// What came of the dialling of a placed call.
#[derive(Debug, Clone)]
struct Opened {
    status: CallStatus,
    answered_by: Option<AnsweredBy>,
    refusal: Option<String>,
}

impl Call {
    /// A call that begins with a leg to be dialled. Its handler is started when the call says [`Output::Start`], if it ever
    /// does; who is called stands in `setup.info`.
    ///
    /// # Errors
    /// Something of `opening` is out of its range.
    pub fn placed(now: Instant, setup: Setup, opening: Opening) -> Result<Self, Error> {
        let leg = Leg::new(setup.info.clone(), Vec::new(), Description::Offered);
        let mut call = Self::with(now, setup, leg);
        call.handler = Handler::Awaited;
        let options = DialOptions {
            order: Order::Together,
            ring_ms: opening.ring_ms,
            caller_id: opening.caller_id,
            caller_name: opening.caller_name,
            caller_hears: CallerHears::Unchanged,
            redirects: opening.redirects,
            detect_machine: opening.detect_machine,
            when_busy: WhenBusy::Ring,
        };
        let dial = call.start_dial(now, None, &[opening.to], &options)?;
        call.placed = Some(Placed {
            dial,
            on_machine: opening.on_machine,
            longest: opening.longest,
            sent: Sent::No,
            result: None,
        });
        Ok(call)
    }

    /// The dialling that the call begins with, while it has no outcome.
    pub(super) fn opening(&self) -> Option<OperationId> {
        let placed = self.placed.as_ref()?;
        placed.result.is_none().then_some(placed.dial)
    }

    /// Adds a leg that a dialling places; the first of a placed call takes the place of its caller.
    pub(super) fn add_dialled(&mut self, id: OperationId, mut leg: Leg) -> LegId {
        let opens = self.opening() == Some(id);
        let Some(placed) = self.placed.as_mut().filter(|_| opens) else {
            return self.legs.add(leg);
        };
        leg.longest = [leg.longest, placed.longest].into_iter().flatten().min();
        if std::mem::replace(&mut placed.sent, Sent::Yes) == Sent::Yes {
            return self.legs.add(leg);
        }
        self.legs[CALLER] = leg;
        CALLER
    }

    /// The leg that answers a placed call is its first from now on: the number under which it is known.
    pub(super) fn lead(&mut self, id: OperationId, leg: LegId) -> LegId {
        if leg == CALLER || self.opening() != Some(id) {
            return leg;
        }
        self.legs.swap(CALLER, leg);
        self.events.swap(CALLER, leg);
        if let Some(dialling) = self.operations.dialling(id) {
            dialling.swap(CALLER, leg);
        }
        self.outputs.push_back(Output::Swap(leg));
        CALLER
    }

    /// Starts the handler of a placed call that was answered, or ends a call that was not. Runs after every input.
    pub(super) fn open_if_dialled(&mut self, now: Instant) {
        let Some(id) = self.opening() else { return };
        let Some(outcome) = self.operations.dialling(id).and_then(|it| it.outcome.take()) else {
            return;
        };
        self.hand_over(&outcome);
        self.operations.remove(id);
        match outcome {
            Ok(DialOutcome::Answered(answer)) => self.opened(answer.answered_by),
            Ok(other) => self.not_opened(now, other),
            Err(_) => self.not_opened(now, DialOutcome::Cancelled),
        }
    }

    fn opened(&mut self, answered_by: Option<AnsweredBy>) {
        let Some(placed) = &mut self.placed else { return };
        placed.result = Some(Opened {
            status: CallStatus::Completed,
            answered_by,
            refusal: None,
        });
        let machine = matches!(
            answered_by,
            Some(AnsweredBy::Machine | AnsweredBy::MachineEnded | AnsweredBy::MachineBeeped)
        );
        let unwanted = machine && placed.on_machine == OnMachine::HangUp;
        if unwanted || self.legs[CALLER].state == LegState::Ended {
            self.handler = Handler::Over(HandlerEnd::NotRun);
            return self.hang_up_because(CALLER, Interruption::EndedByPlatform);
        }
        self.setup.began = Began::Placed(answered_by);
        self.handler = Handler::Running;
        self.outputs.push_back(Output::Start);
    }

    fn not_opened(&mut self, now: Instant, outcome: DialOutcome) {
        let answered = self.legs[CALLER].answered_at.is_some();
        let (status, refusal) = status_of(&outcome);
        let Some(placed) = &mut self.placed else { return };
        placed.result = Some(Opened {
            // It was ended while it was listened for who answered.
            status: if answered { CallStatus::Completed } else { status },
            answered_by: None,
            refusal,
        });
        self.handler = Handler::Over(HandlerEnd::NotRun);
        if placed.sent == Sent::No {
            self.leg_ended(now, CALLER, Interruption::NotConnected, cause_of(outcome));
        }
    }

    /// Gives up a call that nobody has answered yet; false if it is none.
    pub(super) fn cancel_opening(&mut self) -> bool {
        let Some(id) = self.opening() else { return false };
        self.cancel_dial(id);
        true
    }

    /// Where the call stands.
    pub fn status(&self) -> CallStatus {
        if let Some(opened) = self.placed.as_ref().and_then(|placed| placed.result.as_ref())
            && opened.status != CallStatus::Completed
        {
            return opened.status;
        }
        let Some(first) = self.legs.iter().next() else {
            return CallStatus::InProgress;
        };
        let rings = self.opening().and_then(|id| self.dial_of(id)).map(Dialling::rings);
        match (first.state, rings) {
            (LegState::Answered, _) => CallStatus::InProgress,
            (_, Some(true)) => CallStatus::Ringing,
            (_, Some(false)) => CallStatus::Queued,
            (LegState::Offered | LegState::Ringing, None) => CallStatus::Ringing,
            (LegState::Ended, None) if self.legs.interruption().is_none() => CallStatus::InProgress,
            (LegState::Ended, None) => self.final_status(),
        }
    }

    /// What came of the call.
    pub(super) fn final_status(&self) -> CallStatus {
        if let Some(opened) = self.placed.as_ref().and_then(|placed| placed.result.as_ref()) {
            return opened.status;
        }
        let Some(first) = self.legs.iter().next() else {
            return CallStatus::Completed;
        };
        if first.answered_at.is_some() {
            return CallStatus::Completed;
        }
        let refused = first.refused.as_ref().map(|cause| cause.status);
        match (first.interruption(), refused) {
            // It goes on as another call.
            (Some(Interruption::Moved), _) => CallStatus::Completed,
            (Some(Interruption::Cancelled), _) => CallStatus::Canceled,
            (_, Some(486 | 600 | 603)) => CallStatus::Busy,
            (Some(Interruption::TimeLimit), _) | (_, Some(408 | 480 | 487)) => CallStatus::NoAnswer,
            _ => CallStatus::Failed,
        }
    }

    /// Who answered a placed call, if that was found out.
    pub(super) fn answered_by(&self) -> Option<AnsweredBy> {
        self.placed.as_ref()?.result.as_ref()?.answered_by
    }

    /// The rule that forbade a placed call.
    pub(super) fn refusal(&self) -> Option<String> {
        self.placed.as_ref()?.result.as_ref()?.refusal.clone()
    }
}

/// The final status that a dialling without an answer means, and the rule that forbade it.
fn status_of(outcome: &DialOutcome) -> (CallStatus, Option<String>) {
    match outcome {
        DialOutcome::Answered(_) => (CallStatus::Completed, None),
        DialOutcome::Busy(_) | DialOutcome::Declined(_) => (CallStatus::Busy, None),
        DialOutcome::NoAnswer | DialOutcome::Unavailable(_) => (CallStatus::NoAnswer, None),
        DialOutcome::Cancelled => (CallStatus::Canceled, None),
        DialOutcome::Forbidden(rule) => (CallStatus::Failed, Some(rule.clone())),
        DialOutcome::NotFound(_) | DialOutcome::Redirected(_) | DialOutcome::Failed(_) | DialOutcome::Unreachable => {
            (CallStatus::Failed, None)
        }
    }
}

/// What the leg was refused with, if somebody said so.
fn cause_of(outcome: DialOutcome) -> Option<Cause> {
    match outcome {
        DialOutcome::Declined(cause)
        | DialOutcome::Busy(cause)
        | DialOutcome::Unavailable(Absence { cause, .. })
        | DialOutcome::NotFound(cause)
        | DialOutcome::Failed(cause) => Some(cause),
        DialOutcome::Answered(_)
        | DialOutcome::NoAnswer
        | DialOutcome::Redirected(_)
        | DialOutcome::Forbidden(_)
        | DialOutcome::Unreachable
        | DialOutcome::Cancelled => None,
    }
}
