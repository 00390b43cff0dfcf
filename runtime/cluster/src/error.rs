//! What can go wrong: joining, asking, and the rest. No error holds a password, a key or bytes of the host.

use patchcord_control::regions::NodeId;
use std::fmt;
use std::time::Duration;

/// Why a node did not join. Nothing of it is left in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinError {
    /// Something in the configuration cannot be: what, and what would be right.
    Config {
        /// What it is about.
        what: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// A file of [`Tls`](crate::Tls) cannot be used: which, and why.
    File {
        /// Its path.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No server can be reached.
    Unreachable {
        /// Their addresses.
        servers: String,
        /// What the last of them did.
        why: String,
    },
    /// A server's certificate does not come from our authorities, or the server does not want ours.
    Untrusted {
        /// The servers' addresses.
        servers: String,
        /// What TLS says.
        why: String,
    },
    /// The servers do not let this user in.
    Refused {
        /// Their addresses.
        servers: String,
        /// Who was refused.
        user: String,
    },
    /// The server is older than we can work with, or wants shorter messages.
    Unfit {
        /// Its address.
        server: String,
        /// What it has.
        has: String,
        /// What it must have.
        needs: String,
    },
    /// The server has no JetStream, at least not for this user.
    NoJetStream {
        /// The servers' addresses.
        servers: String,
        /// What it says.
        why: String,
    },
    /// A bucket can be neither found nor made, or be written: which, and what the server says.
    Bucket {
        /// Its name.
        bucket: String,
        /// What the server says.
        why: String,
    },
    /// The server does not permit this user what a node does: what it says.
    NotPermitted {
        /// The server's words.
        why: String,
    },
    /// The cluster's nodes have another lease.
    OtherLease {
        /// Theirs.
        theirs: Duration,
        /// Ours.
        ours: Duration,
    },
    /// Another process is this node and renews its lease.
    NameTaken {
        /// The name.
        node: NodeId,
        /// Which life of the node that is.
        incarnation: u64,
    },
    /// The node was there with a later or the same incarnation.
    OldIncarnation {
        /// The node.
        node: NodeId,
        /// The incarnation that was there.
        theirs: u64,
        /// The one that came.
        ours: u64,
    },
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { what, right } => write!(f, "{what} is not right: {right}"),
            Self::File { path, why } => write!(f, "{path}: {why}"),
            Self::Unreachable { servers, why } => {
                write!(
                    f,
                    "no NATS server at {servers}: {why}. Start one there, or name the right address"
                )
            }
            Self::Untrusted { servers, why } => write!(
                f,
                "TLS with the NATS server at {servers} failed: {why}. Name the authority of its certificate in `roots`, and, if it \
                 wants one, this node's own certificate"
            ),
            Self::Refused { servers, user } => write!(
                f,
                "the NATS server at {servers} refuses the user {user}: check its name and password against the server's \
                 configuration"
            ),
            Self::Unfit { server, has, needs } => write!(f, "the NATS server at {server} has {has}, it needs {needs}"),
            Self::NoJetStream { servers, why } => write!(
                f,
                "the NATS server at {servers} has no JetStream for this user: {why}. Switch it on in the server's configuration, \
                 for the account of the nodes, and permit `$JS.API.>`"
            ),
            Self::Bucket { bucket, why } => write!(
                f,
                "the bucket {bucket} cannot be used: {why}. Compare the user's permissions with docs/nats.conf of this crate"
            ),
            Self::NotPermitted { why } => write!(
                f,
                "the server does not permit what a node does: {why}. Compare the user's permissions with docs/nats.conf of this crate"
            ),
            Self::OtherLease { theirs, ours } => write!(
                f,
                "the cluster's nodes have a lease of {theirs:?}, this one is configured with {ours:?}: all must have the same"
            ),
            Self::NameTaken { node, incarnation } => write!(
                f,
                "another process (incarnation {incarnation}) is the node {node}: give each process a name of its own"
            ),
            Self::OldIncarnation { node, theirs, ours } => write!(
                f,
                "the node {node} was here with incarnation {theirs}, and {ours} is not later: each start needs a greater number"
            ),
        }
    }
}

impl std::error::Error for JoinError {}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// This node is cut off from the cluster at the moment ([`State`](crate::State)).
    Cut,
    /// It left.
    Left,
    /// Another process took its name; this one must end.
    Replaced,
    /// The node asked is not there, or does not listen.
    Nobody(NodeId),
    /// No answer came in the time given.
    TimedOut(Duration),
    /// The node asked answers as many requests as it may.
    Busy(NodeId),
    /// This node has as many requests under way as it may.
    TooMany(usize),
    /// Longer than is allowed: what, its bytes, and the limit.
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The node asked took the request and let it fall.
    Unanswered(NodeId),
    /// What came cannot be read; the other node may be of another release.
    Malformed(NodeId),
    /// An argument that cannot be: which, and what would be right.
    Invalid(&'static str, &'static str),
    /// There is no module of this hash in the store.
    NotFound,
    /// The module in the store has other bytes than its hash says.
    Corrupt,
    /// The store did not do it: what it says.
    Store(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("this node is cut off from its cluster"),
            Self::Left => f.write_str("this node has left its cluster"),
            Self::Replaced => f.write_str("another process took this node's name"),
            Self::Nobody(node) => write!(f, "there is no node {node}"),
            Self::TimedOut(after) => write!(f, "no answer within {after:?}"),
            Self::Busy(node) => write!(f, "the node {node} answers as many requests as it may"),
            Self::TooMany(limit) => write!(f, "{limit} requests are under way, which is the limit"),
            Self::TooLarge { what, bytes, limit } => write!(f, "{what} has {bytes} bytes, the limit is {limit}"),
            Self::Unanswered(node) => write!(f, "the node {node} did not answer the request"),
            Self::Malformed(node) => write!(f, "the answer of the node {node} cannot be read"),
            Self::Invalid(what, right) => write!(f, "{what} is not right: {right}"),
            Self::NotFound => f.write_str("there is no such module in the store"),
            Self::Corrupt => f.write_str("the module in the store has other bytes than its hash says"),
            Self::Store(why) => write!(f, "the store of modules failed: {why}"),
        }
    }
}

impl std::error::Error for Error {}
