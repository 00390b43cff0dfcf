//! Who may be called: default deny, longest prefix against a naive search, risky ranges, hosts and addresses.

use super::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::net::IpAddr;
use std::time::Duration;

fn rule(prefix: &str, permission: Permission) -> Rule {
    Rule {
        prefix: Prefix::new(prefix).expect("a prefix"),
        name: prefix.into(),
        permission,
    }
}

fn allow(prefix: &str) -> Rule {
    rule(prefix, Permission::Allow(Price::per_minute(10_000)))
}

fn deny(prefix: &str) -> Rule {
    rule(prefix, Permission::Deny)
}

fn number(text: &str) -> Number {
    Number::E164(E164::parse(text).expect("a number"))
}

/// `allowed 49`, `denied 49`, `risky Germany 0900`, `default`, `emergency`.
fn show(verdict: &Verdict<'_>) -> String {
    match verdict {
        Verdict::Emergency => "emergency".to_owned(),
        Verdict::Allowed { rule, .. } => format!("allowed {}", rule.name),
        Verdict::AllowedShort { rule, .. } => format!("allowed {}", rule.name),
        Verdict::Denied(rule) => format!("denied {}", rule.name),
        Verdict::DeniedShort(rule) => format!("denied {}", rule.name),
        Verdict::DeniedRisky(range) => format!("risky {}", range.name),
        Verdict::DeniedByDefault => "default".to_owned(),
    }
}

#[test]
fn only_what_a_rule_names_is_allowed_and_risky_ranges_need_their_own() {
    let rules = vec![
        allow("49"),
        deny("4915"),
        allow("49151"),
        allow("1"),
        allow("1876"),
        allow("44"),
        allow("449"),
        allow("1212976"),
        allow("8"),
        deny("881"),
        allow("88216"),
    ];
    let destinations = Destinations::new(rules, Vec::new()).expect("good rules");
    let table = [
        ("+4930123456", "allowed 49"),
        ("+491601234567", "allowed 49"),
        ("+491521234567", "denied 4915"),
        ("+491511234567", "allowed 49151"),
        ("+499001234567", "risky Germany 0900"),
        ("+491371234567", "risky Germany 0137"),
        ("+33123456789", "default"),
        ("+14155550100", "allowed 1"),
        ("+19005550100", "risky North America 900"),
        ("+12125550100", "allowed 1"),
        ("+12129765550", "allowed 1212976"),
        ("+14159765550", "risky North America 976"),
        ("+18765550100", "allowed 1876"),
        ("+18095550100", "risky Dominican Republic 809"),
        ("+442079460000", "allowed 44"),
        ("+447012345678", "risky United Kingdom 070"),
        ("+449012345678", "allowed 449"),
        ("+881612345678", "denied 881"),
        ("+8821612345678", "allowed 88216"),
        ("+8823412345678", "risky International networks 882"),
        ("+870773123456", "risky Inmarsat"),
        ("+979112345678", "risky International premium rate"),
        ("+8801712345678", "allowed 8"),
    ];
    for (dialled, expected) in table {
        assert_eq!(show(&destinations.judge(&number(dialled))), expected, "{dialled}");
    }
    let nothing = Destinations::default();
    assert_eq!(nothing.judge(&number("+4930123456")), Verdict::DeniedByDefault);
    assert_eq!(
        show(&nothing.judge(&number("+9791123456"))),
        "risky International premium rate"
    );
}

#[test]
fn codes_have_rules_of_their_own_and_emergencies_need_none() {
    let code = |text: &str| Code::new(text).expect("a code");
    let short = |text: &str, permission| ShortRule {
        code: code(text),
        name: text.into(),
        permission,
    };
    let rules = vec![
        short("115", Permission::Allow(Price::default())),
        short("11833", Permission::Deny),
    ];
    let destinations = Destinations::new(Vec::new(), rules).expect("good rules");
    let judged = |number: Number| show(&destinations.judge(&number));
    assert_eq!(judged(Number::Short(code("115"))), "allowed 115");
    assert_eq!(judged(Number::Short(code("11833"))), "denied 11833");
    assert_eq!(judged(Number::Short(code("11880"))), "default");
    assert_eq!(judged(Number::Emergency(code("112"))), "emergency");
}

#[test]
fn every_risky_range_is_denied_under_the_rule_for_its_country() {
    let everything = (1..=9).map(|digit| allow(&digit.to_string())).collect();
    let open = Destinations::new(everything, Vec::new()).expect("good rules");
    let mut seen = 0;
    for range in risky::table() {
        let filled = format!("+{:2<15}", range.prefix);
        let filled = if range.prefix.starts_with('1') {
            filled[..12].to_owned()
        } else {
            filled
        };
        let number = E164::parse(&filled).expect("a number");
        let Verdict::DeniedRisky(found) = open.judge(&Number::E164(number)) else {
            panic!("{range:?} is open under +{}", &range.prefix[..1]);
        };
        assert!(
            found.prefix.starts_with(range.prefix),
            "{range:?} was found as {found:?}"
        );
        let named = Destinations::new(vec![allow(range.prefix)], Vec::new()).expect("good rules");
        assert!(
            matches!(named.judge(&Number::E164(number)), Verdict::Allowed { .. }),
            "{range:?}"
        );
        seen += 1;
    }
    assert!(seen > 100, "the table has shrunk to {seen}");
    let mut prefixes: Vec<_> = risky::table().iter().map(|range| range.prefix).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    assert_eq!(prefixes.len(), seen, "a range stands there twice");
}

