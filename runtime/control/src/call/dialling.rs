//! Calling others: which endpoints ring when, who wins, what the caller hears meanwhile, and exactly one outcome.
//!
//! A dialling asks where an endpoint can be reached, places a leg for each way it is told, and waits. The first leg to
//! answer wins and all others are hung up; a leg that answers in the same breath is hung up as well. Not here: where an
//! endpoint is and what a SIP message says.

use super::asks::Reply;
use super::io::{Branch, LegCommand, LegSignal, MediaCommand, NotLocated, Placing, Presented};
use super::leg::{Description, Leg};
use super::operation::{Once, Operation};
use super::{Call, Output, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId};
use crate::private::Private;
use crate::words::{
    Absence, AnsweredBy, CallerHears, CallerId, Cause, Destination, DialAnswer, DialOptions, DialOutcome, Endpoint,
    Error, Interruption, LegDirection, LegInfo, LegOrigin, LegState, Order,
};
use std::time::{Duration, Instant};

/// A dialling under way. More than twelve fields: what was asked, how far it is, and what came of it.
#[derive(Debug)]
pub(crate) struct Dialling {
    pub(crate) caller: Option<LegId>,
    endpoints: Vec<Endpoint>,
    pub(crate) options: DialOptions,
    /// When the whole has taken too long.
    ends_at: Instant,
    /// Legs that may still answer.
    attempts: Vec<Attempt>,
    /// Endpoints begun with.
    begun: usize,
    /// Endpoints whose ways are awaited.
    locating: usize,
    /// Redirections that may still be followed.
    redirects_left: u8,
    /// The failure that says most so far.
    telling: Option<DialOutcome>,
    /// The leg that answered, and its endpoint.
    winner: Option<(LegId, u32)>,
    /// Whose early media the caller hears.
    pub(crate) early: Option<LegId>,
    pub(crate) outcome: Once<DialOutcome>,
}

/// A leg that was placed.
#[derive(Debug)]
struct Attempt {
    leg: LegId,
    endpoint: u32,
    rings: Rings,
    ends_at: Option<Instant>,
    /// Where its far end says it should be called instead.
    contacts: Vec<Private<String>>,
}

/// How far a leg that was placed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rings {
    NotYet,
    Yes,
}

impl Dialling {
    /// Whether somebody's telephone rings and nobody has answered.
    pub(crate) fn rings(&self) -> bool {
        self.outcome.is_pending() && self.winner.is_none() && self.attempts.iter().any(|it| it.rings == Rings::Yes)
    }

    pub(crate) fn wake_at(&self) -> Option<Instant> {
        if !self.outcome.is_pending() || self.winner.is_some() {
            return None;
        }
        let attempts = self.attempts.iter().filter_map(|it| it.ends_at);
        attempts.chain([self.ends_at]).min()
    }

    /// Two legs change their numbers.
    pub(crate) fn swap(&mut self, one: LegId, other: LegId) {
        for attempt in &mut self.attempts {
            if attempt.leg == one {
                attempt.leg = other;
            } else if attempt.leg == other {
                attempt.leg = one;
            }
        }
    }

    /// Keeps the failure that says most.
    fn note(&mut self, failure: DialOutcome) {
        if self.telling.as_ref().is_none_or(|known| rank(&failure) < rank(known)) {
            self.telling = Some(failure);
        }
    }
}

impl Call {
    /// A dialling, whether or not it has its outcome.
    pub(super) fn dial_of(&self, id: OperationId) -> Option<&Dialling> {
        match self.operations.get(id) {
            Some(Operation::Dialling(dialling)) => Some(dialling),
            _ => None,
        }
    }

    pub(super) fn dial(
        &mut self,
        now: Instant,
        caller: Option<LegId>,
        endpoints: &[Endpoint],
        options: &DialOptions,
    ) -> Reply {
        match self.start_dial(now, caller, endpoints, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(error) => Reply::Now(Answer::Dialled(Err(error))),
        }
    }

