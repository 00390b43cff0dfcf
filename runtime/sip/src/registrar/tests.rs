//! Whole REGISTERs under a virtual clock, and random sequences of them that must keep every limit.

use std::net::SocketAddr;

use super::*;
use crate::flow::{ConnectionId, Transport};
use crate::limits::EXPIRIES_PER_CALL;
use crate::tests::{Dice, address, fuzz_rounds, start};
use crate::{Message, parse};

const AOR: &str = "alice@office.example";

struct Bench {
    registrar: Registrar,
    now: Instant,
    tenant: Arc<str>,
    mirror: Location,
}

impl Bench {
    fn new() -> Self {
        Self::with(RegistrarConfig::default())
    }

    fn with(config: RegistrarConfig) -> Self {
        Self {
            mirror: Location::new(config.bindings),
            registrar: Registrar::new(config),
            now: start(),
            tenant: "acme".into(),
        }
    }

    fn register(&mut self, flow: Flow, cseq: u32, fields: &str) -> Reply {
        self.register_as(AOR, flow, cseq, fields)
    }

    fn register_as(&mut self, aor: &str, flow: Flow, cseq: u32, fields: &str) -> Reply {
        let (tenant, aor) = (self.tenant.clone(), aor.into());
        let owner = Owner {
            tenant: &tenant,
            aor: &aor,
            until: None,
        };
        let done = self.registrar.register(self.now, flow, owner, &request(cseq, fields));
        if let Some(change) = done.change {
            self.mirror.apply(change).expect("the mirror is as large");
        }
        done.reply
    }

    fn contacts(&self) -> Vec<String> {
        let bindings = self.registrar.location().bindings(self.now, "acme", AOR);
        bindings.map(|binding| binding.contact.to_string()).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        while self.registrar.wake_at().is_some_and(|at| at <= self.now) {
            for change in self.registrar.expire(self.now) {
                self.mirror.apply(change).expect("it gets smaller");
            }
        }
    }
}

fn request(cseq: u32, fields: &str) -> Request {
    let raw = format!(
        "REGISTER sip:office.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{cseq}\r\n\
         From: <sip:alice@office.example>;tag=a\r\nTo: <sip:alice@office.example>\r\nCall-ID: call-1\r\n\
         CSeq: {cseq} REGISTER\r\n{fields}Content-Length: 0\r\n\r\n"
    );
    match parse(raw.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("not a request: {other:?}"),
    }
}

fn udp(port: u16) -> Flow {
    Flow::udp(SocketAddr::new("192.0.2.1".parse().expect("an address"), port))
}

fn stream(id: u64) -> Flow {
    Flow {
        transport: Transport::Tls,
        peer: address("192.0.2.1:40000"),
        connection: Some(ConnectionId(id)),
    }
}

fn field<'a>(reply: &'a Reply, name: &str) -> Vec<&'a str> {
    let found = reply.headers.iter().filter(|(found, _)| found == name);
    found.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_contact_is_kept_told_and_forgotten_in_time() {
    let mut bench = Bench::new();
    let reply = bench.register(
        udp(5062),
        1,
        "Contact: <sip:alice@10.0.0.7:5060>;q=0.5\r\nExpires: 120\r\n",
    );
    assert_eq!(reply.status, 200);
    assert_eq!(
        field(&reply, "Contact"),
        ["<sip:alice@10.0.0.7:5060>;expires=120;q=0.500"]
    );
    let now = bench.now;
    let binding = bench
        .registrar
        .location()
        .bindings(now, "acme", AOR)
        .next()
        .expect("a binding");
    assert_eq!(
        (binding.flow, binding.q),
        (udp(5062), 500),
        "reached where it came from, not at its private address"
    );
    assert!(
        bench
            .registrar
            .location()
            .knows_source("192.0.2.1".parse().expect("an address"))
    );
    bench.pass(Duration::from_millis(119_500));
    assert_eq!(
        field(&bench.register(udp(5062), 2, ""), "Contact")[0]
            .matches("expires=1;")
            .count(),
        1,
        "rounded up"
    );
    bench.pass(Duration::from_millis(500));
    assert!(bench.contacts().is_empty());
    assert!(bench.registrar.location().is_empty() && bench.mirror.is_empty());
    assert!(
        !bench
            .registrar
            .location()
            .knows_source("192.0.2.1".parse().expect("an address"))
    );
    assert_eq!(bench.registrar.wake_at(), None);
}

