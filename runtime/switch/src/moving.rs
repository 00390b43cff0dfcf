//! Legs that move between calls of this shard: taken by a handler, by an attended transfer, or given to a new call by a
//! handler, by somebody outside, or because the handler broke. Dialog
//! and session go along; only their names in the indexes change.

use crate::directory::Program;
use crate::leg_sip::{CallerFacts, NewCall, Target};
use crate::live::LegIo;
use crate::shard::Shard;
use patchcord_control::call::{
    CALLER, Call, ChangeError, Description, HoldWanted, Input as CallInput, LegSignal, MovedLeg, NoSuchCall, Released,
    TakeFrom,
};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::record::MediaCounters;
use patchcord_control::tenancy::{Refused, Seat};
use patchcord_control::words::{Began, Broken, Error, LegInfo, REDIRECT_TEXT};
use patchcord_sip::sdp::Direction;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Where the caller of a call is moved to from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// Whose call it has to be.
    pub tenant: Tenant,
    /// The handler, of the same tenant.
    pub handler: String,
    /// What it is told; at most [`REDIRECT_TEXT`] bytes.
    pub text: String,
}

/// Why a caller is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectError {
    /// The tenant has no such call alive.
    NoSuchCall,
    /// The tenant has no handler of this name.
    NoSuchHandler(String),
    /// The call has no leg left that can be moved: the caller is gone.
    NoCaller,
    /// The node has as many calls as it may.
    Full,
    /// The tenant has as much as it may.
    Tenant(Refused),
    /// The text has so many bytes.
    TextTooLong(usize),
    /// The call has no such leg on the line.
    NoSuchLeg(LegId),
    /// The call proves who has a number: it stays as it is.
    Proof,
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCall => f.write_str("there is no such call"),
            Self::NoSuchHandler(name) => write!(f, "there is no handler {name:?}"),
            Self::NoCaller => f.write_str("the caller is gone"),
            Self::Full => f.write_str("the node has as many calls as it may; try again later"),
            Self::Tenant(why) => write!(f, "{why}"),
            Self::TextTooLong(bytes) => write!(f, "the text has {bytes} bytes; at most {REDIRECT_TEXT} go along"),
            Self::NoSuchLeg(leg) => write!(f, "leg {} is not on the line", leg.0),
            Self::Proof => write!(f, "{}", ChangeError::Proof),
        }
    }
}

impl std::error::Error for RedirectError {}

/// A call that begins with a leg of another.
pub(crate) struct Moved {
    call: NewCall,
    target: Target,
    io: LegIo,
}

impl Shard {
    /// A call wants a leg of another one.
    pub(crate) fn take(&mut self, now: Instant, id: CallId, from: TakeFrom) {
        let source = match from {
            TakeFrom::Call(other) => self.calls.get(&other).map(|live| (other, live.call.caller())),
            TakeFrom::Transfer { leg, transfer } => self.transfer_source(id, leg, transfer),
        };
        let tenant = self.live(id).tenant.clone();
        let source = source.filter(|(other, _)| {
            let other = (*other != id).then(|| self.live(*other));
            other.is_some_and(|other| other.tenant == tenant && !other.is_proof())
        });
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
        let given = self.new_handler(id, handler).and_then(|program| {
            let seat = self.another_seat(now, id);
            let seat = seat.map_err(|refused| Error::Failed(refused.to_string()))?;
            let new = self.new_call_id();
            let released = self.live(id).call.release(now, leg).ok_or(Error::NoSuchCall)?;
            let target = self.successor(id, program, (Began::Given, seat));
            let moved = self.move_on(now, (id, new), released, target);
            moved.ok_or(Error::NoSuchCall)
        });
        match given {
            Ok(moved) => {
                self.tell(now, id, CallInput::Given(Ok(moved.call.0)));
                self.begin_moved(now, moved);
            }
            Err(error) => self.tell(now, id, CallInput::Given(Err(error))),
        }
    }

    /// The handler of a call broke: its caller goes to a new call with a fallback's handler.
    pub(crate) fn fall_back(&mut self, now: Instant, id: CallId, place: usize, broken: Broken) {
        let fallbacks = self.live(id).call.setup().fallbacks.clone();
        let handler = &fallbacks[place].handler;
        let begun = self.new_handler(id, handler).ok().and_then(|program| {
            let new = self.new_call_id();
            let released = self.live(id).call.release_caller(now, new)?;
            let seat = self.moved_seat(id);
            let target = Target {
                fallbacks: fallbacks[place + 1..].into(),
                ..self.successor(id, program, (Began::Fallback(broken), seat))
            };
            self.move_on(now, (id, new), released, target)
        });
        match begun {
            Some(moved) => self.begin_moved(now, moved),
            None => self.tell(now, id, CallInput::NoFallback),
        }
    }

