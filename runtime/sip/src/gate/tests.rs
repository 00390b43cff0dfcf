//! Who is let in, who is asked, and who hears nothing: trusted peers, users, scanners, floods.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::digest::{AuthenticatorConfig, Covered, Credentials, Secret, Session};
use crate::flow::{ConnectionId, Transport};
use crate::limits::SOURCES;
use crate::registrar::{Owner, Registrar, RegistrarConfig};
use crate::tests::{Dice, address, fuzz_rounds, start};
use crate::{Headers, Message, Response, parse};

const REALM: &str = "office";

struct Bench {
    gate: Gate,
    registrar: Registrar,
    now: Instant,
    cseq: u32,
}

impl Bench {
    fn new() -> Self {
        Self::with(config())
    }

    fn with(config: GateConfig) -> Self {
        let now = start();
        Self {
            gate: Gate::new(now, config, [3; 32]).expect("a configuration"),
            registrar: Registrar::new(RegistrarConfig::default()),
            now,
            cseq: 0,
        }
    }

    fn judge(&mut self, flow: Flow, request: &Request) -> Verdict {
        self.gate.judge(self.now, flow, request)
    }

    fn try_one(&mut self, flow: Flow, method: &str, from: &str, to: &str) -> Verdict {
        self.cseq += 1;
        let request = request(method, from, to, self.cseq);
        self.judge(flow, &request)
    }

    /// The verdict on a request that answers the challenge its first try got.
    fn with_secret(&mut self, flow: Flow, request: &Request, username: &str, password: &str) -> Verdict {
        let Verdict::Challenge(reply) = self.judge(flow, request) else {
            panic!("no challenge");
        };
        let answered = answer(&reply, request, username, password).1;
        self.judge(flow, &answered)
    }

    /// Registers alice over a flow.
    fn register(&mut self, flow: Flow) {
        self.cseq += 1;
        let request = request("REGISTER", ALICE, ALICE, self.cseq);
        let verdict = self.with_secret(flow, &request, "alice", "secret");
        let Verdict::Admit(Origin::User { aor, tenant }) = verdict else {
            panic!("{verdict:?}");
        };
        let owner = Owner {
            tenant: &tenant,
            aor: &aor,
            until: None,
        };
        let done = self.registrar.register(self.now, flow, owner, &request);
        self.gate.apply(done.change.expect("a change")).expect("room");
    }
}

const ALICE: &str = "alice@office.example";
const BOB: &str = "bob@office.example";
const NOBODY: &str = "nobody@office.example";

fn config() -> GateConfig {
    let user = |name: &str, domain: &str, tenant: &str| User {
        tenant: tenant.into(),
        aor: format!("{name}@{domain}").into(),
        username: name.to_owned(),
        secret: Secret::password("secret"),
    };
    let peer = |network: &str, prefix, port, transport| TrustedPeer {
        trunk: "carrier".into(),
        network: network.parse().expect("an address"),
        prefix,
        port,
        transport,
    };
    GateConfig {
        authentication: AuthenticatorConfig {
            realm: REALM.to_owned(),
            ..AuthenticatorConfig::default()
        },
        users: vec![
            user("alice", "office.example", "acme"),
            user("bob", "office.example", "acme"),
            user("alice", "other.example", "globex"),
        ],
        peers: vec![
            peer("198.51.100.0", 28, Some(5060), None),
            peer("203.0.113.7", 32, None, Some(Transport::Tls)),
        ],
        aliases: vec![("192.0.2.100".to_owned(), "Office.Example".to_owned())],
        ..GateConfig::default()
    }
}

fn request(method: &str, from: &str, to: &str, cseq: u32) -> Request {
    let raw = format!(
        "{method} sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;rport;branch=z9hG4bK-{cseq}-of-a-usual-length\r\n\
         From: <sip:{from}>;tag=a-tag-of-usual-length\r\nTo: <sip:{to}>\r\nCall-ID: a-call-id-of-usual-length\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:me@10.0.0.9:5060>\r\nUser-Agent: a phone\r\nContent-Length: 0\r\n\r\n"
    );
    match parse(raw.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("not a request: {other:?}"),
    }
}

