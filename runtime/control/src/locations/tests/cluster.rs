//! Clusters by a virtual clock and a seed: messages are lost, doubled, late and out of order, clocks disagree, nodes crash, leave and
//! come back, networks part, and instances move between gateways. While that lasts nothing is reached for long that is not there;
//! when it is over, all nodes say what is true.

use super::*;
use crate::replica::tests::{Clock, Dice, Net, Seed, seeds};
use crate::replica::{ALLOWANCE, NODE_LEASE};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 1_500;
/// Of all instances here, in seconds.
const LEASE_SECONDS: u64 = 30;
/// How long things go wrong, in milliseconds, and how long it may take until all is as it should be.
const ROUGH: u64 = 120_000;
const CALM: u64 = 75_000;
/// How long after things went wrong an instance may still be dropped where it is, in milliseconds.
const RESTLESS: u64 = 30_000;
/// How long a message may take while things go wrong, in milliseconds.
const SLOWEST: u64 = 3_000;

struct Node {
    me: Me,
    clock: Clock,
    /// None: it is down.
    registrar: Option<Registrar>,
    up_again: Option<u64>,
    /// What its notices tell, read as they come.
    followed: BTreeSet<(String, InstanceId)>,
    read: u64,
}

struct Client {
    endpoint: Endpoint,
    id: InstanceId,
    /// The gateway it is connected to.
    at: Option<usize>,
    connect_at: u64,
    renew_at: u64,
    state: State,
    network: Network,
    /// Until when it was connected to each node.
    was_at: BTreeMap<usize, u64>,
}

struct Cluster {
    seed: u64,
    dice: Dice,
    net: Net<Change>,
    nodes: Vec<Node>,
    clients: Vec<Client>,
    ms: u64,
    /// When an instance was dropped last.
    dropped: u64,
}

