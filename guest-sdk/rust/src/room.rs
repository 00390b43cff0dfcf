//! Several legs that hear each other.

use crate::bindings::patchcord::handler::room::{self, Event, Part, Room, Seat as Options};
use crate::bindings::patchcord::handler::{record, wait};
use crate::prompt::ms;
use crate::{Record, Recording, Result};
use std::time::Duration;

/// What a leg does in a room.
#[derive(Debug, Clone)]
pub struct Seat(pub(crate) Options);

impl Seat {
    /// It hears everybody and is heard by everybody.
    pub fn talks() -> Seat {
        Seat::new(Part::Talks)
    }

    /// It hears everybody and is not heard.
    pub fn listens() -> Seat {
        Seat::new(Part::Listens)
    }

    fn new(part: Part) -> Seat {
        Seat(Options {
            part,
            to_room_db: 0,
            from_room_db: 0,
            heard_by: Vec::new(),
        })
    }

    /// Only these legs hear it, by the numbers that [`Room::join`] gave; nobody while none of them is in the room.
    pub fn heard_only_by(mut self, legs: &[u32]) -> Seat {
        self.0.heard_by = legs.to_vec();
        self
    }

    /// So much louder to the others, in dB, -60 to 20.
    pub fn louder(mut self, decibels: i8) -> Seat {
        self.0.to_room_db = decibels;
        self
    }

    /// The others are so much louder to it, in dB, -60 to 20.
    pub fn hears_louder(mut self, decibels: i8) -> Seat {
        self.0.from_room_db = decibels;
        self
    }
}

impl Room {
    /// An empty room. Dropping it closes it; the legs stay.
    pub fn open() -> Result<Room> {
        room::open()
    }

    /// Lets an answered leg in, or changes what one does that is in; its number.
    pub fn seat(&self, leg: &crate::Leg, seat: Seat) -> Result<u32> {
        self.join(leg, &seat.0)
    }

    /// The next event; waits for one, and gives none if `time` passes first.
    pub fn event_within(&self, time: Duration) -> Result<Option<Event>> {
        if let Some(event) = self.next_event() {
            return Ok(Some(event));
        }
        let operation = self.operation();
        wait::any(&[&operation], Some(ms(time)))?;
        Ok(self.next_event())
    }

    /// Starts recording all that is said in it and returns at once. It ends with the room.
    pub fn start_record(&self, how: Record) -> Result<Recording> {
        record::start_room(self, &how.0)
    }
}
