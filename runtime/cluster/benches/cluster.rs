//! What this crate costs on top of the bare client of NATS, over the same server with TLS on loopback: a request and its answer, one
//! after the other and many at once; and changes, from one node to another. No target is asserted: read the ratios.

#![allow(
    clippy::disallowed_methods,
    reason = "a bench reads the clock and starts a server: it measures"
)]

#[path = "../tests/cluster/bus.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod bus;
#[path = "../tests/cluster/server.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod server;

use bus::node;
use bytes::Bytes;
use futures_util::StreamExt as _;
use patchcord_cluster::{Cluster, Joined, Told};
use server::Bus;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, JoinSet};

const PATIENCE: Duration = Duration::from_secs(30);
/// Requests at once, and changes under way.
const AT_ONCE: usize = 64;
const WINDOW: u64 = 512;
/// As long as a state of a call, and a registration.
const REQUEST: Bytes = Bytes::from_static(&[b'x'; 512]);
const CHANGE: Bytes = Bytes::from_static(&[b'x'; 256]);

fn main() {
    let quick = std::env::var("PATCHCORD_BENCH").is_ok_and(|how| how == "quick");
    let (requests, changes) = if quick { (4_000, 100_000) } else { (20_000, 500_000) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(measure(requests, changes));
}

async fn measure(requests: usize, changes: u64) {
    if server::program().is_none() {
        return println!("no nats-server here: tests/setup test installs it");
    }
    let bus = Bus::start();
    let bare = (bus.raw("eu1-a").await.client(), bus.raw("us1-a").await.client());
    let bare_told = bare_changes(&bare, changes).await;
    let answering = answer_bare(&bare.0).await;
    let bare_one = bare_requests(&bare.1, requests, 1).await;
    let bare_many = bare_requests(&bare.1, requests, AT_ONCE).await;
    answering.abort();
    drop(bare);

    let mut config = bus.config("eu1-a");
    config.answered_at_once = 2 * AT_ONCE;
    let mut eu = bus.try_join(config).await.expect("a node");
    let mut us = bus.join("us1-a").await;
    println!("changes of {} bytes from node to node, a second:", CHANGE.len());
    compare(bare_told, our_changes(&mut eu, &mut us, changes).await);
    answer(eu);
    let us = Arc::new(us.cluster);
    println!("requests of {} bytes, one after the other, a second:", REQUEST.len());
    compare(bare_one, our_requests(&us, requests, 1).await);
    println!("requests of {} bytes, {AT_ONCE} at once, a second:", REQUEST.len());
    compare(bare_many, our_requests(&us, requests, AT_ONCE).await);
}

fn compare(bare: f64, ours: f64) {
    let (bare_us, ours_us) = (1e6 / bare, 1e6 / ours);
    println!("  bare client {bare:>9.0}  ({bare_us:.1} us each)");
    println!(
        "  this crate  {ours:>9.0}  ({ours_us:.1} us each), ratio {:.2}",
        ours / bare
    );
}

fn rate(count: usize, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

type Bare = (async_nats::Client, async_nats::Client);

async fn bare_changes((from, to): &Bare, count: u64) -> f64 {
    let mut told = to
        .subscribe("patchcord.told.locations.*")
        .await
        .expect("a subscription");
    to.flush().await.expect("a connection");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    let mut sent = 0;
    for heard in 0..count {
        while sent < count && sent < heard + WINDOW {
            let subject = "patchcord.told.locations.eu1-a";
            from.publish(subject, CHANGE).await.expect("a connection");
            sent += 1;
        }
        told.next().await.expect("a change");
    }
    rate(count as usize, start)
}

async fn our_changes(from: &mut Joined, to: &mut Joined, count: u64) -> f64 {
    let start = Instant::now();
    let mut sent = 0;
    let mut heard = 0;
    while heard < count {
        while sent < count && sent < heard + WINDOW {
            let published = from.locations.0.publish(CHANGE).expect("it fits");
            assert!(published.on_its_way);
            sent += 1;
        }
        match to.locations.1.next().await.expect("a node") {
            Told::Change { .. } => heard += 1,
            Told::Missed(missed) => assert_eq!(missed.after, 0, "none may be lost"),
        }
    }
    rate(count as usize, start)
}

async fn answer_bare(client: &async_nats::Client) -> JoinHandle<()> {
    let mut asked = client
        .subscribe("patchcord.ask.eu1-a.bare")
        .await
        .expect("a subscription");
    client.flush().await.expect("a connection");
    let client = client.clone();
    tokio::spawn(async move {
        while let Some(request) = asked.next().await {
            let at = request.reply.expect("where to");
            client.publish(at, request.payload).await.expect("a connection");
        }
    })
}

fn answer(joined: Joined) {
    let Joined {
        cluster, mut requests, ..
    } = joined;
    tokio::spawn(async move {
        while let Some(asked) = requests.next().await {
            let bytes = asked.bytes.clone();
            asked.answer(bytes);
        }
        drop(cluster);
    });
}

async fn bare_requests(client: &async_nats::Client, count: usize, at_once: usize) -> f64 {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let client = client.clone();
        tasks.spawn(async move {
            for _ in 0..count / at_once {
                client
                    .request("patchcord.ask.eu1-a.bare", REQUEST)
                    .await
                    .expect("an answer");
            }
        });
    }
    tasks.join_all().await;
    rate(count / at_once * at_once, start)
}

async fn our_requests(cluster: &Arc<Cluster>, count: usize, at_once: usize) -> f64 {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let cluster = cluster.clone();
        tasks.spawn(async move {
            let eu = node("eu1-a");
            for _ in 0..count / at_once {
                cluster.ask(&eu, "echo", REQUEST, PATIENCE).await.expect("an answer");
            }
        });
    }
    tasks.join_all().await;
    rate(count / at_once * at_once, start)
}
