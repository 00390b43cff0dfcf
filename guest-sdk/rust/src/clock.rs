//! Time as the call sees it: in a replay the recorded, in a simulation the virtual time.

use crate::bindings::patchcord::handler::clock;
use std::time::Duration;

/// Time since 1970-01-01T00:00:00Z, leap seconds not counted.
pub fn now() -> Duration {
    let now = clock::now();
    Duration::new(now.seconds, now.nanoseconds)
}

/// Time since the call began, in whole milliseconds; never goes back.
pub fn elapsed() -> Duration {
    Duration::from_millis(clock::elapsed_ms())
}
