//! Clusters by a virtual clock and a seed: messages are lost, doubled, late and out of order, clocks disagree, nodes crash, leave and
//! come back, networks part. When that is over, all nodes know the same calls and the same words, the latest that anybody
//! still knew, each told by one; and then nothing is said any more.

use super::*;
use crate::replica::Body;
use crate::replica::tests::{Clock, Dice, Net, Seed, seeds};

const SEEDS: u64 = 1_000;
const IDENTITIES: u64 = 4;
/// How long things go wrong, in milliseconds, how long it may take until all is as it should be, and how long it stays so.
const ROUGH: u64 = 120_000;
const CALM: u64 = 60_000;
const QUIET: u64 = 60_000;

struct Node {
    me: Me,
    clock: Clock,
    /// None: it is down.
    parts: Option<Parts>,
    up_again: Option<u64>,
    /// The calls it has, which are over when it is.
    calls: BTreeMap<Identity, Part>,
    /// Sums, read again where a notice said that they changed.
    followed: BTreeMap<Identity, Part>,
    read: u64,
    /// The times of the words that it knows.
    words: BTreeMap<Identity, u64>,
    /// Milliseconds that its clock of the day is ahead.
    ahead: u64,
}

struct Cluster {
    seed: u64,
    dice: Dice,
    net: Net<Change>,
    nodes: Vec<Node>,
    ms: u64,
    /// Messages other than beats.
    sent: u64,
    /// The latest word that any node knew when things began to be well again.
    latest: BTreeMap<Identity, u64>,
    /// How often a word was told by a node where it was not said.
    relayed: u64,
}

