//! Changes that nodes tell each other, gaps, and snapshots.

use crate::bus::{node, within};
use crate::server::Bus;
use bytes::Bytes;
use patchcord_cluster::limits::{CHANGE_BYTES, SNAPSHOT_BYTES};
use patchcord_cluster::{Changes, Error, Publisher, Told, Topic};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

/// The next that is a change: its number and bytes.
pub(crate) async fn change(changes: &mut Changes) -> (u64, Bytes) {
    loop {
        match within("a change", changes.next()).await.expect("a node that is there") {
            Told::Change { sequence, bytes, .. } => return (sequence, bytes),
            Told::Missed(_) => {}
        }
    }
}

fn number(number: u64) -> Bytes {
    Bytes::from(number.to_string())
}

/// Answers each wish for a snapshot with the number of the last change, as long as the node lives.
fn keep(mut publisher: Publisher, length: usize) {
    tokio::spawn(async move {
        while let Some(asked) = publisher.asked().await {
            asked.answer(publisher.sequence(), vec![b'.'; length].into());
        }
    });
}

#[tokio::test]
async fn changes_reach_all_others_in_their_order() {
    let bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    let mut us = bus.join("us1-a").await;
    let mut ap = bus.join("ap1-a").await;
    for expected in 1..=500 {
        let published = eu.locations.0.publish(number(expected)).expect("it fits");
        assert!(published.sequence == expected && published.on_its_way);
        if expected % 100 == 0 {
            for ears in [&mut us.locations.1, &mut ap.locations.1] {
                for expected in expected - 99..=expected {
                    assert_eq!(change(ears).await, (expected, number(expected)));
                }
            }
        }
    }
    // Topics are apart, and nobody hears itself.
    us.presence.0.publish(Bytes::from_static(b"away")).expect("it fits");
    assert_eq!(change(&mut eu.presence.1).await, (1, Bytes::from_static(b"away")));
    let long = eu.locations.0.publish(vec![0; CHANGE_BYTES + 1].into());
    assert!(matches!(
        long,
        Err(Error::TooLarge {
            limit: CHANGE_BYTES,
            ..
        })
    ));
    assert_eq!(eu.locations.0.sequence(), 500, "what is not told has no number");
}

#[tokio::test]
async fn who_comes_later_is_told_what_it_missed_and_asks_for_it() {
    let bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    for sequence in 1..=3 {
        eu.locations.0.publish(number(sequence)).expect("it fits");
    }
    let mut us = bus.join("us1-a").await;
    let first = within("the gap", us.locations.1.next()).await;
    let Some(Told::Missed(missed)) = first else {
        panic!("{first:?}")
    };
    assert_eq!((missed.node, missed.after), (node("eu1-a"), 0));
    eu.locations.0.publish(number(4)).expect("it fits");
    keep(eu.locations.0, 5);
    assert_eq!(change(&mut us.locations.1).await, (4, number(4)));
    let snapshot = us.cluster.snapshot(&node("eu1-a"), Topic::Locations, LONG).await;
    let snapshot = snapshot.expect("a snapshot");
    assert_eq!((snapshot.sequence, &snapshot.bytes[..]), (4, &b"....."[..]));
    assert_eq!(snapshot.incarnation, missed.incarnation);
    let nobody = us.cluster.snapshot(&node("ap1-a"), Topic::Presence, LONG).await;
    assert_eq!(nobody, Err(Error::Nobody(node("ap1-a"))));
}

#[tokio::test]
async fn a_snapshot_is_as_long_as_a_million_registrations_over_a_few_nodes() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    keep(eu.locations.0, SNAPSHOT_BYTES);
    keep(us.locations.0, SNAPSHOT_BYTES + 1);
    let snapshot = us.cluster.snapshot(&node("eu1-a"), Topic::Locations, LONG).await;
    assert_eq!(snapshot.expect("a snapshot").bytes.len(), SNAPSHOT_BYTES);
    let long = eu.cluster.snapshot(&node("us1-a"), Topic::Locations, LONG).await;
    assert!(matches!(long, Err(Error::TooLarge { .. })), "{long:?}");
}

#[tokio::test]
async fn a_host_that_is_late_is_told_its_gap() {
    let bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    let mut us = bus.join("us1-a").await;
    eu.locations.0.publish(number(1)).expect("it fits");
    assert_eq!(change(&mut us.locations.1).await.0, 1);
    // Far more than all queues between the two take.
    let last = 20_000;
    while eu.locations.0.sequence() < last {
        eu.locations.0.publish(number(0)).expect("it fits");
        tokio::task::yield_now().await;
    }
    let mut through = 1;
    let mut gaps = 0;
    while through < last {
        match within("a change or a gap", us.locations.1.next())
            .await
            .expect("a node")
        {
            Told::Change { sequence, .. } => {
                assert_eq!(sequence, through + 1);
                through = sequence;
            }
            Told::Missed(missed) => {
                assert_eq!(missed.after, through);
                assert!(missed.through > through);
                through = missed.through;
                gaps += 1;
            }
        }
    }
    assert!(gaps > 0);
}
