//! THE MACHINE: sockets, threads, the clock, files and the network around the cores, and the command line on top.
//!
//! The library is the machine: a [`Node`] wires sockets and threads to shards and media engines. The binary is the
//! command line. Nothing in here decides anything about a call.
//!
//! Reading order: [`node`] (the wiring), `net`, `transports`, `deal` and `shard_threads` (a SIP message's way in and
//! out), `dns` (where an address can be reached), `media_threads` (sound), `records` (what is left of a call), `metrics`
//! and `http` (what an operator sees), [`config`] and [`serve`](mod@serve) (how it is started).

mod async_thread;
mod batch;
mod certificates;
pub mod config;
mod deal;
mod dns;
mod doors;
mod fetch;
mod figures;
mod http;
mod layout;
mod live_streams;
pub mod log;
mod media_threads;
mod metrics;
mod net;
pub mod node;
mod ports;
mod process;
pub mod programs;
mod recordings;
pub mod records;
pub mod serve;
mod shard_threads;
mod start_error;
mod tapped_frame;
mod ticker;
pub mod trace;
mod transports;
mod watch;

pub use certificates::{CertificateError, Identity, TlsFiles};
pub use doors::{Door, Sip};
#[doc(hidden)]
pub use media_threads::FlatOut;
pub use node::{Media, Node, NodeConfig, Streams, WatchedTrunk};
pub use records::RecordsTo;
pub use start_error::StartError;
pub use watch::{Seen, WATCH_QUEUE};