impl Cluster {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let many = 2 + dice.below(4);
        let nodes = (0..many).map(|number| Node {
            me: node(&format!("n{number}"), &format!("r{}", number % 2), 0),
            clock: Clock::new(&mut dice),
            registrar: None,
            up_again: Some(dice.below(5_000)),
            followed: BTreeSet::new(),
            read: 0,
        });
        let nodes = nodes.collect();
        let of_one = if seed.is_multiple_of(4) {
            INSTANCES_MAX as u64 + 2
        } else {
            3
        };
        let clients = (0..12).map(|number| Client {
            endpoint: Endpoint::new(tenant(&format!("t{}", number % 2)), &format!("user{}", number / of_one))
                .expect("a name"),
            id: id(&format!("device{number}")),
            at: None,
            connect_at: 1_000 + dice.below(20_000),
            renew_at: 0,
            state: State::Active,
            network: network(number as u8),
            was_at: BTreeMap::new(),
        });
        let clients = clients.collect();
        let mut net = Net::new();
        net.slowest = SLOWEST;
        Self {
            seed,
            dice,
            net,
            nodes,
            clients,
            ms: 0,
            dropped: 0,
        }
    }

    fn now(&self, node: usize) -> Instant {
        self.nodes[node].clock.at(self.ms)
    }

    /// What a node has to say is sent, and its connections learn what they have to.
    fn drain(&mut self, from: usize) {
        while let Some(output) = self.nodes[from].registrar.as_mut().and_then(Registrar::poll) {
            match output {
                Output::Send(outgoing) => {
                    for to in 0..self.nodes.len() {
                        let is_meant = match &outgoing.to {
                            To::All => to != from,
                            To::Node(node) => self.nodes[to].me.node == *node,
                        };
                        if is_meant {
                            self.net.send(&mut self.dice, self.ms, from, to, &outgoing.message);
                        }
                    }
                }
                Output::Drop { endpoint, instance, .. } => {
                    let of = |client: &Client| client.endpoint == endpoint && client.id == instance;
                    let client = self.clients.iter().position(of).expect("only clients register");
                    if self.clients[client].at == Some(from) {
                        self.dropped = self.ms;
                        self.disconnect(client);
                    }
                }
                Output::Replaced => panic!("no name is taken twice here"),
            }
        }
        self.follow(from);
    }

    /// Every notice fits what was told before.
    fn follow(&mut self, node: usize) {
        let Node {
            registrar: Some(registrar),
            followed,
            read,
            ..
        } = &mut self.nodes[node]
        else {
            return;
        };
        for notice in registrar.since(*read).expect("they are read at once") {
            *read = notice.sequence;
            let key = (
                format!("{}/{}", notice.endpoint.tenant(), notice.endpoint.name()),
                notice.instance.clone(),
            );
            let fits = match notice.event {
                Event::Came => followed.insert(key),
                Event::Changed => followed.contains(&key),
                Event::Gone => followed.remove(&key),
            };
            assert!(fits, "{:?} does not fit what was told before", notice.event);
        }
    }

    /// Its connection is gone, and it tries again soon.
    fn disconnect(&mut self, client: usize) {
        let soon = self.ms + 50 + self.dice.below(3_000);
        let client = &mut self.clients[client];
        if let Some(at) = client.at.take() {
            client.was_at.insert(at, self.ms);
        }
        client.connect_at = soon;
    }

    fn connect(&mut self, client: usize) {
        let up = (0..self.nodes.len()).filter(|node| self.nodes[*node].registrar.is_some());
        let up: Vec<usize> = up.collect();
        let Some(at) = up.get(self.dice.below(up.len().max(1) as u64) as usize).copied() else {
            return self.disconnect(client);
        };
        let now = self.now(at);
        let registrar = self.nodes[at].registrar.as_mut().expect("it is up");
        let known = &mut self.clients[client];
        let arrival = Arrival {
            instance: known.id.clone(),
            network: known.network.clone(),
            state: known.state,
            lease: Duration::from_secs(LEASE_SECONDS),
            ..arrival(&known.endpoint, "unused")
        };
        match registrar.register(now, arrival) {
            Ok(_) => {
                known.at = Some(at);
                known.renew_at = self.ms + LEASE_SECONDS * 300;
            }
            Err(Refusal::Instances) => known.connect_at = self.ms + 5_000,
            Err(refusal) => panic!("refused: {refusal}"),
        }
        self.drain(at);
    }

    fn renew(&mut self, client: usize) {
        let at = self.clients[client].at.expect("it is connected");
        let now = self.now(at);
        let known = &mut self.clients[client];
        known.renew_at = self.ms + LEASE_SECONDS * 300;
        let registrar = self.nodes[at].registrar.as_mut().expect("its gateway is up");
        let lease = Duration::from_secs(LEASE_SECONDS);
        let renewed = registrar.renew(now, &known.endpoint, &known.id, lease);
        assert_eq!(
            renewed,
            Ok(()),
            "a client that is connected is registered until it is dropped"
        );
        self.drain(at);
    }

    fn start(&mut self, node: usize) {
        let known = &mut self.nodes[node];
        known.up_again = None;
        known.me.incarnation += 1;
        known.registrar = Some(Registrar::new(known.clock.at(self.ms), known.me.clone()));
        (known.followed, known.read) = (BTreeSet::new(), 0);
        self.drain(node);
    }

    /// A node ends, with or without saying so.
    fn stop(&mut self, node: usize) {
        if self.dice.percent(40) {
            let now = self.now(node);
            if let Some(registrar) = &mut self.nodes[node].registrar {
                registrar.shut(now);
            }
            self.drain(node);
        }
        let again = self.ms + 100 + self.dice.below(40_000);
        self.nodes[node].registrar = None;
        self.nodes[node].up_again = Some(again);
        for client in 0..self.clients.len() {
            if self.clients[client].at == Some(node) {
                self.disconnect(client);
            }
        }
    }

    /// Something happens to a client.
    fn happens(&mut self, client: usize) {
        let Some(at) = self.clients[client].at else {
            return;
        };
        let now = self.now(at);
        let what = self.dice.below(5);
        let known = &mut self.clients[client];
        let registrar = self.nodes[at].registrar.as_mut().expect("its gateway is up");
        match what {
            // Its gateway does not notice.
            0 | 1 => self.disconnect(client),
            2 => {
                registrar.leave(now, &known.endpoint, &known.id);
                self.disconnect(client);
                self.clients[client].connect_at += self.dice.below(40_000);
            }
            3 => {
                known.state = [State::Active, State::Idle, State::Away][self.dice.below(3) as usize];
                let update = Update::State(known.state);
                registrar
                    .update(now, &known.endpoint, &known.id, update)
                    .expect("it is connected");
            }
            _ => {
                known.network = network(self.dice.below(250) as u8);
                let update = Update::Network {
                    at_ms: self.ms,
                    network: known.network.clone(),
                };
                registrar
                    .update(now, &known.endpoint, &known.id, update)
                    .expect("it is connected");
            }
        }
        self.drain(at);
    }

    /// The network parts or joins, and loses more or less.
    fn weather(&mut self) {
        self.net.join();
        self.net.loss = [0, 0, 5, 30][self.dice.below(4) as usize];
        self.net.doubled = self.dice.below(2) * 20;
        self.net.slowest = [5, 500, SLOWEST][self.dice.below(3) as usize];
        if self.dice.percent(50) {
            let side: Vec<bool> = (0..self.nodes.len()).map(|_| self.dice.percent(50)).collect();
            for one in 0..side.len() {
                for other in one..side.len() {
                    if side[one] != side[other] {
                        self.net.cut(one, other);
                    }
                }
            }
        }
    }

    /// The next thing that is to happen by itself.
    fn next(&self) -> u64 {
        let clients = self.clients.iter().map(|client| match client.at {
            Some(_) => client.renew_at,
            None => client.connect_at,
        });
        let nodes = self.nodes.iter().filter_map(|node| match &node.registrar {
            Some(registrar) => registrar.wake_at().map(|at| node.clock.when(at)),
            None => node.up_again,
        });
        let next = clients.chain(nodes).chain(self.net.next()).min();
        next.expect("clients always have something to do").max(self.ms)
    }

    /// Time goes on to the next thing, and all that is due is done.
    fn step(&mut self, until: u64) {
        self.ms = self.next().min(until);
        while let Some((to, message)) = self.net.arrived(self.ms) {
            let now = self.now(to);
            if let Some(registrar) = &mut self.nodes[to].registrar {
                registrar.handle(now, message);
                self.drain(to);
            }
        }
        for node in 0..self.nodes.len() {
            let now = self.now(node);
            if self.nodes[node].up_again.is_some_and(|at| at <= self.ms) {
                self.start(node);
            } else if let Some(registrar) = &mut self.nodes[node].registrar
                && registrar.wake_at().is_some_and(|at| at <= now)
            {
                registrar.deadline(now);
                self.drain(node);
            }
        }
        for client in 0..self.clients.len() {
            let Client {
                at,
                connect_at,
                renew_at,
                ..
            } = self.clients[client];
            match at {
                Some(_) if renew_at <= self.ms => self.renew(client),
                None if connect_at <= self.ms => self.connect(client),
                _ => {}
            }
        }
    }

    fn run(&mut self, until: u64) {
        while self.ms < until {
            self.step(until);
        }
    }

    /// What a node says, by endpoint and instance: gateway, state and network.
    fn says(&self, node: usize) -> BTreeMap<(Endpoint, InstanceId), (NodeId, State, Network)> {
        let registrar = self.nodes[node].registrar.as_ref().expect("it is up");
        let endpoints: BTreeSet<&Endpoint> = self.clients.iter().map(|client| &client.endpoint).collect();
        let each = endpoints.into_iter().flat_map(|endpoint| {
            let found = registrar.instances(endpoint.tenant(), endpoint.name());
            found.map(|found| {
                let Instance { id, state, network, .. } = found.instance;
                let key = (endpoint.clone(), id.clone());
                (key, (found.node.clone(), *state, network.clone()))
            })
        });
        each.collect()
    }

    /// Nobody is reached for longer than a lease and its allowance where it is not.
    fn no_phantoms(&self) {
        let longest = LEASE_SECONDS.max(NODE_LEASE.as_secs()) + ALLOWANCE.as_secs();
        // And the way of the last message, the second at which wheels turn at both ends, and clocks that are too slow.
        let longest = (longest + 2) * 1_000 * 101 / 100 + SLOWEST;
        for node in (0..self.nodes.len()).filter(|node| self.nodes[*node].registrar.is_some()) {
            for ((endpoint, instance), (gateway, ..)) in self.says(node) {
                let of = |client: &&Client| client.endpoint == endpoint && client.id == instance;
                let client = self.clients.iter().find(of).expect("only clients register");
                let gateway = self.nodes.iter().position(|node| node.me.node == gateway);
                let gateway = gateway.expect("only nodes say something");
                if client.at != Some(gateway) {
                    let gone = self.ms - client.was_at[&gateway];
                    assert!(gone <= longest, "node {node} reaches one that went {gone} ms ago");
                }
            }
        }
    }

    /// All nodes say what is true, and nothing else.
    fn all_is_true(&self) {
        let connected = self.clients.iter().filter_map(|client| {
            let gateway = self.nodes[client.at?].me.node.clone();
            let key = (client.endpoint.clone(), client.id.clone());
            Some((key, (gateway, client.state, client.network.clone())))
        });
        let truth: BTreeMap<_, _> = connected.collect();
        let seed = self.seed;
        assert!(
            self.dropped < ROUGH + RESTLESS,
            "seed {seed}: dropped at {} ms, which nothing led to",
            self.dropped
        );
        if !seed.is_multiple_of(4) {
            assert_eq!(truth.len(), self.clients.len(), "seed {seed}: everybody is connected");
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let registrar = node.registrar.as_ref().expect("all are up");
            let says = self.says(number);
            assert!(
                says == truth,
                "seed {seed}: node {number} says {says:?} and not {truth:?}"
            );
            assert_eq!(
                registrar.registrations(),
                truth.len(),
                "seed {seed}: nobody writes what does not count"
            );
            assert_eq!(registrar.regions().values().sum::<usize>(), truth.len(), "seed {seed}");
            assert_eq!(
                node.followed.len(),
                truth.len(),
                "seed {seed}: who follows knows the same"
            );
            assert!(registrar.peers.is_complete(), "seed {seed}: nothing is missing");
        }
    }
}

