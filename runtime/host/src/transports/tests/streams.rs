//! Plain TCP: messages both ways, keep-alive, connections opened on demand and used again, ends.

use super::rig::{LOCALHOST, PATIENCE, Plan, dial, expect, expect_end, options, write};
use crate::shard_threads::Heard;
use patchcord_sip::{ConnectionId, Flow, Transport};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};

fn to(peer: SocketAddr) -> Flow {
    Flow {
        transport: Transport::Tcp,
        peer,
        connection: None,
    }
}

#[test]
fn messages_go_both_ways_on_one_connection() {
    let rig = Plan::of(Transport::Tcp).start();
    let mut phone = rig.dial();
    let (first, second) = (options("1"), options("2"));
    write(&mut phone, &[&first[..], &second[..]].concat());
    let (flow, bytes) = rig.message();
    assert_eq!((flow.transport, flow.peer), (Transport::Tcp, phone.local_addr().unwrap()));
    assert!(flow.connection.is_some());
    assert_eq!(bytes, first);
    assert_eq!(rig.message(), (flow, second));

    rig.send(flow, None, b"SIP/2.0 200 OK\r\n\r\n");
    expect(&mut phone, b"SIP/2.0 200 OK\r\n\r\n");
    // Whoever knows only the address finds the same connection.
    rig.send(flow.any_connection(), None, b"more");
    expect(&mut phone, b"more");
    assert_eq!((rig.figures.accepted.get(), rig.figures.opened.get()), (1, 0));
    assert_eq!((rig.figures.received.get(), rig.figures.sent.get()), (2, 2));
}

#[test]
fn a_message_may_come_in_pieces() {
    let rig = Plan::of(Transport::Tcp).start();
    let mut phone = rig.dial();
    let message = options("slow");
    for byte in message.chunks(7) {
        write(&mut phone, byte);
    }
    assert_eq!(rig.message().1, message);
}

#[test]
fn pings_are_answered() {
    let rig = Plan::of(Transport::Tcp).start();
    let mut phone = rig.dial();
    write(&mut phone, b"\r\n\r\n");
    expect(&mut phone, b"\r\n");
    write(&mut phone, &[&options("1")[..], b"\r\n\r\n"].concat());
    expect(&mut phone, b"\r\n");
    assert_eq!(rig.message().1, options("1"));
    rig.silence();
    assert_eq!(rig.figures.pings.get(), 2);
}

#[test]
fn a_connection_is_opened_on_demand_and_used_again() {
    let rig = Plan::of(Transport::Tcp).start();
    let carrier = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let peer = carrier.local_addr().unwrap();
    // The second waits behind the first until the connection is there.
    rig.send(to(peer), None, b"one ");
    rig.send(to(peer), None, b"two ");
    let (mut line, _) = carrier.accept().unwrap();
    line.set_read_timeout(Some(PATIENCE)).unwrap();
    expect(&mut line, b"one two ");
    rig.send(to(peer), None, b"three");
    expect(&mut line, b"three");
    assert_eq!(rig.figures.opened.get(), 1);

    // Its answers name the connection, and requests of its own come the same way.
    write(&mut line, &options("1"));
    let (flow, _) = rig.message();
    assert_eq!(flow.any_connection(), to(peer));
    rig.send(flow, None, b"four");
    expect(&mut line, b"four");

    // When it is gone, both ways of naming it have failed.
    drop(line);
    let mut failed = [rig.failure(), rig.failure()];
    failed.sort();
    assert_eq!(failed, [to(peer), flow]);
    rig.wait(|figures| figures.connections.get(), 0);
    // And the next message opens another.
    rig.send(to(peer), None, b"five");
    let (mut line, _) = carrier.accept().unwrap();
    expect(&mut line, b"five");
    // But who insists on the old one hears that it is gone.
    rig.send(flow, None, b"six");
    assert_eq!(rig.failure(), flow);
}

#[test]
fn who_takes_no_connection_is_a_failure() {
    let rig = Plan::of(Transport::Tcp).start();
    let free = TcpListener::bind((LOCALHOST, 0)).unwrap();
    let peer = free.local_addr().unwrap();
    drop(free);
    rig.send(to(peer), None, b"x");
    assert_eq!(rig.failure(), to(peer));
    rig.wait(|figures| figures.not_opened.get(), 1);

    let browser = Flow {
        transport: Transport::Wss,
        ..to(peer)
    };
    rig.send(browser, None, b"x");
    assert_eq!(rig.failure(), browser);
    let gone = Flow {
        connection: Some(ConnectionId(99)),
        ..to(peer)
    };
    rig.send(gone, None, b"x");
    assert_eq!(rig.failure(), gone);
}

#[test]
fn several_doors_and_both_families() {
    let mut plan = Plan::of(Transport::Tcp);
    plan.doors.push((Transport::Tcp, LOCALHOST));
    plan.doors.push((Transport::Tcp, IpAddr::V6(Ipv6Addr::LOCALHOST)));
    let rig = plan.start();
    let mut phones: Vec<_> = rig.addresses.iter().map(|address| dial(*address)).collect();
    for phone in &mut phones {
        write(phone, &options("1"));
        let (flow, _) = rig.message();
        assert_eq!(flow.peer, phone.local_addr().unwrap());
        rig.send(flow, None, b"heard");
        expect(phone, b"heard");
    }
    // An IPv6 door leaves the port to IPv4.
    let port = rig.addresses[2].port();
    TcpListener::bind((LOCALHOST, port)).unwrap();
}

#[test]
fn messages_of_a_call_go_to_its_shard() {
    let mut plan = Plan::of(Transport::Tcp);
    plan.shards = 4;
    let rig = plan.start();
    let mut phone = rig.dial();
    for call in 0..40 {
        let call_id = format!("call-{call}");
        write(&mut phone, &options(&call_id));
        let shard = patchcord_sip::shard_of(call_id.as_bytes(), 4, 7);
        match rig.shards[shard].heard(PATIENCE) {
            Some(Heard::Message(_, bytes)) => assert_eq!(bytes, options(&call_id)),
            other => panic!("{other:?} for shard {shard}"),
        }
    }
}

#[test]
fn what_waits_is_written_before_the_node_stops() {
    let rig = Plan::of(Transport::Tcp).start();
    let mut phone = rig.dial();
    write(&mut phone, &options("1"));
    let (flow, _) = rig.message();
    let bye = vec![b'b'; 60_000];
    for _ in 0..3 {
        rig.send(flow, None, &bye);
    }
    let reader = std::thread::spawn(move || expect_end(&mut phone));
    drop(rig);
    assert_eq!(reader.join().unwrap().len(), 3 * bye.len());
}
