//! The wire: bytes to messages, messages to transactions, transactions to dialogs, and SDP offer/answer.
//!
//! Everything here is a value: [`Endpoint`] owns no socket, clock or random source. Feed it messages and the time,
//! call its commands, then drain [`Endpoint::poll`] and sleep until [`Endpoint::wake_at`]. The crate knows nothing of
//! media or call control: it reports what a peer wants as an [`Event`] and does what it is told.
//!
//! What a peer does wrong is a counted value, never a panic. RFC 3261 (messages, transactions, dialogs), RFC 6026 (the
//! Accepted state), RFC 3581 (rport), RFC 3264 (offer/answer), judged by RFC 4475 and RFC 5118.

mod address;
mod dialog;
mod endpoint;
mod event;
mod flow;
mod headers;
pub mod limits;
mod message;
mod method;
mod parse;
mod print;
pub mod sdp;
pub mod stream;
#[cfg(test)]
mod tests;
mod timers;
mod token;
mod transaction;
mod uri;
mod via;

pub use address::NameAddr;
pub use endpoint::{Config, Counters, DialogError, DialogId, Endpoint, Input, Outgoing, Output, Rejection};
pub use event::{EndCause, Event, Failure};
pub use flow::{ConnectionId, Flow, Listener, ShardOf, Target, Transport, shard_of};
pub use headers::{Field, Headers};
pub use limits::Limits;
pub use message::{CSeq, Message, Request, Response};
pub use method::Method;
pub use parse::{Fault, Malformed, parse, peek_call_id};
pub use timers::TimerValues;
pub use uri::{Scheme, Uri};
pub use via::Via;
