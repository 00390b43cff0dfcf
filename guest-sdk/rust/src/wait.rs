//! Waiting: for time to pass, and for the first of several operations.

use crate::bindings::patchcord::handler::wait;
use crate::prompt::ms;
use crate::{Operation, Result};
use std::time::Duration;

/// Waits; up to four hours.
pub fn sleep(time: Duration) -> Result<()> {
    wait::sleep(ms(time))
}

/// Waits until one of 1 to 64 operations is done and gives its place in the list; none if `timeout` passed first.
pub fn any(operations: &[&Operation], timeout: Option<Duration>) -> Result<Option<usize>> {
    let place = wait::any(operations, timeout.map(ms))?;
    Ok(place.map(|place| place as usize))
}

/// So many seconds.
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many milliseconds.
pub const fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
