//! The client gateway: browsers and apps speak JSON messages of our own over a WebSocket (`docs/client-protocol.md`), and to the shards
//! they are SIP user agents like every other. A session outlives its connection for half a minute, so that a client which lost its
//! network comes back to its calls. Descriptions of sessions (SDP) pass as they are.
//!
//! Order to read: `message` (what is said), `core` (what a session does; a value, without I/O), `calls` (its calls), `memory` (what may
//! have to be said again), `sessions` (who may take one over), `task` (its connection, its clock, its way to the shards).

mod calls;
pub(crate) mod core;
mod memory;
mod message;
pub(crate) mod sessions;
pub(crate) mod task;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// The subprotocol of the WebSocket; a change that older clients do not understand gets another.
pub(crate) const SUBPROTOCOL: &str = "patchcord.client.v1";
/// The path of the gateway on the doors for WebSockets.
pub(crate) const PATH: &str = "/client";
/// The version that both sides name.
const VERSION: u32 = 1;

/// Bytes of one message, either way; a longer one ends the connection.
pub(crate) const MESSAGE_BYTES: usize = 64 * 1024;
/// Calls of one session; one more is refused to it, and one more to it is busy.
const CALLS: usize = 8;
/// Messages a second of one client on the average; with more than [`BURST`] on account it is hung up on and has left.
const PER_SECOND: u32 = 50;
/// Messages at once.
const BURST: u32 = 200;
/// Messages to a client that are kept until it has said that it has them. The oldest is forgotten then; a client that misses it cannot
/// resume.
const KEPT: usize = 256;
/// Bytes of those.
const KEPT_BYTES: usize = 512 * 1024;
/// How long a session lasts without a connection.
pub(crate) const RESUME: Duration = Duration::from_secs(30);
/// A client from which nothing has come for so long has lost its network, whatever its connection says. It asks every ten seconds.
const SILENCE: Duration = Duration::from_secs(25);
/// How long before the end of a token its client is told.
const WARNING: Duration = Duration::from_secs(10);
/// How long a client may keep a change of a session waiting; then it is refused.
const OFFER: Duration = Duration::from_secs(10);
/// What a registration is asked for, and how often it is refreshed.
const REGISTRATION: Duration = Duration::from_secs(600);
const REFRESH: Duration = Duration::from_secs(300);
/// How soon a registration that failed is tried again.
const RETRY: Duration = Duration::from_secs(10);
/// How long a client may stay whose token has expired and that has no call.
const AFTER_EXPIRY: Duration = Duration::from_secs(60);

/// Why a WebSocket is closed (RFC 6455 7.4.2).
pub(crate) mod close {
    /// What came is not the protocol.
    pub(crate) const PROTOCOL: u16 = 4400;
    /// There is no good token.
    pub(crate) const TOKEN: u16 = 4401;
    /// The API key behind the token was revoked.
    pub(crate) const REVOKED: u16 = 4403;
    /// Nothing came for long.
    pub(crate) const SILENT: u16 = 4408;
    /// Another connection has taken over the session.
    pub(crate) const TAKEN_OVER: u16 = 4409;
    /// There is nothing to resume.
    pub(crate) const RESUME: u16 = 4410;
    /// Too many messages.
    pub(crate) const TOO_FAST: u16 = 4429;
    /// The client said goodbye.
    pub(crate) const LEFT: u16 = 1000;
    /// The node stops.
    pub(crate) const STOPPING: u16 = 1001;
}
