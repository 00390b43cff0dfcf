//! What a world is made from: limits of its node, who may come in, and which names lead where.

use super::BEGINNING;
use super::node::Node;
use crate::agent::Agent;
use patchcord_control::call::{Listens, Trace};
use patchcord_control::limits::Limits;
use patchcord_control::stream_urls::StreamAllow;
use patchcord_control::tenancy::{self, Tenancy};
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{GateConfig, RegistrarConfig, Secret, Strangers, TrunkConfig, User};
use patchcord_switch::{Config, IdentityConfig, PrivateValues};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The domain of the node's users.
pub const DOMAIN: &str = "office.example";
/// The tenant they belong to.
pub const TENANT: &str = "default";

/// What a world is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The moment that counts as the beginning; only differences to it matter.
    pub base: Instant,
    /// Seed of everything random.
    pub seed: u64,
    /// Calls the node takes at the same time.
    pub calls: usize,
    /// Port pairs it has.
    pub ports: usize,
    /// Limits of a call.
    pub call: Limits,
    /// Limits of an instance.
    pub instance: patchcord_guest::Limits,
    /// A caller that sends no audio for so long is lost; none to wait for ever.
    pub media_timeout: Option<Duration>,
    /// How much sound phones are asked to put in one packet, in ms.
    pub ptime_ms: u16,
    /// Names of users in [`DOMAIN`] who may register; the phone of that name knows the password.
    pub users: Vec<String>,
    /// Who else may come in, and how they are asked. Without users of its own.
    pub gate: GateConfig,
    /// Trunks that are watched once [`super::World::start_trunks`] was called.
    pub trunks: Vec<TrunkConfig>,
    /// Pretend servers that legs may be streamed to.
    pub agents: Vec<Agent>,
    /// How the node's recogniser listens.
    pub listens: Listens,
    /// What tenants may use.
    pub tenancy: Arc<Tenancy>,
    /// What becomes of private values in the journals of calls; none: no journals are kept.
    pub journal: Option<PrivateValues>,
    /// The pretend DNS: host names and where they lead. IP literals lead to themselves.
    pub names: Vec<(String, SocketAddr)>,
}

impl Setup {
    /// The production's limits, for a hundred calls. Strangers are let in; nobody is a user.
    pub fn new(base: Instant, seed: u64) -> Self {
        Self {
            base,
            seed,
            calls: 100,
            ports: 128,
            call: Limits::default(),
            instance: patchcord_guest::Limits::default(),
            media_timeout: Some(Duration::from_secs(30)),
            ptime_ms: 20,
            users: Vec::new(),
            gate: GateConfig {
                strangers: Strangers::Accept,
                ..GateConfig::default()
            },
            trunks: Vec::new(),
            agents: Vec::new(),
            listens: Listens::Continuously,
            tenancy: Arc::new(Tenancy::new(base, tenancy::Limits::default())),
            journal: None,
            names: Vec::new(),
        }
    }

    /// The same with users of these names.
    #[must_use]
    pub fn with_users(self, names: &[&str]) -> Self {
        let users = names.iter().map(|name| (*name).to_owned()).collect();
        Self { users, ..self }
    }

    /// The node's part of it.
    pub(super) fn node(&self, streams: StreamAllow) -> Config {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let users = self.users.iter().map(|name| user(name)).chain(self.gate.users.clone());
        let mut gate = GateConfig {
            users: users.collect(),
            ..self.gate.clone()
        };
        gate.authentication.realm = DOMAIN.to_owned();
        Config {
            sip: patchcord_sip::Config::new(vec![patchcord_sip::Listener::udp(Node::sip_address())], "patchcord"),
            domain: None,
            media_address: Node::media_address(),
            gate: Some(gate),
            trunks: self.trunks.clone(),
            registrar: Some(RegistrarConfig::default()),
            identity: IdentityConfig::default(),
            codecs: Codec::USUAL.to_vec(),
            ptime_ms: self.ptime_ms,
            srtp: Srtp::Accept,
            browsers: None,
            media_timeout: self.media_timeout,
            instance: self.instance,
            call: self.call.clone(),
            streams: Arc::new(streams),
            listens: self.listens,
            calls: self.calls,
            trace: Trace::On,
            journal: self.journal,
            ladder: Trace::Off,
            tenancy: self.tenancy.clone(),
            clock: (self.base, BEGINNING),
            seed,
        }
    }
}

fn user(name: &str) -> User {
    User {
        tenant: TENANT.into(),
        aor: Arc::from(format!("{name}@{DOMAIN}")),
        username: name.to_owned(),
        secret: Secret::password(&password(name)),
    }
}

/// The password of a user of this name.
pub(super) fn password(name: &str) -> String {
    format!("the secret of {name}")
}
