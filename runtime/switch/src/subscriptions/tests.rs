//! Clients with tokens that subscribe over their WebSocket, at a shard with a desk and without anything else, by a pretend clock: whom
//! their token names they are told of, as long as it lasts, and everybody else is refused.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use super::*;
use crate::identity::IdentityConfig;
use crate::io::{Config, Input, Output};
use crate::presence::{LegOf, OnCall, PresenceDesk};
use patchcord_control::call::{Listens, Trace};
use patchcord_control::presence::WatcherId;
use patchcord_control::tenancy::{Limits, Tenancy};
use patchcord_control::words::UnixTime;
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{ConnectionId, Listener, MayCall, MayWatch, Proven, Transport};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);
/// Of a token.
const LIFE: Duration = Duration::from_secs(600);
/// In which changes are gathered, and a little more.
const MOMENT: Duration = Duration::from_millis(200);

struct Node {
    shard: Shard,
    desk: PresenceDesk,
    watchers: BTreeMap<WatcherId, Query>,
    now: Instant,
    sent: Vec<String>,
}

fn flow(connection: u64) -> Flow {
    Flow {
        transport: Transport::Wss,
        peer: SocketAddr::from(([192, 0, 2, 9], 50_000)),
        connection: Some(ConnectionId(connection)),
    }
}

fn config(base: Instant) -> Config {
    Config {
        sip: patchcord_sip::Config::new(vec![Listener::udp(HERE)], "patchcord"),
        domain: None,
        media_address: HERE.ip(),
        gate: None,
        trunks: Vec::new(),
        registrar: None,
        identity: IdentityConfig::default(),
        codecs: vec![Codec::Pcmu],
        ptime_ms: 20,
        srtp: Srtp::Accept,
        browsers: None,
        media_timeout: None,
        instance: patchcord_guest::Limits::default(),
        call: patchcord_control::limits::Limits::default(),
        streams: Arc::default(),
        listens: Listens::Never,
        calls: 10,
        trace: Trace::Off,
        journal: None,
        ladder: Trace::Off,
        tenancy: Arc::new(Tenancy::new(base, Limits::default())),
        clock: (
            base,
            UnixTime {
                seconds: 1_800_000_000,
                nanoseconds: 0,
            },
        ),
        seed: [11; 32],
    }
}

fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let line = |line: &'a str| line.split_once(": ").filter(|(known, _)| *known == name);
    message.lines().find_map(line).map(|(_, value)| value)
}

impl Node {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            shard: Shard::new(now, config(now)).expect("a plain node"),
            desk: PresenceDesk::default(),
            watchers: BTreeMap::new(),
            now,
            sent: Vec::new(),
        }
    }

    fn alice(&self, watches: MayWatch) -> Arc<Proven> {
        Arc::new(Proven {
            tenant: "acme".into(),
            identity: "alice".into(),
            may_be_called: false,
            calls: MayCall::Nobody,
            watches,
            expires_at: self.now + LIFE,
        })
    }

    fn tell(&mut self, input: Input<'_>) {
        self.shard.handle(self.now, input);
        while let Some(output) = self.shard.poll() {
            match output {
                Output::Send { bytes, .. } => self.sent.push(String::from_utf8_lossy(&bytes).into_owned()),
                Output::AskPresence {
                    query,
                    tenant,
                    ask: PresenceAsk::Watch { identities, ringing },
                } => {
                    let names = identities.iter().map(|name| name.reveal().as_str());
                    let watcher = self.desk.watch(&tenant, names).expect("there is room");
                    if ringing {
                        self.desk.hear_ringing(watcher);
                    }
                    self.watchers.insert(watcher, query);
                }
                Output::LeavePresence { query } => {
                    let known = self.watchers.iter().find(|(_, known)| **known == query);
                    let watcher = *known.expect("it is watched").0;
                    self.watchers.remove(&watcher);
                    self.desk.unwatch(watcher);
                }
                _ => {}
            }
        }
    }

    /// Lets time pass, for the desk and for the shard.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.desk.deadline(self.now);
        self.tell(Input::Deadline);
        while let Some(told) = self.desk.poll() {
            let query = self.watchers[&told.watcher];
            let told = PresenceTold::News(told.views);
            self.tell(Input::Presence { query, told });
        }
    }

    fn say(&mut self, from: Flow, text: &str, proven: Option<&Arc<Proven>>) {
        self.tell(Input::Message {
            flow: from,
            bytes: text.as_bytes(),
            proven: proven.cloned(),
        });
    }

    /// SUBSCRIBE, outside a dialog or in one; its answer.
    fn subscribe(&mut self, call: &str, to: &str, (cseq, fields): (u32, &str), who: Option<&Arc<Proven>>) -> String {
        let uri = to.split('>').next().unwrap_or(to);
        let text = format!(
            "SUBSCRIBE {uri} SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{call}{cseq}\r\n\
             From: <sip:alice@anything.example>;tag=theirs\r\nTo: <{to}\r\nCall-ID: {call}\r\nCSeq: {cseq} SUBSCRIBE\r\n\
             Contact: <sip:a@x.invalid;transport=ws>\r\nMax-Forwards: 70\r\n{fields}Content-Length: 0\r\n\r\n"
        );
        self.say(flow(1), &text, who);
        let at = self.sent.iter().position(|text| text.starts_with("SIP/2.0 "));
        self.sent.remove(at.expect("an answer"))
    }

    /// The next NOTIFY, which is taken.
    fn notice(&mut self) -> String {
        let at = self.sent.iter().position(|text| text.starts_with("NOTIFY "));
        let notice = self.sent.remove(at.expect("a NOTIFY"));
        let fields = ["Via", "From", "To", "Call-ID", "CSeq"];
        let fields = fields.map(|name| format!("{name}: {}\r\n", field(&notice, name).expect("it has one")));
        let taken = format!("SIP/2.0 200 OK\r\n{}Content-Length: 0\r\n\r\n", fields.concat());
        self.say(flow(1), &taken, None);
        notice
    }

    fn on_call(&mut self, what: LegOf) {
        let leg = OnCall {
            tenant: Tenant("acme".to_owned()),
            identity: "bob".to_owned().into(),
            client: None,
            what,
        };
        self.desk.on_call(self.now, &leg);
        self.pass(MOMENT);
    }
}

