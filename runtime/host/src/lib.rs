//! THE MACHINE: sockets, threads, the clock, files and the network around the cores, and the command line on top.
//!
//! The library is the machine: a [`Node`] wires sockets and threads to shards and media engines. The binary is the
//! command line. Nothing in here decides anything about a call.
//!
//! Reading order: [`node`] (the wiring), `net`, `transports`, `deal`, `border` and `shard_threads` (a SIP message's way in
//! and out), `dns` (where an address can be reached), `media_threads` (sound), [`speech`] and `web_files` (texts and files of the web
//! that become sound), [`recognition`] (sound that becomes words), `tenant_store`
//! (what handlers keep beyond a call), `web_requests` (what they ask of web servers), `records` (what is left of a call), `metrics`
//! and `http` (what an operator sees), [`config`] and [`serve`](mod@serve) (how it is started).

mod api;
#[doc(hidden)]
pub mod api_client;
mod aside;
mod async_thread;
mod batch;
mod beside;
mod border;
mod browsers;
mod certificates;
pub mod clients;
mod cluster;
pub mod config;
mod database;
mod deal;
mod deployments;
mod dns;
mod doors;
#[doc(hidden)]
pub mod encoding;
mod fetch;
mod figures;
mod hosted;
mod http;
pub mod journals;
mod layout;
mod live_calls;
mod live_streams;
pub mod log;
mod media_threads;
mod metrics;
mod net;
pub mod node;
mod orders;
mod ports;
mod presence;
mod process;
pub mod programs;
pub mod recognition;
mod recordings;
pub mod records;
pub mod serve;
mod shard_threads;
mod sightings;
mod sounds;
pub mod speech;
mod start_error;
mod tapped_frame;
pub mod telemetry;
mod telling;
mod tenant_store;
#[cfg(test)]
mod testing;
mod ticker;
pub mod trace;
mod transports;
mod watch;
mod web;
mod web_files;
mod web_requests;

pub use api::{ApiConfig, ApiKey, KeyHash, ProofHandler, Scope, new_key, usual_outbound};
pub use browsers::{BrowserDoor, Ice};
pub use certificates::{CertificateError, Identity, TlsFiles};
pub use clients::{IceServers, IceServersError, IceUrl};
pub use cluster::{ClusterConfig, NodeDoor};
pub use database::{DatabaseConfig, SealingKey};
pub use doors::{Door, Sip};
pub use hosted::HostedServer;
#[doc(hidden)]
pub use live_calls::{Busy, LiveCalls, NotDone};
pub use media_threads::FlatOut;
pub use node::{Media, Node, NodeConfig, Streams, WatchedTrunk};
pub use recognition::{RecogniserConfig, RecogniserServer, RecognitionConfig};
pub use recordings::sending::StoreConfig;
pub use records::RecordsTo;
pub use speech::{SpeechConfig, VoiceConfig};
pub use start_error::StartError;
pub use telling::{TellingConfig, Webhook};
pub use tenant_store::{OpenError, TenantStoreConfig};
pub use watch::{Seen, WATCH_QUEUE};
pub use web::WebAddress;
pub use web_files::WebFilesConfig;
pub use web_requests::WebRequestsConfig;
