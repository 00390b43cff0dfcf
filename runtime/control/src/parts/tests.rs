//! Parts by pretend clocks: nodes that hear each other at once, rule by rule, and clusters with bad networks.

mod cluster;

use super::*;
use crate::ids::Tenant;
use crate::presence::Availability;
use crate::replica::tests::me;
use crate::replica::{ALLOWANCE, BEAT, NODE_LEASE, To};

fn identity(name: &str) -> Identity {
    Identity::new(Tenant("acme".to_owned()), name).expect("a name")
}

fn instance(name: &str) -> Option<InstanceId> {
    Some(InstanceId::new(name).expect("a name"))
}

fn busy() -> Option<Status> {
    Some(Status::new(Availability::Busy))
}

/// So many calls at an instance, and so many that ring.
fn calls(at: &str, many: u32, ringing: u32) -> Part {
    Part {
        legs: [(instance(at), many)].into(),
        ringing,
        said: None,
    }
}

/// Nodes with one clock that hear each other at once, as long as they are up and not apart.
struct Nodes {
    now: Instant,
    all: Vec<Option<Parts>>,
    names: Vec<NodeId>,
    /// Who hears nobody and is heard by nobody.
    apart: Vec<usize>,
    /// Messages but beats.
    sent: usize,
}

impl Nodes {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    fn new(names: &[&str]) -> Self {
        let now = Instant::now();
        let mut nodes = Self {
            now,
            names: names.iter().map(|name| me(name).node).collect(),
            all: names.iter().map(|name| Some(Parts::new(now, me(name)))).collect(),
            apart: Vec::new(),
            sent: 0,
        };
        nodes.settle();
        nodes
    }

    fn settle(&mut self) {
        while self.step() {}
    }

    fn step(&mut self) -> bool {
        let mut is_busy = false;
        for from in 0..self.all.len() {
            while let Some(output) = self.all[from].as_mut().and_then(Parts::poll) {
                is_busy = true;
                match output {
                    Output::Send(outgoing) => self.deliver(from, &outgoing),
                    Output::Replaced => panic!("nobody has another's name here"),
                }
            }
        }
        is_busy
    }

    fn deliver(&mut self, from: usize, outgoing: &Outgoing<Change>) {
        self.sent += usize::from(!matches!(outgoing.message.body, crate::replica::Body::Beat { .. }));
        for to in 0..self.all.len() {
            let is_meant = match &outgoing.to {
                To::All => to != from,
                To::Node(node) => self.names[to] == *node,
            };
            if let Some(parts) = self.all[to].as_mut().filter(|_| is_meant)
                && !self.apart.contains(&from)
                && !self.apart.contains(&to)
            {
                parts.handle(self.now, outgoing.message.clone());
            }
        }
    }

    /// Time passes, and what is due is done when it is.
    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let all = || self.all.iter().flatten();
            let next = all().filter_map(Parts::wake_at).min().unwrap_or(until);
            self.now = next.clamp(self.now, until);
            for parts in self.all.iter_mut().flatten() {
                parts.deadline(self.now);
            }
            self.settle();
            if self.now >= until {
                return;
            }
        }
    }

    /// A node ends and says nothing of it.
    fn stop(&mut self, node: usize) {
        self.all[node] = None;
    }

    fn start(&mut self, node: usize, incarnation: u64) {
        let name = self.names[node].as_str();
        self.all[node] = Some(Parts::new(
            self.now,
            Me {
                incarnation,
                ..me(name)
            },
        ));
        self.settle();
    }

    fn node(&self, node: usize) -> &Parts {
        self.all[node].as_ref().expect("it is up")
    }

    fn sum(&self, by: usize, identity: &Identity) -> Part {
        self.node(by).sum(identity)
    }

    fn set(&mut self, at: usize, identity: &Identity, part: Part) {
        let parts = self.all[at].as_mut().expect("it is up");
        parts.set_part(self.now, identity, part).expect("it may");
        self.settle();
    }

    fn say(&mut self, at: usize, identity: &Identity, at_ms: u64, status: Option<Status>) -> u64 {
        let parts = self.all[at].as_mut().expect("it is up");
        let said = parts.say(self.now, identity, at_ms, status).expect("it may");
        self.settle();
        said
    }

    /// Who tells the word of an identity.
    fn tellers(&self, identity: &Identity) -> Vec<usize> {
        let tells = |node: &usize| {
            let parts = self.all[*node].as_ref();
            parts.is_some_and(|parts| parts.own(identity).said.is_some())
        };
        (0..self.all.len()).filter(tells).collect()
    }

    /// What each node that is up reads as said.
    fn said(&self, identity: &Identity) -> Vec<Option<Said>> {
        let up = self.all.iter().flatten();
        up.map(|parts| parts.sum(identity).said).collect()
    }
}

