//! Clients with tokens at a shard, without network or media: their calls go to the one handler that their token names, with the
//! parameters it fixes; they are rung under their identity, beside the phones of the same user; and another tenant has none of it.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::slices::config;
use crate::support::{announcement, helper, program};
use patchcord_control::ids::Tenant;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_media::SessionId;
use patchcord_sip::{ConnectionId, Flow, GateConfig, MayCall, MayWatch, Proven, RegistrarConfig, Strangers, Transport};
use patchcord_switch::{Config, Directory, Input, MediaPort, Notice, Output, PresenceDesk, Shard};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

struct Node {
    shard: Shard,
    presence: PresenceDesk,
    now: Instant,
    sent: Vec<(Flow, String)>,
    logged: Vec<String>,
}

fn flow(connection: u64) -> Flow {
    Flow {
        transport: Transport::Wss,
        peer: SocketAddr::from(([192, 0, 2, 9], 50_000 + connection as u16)),
        connection: Some(ConnectionId(connection)),
    }
}

impl Node {
    fn new() -> Self {
        let now = Instant::now();
        let config = Config {
            gate: Some(GateConfig {
                strangers: Strangers::Accept,
                ..GateConfig::default()
            }),
            registrar: Some(RegistrarConfig::default()),
            ..config(now)
        };
        let mut node = Self {
            shard: Shard::new(now, config).expect("a plain node"),
            presence: PresenceDesk::default(),
            now,
            sent: Vec::new(),
            logged: Vec::new(),
        };
        let ports = (0..16).map(|number| MediaPort {
            session: SessionId(number),
            thread: 0,
            port: 20_000 + 2 * number as u16,
        });
        node.tell(Input::Ports(ports.collect()));
        let acme = Tenant("acme".to_owned());
        let routes = Routes::new(vec![Route::new(Pattern::Any, acme.clone(), "ringer")]);
        let programs = vec![
            (acme.clone(), program("ringer", &helper("any_party"))),
            (acme, program("reception", &helper("says_parameters"))),
        ];
        let directory = Directory::new(routes, programs, announcement());
        node.tell(Input::Directory(Arc::new(directory)));
        node
    }

    fn tell(&mut self, input: Input<'_>) {
        self.shard.handle(self.now, input);
        while let Some(output) = self.shard.poll() {
            match output {
                Output::Send { to, bytes, .. } => self.sent.push((to, String::from_utf8_lossy(&bytes).into_owned())),
                Output::Notice {
                    notice: Notice::Log { message, .. },
                    ..
                } => self.logged.push(message),
                Output::Location(change) => self.presence.located(self.now, &change),
                Output::AskPresence { query, tenant, ask } => {
                    let told = self.presence.ask(self.now, &tenant, &ask);
                    self.shard.handle(self.now, Input::Presence { query, told });
                }
                _ => {}
            }
        }
    }

    fn client(&self, tenant: &str, identity: &str, calls: MayCall) -> Arc<Proven> {
        Arc::new(Proven {
            tenant: tenant.into(),
            identity: identity.into(),
            may_be_called: true,
            calls,
            watches: MayWatch::Only(Arc::new([])),
            expires_at: self.now + Duration::from_secs(600),
        })
    }

    fn say(&mut self, from: Flow, text: &str, proven: Option<&Arc<Proven>>) {
        self.tell(Input::Message {
            flow: from,
            bytes: text.as_bytes(),
            proven: proven.cloned(),
        });
    }

    fn invite(&mut self, from: Flow, to: &str, fields: &str, proven: Option<&Arc<Proven>>) {
        let text = format!(
            "INVITE sip:{to}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{to}\r\n\
             From: <sip:mallory@192.0.2.9>;tag={to}\r\nTo: <sip:{to}@192.0.2.1>\r\nCall-ID: {to}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:c@x.invalid;transport=ws>\r\nMax-Forwards: 70\r\n{fields}Content-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        );
        self.say(from, &text, proven);
    }

    fn register(&mut self, from: Flow, proven: &Arc<Proven>) {
        let identity = &proven.identity;
        let contact = from.connection.expect("a connection").0;
        let text = format!(
            "REGISTER sip:clients.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK-r{contact}\r\n\
             From: <sip:{identity}@anything.example>;tag=r\r\nTo: <sip:{identity}@anything.example>\r\n\
             Call-ID: r{contact}\r\nCSeq: 1 REGISTER\r\nContact: <sip:c{contact}@x.invalid;transport=ws>\r\n\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.say(from, &text, Some(proven));
        assert!(self.sent.pop().expect("an answer").1.starts_with("SIP/2.0 200"));
    }

    /// The flows over which somebody was called since the last look.
    fn called(&mut self) -> Vec<Flow> {
        let sent = std::mem::take(&mut self.sent);
        let invites = sent.into_iter().filter(|(_, text)| text.starts_with("INVITE "));
        invites.map(|(to, _)| to).collect()
    }
}

fn reception() -> MayCall {
    MayCall::Handler {
        name: "reception".into(),
        parameters: Arc::new([("queue".to_owned(), "sales".to_owned())]),
    }
}

#[test]
fn a_client_reaches_the_handler_of_its_token_with_the_parameters_of_its_token() {
    let mut node = Node::new();
    let alice = node.client("acme", "alice", reception());
    let forged = "X-Queue: board\r\nX-topic: invoices\r\nX-QUEUE: board\r\n";
    node.invite(flow(1), "+12025550100", forged, Some(&alice));
    assert_eq!(
        node.logged,
        [
            "alice calls +12025550100",
            "X-queue: sales",
            "X-topic: invoices",
            "X-Other: "
        ]
    );
    assert!(
        node.sent
            .iter()
            .any(|(to, text)| *to == flow(1) && text.starts_with("SIP/2.0 180"))
    );
}

#[test]
fn a_client_of_another_tenant_finds_nothing_under_the_same_name() {
    let mut node = Node::new();
    let stranger = node.client("globex", "alice", reception());
    node.invite(flow(1), "anything", "", Some(&stranger));
    assert!(node.logged.is_empty());
    assert!(node.sent.iter().any(|(_, text)| text.starts_with("SIP/2.0 404")));
}

#[test]
fn an_identity_rings_wherever_it_is_signed_in_and_no_other_tenant_s_does() {
    let mut node = Node::new();
    let bob = node.client("acme", "bob", MayCall::Nobody);
    node.register(flow(1), &bob);
    node.register(flow(2), &bob);
    let other = node.client("globex", "bob", MayCall::Nobody);
    node.register(flow(3), &other);
    let alice = node.client("acme", "alice", MayCall::Anyone);
    node.invite(flow(4), "bob", "", Some(&alice));
    let mut called = node.called();
    called.sort();
    assert_eq!(called, [flow(1), flow(2)]);

    // A connection that is gone is one place less, and a token that is over leaves none.
    node.tell(Input::SendFailed { flow: flow(1) });
    node.sent.clear();
    node.invite(flow(4), "bob+nobody", "", Some(&alice));
    assert_eq!(node.called(), [flow(2)]);
    node.now += Duration::from_secs(600);
    node.tell(Input::Deadline);
    let late = node.client("acme", "alice", MayCall::Anyone);
    node.invite(flow(4), "bob.carol", "", Some(&late));
    assert_eq!(node.called(), []);
}
