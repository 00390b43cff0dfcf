//! What a node is made from. Not here: the file it is read from ([`crate::config`](mod@crate::config)).

use crate::api::ApiConfig;
use crate::browsers::BrowserDoor;
use crate::certificates::TlsFiles;
use crate::clients::IceServers;
use crate::cluster::ClusterConfig;
use crate::doors::Sip;
use crate::journals::JournalFolder;
use crate::recognition::RecognitionConfig;
use crate::recordings::sending::StoreConfig;
use crate::records::RecordsTo;
use crate::speech::SpeechConfig;
use crate::telemetry::TelemetryConfig;
use crate::telling::TellingConfig;
use crate::tenant_store::TenantStoreConfig;
use crate::trace::store::TraceFolder;
use crate::web_files::WebFilesConfig;
use crate::web_requests::WebRequestsConfig;
use patchcord_control::call::Trace;
use patchcord_control::stream_urls::StreamAllow;
use patchcord_control::tenancy::{self, Tenancy};
use patchcord_sip::Transport;
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_switch::IdentityConfig;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The audio part of a node.
#[derive(Debug, Clone)]
pub struct Media {
    /// Ports for audio: each even one with the next is room for one call.
    pub ports: RangeInclusive<u16>,
    /// Where the sockets are bound.
    pub listen: IpAddr,
    /// The address that session descriptions name.
    pub advertise: IpAddr,
    /// Codecs offered, by preference; not empty.
    pub codecs: Vec<Codec>,
    /// How much sound far ends are asked to put in one packet, in ms.
    pub ptime_ms: u16,
    /// Whether legs have to be encrypted.
    pub srtp: Srtp,
    /// Media threads wanted; never more than there are blocks of four port pairs.
    pub threads: usize,
    /// Where browsers' audio is taken; none: no browser is.
    pub browsers: Option<BrowserDoor>,
    /// Servers that clients are told of, for their sound to find a way.
    pub ice_servers: IceServers,
    /// A caller that should send audio and sends none for so long is lost; none: wait for ever.
    pub timeout: Option<Duration>,
}

/// What a node is made from.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// SIP.
    pub sip: Sip,
    /// Audio.
    pub media: Media,
    /// The name server that is asked where addresses lead; none: those of the system.
    pub dns: Option<SocketAddr>,
    /// Where metrics and health are served; none: nowhere.
    pub http: Option<SocketAddr>,
    /// Where the API is served, and who may ask; none: nowhere.
    pub api: Option<ApiConfig>,
    /// The cluster it is in; none: it is alone. It needs an API.
    pub cluster: Option<ClusterConfig>,
    /// Where end records go.
    pub records: RecordsTo,
    /// The folder that recordings are written in, made if it is not there; none: nothing can be recorded.
    pub recordings: Option<PathBuf>,
    /// The object store that recordings are sent to once they are complete; none: they stay in the folder.
    pub recording_store: Option<StoreConfig>,
    /// How texts are spoken.
    pub speech: SpeechConfig,
    /// Where sound files of the web may come from.
    pub web_files: WebFilesConfig,
    /// How what callers say is recognised.
    pub recognition: RecognitionConfig,
    /// Where what handlers keep beyond a call is kept.
    pub store: TenantStoreConfig,
    /// How handlers ask web servers.
    pub web_requests: WebRequestsConfig,
    /// Who is told what happens in calls.
    pub telling: TellingConfig,
    /// Where traces of calls are sent, if whoever starts the node sends them; none: nowhere.
    pub telemetry: Option<TelemetryConfig>,
    /// Streams of legs to servers.
    pub streams: Streams,
    /// Shards wanted: threads that run calls.
    pub shards: usize,
    /// Calls at the same time; one more is refused with 503.
    pub calls: usize,
    /// What tenants may use. Shared: who keeps a copy may replace limits while the node runs, and read what was used.
    pub tenancy: Arc<Tenancy>,
    /// Limits of an instance.
    pub instance: patchcord_guest::Limits,
    /// Limits of a call.
    pub call: patchcord_control::limits::Limits,
    /// Whether turns are reported to watchers.
    pub trace: Trace,
    /// Where the SIP of each call is written when it ends; none: nowhere.
    pub traces: Option<TraceFolder>,
    /// Where the journals of calls are written; none: nowhere.
    pub journals: Option<JournalFolder>,
    /// Who may call in; everybody without it.
    pub gate: Option<patchcord_sip::GateConfig>,
    /// How registrations are kept.
    pub registrar: patchcord_sip::RegistrarConfig,
    /// The host of our own users' addresses; none: the first door's address.
    pub domain: Option<String>,
    /// How signed caller identity is judged and made.
    pub identity: IdentityConfig,
    /// Authorities one of which must have certified a server that signers' certificates come from; none: those of the
    /// system.
    pub identity_servers: Option<PathBuf>,
    /// Trunks to watch.
    pub trunks: Vec<WatchedTrunk>,
}

