//! Conversions of rooms.

use super::same;
use crate::bindings::patchcord::handler::room;
use patchcord_control::words;

same!(room::Part => words::RoomPart: Talks, Listens);

impl From<room::Seat> for words::Seat {
    fn from(it: room::Seat) -> Self {
        Self {
            part: it.part.into(),
            to_room_db: it.to_room_db,
            from_room_db: it.from_room_db,
            heard_by: it.heard_by,
        }
    }
}

impl From<words::RoomEvent> for room::Event {
    fn from(it: words::RoomEvent) -> Self {
        match it {
            words::RoomEvent::Speaker(leg) => Self::Speaker(leg),
            words::RoomEvent::Left { leg, why } => Self::Left(room::Departure { leg, why: why.into() }),
            words::RoomEvent::Failed => Self::Failed,
        }
    }
}