#[test]
fn the_time_is_the_contacts_own_then_the_requests_then_the_usual() {
    let mut bench = Bench::new();
    for (cseq, fields, status, told) in [
        (
            1,
            "Contact: <sip:a@h>;expires=90\r\nExpires: 300\r\n",
            200,
            "expires=90",
        ),
        (2, "Contact: <sip:a@h>\r\nExpires: 300\r\n", 200, "expires=300"),
        (3, "Contact: <sip:a@h>\r\n", 200, "expires=3600"),
        (4, "Contact: <sip:a@h>\r\nExpires: soon\r\n", 200, "expires=3600"),
        (5, "Contact: <sip:a@h>\r\nExpires: 99999999999\r\n", 200, "expires=7200"),
        (6, "Contact: <sip:a@h>;expires=59\r\n", 423, ""),
        (7, "Contact: <sip:a@h>;expires=0\r\n", 200, ""),
    ] {
        let reply = bench.register(udp(1), cseq, fields);
        assert_eq!(reply.status, status, "{fields}");
        assert!(
            field(&reply, "Contact")
                .first()
                .copied()
                .unwrap_or_default()
                .contains(told),
            "{fields}"
        );
    }
    assert!(bench.contacts().is_empty());
    let reply = bench.register(udp(1), 8, "Contact: <sip:a@h>;expires=1\r\n");
    assert_eq!(field(&reply, "Min-Expires"), ["60"]);
}

#[test]
fn several_contacts_stand_side_by_side_in_order_of_preference() {
    let mut bench = Bench::new();
    bench.register(
        udp(1),
        1,
        "Contact: <sip:a@h1>;q=0.1, <sip:a@h2>;q=0.7\r\nContact: sip:a@h3;q=0.3\r\n",
    );
    assert_eq!(bench.contacts(), ["sip:a@h2", "sip:a@h3", "sip:a@h1"]);
    bench.pass(Duration::from_secs(1));
    bench.register(udp(2), 2, "Contact: <sip:a@H3;x=1>;q=0.7\r\n");
    assert_eq!(
        bench.contacts(),
        ["sip:a@H3;x=1", "sip:a@h2", "sip:a@h1"],
        "the same contact moved up"
    );
    bench.register(udp(1), 3, "Contact: <sip:a@h2>;expires=0\r\n");
    assert_eq!(bench.contacts(), ["sip:a@H3;x=1", "sip:a@h1"]);
}

#[test]
fn a_query_changes_nothing() {
    let mut bench = Bench::new();
    bench.register(udp(1), 1, "Contact: <sip:a@h>\r\n");
    let before = bench.registrar.location().all().collect::<Vec<_>>();
    let reply = bench.register(udp(2), 2, "");
    assert_eq!((reply.status, field(&reply, "Contact").len()), (200, 1));
    assert_eq!(bench.registrar.location().all().collect::<Vec<_>>(), before);
}

#[test]
fn a_star_removes_everything_and_only_with_expires_0_and_alone() {
    let mut bench = Bench::new();
    bench.register(udp(1), 1, "Contact: <sip:a@h1>, <sip:a@h2>\r\n");
    for fields in [
        "Contact: *\r\n",
        "Contact: *\r\nExpires: 60\r\n",
        "Contact: *, <sip:a@h>\r\nExpires: 0\r\n",
        "Contact: *\r\nContact: *\r\nExpires: 0\r\n",
    ] {
        assert_eq!(bench.register(udp(1), 2, fields).status, 400, "{fields}");
    }
    assert_eq!(
        bench.register(udp(1), 1, "Contact: *\r\nExpires: 0\r\n").status,
        500,
        "an old request"
    );
    assert_eq!(bench.contacts().len(), 2);
    assert_eq!(bench.register(udp(1), 3, "Contact: *\r\nExpires: 0\r\n").status, 200);
    assert!(bench.contacts().is_empty() && bench.mirror.is_empty());
}

#[test]
fn an_older_request_of_the_same_call_changes_nothing_at_all() {
    let mut bench = Bench::new();
    bench.register(udp(1), 5, "Contact: <sip:a@h1>\r\n");
    for cseq in [4, 5] {
        let reply = bench.register(udp(2), cseq, "Contact: <sip:a@h2>, <sip:a@h1>\r\n");
        assert_eq!(reply.status, 500);
        assert_eq!(bench.contacts(), ["sip:a@h1"], "whole or not at all");
    }
    assert_eq!(
        bench.register(udp(2), 6, "Contact: <sip:a@h2>, <sip:a@h1>\r\n").status,
        200
    );
    assert_eq!(bench.contacts().len(), 2);
}

