//! The examples of RFC 3263 and what domains do wrong, against a written zone; random zones must always lead to an end.

use std::collections::BTreeMap;

use super::*;
use crate::tests::{Dice, fuzz_rounds};

#[derive(Default)]
struct Zone {
    records: BTreeMap<Question, Answer>,
    asked: Vec<Question>,
}

impl Zone {
    fn naptr(mut self, domain: &str, records: &[(u16, u16, &str, &str)]) -> Self {
        let record = |(order, preference, service, replacement): &(u16, u16, &str, &str)| Naptr {
            order: *order,
            preference: *preference,
            flags: "s".to_owned(),
            service: (*service).to_owned(),
            replacement: (*replacement).to_owned(),
        };
        let answer = Answer::Naptr(records.iter().map(record).collect());
        self.records.insert(Question::Naptr(domain.into()), answer);
        self
    }

    fn srv(mut self, domain: &str, records: &[(u16, u16, u16, &str)]) -> Self {
        let record = |(priority, weight, port, host): &(u16, u16, u16, &str)| Srv {
            priority: *priority,
            weight: *weight,
            port: *port,
            host: (*host).to_owned(),
        };
        let answer = Answer::Srv(records.iter().map(record).collect());
        self.records.insert(Question::Srv(domain.into()), answer);
        self
    }

    fn host(mut self, name: &str, ips: &[&str]) -> Self {
        let ips = ips.iter().map(|ip| ip.parse().expect("an address")).collect();
        self.records.insert(Question::Host(name.into()), Answer::Host(ips));
        self
    }

    fn resolve_with(&mut self, uri: &str, options: ResolveOptions) -> Result<Vec<Target>, ResolveError> {
        let mut resolution = Resolution::new(&uri.parse().expect("an address"), options)?;
        for _ in 0..=RESOLVE_STEPS {
            match resolution.step() {
                ResolveStep::Ask(question) => {
                    let answer = self.records.get(&question).cloned().unwrap_or(Answer::Nothing);
                    self.asked.push(question);
                    resolution.answer(answer);
                }
                ResolveStep::Done(outcome) => return outcome,
            }
        }
        panic!("no end");
    }

    /// As `UDP 192.0.2.1:5060`, with the name a certificate has to show.
    fn resolve(&mut self, uri: &str) -> Vec<String> {
        self.resolve_with(uri, ResolveOptions::default()).map_or_else(
            |error| vec![format!("{error:?}")],
            |targets| targets.iter().map(shown).collect(),
        )
    }
}

fn shown(target: &Target) -> String {
    let name = target.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    format!("{} {}{name}", target.flow.transport.via(), target.flow.peer)
}

#[test]
fn literal_addresses_need_no_question() {
    let mut zone = Zone::default();
    for (uri, target) in [
        ("sip:192.0.2.1", "UDP 192.0.2.1:5060"),
        ("sip:a@192.0.2.1:5080;transport=TCP", "TCP 192.0.2.1:5080"),
        ("sips:192.0.2.1", "TLS 192.0.2.1:5061 192.0.2.1"),
        ("sip:[2001:db8::1];transport=tls", "TLS [2001:db8::1]:5061 2001:db8::1"),
        ("sip:office.example;maddr=192.0.2.9", "UDP 192.0.2.9:5060"),
        (
            "sips:office.example;maddr=192.0.2.9",
            "TLS 192.0.2.9:5061 office.example",
        ),
    ] {
        assert_eq!(zone.resolve(uri), [target], "{uri}");
    }
    assert!(zone.asked.is_empty());
}

#[test]
fn a_port_or_a_transport_makes_some_questions_needless() {
    let zone = || {
        Zone::default()
            .host("office.example", &["192.0.2.1", "2001:db8::1"])
            .srv("_sip._tcp.office.example", &[(0, 0, 5070, "a.office.example.")])
            .host("a.office.example", &["192.0.2.2"])
    };
    let mut one = zone();
    assert_eq!(
        one.resolve("sip:OFFICE.example.:5080"),
        ["UDP 192.0.2.1:5080", "UDP [2001:db8::1]:5080"]
    );
    assert_eq!(one.asked, [Question::Host("office.example".into())]);
    assert_eq!(
        zone().resolve("sip:office.example;transport=tcp"),
        ["TCP 192.0.2.2:5070"]
    );
    assert_eq!(
        zone().resolve("sip:office.example;transport=tls")[0],
        "TLS 192.0.2.1:5061 office.example",
        "no SRV for it"
    );
}