fn lives(seed: u64) -> Cluster {
    let mut cluster = Cluster::new(seed);
    let mut second = 0;
    while cluster.ms < ROUGH {
        second += 1_000;
        cluster.run(second);
        cluster.no_phantoms();
        if cluster.dice.percent(8) {
            cluster.weather();
        }
        let node = cluster.dice.below(cluster.nodes.len() as u64) as usize;
        if cluster.dice.percent(3) && cluster.nodes[node].registrar.is_some() {
            cluster.stop(node);
        }
        let client = cluster.dice.below(cluster.clients.len() as u64) as usize;
        if cluster.dice.percent(40) {
            cluster.happens(client);
        }
    }
    cluster.net.heal();
    for node in &mut cluster.nodes {
        node.up_again = node.up_again.map(|_| cluster.ms + 100);
    }
    for client in &mut cluster.clients {
        client.connect_at = client.connect_at.min(cluster.ms + 2_000);
    }
    while cluster.ms < ROUGH + CALM {
        second += 1_000;
        cluster.run(second);
        cluster.no_phantoms();
    }
    cluster
}

#[test]
fn fuzz_after_whatever_happened_all_nodes_say_what_is_true() {
    let (mut lived, mut moved, mut asked) = (0, 0, 0);
    for seed in seeds(SEEDS) {
        let guard = Seed(seed);
        let cluster = lives(seed);
        cluster.all_is_true();
        for node in &cluster.nodes {
            asked += node.registrar.as_ref().expect("all are up").mishaps().asked;
        }
        moved += cluster.clients.iter().filter(|client| client.was_at.len() > 1).count();
        lived += 1;
        drop(guard);
    }
    // Worlds in which nothing went wrong would show nothing.
    assert!(
        moved > lived * 5 && asked > lived as u64,
        "{moved} moved, {asked} wholes were asked for, {lived} lived"
    );
}
