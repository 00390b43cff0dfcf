//! What the stream transports count: each field is a value on the metrics page.

use super::connections::{Ended, NoRoom};
use crate::clients::TokenFigures;
use crate::figures::Figure;
use patchcord_sip::stream::FramingError;

/// Figures of all stream connections of a node. Each field is a line of the metrics page, hence so many.
#[derive(Debug, Default)]
pub(crate) struct StreamFigures {
    /// Connections there are.
    pub(crate) connections: Figure,
    /// Opened by peers.
    pub(crate) accepted: Figure,
    /// Opened by us.
    pub(crate) opened: Figure,
    /// Not accepted or opened: too many in all.
    pub(crate) refused_total: Figure,
    /// Not accepted: too many of one source.
    pub(crate) refused_source: Figure,
    /// Could not be opened, or proved no name.
    pub(crate) not_opened: Figure,
    /// Handshakes of peers (TLS, WebSocket) that failed.
    pub(crate) handshakes_failed: Figure,
    /// Closed because nothing came or went for long.
    pub(crate) idle: Figure,
    /// Closed because the peer did not go on.
    pub(crate) stalled: Figure,
    /// Closed because the peer did not read.
    pub(crate) queue_full: Figure,
    /// Closed because what came was in doubt, by the order of [`FramingError::ALL`].
    pub(crate) framing: [Figure; FramingError::ALL.len()],
    /// Closed because the API key behind them was revoked.
    pub(crate) revoked: Figure,
    /// Connections for SIP that came with a token that is not good.
    pub(crate) tokens_refused: Figure,
    /// Clients that were refused, by what is wrong with their tokens: of SIP and of the client protocol.
    pub(crate) tokens: TokenFigures,
    /// Closed because of what a WebSocket is not allowed to carry.
    pub(crate) websocket_errors: Figure,
    /// Whole messages received.
    pub(crate) received: Figure,
    /// Messages given to a connection to be written.
    pub(crate) sent: Figure,
    /// Keep-alive pings answered.
    pub(crate) pings: Figure,
    /// Messages that found the way to the streams' thread full.
    pub(crate) orders_dropped: Figure,
    /// Messages dropped because a shard stayed busy.
    pub(crate) inbox_dropped: Figure,
    /// Times certificates were loaded again.
    pub(crate) certificate_loads: Figure,
    /// Times new certificates were refused and the old ones kept.
    pub(crate) certificate_errors: Figure,
}

impl StreamFigures {
    /// Counts why there was no room.
    pub(super) fn no_room(&self, why: NoRoom) {
        match why {
            NoRoom::Total => self.refused_total.one(),
            NoRoom::Source => self.refused_source.one(),
        }
    }

    /// Counts why a connection ended, as far as it is not counted where it was seen.
    pub(super) fn ended(&self, why: Ended) {
        match why {
            Ended::NotOpened => self.not_opened.one(),
            Ended::Idle => self.idle.one(),
            Ended::Stalled => self.stalled.one(),
            Ended::QueueFull => self.queue_full.one(),
            Ended::Revoked => self.revoked.one(),
            Ended::ByPeer | Ended::Framing | Ended::Stopping => {}
        }
    }

    /// Counts a doubt about where a message ends.
    pub(super) fn framing(&self, why: FramingError) {
        let kind = FramingError::ALL.iter().position(|known| *known == why);
        self.framing[kind.expect("ALL holds every kind")].one();
    }
}
