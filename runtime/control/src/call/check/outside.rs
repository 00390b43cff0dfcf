//! Ranges of what somebody outside passes to a call.

use super::super::outside::{MESSAGE_BYTES, MESSAGE_NAME_BYTES};
use super::invalid;
use crate::ids::LegId;
use crate::words::{Error, InboxMessage};

/// Legs of one recording: a channel each.
const RECORDED_LEGS: usize = 2;

pub(crate) fn message(message: &InboxMessage) -> Result<(), Error> {
    let name = &message.name;
    if name.is_empty() || name.len() > MESSAGE_NAME_BYTES || name.contains(char::is_control) {
        let right = format!(
            "{} bytes; 1 to {MESSAGE_NAME_BYTES} of one line are allowed",
            name.len()
        );
        return invalid("name", &right);
    }
    let bytes = message.data.reveal().len();
    if bytes > MESSAGE_BYTES {
        return invalid("data", &format!("{bytes} bytes; up to {MESSAGE_BYTES} are allowed"));
    }
    Ok(())
}

pub(crate) fn recorded_legs(legs: &[LegId]) -> Result<(), Error> {
    if legs.len() > RECORDED_LEGS {
        let right = format!("{} legs; one or {RECORDED_LEGS} are recorded", legs.len());
        return invalid("legs", &right);
    }
    Ok(())
}
