//! Conversions of the store.

use crate::bindings::patchcord::handler::store;
use patchcord_control::words;

impl From<store::Expected> for words::Expected {
    fn from(it: store::Expected) -> Self {
        match it {
            store::Expected::Absent => Self::Absent,
            store::Expected::Version(version) => Self::Version(version),
        }
    }
}

impl From<words::StoreEntry> for store::Entry {
    fn from(it: words::StoreEntry) -> Self {
        Self {
            value: it.value.into_inner(),
            version: it.version,
        }
    }
}

impl From<words::Swapped> for store::Swapped {
    fn from(it: words::Swapped) -> Self {
        match it {
            words::Swapped::Done(version) => Self::Done(version),
            words::Swapped::Conflict(there) => Self::Conflict(there),
        }
    }
}
