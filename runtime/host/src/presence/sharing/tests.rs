//! Desks of several nodes that share what they know, by a pretend clock and a wire that loses nothing.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use super::*;
use patchcord_control::presence::{Availability, ClientId, Reach, WhenBusy};
use patchcord_sip::{Flow, Message as SipMessage, Owner, Registrar as SipRegistrar, RegistrarConfig, parse};
use patchcord_switch::{LegOf, OnCall, PresenceAsk, PresenceTold};
use std::time::Duration;

/// How often the wire carries what waits until nothing does: a chatter without end is a fault.
const TURNS_MAX: usize = 100;
/// Longer than a node counts that says nothing.
const SILENCE: Duration = Duration::from_secs(60);

struct Node {
    name: NodeId,
    sharing: Sharing,
    desk: PresenceDesk,
    registrar: SipRegistrar,
}

struct Cluster {
    now: Instant,
    nodes: Vec<Node>,
    cseq: u32,
}

fn acme() -> Tenant {
    Tenant("acme".to_owned())
}

impl Cluster {
    fn of(names: &[&str]) -> Self {
        let mut cluster = Self {
            now: Instant::now(),
            nodes: Vec::new(),
            cseq: 0,
        };
        names.iter().for_each(|name| cluster.begin(name));
        cluster
    }

    fn begin(&mut self, name: &str) {
        let me = Named {
            node: name.parse().expect("a name"),
            region: name[..3].parse().expect("a region"),
            incarnation: 1,
        };
        self.nodes.push(Node {
            name: me.node.clone(),
            sharing: Sharing::new(self.now, &me, BorderPlace::default()),
            desk: PresenceDesk::among_others(name),
            registrar: SipRegistrar::new(RegistrarConfig::default()),
        });
        self.carry();
    }

    /// Carries messages until there are none.
    fn carry(&mut self) {
        for _ in 0..TURNS_MAX {
            let mut messages = Vec::new();
            for node in &mut self.nodes {
                node.sharing.deadline(self.now);
                node.desk.deadline(self.now);
                node.sharing.settle(self.now, &mut node.desk);
                while let Some(message) = node.sharing.poll() {
                    messages.push((node.name.clone(), message));
                }
            }
            if messages.is_empty() {
                return;
            }
            for (from, (topic, to, bytes)) in messages {
                let is_for = |node: &&mut Node| match &to {
                    To::All => node.name != from,
                    To::Node(name) => node.name == *name,
                };
                for node in self.nodes.iter_mut().filter(is_for) {
                    node.sharing.heard(self.now, topic, &bytes);
                }
            }
        }
        panic!("nodes do not come to rest");
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += Duration::from_secs(1);
            self.carry();
        }
    }

    /// A page of a user registers at a node, or leaves it.
    fn register(&mut self, at: usize, (user, instance): (&str, Option<&str>), expires_s: u32) {
        self.cseq += 1;
        let instance_text = instance.map_or_else(String::new, |name| format!(";+sip.instance=\"<{name}>\""));
        let text = format!(
            "REGISTER sip:{CLIENTS_DOMAIN} SIP/2.0\r\nVia: SIP/2.0/WS page.invalid;branch=z9hG4bK{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{CLIENTS_DOMAIN}>;tag=1\r\nTo: <sip:{user}@{CLIENTS_DOMAIN}>\r\n\
             Call-ID: {at}-{user}\r\nCSeq: {cseq} REGISTER\r\nUser-Agent: Page\r\n\
             Contact: <sip:{user}@page.invalid;transport=ws>;expires={expires_s}{instance_text}\r\nContent-Length: 0\r\n\r\n",
            cseq = self.cseq,
        );
        let Ok(SipMessage::Request(request)) = parse(text.as_bytes()) else {
            panic!("a REGISTER is a request");
        };
        let (tenant, aor): (Arc<str>, Arc<str>) = ("acme".into(), format!("{user}@{CLIENTS_DOMAIN}").into());
        let owner = Owner {
            tenant: &tenant,
            aor: &aor,
            until: None,
        };
        let flow = Flow {
            transport: Transport::Ws,
            ..Flow::udp("10.0.0.9:40000".parse().expect("an address"))
        };
        let node = &mut self.nodes[at];
        let registered = node.registrar.register(self.now, flow, owner, &request);
        let change = registered.change.expect("it changes something");
        node.desk.located(self.now, &change);
        node.sharing.located(self.now, &change);
        self.carry();
    }

    fn rings(&mut self, at: usize, user: &str) -> Vec<ClientId> {
        let ask = PresenceAsk::Reach {
            identity: user.to_owned().into(),
            when_busy: WhenBusy::Skip,
        };
        match self.nodes[at].desk.ask(self.now, &acme(), &ask) {
            PresenceTold::Reach(Reach::Ring(clients), _) => clients,
            _ => Vec::new(),
        }
    }

    fn status(&self, at: usize, user: &str) -> (Availability, String) {
        let view = self.nodes[at].desk.view((&acme(), user)).expect("a name");
        (view.status.availability, view.status.text.reveal().clone())
    }

    fn leg(&mut self, at: usize, client: Option<ClientId>, what: LegOf) {
        let leg = OnCall {
            tenant: acme(),
            identity: "anna".to_owned().into(),
            client,
            what,
        };
        let now = self.now;
        self.nodes[at].desk.on_call(now, &leg);
        self.carry();
    }
}

fn says(availability: Availability, text: &str) -> Status {
    Status {
        text: text.to_owned().into(),
        ..Status::new(availability)
    }
}