#[test]
fn a_phone_that_moved_replaces_its_binding_and_keeps_its_name() {
    let mut bench = Bench::new();
    let device = "+sip.instance=\"<urn:uuid:0001>\"";
    bench.register(udp(1), 1, &format!("Contact: <sip:a@10.0.0.1>;{device}\r\n"));
    let now = bench.now;
    let id = |bench: &Bench| {
        bench
            .registrar
            .location()
            .bindings(now, "acme", AOR)
            .next()
            .map(|one| one.id)
    };
    let first = id(&bench);
    bench.register(udp(2), 2, &format!("Contact: <sip:a@10.0.0.2>;{device}\r\n"));
    assert_eq!(bench.contacts(), ["sip:a@10.0.0.2"]);
    assert_eq!(id(&bench), first);
    // Its new address was another's without a device name: both are this phone now.
    bench.register(udp(3), 3, "Contact: <sip:a@10.0.0.3>\r\n");
    bench.register(udp(3), 4, &format!("Contact: <sip:a@10.0.0.3>;{device}\r\n"));
    assert_eq!(bench.contacts(), ["sip:a@10.0.0.3"]);
    assert_eq!(id(&bench), first);
}

#[test]
fn a_device_may_keep_several_flows_and_loses_one_with_its_connection() {
    let mut bench = Bench::new();
    let flow = |number| {
        format!(
            "Supported: outbound, path\r\nContact: <sip:a@h{number}>;reg-id={number};+sip.instance=\"<urn:uuid:1>\"\r\n"
        )
    };
    let reply = bench.register(stream(1), 1, &flow(1));
    assert_eq!(
        (field(&reply, "Require"), field(&reply, "Flow-Timer")),
        (vec!["outbound"], vec!["120"])
    );
    bench.register(stream(2), 2, &flow(2));
    bench.register(stream(2), 3, "Contact: <sip:b@h>\r\n");
    let now = bench.now;
    let devices = bench.registrar.location().devices(now, "acme", AOR);
    assert_eq!(
        devices.iter().map(Vec::len).collect::<std::collections::BTreeSet<_>>(),
        [1, 2].into()
    );
    assert_eq!(
        bench.registrar.location().flows().collect::<Vec<_>>(),
        [stream(1), stream(2)]
    );
    // The same flow over a new connection.
    bench.register(stream(3), 4, &flow(1));
    assert_eq!(bench.contacts().len(), 3);
    assert!(
        bench.registrar.flow_failed(stream(1)).is_empty(),
        "nobody is there any more"
    );
    let changes = bench.registrar.flow_failed(stream(2));
    assert_eq!((changes.len(), changes[0].bindings.len()), (1, 1));
    assert_eq!(bench.contacts(), ["sip:a@h1"]);
    bench.register(udp(1), 5, "Contact: <sip:c@h>\r\n");
    assert!(
        bench.registrar.flow_failed(udp(1)).is_empty(),
        "datagrams fail for anybody who forges an error"
    );
    assert_eq!(bench.contacts().len(), 2);
}

#[test]
fn outbound_needs_the_first_hop_and_one_flow_at_a_time() {
    let mut bench = Bench::new();
    let contact = "Contact: <sip:a@h>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n";
    let via = "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\n";
    let behind = format!("{via}Supported: outbound,path\r\n");
    assert_eq!(bench.register(udp(1), 1, &format!("{behind}{contact}")).status, 439);
    let path = "Path: <sip:far.example;lr>, <sip:token@edge.example;lr;ob>\r\n";
    let reply = bench.register(udp(1), 1, &format!("{behind}{path}{contact}"));
    assert_eq!((reply.status, field(&reply, "Flow-Timer")), (200, vec!["25"]));
    assert_eq!(
        field(&reply, "Path"),
        ["<sip:far.example;lr>", "<sip:token@edge.example;lr;ob>"]
    );
    let now = bench.now;
    let binding = bench
        .registrar
        .location()
        .bindings(now, "acme", AOR)
        .next()
        .expect("a binding");
    assert_eq!((binding.path.len(), binding.reg_id), (2, Some(1)));
    let two = "Supported: outbound\r\nContact: <sip:a@h>;reg-id=1;+sip.instance=\"<urn:uuid:1>\",\
               <sip:a@h>;reg-id=2;+sip.instance=\"<urn:uuid:1>\"\r\n";
    assert_eq!(bench.register(udp(1), 2, two).status, 400);
    // Without its support a reg-id means nothing.
    let reply = bench.register(udp(1), 3, contact);
    assert!(field(&reply, "Require").is_empty());
    assert_eq!(bench.contacts().len(), 1);
}