fn answer(reply: &Reply, request: &Request, username: &str, password: &str) -> (Session, Request) {
    let mut headers = Headers::new();
    for (name, value) in &reply.headers {
        headers.push(name, value);
    }
    let response = Response {
        status: reply.status,
        reason: String::new(),
        headers,
        body: Vec::new(),
    };
    let credentials = Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
        realm: Some(REALM.to_owned()),
    };
    let mut session = credentials.take_up(&response, None).expect("a challenge");
    let covered = Covered {
        method: &request.method,
        uri: request.uri.as_str(),
        body: &request.body,
    };
    let (name, value) = session.header(&credentials, covered, "c0ffee");
    let mut answered = request.clone();
    answered.headers.push(name, &value);
    (session, answered)
}

fn phone() -> Flow {
    Flow::udp(address("192.0.2.1:5062"))
}

fn stranger() -> Flow {
    Flow::udp(address("192.0.2.66:5060"))
}

fn stream(id: u64) -> Flow {
    Flow {
        transport: Transport::Tls,
        peer: address("192.0.2.1:40000"),
        connection: Some(ConnectionId(id)),
    }
}

fn user(aor: &str, tenant: &str) -> Verdict {
    Verdict::Admit(Origin::User {
        aor: aor.into(),
        tenant: tenant.into(),
    })
}

#[test]
fn a_peer_of_a_trunk_comes_in_by_its_address() {
    let mut bench = Bench::new();
    let trunk = Verdict::Admit(Origin::Trunk("carrier".into()));
    let udp = |text| Flow::udp(address(text));
    let tcp = |text| Flow {
        transport: Transport::Tcp,
        ..Flow::udp(address(text))
    };
    let tls = |text| Flow {
        transport: Transport::Tls,
        ..Flow::udp(address(text))
    };
    for (flow, admitted) in [
        (udp("198.51.100.15:5060"), true),
        (udp("[::ffff:198.51.100.15]:5060"), true),
        (udp("198.51.100.16:5060"), false),
        (udp("198.51.100.15:5061"), false),
        (tcp("198.51.100.15:33333"), true),
        (tls("203.0.113.7:33333"), true),
        (tcp("203.0.113.7:33333"), false),
    ] {
        for method in ["INVITE", "OPTIONS", "MESSAGE"] {
            let verdict = bench.try_one(flow, method, "+49123@carrier.example", "+49456@office.example");
            assert_eq!(verdict == trunk, admitted, "{method} over {}", flow.peer);
            assert!(admitted || verdict == Verdict::Drop);
        }
    }
    let moved = TrustedPeer {
        trunk: "carrier".into(),
        network: "192.0.2.66".parse().expect("an address"),
        prefix: 32,
        port: None,
        transport: None,
    };
    bench.gate.set_peers("carrier", vec![moved]).expect("one peer");
    assert_eq!(bench.try_one(stranger(), "INVITE", "+49@c", "+49@o"), trunk);
    assert_eq!(
        bench.try_one(udp("198.51.100.1:5060"), "INVITE", "+49@c", "+49@o"),
        Verdict::Drop
    );
}

#[test]
fn strangers_hear_nothing_by_default() {
    let mut bench = Bench::new();
    for method in [
        "INVITE",
        "OPTIONS",
        "MESSAGE",
        "SUBSCRIBE",
        "BYE",
        "CANCEL",
        "PRACK",
        "NOTIFY",
        "PUBLISH",
        "INFO",
    ] {
        for from in [ALICE, NOBODY, "x@elsewhere.example"] {
            assert_eq!(
                bench.try_one(stranger(), method, from, ALICE),
                Verdict::Drop,
                "{method}"
            );
        }
    }
    assert_eq!(
        bench.try_one(stranger(), "REGISTER", "100@192.0.2.9", "100@192.0.2.9"),
        Verdict::Drop,
        "no domain of ours"
    );
    let counters = bench.gate.counters();
    assert_eq!(
        (
            counters.dropped_strangers,
            counters.challenged + counters.refused + counters.admitted
        ),
        (31, 0)
    );
}

#[test]
fn welcome_strangers_may_have_any_name_but_a_users() {
    let strangers = Strangers::Welcome;
    let mut bench = Bench::with(GateConfig { strangers, ..config() });
    for from in ["x@elsewhere.example", NOBODY] {
        assert_eq!(
            bench.try_one(stranger(), "INVITE", from, BOB),
            Verdict::Admit(Origin::Anyone)
        );
    }
    let verdict = bench.try_one(stranger(), "INVITE", ALICE, BOB);
    assert!(matches!(verdict, Verdict::Challenge(_)), "{verdict:?}");
}

