//! The product's API: `/v1` over HTTP/1.1, JSON, for programs with an API key (`api/table.rs` has everything that can be asked). One
//! thread with an async runtime of its own; it owns no call: live ones are asked of their shards. Not here: metrics and health
//! (`http`), which need no key.

mod accounts;
mod bytes;
mod caller_ids;
mod calls;
mod clients;
mod console;
mod deploying;
mod elsewhere;
mod endpoint;
mod events;
mod history;
mod kept;
mod keys;
mod leading;
mod links;
mod nodes;
mod openapi;
mod orders;
mod past;
mod paths;
mod placing;
mod presence;
mod problem;
mod proving;
mod readers;
mod receivers;
mod recordings;
mod repeats;
mod server;
mod stored;
mod table;
mod watching;
mod websocket;
mod words;

pub(crate) use clients::ClientDoors;
pub(crate) use history::History;
pub(crate) use kept::{KeptFiles, Traces};
pub use keys::{ApiKey, KeyHash, Scope, new_key};
pub(crate) use links::LinkKey;
pub(crate) use past::{PastFigures, PastThread, Waiting as WaitingCalls, queue as past_queue, start as start_past};
pub(crate) use presence::StatusBody;
pub(crate) use proving::WAITING as PROOFS_WAITING;

use crate::async_thread::{self, AsyncThread};
use crate::certificates::{Certificates, Identity, TlsFiles};
use crate::clients::ice::ClientIce;
use crate::clients::signing_keys::{self, Questions, SigningKeys};
use crate::cluster::{ClusterThread, Membership, Others};
use crate::database::DatabaseConfig;
use crate::deployments::{Deployments, Loader, TenantLimits, now_ms};
use crate::figures::Figure;
use crate::live_calls::LiveCalls;
use crate::presence::PresenceQueue;
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use crate::telling::Courier;
use endpoint::Endpoint;
use keys::Keys;
use patchcord_control::events::Event;
use patchcord_control::ids::Tenant;
use patchcord_control::outbound::{OutboundSettings, Pace, TenantPace};
use patchcord_control::tenancy::Tenancy;
use patchcord_database::{Database, Error};
use placing::Placing;
use readers::Readers;
use repeats::Repeats;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::{Semaphore, broadcast, mpsc};

/// What a reader of events may be behind; who is further behind is told how much was lost.
pub(crate) const EVENTS: usize = 4_096;

/// The API of a node.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it is served.
    pub listen: SocketAddr,
    /// Certificate and key, to be served by https; none: by http.
    pub tls: Option<Identity>,
    /// Who may ask.
    pub keys: Vec<ApiKey>,
    /// How fast calls are placed.
    pub outbound: OutboundSettings,
    /// Where what is deployed and what was is kept.
    pub database: DatabaseConfig,
    /// Whose routes count for calls that are nobody else's.
    pub home: Tenant,
    /// What proves that a tenant has a number; none: no number is proved here.
    pub caller_ids: Option<ProofHandler>,
}

/// A handler of the configuration that asks whoever has a number for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofHandler {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its name.
    pub handler: String,
}

impl ApiConfig {
    /// The tenants that can deploy: the home, and those with a key.
    pub(crate) fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        std::iter::once(&self.home).chain(self.keys.iter().map(|key| &key.tenant))
    }
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
    /// Past calls on their way to the database.
    pub(crate) past: Arc<PastFigures>,
}

/// What the API knows of the node.
pub(crate) struct Sources {
    pub(crate) live: LiveCalls,
    pub(crate) history: Arc<History>,
    pub(crate) kept: KeptFiles,
    pub(crate) events: broadcast::Sender<Arc<Event>>,
    /// What handlers of proofs report.
    pub(crate) proofs: mpsc::Receiver<Arc<Event>>,
    pub(crate) figures: Arc<ApiFigures>,
    /// Compiles what is uploaded.
    pub(crate) loader: Loader,
    /// Who gets the directory.
    pub(crate) shards: Vec<Inbox>,
    /// What tenants may use.
    pub(crate) tenancy: Arc<Tenancy>,
    /// Tries webhooks.
    pub(crate) courier: Courier,
    /// Who can be reached.
    pub(crate) presence: PresenceQueue,
    /// Keys that tokens were made with, to be looked up.
    pub(crate) questions: Questions,
    /// Whether tokens are good.
    pub(crate) signing: Arc<SigningKeys>,
    /// Where clients sign in.
    pub(crate) client_doors: ClientDoors,
    pub(crate) ice: Arc<ClientIce>,
    /// The node's place in its cluster, if it is in one.
    pub(crate) membership: Option<Membership>,
}

