//! Transports other than UDP: what is written into Via and Contact, which connection a message takes, what timers do not
//! run, and what happens when a way fails.

use std::time::Duration;

use crate::tests::{Bench, SDP, address, header, methods, request, status, statuses, tag_of};
use crate::{Config, ConnectionId, EndCause, Event, Flow, Input, Listener, Message, Outgoing, Transport};

const SECOND: Duration = Duration::from_secs(1);

fn doors() -> Config {
    let door = |transport, at: &str| Listener {
        transport,
        address: address(at),
    };
    Config::new(
        vec![
            door(Transport::Udp, "198.51.100.2:5060"),
            door(Transport::Tcp, "198.51.100.2:5060"),
            door(Transport::Tls, "198.51.100.2:5061"),
            door(Transport::Wss, "198.51.100.2:443"),
            door(Transport::Udp, "[2001:db8::2]:5060"),
        ],
        "test",
    )
}

fn stream(transport: Transport, connection: Option<u64>) -> Flow {
    Flow {
        transport,
        peer: address("192.0.2.1:40000"),
        connection: connection.map(ConnectionId),
    }
}

/// The request as a phone on that transport writes it.
fn over(transport: Transport, raw: &str) -> Vec<u8> {
    raw.replace("SIP/2.0/UDP", &format!("SIP/2.0/{}", transport.via()))
        .replace(
            "Contact: <sip:a@192.0.2.1:5062>",
            &format!("Contact: <sip:a@192.0.2.1:5062;transport={}>", transport.param()),
        )
        .into_bytes()
}

fn outgoing(to: Flow) -> Outgoing {
    Outgoing {
        sdp: Some(SDP.into()),
        ..Outgoing::new(
            "sip:b@192.0.2.1".parse().expect("an address"),
            to,
            crate::NameAddr::parse("<sip:a@198.51.100.2>").expect("an address"),
        )
    }
}

fn answer(to: &Message, status: u16) -> Vec<u8> {
    let copy = |name| header(to, name).unwrap_or_default().to_owned();
    format!(
        "SIP/2.0 {status} X\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=far\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:b@192.0.2.1;transport=tcp>\r\nContent-Length: 0\r\n\r\n",
        copy("Via"),
        copy("From"),
        copy("To").split(";tag=").next().unwrap_or_default(),
        copy("Call-ID"),
        copy("CSeq"),
    )
    .into_bytes()
}

#[test]
fn a_call_over_one_connection_both_ways() {
    let mut bench = Bench::with(doors());
    let flow = stream(Transport::Tls, Some(4));
    bench.feed_over(flow, &over(Transport::Tls, &request("INVITE", "b1", 1, None, SDP)));
    let Some(Event::Invite { dialog, flow: seen, .. }) = bench.events.last().cloned() else {
        panic!("{:?}", bench.events)
    };
    assert_eq!(seen, flow);
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    let answer = bench.drain().remove(0);
    assert_eq!(
        header(&answer, "Contact"),
        Some("<sip:198.51.100.2:5061;transport=tls>")
    );
    let tag = tag_of(&answer);
    // A 2xx is repeated even here: a later hop may be a datagram (RFC 3261 13.3.1.4).
    assert_eq!(statuses(&bench.pass(SECOND / 2)), [200]);
    bench.feed_over(flow, &over(Transport::Tls, &request("ACK", "b2", 1, Some(&tag), "")));
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let bye = bench.drain().remove(0);
    let via = header(&bye, "Via").expect("a Via");
    assert!(
        via.starts_with("SIP/2.0/TLS 198.51.100.2:5061;branch=") && via.ends_with(";rport;alias"),
        "{via}"
    );
    assert!(bench.ways.iter().all(|way| *way == flow), "{:?}", bench.ways);
    assert!(bench.pass(31 * SECOND).is_empty(), "nothing is sent again on a stream");
    bench.pass(2 * SECOND);
    assert_eq!(bench.endpoint.counters().transactions, 0);
    assert!(bench.endpoint.flights.is_empty() && bench.endpoint.arrivals.is_empty());
}

