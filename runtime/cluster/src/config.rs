//! What a node needs to know to join, and whether it can be right. Not here: reading it from a file (host).

use crate::JoinError;
use async_nats::ServerAddr;
use bytes::Bytes;
use patchcord_control::regions::{NodeId, Region};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a cluster's name, at most.
pub const CLUSTER_BYTES: usize = 32;
/// Bytes of a node's entry, at most: its addresses, capabilities and load.
pub const ENTRY_BYTES: usize = 16 << 10;
/// The shortest lease: below it, a busy server looks like a dead node.
pub const SHORTEST_LEASE: Duration = Duration::from_secs(1);
/// The longest lease.
pub const LONGEST_LEASE: Duration = Duration::from_secs(60);
/// Requests that a node answers at once unless told otherwise; what comes beyond is refused as busy.
pub const ANSWERED_AT_ONCE: usize = 256;
/// The most that may be set for it.
pub const ANSWERED_AT_ONCE_MAX: usize = 4096;
/// Servers that may be named, at most.
const SERVERS_MAX: usize = 16;

/// How a node joins its cluster.
#[derive(Debug, Clone)]
pub struct Config {
    /// Addresses of NATS servers, 1 to 16, such as `nats1.example.com:4222`. Any of them is as good as another.
    pub servers: Vec<String>,
    /// Who the servers are, and who this node is to them.
    pub tls: Tls,
    /// What this node proves itself with, beside its certificate.
    pub credentials: Credentials,
    /// The cluster's name, 1 to [`CLUSTER_BYTES`] of `a-z`, `0-9` and `-`, a letter first. All subjects and buckets begin with
    /// it, so that several clusters can share servers.
    pub cluster: String,
    /// This node. Nobody else may have its name at the same time.
    pub node: NodeId,
    /// Where it is.
    pub region: Region,
    /// Which life of the node this is: a later one has a greater number (the time of its start does).
    pub incarnation: u64,
    /// The node's first entry, at most [`ENTRY_BYTES`], for the other hosts to read.
    pub entry: Bytes,
    /// How long an entry counts without being renewed, in [`SHORTEST_LEASE`]..=[`LONGEST_LEASE`] and whole milliseconds. It is
    /// renewed at a third of it. The same for all nodes of a cluster; whoever comes with another is refused.
    pub lease: Duration,
    /// On how many servers the buckets are kept, 1 to 5, for whichever node makes them first.
    pub replicas: usize,
    /// Requests (and, apart from them, snapshots) that are answered at once, in 1..=[`ANSWERED_AT_ONCE_MAX`].
    pub answered_at_once: usize,
}

/// Files in PEM. They are read again at each connection, so that renewed ones count from the next on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The authorities that the servers' certificates come from. There is no connection without TLS.
    pub roots: PathBuf,
    /// This node's own certificate, if the servers want one.
    pub certificate: Option<Certificate>,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The file of the chain, the node's own certificate first.
    pub chain: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
}

/// What a node proves itself with. Its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user of the servers' configuration.
    Password {
        /// Its name.
        user: String,
        /// Its password.
        password: String,
    },
    /// Nothing but the certificate: the servers map it to a user (`verify_and_map`).
    Certificate,
}

impl Credentials {
    /// The user, as errors name it.
    pub(crate) fn user(&self) -> &str {
        match self {
            Self::Password { user, .. } => user,
            Self::Certificate => "of the certificate",
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => write!(f, "Password {{ user: {user:?}, password: hidden }}"),
            Self::Certificate => f.write_str("Certificate"),
        }
    }
}

impl Config {
    /// How long after its death the others hear that a node is lost, at most, as long as they are connected themselves: a lease,
    /// and until they hear their own next renewal. Who joined since hears it later by up to a lease.
    pub fn lost_after(&self) -> Duration {
        self.lease + self.renewal()
    }

    /// When an entry is renewed.
    pub(crate) fn renewal(&self) -> Duration {
        self.lease / 3
    }

    /// The servers' addresses, if all of it can be right.
    pub(crate) fn checked(&self) -> Result<Vec<ServerAddr>, JoinError> {
        let wrong = |what, right| Err(JoinError::Config { what, right });
        if !is_name(&self.cluster, CLUSTER_BYTES) {
            return wrong(
                "the cluster's name",
                "a small letter, then at most 31 of a-z, 0-9 and -",
            );
        }
        if !(SHORTEST_LEASE..=LONGEST_LEASE).contains(&self.lease)
            || !self.lease.subsec_nanos().is_multiple_of(1_000_000)
        {
            return wrong("the lease", "1 to 60 seconds, in whole milliseconds");
        }
        if !(1..=5).contains(&self.replicas) {
            return wrong("the number of replicas", "1 to 5");
        }
        if !(1..=ANSWERED_AT_ONCE_MAX).contains(&self.answered_at_once) {
            return wrong("the number of requests answered at once", "1 to 4096");
        }
        if self.entry.len() > ENTRY_BYTES {
            return wrong("the node's entry", "at most 16 KiB");
        }
        if self.credentials == Credentials::Certificate && self.tls.certificate.is_none() {
            return wrong(
                "the credentials",
                "a user with a password, or a certificate in its place",
            );
        }
        if !(1..=SERVERS_MAX).contains(&self.servers.len()) {
            return wrong("the number of servers", "1 to 16");
        }
        self.servers.iter().map(|server| address(server)).collect()
    }
}

/// Refuses what would be a secret in an address, or no TLS over TCP.
fn address(server: &str) -> Result<ServerAddr, JoinError> {
    let wrong = |right| JoinError::Config {
        what: "a server's address",
        right,
    };
    let parsed: ServerAddr = server
        .parse()
        .map_err(|_| wrong("host:port, such as nats1.example.com:4222"))?;
    if parsed.has_user_pass() || parsed.password().is_some() {
        return Err(wrong("without user and password, which belong into the credentials"));
    }
    if parsed.host().is_empty() || parsed.is_websocket() {
        return Err(wrong("host:port, such as nats1.example.com:4222"));
    }
    Ok(parsed)
}

/// Small letters, digits and `-`, a letter first: what may stand in a subject and in a bucket's name.
pub(crate) fn is_name(name: &str, longest: usize) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    begins && name.len() <= longest && name.bytes().all(may_stand)
}
