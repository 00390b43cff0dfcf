//! Rooms of a call: legs that hear each other, mixed. Who sits where follows from what the handler asked and from what the
//! legs are, so each leg's seat is worked out anew after every input, and only what differs is told to the media engine.

use super::leg::Audio;
use super::operation::Operation;
use super::{Call, MediaCommand, Output, check};
use crate::ids::{LegId, OperationId};
use crate::words::{Error, Interruption, LegState, LimitName, RoomEvent, RoomPart, Seat};
use std::collections::{BTreeMap, VecDeque};

/// A room that the handler holds.
#[derive(Debug)]
pub(crate) struct Room {
    /// Its number in the call, from 1.
    pub(crate) number: u32,
    seats: BTreeMap<LegId, Seat>,
    /// Not yet read. Bounded: a leg leaves once for each time it came in, and of two speakers in a row the first is gone.
    events: VecDeque<RoomEvent>,
}

/// What a room is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomCommand {
    /// It begins, empty.
    Open,
    /// Takes what is said in it for a recording; [`RecordingSignal::TapOver`](super::RecordingSignal) follows in the end.
    Tap {
        /// Which of the call's recordings.
        recording: u32,
        /// What.
        order: super::TapCommand,
    },
    /// It is over.
    Close,
}

/// What a room tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomSignal {
    /// Another leg is the one that speaks; none if nobody does.
    Speaker(Option<LegId>),
    /// It cannot be mixed.
    Failed,
}

/// A leg's seat as the media engine is to have it. Always complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatWanted {
    /// Which room, by its number in the call.
    pub room: u32,
    /// Whether it is heard.
    pub part: RoomPart,
    /// How loud it is to the others, in dB.
    pub to_room_db: i8,
    /// How loud the others are to it, in dB.
    pub from_room_db: i8,
    /// Who alone hears it: legs that sit in the room. Everybody if empty.
    pub heard_by: Vec<LegId>,
}

impl Room {
    /// One in which nobody sits.
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            seats: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn sit(&mut self, leg: LegId, seat: Seat) {
        self.seats.insert(leg, seat);
    }

    pub(crate) fn has_news(&self) -> bool {
        !self.events.is_empty()
    }

    fn tell(&mut self, event: RoomEvent) {
        if let (RoomEvent::Speaker(_), Some(RoomEvent::Speaker(_))) = (event, self.events.back()) {
            self.events.pop_back();
        }
        self.events.push_back(event);
    }
}

impl Call {
    pub(super) fn open_room(&mut self) -> Result<OperationId, Error> {
        self.not_interrupted()?;
        let open = self.operations.rooms().count();
        check::over(LimitName::Rooms, open + 1, self.setup.limits.rooms)?;
        self.room_for_operation()?;
        self.rooms_opened += 1;
        let number = self.rooms_opened;
        let command = RoomCommand::Open;
        self.outputs.push_back(Output::Room { number, command });
        Ok(self.operations.add(Operation::Room(Box::new(Room::new(number)))))
    }

    fn room_of(&mut self, id: OperationId) -> &mut Room {
        match self.operations.get_mut(id) {
            Some(Operation::Room(room)) => room,
            _ => unreachable!("a room handle names a room that is in the table until it is dropped"),
        }
    }

    pub(super) fn room_number(&mut self, id: OperationId) -> u32 {
        self.room_of(id).number
    }

    pub(super) fn join_room(&mut self, id: OperationId, leg: LegId, seat: &Seat) -> Result<u32, Error> {
        check::seat(seat)?;
        self.in_state(leg, &[LegState::Answered])?;
        let it = &self.legs[leg];
        if it.bridge.is_some() || it.room.is_some_and(|room| room != id) {
            return Err(Error::AlreadyBridged);
        }
        self.room_of(id).seats.insert(leg, seat.clone());
        self.legs[leg].room = Some(id);
        Ok(leg.0)
    }

    pub(super) fn leave_room(&mut self, id: OperationId, leg: LegId) {
        if self.room_of(id).seats.remove(&leg).is_some() {
            self.legs[leg].room = None;
        }
    }

    pub(super) fn room_event(&mut self, id: OperationId) -> Option<RoomEvent> {
        self.room_of(id).events.pop_front()
    }

    /// A leg is gone.
    pub(super) fn room_lost(&mut self, leg: LegId, why: Interruption) {
        let Some(id) = self.legs[leg].room.take() else { return };
        let room = self.room_of(id);
        room.seats.remove(&leg);
        room.tell(RoomEvent::Left { leg: leg.0, why });
        self.guest_lost(leg);
    }

    /// The handle of a room was dropped.
    pub(super) fn close_room(&mut self, id: OperationId, room: &Room) {
        for leg in self.legs.iter_mut().filter(|leg| leg.room == Some(id)) {
            leg.room = None;
        }
        let (number, command) = (room.number, RoomCommand::Close);
        // Those who sit in it are told first: what is closed has no seats to take away.
        self.arrange_seats();
        self.outputs.push_back(Output::Room { number, command });
    }

    /// A room tells something. One that is closed tells nothing any more.
    pub(super) fn room_signal(&mut self, number: u32, signal: RoomSignal) {
        let Some(room) = self.operations.room(number) else {
            return;
        };
        match signal {
            RoomSignal::Speaker(leg) => {
                let speaks = leg.filter(|leg| room.seats.contains_key(leg));
                room.tell(RoomEvent::Speaker(speaks.map(|leg| leg.0)));
            }
            RoomSignal::Failed => room.tell(RoomEvent::Failed),
        }
    }

    /// Brings the seats in the media engine in line with what the call is.
    pub(super) fn arrange_seats(&mut self) {
        if self.rooms_opened == 0 {
            return;
        }
        for leg in self.legs.ids() {
            let wanted = self.seat_of(leg);
            let it = &mut self.legs[leg];
            if it.seated != wanted {
                it.seated.clone_from(&wanted);
                self.outputs.push_back(Output::Media(leg, MediaCommand::Seat(wanted)));
            }
        }
    }

    fn seat_of(&self, leg: LegId) -> Option<SeatWanted> {
        let it = &self.legs[leg];
        let id = it.room.filter(|_| it.audio == Audio::Open)?;
        let Some(Operation::Room(room)) = self.operations.get(id) else {
            return None;
        };
        let seat = room.seats.get(&leg)?;
        let present =
            |other: &LegId| *other != leg && self.legs[*other].audio == Audio::Open && seat.heard_by.contains(&other.0);
        let heard_by: Vec<LegId> = room.seats.keys().copied().filter(present).collect();
        // Who is to be heard by some alone is heard by nobody while none of them is there.
        let unheard = it.muted || (!seat.heard_by.is_empty() && heard_by.is_empty());
        Some(SeatWanted {
            room: room.number,
            part: if unheard { RoomPart::Listens } else { seat.part },
            to_room_db: seat.to_room_db,
            from_room_db: seat.from_room_db,
            heard_by,
        })
    }
}