#[test]
fn naptr_leads_to_srv_in_the_domains_order() {
    // RFC 3263 4.1, with two servers for TCP.
    let mut zone = Zone::default()
        .naptr(
            "example.com",
            &[
                (90, 50, "SIP+D2T", "_sip._tcp.example.com"),
                (100, 50, "SIP+D2U", "_sip._udp.example.com"),
                (50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
                (10, 1, "SIP+D2S", "_sip._sctp.example.com"),
                (10, 1, "E2U+sip", "!^.*$!sip:evil!"),
            ],
        )
        .srv("_sips._tcp.example.com", &[(0, 1, 5061, "s.example.com")])
        .srv(
            "_sip._tcp.example.com",
            &[(1, 0, 5060, "s2.example.com"), (0, 0, 5060, "s1.example.com")],
        )
        .srv("_sip._udp.example.com", &[(0, 0, 5060, "s1.example.com")])
        .host("s.example.com", &["192.0.2.3"])
        .host("s1.example.com", &["192.0.2.1"])
        .host("s2.example.com", &["192.0.2.2"]);
    assert_eq!(
        zone.resolve("sip:user@example.com"),
        [
            "TLS 192.0.2.3:5061 example.com",
            "TCP 192.0.2.1:5060",
            "TCP 192.0.2.2:5060",
            "UDP 192.0.2.1:5060"
        ]
    );
    assert_eq!(
        zone.resolve("sips:user@example.com"),
        ["TLS 192.0.2.3:5061 example.com"],
        "never in the clear"
    );
    let only_udp = ResolveOptions {
        transports: vec![Transport::Udp],
        ..ResolveOptions::default()
    };
    let targets = zone.resolve_with("sip:user@example.com", only_udp).expect("a target");
    assert_eq!(targets.iter().map(shown).collect::<Vec<_>>(), ["UDP 192.0.2.1:5060"]);
}

#[test]
fn without_naptr_each_transport_is_looked_for_and_then_the_name_itself() {
    let srv = || Zone::default().srv("_sip._tcp.d.example", &[(0, 0, 5062, "h.example")]);
    assert_eq!(
        srv().host("h.example", &["192.0.2.1"]).resolve("sip:d.example"),
        ["TCP 192.0.2.1:5062"]
    );
    let mut bare = Zone::default().host("d.example", &["192.0.2.7"]);
    assert_eq!(bare.resolve("sip:d.example"), ["UDP 192.0.2.7:5060"]);
    let names: Vec<_> = bare.asked.iter().map(|question| format!("{question:?}")).collect();
    assert_eq!(names, ["Naptr", "Srv", "Srv", "Srv", "Host"]);
    assert_eq!(bare.resolve("sips:d.example"), ["TLS 192.0.2.7:5061 d.example"]);
    // SRV records that lead nowhere: the name itself is not meant.
    assert_eq!(
        srv().host("d.example", &["192.0.2.7"]).resolve("sip:d.example"),
        ["NotFound"]
    );
}

#[test]
fn a_domain_can_say_no_or_nothing() {
    let mut zone = Zone::default().srv("_sip._udp.d.example", &[(0, 0, 0, ".")]);
    assert_eq!(zone.resolve("sip:d.example;transport=udp"), ["NotOffered"]);
    assert_eq!(Zone::default().resolve("sip:d.example"), ["NotFound"]);
    let mut broken = Zone::default();
    broken
        .records
        .insert(Question::Naptr("d.example".into()), Answer::Failed);
    assert_eq!(broken.resolve("sip:d.example"), ["NoAnswer"]);
    assert_eq!(
        broken.host("d.example", &["192.0.2.1"]).resolve("sip:d.example"),
        ["UDP 192.0.2.1:5060"],
        "good enough"
    );
    let mut odd = Zone::default();
    odd.records
        .insert(Question::Srv("_sip._udp.d.example".into()), Answer::Host(Vec::new()));
    assert_eq!(
        odd.host("d.example", &["192.0.2.1"])
            .resolve("sip:d.example;transport=udp"),
        ["UDP 192.0.2.1:5060"]
    );
}

#[test]
fn what_cannot_be_resolved_is_said_at_once() {
    let mut zone = Zone::default();
    for (uri, error) in [
        ("tel:+4912", "Scheme"),
        ("sip:h;transport=ws", "Transport"),
        ("sip:h;transport=sctp", "Transport"),
        ("sips:h;transport=udp", "Transport"),
        ("sip:a..b", "Name"),
        ("sip:-.x.;maddr=..", "Name"),
        ("sip:0.0.0.0", "NotFound"),
        ("sip:224.0.0.1", "NotFound"),
    ] {
        assert_eq!(zone.resolve(uri), [error], "{uri}");
    }
    assert_eq!(zone.resolve(&format!("sip:{}", "a.".repeat(150))), ["Name"]);
    assert_eq!(zone.resolve(&format!("sip:{}", "a".repeat(64))), ["Name"]);
}

#[test]
fn only_families_that_are_reached_count() {
    let zone = || Zone::default().host("h.example", &["2001:db8::1", "192.0.2.1"]);
    let with = |families| ResolveOptions {
        families,
        ..ResolveOptions::default()
    };
    for (families, expected) in [
        (Families::Both, vec!["UDP [2001:db8::1]:5060", "UDP 192.0.2.1:5060"]),
        (Families::V4, vec!["UDP 192.0.2.1:5060"]),
        (Families::V6, vec!["UDP [2001:db8::1]:5060"]),
    ] {
        let targets = zone()
            .resolve_with("sip:h.example:5060", with(families))
            .expect("a target");
        assert_eq!(targets.iter().map(shown).collect::<Vec<_>>(), expected);
    }
    assert_eq!(
        zone().resolve_with("sip:192.0.2.1", with(Families::V6)),
        Err(ResolveError::NotFound)
    );
}

#[test]
fn weights_share_the_traffic_and_priorities_order_it() {
    let mut first = BTreeMap::new();
    for seed in 0..3000 {
        let records = [
            (10, 60, 1, "a"),
            (10, 30, 1, "b"),
            (10, 10, 1, "c"),
            (20, 0, 1, "d"),
            (10, 0, 1, "e"),
        ];
        let mut zone = Zone::default().srv("_sip._udp.x", &records);
        for (at, host) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            zone = zone.host(host, &[&format!("192.0.2.{}", at + 1)]);
        }
        let options = ResolveOptions {
            seed,
            ..ResolveOptions::default()
        };
        let targets = zone.resolve_with("sip:x;transport=udp", options).expect("targets");
        let last: Vec<_> = targets.iter().map(|target| target.flow.peer.ip().to_string()).collect();
        assert_eq!(
            (last.len(), last[4].as_str()),
            (5, "192.0.2.4"),
            "the lower priority comes last"
        );
        *first.entry(last[0].clone()).or_insert(0_u32) += 1;
    }
    let share = |ip: &str| f64::from(first.get(ip).copied().unwrap_or(0)) / 3000.0;
    for (ip, expected) in [
        ("192.0.2.1", 0.6),
        ("192.0.2.2", 0.3),
        ("192.0.2.3", 0.1),
        ("192.0.2.5", 0.01),
    ] {
        assert!((share(ip) - expected).abs() < 0.03, "{ip}: {}", share(ip));
    }
}

