//! Nodes that join over a server of the tests' own ([`Bus`]).

use crate::server::{Bus, password};
use bytes::Bytes;
use patchcord_cluster::{Certificate, Cluster, Config, Credentials, JoinError, Joined, NodeEvent, State, Tls, Watch};
use patchcord_control::regions::{NodeId, Region};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The lease of the tests' nodes.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
static INCARNATIONS: AtomicU64 = AtomicU64::new(1);

/// Waits for something that must come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let came = timeout(PATIENCE, future).await;
    came.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

impl Bus {
    /// JetStream by a client of the user of this node, without this crate.
    pub(crate) async fn raw(&self, name: &str) -> async_nats::jetstream::Context {
        let options = async_nats::ConnectOptions::with_user_and_password(name.to_owned(), password(name))
            .add_root_certificates(self.file("authority.pem"))
            .add_client_certificate(self.file("node.pem"), self.file("node.key"))
            .require_tls(true)
            .custom_inbox_prefix(format!("patchcord.inbox.{name}.raw"));
        let client = within("a client", options.connect(self.address())).await;
        async_nats::jetstream::new(client.expect("a client"))
    }

    /// How this node joins.
    pub(crate) fn config(&self, name: &str) -> Config {
        Config {
            servers: vec![self.address()],
            tls: Tls {
                roots: self.file("authority.pem"),
                certificate: Some(Certificate {
                    chain: self.file("node.pem"),
                    key: self.file("node.key"),
                }),
            },
            credentials: Credentials::Password {
                user: name.to_owned(),
                password: password(name),
            },
            cluster: "patchcord".to_owned(),
            node: node(name),
            region: Region::new(&name[..3]).expect("a region"),
            incarnation: INCARNATIONS.fetch_add(1, Ordering::Relaxed),
            entry: Bytes::from(format!("entry of {name}")),
            lease: LEASE,
            replicas: 1,
            answered_at_once: 2,
        }
    }

    pub(crate) async fn join(&self, name: &str) -> Joined {
        match self.try_join(self.config(name)).await {
            Ok(joined) => joined,
            Err(error) => panic!("{error}\n{}", self.log()),
        }
    }

    pub(crate) async fn try_join(&self, config: Config) -> Result<Joined, JoinError> {
        within("joining", Cluster::join(config)).await
    }

    /// Why this node is not let in.
    pub(crate) async fn refused(&self, config: Config) -> JoinError {
        match self.try_join(config).await {
            Ok(_) => panic!("it joined\n{}", self.log()),
            Err(error) => error,
        }
    }
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("a node")
}

/// The next event of a watch that this is one of.
pub(crate) async fn event(watch: &mut Watch, what: &str, is_it: impl Fn(&NodeEvent) -> bool) -> NodeEvent {
    within(what, async {
        loop {
            let event = watch.next().await.expect("a node that is there");
            if is_it(&event) {
                return event;
            }
        }
    })
    .await
}

pub(crate) async fn sees(watch: &mut Watch, name: &str) {
    event(
        watch,
        name,
        |event| matches!(event, NodeEvent::Joined(found) if found.node == node(name)),
    )
    .await;
}

/// Waits until a node's state is one of these.
pub(crate) async fn state(cluster: &Cluster, what: &str, is_it: impl Fn(&State) -> bool) -> State {
    let mut state = cluster.state();
    let found = within(what, state.wait_for(is_it)).await;
    *found.expect("a state")
}