/// The API as it is served.
pub(crate) struct Api {
    _thread: AsyncThread,
    /// What tenants have deployed.
    pub(crate) deployments: Arc<Deployments>,
    /// Left once nobody speaks for the node any more.
    _place: Option<ClusterThread>,
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
    readers: Readers,
    figures: Arc<ApiFigures>,
    repeats: Repeats,
    /// What proves caller ids.
    proof: Option<ProofHandler>,
    database: Database,
    deployments: Arc<Deployments>,
    /// Places for large bodies.
    uploads: Semaphore,
    courier: Courier,
    presence: PresenceQueue,
    signing: Arc<SigningKeys>,
    client_doors: ClientDoors,
    ice: Arc<ClientIce>,
    /// None: the node is alone.
    others: Option<Arc<Others>>,
    /// What pages of the console may do in a browser.
    console_policy: String,
    /// Places for webhooks that are tried.
    tries: Semaphore,
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

/// Opens the database, reads what is deployed, and starts serving; the port is closed when the thread's handle is dropped.
pub(crate) fn start(listener: TcpListener, config: &ApiConfig, mut sources: Sources) -> Result<Api, StartError> {
    let config = config.clone();
    let files = config.tls.clone().map(|identity| TlsFiles {
        identity: Some(identity),
        ..TlsFiles::default()
    });
    let certificates = files
        .map(Certificates::load)
        .transpose()
        .map_err(StartError::Certificates)?;
    let certificates = certificates.map(Arc::new);
    let membership = sources.membership.take();
    let (place, among) = membership.map(|it| (it.place, (it.others, it.requests))).unzip();
    let (told, opened) = std::sync::mpsc::sync_channel(1);
    let serve = async move {
        let (others, requests) = among.unzip();
        let office = match open(config, sources, others.clone()).await {
            Ok(office) => Arc::new(office),
            Err(error) => {
                let _ = told.send(Err(error));
                return;
            }
        };
        let _ = told.send(Ok(office.deployments.clone()));
        tokio::spawn(office.repeats.clone().sweep());
        if let (Some(others), Some(requests)) = (others, requests) {
            tokio::spawn(elsewhere::answer(office.clone(), requests));
            tokio::spawn(elsewhere::keep_up(office.clone(), others));
        }
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime of this thread drives sockets");
        server::accept(listener, certificates, office).await;
    };
    let thread = async_thread::start("api", serve).map_err(StartError::Thread)?;
    // A thread that says nothing has panicked, which was printed when it happened.
    let died = |_| Err(Error::Unavailable("the API's thread has died".to_owned()));
    let deployments = opened.recv().unwrap_or_else(died).map_err(StartError::Database)?;
    Ok(Api {
        _thread: thread,
        deployments,
        _place: place,
    })
}

async fn open(config: ApiConfig, sources: Sources, others: Option<Arc<Others>>) -> Result<Office, Error> {
    let database = Database::open(&config.database.url).await?;
    let tenants: Vec<_> = config.tenants().cloned().collect();
    crate::database::with_tenants(&database, &tenants, now_ms()).await?;
    let limits = TenantLimits::new(sources.tenancy);
    let node = (sources.loader, limits, sources.shards);
    let deployments = Deployments::new(database.clone(), node, (config.home, others.clone()));
    deployments.read_all().await?;
    let deployments = Arc::new(deployments);
    let proving = proving::Desk::new(&database, &deployments, &sources.live);
    tokio::spawn(proving.work(sources.proofs));
    tokio::spawn(signing_keys::answer(sources.questions, database.clone()));
    Ok(Office {
        table: table::table(),
        keys: Keys::new(&config.keys, database.clone()),
        placing: Placing::start(config.outbound, sources.live.clone(), sources.history.clone()),
        live: sources.live,
        history: sources.history,
        kept: sources.kept,
        events: sources.events,
        readers: Readers::default(),
        figures: sources.figures,
        repeats: Repeats::new(database.clone(), config.database.sealing),
        proof: config.caller_ids,
        database,
        deployments,
        uploads: Semaphore::new(server::UPLOADS),
        courier: sources.courier,
        presence: sources.presence,
        signing: sources.signing,
        console_policy: console::policy(&sources.client_doors),
        client_doors: sources.client_doors,
        ice: sources.ice,
        others,
        tries: Semaphore::new(receivers::TRIES),
    })
}