/// Until a node that is not heard any more is lost, and somebody has taken over its words.
const LOST: Duration = NODE_LEASE
    .saturating_add(ALLOWANCE)
    .saturating_add(Duration::from_secs(8));

/// Until a node that begins has heard a beat of each other one, and asked.
const HEARD: Duration = BEAT.saturating_add(Duration::from_secs(3));

#[test]
fn calls_of_other_nodes_are_added_up() {
    let mut nodes = Nodes::new(&["a", "b", "c"]);
    let ann = identity("ann");
    nodes.set(0, &ann, calls("desk", 1, 2));
    nodes.set(
        1,
        &ann,
        Part {
            legs: [(instance("desk"), 1), (instance("page"), 2), (None, 1)].into(),
            ringing: 1,
            said: None,
        },
    );
    let sum = Part {
        legs: [(instance("desk"), 2), (instance("page"), 2), (None, 1)].into(),
        ringing: 3,
        said: None,
    };
    assert_eq!(nodes.sum(2, &ann), sum);
    assert_eq!(nodes.sum(1, &ann), calls("desk", 1, 2), "its own are not in the sum");
    assert_eq!(nodes.node(0).own(&ann), calls("desk", 1, 2));
    nodes.set(0, &ann, Part::default());
    nodes.set(1, &ann, Part::default());
    for node in 0..3 {
        assert_eq!(nodes.sum(node, &ann), Part::default());
        assert_eq!(nodes.node(node).identities().count(), 0, "what nobody says is not kept");
    }
}

#[test]
fn to_say_the_same_again_sends_nothing() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let ann = identity("ann");
    let part = Part {
        said: Some(Said {
            at_ms: 5,
            status: busy(),
        }),
        ..calls("desk", 1, 0)
    };
    nodes.set(0, &ann, part.clone());
    let (sent, newest) = (nodes.sent, nodes.node(1).newest());
    nodes.set(0, &ann, part.clone());
    nodes.set(0, &ann, Part { said: None, ..part });
    nodes.wait(Duration::from_secs(60));
    assert_eq!((nodes.sent, nodes.node(1).newest()), (sent, newest));
    assert_eq!(nodes.sum(1, &ann).said.and_then(|said| said.status), busy());
}

#[test]
fn calls_go_with_their_node_and_its_words_stay() {
    let mut nodes = Nodes::new(&["a", "b", "c"]);
    let ann = identity("ann");
    nodes.set(1, &ann, calls("desk", 1, 1));
    nodes.say(1, &ann, 1_000, busy());
    let said = Some(Said {
        at_ms: 1_000,
        status: busy(),
    });
    assert_eq!(nodes.said(&ann), vec![said.clone(); 3]);
    assert_eq!(nodes.tellers(&ann), [1]);
    nodes.stop(1);
    nodes.wait(LOST);
    let left = Part {
        said: said.clone(),
        ..Part::default()
    };
    assert_eq!((nodes.sum(0, &ann), nodes.sum(2, &ann)), (left.clone(), left.clone()));
    assert_eq!(nodes.tellers(&ann), [2], "the next after it");
    // Whoever begins hears of it, even where the word was said.
    nodes.start(1, 2);
    nodes.wait(HEARD);
    assert_eq!(nodes.said(&ann), vec![said.clone(); 3]);
    assert_eq!(nodes.tellers(&ann), [2], "one is enough");
    nodes.all[2].as_mut().expect("it is up").shut();
    nodes.settle();
    nodes.stop(2);
    nodes.wait(HEARD);
    assert_eq!(nodes.tellers(&ann), [1]);
    nodes.start(2, 2);
    nodes.wait(HEARD);
    assert_eq!(nodes.said(&ann), vec![said; 3]);
}