#[test]
fn strangers_are_refused_or_accepted_if_configured() {
    for (strangers, invite) in [
        (Strangers::Refuse, Verdict::Refuse(Reply::new(403))),
        (Strangers::Accept, Verdict::Admit(Origin::Anyone)),
    ] {
        let mut bench = Bench::with(GateConfig { strangers, ..config() });
        assert_eq!(
            bench.try_one(stranger(), "INVITE", "x@elsewhere.example", ALICE),
            invite
        );
        assert_eq!(
            bench.try_one(stranger(), "BYE", "x@elsewhere.example", ALICE),
            Verdict::Admit(Origin::Anyone)
        );
        assert_eq!(
            bench.try_one(stranger(), "ACK", "x@elsewhere.example", ALICE),
            Verdict::Drop
        );
        for claimed in [ALICE, NOBODY] {
            let verdict = bench.try_one(stranger(), "INVITE", claimed, BOB);
            assert!(
                matches!(verdict, Verdict::Challenge(_)),
                "nobody passes for a user: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_registration_is_always_authenticated_and_only_ones_own() {
    let mut bench = Bench::new();
    let own = request("REGISTER", ALICE, ALICE, 1);
    assert_eq!(bench.with_secret(phone(), &own, "alice", "secret"), user(ALICE, "acme"));
    let other = request("REGISTER", ALICE, BOB, 2);
    assert_eq!(
        bench.with_secret(phone(), &other, "alice", "secret"),
        Verdict::Refuse(Reply::new(403))
    );
    assert!(matches!(
        bench.with_secret(phone(), &own, "alice", "guess"),
        Verdict::Challenge(_)
    ));
    // The same name in another domain is another user; a name may carry its domain; a domain may have another name.
    let elsewhere = request("REGISTER", "alice@other.example", "alice@other.example", 3);
    assert_eq!(
        bench.with_secret(phone(), &elsewhere, "alice@other.example", "secret"),
        user("alice@other.example", "globex")
    );
    let by_address = request("REGISTER", "alice@192.0.2.100", "alice@192.0.2.100", 4);
    assert_eq!(
        bench.with_secret(phone(), &by_address, "alice", "secret"),
        user(ALICE, "acme"),
        "a configured alias in capitals"
    );
    // Even a trusted peer.
    let peer = Flow::udp(address("198.51.100.1:5060"));
    assert!(matches!(
        bench.try_one(peer, "REGISTER", ALICE, ALICE),
        Verdict::Challenge(_)
    ));
    assert_eq!(
        bench.try_one(peer, "REGISTER", "a@x.example", "a@x.example"),
        Verdict::Refuse(Reply::new(403))
    );
}

#[test]
fn known_and_unknown_users_are_answered_alike() {
    let mut bench = Bench::new();
    let shape = |verdict: Verdict| match verdict {
        Verdict::Challenge(reply) => {
            let fields = reply
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.len(), value.contains("stale")));
            (reply.status, fields.collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    };
    let mut shapes = Vec::new();
    for aor in [ALICE, NOBODY] {
        let plain = request("REGISTER", aor, aor, 1);
        shapes.push(shape(bench.judge(stranger(), &plain)));
        for (username, password) in [("alice", "guess"), ("nobody", "guess"), ("", "")] {
            shapes.push(shape(bench.with_secret(stranger(), &plain, username, password)));
        }
    }
    assert!(shapes.iter().all(|one| *one == shapes[0]), "{shapes:?}");
    assert_eq!(bench.gate.counters().wrong_secrets, 6);
}

#[test]
fn a_registered_phone_may_call_as_its_user_if_its_flow_is_trusted() {
    for (policy, over_udp, over_tls) in [
        (CallsOfRegistered::Challenge, false, false),
        (CallsOfRegistered::TrustStreams, false, true),
        (CallsOfRegistered::TrustFlows, true, true),
    ] {
        let mut bench = Bench::with(GateConfig {
            calls_of_registered: policy,
            ..config()
        });
        assert_eq!(
            bench.try_one(phone(), "INVITE", ALICE, BOB),
            Verdict::Drop,
            "not registered yet"
        );
        bench.register(phone());
        bench.register(stream(1));
        let second = bench.try_one(stream(1), "INVITE", ALICE, BOB);
        assert_eq!(second == user(ALICE, "acme"), over_tls, "{policy:?}");
        // The stream replaced the datagrams' binding of the same contact: register them again.
        bench.register(phone());
        let first = bench.try_one(phone(), "INVITE", ALICE, BOB);
        assert_eq!(first == user(ALICE, "acme"), over_udp, "{policy:?}");
        assert!(over_udp || matches!(first, Verdict::Challenge(_)));
        for (flow, from) in [
            (phone(), BOB),
            (phone(), NOBODY),
            (stream(2), ALICE),
            (Flow::udp(address("192.0.2.1:9")), ALICE),
        ] {
            let verdict = bench.try_one(flow, "INVITE", from, BOB);
            assert!(
                matches!(verdict, Verdict::Challenge(_)),
                "{policy:?} {from}: {verdict:?}"
            );
        }
        let hidden = bench.try_one(phone(), "INVITE", "anonymous@anonymous.invalid", BOB);
        assert!(matches!(hidden, Verdict::Challenge(_)), "{policy:?}: {hidden:?}");
        let elsewhere = bench.try_one(phone(), "INVITE", "x@elsewhere.example", "y@elsewhere.example");
        assert_eq!(elsewhere, Verdict::Refuse(Reply::new(403)));
        assert_eq!(bench.try_one(phone(), "OPTIONS", ALICE, ALICE), user(ALICE, "acme"));
        assert_eq!(
            bench.try_one(phone(), "OPTIONS", BOB, ALICE),
            Verdict::Admit(Origin::Anyone)
        );
        bench.now += Duration::from_secs(3601);
        assert_eq!(
            bench.try_one(phone(), "INVITE", ALICE, BOB),
            Verdict::Drop,
            "the registration is over"
        );
    }
}

#[test]
fn an_authenticated_call_comes_in_from_anywhere() {
    let mut bench = Bench::new();
    // The nonce comes from a REGISTER that went unanswered by the phone.
    let Verdict::Challenge(reply) = bench.try_one(phone(), "REGISTER", ALICE, ALICE) else {
        panic!("no challenge");
    };
    let invite = request("INVITE", ALICE, BOB, 7);
    let answered = answer(&reply, &invite, "alice", "secret").1;
    assert_eq!(
        bench.judge(stranger(), &answered),
        Verdict::Drop,
        "the nonce is another address's"
    );
    assert_eq!(bench.judge(phone(), &answered), user(ALICE, "acme"));
    assert_eq!(bench.judge(phone(), &answered), Verdict::Drop, "once");
    bench.register(phone());
    let Verdict::Challenge(stale) = bench.judge(phone(), &answered) else {
        panic!("now it is a known address");
    };
    assert!(stale.headers[0].1.contains("stale=true"));
    assert_eq!(
        bench.with_secret(phone(), &invite, "alice", "secret"),
        user(ALICE, "acme")
    );
}

#[test]
fn guessing_locks_an_address_out_and_a_forger_cannot_lock_another() {
    let mut bench = Bench::new();
    let register = request("REGISTER", ALICE, ALICE, 1);
    let Verdict::Challenge(reply) = bench.judge(stranger(), &register) else {
        panic!("no challenge");
    };
    // Answers from an address that never saw the nonce count for nothing.
    for _ in 0..50 {
        let verdict = bench.judge(phone(), &answer(&reply, &register, "alice", "guess").1);
        assert!(matches!(&verdict, Verdict::Challenge(reply) if reply.headers[0].1.contains("stale=true")));
    }
    assert_eq!(bench.gate.counters().lockouts, 0);
    let mut guesses = 0;
    while let Verdict::Challenge(reply) = bench.judge(stranger(), &register) {
        guesses += 1;
        assert!(guesses < 100, "guessing never ends");
        bench.judge(stranger(), &answer(&reply, &register, "alice", "guess").1);
    }
    assert_eq!((guesses, bench.gate.counters().lockouts), (21, 1));
    assert_eq!(bench.try_one(stranger(), "OPTIONS", ALICE, ALICE), Verdict::Drop);
    assert!(bench.gate.counters().dropped_locked >= 2);
    bench.register(phone());
    bench.now += Duration::from_secs(600);
    assert_eq!(
        bench.with_secret(stranger(), &register, "alice", "secret"),
        user(ALICE, "acme")
    );
}

#[test]
fn a_flood_is_dropped_and_does_not_touch_others() {
    let mut bench = Bench::new();
    let answered = (0..1000)
        .filter(|_| bench.try_one(stranger(), "REGISTER", NOBODY, NOBODY) != Verdict::Drop)
        .count();
    assert_eq!(answered, 200);
    assert_eq!(bench.gate.counters().dropped_floods, 800);
    bench.register(phone());
    bench.now += Duration::from_secs(1);
    let answered = (0..100)
        .filter(|_| bench.try_one(stranger(), "REGISTER", NOBODY, NOBODY) != Verdict::Drop)
        .count();
    assert_eq!(answered, 20);
    let peer = Flow::udp(address("198.51.100.1:5060"));
    let admitted = (0..5000)
        .filter(|_| bench.try_one(peer, "INVITE", "a@b", "c@d") != Verdict::Drop)
        .count();
    assert_eq!(admitted, 5000, "a trunk's limits are elsewhere");
}

#[test]
fn an_answer_is_no_weapon() {
    let mut bench = Bench::new();
    let tiny = "REGISTER sip:office.example SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK1\r\nf:<sip:a@b>;tag=1\r\n\
                t:<sip:a@office.example>\r\ni:1\r\nCSeq:1 REGISTER\r\n\r\n";
    let Ok(Message::Request(tiny)) = parse(tiny.as_bytes()) else {
        panic!("not a request");
    };
    assert_eq!(bench.judge(stranger(), &tiny), Verdict::Drop);
    assert!(
        matches!(bench.judge(stream(1), &tiny), Verdict::Challenge(_)),
        "a stream's address is not forged"
    );
    let usual = request("REGISTER", NOBODY, NOBODY, 1);
    let Verdict::Challenge(reply) = bench.judge(stranger(), &usual) else {
        panic!("no challenge");
    };
    let added: usize = reply
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    assert!(added < 400, "the challenges add {added} bytes");
}

#[test]
fn errors_are_told_to_acquaintances_only() {
    let mut bench = Bench::new();
    assert!(!bench.gate.answers(phone()) && bench.gate.answers(Flow::udp(address("198.51.100.1:5060"))));
    bench.register(phone());
    assert!(bench.gate.answers(phone()) && !bench.gate.answers(stranger()));
    let strangers = Strangers::Refuse;
    assert!(
        Bench::with(GateConfig { strangers, ..config() })
            .gate
            .answers(stranger())
    );
}

#[test]
fn users_can_change() {
    let mut bench = Bench::new();
    let nobody = GateConfig {
        users: Vec::new(),
        ..config()
    };
    bench.gate.renew(&nobody).expect("nobody");
    assert_eq!(bench.try_one(phone(), "REGISTER", ALICE, ALICE), Verdict::Drop);
    bench.gate.renew(&config()).expect("three users");
    bench.register(phone());
}

#[test]
fn nothing_private_is_shown() {
    let mut bench = Bench::new();
    bench.register(phone());
    let shown = format!(
        "{:?} {:?} {:?}",
        bench.gate,
        (config().users, config().peers),
        user(ALICE, "acme")
    );
    for private in ["alice", "secret\"", "192.0.2.1", "198.51"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}

#[test]
fn fuzz_no_order_of_requests_breaks_it_and_tables_stay_small() {
    let mut bench = Bench::new();
    let mut session: Option<(Reply, Flow)> = None;
    let mut admitted = 0;
    for seed in fuzz_rounds(20_000) {
        let mut dice = Dice::new(seed);
        let ip = match dice.below(3) {
            0 => IpAddr::from([192, 0, 2, dice.below(4) as u8]),
            _ => IpAddr::from((dice.roll() as u32).to_be_bytes()),
        };
        let flow = Flow::udp(SocketAddr::new(ip, 5060));
        let method = ["REGISTER", "REGISTER", "INVITE", "OPTIONS", "BYE", "ACK", "MESSAGE"][dice.below(7) as usize];
        let who = [ALICE, BOB, NOBODY, "x@y", "alice@192.0.2.100"];
        let (from, to) = (who[dice.below(5) as usize], who[dice.below(5) as usize]);
        let plain = request(method, from, to, seed as u32 & 0xffff);
        let (flow, request) = match &session {
            Some((reply, flow)) if dice.below(2) == 0 => {
                let password = ["secret", "guess"][dice.below(2) as usize];
                (*flow, answer(reply, &plain, "alice", password).1)
            }
            _ => (flow, plain),
        };
        bench.now += Duration::from_millis(dice.below(20));
        match bench.judge(flow, &request) {
            Verdict::Challenge(reply) => session = Some((reply, flow)),
            Verdict::Admit(_) => admitted += 1,
            Verdict::Drop | Verdict::Refuse(_) => {}
        }
        let tables = [&bench.gate.requests.done, &bench.gate.failures.done, &bench.gate.locked];
        assert!(tables.iter().all(|table| table.len() <= SOURCES), "seed {seed}");
    }
    assert!(admitted > 100, "somebody should come in: {admitted}");
}