impl Cluster {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let many = 2 + dice.below(4);
        let nodes = (0..many).map(|number| Node {
            me: Me {
                incarnation: 0,
                ..me(&format!("n{number}"))
            },
            clock: Clock::new(&mut dice),
            parts: None,
            up_again: Some(dice.below(5_000)),
            calls: BTreeMap::new(),
            followed: BTreeMap::new(),
            read: 0,
            words: BTreeMap::new(),
            ahead: dice.below(60_000),
        });
        let nodes = nodes.collect();
        Self {
            seed,
            dice,
            net: Net::new(),
            nodes,
            ms: 0,
            sent: 0,
            latest: BTreeMap::new(),
            relayed: 0,
        }
    }

    fn drain(&mut self, from: usize) {
        while let Some(output) = self.nodes[from].parts.as_mut().and_then(Parts::poll) {
            let Output::Send(outgoing) = output else {
                panic!("no name is taken twice here")
            };
            self.count(&outgoing.message);
            for to in (0..self.nodes.len()).filter(|to| *to != from) {
                if outgoing.to == To::All || outgoing.to == To::Node(self.nodes[to].me.node.clone()) {
                    self.net.send(&mut self.dice, self.ms, from, to, &outgoing.message);
                }
            }
        }
        self.follow(from);
    }

    fn count(&mut self, message: &Message<Change>) {
        self.sent += u64::from(!matches!(message.body, Body::Beat { .. }));
        if let Body::Changes { changes, .. } = &message.body {
            let relayed = changes.iter().filter(|change| match change {
                Change::Put(Entry { word: Some(word), .. }) => word.by != message.from,
                _ => false,
            });
            self.relayed += relayed.count() as u64;
        }
    }

    fn follow(&mut self, node: usize) {
        let Node {
            parts: Some(parts),
            followed,
            read,
            ..
        } = &mut self.nodes[node]
        else {
            return;
        };
        for notice in parts.since(*read).expect("they are read at once") {
            *read = notice.sequence;
            followed.insert(notice.identity.clone(), parts.sum(&notice.identity));
        }
        followed.retain(|_, part| *part != Part::default());
    }

    fn start(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.up_again = None;
        node.me.incarnation += 1;
        node.parts = Some(Parts::new(node.clock.at(self.ms), node.me.clone()));
        (node.followed, node.read) = (BTreeMap::new(), 0);
        node.words.clear();
        self.drain(at);
    }

    fn stop(&mut self, at: usize) {
        // Words are in memory: when nobody is up, they are lost.
        if self.nodes.iter().filter(|node| node.parts.is_some()).count() < 2 {
            return;
        }
        if self.dice.percent(40) {
            if let Some(parts) = &mut self.nodes[at].parts {
                parts.shut();
            }
            self.drain(at);
        }
        let node = &mut self.nodes[at];
        node.parts = None;
        node.calls.clear();
        node.up_again = Some(self.ms + 100 + self.dice.below(40_000));
    }

    /// A call begins or ends, or somebody says something.
    fn happens(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some(parts) = &mut node.parts else {
            return;
        };
        let now = node.clock.at(self.ms);
        let who = identity(&format!("user{}", self.dice.below(IDENTITIES)));
        match self.dice.below(4) {
            0 => {
                let status = match self.dice.below(3) {
                    0 => None,
                    1 => busy(),
                    _ => Some(Status::new(Availability::DoNotDisturb)),
                };
                let at_ms = self.ms + node.ahead;
                parts.say(now, &who, at_ms, status).expect("there is room");
            }
            _ => {
                let calls = calls(
                    ["desk", "page"][self.dice.below(2) as usize],
                    self.dice.below(3) as u32,
                    self.dice.below(2) as u32,
                );
                parts.set_part(now, &who, calls.clone()).expect("there is room");
                node.calls.insert(who, calls.cut());
            }
        }
        self.drain(at);
    }

    fn weather(&mut self) {
        self.net.join();
        self.net.loss = [0, 5, 30][self.dice.below(3) as usize];
        self.net.doubled = 20;
        self.net.slowest = [5, 500, 3_000][self.dice.below(3) as usize];
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

    fn run(&mut self, until: u64) {
        while self.ms < until {
            let nodes = self.nodes.iter().filter_map(|node| match &node.parts {
                Some(parts) => parts.wake_at().map(|at| node.clock.when(at)),
                None => node.up_again,
            });
            let next = nodes.chain(self.net.next()).min().unwrap_or(until);
            self.ms = next.max(self.ms).min(until);
            while let Some((to, message)) = self.net.arrived(self.ms) {
                let node = &mut self.nodes[to];
                if let Some(parts) = &mut node.parts {
                    parts.handle(node.clock.at(self.ms), message);
                    self.drain(to);
                }
            }
            for at in 0..self.nodes.len() {
                let node = &mut self.nodes[at];
                let now = node.clock.at(self.ms);
                if node.up_again.is_some_and(|at| at <= self.ms) {
                    self.start(at);
                } else if let Some(parts) = &mut node.parts
                    && parts.wake_at().is_some_and(|at| at <= now)
                {
                    parts.deadline(now);
                    self.drain(at);
                }
            }
        }
    }

    /// No node goes back to an older word. The latest that any knows.
    fn look(&mut self) -> BTreeMap<Identity, u64> {
        let mut latest = BTreeMap::new();
        for node in &mut self.nodes {
            let Some(parts) = &node.parts else { continue };
            for number in 0..IDENTITIES {
                let who = identity(&format!("user{number}"));
                let at_ms = parts.sum(&who).said.map_or(0, |said| said.at_ms);
                let before = node.words.insert(who.clone(), at_ms).unwrap_or_default();
                assert!(at_ms >= before, "{who:?} was at {before} and is at {at_ms}");
                let known = latest.entry(who).or_default();
                *known = at_ms.max(*known);
            }
        }
        latest
    }

    fn all_know_the_same(&self) {
        let seed = self.seed;
        for number in 0..IDENTITIES {
            let who = identity(&format!("user{number}"));
            let said = self.nodes[0].parts.as_ref().expect("all are up").sum(&who).said;
            let known = self.latest.get(&who).copied().unwrap_or_default();
            let at_ms = said.as_ref().map_or(0, |said| said.at_ms);
            assert!(at_ms >= known, "seed {seed}: {who:?} is at {at_ms}, {known} was known");
            let mut tellers = 0;
            for (at, node) in self.nodes.iter().enumerate() {
                let parts = node.parts.as_ref().expect("all are up");
                let mut truth = Part {
                    said: said.clone(),
                    ..Part::default()
                };
                for other in self.nodes.iter().filter(|other| other.me.node != node.me.node) {
                    let Some(calls) = other.calls.get(&who) else {
                        continue;
                    };
                    for (instance, many) in &calls.legs {
                        *truth.legs.entry(instance.clone()).or_default() += many;
                    }
                    truth.ringing += calls.ringing;
                }
                assert_eq!(parts.sum(&who), truth, "seed {seed}: node {at}, {who:?}");
                let followed = node.followed.get(&who).cloned().unwrap_or_default();
                assert_eq!(followed, truth, "seed {seed}: who follows node {at}, {who:?}");
                let own = parts.own(&who).said;
                assert!(own.is_none() || own == said, "seed {seed}: node {at} tells an old word");
                tellers += usize::from(own.is_some());
                assert!(parts.peers.is_complete(), "seed {seed}");
            }
            assert_eq!(tellers, usize::from(said.is_some()), "seed {seed}: tellers of {who:?}");
        }
    }
}