    pub(super) fn start_dial(
        &mut self,
        now: Instant,
        caller: Option<LegId>,
        endpoints: &[Endpoint],
        options: &DialOptions,
    ) -> Result<OperationId, Error> {
        self.not_interrupted()?;
        caller.map_or(Ok(()), |leg| self.not_gone(leg))?;
        if let Some(leg) = caller.filter(|leg| self.legs[*leg].state == LegState::Ended) {
            return Err(Error::WrongState(self.legs[leg].state));
        }
        check::dial(endpoints, options, &self.setup.limits)?;
        self.room_for_operation()?;
        let id = self.operations.add(Operation::Dialling(Box::new(Dialling {
            caller,
            endpoints: endpoints.to_vec(),
            options: options.clone(),
            ends_at: now + ms(options.ring_ms),
            attempts: Vec::new(),
            begun: 0,
            locating: 0,
            redirects_left: options.redirects,
            telling: None,
            winner: None,
            early: None,
            outcome: Once::Pending,
        })));
        self.dial_more(id);
        Ok(id)
    }

    pub(super) fn dial_result(&mut self, id: OperationId) -> Option<Result<DialOutcome, Error>> {
        let outcome = self.operations.dialling(id)?.outcome.take()?;
        self.hand_over(&outcome);
        Some(outcome)
    }

    /// The handler has the outcome: the leg that answered is its own from now on.
    pub(super) fn hand_over(&mut self, outcome: &Result<DialOutcome, Error>) {
        if let Ok(DialOutcome::Answered(answer)) = outcome {
            self.legs[answer.leg].dial = None;
        }
    }

    pub(super) fn cancel_dial(&mut self, id: OperationId) -> Answer {
        self.finish_dial(id, Ok(DialOutcome::Cancelled));
        Answer::Nothing
    }

    /// The handle was dropped: nobody rings any more, and a leg that nobody took is hung up.
    pub(super) fn abandon_dial(&mut self, dialling: Dialling) {
        let placed = dialling.attempts.iter().map(|attempt| attempt.leg);
        let winner = dialling.winner.map(|(leg, _)| leg);
        for leg in placed.chain(winner) {
            if self.legs[leg].dial.take().is_some() {
                self.hang_up(leg);
            }
        }
    }

