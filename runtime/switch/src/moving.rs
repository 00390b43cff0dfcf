//! Legs that move between calls of this shard: taken by a handler, by an attended transfer, or given to a new call. Dialog
//! and session go along; only their names in the indexes change.

use crate::leg_sip::{CallerFacts, Target};
use crate::live::LegIo;
use crate::shard::Shard;
use patchcord_control::call::{
    CALLER, Call, Description, Input as CallInput, LegSignal, MovedLeg, NoSuchCall, TakeFrom,
};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::record::MediaCounters;
use patchcord_control::words::{Error, LegInfo};
use std::time::Instant;

impl Shard {
    /// A call wants a leg of another one.
    pub(crate) fn take(&mut self, now: Instant, id: CallId, from: TakeFrom) {
        let source = match from {
            TakeFrom::Call(other) => self.calls.get(&other).map(|live| (other, live.call.caller())),
            TakeFrom::Transfer { leg, transfer } => self.transfer_source(id, leg, transfer),
        };
        let tenant = self.live(id).tenant.clone();
        let source = source.filter(|(other, _)| *other != id && self.live(*other).tenant == tenant);
        let taken = source.and_then(|(other, leg)| self.release(now, other, leg));
        let Some((moved, io)) = taken else {
            return self.tell(now, id, CallInput::Taken(Err(NoSuchCall)));
        };
        let leg = self.live(id).call.next_leg();
        self.hold_leg(id, leg, io);
        self.tell(now, id, CallInput::Taken(Ok(Box::new(moved))));
    }

    /// A call gives a leg to a new one.
    pub(crate) fn give(&mut self, now: Instant, id: CallId, leg: LegId, handler: &str) {
        let live = self.live(id);
        let (directory, tenant) = (live.directory.clone(), live.tenant.clone());
        let Some(program) = directory.program(&tenant, handler) else {
            let error = Error::NoSuchHandler(handler.to_owned());
            return self.tell(now, id, CallInput::Given(Err(error)));
        };
        if self.has_all_calls() {
            let error = Error::Failed("the node has as many calls as it may".to_owned());
            return self.tell(now, id, CallInput::Given(Err(error)));
        }
        let Some((moved, io)) = self.release(now, id, leg) else {
            return self.tell(now, id, CallInput::Given(Err(Error::NoSuchCall)));
        };
        let new = self.new_call_id();
        let target = Target {
            directory,
            tenant,
            program,
        };
        let facts = CallerFacts {
            info: LegInfo::default(),
            headers: Vec::new(),
            description: Description::Offered,
        };
        let setup = self.setup(now, new, facts, &target);
        let journal = self.journal_of(now, &setup);
        let call = Call::with_moved(now, setup, moved);
        self.dialogs.insert(io.dialog, (new, CALLER));
        self.sessions.insert(io.port.session, (new, CALLER));
        self.tell(now, id, CallInput::Given(Ok(new)));
        self.begin(now, (new, call, journal), target, io);
    }

    /// Takes a leg out of its call. The call is driven on when its turn comes.
    fn release(&mut self, now: Instant, id: CallId, leg: LegId) -> Option<(MovedLeg, LegIo)> {
        let live = self.live(id);
        if !live.legs.contains_key(&leg) {
            return None;
        }
        let released = live.call.release(now, leg)?;
        for command in released.media {
            self.media_command(now, id, leg, command);
        }
        let mut io = self.live(id).legs.remove(&leg)?;
        io.plays.disown();
        self.finish_refers(now, id, leg);
        self.wake_now(now, id);
        Some((released.leg, io))
    }

    /// A leg belongs to a call from now on.
    fn hold_leg(&mut self, id: CallId, leg: LegId, io: LegIo) {
        self.dialogs.insert(io.dialog, (id, leg));
        self.sessions.insert(io.port.session, (id, leg));
        self.live(id).legs.insert(leg, io);
    }

    /// A leg without a session has no counters to wait for.
    pub(crate) fn nothing_counted(&mut self, now: Instant, id: CallId, leg: LegId) {
        let signal = LegSignal::MediaClosed(MediaCounters::default());
        self.tell(now, id, CallInput::Leg(leg, signal));
    }
}
