//! A session's seat in a room: what it says goes there, and what the room lets it hear goes out where nothing else does.

use super::Session;
use crate::mixer::{Part, Way};
use crate::room::{Frames, RoomFrame, RoomId, Rooms};
use crate::{Joined, Sink};

/// A seat.
#[derive(Debug)]
pub(super) struct Seat {
    joined: Joined,
    /// What the room lets it hear.
    heard: Frames,
    /// Whether this tick's frame was taken.
    taken: bool,
}

/// Where a room is, as seen from a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distance {
    /// In the same engine.
    Nearby,
    /// In another.
    Far,
}

impl Session {
    /// Takes a seat in a room, or another, or none.
    pub(crate) fn join(&mut self, joined: Option<Joined>) {
        let rate = self.plan.codec.rate();
        if joined.is_some_and(|joined| joined.part == Part::Talks) {
            self.want_sound();
        }
        match (self.seat.as_mut(), joined) {
            (Some(seat), Some(joined)) if seat.joined.room == joined.room => seat.joined = joined,
            (_, joined) => {
                self.seat = joined.map(|joined| {
                    Box::new(Seat {
                        joined,
                        heard: Frames::nearby(rate),
                        taken: false,
                    })
                });
            }
        }
        self.fit_hearing();
    }

    /// Whether what it receives is for a room.
    pub(super) fn speaks_in_room(&self) -> bool {
        self.seat.as_ref().is_some_and(|seat| seat.joined.part == Part::Talks)
    }

    /// The plan has changed, and with it perhaps the rate.
    pub(super) fn tune_seat(&mut self) {
        let rate = self.plan.codec.rate();
        if let Some(seat) = self.seat.as_mut()
            && seat.heard.length() != rate.frame()
        {
            seat.heard = Frames::nearby(rate);
        }
    }

    /// What the room lets it hear.
    pub(crate) fn hear_room(&mut self, room: RoomId, samples: &[i16], distance: Distance) {
        let Some(seat) = self.seat.as_mut().filter(|seat| seat.joined.room == room) else {
            return;
        };
        if distance == Distance::Far {
            seat.heard.keep_cushion();
        }
        seat.heard.push(samples);
    }

    /// Writes 20 ms of the room. False if there is nothing to be heard.
    pub(super) fn fill_room(&mut self, frame: &mut [i16]) -> bool {
        let Some(seat) = self.seat.as_mut().filter(|seat| seat.heard.length() == frame.len()) else {
            return false;
        };
        seat.taken = true;
        seat.heard.pop(frame)
    }

    /// After a tick: what was not sent of the room is over.
    pub(super) fn pass_room(&mut self) {
        if let Some(seat) = self.seat.as_mut()
            && !std::mem::take(&mut seat.taken)
        {
            seat.heard.skip();
        }
    }

    /// Takes a received frame to the room.
    pub(super) fn say_in_room(&mut self, samples: &[i16], rooms: &mut Rooms, sink: &mut impl Sink) {
        let Some(seat) = self.seat.as_ref().filter(|seat| seat.joined.part == Part::Talks) else {
            return;
        };
        let room = seat.joined.room;
        if !rooms.say(room, self.id, samples) {
            sink.room_frame(&RoomFrame {
                room,
                session: self.id,
                way: Way::ToRoom,
                samples,
            });
        }
    }
}
