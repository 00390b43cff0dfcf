//! The server dies and comes back: the nodes go on, and hear what they missed.

use crate::bus::{LEASE, event, node, sees, state, within};
use crate::server::Bus;
use crate::topics::change;
use bytes::Bytes;
use patchcord_cluster::{Error, NodeEvent, State, Told};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_killed_server_is_a_cut_that_heals() {
    let mut bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    let mut us = bus.join("us1-a").await;
    let mut watch = us.cluster.watch();
    sees(&mut watch, "eu1-a").await;
    eu.locations.0.publish(Bytes::from_static(b"before")).expect("it fits");
    assert_eq!(change(&mut us.locations.1).await.0, 1);

    bus.kill();
    for cluster in [&eu.cluster, &us.cluster] {
        state(cluster, "the cut", |state| matches!(state, State::Cut { .. })).await;
    }
    let cut = us.cluster.ask(&node("eu1-a"), "echo", "".into(), LONG).await;
    assert_eq!(cut, Err(Error::Cut));
    assert_eq!(us.cluster.module(&[0; 32]).await, Err(Error::Cut));
    let published = eu.locations.0.publish(Bytes::from_static(b"during")).expect("it fits");
    assert!(published.sequence == 2 && !published.on_its_way);
    // Longer than a lease: nobody is lost for it, since nobody can be heard.
    tokio::time::sleep(2 * LEASE).await;
    assert_eq!(us.cluster.nodes().len(), 1);

    bus.restart();
    for cluster in [&eu.cluster, &us.cluster] {
        let healed = state(cluster, "healing", |state| matches!(state, State::Healed { .. })).await;
        assert!(
            matches!(healed, State::Healed { times: 1, lasted } if lasted > LEASE),
            "{healed:?}"
        );
    }
    // The gap is told though nothing new is.
    let gap = within("the gap", us.locations.1.next()).await;
    assert!(
        matches!(&gap, Some(Told::Missed(missed)) if missed.after == 1 && missed.through == 2),
        "{gap:?}"
    );
    eu.locations.0.publish(Bytes::from_static(b"after")).expect("it fits");
    assert_eq!(change(&mut us.locations.1).await, (3, Bytes::from_static(b"after")));
    // The registry goes on: a change is heard, and nobody was lost meanwhile.
    eu.cluster.set_entry(Bytes::from_static(b"healed")).expect("it fits");
    let changed = event(&mut watch, "the change", |_| true).await;
    assert!(
        matches!(&changed, NodeEvent::Changed(node) if node.entry == "healed"),
        "{changed:?}"
    );
    // So do requests, and who dies now is lost.
    let answering = tokio::spawn(async move {
        let asked = eu.requests.next().await.expect("a request");
        asked.answer("here".into());
        eu
    });
    let came = us.cluster.ask(&node("eu1-a"), "echo", "".into(), LONG).await;
    assert_eq!(came.expect("an answer"), "here");
    drop(within("the node", answering).await);
    event(&mut watch, "its loss", |event| matches!(event, NodeEvent::Lost { .. })).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_a_cut_that_heals() {
    let bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    let mut us = bus.join("us1-a").await;
    eu.locations.0.publish(Bytes::from_static(b"before")).expect("it fits");
    assert_eq!(change(&mut us.locations.1).await.0, 1);
    sees(&mut eu.cluster.watch(), "us1-a").await;
    sees(&mut us.cluster.watch(), "eu1-a").await;
    bus.signal("STOP");
    for cluster in [&eu.cluster, &us.cluster] {
        state(cluster, "the cut", |state| matches!(state, State::Cut { .. })).await;
    }
    bus.signal("CONT");
    for cluster in [&eu.cluster, &us.cluster] {
        state(cluster, "healing", |state| matches!(state, State::Healed { .. })).await;
        assert_eq!(cluster.nodes().len(), 1);
    }
    eu.locations.0.publish(Bytes::from_static(b"after")).expect("it fits");
    assert_eq!(change(&mut us.locations.1).await.1, "after");
}

#[tokio::test]
async fn a_request_under_way_is_cut() {
    let mut bus = Bus::start();
    let mut eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    let asking = tokio::spawn(async move { us.cluster.ask(&node("eu1-a"), "wait", "".into(), LONG).await });
    let asked = within("the request", eu.requests.next()).await.expect("a request");
    bus.kill();
    let came = within("its end", asking).await.expect("no panic");
    assert_eq!(came, Err(Error::Cut));
    asked.answer("too late".into());
    // A node that leaves while it is cut off has left, and says that it could not tell.
    let leaving = eu.cluster.leave();
    assert_eq!(within("leaving", leaving).await, Err(Error::Cut));
}

#[tokio::test]
async fn a_server_that_lost_its_store_gets_the_nodes_again() {
    let mut bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    sees(&mut us.cluster.watch(), "eu1-a").await;
    bus.kill();
    state(&us.cluster, "the cut", |state| matches!(state, State::Cut { .. })).await;
    bus.lose_store();
    bus.restart();
    for cluster in [&eu.cluster, &us.cluster] {
        state(cluster, "healing", |state| matches!(state, State::Healed { .. })).await;
        assert_eq!(cluster.nodes().len(), 1);
    }
    let ap = bus.join("ap1-a").await;
    for name in ["eu1-a", "us1-a"] {
        sees(&mut ap.cluster.watch(), name).await;
    }
}

#[tokio::test]
async fn a_node_whose_name_was_taken_is_replaced() {
    let bus = Bus::start();
    let mut first = bus.join("eu1-a").await;
    // As if its lease had run out while it was cut off, and another process had come.
    let raw = bus.raw("eu1-a").await;
    let store = raw.get_key_value("patchcord-nodes").await.expect("the bucket");
    store.delete("eu1-a").await.expect("no entry");
    let second = bus.config("eu1-a");
    let by = second.incarnation;
    let second = bus.try_join(second).await.expect("the second");
    let replaced = state(&first.cluster, "the end", |state| {
        matches!(state, State::Replaced { .. })
    })
    .await;
    assert_eq!(replaced, State::Replaced { by });
    let asked = first.cluster.ask(&node("us1-a"), "echo", "".into(), LONG).await;
    assert_eq!(asked, Err(Error::Replaced));
    assert_eq!(first.locations.0.publish(Bytes::new()), Err(Error::Replaced));
    assert!(within("the requests' end", first.requests.next()).await.is_none());
    assert_eq!(*second.cluster.state().borrow(), State::Joined);
}
