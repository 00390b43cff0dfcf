//! Whether this node is part of its cluster at the moment, and the connection under it.

use crate::Error;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How this node stands to its cluster. Calls go on in all states; what needs others fails at once where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Connected and registered since the start.
    Joined,
    /// The connection is gone, or the lease could not be renewed. It comes back by itself.
    Cut {
        /// Since when.
        since: Instant,
    },
    /// Connected and registered again. What was missed is told as gaps.
    Healed {
        /// How often that happened.
        times: u64,
        /// How long the last cut was.
        lasted: Duration,
    },
    /// Another process has this node's name, after our lease ran out. It stays so: this process must end.
    Replaced {
        /// Its incarnation.
        by: u64,
    },
    /// The node left.
    Left,
}

impl State {
    /// An error unless the node is part of the cluster.
    pub(crate) fn open(self) -> Result<(), Error> {
        match self {
            Self::Joined | Self::Healed { .. } => Ok(()),
            Self::Cut { .. } => Err(Error::Cut),
            Self::Replaced { .. } => Err(Error::Replaced),
            Self::Left => Err(Error::Left),
        }
    }
}

/// The connection, as its client tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) connected: bool,
    /// How often it was made.
    pub(crate) connects: u64,
    /// What the server refused last, in its words: a permission, most likely.
    pub(crate) refused: Option<String>,
}

/// Ends when the node is no longer that node: it left, was replaced, or was dropped.
pub(crate) async fn over(state: &mut watch::Receiver<State>) {
    let _ = state
        .wait_for(|state| matches!(state, State::Replaced { .. } | State::Left))
        .await;
}

/// Ends when the connection is gone.
pub(crate) async fn cut(link: &mut watch::Receiver<Link>) {
    let _ = link.wait_for(|link| !link.connected).await;
}
