//! Calls that are joined from outside: the legs of one come into another, and all hear each other in a room. Whoever drives
//! both calls does the moving.
//!
//! If the caller sits in a room of the handler, they come into that room. Else the platform opens one, the group, for all
//! that the call has on the line; what it has bridged stays bridged, but is heard in the group as long as there is one. The
//! group is over when the last leg that came is gone, and everybody is as before then. The handler is asked nothing, and
//! notices it by the events of its room, or by `already-bridged` where it would seat a leg elsewhere; the legs that came end
//! with its call.

use super::leg::Audio;
use super::moving::MovedLeg;
use super::operation::Operation;
use super::rooms::Room;
use super::{CALLER, Call, ChangeError, Handler, Output, RoomCommand, check};
use crate::ids::{CallId, LegId, OperationId};
use crate::words::{LegState, LimitName, RoomPart, Seat};
use std::time::Instant;

/// A room that the platform has opened for legs that came from other calls.
#[derive(Debug)]
pub(super) struct Group {
    room: OperationId,
    /// Legs that came, as long as they are there. Bounded by `Limits::legs`.
    guests: Vec<LegId>,
}

impl Call {
    /// The legs that can be moved to another call: answered, with audio.
    pub fn movable_legs(&self) -> Vec<LegId> {
        let movable = |leg: &LegId| self.is_on_the_line(*leg);
        self.legs.ids().filter(movable).collect()
    }

    /// Not one that a dialling still has: the handler knows nothing of it yet.
    fn is_on_the_line(&self, leg: LegId) -> bool {
        let it = &self.legs[leg];
        it.state == LegState::Answered && it.audio == Audio::Open && it.dial.is_none()
    }

    /// Whether so many legs of another call may come in.
    ///
    /// # Errors
    /// The handler has ended, nobody of the call is on the line, or a limit is reached.
    pub fn may_join(&self, legs: usize) -> Result<(), ChangeError> {
        if matches!(self.handler, Handler::Over(_) | Handler::Stopping) {
            return Err(ChangeError::HandlerOver);
        }
        if self.movable_legs().is_empty() {
            let first = self.legs.iter().next();
            let state = first.map_or(LegState::Ended, |leg| leg.state);
            return Err(ChangeError::WrongState(CALLER, state));
        }
        let limits = &self.setup.limits;
        check::over(LimitName::Legs, self.legs.len() + legs, limits.legs)?;
        if self.meeting_place().is_none() {
            check::over(LimitName::Rooms, self.operations.rooms().count() + 1, limits.rooms)?;
            self.room_for_operation()?;
        }
        Ok(())
    }

    /// Takes a leg of another call in, after [`Call::may_join`] has said that it may come. Drain [`Call::poll`] afterwards.
    pub fn join_in(&mut self, now: Instant, moved: MovedLeg) -> LegId {
        let leg = self.add_moved(moved);
        let room = self.meeting_place().unwrap_or_else(|| self.open_group());
        self.seat_in(room, leg);
        if let Some(group) = self.group.as_mut().filter(|group| group.room == room) {
            group.guests.push(leg);
        }
        self.settle(now);
        leg
    }

    /// Its legs have gone to another call.
    pub fn went_to(&mut self, call: CallId) {
        self.continued_as = Some(call);
    }

    /// The room where those who come are seated: that of the caller, if there is one.
    fn meeting_place(&self) -> Option<OperationId> {
        self.legs[self.caller()].room
    }

    fn open_group(&mut self) -> OperationId {
        self.rooms_opened += 1;
        let number = self.rooms_opened;
        let command = RoomCommand::Open;
        self.outputs.push_back(Output::Room { number, command });
        let room = self.operations.add(Operation::Room(Box::new(Room::new(number))));
        let guests = Vec::new();
        self.group = Some(Group { room, guests });
        for leg in self.movable_legs() {
            if self.legs[leg].room.is_none() {
                self.seat_in(room, leg);
            }
        }
        room
    }

    fn seat_in(&mut self, room: OperationId, leg: LegId) {
        if let Some(Operation::Room(found)) = self.operations.get_mut(room) {
            let seat = Seat {
                part: RoomPart::Talks,
                to_room_db: 0,
                from_room_db: 0,
                heard_by: Vec::new(),
            };
            found.sit(leg, seat);
            self.legs[leg].room = Some(room);
        }
    }

    /// A leg has left a room. The group is over with the last leg that came.
    pub(super) fn guest_lost(&mut self, leg: LegId) {
        let Some(group) = &mut self.group else { return };
        group.guests.retain(|guest| *guest != leg);
        if !group.guests.is_empty() {
            return;
        }
        let id = group.room;
        self.group = None;
        if let Some(Operation::Room(room)) = self.operations.remove(id) {
            self.close_room(id, &room);
        }
    }
}
