//! Keys of a leg whose far end knows no telephone events: told by INFO, or heard in its sound, or both. A far end that does
//! both with each key has pressed it once.

use patchcord_control::words::Key;
use std::time::{Duration, Instant};

/// An INFO that comes so soon after the same key in the sound tells that key.
const SAME_KEY: Duration = Duration::from_secs(1);

/// Where a leg's keys come from.
#[derive(Default)]
pub(crate) struct KeysFrom {
    /// It has told a key by INFO: so it tells all of them, and its sound says nothing new.
    info: bool,
    /// The last key in its sound, until an INFO came.
    sound: Option<(Key, Instant)>,
}

impl KeysFrom {
    /// A key in the sound, if it is news.
    pub(crate) fn sound(&mut self, now: Instant, key: Key) -> Option<Key> {
        if self.info {
            return None;
        }
        self.sound = Some((key, now));
        Some(key)
    }

    /// A key told by INFO, if it is news.
    pub(crate) fn info(&mut self, now: Instant, key: Key) -> Option<Key> {
        self.info = true;
        let known = self
            .sound
            .take()
            .is_some_and(|(heard, at)| heard == key && now.saturating_duration_since(at) < SAME_KEY);
        (!known).then_some(key)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
mod tests;
