//! Nodes by pretend clocks: rule by rule, and clusters with bad networks.

mod cluster;

use super::*;
use crate::replica::tests::me;
use crate::replica::{ALLOWANCE, BEAT, NODE_LEASE, PATIENCE};

fn facts(load: u32) -> Facts {
    let address = "192.0.2.1:5061".parse().expect("an address");
    let facts = Facts::default().sip_at(address).offering("record", 10, load);
    facts.and_then(|facts| facts.offering("mix", 2, 0)).expect("good words")
}

fn name(name: &str) -> NodeId {
    NodeId::new(name).expect("a node's name")
}

/// Two nodes with one clock that hear each other at once.
struct Two {
    now: Instant,
    nodes: [Nodes; 2],
    /// As the second is told.
    events: Vec<Event>,
    sent: usize,
    is_cut: bool,
}

impl Two {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    fn new() -> Self {
        let now = Instant::now();
        let mut two = Self {
            now,
            nodes: ["a", "b"].map(|name| Nodes::new(now, me(name), facts(0))),
            events: Vec::new(),
            sent: 0,
            is_cut: false,
        };
        two.settle();
        two
    }

    fn settle(&mut self) {
        let mut is_busy = true;
        while std::mem::take(&mut is_busy) {
            for from in 0..2 {
                while let Some(output) = self.nodes[from].poll() {
                    is_busy = true;
                    match output {
                        Output::Send(outgoing) => {
                            self.sent += 1;
                            if !self.is_cut {
                                self.nodes[1 - from].handle(self.now, outgoing.message);
                            }
                        }
                        Output::Event(event) if from == 1 => self.events.push(event),
                        Output::Event(_) | Output::Replaced => {}
                    }
                }
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        for node in &mut self.nodes {
            node.deadline(self.now);
        }
        self.settle();
    }

    fn told(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

#[test]
fn a_node_is_known_with_all_it_says() {
    let mut two = Two::new();
    assert_eq!(two.told(), [Event::Joined(name("a"))]);
    let seen = two.nodes[1].get(&name("a")).expect("it joined");
    assert_eq!(
        (seen.region.as_str(), seen.incarnation, seen.facts),
        ("eu1", 1, &facts(0))
    );
    let names: Vec<&str> = two.nodes[1].all().map(|seen| seen.node.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(two.nodes[1].of_region(&Region::new("us1").expect("a name")).count(), 0);
}

#[test]
fn what_is_full_or_drains_is_not_offered() {
    let mut two = Two::new();
    let offering = |two: &Two, word: &str| -> Vec<String> {
        two.nodes[1].offering(word).map(|seen| seen.node.to_string()).collect()
    };
    assert_eq!(offering(&two, "record"), ["a", "b"]);
    assert_eq!(offering(&two, "say"), [""; 0]);
    two.wait(LOADS_EVERY);
    two.nodes[0].say(two.now, facts(10));
    two.settle();
    assert_eq!(offering(&two, "record"), ["b"]);
    assert_eq!(offering(&two, "mix"), ["a", "b"]);
    two.nodes[0].say(two.now, facts(10).on_duty(Duty::Draining));
    two.settle();
    assert_eq!(offering(&two, "mix"), ["b"]);
    assert_eq!(two.told()[1..], [Event::Changed(name("a")), Event::Changed(name("a"))]);
}

#[test]
fn loads_are_told_now_and_then_and_all_else_at_once() {
    let mut two = Two::new();
    two.wait(LOADS_EVERY);
    let before = two.sent;
    for load in 1..9 {
        two.nodes[0].say(two.now, facts(load));
        two.settle();
    }
    assert_eq!(two.sent - before, 1, "the first is told at once");
    two.wait(LOADS_EVERY);
    assert_eq!(two.sent - before, 2, "and then what it is after a while");
    assert_eq!(two.nodes[1].get(&name("a")).expect("it is there").facts, &facts(8));
    two.nodes[0].say(two.now, facts(9));
    two.nodes[0].say(two.now, facts(8));
    two.wait(LOADS_EVERY);
    assert_eq!(two.sent - before, 2, "what changed back is no change");
    two.nodes[0].say(two.now, facts(7).on_duty(Duty::Draining));
    two.settle();
    assert_eq!(two.sent - before, 3);
}

#[test]
fn a_node_that_is_not_heard_is_lost_and_joins_when_it_is_heard_again() {
    let mut two = Two::new();
    two.is_cut = true;
    let mut waited = Duration::ZERO;
    while waited < NODE_LEASE + ALLOWANCE {
        assert!(two.nodes[1].get(&name("a")).is_some());
        two.wait(BEAT);
        waited += BEAT;
    }
    assert_eq!(two.told()[1..], [Event::Lost(name("a"))]);
    assert!(two.nodes[1].get(&name("a")).is_none());
    two.is_cut = false;
    two.wait(BEAT);
    two.wait(PATIENCE);
    assert_eq!(two.told(), [Event::Joined(name("a"))]);
}

#[test]
fn a_node_that_begins_anew_is_lost_and_joins() {
    let mut two = Two::new();
    let again = Me {
        incarnation: 2,
        ..me("a")
    };
    two.nodes[0] = Nodes::new(two.now, again, facts(3));
    two.settle();
    let (lost, joined) = (Event::Lost(name("a")), Event::Joined(name("a")));
    assert_eq!(two.told()[1..], [lost, joined]);
    let seen = two.nodes[1].get(&name("a")).expect("it joined");
    assert_eq!((seen.incarnation, seen.facts), (2, &facts(3)));
}

#[test]
fn a_node_that_leaves_is_gone_at_once() {
    let mut two = Two::new();
    two.nodes[0].shut();
    two.settle();
    assert_eq!(two.told()[1..], [Event::Left(name("a"))]);
    let before = two.sent;
    two.nodes[0].say(two.now + BEAT, facts(9).on_duty(Duty::Draining));
    two.nodes[0].deadline(two.now + BEAT);
    two.settle();
    assert_eq!(two.sent, before, "who left says nothing");
}

#[test]
fn what_is_wrong_is_refused_with_what_would_be_right() {
    let facts = Facts::default();
    assert_eq!(facts.clone().offering("two words", 1, 0), Err(NotAFact::Word));
    assert_eq!(
        facts.clone().offering(&"w".repeat(WORD_BYTES + 1), 1, 0),
        Err(NotAFact::Word)
    );
    assert_eq!(facts.clone().api_at(""), Err(NotAFact::Url));
    let one = facts.clone().offering("mix", 1, 0).expect("a good word");
    assert_eq!(one.offering("mix", 2, 0), Err(NotAFact::Twice));
    let many = (0..CAPABILITIES_MAX).try_fold(facts, |facts, at| facts.offering(&format!("w{at}"), 1, 2));
    let many = many.expect("as many as there may be");
    assert_eq!(many.capabilities().len(), CAPABILITIES_MAX);
    assert_eq!(many.capability("w5").map(Capability::room), Some(0));
    assert_eq!(many.offering("more", 1, 0), Err(NotAFact::Capabilities));
    assert!(NotAFact::Url.to_string().contains("1 to 256"));
}
