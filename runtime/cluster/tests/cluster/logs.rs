//! What a log may hold: no password at any level, and at `info`, to which a host keeps the client, nothing that nodes tell each other.

#![allow(
    clippy::disallowed_types,
    reason = "the subscriber's writer is shared with the test that reads it"
)]

use crate::bus::{node, within};
use crate::server::{Bus, password};
use crate::topics::change;
use bytes::Bytes;
use patchcord_cluster::Credentials;
use std::fs::{self, File};
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

const LONG: Duration = Duration::from_secs(30);

/// All of a life of two nodes, logged at this level.
async fn log(level: LevelFilter) -> String {
    let bus = Bus::start();
    let path = bus.file("nodes.log");
    let file = Arc::new(File::create(&path).expect("a file"));
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(file);
    // The tests' runtime has one thread: all tasks of the nodes log here.
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let mut wrong = bus.config("eu1-a");
    wrong.credentials = Credentials::Password {
        user: "eu1-a".to_owned(),
        password: "guessed-secret".to_owned(),
    };
    bus.refused(wrong).await;
    let mut eu = bus.join("eu1-a").await;
    let mut us = bus.join("us1-a").await;
    let away = Bytes::from_static(b"gone-fishing");
    eu.presence.0.publish(away).expect("it fits");
    assert_eq!(change(&mut us.presence.1).await.1, "gone-fishing");
    eu.cluster
        .set_entry(Bytes::from_static(b"told-of-myself"))
        .expect("it fits");
    let answering = tokio::spawn(async move {
        let asked = eu.requests.next().await.expect("a request");
        asked.answer("told-in-confidence".into());
        eu
    });
    let came = us
        .cluster
        .ask(&node("eu1-a"), "echo", "asked-in-confidence".into(), LONG)
        .await;
    assert_eq!(came.expect("an answer"), "told-in-confidence");
    let eu = within("the node", answering).await.expect("no panic");
    eu.cluster.leave().await.expect("it left");
    drop(guard);
    fs::read_to_string(path).expect("text")
}

#[tokio::test]
async fn no_password_is_logged_at_any_level() {
    let log = log(LevelFilter::TRACE).await;
    assert!(
        log.contains("write operation: CONNECT"),
        "the log is that of the client"
    );
    for secret in ["guessed-secret", &password("eu1-a"), &password("us1-a")] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn nothing_that_nodes_tell_is_logged_at_info() {
    let log = log(LevelFilter::INFO).await;
    assert!(log.contains("event: connected"), "the log is that of the client");
    for told in ["gone-fishing", "told-of-myself", "in-confidence"] {
        assert!(!log.contains(told), "{told}: {log}");
    }
}
