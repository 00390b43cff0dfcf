//! A shard with one handler and a trunk to America, its outputs kept; foreign keys, certificates and tokens.

use crate::support::{announcement, example, helper, program};
use patchcord_control::call::Trace;
use patchcord_control::destinations::{Destinations, HostPattern, HostRule, Hosts, Micros, Permission, Price, Rule};
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::{Ledger, LedgerSettings, TenantLimits, TrunkLimits};
use patchcord_control::numbers::{Bare, DialPlan, E164, Home, NumberFormat, PlanSettings, Prefix};
use patchcord_control::policy::{Accepts, CallerIds, CallerRules, Trust};
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::tenancy::{Limits, Tenancy};
use patchcord_control::trunks::{Codes, Owner, Trunk, Trunks};
use patchcord_control::words::UnixTime;
use patchcord_media::SessionId;
use patchcord_sip::identity::{FetchFailure, Policy, Signer, TrustRoots, UrlRules};
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{Flow, GateConfig, Listener, Strangers, TrustedPeer};
use patchcord_switch::{
    CallingOut, Config, Directory, IdentityConfig, Input, MediaPort, Notice, Outgoing, Output, Program, Query, Shard,
    Signing, TrunkHost,
};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// When the foreign tokens were signed.
pub(super) const TOKENS_SIGNED: u64 = 1_800_000_000;
/// What the foreign tokens are about.
pub(super) const CALLER: &str = "+12155551212";
pub(super) const CALLED: &str = "+12125551213";
pub(super) const URL: &str = "https://cert.example.org/passport.cer";
pub(super) const CARRIER: &str = "carrier";

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../runtime/sip/src/identity/fixtures/",
            $name
        ))
    };
}
pub(super) use fixture;

pub(super) fn foreign(token: &'static [u8]) -> String {
    let text = std::str::from_utf8(token).expect("a token is text");
    format!("Identity: {}\r\n", text.trim())
}

pub(super) fn address(last: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), 5060)
}

pub(super) fn tenant() -> Tenant {
    Tenant("default".to_owned())
}

pub(super) fn says_who() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM.get_or_init(|| program("says_who", &helper("says_who"))).clone()
}

pub(super) fn outside_line() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| program("outside-line", &example("outside-line")))
        .clone()
}

/// How the carrier's trunk is set up.
#[derive(Clone, Copy)]
pub(super) struct Carrier {
    pub(super) trust: Trust,
    pub(super) signing: Signing,
}

pub(super) const UNTRUSTED: Carrier = Carrier {
    trust: Trust::Untrusted,
    signing: Signing::No,
};

pub(super) fn trunk(carrier: Carrier) -> Trunk {
    Trunk {
        name: CARRIER.into(),
        owner: Owner::Shared,
        prefixes: Vec::new(),
        codes: Codes::Neither,
        priority: 1,
        weight: 1,
        called: NumberFormat::default(),
        caller: CallerRules {
            accepts: Accepts::Any,
            substitute: None,
            trust: carrier.trust,
            format: NumberFormat::default(),
        },
        retry_on: Vec::new(),
    }
}

/// Numbers as they are dialled in America: ten digits, or eleven with a one before them.
pub(super) fn american() -> PlanSettings {
    PlanSettings {
        home: Some(Home {
            country_code: "1".to_owned(),
            national_prefix: Some("1".to_owned()),
            area_code: None,
            min_digits: 10,
            max_digits: 10,
        }),
        bare: Bare::National,
        ..PlanSettings::default()
    }
}

/// Calls to America over one trunk; the tenant owns [`CALLER`].
pub(super) fn outgoing(carrier: Carrier, base: Instant) -> Outgoing {
    let america = Prefix::new("+1").expect("a prefix");
    let own = E164::parse(CALLER).expect("a number");
    let host = TrunkHost {
        host: address(2).to_string(),
        targets: vec![Flow::udp(address(2)).into()],
        credentials: None,
        from_domain: None,
        signing: carrier.signing,
    };
    let rule = Rule {
        prefix: america,
        name: "America".into(),
        permission: Permission::Allow(Price::per_minute(1)),
    };
    let neighbours = HostRule {
        pattern: HostPattern::Network {
            address: address(0).ip(),
            bits: 24,
        },
        name: "neighbours".into(),
    };
    let limits = LedgerSettings {
        tenants: vec![TenantLimits {
            tenant: tenant(),
            concurrent: 100,
            per_second: 100,
            burst: 100,
            per_hour: 1_000,
            spend_per_day: Micros(1_000_000_000),
            destinations: vec![america],
            per_destination: 100,
        }],
        trunks: vec![TrunkLimits {
            trunk: CARRIER.into(),
            concurrent: 100,
            per_second: 100,
            burst: 100,
        }],
    };
    let calling = CallingOut {
        plan: DialPlan::new(american()).expect("a plan"),
        destinations: Destinations::new(vec![rule], Vec::new()).expect("one rule"),
        caller_ids: CallerIds::new(vec![own], Vec::new(), Some(own)).expect("one number"),
        hosts: Hosts::new(vec![neighbours]).expect("one network"),
    };
    Outgoing {
        tenants: [(tenant(), calling)].into(),
        trunks: Trunks::new(vec![trunk(carrier)]).expect("one trunk"),
        hosts: [(CARRIER.into(), host)].into(),
        ledger: Some(Arc::new(
            Ledger::new(limits, base, Duration::ZERO).expect("limits that go together"),
        )),
    }
}