/// Rules as a naive reader would apply them: look at all, keep the longest.
fn naive<'a>(rules: &'a [Rule], digits: &str) -> Option<&'a Rule> {
    let fitting = rules.iter().filter(|rule| digits.starts_with(rule.prefix.digits()));
    fitting.max_by_key(|rule| rule.prefix.digits().len())
}

#[test]
fn the_longest_prefix_is_the_one_a_naive_search_finds() {
    for seed in 0..400_u64 {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut roll = |sides: u64| dice.next_u64() % sides;
        let mut rules: Vec<Rule> = Vec::new();
        for _ in 0..roll(60) {
            let mut prefix = "2".to_owned();
            for _ in 0..roll(7) {
                prefix.push(char::from(b'0' + u8::try_from(roll(3)).expect("small")));
            }
            if rules.iter().all(|rule| rule.prefix.digits() != prefix) {
                rules.push(if roll(2) == 0 { allow(&prefix) } else { deny(&prefix) });
            }
        }
        let destinations = Destinations::new(rules.clone(), Vec::new()).expect("good rules");
        for _ in 0..100 {
            let digits: String = (0..9)
                .map(|_| char::from(b'0' + u8::try_from(roll(3)).expect("small")))
                .collect();
            let Ok(number) = E164::parse(&format!("+21{digits}")) else {
                continue;
            };
            let expected = match naive(&rules, number.digits()) {
                None => "default".to_owned(),
                Some(rule) if rule.permission == Permission::Deny => format!("denied {}", rule.name),
                Some(rule) => format!("allowed {}", rule.name),
            };
            assert_eq!(
                show(&destinations.judge(&Number::E164(number))),
                expected,
                "seed {seed}"
            );
        }
    }
}

#[test]
fn rules_that_contradict_or_have_no_name_are_refused() {
    let twice = Destinations::new(vec![allow("49"), deny("44"), deny("+49")], Vec::new());
    assert_eq!(twice.err(), Some(RulesError::Twice { index: 2 }));
    let mut nameless = allow("49");
    nameless.name = "".into();
    assert_eq!(
        Destinations::new(vec![nameless], Vec::new()).err(),
        Some(RulesError::Name { index: 0 })
    );
    for prefix in ["", "+", "0", "049", "4a", "1234567890123456"] {
        assert_eq!(Prefix::new(prefix), None, "{prefix}");
    }
}

#[test]
fn a_call_costs_whole_seconds_and_whole_micro_units() {
    let table = [
        (0, 60_000, 0),
        (60_000, 0, 0),
        (60_000, 1, 1_000),
        (60_000, 1_000, 1_000),
        (60_000, 1_001, 2_000),
        (60_000, 60_000, 60_000),
        (100, 1_000, 2),
        (1, 61_000, 2),
    ];
    for (per_minute, connected_ms, micros) in table {
        let price = Price::per_minute(per_minute);
        let cost = price.cost(Duration::from_millis(connected_ms));
        assert_eq!(cost, Micros(micros), "{per_minute} a minute for {connected_ms} ms");
        if let Some(seconds) = price.affords(cost) {
            assert!(
                seconds >= Duration::from_millis(connected_ms),
                "paid for and not afforded"
            );
            assert!(price.cost(seconds) <= cost);
        }
    }
    assert_eq!(Price::per_minute(u64::MAX).cost(Duration::MAX), Micros(u64::MAX));
    assert_eq!(Price::default().affords(Micros(1)), None, "what is free never ends");
}

fn host(pattern: HostPattern, name: &str) -> HostRule {
    HostRule {
        pattern,
        name: name.into(),
    }
}

fn network(address: &str, bits: u8) -> HostPattern {
    let address = address.parse().expect("an address");
    HostPattern::Network { address, bits }
}

fn show_host(verdict: &HostVerdict<'_>) -> String {
    match verdict {
        HostVerdict::Allowed(rule) => format!("allowed {}", rule.name),
        HostVerdict::DeniedByDefault => "default".to_owned(),
        HostVerdict::DeniedSpecial(kind) => format!("{kind:?}"),
        HostVerdict::Malformed => "malformed".to_owned(),
    }
}

