//! Nodes that come, change, leave and die.

use crate::bus::{event, node, sees, within};
use crate::server::Bus;
use bytes::Bytes;
use patchcord_cluster::{ENTRY_BYTES, Error, NodeEvent, State};
use std::time::Duration;

#[tokio::test]
async fn a_node_that_dies_is_lost_and_the_others_stay() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    let dying = bus.config("ap1-a");
    let incarnation = dying.incarnation;
    let ap = bus.try_join(dying).await.expect("a node");
    for name in ["us1-a", "ap1-a"] {
        sees(&mut eu.cluster.watch(), name).await;
    }
    let mut watch = eu.cluster.watch();
    sees(&mut watch, "ap1-a").await;
    sees(&mut watch, "us1-a").await;
    drop(ap);
    let lost = event(&mut watch, "its loss", |event| !matches!(event, NodeEvent::Changed(_))).await;
    let node = node("ap1-a");
    assert_eq!(lost, NodeEvent::Lost { node, incarnation });
    let names: Vec<_> = eu.cluster.nodes().into_iter().map(|node| node.node).collect();
    assert_eq!(names, [crate::bus::node("us1-a")]);
    let mut watch = us.cluster.watch();
    event(&mut watch, "its loss there", |event| {
        matches!(event, NodeEvent::Lost { .. }) || us.cluster.nodes().len() == 1
    })
    .await;
}

#[tokio::test]
async fn a_node_that_leaves_has_left_at_once_and_may_come_back() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    let mut watch = eu.cluster.watch();
    sees(&mut watch, "us1-a").await;
    let state = us.cluster.state();
    us.cluster.leave().await.expect("it left");
    assert_eq!(*state.borrow(), State::Left);
    let left = event(&mut watch, "its leave", |_| true).await;
    assert!(
        matches!(&left, NodeEvent::Left { node: who, .. } if *who == node("us1-a")),
        "{left:?}"
    );
    // It has left its name, too: nobody waits for a lease.
    let us = bus.join("us1-a").await;
    sees(&mut watch, "us1-a").await;
    sees(&mut us.cluster.watch(), "eu1-a").await;
}

#[tokio::test]
async fn an_entry_that_changes_is_told() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    let mut watch = eu.cluster.watch();
    sees(&mut watch, "us1-a").await;
    us.cluster.set_entry(Bytes::from_static(b"busy")).expect("it fits");
    let changed = event(&mut watch, "the change", |_| true).await;
    assert!(
        matches!(&changed, NodeEvent::Changed(node) if node.entry == "busy"),
        "{changed:?}"
    );
    let long = us.cluster.set_entry(vec![0; ENTRY_BYTES + 1].into());
    assert!(
        matches!(long, Err(Error::TooLarge { limit: ENTRY_BYTES, .. })),
        "{long:?}"
    );
}

#[tokio::test]
async fn a_node_that_crashed_comes_back_in_a_new_life() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let first = bus.config("us1-a");
    let before = first.incarnation;
    let us = bus.try_join(first).await.expect("a node");
    let mut watch = eu.cluster.watch();
    sees(&mut watch, "us1-a").await;
    drop(us);
    // It is let in as soon as its old entry has run out.
    let us = bus.join("us1-a").await;
    let lost = event(&mut watch, "its old life", |event| {
        matches!(event, NodeEvent::Lost { .. })
    })
    .await;
    let incarnation = before;
    let node = node("us1-a");
    assert_eq!(lost, NodeEvent::Lost { node, incarnation });
    sees(&mut watch, "us1-a").await;
    assert_ne!(eu.cluster.nodes()[0].incarnation, before);
    drop(us);
}

#[tokio::test]
async fn a_watch_ends_with_its_node() {
    let bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    let mut watch = eu.cluster.watch();
    let cluster = eu.cluster;
    cluster.leave().await.expect("it left");
    assert!(within("the watch's end", watch.next()).await.is_none());
    assert!(within("the requests' end", eu.requests.next()).await.is_none());
    assert!(within("the topic's end", eu.locations.1.next()).await.is_none());
    assert_eq!(eu.locations.0.publish(Bytes::new()), Err(Error::Left));
    tokio::time::timeout(Duration::from_secs(30), eu.presence.0.asked())
        .await
        .map(|asked| assert!(asked.is_none()))
        .expect("no more snapshots");
}