#[test]
fn a_device_has_an_address_of_its_own() {
    let mut bench = Bench::new();
    let reply = bench.register(
        udp(1),
        1,
        "Supported: gruu\r\nContact: <sip:a@h1>;+sip.instance=\"<urn:uuid:f81d=4;x>\", <sip:a@h2>\r\n",
    );
    let with_gruu: Vec<_> = field(&reply, "Contact")
        .into_iter()
        .filter(|text| text.contains("pub-gruu"))
        .collect();
    assert_eq!(with_gruu.len(), 1);
    let gruu = with_gruu[0]
        .split("pub-gruu=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a gruu");
    let uri: crate::Uri = gruu.parse().expect("an address");
    assert_eq!(address_of_record(&uri).as_deref(), Some(AOR));
    let location = bench.registrar.location();
    let found = location.by_gruu(bench.now, "acme", AOR, uri.param("gr").expect("a device"));
    assert_eq!(
        found.iter().map(|binding| binding.contact.as_str()).collect::<Vec<_>>(),
        ["sip:a@h1"]
    );
    assert!(location.by_gruu(bench.now, "acme", AOR, "urn:uuid:f81d").is_empty());
    let reply = bench.register(udp(1), 2, "");
    assert!(
        !field(&reply, "Contact").concat().contains("pub-gruu"),
        "only for who asks"
    );
}

#[test]
fn what_cannot_be_read_is_refused_whole() {
    let mut bench = Bench::new();
    let long = format!("Contact: <sip:a@h;x={}>\r\n", "y".repeat(2000));
    let many_paths = "Path: <sip:p;lr>\r\n".repeat(40);
    for (fields, status) in [
        ("Contact: <sip:a@h1>, <tel:+123>\r\n", 400),
        ("Contact: <sip:a@h1>, nonsense\r\n", 400),
        ("Contact: <sip:a@h?Subject=x>\r\n", 400),
        ("Contact: <mailto:a@h>\r\n", 400),
        (&long, 400),
        (&many_paths, 400),
        ("Path: nothing\r\n", 400),
        ("Require: path, teleport\r\nContact: <sip:a@h>\r\n", 420),
    ] {
        let reply = bench.register(udp(1), 1, fields);
        assert_eq!(reply.status, status, "{fields}");
        if status == 420 {
            assert_eq!(field(&reply, "Unsupported"), ["teleport"]);
        }
    }
    assert!(bench.registrar.location().is_empty());
}

#[test]
fn limits_are_kept_for_a_user_and_for_all() {
    let config = RegistrarConfig {
        bindings: 12,
        ..RegistrarConfig::default()
    };
    let mut bench = Bench::with(config);
    let contacts = |range: std::ops::Range<u32>| -> String {
        range.map(|number| format!("Contact: <sip:a@h{number}>\r\n")).collect()
    };
    assert_eq!(bench.register(udp(1), 1, &contacts(0..11)).status, 403);
    assert_eq!(bench.register(udp(1), 1, &contacts(0..10)).status, 200);
    assert_eq!(bench.register(udp(1), 2, &contacts(10..11)).status, 403);
    assert_eq!(
        bench
            .register_as("bob@office.example", udp(2), 3, &contacts(0..3))
            .status,
        503
    );
    assert_eq!(
        bench
            .register_as("bob@office.example", udp(2), 4, &contacts(0..2))
            .status,
        200
    );
    let reply = bench.register_as("carol@office.example", udp(3), 5, &contacts(0..1));
    assert_eq!((reply.status, field(&reply, "Retry-After").len()), (503, 1));
    assert_eq!(
        bench.register(udp(1), 6, &contacts(0..10)).status,
        200,
        "who is in may refresh"
    );
    assert_eq!(bench.register(udp(1), 7, "Contact: *\r\nExpires: 0\r\n").status, 200);
    assert_eq!(
        bench
            .register_as("carol@office.example", udp(3), 8, &contacts(0..1))
            .status,
        200
    );
}

#[test]
fn nothing_private_is_shown() {
    let mut bench = Bench::new();
    let reply = bench.register(
        udp(1),
        1,
        "Contact: <sip:a@10.1.2.3>;+sip.instance=\"<urn:uuid:77>\"\r\n",
    );
    let binding = bench.registrar.location().bindings(bench.now, "acme", AOR).next();
    let change = bench.registrar.location().all().next();
    let shown = format!("{reply:?} {binding:?} {change:?} {:?}", bench.registrar);
    for private in ["10.1.2.3", "alice", "77", "192.0.2.1"] {
        assert!(!shown.contains(private), "{shown}");
    }
}