#[test]
fn a_refusal_on_a_stream_is_sent_once_and_its_transaction_ends_with_the_ack() {
    let mut bench = Bench::with(doors());
    let flow = stream(Transport::Tcp, Some(1));
    bench.feed_over(flow, &over(Transport::Tcp, &request("INVITE", "b1", 1, None, SDP)));
    let dialog = bench.events[0].dialog().expect("a dialog");
    let busy = crate::Rejection {
        status: 486,
        retry_after_s: None,
    };
    bench.endpoint.reject(bench.now, dialog, busy).expect("ringing");
    bench.drain();
    assert!(bench.pass(10 * SECOND).is_empty());
    bench.feed_over(flow, &over(Transport::Tcp, &request("ACK", "b1", 1, Some("x"), "")));
    bench.pass(Duration::ZERO);
    assert_eq!(bench.endpoint.counters().transactions, 0, "timer I is zero");
    bench.feed_over(flow, &over(Transport::Tcp, &request("OPTIONS", "o", 1, None, "")));
    bench.pass(Duration::ZERO);
    assert_eq!(bench.endpoint.counters().transactions, 0, "timer J is zero");
}

#[test]
fn a_refusal_whose_connection_is_gone_goes_to_the_address_in_via() {
    let mut bench = Bench::with(doors());
    let flow = stream(Transport::Tcp, Some(1));
    bench.feed_over(flow, &over(Transport::Tcp, &request("INVITE", "b1", 1, None, SDP)));
    let dialog = bench.events[0].dialog().expect("a dialog");
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    bench.drain();
    bench.endpoint.handle(bench.now, Input::SendFailed { flow });
    bench.drain();
    assert_eq!(statuses(&bench.pass(SECOND / 2)), [200]);
    let again = Flow {
        peer: address("192.0.2.1:5062"),
        ..stream(Transport::Tcp, None)
    };
    assert_eq!(bench.ways.last(), Some(&again));
    // That way fails too: nothing more can be done, and nothing loops.
    bench.endpoint.handle(bench.now, Input::SendFailed { flow: again });
    assert!(bench.drain().is_empty());
    bench.pass(40 * SECOND);
    assert_eq!(bench.endings(), 1);
}

#[test]
fn a_large_request_goes_over_tcp_and_back_to_udp_if_that_fails() {
    let mut bench = Bench::with(doors());
    let to = Flow::udp(address("192.0.2.1:5060"));
    let large = Outgoing {
        headers: vec![("X-Large".to_owned(), "x".repeat(1_000))],
        ..outgoing(to)
    };
    bench.endpoint.invite(bench.now, large.clone()).expect("room");
    let first = bench.drain().remove(0);
    let tcp = Flow {
        transport: Transport::Tcp,
        ..to
    };
    assert_eq!(bench.ways, [tcp]);
    assert!(header(&first, "Via").is_some_and(|via| via.starts_with("SIP/2.0/TCP 198.51.100.2:5060;")));
    assert_eq!(header(&first, "Contact"), Some("<sip:198.51.100.2:5060;transport=tcp>"));
    assert!(bench.pass(SECOND).is_empty());
    bench.endpoint.handle(bench.now, Input::SendFailed { flow: tcp });
    let second = bench.drain().remove(0);
    assert_eq!(bench.ways.last(), Some(&to));
    assert!(header(&second, "Via").is_some_and(|via| via.starts_with("SIP/2.0/UDP")));
    assert_ne!(header(&first, "Via"), header(&second, "Via"));
    assert_eq!(header(&second, "Contact"), Some("<sip:198.51.100.2:5060>"));
    assert_eq!(header(&first, "CSeq"), header(&second, "CSeq"));
    assert_eq!(methods(&bench.pass(SECOND / 2)), ["INVITE"], "timer A runs again");
    bench.feed_over(to, &answer(&first, 180));
    assert_eq!(bench.endpoint.counters().strays, 1, "the first branch is forgotten");
    bench.feed_over(to, &answer(&second, 180));
    assert!(matches!(bench.events.last(), Some(Event::Progress { status: 180, .. })));
    // Without a door for TCP it stays a datagram.
    let mut bench = Bench::new();
    bench.endpoint.invite(bench.now, large).expect("room");
    bench.drain();
    assert_eq!(bench.ways, [to]);
}

