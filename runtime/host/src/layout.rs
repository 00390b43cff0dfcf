//! Which thread a media session belongs to: arithmetic on its number, fixed when the node starts. Not a table.

use patchcord_media::{PHASES, SessionId};

/// How many threads of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) shards: usize,
    pub(crate) media_threads: usize,
}

impl Layout {
    /// As many threads as wanted, but not so many that one of them would be without a block of port pairs.
    pub(crate) fn fit(shards: usize, media_threads: usize, pairs: usize) -> Self {
        let blocks = (pairs / PHASES).max(1);
        let media_threads = media_threads.clamp(1, blocks);
        Self {
            shards: shards.clamp(1, blocks / media_threads),
            media_threads,
        }
    }

    /// The media thread that holds a session's sockets. Blocks of [`PHASES`] stay together, so that every thread has as
    /// much to do in each slice.
    pub(crate) fn thread_of(self, session: SessionId) -> usize {
        Self::block(session) % self.media_threads
    }

    /// The session's place among those of its media thread.
    pub(crate) fn slot_of(self, session: SessionId) -> usize {
        Self::block(session) / self.media_threads * PHASES + session.0 as usize % PHASES
    }

    /// The shard the session is lent to. Every shard has sessions of every media thread.
    pub(crate) fn shard_of(self, session: SessionId) -> usize {
        Self::block(session) / self.media_threads % self.shards
    }

    fn block(session: SessionId) -> usize {
        session.0 as usize / PHASES
    }
}

#[cfg(test)]
mod tests;
