//! `room`: several legs that hear each other.

use super::call::nothing;
use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::room::{Event, Seat};
use crate::bindings::patchcord::handler::types::Error;
use crate::handles::{Leg, Room, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(room: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Room>(room, "room")?;
    define(room, "open", |()| Ask::OpenRoom, started::<Room>)?;
    define_as_operation::<Room>(room, "[method]room.operation")?;
    define(
        room,
        "[method]room.join",
        |(it, member, seat): (Resource<Room>, Resource<Leg>, Seat)| Ask::JoinRoom {
            room: operation(&it),
            leg: leg(&member),
            seat: seat.into(),
        },
        |_, answer| match answer {
            Answer::Seated(seated) => Some((seated.map_err(Error::from),)),
            _ => None,
        },
    )?;
    define(
        room,
        "[method]room.leave",
        |(it, member): (Resource<Room>, Resource<Leg>)| Ask::LeaveRoom {
            room: operation(&it),
            leg: leg(&member),
        },
        nothing,
    )?;
    define(
        room,
        "[method]room.next-event",
        |(it,): (Resource<Room>,)| Ask::RoomEvent { room: operation(&it) },
        |_, answer| match answer {
            Answer::RoomEvent(event) => Some((event.map(Event::from),)),
            _ => None,
        },
    )
}