    /// Begins with what comes next: all endpoints, or one.
    fn dial_more(&mut self, id: OperationId) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        let until = match dialling.options.order {
            Order::Together => dialling.endpoints.len(),
            Order::InTurn => (dialling.begun + 1).min(dialling.endpoints.len()),
        };
        let next = dialling.begun..until;
        dialling.begun = until;
        for endpoint in next {
            let to = self
                .operations
                .dialling(id)
                .map(|dialling| dialling.endpoints[endpoint].to.clone());
            if let Some(to) = to {
                self.locate(id, endpoint as u32, to);
            }
        }
    }

    fn locate(&mut self, id: OperationId, endpoint: u32, to: Destination) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        dialling.locating += 1;
        let (caller, options) = (dialling.caller, &dialling.options);
        let (wanted, name) = (options.caller_id.clone(), options.caller_name.clone());
        let when_busy = options.when_busy;
        let facts = caller.map(|leg| &self.legs[leg].info);
        let shows_caller = wanted == CallerId::Caller;
        let from = Presented {
            id: wanted,
            caller: facts.filter(|_| shows_caller).map(|info| info.from.clone()),
            privacy: facts
                .filter(|_| shows_caller)
                .map(|info| info.privacy)
                .unwrap_or_default(),
            name: name.or_else(|| facts.filter(|_| shows_caller).map(|info| info.from_name.clone())),
        };
        self.outputs.push_back(Output::Locate {
            dial: id,
            endpoint,
            to,
            from,
            when_busy,
        });
    }

    /// Where an endpoint can be reached.
    pub(super) fn located(
        &mut self,
        now: Instant,
        id: OperationId,
        endpoint: u32,
        found: Result<Vec<Branch>, NotLocated>,
    ) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        dialling.locating = dialling.locating.saturating_sub(1);
        if !dialling.outcome.is_pending() || dialling.winner.is_some() {
            return;
        }
        match found {
            Ok(branches) => branches
                .into_iter()
                .for_each(|branch| self.place(now, id, endpoint, branch)),
            Err(why) => dialling.note(not_located(why)),
        }
        self.dial_settle(id);
    }

    fn place(&mut self, now: Instant, id: OperationId, endpoint: u32, branch: Branch) {
        let room = self.room_for_leg();
        let call_id = self.setup.info.call_id.clone();
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        if room.is_err() {
            let limit = "the call has as many legs as it may".to_owned();
            return dialling.note(DialOutcome::Forbidden(limit));
        }
        let asked = &dialling.endpoints[endpoint as usize];
        let placing = Placing {
            branch: branch.key,
            headers: asked.headers.clone(),
            credentials: asked.credentials.clone(),
            name: dialling.options.caller_name.clone(),
        };
        let info = LegInfo {
            call_id,
            direction: LegDirection::Outbound,
            from: branch.from,
            to: branch.to,
            origin: LegOrigin::Dialled,
            ..LegInfo::default()
        };
        let mut leg = Leg::new(info, Vec::new(), Description::Offered);
        leg.dial = Some(id);
        leg.longest = branch.longest;
        let ends_at = asked.ring_ms.map(|ring| now + ms(ring));
        let leg = self.add_dialled(id, leg);
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        dialling.attempts.push(Attempt {
            leg,
            endpoint,
            rings: Rings::NotYet,
            ends_at,
            contacts: Vec::new(),
        });
        self.outputs.push_back(Output::Leg(leg, LegCommand::Place(placing)));
    }

    /// What happens on a leg that was dialled and that the handler does not have yet; false if it is none of ours.
    pub(super) fn dial_signal(&mut self, now: Instant, leg: LegId, signal: &LegSignal) {
        let Some(id) = self.legs[leg].dial else { return };
        match signal {
            LegSignal::Ringing => self.attempt_rings(id, leg),
            LegSignal::AudioOpen => self.attempt_speaks(id, leg),
            LegSignal::Answered => self.attempt_answered(now, id, leg),
            LegSignal::Redirected(contacts) => {
                if let Some(attempt) = self.attempt(id, leg) {
                    attempt.contacts.clone_from(contacts);
                }
            }
            LegSignal::Detected(by) => self.detected(id, leg, *by),
            _ => {}
        }
    }

    fn attempt(&mut self, id: OperationId, leg: LegId) -> Option<&mut Attempt> {
        let dialling = self.operations.dialling(id)?;
        dialling.attempts.iter_mut().find(|attempt| attempt.leg == leg)
    }

    fn attempt_rings(&mut self, id: OperationId, leg: LegId) {
        if let Some(attempt) = self.attempt(id, leg) {
            attempt.rings = Rings::Yes;
            self.tell_caller(id);
        }
    }

    /// A caller that nobody has told anything hears that it rings.
    fn tell_caller(&mut self, id: OperationId) {
        let Some(dialling) = self.dial_of(id).filter(|dialling| dialling.rings()) else {
            return;
        };
        let says = dialling.options.caller_hears != CallerHears::Unchanged;
        let caller = dialling.caller.filter(|leg| says && self.legs[*leg].waits_for_us());
        if let Some(caller) = caller.filter(|leg| self.legs[*leg].state == LegState::Offered) {
            self.legs[caller].state = LegState::Ringing;
            self.outputs.push_back(Output::Leg(caller, LegCommand::Ring));
        }
    }

    /// Early media came: the caller hears it if it is the first and wanted.
    fn attempt_speaks(&mut self, id: OperationId, leg: LegId) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        let wanted = dialling.options.caller_hears == CallerHears::EarlyMedia && dialling.winner.is_none();
        if !wanted || dialling.early.is_some() || !dialling.outcome.is_pending() {
            return;
        }
        let Some(caller) = dialling.caller else { return };
        dialling.early = Some(leg);
        if self.legs[caller].waits_for_us() && self.legs[caller].description == Description::Offered {
            self.open_early(caller);
        }
    }

    fn attempt_answered(&mut self, now: Instant, id: OperationId, leg: LegId) {
        let it = &mut self.legs[leg];
        if it.state == LegState::Ended {
            // It was told to stop; the far end's answer crossed that on the way.
            return;
        }
        it.state = LegState::Answered;
        it.answered_at = Some(now);
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        let Some(at) = dialling.attempts.iter().position(|attempt| attempt.leg == leg) else {
            return;
        };
        let attempt = dialling.attempts.remove(at);
        if dialling.winner.is_some() || !dialling.outcome.is_pending() {
            self.legs[leg].dial = None;
            return self.hang_up(leg);
        }
        let leg = self.lead(id, leg);
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        dialling.winner = Some((leg, attempt.endpoint));
        dialling.early = None;
        let detection = dialling.options.detect_machine;
        self.stop_ringing(id);
        match detection {
            Some(options) => self
                .outputs
                .push_back(Output::Media(leg, MediaCommand::Detect(options))),
            None => self.won(id, None),
        }
    }

    fn detected(&mut self, id: OperationId, leg: LegId, by: AnsweredBy) {
        let winner = self.dial_of(id).and_then(|dialling| dialling.winner);
        if winner.is_some_and(|(won, _)| won == leg) {
            self.won(id, Some(by));
        }
    }

    fn won(&mut self, id: OperationId, answered_by: Option<AnsweredBy>) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        let Some((leg, endpoint)) = dialling.winner else { return };
        dialling.outcome.set(Ok(DialOutcome::Answered(DialAnswer {
            leg,
            endpoint,
            answered_by,
        })));
    }

    /// A leg is gone: that of an attempt, of a winner in detection, or of the caller.
    pub(super) fn dial_lost(&mut self, leg: LegId) {
        let why = self.legs[leg].interruption().expect("only a leg that ended is lost");
        let of_caller: Vec<OperationId> = self
            .operations
            .diallings()
            .filter(|(_, dialling)| dialling.caller == Some(leg) && dialling.outcome.is_pending())
            .map(|(id, _)| id)
            .collect();
        for id in of_caller {
            self.finish_dial(id, Err(Error::Interrupted(why)));
        }
        let Some(id) = self.legs[leg].dial else { return };
        let cause = self.legs[leg].refused.clone();
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        if dialling.early == Some(leg) {
            dialling.early = None;
        }
        if dialling.winner.is_some_and(|(won, _)| won == leg) {
            // It answered and left while detection listened.
            return self.won(id, Some(AnsweredBy::Unknown));
        }
        let Some(at) = dialling.attempts.iter().position(|attempt| attempt.leg == leg) else {
            return;
        };
        let attempt = dialling.attempts.remove(at);
        self.attempt_failed(id, attempt, why, cause);
        self.dial_settle(id);
    }

    fn attempt_failed(&mut self, id: OperationId, attempt: Attempt, why: Interruption, cause: Option<Cause>) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        if attempt.contacts.is_empty() {
            return dialling.note(failure(why, cause));
        }
        if dialling.redirects_left == 0 || dialling.winner.is_some() || !dialling.outcome.is_pending() {
            return dialling.note(DialOutcome::Redirected(attempt.contacts));
        }
        dialling.redirects_left -= 1;
        for contact in attempt.contacts {
            self.locate(id, attempt.endpoint, Destination::Address(contact));
        }
    }

    /// Goes on with the next endpoint, or ends, once nothing is left to wait for.
    fn dial_settle(&mut self, id: OperationId) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        let waits = dialling.locating > 0 || !dialling.attempts.is_empty() || dialling.winner.is_some();
        if waits || !dialling.outcome.is_pending() {
            return;
        }
        if dialling.begun < dialling.endpoints.len() {
            return self.dial_more(id);
        }
        let outcome = dialling.telling.take().unwrap_or(DialOutcome::NoAnswer);
        self.finish_dial(id, Ok(outcome));
    }

    fn finish_dial(&mut self, id: OperationId, outcome: Result<DialOutcome, Error>) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        if !dialling.outcome.is_pending() {
            return;
        }
        dialling.outcome.set(outcome);
        dialling.early = None;
        let winner = dialling.winner.take();
        self.stop_ringing(id);
        if let Some((leg, _)) = winner {
            self.legs[leg].dial = None;
            self.hang_up(leg);
        }
    }

    /// Nobody is left in the call: there is nobody to dial for.
    pub(super) fn end_diallings(&mut self, why: Interruption) {
        let pending: Vec<OperationId> = self.operations.diallings().map(|(id, _)| id).collect();
        for id in pending {
            self.finish_dial(id, Err(Error::Interrupted(why)));
        }
    }

    /// Hangs up every leg that has not answered.
    fn stop_ringing(&mut self, id: OperationId) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        for attempt in std::mem::take(&mut dialling.attempts) {
            self.legs[attempt.leg].dial = None;
            self.hang_up_because(attempt.leg, Interruption::NotConnected);
        }
    }

    pub(super) fn dial_deadline(&mut self, now: Instant) {
        let waiting = self
            .operations
            .diallings()
            .filter(|(_, it)| it.wake_at().is_some_and(|at| at <= now));
        let waiting: Vec<OperationId> = waiting.map(|(id, _)| id).collect();
        for id in waiting {
            self.ring_over(now, id);
        }
    }

    /// The whole has rung long enough, or one of its legs has.
    fn ring_over(&mut self, now: Instant, id: OperationId) {
        let Some(dialling) = self.operations.dialling(id) else {
            return;
        };
        if dialling.ends_at <= now {
            dialling.note(DialOutcome::NoAnswer);
            let outcome = dialling.telling.take().unwrap_or(DialOutcome::NoAnswer);
            return self.finish_dial(id, Ok(outcome));
        }
        let over = |attempt: &mut Attempt| attempt.ends_at.is_some_and(|at| at <= now);
        let over: Vec<Attempt> = dialling.attempts.extract_if(.., over).collect();
        for attempt in over {
            if let Some(dialling) = self.operations.dialling(id) {
                dialling.note(DialOutcome::NoAnswer);
                dialling.early = dialling.early.filter(|leg| *leg != attempt.leg);
            }
            self.legs[attempt.leg].dial = None;
            self.hang_up_because(attempt.leg, Interruption::NotConnected);
        }
        self.dial_settle(id);
    }
}

