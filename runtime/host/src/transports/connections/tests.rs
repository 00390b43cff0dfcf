//! The table and the queues without sockets: places, limits, reuse, and who is told of an end.

use super::*;
use std::net::Ipv6Addr;

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

fn table() -> Table {
    Table::new(Limits {
        connections: 4,
        per_source: 2,
    })
}

fn message(bytes: usize) -> Arc<[u8]> {
    vec![b'x'; bytes].into()
}

fn next(link: &Link) -> Poll<Result<Arc<[u8]>, Ended>> {
    link.poll_next(&Context::from_waker(Waker::noop()))
}

#[test]
fn a_source_has_so_many_places_and_gets_them_back() {
    let mut table = table();
    let first = table.accept(Transport::Tcp, peer(1)).unwrap();
    table.accept(Transport::Tls, peer(2)).unwrap();
    assert_eq!(table.accept(Transport::Tcp, peer(3)).unwrap_err(), NoRoom::Source);
    // Connections of ours to it are no harm of its.
    table.open(Transport::Tcp, peer(3), None).unwrap();
    table.remove(&first);
    table.remove(&first);
    table.accept(Transport::Tcp, peer(4)).unwrap();
    assert_eq!(table.len(), 3);
}

#[test]
fn an_ipv6_network_is_one_source() {
    let mut table = table();
    let host = |last| SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last), 5060));
    table.accept(Transport::Tcp, host(1)).unwrap();
    table.accept(Transport::Tcp, host(2)).unwrap();
    assert_eq!(table.accept(Transport::Tcp, host(3)).unwrap_err(), NoRoom::Source);
    let other = SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1), 5060));
    table.accept(Transport::Tcp, other).unwrap();
}

#[test]
fn all_together_have_so_many_places() {
    let mut table = table();
    for port in 1..=4 {
        table.open(Transport::Tcp, peer(port), None).unwrap();
    }
    assert_eq!(table.open(Transport::Tcp, peer(5), None).unwrap_err(), NoRoom::Total);
    assert_eq!(table.accept(Transport::Tcp, peer(5)).unwrap_err(), NoRoom::Total);
    let left = table.find(Transport::Tcp, peer(1), None).unwrap().clone();
    table.remove(&left);
    table.accept(Transport::Tcp, peer(5)).unwrap();
}

#[test]
fn the_newest_connection_to_a_peer_is_used_again() {
    let mut table = table();
    let old = table.accept(Transport::Tcp, peer(1)).unwrap();
    let new = table.open(Transport::Tcp, peer(1), None).unwrap();
    assert_eq!(table.find(Transport::Tcp, peer(1), None).unwrap().flow(), new.flow());
    assert!(table.find(Transport::Tls, peer(1), None).is_none());
    assert!(table.find(Transport::Tcp, peer(2), None).is_none());
    table.remove(&new);
    assert_eq!(table.find(Transport::Tcp, peer(1), None).unwrap().flow(), old.flow());
}

#[test]
fn tls_is_used_again_for_the_name_it_proved_only() {
    let mut table = table();
    let accepted = table.accept(Transport::Tls, peer(1)).unwrap();
    assert!(table.find(Transport::Tls, peer(1), Some("carrier.example")).is_none());
    let opened = table
        .open(Transport::Tls, peer(1), Some("carrier.example".into()))
        .unwrap();
    let found = |name| table.find(Transport::Tls, peer(1), name).map(|link| link.flow());
    assert_eq!(found(Some("CARRIER.example")), Some(opened.flow()));
    assert_eq!(found(Some("other.example")), None);
    assert_eq!(found(None), Some(opened.flow()));
    assert_ne!(accepted.flow(), opened.flow());
}

#[test]
fn numbers_are_never_used_again() {
    let mut table = table();
    let first = table.open(Transport::Tcp, peer(1), None).unwrap();
    table.remove(&first);
    let second = table.open(Transport::Tcp, peer(1), None).unwrap();
    assert_ne!(first.flow(), second.flow());
    assert!(table.get(first.flow().connection.unwrap()).is_none());
    assert!(table.get(second.flow().connection.unwrap()).is_some());
}

#[test]
fn a_peer_that_does_not_read_loses_its_connection() {
    let mut table = table();
    let by_count = table.open(Transport::Tcp, peer(1), None).unwrap();
    for _ in 0..WRITE_QUEUE {
        assert_eq!(
            by_count.send(&Sender::Shard(0), by_count.flow(), message(10)),
            Queued::Yes
        );
    }
    assert_eq!(
        by_count.send(&Sender::Shard(0), by_count.flow(), message(10)),
        Queued::No
    );
    assert_eq!(next(&by_count), Poll::Ready(Err(Ended::QueueFull)));

    let by_bytes = table.open(Transport::Tcp, peer(1), None).unwrap();
    assert_eq!(
        by_bytes.send(&Sender::Shard(0), by_bytes.flow(), message(WRITE_QUEUE_BYTES)),
        Queued::Yes
    );
    assert_eq!(by_bytes.put(b"\r\n"), Queued::No);
    assert_eq!(next(&by_bytes), Poll::Ready(Err(Ended::QueueFull)));
}

#[test]
fn those_who_sent_are_told_as_they_named_the_way() {
    let mut table = table();
    let link = table.accept(Transport::Tcp, peer(1)).unwrap();
    let by_id = link.flow();
    let by_peer = by_id.any_connection();
    link.send(&Sender::Shard(3), by_id, message(1));
    link.send(&Sender::Shard(63), by_id, message(1));
    link.send(&Sender::Shard(0), by_peer, message(1));
    assert!(link.is_waiting());
    assert!(matches!(next(&link), Poll::Ready(Ok(_))));
    let Left {
        by_id: ids,
        by_peer: peers,
        ..
    } = link.close(Ended::ByPeer);
    assert_eq!(ids.iter().collect::<Vec<_>>(), [3, 63]);
    assert_eq!(peers.iter().collect::<Vec<_>>(), [0]);
    assert!(!link.is_waiting());
    assert_eq!(link.send(&Sender::Shard(1), by_id, message(1)), Queued::No);
    assert_eq!(next(&link), Poll::Ready(Err(Ended::ByPeer)));
}

#[test]
fn the_first_reason_stays() {
    let mut table = table();
    let link = table.open(Transport::Tcp, peer(1), None).unwrap();
    link.end(Ended::Stopping);
    link.end(Ended::Idle);
    assert_eq!(next(&link), Poll::Ready(Err(Ended::Stopping)));
}