#[test]
fn a_peer_that_cannot_be_reached_ends_the_call() {
    let mut bench = Bench::with(doors());
    let to = stream(Transport::Tcp, None);
    bench.endpoint.invite(bench.now, outgoing(to)).expect("room");
    bench.drain();
    bench.endpoint.handle(bench.now, Input::SendFailed { flow: to });
    assert!(bench.drain().is_empty());
    assert!(
        matches!(
            bench.events[..],
            [Event::Ended {
                cause: EndCause::Unreachable,
                ..
            }]
        ),
        "{:?}",
        bench.events
    );
    assert_eq!(bench.endpoint.counters().transactions, 0);
    assert_eq!(bench.endpoint.wake_at(), None);
}

#[test]
fn a_lost_connection_is_opened_once_more() {
    let mut bench = Bench::with(doors());
    let to = stream(Transport::Tls, Some(9));
    bench.endpoint.invite(bench.now, outgoing(to)).expect("room");
    bench.drain();
    bench.endpoint.handle(bench.now, Input::SendFailed { flow: to });
    let again = bench.drain();
    assert_eq!(
        (methods(&again), bench.ways.last().copied()),
        (vec!["INVITE".to_owned()], Some(to.any_connection()))
    );
    bench.feed_over(stream(Transport::Tls, Some(10)), &answer(&again[0], 100));
    bench.endpoint.handle(
        bench.now,
        Input::SendFailed {
            flow: to.any_connection(),
        },
    );
    assert_eq!(bench.endings(), 0, "it has arrived: its answer may come another way");
}

#[test]
fn each_peer_is_told_the_door_of_its_transport_and_family() {
    for (transport, peer, via, contact) in [
        (
            Transport::Udp,
            "[2001:db8::9]:5060",
            "SIP/2.0/UDP [2001:db8::2]:5060;",
            "<sip:[2001:db8::2]:5060>",
        ),
        (
            Transport::Wss,
            "192.0.2.1:40000",
            "SIP/2.0/WSS 198.51.100.2:443;",
            "<sip:198.51.100.2:443;transport=ws>",
        ),
    ] {
        let mut bench = Bench::with(doors());
        let to = Flow {
            transport,
            peer: address(peer),
            connection: None,
        };
        bench.endpoint.invite(bench.now, outgoing(to)).expect("room");
        let invite = bench.drain().remove(0);
        assert!(
            header(&invite, "Via").is_some_and(|found| found.starts_with(via)),
            "{invite:?}"
        );
        assert_eq!(header(&invite, "Contact"), Some(contact));
        bench.feed_over(to, &answer(&invite, 486));
        assert_eq!(bench.endings(), 1, "the answer finds its request: {transport:?}");
    }
}

#[test]
fn a_secured_call_has_a_secured_contact() {
    let mut bench = Bench::with(doors());
    let to = Flow {
        transport: Transport::Tls,
        ..stream(Transport::Tls, None)
    };
    let call = Outgoing {
        uri: "sips:b@192.0.2.1".parse().expect("an address"),
        ..outgoing(to)
    };
    bench.endpoint.invite(bench.now, call).expect("room");
    assert_eq!(header(&bench.drain()[0], "Contact"), Some("<sips:198.51.100.2:5061>"));
    let flow = stream(Transport::Tls, Some(2));
    let raw = request("INVITE", "b1", 1, None, SDP).replace("INVITE sip:", "INVITE sips:");
    bench.feed_over(flow, &over(Transport::Tls, &raw));
    let dialog = bench.events[0].dialog().expect("a dialog");
    bench
        .endpoint
        .provisional(bench.now, dialog, 180, None)
        .expect("ringing");
    let ringing = bench.drain().remove(0);
    assert_eq!(
        (status(&ringing), header(&ringing, "Contact")),
        (180, Some("<sips:198.51.100.2:5061>"))
    );
}