#[test]
fn a_remembered_answer_is_not_asked_for_again() {
    let now = crate::tests::start();
    let mut cache = DnsCache::default();
    let question = Question::Host("h.example".into());
    let mut resolution = Resolution::new(
        &"sip:h.example:5060".parse().expect("an address"),
        ResolveOptions::default(),
    )
    .expect("a name");
    assert_eq!(resolution.advance(now, &cache), ResolveStep::Ask(question.clone()));
    let answer = Answer::Host(vec!["192.0.2.1".parse().expect("an address")]);
    cache.put(now, question, answer, std::time::Duration::from_secs(60));
    assert!(matches!(resolution.advance(now, &cache), ResolveStep::Done(Ok(targets)) if targets.len() == 1));
}

#[test]
fn the_next_place_is_tried_for_silence_and_503_only() {
    let targets: Vec<_> = (1..4)
        .map(|port| Target::from(Flow::udp(SocketAddr::from(([192, 0, 2, 1], port)))))
        .collect();
    assert_eq!(Failover::new(targets.clone()).collect::<Vec<_>>(), targets);
    assert!(Failover::goes_on(None) && Failover::goes_on(Some(503)));
    assert!(
        [200, 404, 408, 486, 500, 600]
            .iter()
            .all(|status| !Failover::goes_on(Some(*status)))
    );
}

