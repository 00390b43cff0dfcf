//! The wire: bytes to messages, messages to transactions, transactions to dialogs, and SDP offer/answer.
//!
//! Everything here is a value: [`Endpoint`] owns no socket, clock or random source. Feed it messages and the time,
//! call its commands, then drain [`Endpoint::poll`] and sleep until [`Endpoint::wake_at`]. The crate knows nothing of
//! media or call control: it reports what a peer wants as an [`Event`] and does what it is told.
//!
//! What a peer does wrong is a counted value, never a panic. RFC 3261 (messages, transactions, dialogs), RFC 6026 (the
//! Accepted state), RFC 3581 (rport), RFC 3264 (offer/answer), RFC 3262 (100rel), RFC 3311 (UPDATE), RFC 4028 (session
//! timers), RFC 3515, 3891 and 3892 (transfer), judged by RFC 4475 and RFC 5118. [`border`] is a stateless proxy beside it
//! (RFC 3327, 5626, 5658).

mod address;
pub mod border;
mod class;
mod dialog;
mod digest;
mod endpoint;
mod event;
mod flow;
mod gate;
mod headers;
pub mod identity;
mod keyed;
pub mod limits;
mod message;
mod method;
mod notifier;
mod outside;
mod parse;
mod print;
mod proven;
mod registrar;
mod resolve;
pub mod sdp;
pub mod stream;
#[cfg(test)]
mod tests;
mod timers;
mod token;
mod transaction;
mod trunk;
mod uri;
mod via;

pub use address::NameAddr;
pub use class::Class;
pub use digest::{
    Algorithm, Authenticator, AuthenticatorConfig, Challenge, Challenger, Covered, Credentials, DigestFailure,
    Freshness, NoAnswer, Secret, Session, challenges,
};
pub use endpoint::{
    Config, Counters, DialogError, DialogId, Endpoint, ExchangeId, Input, Outgoing, Output, ReferId, Rejection,
    SessionTimer,
};
pub use event::{EndCause, Event, Failure, Last};
pub use flow::{ConnectionId, Flow, Listener, ShardOf, Target, Transport, shard_of};
pub use gate::{
    CallsOfRegistered, Gate, GateConfig, GateCounters, GateError, Rate, Strangers, TrustedPeer, User, Verdict,
};
pub use headers::{Field, Headers};
pub use limits::Limits;
pub use message::{CSeq, Message, Request, Response};
pub use method::Method;
pub use notifier::{
    Activity, Basic, Notice, Notifier, Package, Person, SUBSCRIPTION_LONGEST, SUBSCRIPTION_SHORTEST, SubscriptionId,
};
pub use outside::{Origin, OutgoingRequest, Reply};
pub use parse::{Fault, Malformed, parse, peek_call_id};
pub use proven::{CLIENTS_DOMAIN, MayCall, MayWatch, Proven};
pub use registrar::{
    Binding, BindingId, Full, Location, LocationChange, Owner, Registered, Registrar, RegistrarConfig,
    address_of_record, by_device,
};
pub use resolve::{
    Answer, DnsCache, Failover, Families, Naptr, Question, Resolution, ResolveError, ResolveOptions, ResolveStep, Srv,
};
pub use timers::TimerValues;
pub use trunk::{
    Met, Probe, Reach, Registration, Trunk, TrunkConfig, TrunkError, TrunkInput, TrunkMode, TrunkOutput, TrunkRequest,
    TrunkState,
};
pub use uri::{Scheme, Uri};
pub use via::Via;
