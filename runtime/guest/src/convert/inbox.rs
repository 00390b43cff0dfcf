//! Conversions of messages from outside.

use crate::bindings::patchcord::handler::inbox;
use patchcord_control::words;

impl From<words::InboxMessage> for inbox::Message {
    fn from(it: words::InboxMessage) -> Self {
        Self {
            name: it.name,
            data: it.data.into_inner(),
        }
    }
}