#[test]
fn a_node_that_begins_anew_at_once_hears_what_it_said_before() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let ann = identity("ann");
    nodes.say(0, &ann, 1_000, busy());
    nodes.start(0, 2);
    nodes.wait(HEARD);
    assert_eq!(nodes.said(&ann)[0], nodes.said(&ann)[1]);
    assert_eq!(nodes.sum(0, &ann).said.and_then(|said| said.status), busy());
}

#[test]
fn of_two_words_the_later_counts_and_then_the_greater_name() {
    let word = |by: &str, at_ms, status| Word {
        by: me(by).node,
        said: Said { at_ms, status },
    };
    let free = || Some(Status::new(Availability::Available));
    let inorder = [
        word("b", 1, busy()),
        word("a", 2, None),
        word("a", 2, free()),
        word("a", 2, busy()),
        word("b", 2, None),
        word("a", 3, None),
    ];
    for (at, one) in inorder.iter().enumerate() {
        for (other_at, other) in inorder.iter().enumerate() {
            assert_eq!(one.is_after(other), at > other_at, "{one:?}, {other:?}");
        }
    }
    let mut nodes = Nodes::new(&["a", "b", "c"]);
    let ann = identity("ann");
    nodes.apart = vec![0];
    let at_ms = 7;
    let said = |status| Part {
        said: Some(Said { at_ms, status }),
        ..Part::default()
    };
    nodes.set(0, &ann, said(free()));
    nodes.set(1, &ann, said(busy()));
    nodes.apart.clear();
    nodes.wait(Duration::from_secs(20));
    assert_eq!(nodes.said(&ann), vec![Some(Said { at_ms, status: busy() }); 3]);
    assert_eq!(nodes.tellers(&ann), [1]);
}

#[test]
fn who_says_something_is_heard_though_its_clock_is_behind() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let ann = identity("ann");
    assert_eq!(nodes.say(0, &ann, 5_000, busy()), 5_000);
    assert_eq!(nodes.say(1, &ann, 4_000, None), 5_001);
    let at_ms = 5_001;
    assert_eq!(nodes.said(&ann), vec![Some(Said { at_ms, status: None }); 2]);
    nodes.wait(Duration::from_secs(5));
    assert_eq!(nodes.tellers(&ann), [1], "who told the word before tells it no more");
    // What is older than that is not heard.
    let old = Part {
        said: Some(Said {
            at_ms: 4_999,
            status: busy(),
        }),
        ..Part::default()
    };
    nodes.set(0, &ann, old);
    assert_eq!(nodes.said(&ann), vec![Some(Said { at_ms, status: None }); 2]);
}

#[test]
fn of_two_that_tell_a_word_one_goes_on_and_then_all_is_quiet() {
    let mut nodes = Nodes::new(&["a", "b", "c", "d"]);
    let ann = identity("ann");
    nodes.say(3, &ann, 1, busy());
    nodes.apart = vec![3];
    nodes.wait(LOST);
    assert_eq!(nodes.tellers(&ann), [0, 3]);
    nodes.apart.clear();
    nodes.wait(Duration::from_secs(20));
    assert_eq!(nodes.tellers(&ann), [0]);
    let sent = nodes.sent;
    nodes.wait(Duration::from_secs(600));
    assert_eq!(nodes.sent, sent, "nothing is said while nothing changes");
}

