//! Turns in slices: a handler that computes for long, or makes many host calls in a row, is left in the middle of its turn, and goes
//! on when what came meanwhile is done. Tenants take turns there, and so do the calls of one tenant.
//!
//! **A turn in slices changes nothing that its handler sees**, and nothing of it is seen outside before it is over: the journal
//! says that the handler was told something when it has done something with it. One that is ended in the middle of a turn was
//! never told, so a replay needs to know nothing of slices.

use crate::drive::waited;
use crate::io::Notice;
use crate::journal::HandlerOver;
use crate::shard::Shard;
use patchcord_control::ask::Answer;
use patchcord_control::call::Turn;
use patchcord_control::ids::{CallId, Tenant};
use patchcord_guest::{SLICE_FUEL, Step, Usage};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Host calls that are answered at once before others have their turn: with the answers and the journal some 100 microseconds.
const HOST_CALLS_PER_SLICE: u32 = 32;

/// Turns of one tenant that may be in the middle at the same time: one more new call is refused as one for which there is no time.
const WORKING_MOST: usize = 64;
/// So many are too many for a new call once one of them has waited for [`WORKING_OLD`]: there is more to compute than can be.
const WORKING_SOME: usize = 8;
/// See [`WORKING_SOME`].
const WORKING_OLD: Duration = Duration::from_millis(100);

/// The calls whose handlers are in the middle of a turn. Bounded by the calls of the shard.
#[derive(Default)]
pub(crate) struct WorkingTurns {
    /// Those of each tenant, with when their turns began; the tenant whose slice is due is the first.
    tenants: VecDeque<(Tenant, VecDeque<(CallId, Instant)>)>,
    /// Since when the first waits, for [`Shard::wake_at`].
    since: Option<Instant>,
}

impl WorkingTurns {
    /// A moment that has passed, if somebody wants to go on.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.since
    }

    /// Whether a tenant computes so much already that it gets no new calls for now.
    fn has_enough(&self, now: Instant, tenant: &Tenant) -> bool {
        let Some((_, turns)) = self.tenants.iter().find(|(of, _)| of == tenant) else {
            return false;
        };
        let old = |began: Instant| now.saturating_duration_since(began) >= WORKING_OLD;
        turns.len() >= WORKING_MOST || turns.len() >= WORKING_SOME && turns.iter().any(|(_, began)| old(*began))
    }

    fn push(&mut self, now: Instant, tenant: &Tenant, (id, began): (CallId, Instant)) {
        self.since.get_or_insert(now);
        match self.tenants.iter_mut().find(|(of, _)| of == tenant) {
            Some((_, turns)) => turns.push_back((id, began)),
            None => self.tenants.push_back((tenant.clone(), VecDeque::from([(id, began)]))),
        }
    }

    /// The one that goes on now. The other tenants come before its tenant comes again.
    fn pop(&mut self) -> Option<CallId> {
        let (tenant, mut turns) = self.tenants.pop_front()?;
        let next = turns.pop_front();
        if !turns.is_empty() {
            self.tenants.push_back((tenant, turns));
        }
        if self.tenants.is_empty() {
            self.since = None;
        }
        next.map(|(id, _)| id)
    }

    fn leave(&mut self, id: CallId) {
        for (_, turns) in &mut self.tenants {
            turns.retain(|(call, _)| *call != id);
        }
        self.tenants.retain(|(_, turns)| !turns.is_empty());
        if self.tenants.is_empty() {
            self.since = None;
        }
    }
}

/// What a handler was told, which is not over yet.
#[derive(Debug)]
pub(crate) struct Told {
    /// Kept where a journal or a shadow will want it.
    answer: Option<Answer>,
    turn: Turn,
    /// What it had used until then.
    before: Usage,
    /// Fuel of this turn that its tenant was told of.
    burnt: u64,
    /// When.
    began: Instant,
}

/// A turn that others have interrupted.
#[derive(Debug)]
pub(crate) enum Work {
    /// It has asked often; this is what it will be told.
    Answer(Option<Answer>, Turn),
    /// The handler is in the middle of it.
    Handler(Told),
    /// The handler has done this, and its shadow is in the middle of it.
    Shadow(Told, Step),
}

impl Shard {
    /// Whether a turn waits for its next slice.
    pub fn is_working(&self) -> bool {
        self.working.since.is_some()
    }

    /// A handler is told an answer, or begins.
    pub(crate) fn resume(&mut self, now: Instant, id: CallId, answer: Option<Answer>, turn: Turn) {
        let live = self.live(id);
        live.in_a_row = if turn == Turn::New { 0 } else { live.in_a_row + 1 };
        if live.in_a_row > HOST_CALLS_PER_SLICE {
            live.in_a_row = 0;
            return self.interrupt(now, id, Work::Answer(answer, turn));
        }
        let keep = live.journal.is_some() || live.shadow.is_some();
        let instance = live
            .instance
            .as_mut()
            .expect("a call answers its handler only while it runs");
        if turn == Turn::New {
            instance.begin_turn();
        }
        let told = Told {
            answer: keep.then(|| answer.clone()).flatten(),
            turn,
            before: instance.usage(),
            burnt: 0,
            began: now,
        };
        let step = instance.resume_a_slice(answer);
        self.worked(now, id, told, step);
    }