#[test]
fn route_values_and_another_to_are_carried_and_checked() {
    let mut bench = Bench::with(doors());
    let to = Flow::udp(address("192.0.2.10:5060"));
    let call = Outgoing {
        to: Some(crate::NameAddr::parse("\"B\" <sip:+4930@example.org>;tag=x").expect("an address")),
        routes: vec!["<sip:192.0.2.10;lr>".to_owned()],
        ..outgoing(to)
    };
    bench.endpoint.invite(bench.now, call.clone()).expect("room");
    let invite = bench.drain().remove(0);
    assert_eq!(header(&invite, "Route"), Some("<sip:192.0.2.10;lr>"));
    assert_eq!(header(&invite, "To"), Some("\"B\" <sip:+4930@example.org>"));
    for (routes, error) in [
        (vec!["nonsense".to_owned()], crate::DialogError::BadHeader),
        (vec!["<sip:h;lr>".to_owned(); 33], crate::DialogError::TooLarge),
    ] {
        let call = Outgoing { routes, ..call.clone() };
        assert_eq!(bench.endpoint.invite(bench.now, call), Err(error));
    }
}

#[test]
fn own_call_ids_belong_to_our_shard() {
    for index in 0..3 {
        let mut config = doors();
        config.shard = crate::ShardOf { index, of: 3, key: 77 };
        let mut bench = Bench::with(config);
        for _ in 0..20 {
            bench
                .endpoint
                .invite(bench.now, outgoing(stream(Transport::Tcp, None)))
                .expect("room");
            let invite = bench.drain().remove(0);
            let id = header(&invite, "Call-ID").expect("a Call-ID");
            assert_eq!(crate::shard_of(id.as_bytes(), 3, 77), index);
        }
    }
}

#[test]
fn a_request_that_a_border_sends_on_by_datagrams_is_repeated_over_the_stream() {
    for (lossy, repeats) in [("", 0), (";pc-lossy", 3)] {
        let mut bench = Bench::with(doors());
        let route = format!("<sip:token@192.0.2.1:40000;transport=tls;lr{lossy}>");
        let invite = Outgoing {
            routes: vec![route],
            ..outgoing(stream(Transport::Tls, Some(7)))
        };
        bench.endpoint.invite(bench.now, invite).expect("room");
        bench.drain();
        // Timer A: after 0.5, 1.5 and 3.5 seconds.
        assert_eq!(methods(&bench.pass(4 * SECOND)), vec!["INVITE"; repeats], "{lossy}");
    }
}

#[test]
fn a_refusal_that_a_border_sends_on_by_datagrams_is_repeated_until_its_ack() {
    for (lossy, repeats) in [("", 0), (";pc-lossy", 2)] {
        let mut bench = Bench::with(doors());
        let raw = request("INVITE", "b1", 1, None, SDP).replace(";rport", lossy);
        bench.feed_over(stream(Transport::Tls, Some(7)), &over(Transport::Tls, &raw));
        let Some(Event::Invite { dialog, .. }) = bench.events.last() else {
            panic!("{:?}", bench.events);
        };
        let rejection = crate::Rejection {
            status: 486,
            retry_after_s: None,
        };
        bench
            .endpoint
            .reject(bench.now, *dialog, rejection)
            .expect("a new call");
        bench.drain();
        // Timer G: after 0.5 and 1.5 seconds.
        assert_eq!(statuses(&bench.pass(2 * SECOND)), vec![486; repeats], "{lossy}");
    }
}
