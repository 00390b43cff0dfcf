//! Random numbers, recorded so that a replay sees the same ones.

use crate::Result;
use crate::bindings::patchcord::handler::random;

/// Unpredictable bytes, up to 65,536.
pub fn bytes(count: u32) -> Result<Vec<u8>> {
    random::bytes(count)
}

/// An unpredictable number.
pub fn number() -> u64 {
    random::number()
}
