//! What a node serves over HTTP: metrics and health for the operator, and the API for programs. Each has a port and a thread.
//! And what it sends: traces of its calls.

use super::{Node, NodeConfig};
use crate::api::{self, ApiConfig, History};
use crate::async_thread::AsyncThread;
use crate::figures::Figures;
use crate::http;
use crate::live_calls::LiveCalls;
use crate::start_error::StartError;
use crate::telemetry::{Telemetry, TelemetryConfig, TelemetryError};
use patchcord_control::events::Event;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::sync::broadcast;

/// What the API hears of the node as things happen.
pub(super) struct Heard {
    /// None without an API.
    pub(super) history: Option<Arc<History>>,
    pub(super) events: broadcast::Sender<Arc<Event>>,
}

impl Heard {
    pub(super) fn new(config: &NodeConfig) -> Self {
        Self {
            history: config.api.as_ref().map(|_| Arc::default()),
            events: broadcast::channel(api::EVENTS).0,
        }
    }

    pub(super) fn sources(&self, live: LiveCalls, figures: &Figures) -> api::Sources {
        api::Sources {
            live,
            history: self.history.clone().unwrap_or_default(),
            events: self.events.clone(),
            figures: figures.api.clone(),
        }
    }
}

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

/// The threads, and where they serve.
pub(super) struct Pages {
    _http: Option<AsyncThread>,
    _api: Option<AsyncThread>,
    pub(super) local_http: Option<SocketAddr>,
    pub(super) local_api: Option<SocketAddr>,
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

    pub(super) fn start(self, of_http: http::Sources, of_api: api::Sources) -> Result<Pages, StartError> {
        let address = |listener: &TcpListener| listener.local_addr().ok();
        Ok(Pages {
            local_http: self.http.as_ref().and_then(address),
            local_api: self.api.as_ref().and_then(|(listener, _)| address(listener)),
            _http: self.http.map(|listener| http::start(listener, of_http)).transpose()?,
            _api: self
                .api
                .map(|(listener, config)| api::start(listener, &config, of_api))
                .transpose()?,
        })
    }
}
