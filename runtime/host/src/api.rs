//! The product's API: `/v1` over HTTP/1.1, JSON, for programs with an API key (`api/table.rs` has everything that can be asked). One
//! thread with an async runtime of its own; it owns no call: live ones are asked of their shards. Not here: metrics and health
//! (`http`), which need no key.

mod bytes;
mod calls;
mod console;
mod endpoint;
mod events;
mod history;
mod kept;
mod keys;
mod links;
mod openapi;
mod orders;
mod paths;
mod placing;
mod problem;
mod recordings;
mod repeats;
mod server;
mod table;
mod watching;
mod words;

pub(crate) use history::History;
pub(crate) use kept::{KeptFiles, Traces};
pub use keys::{ApiKey, KeyHash, Scope, new_key};
pub(crate) use links::LinkKey;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::live_calls::LiveCalls;
use crate::start_error::StartError;
use endpoint::Endpoint;
use keys::Keys;
use patchcord_control::events::Event;
use patchcord_control::outbound::{OutboundSettings, Pace, TenantPace};
use placing::Placing;
use repeats::Repeats;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What a reader of events may be behind; who is further behind is told how much was lost.
pub(crate) const EVENTS: usize = 4_096;

/// The API of a node.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it is served.
    pub listen: SocketAddr,
    /// Who may ask.
    pub keys: Vec<ApiKey>,
    /// How fast calls are placed.
    pub outbound: OutboundSettings,
}

/// How fast calls of a tenant are placed where nothing is said: ten a second, a hundred at a time, ten thousand waiting.
pub fn usual_outbound() -> OutboundSettings {
    let tenant = TenantPace {
        pace: Pace {
            per_second: 10,
            burst: 10,
        },
        at_once: 100,
        waiting: 10_000,
    };
    OutboundSettings {
        waiting: 100_000,
        tenant,
        tenants: BTreeMap::new(),
        trunks: BTreeMap::new(),
    }
}

/// What is counted about the API.
#[derive(Debug, Default)]
pub(crate) struct ApiFigures {
    /// Requests.
    pub(crate) asked: Figure,
    /// Of these, answered with a problem.
    pub(crate) refused: Figure,
}

/// What the API knows of the node.
pub(crate) struct Sources {
    pub(crate) live: LiveCalls,
    pub(crate) history: Arc<History>,
    pub(crate) kept: KeptFiles,
    pub(crate) events: broadcast::Sender<Arc<Event>>,
    pub(crate) figures: Arc<ApiFigures>,
}

/// What every request is answered from.
struct Office {
    table: Vec<Endpoint>,
    keys: Keys,
    live: LiveCalls,
    history: Arc<History>,
    kept: KeptFiles,
    placing: Placing,
    events: broadcast::Sender<Arc<Event>>,
    figures: Arc<ApiFigures>,
    repeats: Repeats,
}

/// Binds the port.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let open = || -> io::Result<TcpListener> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    open().map_err(|why| StartError::Api { address, why })
}

/// Starts serving; the port is closed when the thread's handle is dropped.
pub(crate) fn start(listener: TcpListener, config: &ApiConfig, sources: Sources) -> Result<AsyncThread, StartError> {
    let keys = Keys::new(&config.keys);
    let settings = config.outbound.clone();
    let serve = async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime of this thread drives sockets");
        let office = Office {
            table: table::table(),
            keys,
            placing: Placing::start(settings, sources.live.clone(), sources.history.clone()),
            live: sources.live,
            history: sources.history,
            kept: sources.kept,
            events: sources.events,
            figures: sources.figures,
            repeats: Repeats::default(),
        };
        server::accept(listener, Arc::new(office)).await;
    };
    async_thread::start("api", serve).map_err(StartError::Thread)
}