#[test]
fn a_device_counts_at_all_nodes_until_it_leaves_and_so_does_what_it_says() {
    let mut cluster = Cluster::of(&["eu1-a", "us1-a"]);
    cluster.register(1, ("anna", Some("urn:a")), 600);
    assert_eq!((cluster.rings(0, "anna").len(), cluster.rings(1, "anna").len()), (1, 1));
    let now = cluster.now;
    let away = says(Availability::DoNotDisturb, "at lunch");
    let said = cluster.nodes[1].desk.publish(now, (&acme(), "anna"), "urn:a", away);
    said.expect("it is registered");
    cluster.carry();
    assert_eq!(
        cluster.status(0, "anna"),
        (Availability::DoNotDisturb, "at lunch".to_owned())
    );
    let found = cluster.nodes[0].sharing.find(&acme(), "anna");
    assert_eq!((found[0].node.as_str(), found[0].region.as_str()), ("us1-a", "us1"));
    // Who comes later hears of it too.
    cluster.begin("ap1-a");
    cluster.pass(Duration::from_secs(10));
    assert_eq!(cluster.status(2, "anna").1, "at lunch");
    cluster.register(1, ("anna", Some("urn:a")), 0);
    assert_eq!(cluster.status(0, "anna").0, Availability::Unavailable);
    assert_eq!(cluster.status(2, "anna").0, Availability::Unavailable);
}

#[test]
fn devices_without_a_name_of_their_own_are_not_one_at_two_nodes() {
    let mut cluster = Cluster::of(&["eu1-a", "us1-a"]);
    cluster.register(0, ("anna", None), 600);
    cluster.register(1, ("anna", None), 600);
    assert_eq!((cluster.rings(0, "anna").len(), cluster.rings(1, "anna").len()), (2, 2));
}

#[test]
fn a_device_that_comes_in_at_another_node_is_there_and_nowhere_else() {
    let mut cluster = Cluster::of(&["eu1-a", "us1-a"]);
    cluster.register(0, ("anna", Some("urn:a")), 600);
    cluster.register(1, ("anna", Some("urn:a")), 600);
    assert_eq!((cluster.rings(0, "anna").len(), cluster.rings(1, "anna").len()), (1, 1));
    let found = cluster.nodes[0].sharing.find(&acme(), "anna");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].node.as_str(), "us1-a");
    let history = found[0].instance.history.clone().expect("it was elsewhere");
    assert_eq!(history.iter().next().map(|before| before.node.as_str()), Some("eu1-a"));
    // And back again.
    cluster.register(0, ("anna", Some("urn:a")), 600);
    assert_eq!((cluster.rings(0, "anna").len(), cluster.rings(1, "anna").len()), (1, 1));
    assert_eq!(cluster.nodes[1].sharing.find(&acme(), "anna")[0].node.as_str(), "eu1-a");
}

#[test]
fn calls_and_words_count_at_all_nodes_and_calls_go_with_their_node() {
    let mut cluster = Cluster::of(&["eu1-a", "us1-a"]);
    cluster.register(1, ("anna", Some("urn:a")), 6_000);
    // The call runs at the other node, which knows the device as one of its own numbers.
    let client = cluster.rings(0, "anna")[0];
    cluster.leg(0, Some(client), LegOf::Began);
    assert_eq!(cluster.status(1, "anna").0, Availability::Busy);
    assert!(cluster.rings(1, "anna").is_empty());
    cluster.leg(0, Some(client), LegOf::Over);
    assert_eq!(cluster.rings(1, "anna").len(), 1);

    let now = cluster.now;
    let word = says(Availability::DoNotDisturb, "on holiday");
    cluster.nodes[0]
        .desk
        .set(now, (&acme(), "anna"), Some(word))
        .expect("it may be said");
    cluster.leg(0, Some(client), LegOf::Began);
    assert_eq!(
        cluster.status(1, "anna"),
        (Availability::DoNotDisturb, "on holiday".to_owned())
    );
    // The node is gone without a word: its calls are over, and what was said stays.
    cluster.nodes.remove(0);
    cluster.pass(SILENCE);
    let view = cluster.nodes[0].desk.view((&acme(), "anna")).expect("a name");
    assert_eq!((view.calls, view.status.text.reveal().as_str()), (0, "on holiday"));
    cluster.nodes[0]
        .desk
        .set(cluster.now, (&acme(), "anna"), None)
        .expect("it may be said");
    cluster.carry();
    assert_eq!(cluster.rings(0, "anna").len(), 1);
}

#[test]
fn what_is_registered_at_a_node_that_leaves_or_dies_is_reached_no_more() {
    let mut cluster = Cluster::of(&["eu1-a", "us1-a", "ap1-a"]);
    cluster.register(1, ("anna", Some("urn:a")), 6_000);
    cluster.register(2, ("bob", Some("urn:b")), 6_000);
    assert_eq!((cluster.rings(0, "anna").len(), cluster.rings(0, "bob").len()), (1, 1));
    let now = cluster.now;
    let leaves = &mut cluster.nodes[1];
    leaves.sharing.shut(now, &mut leaves.desk);
    cluster.carry();
    assert_eq!((cluster.rings(0, "anna").len(), cluster.rings(0, "bob").len()), (0, 1));
    cluster.nodes.pop();
    cluster.pass(SILENCE);
    assert!(cluster.rings(0, "bob").is_empty());
}

#[test]
fn what_is_not_understood_changes_nothing() {
    let mut cluster = Cluster::of(&["eu1-a", "us1-a"]);
    cluster.register(1, ("anna", Some("urn:a")), 600);
    let now = cluster.now;
    for topic in Topic::ALL {
        for bytes in [&b""[..], b"\x01", b"{}", &[0xff; 300]] {
            cluster.nodes[0].sharing.heard(now, topic, bytes);
        }
    }
    cluster.carry();
    assert_eq!(cluster.rings(0, "anna").len(), 1);
}