#[test]
fn that_nothing_is_said_any_more_ends_after_a_day_everywhere_and_for_good() {
    let mut nodes = Nodes::new(&["a", "b", "c"]);
    let ann = identity("ann");
    nodes.say(0, &ann, 1, busy());
    nodes.say(0, &ann, 2, None);
    nodes.wait(WORD_KEPT / 2);
    // Told again by others, it is not kept for longer.
    nodes.stop(0);
    nodes.wait(LOST);
    assert_eq!(nodes.tellers(&ann).len(), 1);
    nodes.start(0, 2);
    nodes.wait(WORD_KEPT / 2 - LOST - 3 * RELAY);
    assert_eq!(nodes.said(&ann), vec![Some(Said { at_ms: 2, status: None }); 3]);
    nodes.wait(4 * RELAY);
    assert_eq!(nodes.said(&ann), [None, None, None]);
    let sent = nodes.sent;
    nodes.wait(Duration::from_secs(3_600));
    assert_eq!(nodes.sent, sent);
    assert!(nodes.all.iter().flatten().all(|parts| parts.table.len() == 0));
}

#[test]
fn each_telling_takes_its_part_off_how_long_a_word_is_kept() {
    let mut nodes = Nodes::new(&["a", "b", "c"]);
    let ann = identity("ann");
    nodes.apart = vec![2];
    nodes.say(0, &ann, 1, None);
    let begun = nodes.now;
    let kept = |nodes: &Nodes, node| {
        let end = nodes.node(node).ends.first();
        end.map(|(at, _)| *at - begun)
    };
    assert_eq!(kept(&nodes, 0), Some(WORD_KEPT));
    assert_eq!(kept(&nodes, 1), Some(WORD_KEPT - RELAY));
    nodes.stop(0);
    nodes.wait(LOST);
    nodes.apart.clear();
    nodes.wait(HEARD);
    assert_eq!(nodes.tellers(&ann), [1]);
    assert_eq!(kept(&nodes, 2), Some(WORD_KEPT - 2 * RELAY));
    // What is over soon is told to nobody.
    let elapsed = nodes.now - begun;
    nodes.wait(WORD_KEPT - RELAY - RELAY / 2 - elapsed);
    nodes.start(0, 2);
    nodes.wait(HEARD);
    assert_eq!(kept(&nodes, 1), Some(WORD_KEPT - RELAY));
    assert_eq!((kept(&nodes, 0), kept(&nodes, 2)), (None, None));
}

#[test]
fn whose_sum_changed_is_told_and_nobody_else() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let (ann, bob) = (identity("ann"), identity("bob"));
    nodes.set(0, &ann, calls("desk", 1, 0));
    nodes.set(0, &bob, calls("desk", 0, 1));
    nodes.say(1, &ann, 1, busy());
    nodes.set(1, &ann, calls("page", 1, 0));
    let told: Vec<(u64, Identity)> = nodes
        .node(1)
        .since(0)
        .expect("they are kept")
        .map(|notice| (notice.sequence, notice.identity.clone()))
        .collect();
    assert_eq!(told, [(1, ann.clone()), (2, bob.clone()), (3, ann.clone())]);
    assert_eq!(nodes.node(1).since(3).expect("they are kept").count(), 0);
    assert_eq!(nodes.node(1).since(9).err(), Some(Missed { newest: 3 }));
    nodes.stop(0);
    nodes.wait(LOST);
    let told: Vec<&Identity> = nodes
        .node(1)
        .since(3)
        .expect("they are kept")
        .map(|notice| &notice.identity)
        .collect();
    assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), [&ann, &bob].into());
    assert_eq!(told.len(), 2, "each once");
}

#[test]
fn instances_beyond_the_limit_are_told_as_none() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let ann = identity("ann");
    let named = (0..LEGS_MAX as u32 + 3).map(|number| (instance(&format!("device{number:03}")), 2));
    let part = Part {
        legs: named.chain([(None, 1), (instance("idle"), 0)]).collect(),
        ..Part::default()
    };
    nodes.set(0, &ann, part);
    let sum = nodes.sum(1, &ann);
    assert_eq!(sum.legs.len(), LEGS_MAX);
    assert_eq!(sum.legs[&None], 1 + 4 * 2);
    assert_eq!(sum.legs.values().sum::<u32>(), (LEGS_MAX as u32 + 3) * 2 + 1);
}

