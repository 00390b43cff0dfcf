//! Ranges of rooms.

use super::invalid;
use crate::words::{Beep, Error, RecordOptions, Seat};

const ROOM_DB: std::ops::RangeInclusive<i8> = -60..=20;
const LISTENERS_MAX: usize = 64;

pub(crate) fn seat(seat: &Seat) -> Result<(), Error> {
    for (argument, decibels) in [
        ("seat.to-room-db", seat.to_room_db),
        ("seat.from-room-db", seat.from_room_db),
    ] {
        if !ROOM_DB.contains(&decibels) {
            let (least, most) = (ROOM_DB.start(), ROOM_DB.end());
            return invalid(argument, &format!("{decibels} dB; {least} to {most} is allowed"));
        }
    }
    match seat.heard_by.len() {
        0..=LISTENERS_MAX => Ok(()),
        legs => invalid(
            "seat.heard-by",
            &format!("{legs} legs; up to {LISTENERS_MAX} are allowed"),
        ),
    }
}

/// What a recording of a room cannot have.
pub(crate) fn record_room(options: &RecordOptions) -> Result<(), Error> {
    if options.beep == Beep::Yes {
        return invalid(
            "options.beep",
            "a recording of a room has no beep; play one to its legs",
        );
    }
    if !options.finish_on.is_empty() {
        return invalid("options.finish-on", "keys do not end a recording of a room");
    }
    super::record(&[], options)
}
