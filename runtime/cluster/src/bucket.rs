//! The bucket of the nodes' entries: found or made, and this node's name taken in it. Not here: keeping the lease (`registry`).

use crate::config::Config;
use crate::frames::{Entry, TOPICS};
use crate::names::Names;
use crate::state::Link;
use crate::{JoinError, limits};
use async_nats::jetstream::context::AccountErrorKind;
use async_nats::jetstream::kv::{self, CreateErrorKind, Operation, Store, Watch};
use async_nats::jetstream::stream::StorageType;
use async_nats::jetstream::{self, Context};
use patchcord_control::regions::NodeId;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// JetStream by this client, with its time-outs.
pub(crate) fn jetstream(client: async_nats::Client) -> Context {
    jetstream::context::ContextBuilder::new()
        .timeout(limits::STORE_PATIENCE)
        .ack_timeout(limits::STORE_PATIENCE)
        .build(client)
}

/// Whether this user has JetStream at all.
pub(crate) async fn has_jetstream(
    context: &Context,
    link: &watch::Receiver<Link>,
    servers: String,
) -> Result<(), JoinError> {
    let Err(error) = context.query_account().await else {
        return Ok(());
    };
    let why = match error.kind() {
        AccountErrorKind::JetStreamUnavailable => "it is switched off".to_owned(),
        _ => said(error.to_string(), link),
    };
    Err(JoinError::NoJetStream { servers, why })
}

/// A failure with what the server said of it: a request that is not permitted only times out.
fn said(error: String, link: &watch::Receiver<Link>) -> String {
    match &link.borrow().refused {
        Some(refused) => format!("{error}; the server says: {refused}"),
        None => error,
    }
}

/// The bucket. Whoever is first makes it, with its lease.
pub(crate) async fn open(context: &Context, names: &Names, lease: Duration, replicas: usize) -> Result<Store, String> {
    let bucket = names.nodes_bucket();
    if let Ok(store) = context.get_key_value(&bucket).await {
        return Ok(store);
    }
    let made = context.create_key_value(kv::Config {
        bucket: bucket.clone(),
        description: "who is in the cluster; an entry runs out with its node's lease".to_owned(),
        max_value_size: i32::try_from(limits::REQUEST_BYTES).unwrap_or(i32::MAX),
        history: 1,
        max_age: lease,
        storage: StorageType::File,
        num_replicas: replicas,
        ..kv::Config::default()
    });
    let error = match made.await {
        Ok(store) => return Ok(store),
        Err(error) => error,
    };
    // Another node was quicker.
    context.get_key_value(&bucket).await.map_err(|_| error.to_string())
}

/// [`open`] for a node that joins: says what is wrong, and refuses another lease.
pub(crate) async fn open_first(
    context: &Context,
    names: &Names,
    config: &Config,
    link: &watch::Receiver<Link>,
) -> Result<Store, JoinError> {
    let opened = open(context, names, config.lease, config.replicas).await;
    let store = opened.map_err(|why| refused(names, said(why, link)))?;
    let theirs = store.stream.cached_info().config.max_age;
    if theirs != config.lease {
        return Err(JoinError::OtherLease {
            theirs,
            ours: config.lease,
        });
    }
    Ok(store)
}

/// Watches all entries, beginning with those that are there.
pub(crate) async fn watch(store: &Store) -> Result<Watch, String> {
    match timeout(limits::STORE_PATIENCE, store.watch_with_history(">")).await {
        Ok(watch) => watch.map_err(|error| error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// [`watch`] for a node that joins.
pub(crate) async fn watch_first(
    store: &Store,
    names: &Names,
    link: &watch::Receiver<Link>,
) -> Result<Watch, JoinError> {
    watch(store).await.map_err(|why| refused(names, said(why, link)))
}

fn refused(names: &Names, why: String) -> JoinError {
    JoinError::Bucket {
        bucket: names.nodes_bucket(),
        why,
    }
}

/// This node's entry at its start.
pub(crate) fn first_entry(config: &Config) -> Entry {
    Entry {
        incarnation: config.incarnation,
        heads: [0; TOPICS],
        region: config.region.clone(),
        bytes: config.entry.clone(),
    }
}

/// Takes this node's name; the revision of its entry. An entry of an earlier life that nobody renews is waited for until it runs
/// out, so that a node that crashed comes back within a lease. One that is renewed is another process: refused.
pub(crate) async fn claim(
    store: &Store,
    names: &Names,
    config: &Config,
    link: &watch::Receiver<Link>,
) -> Result<u64, JoinError> {
    let me = names.me();
    let end = Instant::now() + 2 * config.lease;
    let mut seen = None;
    loop {
        let created = timeout(
            limits::STORE_PATIENCE,
            store.create(me.as_str(), first_entry(config).write()),
        );
        match created.await {
            Ok(Ok(revision)) => return Ok(revision),
            Ok(Err(error)) if error.kind() == CreateErrorKind::AlreadyExists => {}
            Ok(Err(error)) => return Err(refused(names, said(error.to_string(), link))),
            Err(_) => return Err(refused(names, said("no answer in time".to_owned(), link))),
        }
        let Some((incarnation, revision)) = holder(store, me).await else {
            // It ran out just now, or cannot be read.
            if Instant::now() > end {
                return Err(refused(names, said("its entry cannot be read".to_owned(), link)));
            }
            sleep(config.lease / 20).await;
            continue;
        };
        if incarnation >= config.incarnation {
            return Err(JoinError::OldIncarnation {
                node: me.clone(),
                theirs: incarnation,
                ours: config.incarnation,
            });
        }
        if Instant::now() > end || *seen.get_or_insert(revision) != revision {
            return Err(JoinError::NameTaken {
                node: me.clone(),
                incarnation,
            });
        }
        sleep(config.lease / 10).await;
    }
}

/// Who has the name, and with which revision of its entry. An entry that cannot be read is nobody's we could respect less.
pub(crate) async fn holder(store: &Store, node: &NodeId) -> Option<(u64, u64)> {
    let entry = store.entry(node.as_str()).await.ok()??;
    if entry.operation != Operation::Put {
        return None;
    }
    let incarnation = Entry::read(entry.value).map_or(0, |entry| entry.incarnation);
    Some((incarnation, entry.revision))
}