fn lives(seed: u64) -> Cluster {
    let mut cluster = Cluster::new(seed);
    for second in 1..=ROUGH / 1_000 {
        cluster.run(second * 1_000);
        cluster.look();
        let node = cluster.dice.below(cluster.nodes.len() as u64) as usize;
        match cluster.dice.below(100) {
            0..8 => cluster.weather(),
            8..12 if cluster.nodes[node].parts.is_some() => cluster.stop(node),
            12..50 => cluster.happens(node),
            _ => {}
        }
    }
    cluster.latest = cluster.look();
    cluster.net.heal();
    for node in &mut cluster.nodes {
        node.up_again = node.up_again.map(|_| cluster.ms + 100);
    }
    cluster.run(ROUGH + CALM);
    cluster
}

#[test]
fn fuzz_after_whatever_happened_all_nodes_know_the_same_and_are_quiet() {
    let (mut lived, mut lost, mut relayed) = (0, 0, 0);
    for seed in seeds(SEEDS) {
        let guard = Seed(seed);
        let mut cluster = lives(seed);
        cluster.all_know_the_same();
        let sent = cluster.sent;
        cluster.run(ROUGH + CALM + QUIET);
        assert_eq!(
            cluster.sent, sent,
            "seed {seed}: nothing changes, and yet something is said"
        );
        let nodes = cluster.nodes.iter().filter_map(|node| node.parts.as_ref());
        lost += nodes.map(|parts| parts.mishaps().lost).sum::<u64>();
        relayed += cluster.relayed;
        lived += 1;
        drop(guard);
    }
    // Worlds in which nothing went wrong would show nothing.
    assert!(
        lost > lived && relayed > lived,
        "{lost} were lost, {relayed} words were told by others, {lived} lived"
    );
}

#[test]
fn what_is_said_no_longer_ends_in_every_cluster() {
    for seed in 0..8 {
        let guard = Seed(seed);
        let mut cluster = lives(seed);
        let now = |cluster: &Cluster| cluster.nodes[0].clock.at(cluster.ms);
        for number in 0..IDENTITIES {
            let who = identity(&format!("user{number}"));
            let at = now(&cluster);
            let parts = cluster.nodes[0].parts.as_mut().expect("all are up");
            parts.say(at, &who, 0, None).expect("there is room");
            cluster.drain(0);
        }
        cluster.run(cluster.ms + 5_000);
        // Who told it goes, and another one tells it on, until it ends.
        cluster.nodes[0].parts = None;
        cluster.nodes[0].calls.clear();
        cluster.nodes[0].up_again = Some(cluster.ms + 3_600_000);
        cluster.run(cluster.ms + 26 * 3_600_000);
        cluster.latest.clear();
        cluster.all_know_the_same();
        for node in &cluster.nodes {
            let parts = node.parts.as_ref().expect("all are up");
            for number in 0..IDENTITIES {
                assert_eq!(parts.sum(&identity(&format!("user{number}"))).said, None, "seed {seed}");
            }
            assert!(parts.ends.is_empty() && parts.looks.is_empty());
        }
        drop(guard);
    }
}