/// What a leg that was never answered means.
fn failure(why: Interruption, cause: Option<Cause>) -> DialOutcome {
    let Some(cause) = cause else {
        return match why {
            Interruption::NotConnected => DialOutcome::NoAnswer,
            _ => DialOutcome::Unreachable,
        };
    };
    match cause.status {
        486 | 600 => DialOutcome::Busy(cause),
        480 => DialOutcome::Unavailable(Absence { cause, status: None }),
        404 | 410 | 484 | 604 => DialOutcome::NotFound(cause),
        487 => DialOutcome::NoAnswer,
        601..=699 => DialOutcome::Declined(cause),
        _ => DialOutcome::Failed(cause),
    }
}

fn not_located(why: NotLocated) -> DialOutcome {
    let cause = |status, phrase: &str| Cause {
        status,
        phrase: phrase.to_owned(),
        q850: None,
    };
    match why {
        NotLocated::Forbidden(reason) => DialOutcome::Forbidden(reason),
        NotLocated::Absent(status) => DialOutcome::Unavailable(Absence {
            cause: cause(480, "Temporarily Unavailable"),
            status: Some(status),
        }),
        NotLocated::NotFound => DialOutcome::NotFound(cause(404, "Not Found")),
        NotLocated::Unreachable => DialOutcome::Unreachable,
    }
}

/// How much a failure says; the least number says most. The order of the contract's `outcome`.
fn rank(outcome: &DialOutcome) -> u8 {
    match outcome {
        DialOutcome::Answered(_) => 0,
        DialOutcome::Declined(_) => 1,
        DialOutcome::Busy(_) => 2,
        DialOutcome::NoAnswer => 3,
        DialOutcome::Unavailable(_) => 4,
        DialOutcome::NotFound(_) => 5,
        DialOutcome::Redirected(_) => 6,
        DialOutcome::Forbidden(_) => 7,
        DialOutcome::Failed(_) => 8,
        DialOutcome::Unreachable => 9,
        DialOutcome::Cancelled => 10,
    }
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}