/// Which servers legs may be streamed to.
#[derive(Debug, Clone, Default)]
pub struct Streams {
    /// These; none if nothing is said.
    pub allow: StreamAllow,
    /// Authorities one of which must have certified a server at `wss://`; none: those of the system.
    pub roots: Option<PathBuf>,
}

/// A trunk that a node registers with, or asks whether it lives.
#[derive(Debug, Clone)]
pub struct WatchedTrunk {
    /// All but what only a running node knows: its seed, and the contact it registers.
    pub machine: patchcord_sip::TrunkConfig,
    /// How the carrier reaches us.
    pub transport: Transport,
    /// How long a registration is asked to hold; none: it is not registered.
    pub registers: Option<Duration>,
}

impl NodeConfig {
    /// A node on this machine only, for development and tests: one shard, one media thread, records to watchers only.
    pub fn local(sip: SocketAddr, ports: RangeInclusive<u16>) -> Self {
        Self {
            sip: Sip {
                listen: sip,
                advertise: None,
                doors: Vec::new(),
                tls: TlsFiles::default(),
            },
            media: Media {
                codecs: Codec::USUAL.to_vec(),
                ptime_ms: 20,
                srtp: Srtp::Accept,
                ports,
                listen: sip.ip(),
                advertise: sip.ip(),
                threads: 1,
                browsers: None,
                ice_servers: IceServers::default(),
                timeout: Some(Duration::from_secs(30)),
            },
            dns: None,
            http: None,
            api: None,
            cluster: None,
            records: RecordsTo::Nowhere,
            recordings: None,
            recording_store: None,
            speech: SpeechConfig::default(),
            web_files: WebFilesConfig::default(),
            store: TenantStoreConfig::default(),
            web_requests: WebRequestsConfig::default(),
            telling: TellingConfig::default(),
            telemetry: None,
            recognition: RecognitionConfig::default(),
            streams: Streams::default(),
            shards: 1,
            calls: 100,
            tenancy: Arc::new(Tenancy::new(Instant::now(), tenancy::Limits::default())),
            instance: patchcord_guest::Limits::default(),
            call: patchcord_control::limits::Limits::default(),
            trace: Trace::On,
            traces: None,
            journals: None,
            gate: None,
            registrar: patchcord_sip::RegistrarConfig::default(),
            domain: None,
            identity: IdentityConfig::default(),
            identity_servers: None,
            trunks: Vec::new(),
        }
    }

    /// How the wasm engine has to be sized for this node.
    pub fn runtime(&self) -> patchcord_guest::Config {
        patchcord_guest::Config {
            max_instances: u32::try_from(self.calls + super::SINKS_AT_ONCE).unwrap_or(u32::MAX),
            memory_max: self.instance.memory_bytes,
            cpu_clock: Some(crate::programs::thread_cpu),
            code_cache: self.api.as_ref().and_then(|api| api.database.code_cache.clone()),
        }
    }
}
