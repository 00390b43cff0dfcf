//! What the door counts.

use crate::figures::Figure;

/// What the door counts.
#[derive(Debug, Default)]
pub(crate) struct BrowserFigures {
    /// Browsers that are expected or there.
    pub(crate) peers: Figure,
    /// TCP connections that are open.
    pub(crate) connections: Figure,
    /// Browsers whose keys were agreed on.
    pub(crate) secured: Figure,
    /// Browsers that were expected and never proved who they are.
    pub(crate) failed: Figure,
    /// Datagrams of nobody who is expected.
    pub(crate) strangers: Figure,
    /// The same, not even looked at, because there were too many.
    pub(crate) floods: Figure,
    /// Datagrams that claim to be of one browser and come from where another is, or are no media.
    pub(crate) refused: Figure,
    /// Packets for which a media thread had no room.
    pub(crate) lost: Figure,
    /// Events that had to wait because their shard's inbox was full.
    pub(crate) waited: Figure,
}