    /// The next slice of the turn that has waited longest.
    pub(crate) fn work(&mut self, now: Instant) {
        let Some(id) = self.working.pop() else { return };
        let live = self.live(id);
        match live.work.take().expect("what waits for a slice has work") {
            Work::Answer(answer, turn) => self.resume(now, id, answer, turn),
            Work::Handler(told) => {
                let instance = live.instance.as_mut().expect("it is in the middle of a turn");
                let step = instance.go_on();
                self.worked(now, id, told, step);
            }
            Work::Shadow(told, step) => {
                let shadow = live.shadow.as_mut().expect("it is in the middle of a turn");
                let did = shadow.go_on();
                self.followed(now, id, (told, step), did);
            }
        }
        self.drive(now, id);
    }

    /// A handler's slice is over; with a step if its turn is, as far as it goes by itself.
    fn worked(&mut self, now: Instant, id: CallId, mut told: Told, step: Option<Step>) {
        let live = self.live(id);
        let Some(step) = step else {
            told.burnt += SLICE_FUEL;
            live.seat.share().burn(now, SLICE_FUEL);
            return self.interrupt(now, id, Work::Handler(told));
        };
        if let Some(instance) = &live.instance {
            let used = instance.usage().fuel - told.before.fuel;
            live.seat.share().burn(now, used.saturating_sub(told.burnt));
        }
        match live.shadow.as_mut() {
            Some(shadow) => {
                let did = shadow.tell(told.answer.clone(), told.turn);
                self.followed(now, id, (told, step), did);
            }
            None => self.turned(now, id, told, step),
        }
    }

    /// A shadow's slice is over; with a step if its turn is. Whoever watches hears once how it compares.
    fn followed(&mut self, now: Instant, id: CallId, (told, step): (Told, Step), did: Option<Step>) {
        let Some(did) = did else {
            return self.interrupt(now, id, Work::Shadow(told, step));
        };
        let live = self.live(id);
        if let Some(shadow) = live.shadow.as_mut() {
            live.seat.share().burn(now, shadow.burnt());
            if let Some(news) = shadow.compare(&step, &did) {
                let (handler, module) = (live.program.name.clone(), shadow.module().to_owned());
                live.shadow = None;
                self.notice(id, Notice::Trial { handler, module, news });
            }
        }
        self.turned(now, id, told, step);
    }

    /// A handler has done something with what it was told.
    fn turned(&mut self, now: Instant, id: CallId, told: Told, step: Step) {
        if let (Some(journal), Some(answer)) = (&mut self.live(id).journal, &told.answer) {
            journal.answered(now, answer, waited(told.turn));
        }
        self.stepped(now, id, step);
    }

    fn interrupt(&mut self, now: Instant, id: CallId, work: Work) {
        let began = match &work {
            Work::Answer(..) => now,
            Work::Handler(told) | Work::Shadow(told, _) => told.began,
        };
        let live = self.live(id);
        live.work = Some(work);
        let tenant = live.tenant.clone();
        self.working.push(now, &tenant, (id, began));
    }

    /// Whether there is no time for a new call of a tenant, because its handlers compute more than they can be given.
    pub(crate) fn computes_enough(&mut self, now: Instant, tenant: &Tenant) -> bool {
        let enough = self.working.has_enough(now, tenant);
        self.counts.refused_working += u64::from(enough);
        enough
    }

    /// A handler that is ended is not in the middle of a turn any more. If it was: how its journal ends, and what it had used
    /// when the turn began.
    pub(crate) fn leave_work(&mut self, id: CallId) -> Option<(HandlerOver, Option<Usage>)> {
        let work = self.live(id).work.take()?;
        self.working.leave(id);
        Some(match work {
            Work::Answer(answer, _) => (ending(&answer), None),
            // Host calls are counted when they are made, and the first one comes after the first turn has begun.
            Work::Handler(told) | Work::Shadow(told, _) if told.before.host_calls == 0 => {
                (HandlerOver::NotRun, Some(told.before))
            }
            Work::Handler(told) | Work::Shadow(told, _) => (HandlerOver::Stopped, Some(told.before)),
        })
    }
}

/// How the journal of a handler ends that was to be told this: it rests at its last host call, or has made none.
pub(crate) fn ending(answer: &Option<Answer>) -> HandlerOver {
    match answer {
        Some(_) => HandlerOver::Stopped,
        None => HandlerOver::NotRun,
    }
}

#[cfg(test)]
mod tests;
