//! Groups of parties changed from outside: two calls of this shard joined, and a leg split off into a call of its own. What
//! that means for the handlers stands at [`patchcord_control::call`] and in the contract: whoever is moved is `moved`.

use crate::moving::{RedirectError, Redirection};
use crate::shard::Shard;
use patchcord_control::call::ChangeError;
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::words::REDIRECT_TEXT;
use std::fmt;
use std::time::Instant;

/// Why two calls are not joined. Nothing was done then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinError {
    /// The tenant has no such call alive on this shard.
    NoSuchCall(CallId),
    /// They are one call.
    SameCall,
    /// The call whose legs were to come has none on the line.
    NoLegs(CallId),
    /// The other call cannot take them now.
    Refused(ChangeError),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCall(call) => write!(f, "there is no {call}, or it is not beside the other"),
            Self::SameCall => f.write_str("a call cannot be joined with itself"),
            Self::NoLegs(call) => write!(f, "nobody of {call} is on the line"),
            Self::Refused(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for JoinError {}

impl Shard {
    /// Joins two calls of a tenant: all legs of `from` that are on the line come into `into`, and hear and are heard there.
    /// The handler of `from` is interrupted with `moved` and ends; its record says where they went. Their numbers in `into`.
    /// Drain [`Shard::poll`] afterwards.
    ///
    /// # Errors
    /// One of the calls is not there, or they cannot be joined now.
    pub fn join_calls(
        &mut self,
        now: Instant,
        tenant: &Tenant,
        (into, from): (CallId, CallId),
    ) -> Result<Vec<LegId>, JoinError> {
        for call in [into, from] {
            let live = self.calls.get(&call).filter(|live| live.is_call_of(tenant));
            if live.ok_or(JoinError::NoSuchCall(call))?.is_proof() {
                return Err(JoinError::Refused(ChangeError::Proof));
            }
        }
        if into == from {
            return Err(JoinError::SameCall);
        }
        let coming = self.live(from).call.movable_legs();
        if coming.is_empty() {
            return Err(JoinError::NoLegs(from));
        }
        let free = self.live(into).call.may_join(coming.len());
        free.map_err(JoinError::Refused)?;
        self.live(from).call.went_to(into);
        let mut came = Vec::with_capacity(coming.len());
        for leg in coming {
            let Some((moved, io)) = self.release(now, from, leg) else {
                continue;
            };
            let number = self.live(into).call.next_leg();
            self.hold_leg(into, number, io);
            came.push(self.live(into).call.join_in(now, moved));
        }
        let legs = came.len() as u32;
        self.note_joined(now, (into, from), legs);
        self.drive(now, into);
        self.drive(now, from);
        self.settle(now);
        self.report_messages(now);
        Ok(came)
    }

    fn note_joined(&mut self, now: Instant, (into, from): (CallId, CallId), legs: u32) {
        if let Some(journal) = &mut self.live(into).journal {
            journal.legs_came(now, legs);
        }
        if let Some(journal) = &mut self.live(from).journal {
            journal.legs_went(now, legs);
        }
    }

    /// Splits a leg off its call into a new one with another handler of the tenant, as [`Shard::move_caller`] does it with the
    /// caller; whoever else is in the call stays. The new call.
    ///
    /// # Errors
    /// There is no such call, handler or leg, or the leg is not on the line.
    pub fn move_leg(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        to: &Redirection,
    ) -> Result<CallId, RedirectError> {
        let live = self.calls.get(&id).filter(|live| live.is_call_of(&to.tenant));
        let live = live.ok_or(RedirectError::NoSuchCall)?;
        if live.is_proof() {
            return Err(RedirectError::Proof);
        }
        if live.call.caller() == leg {
            return self.move_caller(now, id, to);
        }
        if !live.call.movable_legs().contains(&leg) {
            return Err(RedirectError::NoSuchLeg(leg));
        }
        if to.text.len() > REDIRECT_TEXT {
            return Err(RedirectError::TextTooLong(to.text.len()));
        }
        let program = self.handler_for(id, &to.handler)?;
        let seat = self.another_seat(now, id).map_err(RedirectError::Tenant)?;
        let new = self.new_call_id();
        let released = self.live(id).call.release(now, leg);
        let released = released.ok_or(RedirectError::NoSuchLeg(leg))?;
        let target = self.redirected(id, program, to, seat);
        let moved = self.move_on(now, (id, new), released, target);
        let moved = moved.ok_or(RedirectError::NoSuchLeg(leg))?;
        self.drive(now, id);
        self.begin_moved(now, moved);
        self.settle(now);
        self.report_messages(now);
        Ok(new)
    }
}
