//! What a room is told, what it tells, and what crosses between engines for it. Plain values.

use crate::mixer::{Part, Rate, Way};
use crate::{SessionId, TapId, TapOrder};
use std::fmt;

/// Seats of one room. One more is refused: [`RoomEvent::Refused`].
pub const MAX_ROOM_SEATS: usize = 1_024;

/// One room, numbered by the engines' owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId {
    /// It is mixed by the engine that this session belongs to, in its phase. Whether the session is open, or sits in the
    /// room, makes no difference.
    pub home: SessionId,
    /// Never used twice.
    pub number: u64,
}

/// What a room is told. One for a room that is not open is ignored and counted.
#[derive(Debug, Clone)]
pub enum RoomOrder {
    /// Opens it, empty. Refused when the engine has as many rooms as it may have sessions: [`RoomEvent::Refused`].
    Open,
    /// Gives a session a seat, or the one it has another plan. The session is told by
    /// [`Command::Join`](crate::Command::Join) to speak and to hear.
    Seat {
        /// Of this engine or another.
        session: SessionId,
        /// Samples a second of its codec ([`Codec::rate`](crate::Codec::rate)).
        rate: Rate,
        /// What it does in the room.
        plan: SeatPlan,
    },
    /// Takes a session's seat away.
    Leave {
        /// Whose.
        session: SessionId,
    },
    /// Begins, pauses or ends a tap of all that is said in the room, whispers left out. Its reports name the home session.
    Tap {
        /// Which tap.
        tap: TapId,
        /// What it is to do.
        order: TapOrder,
    },
    /// Closes it; its taps end as [`TapEnd::Closed`](crate::TapEnd::Closed).
    Close,
}

/// What a session does in a room. Always complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatPlan {
    /// Whether it is heard.
    pub part: Part,
    /// How loud it is in the room, in dB, -60 to 20.
    pub to_room_db: i8,
    /// How loud the room is to it, in dB, -60 to 20.
    pub from_room_db: i8,
    /// Who alone hears it; nobody if none of them sits in the room. Everybody if there is no name here.
    pub heard_by: Vec<SessionId>,
}

impl Default for SeatPlan {
    fn default() -> Self {
        Self {
            part: Part::Talks,
            to_room_db: 0,
            from_room_db: 0,
            heard_by: Vec::new(),
        }
    }
}

/// What a room tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomEvent {
    /// Another session is the speaker; none if nobody speaks.
    Speaker(Option<SessionId>),
    /// The room, or a seat in it, could not be had.
    Refused,
}

/// 20 ms on their way between a session and a room of another engine: handed to
/// [`Sink::room_frame`](crate::Sink::room_frame), and taken by [`Engine::room_frame`](crate::Engine::room_frame) of the
/// engine that has the room (to it), or the session (from it).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoomFrame<'a> {
    /// Which room.
    pub room: RoomId,
    /// Who says or hears it.
    pub session: SessionId,
    /// To the room or from it.
    pub way: Way,
    /// At the session's rate, at most 320.
    pub samples: &'a [i16],
}

impl fmt::Debug for RoomFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room, session, way, .. } = self;
        write!(
            f,
            "RoomFrame {{ room: {room:?}, session: {session:?}, way: {way:?}, samples: <private> }}"
        )
    }
}
