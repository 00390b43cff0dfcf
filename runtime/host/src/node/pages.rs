//! What a node serves over HTTP: metrics and health for the operator, and the API for programs. Each has a port and a thread.
//! And what it sends: traces of its calls.

use super::{Ground, Node, NodeConfig, Queues};
use crate::api::{self, Api, ApiConfig, ClientDoors, History, KeptFiles, LinkKey, PastThread, Traces, WaitingCalls};
use crate::async_thread::AsyncThread;
use crate::clients::ice::ClientIce;
use crate::clients::signing_keys::{self, Questions, SigningKeys};
use crate::cluster::{self, Membership};
use crate::deployments::{Deployments, Loader};
use crate::figures::Figures;
use crate::http;
use crate::live_calls::LiveCalls;
use crate::presence::{PresenceQueue, Speaking};
use crate::recordings::shelf::Shelf;
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use crate::telemetry::{Telemetry, TelemetryConfig, TelemetryError};
use crate::telling::{Courier, Listeners};
use crate::trace::store::TraceQueue;
use patchcord_control::events::Event;
use patchcord_guest::Runtime;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc};

/// What the API hears of the node as things happen.
pub(super) struct Heard {
    /// None without an API.
    pub(super) history: Option<Arc<History>>,
    events: broadcast::Sender<Arc<Event>>,
    /// What handlers of proofs report.
    proofs: (mpsc::Sender<Arc<Event>>, mpsc::Receiver<Arc<Event>>),
    /// Calls that are over, on their way to the database.
    past: Option<WaitingCalls>,
    recordings: Shelf,
    /// Keys that tokens may be made with, and what the API has to look up of them.
    pub(super) signing: Arc<SigningKeys>,
    questions: Questions,
    membership: Option<Membership>,
}

/// What the API is given of the node.
pub(super) struct OfNode {
    live: LiveCalls,
    runtime: Runtime,
    /// All of them, and that of the event sinks.
    shards: Vec<Inbox>,
    traces: Option<TraceQueue>,
    presence: PresenceQueue,
    doors: ClientDoors,
    ice: Arc<ClientIce>,
}

impl OfNode {
    pub(super) fn new(live: &LiveCalls, runtime: &Runtime, (queues, ground): (&Queues, &Ground)) -> Self {
        let media = ground.browsers.as_ref().map(|browsers| browsers.address.port());
        Self {
            live: live.clone(),
            runtime: runtime.clone(),
            shards: queues.inboxes.clone(),
            traces: queues.kept.traces.clone(),
            presence: queues.aside.presence.clone(),
            doors: ClientDoors::new(&ground.doors.told, media),
            ice: ground.ice.clone(),
        }
    }
}

impl Heard {
    pub(super) fn new(config: &NodeConfig, ground: &Ground) -> Result<Self, StartError> {
        let figures = &ground.figures;
        let past = config.api.as_ref().map(|_| api::past_queue(figures.api.past.clone()));
        let (queue, waiting) = past.unzip();
        let store = config.recording_store.as_ref();
        let fixed = config.api.as_ref().map_or(&[][..], |api| &api.keys);
        let (signing, questions) = signing_keys::signing_keys(fixed);
        Ok(Self {
            signing,
            questions,
            history: queue.map(|queue| Arc::new(History::new(queue))),
            events: broadcast::channel(api::EVENTS).0,
            proofs: mpsc::channel(api::PROOFS_WAITING),
            past: waiting,
            recordings: Shelf::new(config.recordings.as_deref(), store)?,
            membership: cluster::join(config, figures, ground.own_door.as_ref())?,
        })
    }

    /// Who is told of events.
    pub(super) fn listeners(&self) -> Listeners {
        Listeners {
            readers: self.events.clone(),
            proofs: self.proofs.0.clone(),
        }
    }

    /// This node's voice among the desks of presence of its cluster, for the one who speaks.
    pub(super) fn speaking(&mut self) -> Option<Speaking> {
        self.membership.as_mut()?.speaking.take()
    }

