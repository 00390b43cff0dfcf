//! The contract's words for rooms. `wit/` is the source; see there for ranges.

use super::Interruption;

/// Whether a leg is heard in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomPart {
    /// It hears and is heard.
    Talks,
    /// It hears.
    Listens,
}

/// What a leg does in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Whether it is heard.
    pub part: RoomPart,
    /// How loud it is to the others, in dB.
    pub to_room_db: i8,
    /// How loud the others are to it, in dB.
    pub from_room_db: i8,
    /// The numbers of the legs that alone hear it; everybody if empty.
    pub heard_by: Vec<u32>,
}

/// What happened in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomEvent {
    /// Another leg is the one that speaks.
    Speaker(Option<u32>),
    /// A leg is gone.
    Left {
        /// Its number.
        leg: u32,
        /// Why.
        why: Interruption,
    },
    /// It cannot be mixed.
    Failed,
}
