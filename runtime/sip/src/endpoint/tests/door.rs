//! The gate before the endpoint: strangers hear nothing at all, acquaintances are let in or asked.

use crate::tests::{Bench, SDP, phone_address, request, request_with, status, statuses};
use crate::{Event, Flow, Gate, GateConfig, Origin, TrustedPeer};

fn gated(peers: Vec<TrustedPeer>) -> Bench {
    let mut bench = Bench::new();
    let config = GateConfig {
        peers,
        ..GateConfig::default()
    };
    let gate = Gate::new(bench.now, config, [7; 32]).expect("a configuration");
    bench.endpoint.set_gate(gate);
    bench
}

fn carrier() -> TrustedPeer {
    TrustedPeer {
        trunk: "carrier".into(),
        network: phone_address().ip(),
        prefix: 32,
        port: None,
        transport: None,
    }
}

#[test]
fn a_stranger_hears_nothing_whatever_it_sends() {
    let mut bench = gated(Vec::new());
    for (method, tag, fields) in [
        ("INVITE", None, ""),
        ("INVITE", Some("x"), ""),
        ("INVITE", None, "Require: foo\r\n"),
        ("INVITE", None, "Replaces: a;to-tag=1;from-tag=2\r\n"),
        ("OPTIONS", None, ""),
        ("REGISTER", None, ""),
        ("BYE", Some("x"), ""),
        ("CANCEL", None, ""),
        ("ACK", None, ""),
        ("NOTIFY", None, ""),
        ("JUMP", None, ""),
    ] {
        let raw = request_with(method, "s", 1, tag, fields, SDP);
        assert!(bench.feed(&raw).is_empty(), "{method} {tag:?} {fields}");
        let broken = raw.replace("Max-Forwards: 70", "Max-Forwards: x");
        assert!(bench.feed(&broken).is_empty(), "{method}, malformed");
    }
    assert!(bench.events.is_empty());
    assert_eq!(bench.endpoint.counters().transactions, 0);
    assert!(
        bench
            .endpoint
            .gate()
            .is_some_and(|gate| gate.counters().dropped_strangers > 0)
    );
}

#[test]
fn a_trusted_peer_comes_in_by_name_and_its_call_passes_the_gate() {
    let mut bench = gated(vec![carrier()]);
    bench.feed(&request("INVITE", "b1", 1, None, SDP));
    let Some(Event::Invite { origin, dialog, .. }) = bench.events.last().cloned() else {
        panic!("{:?}", bench.events)
    };
    assert_eq!(origin, Origin::Trunk("carrier".into()));
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    let tag = crate::tests::tag_of(&bench.drain()[0]);
    // Requests inside the dialog may come another way: they name what nobody else knows.
    let elsewhere = Flow::udp(crate::tests::address("203.0.113.9:5060"));
    let sent = bench.feed_over(elsewhere, request("OPTIONS", "o", 2, Some(&tag), "").as_bytes());
    assert_eq!(statuses(&sent), [200]);
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "x", 3, Some("unknown"), ""))),
        [481]
    );
    let broken = request("INVITE", "m", 4, None, SDP).replace("Max-Forwards: 70", "Max-Forwards: x");
    assert_eq!(status(&bench.feed(&broken)[0]), 400);
}

#[test]
fn peers_can_be_changed_while_it_runs() {
    let mut bench = gated(Vec::new());
    assert!(bench.feed(&request("OPTIONS", "o", 1, None, "")).is_empty());
    let gate = bench.endpoint.gate_mut().expect("set above");
    gate.set_peers("carrier", vec![carrier()]).expect("a network");
    assert_eq!(statuses(&bench.feed(&request("OPTIONS", "o", 1, None, ""))), [200]);
}