#[test]
fn fuzz_no_sequence_breaks_a_limit_and_everything_expires() {
    let mut accepted = 0;
    for seed in fuzz_rounds(150) {
        let mut dice = Dice::new(seed);
        let limit = 15;
        let config = RegistrarConfig {
            bindings: limit,
            ..RegistrarConfig::default()
        };
        let mut bench = Bench::with(config);
        let mut failed = Vec::new();
        for step in 0..120 {
            let (aor, flow, fields) = random_request(&mut dice);
            let cseq = 1 + (step / 2) + dice.below(4) as u32;
            match dice.below(8) {
                0 => bench.pass(Duration::from_secs(dice.below(4000))),
                1 => failed.extend(bench.registrar.flow_failed(flow)),
                _ => accepted += u32::from(bench.register_as(&aor, flow, cseq, &fields).status == 200),
            }
            for change in failed.drain(..) {
                bench.mirror.apply(change).expect("it gets smaller");
            }
            let location = bench.registrar.location();
            assert!(location.len() <= limit, "seed {seed}");
            let users: Vec<_> = location.all().collect();
            assert_eq!(
                users.iter().map(|user| user.bindings.len()).sum::<usize>(),
                location.len(),
                "seed {seed}"
            );
            assert!(
                users
                    .iter()
                    .all(|user| (1..=CONTACTS_PER_USER).contains(&user.bindings.len())),
                "seed {seed}"
            );
            assert_eq!(
                users,
                bench.mirror.all().collect::<Vec<_>>(),
                "seed {seed}: the mirror is the same"
            );
            let latest = users
                .iter()
                .flat_map(|user| &user.bindings)
                .map(|binding| binding.expires_at)
                .max();
            assert!(
                latest.is_none_or(|at| at <= bench.now + Duration::from_secs(7200)),
                "seed {seed}"
            );
            assert_eq!(location.is_empty(), bench.registrar.wake_at().is_none(), "seed {seed}");
        }
        bench.pass(Duration::from_secs(7200));
        let location = bench.registrar.location();
        assert!(
            location.is_empty() && location.holds_no_index() && bench.mirror.holds_no_index(),
            "seed {seed}"
        );
    }
    assert!(accepted > 3_000, "the sequences should register: {accepted}");
}

fn random_request(dice: &mut Dice) -> (String, Flow, String) {
    let aor = format!("user{}@office.example", dice.below(3));
    let flow = match dice.below(2) {
        0 => udp(dice.below(3) as u16),
        _ => stream(dice.below(4)),
    };
    let mut fields = ["", "Supported: outbound, path, gruu\r\n"][dice.below(2) as usize].to_owned();
    for _ in 0..dice.below(4) {
        let uri = [
            "sip:a@h1",
            "sip:a@h2",
            "sip:a@h2;transport=tcp",
            "sips:a@h1",
            "<broken",
            "*",
        ][dice.below(6).min(dice.below(6)) as usize];
        let instance = ["", ";+sip.instance=\"<urn:x:1>\"", ";+sip.instance=\"<urn:x:2>\""][dice.below(3) as usize];
        let reg_id = ["", ";reg-id=1", ";reg-id=2"][dice.below(3) as usize];
        let expires = ["", ";expires=0", ";expires=60", ";expires=x"][dice.below(4) as usize];
        fields.push_str(&format!("Contact: <{uri}>{instance}{reg_id}{expires}\r\n").replace("<*>", "*"));
    }
    if dice.below(4) == 0 {
        fields.push_str("Expires: 0\r\n");
    }
    (aor, flow, fields)
}

#[test]
fn many_users_expire_in_portions() {
    let mut bench = Bench::new();
    for number in 0..EXPIRIES_PER_CALL as u32 + 5 {
        bench.register_as(&format!("u{number}@h"), udp(1), 1, "Contact: <sip:a@h>\r\n");
    }
    bench.now += Duration::from_secs(3600);
    assert_eq!(bench.registrar.expire(bench.now).len(), EXPIRIES_PER_CALL);
    assert!(
        bench.registrar.wake_at().is_some_and(|at| at <= bench.now),
        "the rest stays due"
    );
    assert_eq!(bench.registrar.expire(bench.now).len(), 5);
}