#[test]
fn what_is_out_of_its_range_is_refused_and_changes_nothing() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let ann = identity("ann");
    let now = nodes.now;
    let parts = nodes.all[0].as_mut().expect("it is up");
    let long = Status {
        text: "x".repeat(TEXT_BYTES + 1).into(),
        ..Status::new(Availability::Busy)
    };
    assert_eq!(parts.say(now, &ann, 1, Some(long)), Err(Refusal::Text));
    for tenant in [String::new(), "x".repeat(TENANT_BYTES + 1)] {
        let nobody = Identity::new(Tenant(tenant), "ann").expect("a name");
        assert_eq!(parts.set_part(now, &nobody, calls("desk", 1, 0)), Err(Refusal::Tenant));
    }
    parts.most = 1;
    parts.set_part(now, &ann, calls("desk", 1, 0)).expect("there is room");
    let bob = identity("bob");
    assert_eq!(parts.set_part(now, &bob, calls("desk", 1, 0)), Err(Refusal::Identities));
    assert_eq!(
        parts.set_part(now, &bob, Part::default()),
        Ok(()),
        "there is nothing to it"
    );
    assert_eq!((parts.table.len(), parts.identities().count()), (1, 1));
    nodes.settle();
    nodes.set(1, &bob, calls("desk", 1, 0));
    assert_eq!(nodes.sum(0, &bob), Part::default());
    assert_eq!((nodes.node(0).left_out(), nodes.node(1).left_out()), (1, 0));
    let parts = nodes.all[0].as_mut().expect("it is up");
    parts.shut();
    assert_eq!(parts.set_part(now, &ann, Part::default()), Err(Refusal::Closed));
}

#[test]
fn a_whole_takes_the_place_of_what_was_heard_before() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let (ann, bob, cid) = (identity("ann"), identity("bob"), identity("cid"));
    nodes.set(0, &ann, calls("desk", 1, 0));
    nodes.set(0, &bob, calls("desk", 1, 0));
    nodes.say(0, &bob, 1, busy());
    nodes.apart = vec![1];
    nodes.set(0, &ann, Part::default());
    nodes.set(0, &bob, calls("page", 2, 0));
    nodes.set(0, &cid, calls("desk", 1, 1));
    nodes.apart.clear();
    nodes.wait(Duration::from_secs(6));
    assert_eq!(nodes.sum(1, &ann), Part::default());
    let said = nodes.sum(0, &bob).said;
    assert_eq!(
        nodes.sum(1, &bob),
        Part {
            said,
            ..calls("page", 2, 0)
        }
    );
    assert_eq!(nodes.sum(1, &cid), calls("desk", 1, 1));
}

#[test]
fn nothing_private_is_in_what_is_printed() {
    let mut nodes = Nodes::new(&["a", "b"]);
    let ann = identity("+4930123456");
    let parts = nodes.all[0].as_mut().expect("it is up");
    let part = Part {
        said: Some(Said {
            at_ms: 1,
            status: Some(Status {
                text: "call 0170".to_owned().into(),
                ..Status::new(Availability::Busy)
            }),
        }),
        ..calls("+4930123456;desk", 1, 0)
    };
    parts.set_part(nodes.now, &ann, part).expect("it may");
    let mut printed = format!(
        "{parts:?} {:?} {:?}",
        parts.sum(&ann),
        parts.since(0).map(Iterator::collect::<Vec<_>>)
    );
    while let Some(output) = parts.poll() {
        printed.push_str(&format!("{output:?}"));
    }
    assert!(printed.contains("acme/<private>"), "{printed}");
    assert!(!printed.contains("493012") && !printed.contains("0170"), "{printed}");
}
