//! Small values that outlive the call, by key. They belong to the tenant: all its handlers share them.
//!
//! ```no_run
//! # use patchcord::prelude::*;
//! # fn handle(caller: Leg) -> Result<()> {
//! let calls = store::add("calls today", 1, Some(hours(24)))?;
//! info!("call number {calls} of today");
//! // Two calls at once: the second sees that the first was faster.
//! if let Some(entry) = store::get("agents free")? {
//!     let taken = store::set_if_version("agents free", entry.version, b"0", None)?;
//!     info!("got the last agent: {}", taken.is_some());
//! }
//! # Ok(())
//! # }
//! # fn hours(count: u64) -> std::time::Duration { std::time::Duration::from_secs(count * 3600) }
//! ```

use crate::Result;
use crate::bindings::patchcord::handler::store::{self, Expected, Swapped};
use std::time::Duration;

pub use crate::bindings::patchcord::handler::store::Entry;

impl Entry {
    /// The value as a text; none if it is no UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.value).ok()
    }
}

/// What is kept at a key of 1 to 256 bytes; none if there is nothing, or it has expired.
pub fn get(key: &str) -> Result<Option<Entry>> {
    store::get(key)
}

/// Keeps a value of up to 65,536 bytes, in place of another; its version. It expires after `ttl`, 1 ms to 366 days; never
/// without.
pub fn set(key: &str, value: impl AsRef<[u8]>, ttl: Option<Duration>) -> Result<u64> {
    store::set(key, value.as_ref(), ttl.map(ms))
}

/// Removes what is kept at a key. Whether there was something.
pub fn delete(key: &str) -> Result<bool> {
    store::delete(key)
}

/// Keeps a value if nothing is there; its version, or none if something is.
pub fn set_if_absent(key: &str, value: impl AsRef<[u8]>, ttl: Option<Duration>) -> Result<Option<u64>> {
    swap(key, Expected::Absent, value.as_ref(), ttl)
}

/// Keeps a value in place of the one of this version; its own version, or none if that one is not there any more.
pub fn set_if_version(key: &str, version: u64, value: impl AsRef<[u8]>, ttl: Option<Duration>) -> Result<Option<u64>> {
    swap(key, Expected::Version(version), value.as_ref(), ttl)
}

/// Adds to a number, 0 where nothing is, and gives the sum. A new number expires after `ttl`; one that is there keeps its time.
pub fn add(key: &str, by: i64, ttl: Option<Duration>) -> Result<i64> {
    store::add(key, by, ttl.map(ms))
}

fn swap(key: &str, expected: Expected, value: &[u8], ttl: Option<Duration>) -> Result<Option<u64>> {
    let swapped = store::compare_and_set(key, expected, value, ttl.map(ms))?;
    Ok(match swapped {
        Swapped::Done(version) => Some(version),
        Swapped::Conflict(_) => None,
    })
}

/// What is too long for the contract is refused by it.
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