const BOB: &str = "sip:bob@anything.example>";

fn bob_alone() -> MayWatch {
    MayWatch::Only(Arc::new(["bob".into()]))
}

#[test]
fn a_client_is_told_of_those_whom_its_token_names() {
    let mut node = Node::new();
    let alice = node.alice(bob_alone());
    for (call, package, kind) in [
        ("one", "presence", "application/pidf+xml"),
        ("two", "dialog", "application/dialog-info+xml"),
    ] {
        let fields = format!("Event: {package}\r\nExpires: 120\r\n");
        let answer = node.subscribe(call, BOB, (1, &fields), Some(&alice));
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        assert_eq!(field(&answer, "Expires"), Some("120"));
        node.pass(MOMENT);
        let first = node.notice();
        assert_eq!(field(&first, "Content-Type"), Some(kind));
        assert!(
            first.starts_with("NOTIFY sip:a@x.invalid;transport=ws SIP/2.0"),
            "{first}"
        );
        assert!(first.contains("sip:bob@anything.example"), "{first}");
    }
    node.on_call(LegOf::Began);
    let both = [node.notice(), node.notice()].concat();
    assert!(both.contains("<state>confirmed</state>"), "{both}");
    node.on_call(LegOf::Over);
    let both = [node.notice(), node.notice()].concat();
    assert!(both.contains("<state>terminated</state>"), "{both}");
    // Whoever closes its connection watches no more.
    node.tell(Input::SendFailed { flow: flow(1) });
    assert_eq!(node.desk.sizes().0, 0);
    node.on_call(LegOf::Began);
    assert_eq!(node.sent, [""; 0]);
}

#[test]
fn whom_a_token_does_not_name_a_client_does_not_see() {
    let mut node = Node::new();
    let (some, nobody) = (node.alice(bob_alone()), node.alice(MayWatch::Only(Arc::new([]))));
    let event = (1, "Event: presence\r\n");
    for (call, to, who) in [
        ("carol", "sip:carol@anything.example>", &some),
        ("herself", "sip:alice@anything.example>", &some),
        ("domain", "sip:anything.example>", &some),
        ("none", BOB, &nobody),
    ] {
        let answer = node.subscribe(call, to, event, Some(who));
        assert!(answer.starts_with("SIP/2.0 403"), "{call}: {answer}");
        let why = field(&answer, "Warning").unwrap_or_default();
        assert!(why.contains("does not allow the client to watch"), "{why}");
    }
    let stranger = node.subscribe("stranger", BOB, event, None);
    assert!(stranger.starts_with("SIP/2.0 403"), "{stranger}");
    assert_eq!(node.desk.sizes().0, 0);
    let everyone = node.alice(MayWatch::Everyone);
    let answer = node.subscribe("all", "sip:carol@anything.example>", event, Some(&everyone));
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
}

#[test]
fn a_subscription_ends_with_the_token_however_often_it_is_renewed() {
    let mut node = Node::new();
    let alice = node.alice(bob_alone());
    let event = "Event: presence\r\nExpires: 3600\r\n";
    let answer = node.subscribe("long", BOB, (1, event), Some(&alice));
    assert_eq!(field(&answer, "Expires"), Some("600"));
    let to = field(&answer, "To").expect("it has one");
    let to = to.trim_start_matches('<').to_owned();
    node.pass(MOMENT);
    node.notice();
    node.pass(LIFE / 2 - MOMENT);
    let answer = node.subscribe("long", &to, (2, event), Some(&alice));
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert_eq!(field(&answer, "Expires"), Some("300"));
    node.notice();
    node.pass(LIFE / 2);
    let last = node.notice();
    assert_eq!(field(&last, "Subscription-State"), Some("terminated;reason=timeout"));
    assert_eq!(node.desk.sizes().0, 0);
    let late = node.subscribe("late", BOB, (1, event), Some(&alice));
    assert!(late.starts_with("SIP/2.0 403"), "{late}");
    let late = node.subscribe("long", &to, (3, event), Some(&alice));
    assert!(late.starts_with("SIP/2.0 481"), "{late}");
}

#[test]
fn a_client_publishes_nothing_by_sip() {
    let mut node = Node::new();
    let alice = node.alice(MayWatch::Everyone);
    let text = "PUBLISH sip:alice@anything.example SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKp\r\n\
                From: <sip:alice@anything.example>;tag=p\r\nTo: <sip:alice@anything.example>\r\nCall-ID: p\r\n\
                CSeq: 1 PUBLISH\r\nEvent: presence\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
    node.say(flow(1), text, Some(&alice));
    assert!(node.sent[0].starts_with("SIP/2.0 403"), "{}", node.sent[0]);
}