#[test]
fn nothing_private_is_shown() {
    let zone = Zone::default().host("h.example", &["192.0.2.1"]);
    let resolution =
        Resolution::new(&"sip:h.example".parse().expect("an address"), ResolveOptions::default()).expect("a name");
    let shown = format!("{resolution:?} {:?} {:?}", resolution.step(), zone.records);
    assert!(!shown.contains("h.example") && !shown.contains("192.0.2"), "{shown}");
}

#[test]
fn fuzz_every_zone_leads_to_an_end() {
    let mut found = 0;
    for seed in fuzz_rounds(3_000) {
        let mut dice = Dice::new(seed);
        let uri = ["sip:n0", "sips:n0", "sip:n1;transport=tcp", "sip:n2:5080"][dice.below(4) as usize];
        let uri = uri.parse().expect("an address");
        let options = ResolveOptions {
            seed,
            ..ResolveOptions::default()
        };
        let mut resolution = Resolution::new(&uri, options).expect("a name");
        let mut asked = 0;
        let outcome = loop {
            match resolution.step() {
                ResolveStep::Done(outcome) => break outcome,
                ResolveStep::Ask(_) => asked += 1,
            }
            assert!(asked <= RESOLVE_STEPS, "seed {seed}: no end");
            resolution.answer(random_answer(&mut dice));
        };
        found += usize::from(outcome.is_ok());
        let targets = outcome.unwrap_or_default();
        assert!(targets.len() <= RESOLVE_TARGETS, "seed {seed}");
        let secure = uri.scheme() == Scheme::Sips;
        assert!(
            targets
                .iter()
                .all(|target| !secure || target.flow.transport == Transport::Tls),
            "seed {seed}"
        );
        assert!(
            targets
                .iter()
                .all(|target| target.flow.transport.is_secure() == target.name.is_some()),
            "seed {seed}"
        );
        resolution.answer(Answer::Nothing);
        assert!(
            matches!(resolution.step(), ResolveStep::Done(_)),
            "an answer too many does no harm"
        );
    }
    assert!(found > 500, "some zones should lead somewhere: {found}");
}

fn random_answer(dice: &mut Dice) -> Answer {
    let many = match dice.below(10) {
        0 => 500,
        _ => dice.below(6),
    };
    let name = |dice: &mut Dice| {
        [
            format!("n{}", dice.below(90)),
            ".".to_owned(),
            String::new(),
            "a b\0".to_owned(),
        ][dice.below(6).saturating_sub(2) as usize]
            .clone()
    };
    match dice.below(6) {
        0 => Answer::Failed,
        1 => Answer::Nothing,
        2 => {
            let record = |dice: &mut Dice| Naptr {
                order: dice.below(3) as u16,
                preference: dice.below(3) as u16,
                flags: ["s", "S", "u", ""][dice.below(4) as usize].to_owned(),
                service: ["SIP+D2U", "sip+d2t", "SIPS+D2T", "SIP+D2S"][dice.below(4) as usize].to_owned(),
                replacement: name(dice),
            };
            Answer::Naptr((0..many).map(|_| record(dice)).collect())
        }
        3 => {
            let record = |dice: &mut Dice| Srv {
                priority: dice.below(3) as u16,
                weight: dice.below(70_000) as u16,
                port: dice.below(3) as u16,
                host: name(dice),
            };
            Answer::Srv((0..many).map(|_| record(dice)).collect())
        }
        _ => Answer::Host(
            (0..many)
                .map(|_| IpAddr::from((dice.roll() as u32).to_be_bytes()))
                .collect(),
        ),
    }
}
