//! What a call or an instance holds of its tenant's share. Dropping it gives it back.

use super::share::Share;
use std::sync::Arc;

/// A place in a tenant's share.
#[derive(Debug)]
#[must_use = "a dropped seat gives back its place and its memory at once"]
pub struct Seat {
    share: Arc<Share>,
    calls: u32,
    memory: u64,
}

impl Seat {
    /// One that was counted.
    pub(super) fn new(share: Arc<Share>, calls: u32, memory: u64) -> Self {
        Self { share, calls, memory }
    }

    /// So much memory was counted for it too.
    pub(super) fn add_memory(&mut self, memory: u64) {
        self.memory += memory;
    }

    /// Whose it is.
    pub fn share(&self) -> &Arc<Share> {
        &self.share
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.share.leave(self.calls, self.memory);
    }
}
