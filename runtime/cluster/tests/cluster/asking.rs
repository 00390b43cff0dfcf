//! Requests to nodes and their answers.

use crate::bus::{node, within};
use crate::server::Bus;
use bytes::Bytes;
use patchcord_cluster::limits::{ANSWER_BYTES, REQUEST_BYTES};
use patchcord_cluster::{Error, Requests};
use std::time::Duration;
use tokio::sync::mpsc;

const LONG: Duration = Duration::from_secs(30);

/// Answers each request by its kind, in a task of its own.
fn answer(mut requests: Requests) -> mpsc::Receiver<()> {
    let (waits, waiting) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Some(asked) = requests.next().await {
            match asked.kind.as_str() {
                "echo" => {
                    let bytes = Bytes::from([asked.from.as_str().as_bytes(), b": ", &asked.bytes].concat());
                    asked.answer(bytes);
                }
                "journal" => {
                    let length = String::from_utf8_lossy(&asked.bytes).parse().expect("a length");
                    asked.answer((0..length).map(|at: usize| (at % 251) as u8).collect());
                }
                "drop" => drop(asked),
                _ => {
                    let waits = waits.clone();
                    tokio::spawn(async move {
                        let _ = waits.send(()).await;
                        while asked.is_wanted() {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                    });
                }
            }
        }
    });
    waiting
}

#[tokio::test]
async fn nodes_ask_each_other_and_themselves() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    answer(eu.requests);
    answer(us.requests);
    for (asking, name, asked) in [
        (&eu.cluster, "eu1-a", "us1-a"),
        (&us.cluster, "us1-a", "eu1-a"),
        (&eu.cluster, "eu1-a", "eu1-a"),
    ] {
        let came = asking.ask(&node(asked), "echo", "which calls".into(), LONG).await;
        assert_eq!(came.expect("an answer"), format!("{name}: which calls"));
    }
    let nothing = us.cluster.ask(&node("eu1-a"), "journal", "0".into(), LONG).await;
    assert_eq!(nothing.expect("an answer"), "");
}

#[tokio::test]
async fn a_long_answer_comes_in_pieces_up_to_a_limit() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    answer(eu.requests);
    let length = ANSWER_BYTES.to_string();
    let came = us.cluster.ask(&node("eu1-a"), "journal", length.into(), LONG).await;
    let came = came.expect("an answer");
    assert_eq!(came.len(), ANSWER_BYTES);
    assert!(came.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
    let length = (ANSWER_BYTES + 1).to_string();
    let came = us.cluster.ask(&node("eu1-a"), "journal", length.into(), LONG).await;
    let too_large = Error::TooLarge {
        what: "the answer",
        bytes: ANSWER_BYTES + 1,
        limit: ANSWER_BYTES,
    };
    assert_eq!(came, Err(too_large));
}

#[tokio::test]
async fn a_request_has_limits_and_a_kind() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    answer(eu.requests);
    let ask = async |kind: &str, bytes: usize| {
        let bytes = vec![b'x'; bytes].into();
        us.cluster.ask(&node("eu1-a"), kind, bytes, LONG).await
    };
    assert_eq!(
        ask("echo", REQUEST_BYTES).await.expect("an answer").len(),
        REQUEST_BYTES + 7
    );
    assert!(matches!(
        ask("echo", REQUEST_BYTES + 1).await,
        Err(Error::TooLarge {
            limit: REQUEST_BYTES,
            ..
        })
    ));
    for kind in ["", "two.parts", "*", ">", "Echo"] {
        assert!(matches!(ask(kind, 0).await, Err(Error::Invalid(..))), "{kind}");
    }
}

#[tokio::test]
async fn nobody_is_there_nobody_answers_or_it_takes_too_long() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    let mut waiting = answer(eu.requests);
    let nobody = us.cluster.ask(&node("ap1-a"), "echo", "".into(), LONG).await;
    assert_eq!(nobody, Err(Error::Nobody(node("ap1-a"))));
    let dropped = us.cluster.ask(&node("eu1-a"), "drop", "".into(), LONG).await;
    assert_eq!(dropped, Err(Error::Unanswered(node("eu1-a"))));
    let short = Duration::from_millis(200);
    let late = us.cluster.ask(&node("eu1-a"), "wait", "".into(), short).await;
    assert_eq!(late, Err(Error::TimedOut(short)));
    within("the request", waiting.recv()).await;
    // A host that takes no requests leaves them unanswered.
    drop(us.requests);
    let unheard = eu.cluster.ask(&node("us1-a"), "echo", "".into(), LONG).await;
    assert_eq!(unheard, Err(Error::Unanswered(node("us1-a"))));
}

#[tokio::test]
async fn more_than_can_be_answered_is_refused_as_busy() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await;
    let us = bus.join("us1-a").await;
    let mut waiting = answer(eu.requests);
    let cluster = std::sync::Arc::new(us.cluster);
    // The tests' nodes answer two at once.
    let mut open = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let cluster = cluster.clone();
        open.spawn(async move {
            cluster
                .ask(&node("eu1-a"), "wait", "".into(), Duration::from_secs(3))
                .await
        });
        within("the request", waiting.recv()).await;
    }
    let busy = cluster.ask(&node("eu1-a"), "echo", "".into(), LONG).await;
    assert_eq!(busy, Err(Error::Busy(node("eu1-a"))));
    while let Some(ended) = within("their end", open.join_next()).await {
        assert_eq!(ended.expect("no panic"), Err(Error::TimedOut(Duration::from_secs(3))));
    }
    // Whoever does not wait any more takes no place.
    within("a place", async {
        while cluster.ask(&node("eu1-a"), "echo", "".into(), LONG).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