/// A shard with one handler for every call, and what it says.
pub(super) struct Node {
    pub(super) shard: Shard,
    pub(super) now: Instant,
    pub(super) here: SocketAddr,
    /// What it sent, oldest first.
    pub(super) sent: VecDeque<(SocketAddr, Vec<u8>)>,
    /// Files it wants.
    pub(super) wants: Vec<Query>,
    /// Beginnings of messages in traces, and how long before the trace.
    pub(super) traced: Vec<(String, Duration)>,
    /// Hosts it wants looked up.
    pub(super) resolves: Vec<Query>,
    /// Lines its handlers logged.
    pub(super) said: Vec<String>,
}

impl Node {
    pub(super) fn new(last: u8, handler: Arc<Program>, carrier: Carrier, identity: IdentityConfig) -> Self {
        let base = Instant::now();
        let here = address(last);
        let peer = TrustedPeer {
            trunk: CARRIER.into(),
            network: address(9).ip(),
            prefix: 32,
            port: None,
            transport: None,
        };
        let config = Config {
            sip: patchcord_sip::Config::new(vec![Listener::udp(here)], "patchcord"),
            domain: None,
            media_address: here.ip(),
            gate: Some(GateConfig {
                strangers: Strangers::Accept,
                peers: vec![peer],
                ..GateConfig::default()
            }),
            trunks: Vec::new(),
            registrar: None,
            identity,
            codecs: vec![Codec::Pcmu],
            ptime_ms: 20,
            srtp: Srtp::Accept,
            browsers: None,
            media_timeout: None,
            instance: patchcord_guest::Limits::default(),
            call: patchcord_control::limits::Limits::default(),
            streams: Arc::default(),
            listens: patchcord_control::call::Listens::Never,
            calls: 1_000,
            trace: Trace::Off,
            journal: None,
            ladder: Trace::On,
            tenancy: Arc::new(Tenancy::new(base, Limits::default())),
            clock: (
                base,
                UnixTime {
                    seconds: TOKENS_SIGNED,
                    nanoseconds: 0,
                },
            ),
            seed: [last; 32],
        };
        let mut node = Self {
            shard: Shard::new(base, config).expect("a plain node"),
            now: base,
            here,
            sent: VecDeque::new(),
            wants: Vec::new(),
            resolves: Vec::new(),
            traced: Vec::new(),
            said: Vec::new(),
        };
        let ports = (0..500).map(|number| MediaPort {
            session: SessionId(number),
            thread: 0,
            port: 20_000 + 2 * number as u16,
        });
        node.tell(Input::Ports(ports.collect()));
        let routes = Routes::new(vec![Route::new(Pattern::Any, tenant(), handler.name())]);
        let directory = Directory::new(routes, vec![(tenant(), handler)], announcement());
        let directory = directory.with_outgoing(outgoing(carrier, base));
        node.tell(Input::Directory(Arc::new(directory)));
        node
    }

    /// One that judges signatures.
    pub(super) fn judge(carrier: Carrier) -> Self {
        let roots = TrustRoots::read(fixture!("root.pem")).expect("a root");
        let identity = IdentityConfig {
            verify: Some(Arc::new(Policy::new(roots))),
            sign: None,
        };
        Self::new(2, says_who(), carrier, identity)
    }

    /// One that signs with the foreign key.
    pub(super) fn signer(carrier: Carrier) -> Self {
        let signer = Signer::from_pem(fixture!("key_pkcs8.pem"), URL, &UrlRules::default()).expect("a key");
        let identity = IdentityConfig {
            verify: None,
            sign: Some(Arc::new(signer)),
        };
        Self::new(1, outside_line(), carrier, identity)
    }

    pub(super) fn tell(&mut self, input: Input<'_>) {
        self.shard.handle(self.now, input);
        while let Some(output) = self.shard.poll() {
            match output {
                Output::Send { to, bytes, .. } => self.sent.push_back((to.peer, bytes.to_vec())),
                Output::FetchCertificate { query, url } => {
                    assert!(url.as_str().starts_with("https://cert.example.org/"));
                    self.wants.push(query);
                }
                Output::Message { bytes, ago, .. } => {
                    let first = String::from_utf8_lossy(&bytes).chars().take(11).collect();
                    self.traced.push((first, ago));
                }
                Output::Resolve { query, .. } => self.resolves.push(query),
                Output::Notice {
                    notice: Notice::Log { message, .. },
                    ..
                } => self.said.push(message),
                _ => {}
            }
        }
    }

    pub(super) fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        let flow = Flow::udp(from);
        self.tell(Input::Message {
            flow,
            bytes,
            proven: None,
        });
    }

    /// Lets time pass; the shard acts at its deadlines.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.shard.wake_at().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.tell(Input::Deadline);
        }
        self.now = until;
    }

    pub(super) fn serve(&mut self, query: Query, file: Result<&[u8], FetchFailure>) {
        let file = file.map(<[u8]>::to_vec);
        self.tell(Input::Fetched { query, file });
    }

    /// The INVITE it sent.
    pub(super) fn invite(&self) -> Vec<u8> {
        let mut invites = self.sent.iter().filter(|(_, bytes)| bytes.starts_with(b"INVITE "));
        invites.next().expect("it called somebody").1.clone()
    }

    pub(super) fn statuses(&self) -> Vec<u16> {
        let status = |bytes: &[u8]| std::str::from_utf8(bytes.get(8..11)?).ok()?.parse().ok();
        self.sent.iter().filter_map(|(_, bytes)| status(bytes)).collect()
    }
}
