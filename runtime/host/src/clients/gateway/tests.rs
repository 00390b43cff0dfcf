//! A session against a SIP endpoint that stands for a shard, in virtual time: what is said becomes SIP and back, what was missed is
//! said again and nothing twice, and every limit does what it says.
#![allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]

use super::core::{Beginning, Core, Input, Output};
use super::memory::{Memory, Numbered, Room};
use super::{BURST, CALLS, KEPT, RESUME, SILENCE, close};
use crate::browsers::Ice;
use crate::clients::ice::{ClientIce, IceServers, IceUrl};
use crate::clients::testing::{grants, reception};
use crate::clients::token::{CallGrant, Grant, Token, TokenError};
use patchcord_control::presence::Status;
use patchcord_sip::{
    ConnectionId, DialogId, Endpoint, Event, Flow, Input as SipInput, Listener, NameAddr, Origin, Outgoing,
    Output as SipOutput, Owner, Proven, Registrar, RegistrarConfig, Rejection, Transport, Uri,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

mod presence;

const LIFE: i64 = 600;
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 192.0.2.8\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

fn token(identity: &str, incoming: bool, call: Option<CallGrant>) -> Token {
    Token {
        tenant: "acme".to_owned(),
        kid: "key_1".to_owned(),
        expires_at: LIFE,
        grants: grants(identity, incoming, call),
    }
}

struct Rig {
    now: Instant,
    core: Core,
    shard: Endpoint,
    registrar: Registrar,
    /// What the client heard.
    heard: Vec<Value>,
    closed: Option<u16>,
    over: bool,
    checks: Vec<String>,
    published: Vec<(Option<u64>, Status)>,
    watched: Vec<(Option<u64>, Vec<String>)>,
    /// What its token was refused for, to be counted.
    refused: Vec<TokenError>,
    events: Vec<Event>,
    seq: u64,
}

fn flow() -> Flow {
    Flow {
        transport: Transport::Wss,
        peer: "198.51.100.9:50000".parse().expect("an address"),
        connection: Some(ConnectionId(4)),
    }
}

fn ice() -> ClientIce {
    let url = IceUrl::parse("turn:turn.example.com").expect("an address");
    ClientIce {
        node: Some(Ice::Lite),
        servers: IceServers::new(vec![url], Some("hush".to_owned())).expect("they fit"),
    }
}

impl Rig {
    fn new() -> Self {
        Self::with(token("alice", true, reception()))
    }

    fn with(token: Token) -> Self {
        let now = Instant::now();
        let door = Listener {
            transport: Transport::Wss,
            address: "198.51.100.2:443".parse().expect("an address"),
        };
        let beginning = Beginning {
            proven: token.proven(now, 0),
            token,
            instance: Some("tab-1".to_owned()),
            secret: "secret-1",
            seed: 7,
            flow: flow(),
            ice: Arc::new(ice()),
        };
        let mut rig = Self {
            now,
            core: Core::new(now, beginning),
            shard: Endpoint::new(patchcord_sip::Config::new(vec![door], ""), 3),
            registrar: Registrar::new(RegistrarConfig::default()),
            heard: Vec::new(),
            closed: None,
            over: false,
            checks: Vec::new(),
            published: Vec::new(),
            watched: Vec::new(),
            refused: Vec::new(),
            events: Vec::new(),
            seq: 0,
        };
        rig.pump();
        rig
    }

    fn give(&mut self, input: Input<'_>) {
        self.core.handle(self.now, input);
        self.pump();
    }

    /// A numbered message of the client.
    fn say(&mut self, mut message: Value) {
        self.seq += 1;
        message["seq"] = self.seq.into();
        self.give(Input::Text(&message.to_string()));
    }

    /// Lets both sides speak until they are silent.
    fn pump(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.core.poll() {
                quiet = false;
                match output {
                    Output::Text(text) => self.heard.push(serde_json::from_str(&text).expect("JSON")),
                    Output::Sip(bytes) => {
                        let proven: Arc<Proven> = self.core.proven().clone();
                        let input = SipInput::Message {
                            flow: flow(),
                            bytes: &bytes,
                            proven: Some(&proven),
                        };
                        self.shard.handle(self.now, input);
                    }
                    Output::Check(token) => self.checks.push(token),
                    Output::Publish(of, status) => self.published.push((of, status)),
                    Output::Watch(of, whom) => self.watched.push((of, whom)),
                    Output::Refused(why) => self.refused.push(why),
                    Output::Close(number, _) => self.closed = Some(number),
                    Output::Over => self.over = true,
                }
            }
            while let Some(output) = self.shard.poll() {
                quiet = false;
                match output {
                    SipOutput::Send { to, bytes, .. } => {
                        assert_eq!(to.any_connection(), flow().any_connection(), "it is nowhere else");
                        self.core.handle(self.now, Input::Sip(&bytes));
                    }
                    SipOutput::Event(event) => self.shard_event(event),
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn shard_event(&mut self, event: Event) {
        if let Event::Request {
            exchange,
            request,
            origin: Origin::Client(proven),
            ..
        } = &event
        {
            let aor = proven.aor();
            let owner = Owner {
                tenant: &proven.tenant,
                aor: &aor,
                until: Some(proven.expires_at),
            };
            let done = self.registrar.register(self.now, flow(), owner, request);
            self.shard
                .reply(self.now, *exchange, done.reply)
                .expect("it waits for a reply");
        }
        self.events.push(event);
    }

    /// Time passes, with everything that is due in it.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let due = [self.core.wake_at(), self.shard.wake_at()].into_iter().flatten().min();
            let Some(at) = due.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            self.shard.handle(self.now, SipInput::Deadline);
            self.give(Input::Deadline);
        }
        self.now = until;
    }

    /// The same with a client that shows it is there.
    fn pass_alive(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.pass((until - self.now).min(Duration::from_secs(5)));
            self.give(Input::Text(r#"{"type":"ping"}"#));
        }
    }

    /// What was heard of one kind since the last time that anything was taken.
    fn take(&mut self, kind: &str) -> Value {
        let at = self.heard.iter().position(|one| one["type"] == kind);
        let at = at.unwrap_or_else(|| panic!("no {kind} in {:#?}", self.heard));
        self.heard.remove(at)
    }

    fn code(&mut self) -> String {
        self.take("error")["code"].as_str().expect("a code").to_owned()
    }

    fn invited(&self) -> (DialogId, Arc<patchcord_sip::Request>) {
        let invite = self.events.iter().rev().find_map(|event| match event {
            Event::Invite { dialog, request, .. } => Some((*dialog, request.clone())),
            _ => None,
        });
        invite.expect("a call came")
    }

    /// Its session is over, it cannot be reached, and its call has ended.
    fn has_left(&self) {
        assert!(self.over);
        assert_eq!(self.bindings(), 0);
        assert!(
            self.events.iter().any(|event| matches!(event, Event::Ended { .. })),
            "its call is over"
        );
    }

    fn bindings(&self) -> usize {
        self.registrar
            .location()
            .bindings(self.now, "acme", "alice@clients.invalid")
            .count()
    }

    /// A call to the client; its dialog at the shard.
    fn call_in(&mut self) -> DialogId {
        let uri = |text: &str| Uri::parse(text).expect("an address");
        let mut from = NameAddr::new(uri("sip:+3025550100@office.example"));
        from.display = Some("Ada".to_owned());
        let outgoing = Outgoing {
            sdp: Some(OFFER.into()),
            headers: vec![("X-Ticket".to_owned(), "42".to_owned())],
            ..Outgoing::new(uri("sip:c1@clients.invalid;transport=ws"), flow(), from)
        };
        let dialog = self.shard.invite(self.now, outgoing).expect("placed");
        self.pump();
        dialog
    }

    /// A call of the client that was answered.
    fn call_out(&mut self) -> DialogId {
        self.say(json!({ "type": "call", "call": "c1", "params": { "topic": "x" }, "sdp": OFFER }));
        let (dialog, _) = self.invited();
        self.shard.accept(self.now, dialog, ANSWER.into()).expect("it waits");
        self.pump();
        dialog
    }
}

#[test]
fn a_client_registers_as_long_as_its_token_lasts() {
    let mut rig = Rig::new();
    let welcome = rig.take("welcome");
    assert_eq!(
        (&welcome["identity"], &welcome["resumed"]),
        (&json!("alice"), &json!(false))
    );
    assert_eq!(welcome["ice"], "lite");
    assert_eq!(welcome["ice_servers"][0]["urls"], json!(["turn:turn.example.com"]));
    rig.say(json!({ "type": "register" }));
    rig.take("registered");
    assert_eq!(rig.bindings(), 1);
    let binding = rig
        .registrar
        .location()
        .bindings(rig.now, "acme", "alice@clients.invalid")
        .next();
    assert_eq!(binding.unwrap().instance.as_deref(), Some("urn:patchcord:device:tab-1"));
    rig.pass_alive(Duration::from_secs(LIFE as u64 - 11));
    assert!(rig.heard.iter().all(|one| one["type"] == "pong"), "{:#?}", rig.heard);
    assert_eq!(rig.bindings(), 1, "it was refreshed");
    rig.pass_alive(Duration::from_secs(2));
    let warning = rig.take("token-will-expire");
    assert_eq!(warning["in_ms"], 10_000);
    rig.pass_alive(Duration::from_secs(10));
    assert_eq!(rig.take("unregistered")["reason"], "token-expired");
    assert_eq!(rig.bindings(), 0);
    rig.say(json!({ "type": "register" }));
    assert_eq!(rig.code(), "token-expired");
    rig.pass_alive(Duration::from_secs(60));
    assert_eq!((rig.closed, rig.over), (Some(close::TOKEN), true));
}

#[test]
fn a_new_token_goes_on_where_the_old_one_ends_and_is_the_same_identity_s() {
    let mut rig = Rig::new();
    rig.say(json!({ "type": "register" }));
    rig.say(json!({ "type": "token", "token": "later" }));
    assert_eq!(rig.checks, ["later"]);
    for other in [
        token("bob", true, None),
        Token {
            tenant: "globex".to_owned(),
            ..token("alice", true, None)
        },
    ] {
        let proven = other.proven(rig.now, 0);
        rig.give(Input::Checked(Ok((other, proven))));
        assert_eq!(rig.code(), "token-other-identity");
    }
    rig.give(Input::Checked(Err(TokenError::BadSignature)));
    assert_eq!(rig.code(), "token-bad-signature");
    let counted = [
        TokenError::OtherIdentity,
        TokenError::OtherIdentity,
        TokenError::BadSignature,
    ];
    assert_eq!(rig.refused, counted);
    let later = Token {
        expires_at: 2 * LIFE,
        ..token("alice", true, reception())
    };
    let proven = later.proven(rig.now, 0);
    rig.give(Input::Checked(Ok((later, proven))));
    let updated = rig.take("token-updated");
    assert_eq!(updated["expires_in_ms"], 2 * LIFE * 1_000);
    let name = updated["ice_servers"][0]["username"]
        .as_str()
        .expect("a name of its own");
    assert!(
        name.starts_with(&format!("{}:acme/alice", 2 * LIFE + 4 * 60 * 60)),
        "{name}"
    );
    rig.pass_alive(Duration::from_secs(LIFE as u64 + 5));
    assert_eq!(rig.bindings(), 1);
    assert!(!rig.heard.iter().any(|one| one["type"] == "unregistered"));
}

#[test]
fn a_call_goes_out_and_its_session_is_changed_by_both_sides() {
    let mut rig = Rig::new();
    rig.say(json!({ "type": "call", "call": "c1", "params": { "topic": "x" }, "sdp": OFFER }));
    let (dialog, invite) = rig.invited();
    assert_eq!(invite.sdp(), Some(OFFER.as_bytes()));
    assert_eq!(invite.uri.user(), Some("reception"));
    assert_eq!(invite.headers.first("X-topic"), Some("x"));
    rig.shard.provisional(rig.now, dialog, 180, None).expect("it waits");
    rig.pump();
    assert_eq!(rig.take("ringing")["call"], "c1");
    rig.shard.accept(rig.now, dialog, ANSWER.into()).expect("it waits");
    rig.pump();
    assert_eq!(
        rig.take("answered"),
        json!({ "type": "answered", "call": "c1", "sdp": ANSWER, "seq": 2 })
    );

    rig.say(json!({ "type": "offer", "call": "c1", "sdp": OFFER.replace("1 1 IN", "1 2 IN") }));
    rig.shard
        .accept_reinvite(rig.now, dialog, ANSWER.replace("2 1 IN", "2 2 IN").into())
        .expect("a change");
    rig.pump();
    assert!(rig.take("answer")["sdp"].as_str().unwrap().contains("2 2 IN"));
    rig.say(json!({ "type": "offer", "call": "c1", "sdp": OFFER.replace("1 1 IN", "1 3 IN") }));
    rig.shard.reject_reinvite(rig.now, dialog, 488).expect("a change");
    rig.pump();
    assert_eq!(rig.code(), "offer-refused");

    rig.shard
        .reinvite(rig.now, dialog, Some(ANSWER.replace("2 1 IN", "2 3 IN").into()))
        .expect("it is up");
    rig.pump();
    rig.take("offer");
    rig.say(json!({ "type": "answer", "call": "c1", "sdp": OFFER.replace("1 1 IN", "1 4 IN") }));
    let changed = rig.events.iter().rev().find_map(|event| match event {
        Event::ReinviteAnswered { status, .. } => Some(*status),
        _ => None,
    });
    assert_eq!(changed, Some(200));
    rig.say(json!({ "type": "answer", "call": "c1", "sdp": OFFER }));
    assert_eq!(rig.code(), "wrong-state");

    rig.say(json!({ "type": "keys", "call": "c1", "keys": "1#" }));
    let keys = rig.events.iter().filter_map(|event| match event {
        Event::Key { event, .. } => Some(*event),
        _ => None,
    });
    assert_eq!(keys.collect::<Vec<_>>(), [1, 11]);
    rig.say(json!({ "type": "hangup", "call": "c1" }));
    assert_eq!(rig.take("ended")["reason"], "local");
    assert!(matches!(rig.events.last(), Some(Event::Ended { .. })));
}

#[test]
fn a_change_that_a_client_does_not_answer_is_refused_for_it() {
    let mut rig = Rig::new();
    let dialog = rig.call_out();
    rig.shard
        .reinvite(rig.now, dialog, Some(ANSWER.replace("2 1 IN", "2 3 IN").into()))
        .expect("it is up");
    rig.pump();
    rig.pass_alive(Duration::from_secs(11));
    let refused = rig
        .events
        .iter()
        .any(|event| matches!(event, Event::ReinviteAnswered { status: 488, .. }));
    assert!(refused, "{:?}", rig.events);
}

#[test]
fn a_call_comes_in_and_is_taken_or_not() {
    let mut rig = Rig::new();
    rig.call_in();
    let incoming = rig.take("incoming");
    let expected = json!({ "call": "s1", "from": "+3025550100", "from_name": "Ada", "params": { "Ticket": "42" } });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&incoming[name], value, "{name}");
    }
    assert_eq!(incoming["sdp"], OFFER);
    let rings = |event: &Event| matches!(event, Event::Progress { status: 180, .. });
    assert!(rig.events.iter().any(rings));
    rig.say(json!({ "type": "accept", "call": "s1", "sdp": ANSWER }));
    let answered = |event: &Event| matches!(event, Event::Answered { sdp: Some(sdp), .. } if sdp == ANSWER.as_bytes());
    assert!(rig.events.iter().any(answered));

    let second = rig.call_in();
    rig.say(json!({ "type": "reject", "call": "s2" }));
    let refused = |event: &Event| matches!(event, Event::Refused { dialog, response } if *dialog == second && response.status == 603);
    assert!(rig.events.iter().any(refused));
    let third = rig.call_in();
    rig.shard.cancel(rig.now, third).expect("it rings");
    rig.pump();
    let ended: Vec<_> = rig.heard.iter().filter(|one| one["type"] == "ended").collect();
    assert_eq!(ended.last().unwrap()["reason"], "cancelled");
}

#[test]
fn what_a_token_does_not_allow_is_not_done() {
    let mut rig = Rig::with(token("alice", false, None));
    rig.say(json!({ "type": "register" }));
    assert_eq!(rig.code(), "token-missing-grant");
    rig.say(json!({ "type": "call", "call": "c1", "sdp": OFFER }));
    assert_eq!(rig.code(), "token-missing-grant");
    let counted = [Grant::Incoming, Grant::Call].map(TokenError::MissingGrant);
    assert_eq!(rig.refused, counted);
    assert!(rig.events.is_empty());
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let mut rig = Rig::new();
    let many: serde_json::Map<_, _> = (0..17).map(|at| (format!("p{at}"), json!(""))).collect();
    let wrong = [
        (json!({ "type": "call", "call": "s1", "sdp": OFFER }), "bad-name"),
        (
            json!({ "type": "call", "call": "c1", "to": "a b", "sdp": OFFER }),
            "bad-name",
        ),
        (
            json!({ "type": "call", "call": "c1", "params": many, "sdp": OFFER }),
            "bad-parameters",
        ),
        (
            json!({ "type": "call", "call": "c1", "params": { "a": "b\r\nX-C: d" }, "sdp": OFFER }),
            "bad-parameters",
        ),
        (
            json!({ "type": "call", "call": "c1", "sdp": "x".repeat(40_000) }),
            "too-large",
        ),
        (json!({ "type": "accept", "call": "s9", "sdp": OFFER }), "unknown-call"),
        (
            json!({ "type": "presence.publish", "availability": "busy" }),
            "token-missing-grant",
        ),
        (
            json!({ "type": "presence.watch", "identities": ["bob"] }),
            "token-missing-grant",
        ),
        (json!({ "type": "dance" }), "unknown-message"),
        (json!({ "type": "hello", "version": 1 }), "wrong-state"),
    ];
    for (message, code) in wrong {
        rig.say(message.clone());
        let refused = rig.take("error");
        assert_eq!(
            (&refused["code"], &refused["of"]),
            (&json!(code), &json!(rig.seq)),
            "{message}"
        );
    }
    rig.call_out();
    rig.say(json!({ "type": "call", "call": "c1", "sdp": OFFER }));
    assert_eq!(rig.code(), "call-exists");
    for keys in ["", "x", &"1".repeat(33)] {
        rig.say(json!({ "type": "keys", "call": "c1", "keys": keys }));
        assert_eq!(rig.code(), "bad-keys");
    }
    assert!(!rig.over);
    rig.give(Input::Text("not JSON"));
    assert_eq!((rig.closed, rig.over), (Some(close::PROTOCOL), true));
}

#[test]
fn a_client_has_eight_calls_and_is_busy_then() {
    let mut rig = Rig::new();
    for at in 0..CALLS {
        rig.say(json!({ "type": "call", "call": format!("c{at}"), "sdp": OFFER }));
    }
    rig.say(json!({ "type": "call", "call": "c99", "sdp": OFFER }));
    assert_eq!(rig.code(), "too-many-calls");
    rig.call_in();
    let busy = |event: &Event| matches!(event, Event::Refused { response, .. } if response.status == 486);
    assert!(rig.events.iter().any(busy));
}

#[test]
fn a_client_that_says_too_much_has_left() {
    let mut rig = Rig::new();
    rig.call_out();
    for _ in 0..BURST {
        rig.give(Input::Text(r#"{"type":"ping"}"#));
    }
    assert_eq!((rig.closed, rig.over), (Some(close::TOO_FAST), true));
    assert!(
        matches!(rig.events.last(), Some(Event::Ended { .. })),
        "its call is over"
    );
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let mut rig = Rig::new();
    rig.say(json!({ "type": "register" }));
    let dialog = rig.call_out();
    let last = rig.heard.iter().filter_map(|one| one["seq"].as_u64()).max().unwrap();
    rig.heard.clear();
    rig.give(Input::Lost);
    rig.pass(RESUME - Duration::from_secs(1));
    assert_eq!(rig.bindings(), 1, "it is still registered");
    rig.call_in();
    assert!(rig.heard.is_empty());
    rig.give(Input::Resumed(last, "secret-2"));
    let welcome = rig.take("welcome");
    assert_eq!(
        (&welcome["resumed"], &welcome["resume"], &welcome["received"]),
        (&json!(true), &json!("secret-2"), &json!(2))
    );
    rig.take("incoming");
    assert!(rig.heard.is_empty(), "{:#?}", rig.heard);
    // What the client says again, because it does not know whether it was heard, is not done again.
    rig.give(Input::Text(
        &json!({ "type": "call", "call": "c1", "sdp": OFFER, "seq": 2 }).to_string(),
    ));
    assert!(rig.heard.is_empty());
    rig.shard.bye(rig.now, dialog).expect("it is up");
    rig.pump();
    assert_eq!(rig.take("ended")["reason"], "remote");
}

#[test]
fn a_client_that_does_not_come_back_has_left() {
    let mut rig = Rig::new();
    rig.say(json!({ "type": "register" }));
    rig.call_out();
    rig.pass(SILENCE);
    assert_eq!(
        (rig.closed, rig.over),
        (Some(close::SILENT), false),
        "nothing came for long"
    );
    rig.pass(RESUME);
    rig.has_left();
}

#[test]
fn a_client_whose_page_is_closed_has_left_at_once() {
    let mut rig = Rig::new();
    rig.say(json!({ "type": "register" }));
    rig.call_out();
    rig.give(Input::Gone);
    rig.pass(Duration::ZERO);
    rig.has_left();
}

#[test]
fn a_client_that_missed_too_much_cannot_come_back() {
    let mut rig = Rig::new();
    rig.give(Input::Lost);
    for _ in 0..=KEPT {
        let dialog = rig.call_in();
        // Whether it rings still or the session is over.
        let _ = rig.shard.cancel(rig.now, dialog);
        rig.pump();
    }
    rig.pass(Duration::ZERO);
    assert!(rig.over);
    let mut rig = Rig::new();
    rig.give(Input::Resumed(7, "secret-2"));
    assert_eq!(
        (rig.closed, rig.over),
        (Some(close::RESUME), true),
        "it claims what was never said"
    );
}

#[test]
fn a_revoked_key_ends_the_session_and_a_running_call_survives_the_end_of_a_token() {
    let mut rig = Rig::new();
    rig.call_out();
    rig.pass_alive(Duration::from_secs(LIFE as u64 + 120));
    assert!(!rig.over, "the call goes on");
    rig.say(json!({ "type": "call", "call": "c2", "sdp": OFFER }));
    assert_eq!(rig.code(), "token-expired");
    rig.give(Input::Revoked);
    assert_eq!((rig.closed, rig.over), (Some(close::REVOKED), true));
    assert_eq!(rig.code(), "token-key-revoked");
    assert_eq!(rig.refused, [TokenError::Expired, TokenError::KeyRevoked]);
}

#[test]
fn a_gap_in_the_numbers_ends_the_session() {
    let mut rig = Rig::new();
    rig.give(Input::Text(r#"{"type":"register","seq":2}"#));
    assert_eq!((rig.closed, rig.over), (Some(close::PROTOCOL), true));
}

#[test]
fn a_refused_call_says_why() {
    for (status, reason) in [
        (486, "busy"),
        (404, "not-found"),
        (480, "no-answer"),
        (403, "forbidden"),
        (500, "refused"),
    ] {
        let mut rig = Rig::new();
        rig.say(json!({ "type": "call", "call": "c1", "sdp": OFFER }));
        let (dialog, _) = rig.invited();
        let rejection = Rejection {
            status,
            retry_after_s: None,
        };
        rig.shard.reject(rig.now, dialog, rejection).expect("it waits");
        rig.pump();
        let ended = rig.take("ended");
        assert_eq!((&ended["reason"], &ended["status"]), (&json!(reason), &json!(status)));
    }
}

#[test]
fn the_memory_is_bounded_and_counts() {
    let mut memory = Memory::default();
    for at in 1..=KEPT as u64 {
        assert_eq!((memory.next(), memory.keep("x".to_owned())), (at, Room::Enough));
    }
    assert_eq!(memory.keep("x".to_owned()), Room::Full);
    assert_eq!(memory.missed(0), None);
    assert_eq!(memory.missed(1).map(|missed| missed.len()), Some(KEPT));
    memory.has(KEPT as u64);
    assert_eq!(memory.missed(KEPT as u64).map(|missed| missed.len()), Some(1));
    assert_eq!(memory.missed(KEPT as u64 + 2), None);
    let mut memory = Memory::default();
    assert_eq!(memory.keep("x".repeat(super::KEPT_BYTES)), Room::Enough);
    assert_eq!(memory.keep("x".to_owned()), Room::Full);
    assert_eq!(
        [1, 1, 3, 2].map(|number| memory.hear(number)),
        [Numbered::New, Numbered::Again, Numbered::Gap, Numbered::New]
    );
    assert_eq!(memory.heard(), 2);
}
