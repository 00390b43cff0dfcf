//! Transfers both ways: requests of a far end, kept until they are finished or dropped, and those we ask of a far end.
//! RFC 3515, 5589 as the call sees them: every request ends exactly once.

use super::asks::Reply;
use super::{AskedTransfer, Call, Last, LegCommand, Output, TakeFrom, TransferKind, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, TransferId};
use crate::private::Private;
use crate::words::{BridgeEnd, Cause, Destination, Error, LegState, TransferOutcome, TransferPolicy};
use std::collections::BTreeMap;
use std::time::Instant;

/// Requests a call keeps; one more is refused (603). Each is answered, so this is reached only by a far end in a loop.
const REQUESTS_MAX: usize = 16;
/// The status of a transfer that nobody carries out (603 Decline).
const DECLINED: u16 = 603;
/// The status of a request that its handler dropped (500).
const DROPPED: u16 = 500;

/// A transfer a far end asks for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) leg: LegId,
    pub(crate) to: Destination,
    kind: TransferKind,
    step: Step,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Asked,
    Accepted,
    Over,
}

impl Request {
    pub(crate) fn is_attended(&self) -> bool {
        self.kind == TransferKind::Attended
    }
}

/// The requests of a call.
#[derive(Debug, Default)]
pub(crate) struct Transfers(BTreeMap<TransferId, Request>);

impl Transfers {
    /// One that a handle names.
    pub(crate) fn known(&self, id: TransferId) -> &Request {
        self.0.get(&id).expect("a request stays until its handle is dropped")
    }
}

impl Call {
    /// A far end asks for a transfer: the bridge it is in decides who hears of it.
    pub(super) fn transfer_asked(&mut self, now: Instant, leg: LegId, asked: AskedTransfer) {
        let AskedTransfer { transfer, to, kind } = asked;
        let bridge = self.legs[leg]
            .bridge
            .and_then(|id| Some((id, self.bridge_of(id)?.options.transfers)));
        let Some((bridge, TransferPolicy::Ask)) = bridge.filter(|_| self.transfers.0.len() < REQUESTS_MAX) else {
            self.outputs
                .push_back(Output::Leg(leg, LegCommand::TransferFinish(transfer, DECLINED)));
            return;
        };
        let step = Step::Asked;
        self.transfers.0.insert(transfer, Request { leg, to, kind, step });
        self.end_bridge(now, bridge, BridgeEnd::Transfer(transfer));
    }

    pub(super) fn transfer_accept(&mut self, id: TransferId) -> Answer {
        self.take_step(id, Step::Accepted);
        Answer::Nothing
    }

    pub(super) fn transfer_finish(&mut self, id: TransferId, status: u16) -> Answer {
        let status = status.clamp(200, 699);
        if let Some(leg) = self.take_step(id, Step::Over) {
            self.outputs
                .push_back(Output::Leg(leg, LegCommand::TransferFinish(id, status)));
        }
        Answer::Nothing
    }

    /// The handle is gone: an open request is answered with a failure.
    pub(super) fn transfer_drop(&mut self, id: TransferId) -> Answer {
        self.transfer_finish(id, DROPPED);
        self.transfers.0.remove(&id);
        Answer::Nothing
    }

    pub(super) fn transfer_take(&mut self, id: TransferId) -> Reply {
        let request = self.transfers.known(id);
        let (leg, attended) = (request.leg, request.is_attended());
        if let Err(error) = self.not_interrupted().and_then(|()| self.room_for_leg()) {
            return Reply::Now(Answer::Taken(Err(error)));
        }
        if !attended {
            return Reply::Now(Answer::Taken(Err(Error::NoSuchCall)));
        }
        self.transfer_accept(id);
        self.outputs
            .push_back(Output::Take(TakeFrom::Transfer { leg, transfer: id }));
        Reply::Wait(Wait::Take)
    }

    /// Nobody carries out what is still asked for.
    pub(super) fn end_transfers(&mut self) {
        let open: Vec<TransferId> = self.transfers.0.keys().copied().collect();
        for id in open {
            self.transfer_drop(id);
        }
    }

    /// Moves a request on; its leg if that was a step forward.
    fn take_step(&mut self, id: TransferId, to: Step) -> Option<LegId> {
        let request = self.transfers.0.get_mut(&id)?;
        let leg = request.leg;
        let forward = match (request.step, to) {
            (Step::Over, _) | (Step::Accepted, Step::Accepted) => false,
            (_, step) => {
                request.step = step;
                true
            }
        };
        if forward && to == Step::Accepted {
            self.outputs.push_back(Output::Leg(leg, LegCommand::TransferAccept(id)));
        }
        forward.then_some(leg)
    }

    pub(super) fn refer(&mut self, now: Instant, leg: LegId, to: &Private<String>) -> Result<Wait, Error> {
        self.in_state(leg, &[LegState::Answered])?;
        check::addresses("to", std::slice::from_ref(to), &self.setup.limits)?;
        self.outputs.push_back(Output::Leg(leg, LegCommand::Refer(to.clone())));
        Ok(self.refer_wait(now, leg))
    }

    pub(super) fn refer_to_leg(&mut self, now: Instant, leg: LegId, other: LegId) -> Result<Wait, Error> {
        self.in_state(leg, &[LegState::Answered])?;
        self.in_state(other, &[LegState::Answered])?;
        if leg == other {
            return check::invalid("other", "the leg itself; name the leg whose far end it is to talk to");
        }
        self.outputs.push_back(Output::Leg(leg, LegCommand::ReferToLeg(other)));
        Ok(self.refer_wait(now, leg))
    }

    fn refer_wait(&self, now: Instant, leg: LegId) -> Wait {
        Wait::Refer {
            leg,
            until: now + self.setup.limits.refer,
            accepted: false,
        }
    }

    /// The far end tells of the transfer that the handler waits for.
    pub(super) fn referred(&mut self, now: Instant, on: LegId, status: u16, last: Last) {
        let super::Handler::Waiting {
            wait: Wait::Refer { leg, accepted, .. },
            ..
        } = &mut self.handler
        else {
            return;
        };
        if *leg != on {
            return;
        }
        let cause = || Cause {
            status,
            phrase: String::new(),
            q850: None,
        };
        let outcome = match (status, *accepted, last) {
            (202, _, Last::No) | (100..=199, _, Last::No) => {
                *accepted = true;
                return;
            }
            (200..=299, _, _) => TransferOutcome::Transferred,
            (300.., true, _) => TransferOutcome::Failed(cause()),
            (300.., false, _) => TransferOutcome::Refused(cause()),
            _ => TransferOutcome::Unknown,
        };
        self.resume_waiting(now, Answer::Referred(Ok(outcome)));
    }

    /// Whether waiting for a transfer is over without word: the far end left, or it took too long.
    pub(super) fn refer_ready(&self, now: Instant, leg: LegId, until: Instant, accepted: bool) -> Option<Answer> {
        match self.legs[leg].interruption() {
            // A far end that took the request and leaves has gone where it was sent, as far as anybody can tell.
            Some(_) if accepted => Some(Answer::Referred(Ok(TransferOutcome::Unknown))),
            Some(why) => Some(Answer::Referred(Err(Error::Interrupted(why)))),
            None => (now >= until).then_some(Answer::Referred(Ok(TransferOutcome::Unknown))),
        }
    }
}