    /// Somebody outside moves the caller of a call to another handler of its tenant; the call it goes on in. What the handler
    /// that has the call waits for on that leg returns `interrupted(moved)` at once, with what it had; whoever else is in the
    /// call stays with it.
    ///
    /// # Errors
    /// There is no such call or handler, or the caller cannot be moved now.
    pub fn move_caller(&mut self, now: Instant, id: CallId, to: &Redirection) -> Result<CallId, RedirectError> {
        if to.text.len() > REDIRECT_TEXT {
            return Err(RedirectError::TextTooLong(to.text.len()));
        }
        let live = self.calls.get(&id).filter(|live| live.is_call_of(&to.tenant));
        if live.ok_or(RedirectError::NoSuchCall)?.is_proof() {
            return Err(RedirectError::Proof);
        }
        let program = self.handler_for(id, &to.handler)?;
        let new = self.new_call_id();
        let released = self.live(id).call.release_caller(now, new);
        let released = released.ok_or(RedirectError::NoCaller)?;
        let seat = self.moved_seat(id);
        let target = self.redirected(id, program, to, seat);
        let moved = self.move_on(now, (id, new), released, target);
        let moved = moved.ok_or(RedirectError::NoCaller)?;
        self.drive(now, id);
        self.begin_moved(now, moved);
        self.settle(now);
        Ok(new)
    }

    /// The program of a handler that somebody outside names: as it is now, not as it was when the call began.
    pub(crate) fn handler_for(&mut self, id: CallId, handler: &str) -> Result<Arc<Program>, RedirectError> {
        let tenant = &self.live(id).tenant.clone();
        let program = self.directory.as_ref().and_then(|now| now.program(tenant, handler));
        let program = program.ok_or_else(|| RedirectError::NoSuchHandler(handler.to_owned()))?;
        if self.has_all_calls() {
            return Err(RedirectError::Full);
        }
        Ok(program)
    }

    /// Where a leg goes on that somebody outside has moved: what it may reach from there is of now, too.
    pub(crate) fn redirected(&mut self, id: CallId, program: Arc<Program>, to: &Redirection, seat: Seat) -> Target {
        let directory = self.directory.clone();
        let target = self.successor(id, program, (Began::Redirected(to.text.clone()), seat));
        Target {
            directory: directory.unwrap_or(target.directory),
            ..target
        }
    }

    /// The program of a handler for one more call.
    fn new_handler(&mut self, id: CallId, handler: &str) -> Result<Arc<Program>, Error> {
        let live = self.live(id);
        let program = live.directory.program(&live.tenant, handler);
        let program = program.ok_or_else(|| Error::NoSuchHandler(handler.to_owned()))?;
        if self.has_all_calls() {
            return Err(Error::Failed("the node has as many calls as it may".to_owned()));
        }
        Ok(program)
    }

    /// Where a leg of a call goes on.
    pub(crate) fn successor(&mut self, id: CallId, program: Arc<Program>, (began, seat): (Began, Seat)) -> Target {
        let live = self.live(id);
        Target {
            directory: live.directory.clone(),
            tenant: live.tenant.clone(),
            program,
            fallbacks: live.call.setup().fallbacks.clone(),
            began,
            continues: Some(id),
            seat,
            candidate: None,
        }
    }

    /// A new call with a leg that another has let go; it does not run yet.
    pub(crate) fn move_on(
        &mut self,
        now: Instant,
        (id, new): (CallId, CallId),
        released: Released,
        target: Target,
    ) -> Option<Moved> {
        let (moved, io) = self.released(now, id, released)?;
        let target = target.for_call(new);
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
        Some(Moved {
            call: (new, call, journal),
            target,
            io,
        })
    }

    /// Runs the handler of a call that begins so. Whoever was put on hold by a handler that is gone, and that the next one knows
    /// nothing of, is taken back.
    pub(crate) fn begin_moved(&mut self, now: Instant, moved: Moved) {
        let new = moved.call.0;
        let unasked = matches!(moved.target.began, Began::Fallback(_) | Began::Redirected(_));
        let on_hold = moved.io.local.direction == Direction::SendOnly;
        self.begin(now, moved.call, moved.target, moved.io);
        if unasked && on_hold && self.calls.get(&new).is_some_and(|live| live.legs.contains_key(&CALLER)) {
            self.hold(now, new, CALLER, HoldWanted::Off);
            self.drive(now, new);
        }
    }

    /// Takes a leg out of its call. The call is driven on when its turn comes.
    pub(crate) fn release(&mut self, now: Instant, id: CallId, leg: LegId) -> Option<(MovedLeg, LegIo)> {
        let live = self.live(id);
        if !live.legs.contains_key(&leg) {
            return None;
        }
        let released = live.call.release(now, leg)?;
        self.released(now, id, released)
    }

    /// What a call holds of a leg that it has let go.
    fn released(&mut self, now: Instant, id: CallId, released: Released) -> Option<(MovedLeg, LegIo)> {
        let leg = released.from;
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
    pub(crate) fn hold_leg(&mut self, id: CallId, leg: LegId, io: LegIo) {
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
