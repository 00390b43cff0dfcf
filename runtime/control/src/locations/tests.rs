//! Locations by pretend clocks: a gateway alone, two that hear each other at once, and clusters with bad networks.

mod cluster;
mod gateways;
mod table;

use super::*;
use crate::ids::Tenant;
use crate::regions::Region;
use crate::replica::To;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const LEASE: Duration = Duration::from_secs(60);

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(tenant("acme"), name).expect("a name")
}

fn id(name: &str) -> InstanceId {
    InstanceId::new(name).expect("a name")
}

fn network(last: u8) -> Network {
    Network {
        ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into(),
        port: 5060,
        link: Link::Wireless,
    }
}

fn arrival(endpoint: &Endpoint, instance: &str) -> Arrival {
    let media = Media {
        audio: true,
        ..Media::default()
    };
    Arrival {
        endpoint: endpoint.clone(),
        instance: id(instance),
        profile: Arc::new(Profile::new(ClientKind::Browser, "desk", "page", media).expect("good names")),
        network: network(1),
        bandwidth_kbps: 2_000,
        place: None,
        at_ms: 1_000,
        state: State::Active,
        status: None,
        way: None,
        lease: LEASE,
    }
}

fn node(name: &str, region: &str, incarnation: u64) -> Me {
    Me {
        node: NodeId::new(name).expect("a node's name"),
        region: Region::new(region).expect("a region's name"),
        incarnation,
    }
}

/// Gateways with one clock that hear each other at once, as long as they are not apart.
struct Nodes {
    now: Instant,
    all: Vec<Registrar>,
    names: Vec<NodeId>,
    /// Who hears nobody and is heard by nobody.
    apart: Vec<usize>,
    dropped: Vec<(usize, InstanceId, Dropped)>,
    sent: usize,
}

impl Nodes {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    fn new(names: &[(&str, &str)]) -> Self {
        let now = Instant::now();
        let all = names.iter().map(|(name, region)| node(name, region, 1));
        let mut nodes = Self {
            now,
            names: all.clone().map(|me| me.node).collect(),
            all: all.map(|me| Registrar::new(now, me)).collect(),
            apart: Vec::new(),
            dropped: Vec::new(),
            sent: 0,
        };
        nodes.settle();
        nodes
    }

    /// All that is to be sent is heard.
    fn settle(&mut self) {
        while self.step() {}
    }

    fn step(&mut self) -> bool {
        let mut is_busy = false;
        for from in 0..self.all.len() {
            while let Some(output) = self.all[from].poll() {
                is_busy = true;
                match output {
                    Output::Send(outgoing) => self.deliver(from, &outgoing),
                    Output::Drop { instance, why, .. } => self.dropped.push((from, instance, why)),
                    Output::Replaced => panic!("nobody has another's name here"),
                }
            }
        }
        is_busy
    }

    fn deliver(&mut self, from: usize, outgoing: &Outgoing<Change>) {
        self.sent += 1;
        for to in 0..self.all.len() {
            let is_meant = match &outgoing.to {
                To::All => to != from,
                To::Node(node) => self.names[to] == *node,
            };
            if is_meant && !self.apart.contains(&from) && !self.apart.contains(&to) {
                self.all[to].handle(self.now, outgoing.message.clone());
            }
        }
    }

    /// Seconds pass, and what is due is done when it is.
    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds * 4 {
            self.now += Duration::from_millis(250);
            for node in 0..self.all.len() {
                self.all[node].deadline(self.now);
            }
            self.settle();
        }
    }

    fn register(&mut self, at: usize, arrival: Arrival) -> Registered {
        let registered = self.all[at].register(self.now, arrival).expect("it may");
        self.settle();
        registered
    }

    /// The gateways of an endpoint's instances as a node sees them.
    fn seen(&self, by: usize, endpoint: &Endpoint) -> Vec<(String, String)> {
        let found = self.all[by].instances(endpoint.tenant(), endpoint.name());
        found
            .map(|found| (found.instance.id.as_str().to_owned(), found.node.to_string()))
            .collect()
    }
}

fn at(instance: &str, node: &str) -> (String, String) {
    (instance.to_owned(), node.to_owned())
}
