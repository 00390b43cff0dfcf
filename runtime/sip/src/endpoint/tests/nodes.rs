//! Calls to devices behind another node: what that node and the device are told of us, which way everything goes, and what the node may
//! begin by itself.

use crate::tests::{Bench, SDP, address, header, methods, request, statuses};
use crate::{Config, EndCause, Event, Flow, GateConfig, Listener, Message, Outgoing, Target, Transport};
use std::time::Duration;

/// The other node's own door.
const DOOR: &str = "10.0.0.2:5071";

fn node_flow() -> Flow {
    Flow {
        transport: Transport::Node,
        peer: address(DOOR),
        connection: None,
    }
}

fn anchor() -> Bench {
    let door = |transport, at: &str| Listener {
        transport,
        address: address(at),
    };
    Bench::with(Config::new(
        vec![
            door(Transport::Udp, "198.51.100.2:5060"),
            door(Transport::Tls, "198.51.100.2:5061"),
            door(Transport::Node, "10.0.0.1:5071"),
        ],
        "test",
    ))
}

fn to_the_device() -> Outgoing {
    let target = Target {
        flow: node_flow(),
        name: Some("b".into()),
    };
    Outgoing {
        sdp: Some(SDP.into()),
        routes: vec![format!("<sip:pcb1.path@{DOOR};transport=tls;lr;ob;pc-lossy>")],
        ..Outgoing::new(
            "sip:phone@192.168.1.7:5062".parse().expect("an address"),
            target,
            crate::NameAddr::parse("<sip:menu@198.51.100.2>").expect("an address"),
        )
    }
}

/// What comes back by the border: the Record-Routes of a request that it passed on.
fn answer(to: &Message, status: u16) -> Vec<u8> {
    let copy = |name| header(to, name).unwrap_or_default().to_owned();
    format!(
        "SIP/2.0 {status} X\r\nVia: {}\r\nRecord-Route: <sip:pcb1.node@198.51.100.9:5060;lr>\r\n\
         Record-Route: <sip:pcb1.device@{DOOR};transport=tls;lr;pc-lossy>\r\nFrom: {}\r\nTo: {};tag=far\r\nCall-ID: {}\r\n\
         CSeq: {}\r\nContact: <sip:phone@192.168.1.7:5062>\r\nContent-Length: 0\r\n\r\n",
        copy("Via"),
        copy("From"),
        copy("To").split(";tag=").next().unwrap_or_default(),
        copy("Call-ID"),
        copy("CSeq"),
    )
    .into_bytes()
}

#[test]
fn a_device_behind_a_node_is_told_the_door_for_nodes_and_all_goes_that_way() {
    let mut bench = anchor();
    let dialog = bench.endpoint.invite(bench.now, to_the_device()).expect("room");
    let invite = bench.drain().remove(0);
    let via = header(&invite, "Via").expect("a Via");
    assert!(via.starts_with("SIP/2.0/TLS 10.0.0.1:5071;branch="), "{via}");
    assert_eq!(header(&invite, "Contact"), Some("<sip:10.0.0.1:5071;transport=tls>"));
    bench.feed_over(node_flow(), &answer(&invite, 180));
    let ack = bench.feed_over(node_flow(), &answer(&invite, 200)).remove(0);
    assert_eq!(methods(std::slice::from_ref(&ack)), ["ACK"]);
    let route = format!("<sip:pcb1.device@{DOOR};transport=tls;lr;pc-lossy>");
    assert_eq!(header(&ack, "Route"), Some(route.as_str()));
    bench
        .endpoint
        .reinvite(bench.now, dialog, Some(SDP.into()))
        .expect("up");
    let again = bench.drain().remove(0);
    bench.feed_over(node_flow(), &answer(&again, 200));
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let bye = bench.drain().remove(0);
    assert_eq!(header(&bye, "Route"), Some(route.as_str()));
    bench.feed_over(node_flow(), &answer(&bye, 200));
    assert!(bench.ways.iter().all(|way| *way == node_flow()), "{:?}", bench.ways);
}

#[test]
fn what_a_device_does_in_its_call_comes_by_the_node() {
    let mut bench = anchor();
    bench.endpoint.invite(bench.now, to_the_device()).expect("room");
    let invite = bench.drain().remove(0);
    bench.feed_over(node_flow(), &answer(&invite, 200));
    let copy = |name| header(&invite, name).unwrap_or_default().to_owned();
    let bye = format!(
        "BYE sip:10.0.0.1:5071;transport=tls SIP/2.0\r\nVia: SIP/2.0/TLS {DOOR};branch=z9hG4bKpcb1.back;pc-lossy\r\n\
         Via: SIP/2.0/UDP 192.168.1.7:5062;branch=z9hG4bKbye\r\nMax-Forwards: 69\r\nFrom: <sip:phone@192.168.1.7>;tag=far\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        copy("From"),
        copy("Call-ID"),
    );
    let answers = bench.feed_over(node_flow(), bye.as_bytes());
    assert_eq!(statuses(&answers), [200]);
    assert!(matches!(
        bench.events.last(),
        Some(Event::Ended {
            cause: EndCause::RemoteBye,
            ..
        })
    ));
    assert_eq!(bench.ways.last(), Some(&node_flow()));
}

#[test]
fn a_node_that_cannot_be_reached_ends_the_try_at_once() {
    let mut bench = anchor();
    bench.endpoint.invite(bench.now, to_the_device()).expect("room");
    bench.drain();
    bench
        .endpoint
        .handle(bench.now, crate::Input::SendFailed { flow: node_flow() });
    bench.drain();
    assert!(matches!(
        bench.events.last(),
        Some(Event::Ended {
            cause: EndCause::Unreachable,
            ..
        })
    ));
}

#[test]
fn with_and_without_a_gate_a_node_begins_no_call() {
    for gate in [None, Some(GateConfig::default())] {
        let mut bench = anchor();
        if let Some(config) = gate {
            let gate = crate::Gate::new(bench.now, config, [5; 32]).expect("a gate");
            bench.endpoint.set_gate(gate);
        }
        let from_node = |raw: String| raw.replace("SIP/2.0/UDP", "SIP/2.0/TLS").into_bytes();
        let invite = from_node(request("INVITE", "b1", 1, None, SDP));
        assert_eq!(statuses(&bench.feed_over(node_flow(), &invite)), [403]);
        let register = from_node(request("REGISTER", "b2", 1, None, ""));
        assert_eq!(statuses(&bench.feed_over(node_flow(), &register)), [403]);
        let stray = from_node(request("BYE", "b3", 1, Some("unknown"), ""));
        assert_eq!(statuses(&bench.feed_over(node_flow(), &stray)), [481]);
        assert!(bench.events.is_empty(), "{:?}", bench.events);
        bench.pass(Duration::from_secs(40));
        assert_eq!(bench.endpoint.counters().transactions, 0);
    }
}