    /// For the API, if there is one.
    pub(super) fn sources(self, node: OfNode, config: &NodeConfig, figures: &Figures) -> Result<OfApi, StartError> {
        let (Some(api), Some(history), Some(past)) = (&config.api, self.history, self.past) else {
            return Ok(None);
        };
        let traces = node.traces.zip(config.traces.as_ref());
        let sources = api::Sources {
            live: node.live,
            history,
            kept: KeptFiles {
                traces: traces.map(|(queue, to)| Traces {
                    queue,
                    folder: to.folder.clone(),
                }),
                journals: config.journals.as_ref().map(|to| to.folder.clone()),
                recordings: self.recordings,
                links: LinkKey::new(match &api.database.sealing {
                    Some(key) => key.links(),
                    None => super::random()?,
                }),
            },
            events: self.events,
            proofs: self.proofs.1,
            figures: figures.api.clone(),
            loader: Loader::new(node.runtime, config.journals.clone(), api.database.sealing.clone()),
            shards: node.shards,
            presence: node.presence,
            tenancy: config.tenancy.clone(),
            questions: self.questions,
            signing: self.signing,
            client_doors: node.doors,
            ice: node.ice,
            membership: self.membership,
            courier: Courier::new((&config.telling, &config.web_requests), config.dns)?,
        };
        Ok(Some((sources, past)))
    }
}

/// What the API knows of the node, and calls on their way to its database; none without an API.
pub(super) type OfApi = Option<(api::Sources, WaitingCalls)>;

impl Node {
    /// Sends traces of the calls from now on, until the node is gone. Their turns are in them if the
    /// node was started with [`NodeConfig::telemetry`], or traces them anyway.
    ///
    /// # Errors
    /// A thread, or the system's certificates.
    pub fn send_traces(&self, to: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
        Telemetry::start(to, self.watch(), self.figures.telemetry.clone())
    }
}

/// The ports, bound before the first thread is started.
pub(super) struct BoundPages {
    http: Option<TcpListener>,
    api: Option<(TcpListener, ApiConfig)>,
}

/// The threads, and where they serve. The API ends before what it wrote is waited for.
pub(super) struct Pages {
    _http: Option<AsyncThread>,
    api: Option<Api>,
    _past: Option<PastThread>,
    pub(super) local_http: Option<SocketAddr>,
    pub(super) local_api: Option<SocketAddr>,
}

impl Pages {
    /// What tenants have deployed, where there is an API to deploy with.
    pub(super) fn deployments(&self) -> Option<&Deployments> {
        self.api.as_ref().map(|api| &*api.deployments)
    }
}

impl BoundPages {
    pub(super) fn bind(config: &NodeConfig) -> Result<Self, StartError> {
        let api = config.api.as_ref();
        let bind_api = |api: &ApiConfig| Ok((api::bind(api.listen)?, api.clone()));
        Ok(Self {
            http: config.http.map(http::bind).transpose()?,
            api: api.map(bind_api).transpose()?,
        })
    }

    pub(super) fn start(self, of_http: http::Sources, of_api: OfApi) -> Result<Pages, StartError> {
        let address = |listener: &TcpListener| listener.local_addr().ok();
        let mut pages = Pages {
            local_http: self.http.as_ref().and_then(address),
            local_api: self.api.as_ref().and_then(|(listener, _)| address(listener)),
            _http: None,
            api: None,
            _past: None,
        };
        if let (Some((listener, config)), Some((sources, past))) = (self.api, of_api) {
            pages.api = Some(api::start(listener, &config, sources)?);
            let past = api::start_past(config.database.url.clone(), past);
            pages._past = Some(past.map_err(StartError::Thread)?);
        }
        // Last, because it says that all is well: the database is open by then.
        pages._http = self.http.map(|listener| http::start(listener, of_http)).transpose()?;
        Ok(pages)
    }
}