#[test]
fn hosts_are_allowed_by_name_and_never_inside_unless_their_network_is_named() {
    let hosts = Hosts::new(vec![
        host(HostPattern::Name("SIP.Example.com.".to_owned()), "exact"),
        host(HostPattern::Below("example.org".to_owned()), "below"),
        host(network("10.1.0.0", 16), "office"),
        host(network("2001:db8:1::", 48), "lab"),
    ])
    .expect("good rules");
    let table = [
        ("sip.example.com", "allowed exact"),
        ("SIP.EXAMPLE.COM.", "allowed exact"),
        ("x.sip.example.com", "default"),
        ("a.example.org", "allowed below"),
        ("a.b.example.org", "allowed below"),
        ("example.org", "default"),
        ("evilexample.org", "default"),
        (".example.org", "malformed"),
        ("10.1.2.3", "allowed office"),
        ("10.2.2.3", "Private"),
        ("[::ffff:10.1.2.3]", "allowed office"),
        ("[::ffff:10.2.2.3]", "Private"),
        ("[2001:db8:1::7]", "allowed lab"),
        ("2001:db8:1::7", "allowed lab"),
        ("[2001:db8:2::7]", "Reserved"),
        ("8.8.8.8", "default"),
        ("localhost", "Loopback"),
        ("foo.localhost", "Loopback"),
        ("router", "Loopback"),
        ("printer.local", "Loopback"),
        ("metadata.google.internal", "Loopback"),
        ("127.1", "malformed"),
        ("0x7f000001", "malformed"),
        ("2130706433", "malformed"),
        ("a.0x7f", "malformed"),
        ("127.0.0.1", "Loopback"),
        ("127.0.0.1.", "malformed"),
        ("[::1]", "Loopback"),
        ("[fe80::1%eth0]", "malformed"),
        ("[::1", "malformed"),
        ("", "malformed"),
        ("a..b", "malformed"),
        ("-a.com", "malformed"),
        ("a b.com", "malformed"),
        ("ex\u{e4}mple.com", "malformed"),
    ];
    for (asked, expected) in table {
        assert_eq!(show_host(&hosts.judge(asked)), expected, "{asked:?}");
    }
}

#[test]
fn addresses_that_are_not_public_are_known_in_every_disguise() {
    let any = Hosts::new(vec![host(HostPattern::AnyPublic, "any")]).expect("good rules");
    let table = [
        ("8.8.8.8", "allowed any"),
        ("2606:4700::1111", "allowed any"),
        ("0.0.0.0", "Reserved"),
        ("10.0.0.1", "Private"),
        ("100.64.0.1", "Private"),
        ("100.128.0.1", "allowed any"),
        ("127.255.255.254", "Loopback"),
        ("169.254.169.254", "LinkLocal"),
        ("172.15.0.1", "allowed any"),
        ("172.31.255.255", "Private"),
        ("192.0.2.1", "Reserved"),
        ("192.168.1.1", "Private"),
        ("198.19.0.1", "Reserved"),
        ("203.0.113.5", "Reserved"),
        ("224.0.1.75", "Multicast"),
        ("255.255.255.255", "Reserved"),
        ("::", "Reserved"),
        ("::1", "Loopback"),
        ("::127.0.0.1", "Loopback"),
        ("::ffff:127.0.0.1", "Loopback"),
        ("::ffff:8.8.8.8", "allowed any"),
        ("64:ff9b::7f00:1", "Loopback"),
        ("64:ff9b::808:808", "allowed any"),
        ("2002:7f00:1::", "Loopback"),
        ("2002:a00:1::1", "Private"),
        ("2001:0:1::1", "Reserved"),
        ("2001:db8::1", "Reserved"),
        ("3fff:1::1", "Reserved"),
        ("fd00::1", "Private"),
        ("fe80::1", "LinkLocal"),
        ("fec0::1", "Private"),
        ("ff02::1", "Multicast"),
        ("4000::1", "Reserved"),
    ];
    let rule = host(HostPattern::Name("sip.example.com".to_owned()), "any");
    for (text, expected) in table {
        let address: IpAddr = text.parse().expect("an address");
        assert_eq!(show_host(&any.judge_address(address)), expected, "{text}");
        assert_eq!(
            show_host(&any.judge_resolved(&rule, address)),
            expected,
            "{text} as what a name resolves to"
        );
        assert_eq!(show_host(&any.judge(text)), expected, "{text} as text");
    }
    assert_eq!(Hosts::default().judge("8.8.8.8"), HostVerdict::DeniedByDefault);
}

#[test]
fn host_rules_that_name_nothing_are_refused() {
    let refused = |pattern| Hosts::new(vec![host(HostPattern::AnyPublic, "any"), host(pattern, "bad")]).err();
    let name = Some(HostsError::Name { index: 1 });
    assert_eq!(refused(HostPattern::Name("a b".to_owned())), name);
    assert_eq!(refused(HostPattern::Name("10.0.0.1".to_owned())), name);
    assert_eq!(refused(HostPattern::Below(String::new())), name);
    assert_eq!(refused(network("10.0.0.0", 33)), Some(HostsError::Bits { index: 1 }));
}
