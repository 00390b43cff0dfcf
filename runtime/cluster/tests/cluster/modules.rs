//! Modules by their hash, through the store of all nodes.

use crate::server::Bus;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use patchcord_cluster::limits::MODULE_BYTES;
use patchcord_cluster::{Error, Hash};

fn module(length: usize) -> (Hash, Bytes) {
    let bytes: Bytes = (0..length).map(|at| (at % 253) as u8).collect();
    (hash(&bytes), bytes)
}

fn hash(bytes: &[u8]) -> Hash {
    digest(&SHA256, bytes).as_ref().try_into().expect("32 bytes")
}

#[tokio::test]
async fn a_module_is_the_same_at_every_node() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await.cluster;
    let us = bus.join("us1-a").await.cluster;
    assert_eq!(us.module(&[7; 32]).await, Err(Error::NotFound));
    for length in [0, 1, 3_000_000] {
        let (hash, bytes) = module(length);
        eu.put_module(&hash, &bytes).await.expect("it is stored");
        assert_eq!(us.module(&hash).await.expect("a module"), bytes);
        // Whoever stores it again changes nothing.
        us.put_module(&hash, &bytes).await.expect("it is stored");
        assert_eq!(eu.module(&hash).await.expect("a module"), bytes);
    }
}

#[tokio::test]
async fn a_module_that_is_not_what_its_hash_says_is_refused_on_both_ways() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await.cluster;
    let (hash, bytes) = module(1000);
    let (_, other) = module(1001);
    let refused = eu.put_module(&hash, &other).await;
    assert!(matches!(refused, Err(Error::Invalid(..))), "{refused:?}");
    assert_eq!(eu.module(&hash).await, Err(Error::NotFound));
    eu.put_module(&hash, &bytes).await.expect("it is stored");
    // Somebody writes other bytes under its name, past this crate; to NATS, they are whole.
    let store = bus
        .raw("us1-a")
        .await
        .get_object_store("patchcord-modules")
        .await
        .expect("the store");
    let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    store.put(name.as_str(), &mut &other[..]).await.expect("it is stored");
    assert_eq!(eu.module(&hash).await, Err(Error::Corrupt));
    eu.put_module(&hash, &bytes).await.expect("it is stored");
    assert_eq!(eu.module(&hash).await.expect("a module"), bytes);
}

#[tokio::test]
async fn a_module_has_a_limit() {
    let bus = Bus::start();
    let eu = bus.join("eu1-a").await.cluster;
    let bytes = Bytes::from(vec![0; MODULE_BYTES + 1]);
    let refused = eu.put_module(&hash(&bytes), &bytes).await;
    assert!(
        matches!(
            refused,
            Err(Error::TooLarge {
                limit: MODULE_BYTES,
                ..
            })
        ),
        "{refused:?}"
    );
}
