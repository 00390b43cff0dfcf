//! Clusters by a virtual clock and a seed: messages are lost, doubled, late and out of order, clocks disagree, nodes crash, leave and
//! come back, networks part. When that is over, all nodes know the same, and who followed what became of them knows it too.

use super::*;
use crate::replica::To;
use crate::replica::tests::{Clock, Dice, Net, Seed, seeds};
use std::collections::BTreeSet;

const SEEDS: u64 = 1_000;
/// How long things go wrong, in milliseconds, and how long it may take until all is as it should be.
const ROUGH: u64 = 90_000;
const CALM: u64 = 40_000;

struct Node {
    me: Me,
    clock: Clock,
    /// What it says of itself.
    facts: Facts,
    /// None: it is down.
    nodes: Option<Nodes>,
    up_again: Option<u64>,
    /// Who is there by the events alone.
    followed: BTreeSet<NodeId>,
}

struct Cluster {
    dice: Dice,
    net: Net<Facts>,
    all: Vec<Node>,
    ms: u64,
}

impl Cluster {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let many = 2 + dice.below(5);
        let all = (0..many).map(|number| Node {
            me: Me {
                incarnation: 0,
                ..me(&format!("n{number}"))
            },
            clock: Clock::new(&mut dice),
            facts: facts(0),
            nodes: None,
            up_again: Some(dice.below(5_000)),
            followed: BTreeSet::new(),
        });
        let all = all.collect();
        let ms = 0;
        let net = Net::new();
        Self { dice, net, all, ms }
    }

    fn drain(&mut self, from: usize) {
        while let Some(output) = self.all[from].nodes.as_mut().and_then(Nodes::poll) {
            let followed = &mut self.all[from].followed;
            let fits = match output {
                Output::Send(outgoing) => {
                    for to in (0..self.all.len()).filter(|to| *to != from) {
                        if outgoing.to == To::All || outgoing.to == To::Node(self.all[to].me.node.clone()) {
                            self.net.send(&mut self.dice, self.ms, from, to, &outgoing.message);
                        }
                    }
                    true
                }
                Output::Event(Event::Joined(node)) => followed.insert(node),
                Output::Event(Event::Changed(node)) => followed.contains(&node),
                Output::Event(Event::Lost(node) | Event::Left(node)) => followed.remove(&node),
                Output::Replaced => false,
            };
            assert!(fits, "an event does not fit what was told before");
        }
    }

    fn start(&mut self, at: usize) {
        let node = &mut self.all[at];
        node.up_again = None;
        node.me.incarnation += 1;
        node.nodes = Some(Nodes::new(node.clock.at(self.ms), node.me.clone(), node.facts.clone()));
        node.followed.clear();
        self.drain(at);
    }

    fn stop(&mut self, at: usize) {
        if self.dice.percent(40) {
            if let Some(nodes) = &mut self.all[at].nodes {
                nodes.shut();
            }
            self.drain(at);
        }
        self.all[at].nodes = None;
        self.all[at].up_again = Some(self.ms + 100 + self.dice.below(40_000));
    }

    /// A node says something else of itself.
    fn says(&mut self, at: usize) {
        let node = &mut self.all[at];
        if let Some(nodes) = &mut node.nodes {
            let duty = [Duty::Open, Duty::Open, Duty::Draining][self.dice.below(3) as usize];
            node.facts = facts(self.dice.below(11) as u32).on_duty(duty);
            nodes.say(node.clock.at(self.ms), node.facts.clone());
            self.drain(at);
        }
    }

    fn weather(&mut self) {
        self.net.join();
        self.net.loss = [0, 5, 30][self.dice.below(3) as usize];
        self.net.doubled = 20;
        self.net.slowest = [5, 500, 3_000][self.dice.below(3) as usize];
        if self.dice.percent(50) {
            let apart = self.dice.below(self.all.len() as u64) as usize;
            (0..self.all.len()).for_each(|other| self.net.cut(apart, other));
        }
    }

    fn run(&mut self, until: u64) {
        while self.ms < until {
            let nodes = self.all.iter().filter_map(|node| match &node.nodes {
                Some(nodes) => nodes.wake_at().map(|at| node.clock.when(at)),
                None => node.up_again,
            });
            let next = nodes.chain(self.net.next()).min().unwrap_or(until);
            self.ms = next.max(self.ms).min(until);
            while let Some((to, message)) = self.net.arrived(self.ms) {
                let node = &mut self.all[to];
                if let Some(nodes) = &mut node.nodes {
                    nodes.handle(node.clock.at(self.ms), message);
                    self.drain(to);
                }
            }
            for at in 0..self.all.len() {
                let node = &mut self.all[at];
                let now = node.clock.at(self.ms);
                if node.up_again.is_some_and(|at| at <= self.ms) {
                    self.start(at);
                } else if let Some(nodes) = &mut node.nodes {
                    nodes.deadline(now);
                    self.drain(at);
                }
            }
        }
    }

    fn all_know_the_same(&self, seed: u64) {
        for node in &self.all {
            let nodes = node.nodes.as_ref().expect("all are up");
            let known: Vec<_> = nodes
                .all()
                .map(|seen| (seen.node, seen.incarnation, seen.facts))
                .collect();
            let truth = self.all.iter();
            let truth: Vec<_> = truth
                .map(|node| (&node.me.node, node.me.incarnation, &node.facts))
                .collect();
            assert_eq!(known, truth, "seed {seed}");
            let others = truth.iter().map(|(name, ..)| (*name).clone());
            let others: BTreeSet<NodeId> = others.filter(|name| *name != node.me.node).collect();
            assert_eq!(node.followed, others, "seed {seed}");
            assert!(nodes.peers.is_complete(), "seed {seed}");
        }
    }
}

#[test]
fn fuzz_after_whatever_happened_all_nodes_know_the_same() {
    let (mut lived, mut lost) = (0, 0);
    for seed in seeds(SEEDS) {
        let guard = Seed(seed);
        let mut cluster = Cluster::new(seed);
        for second in 1..=ROUGH / 1_000 {
            cluster.run(second * 1_000);
            let node = cluster.dice.below(cluster.all.len() as u64) as usize;
            match cluster.dice.below(100) {
                0..8 => cluster.weather(),
                8..12 if cluster.all[node].nodes.is_some() => cluster.stop(node),
                12..50 => cluster.says(node),
                _ => {}
            }
        }
        cluster.net.heal();
        for node in &mut cluster.all {
            node.up_again = node.up_again.map(|_| cluster.ms + 100);
        }
        cluster.run(ROUGH + CALM);
        cluster.all_know_the_same(seed);
        let nodes = cluster.all.iter().filter_map(|node| node.nodes.as_ref());
        lost += nodes.map(|nodes| nodes.mishaps().lost).sum::<u64>();
        lived += 1;
        drop(guard);
    }
    // Worlds in which nothing went wrong would show nothing.
    assert!(lost > lived, "{lost} were lost, {lived} lived");
}
