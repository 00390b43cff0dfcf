//! Why a node did not start: one sentence each, with what to do. Whatever was started before is gone again.

use crate::certificates::CertificateError;
use crate::tenant_store::OpenError;
use patchcord_sip::Transport;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the door for other nodes is set.
const NODE_DOOR: &str = "[cluster] sip_listen, or sip without it";

/// Why a node did not start.
#[derive(Debug)]
pub enum StartError {
    /// The SIP socket could not be bound.
    Sip {
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// A socket for SIP connections could not be bound.
    Door {
        /// For what.
        transport: Transport,
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// A file of certificates does not hold.
    Certificates(CertificateError),
    /// TLS is to be taken and there is no certificate.
    NoCertificate,
    /// The door for other nodes could not be bound.
    NodeDoor {
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// A port for browsers' audio could not be bound.
    Browsers {
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// The port for metrics and health could not be bound.
    Http {
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// The port of the API could not be bound.
    Api {
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// A media port could not be bound.
    MediaPort {
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        why: io::Error,
    },
    /// The media ports make no pair: an even port and the next one.
    NoMediaPorts {
        /// First and last port as configured.
        ports: (u16, u16),
    },
    /// The system allows too few open files for so many media ports.
    OpenFiles {
        /// How many are needed.
        needed: u64,
        /// How many this process may have at most.
        allowed: u64,
    },
    /// The file for end records could not be opened.
    Records {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// The folder for traces cannot be used.
    Traces {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// The store of handlers cannot be opened.
    TenantStore(OpenError),
    /// The folder for journals cannot be used.
    Journals {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// The folder for recordings cannot be used.
    Recordings {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// The database cannot be used.
    Database(patchcord_database::Error),
    /// The cluster does not take the node.
    Cluster(patchcord_cluster::JoinError),
    /// The object store for recordings cannot be used.
    Store(String),
    /// Who may call in, or a trunk, cannot be set up.
    Shard(patchcord_switch::ShardError),
    /// No thread could be started.
    Thread(io::Error),
    /// The system gave no random numbers.
    Random(String),
}

impl StartError {
    /// Whether another process has the port; another one may be free.
    pub fn is_port_in_use(&self) -> bool {
        match self {
            StartError::Sip { why, .. }
            | StartError::Door { why, .. }
            | StartError::NodeDoor { why, .. }
            | StartError::Http { why, .. }
            | StartError::Api { why, .. }
            | StartError::Browsers { why, .. }
            | StartError::MediaPort { why, .. } => why.kind() == io::ErrorKind::AddrInUse,
            _ => false,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Sip { address, why } => port(f, "SIP", "UDP", "[sip] listen", *address, why),
            StartError::Door {
                transport,
                address,
                why,
            } => {
                let key = transport.via().to_ascii_lowercase();
                let what = format!("SIP over {}", transport.via());
                port(f, &what, "TCP", &format!("[sip] {key}"), *address, why)
            }
            StartError::NodeDoor { address, why } => port(f, "other nodes", "TCP", NODE_DOOR, *address, why),
            StartError::Certificates(why) => write!(f, "{why}"),
            StartError::NoCertificate => f.write_str(
                "TLS needs a certificate: name files with [sip] certificate and key, or listen without tls and wss",
            ),
            StartError::Http { address, why } => port(f, "metrics and health", "TCP", "[http] listen", *address, why),
            StartError::Api { address, why } => port(f, "the API", "TCP", "[api] listen", *address, why),
            StartError::Browsers { address, why } => port(
                f,
                "browsers' audio",
                "UDP and TCP",
                "[media] browser_port",
                *address,
                why,
            ),
            StartError::MediaPort { address, why } => port(f, "audio", "UDP", "[media] ports", *address, why),
            StartError::NoMediaPorts { ports: (first, last) } => write!(
                f,
                "the media ports {first}-{last} hold no pair of an even port and the next one; give a range such as \
                 20000-23999 in [media] ports"
            ),
            StartError::OpenFiles { needed, allowed } => write!(
                f,
                "{needed} open files are needed and only {allowed} are allowed; raise the limit (`ulimit -n {needed}`, or \
                 LimitNOFILE in the unit file), or give fewer [media] ports"
            ),
            StartError::Records { path, why } => write!(
                f,
                "the end records cannot be written to {}: {why}; name a file in an existing folder in [records] cdr",
                path.display()
            ),
            StartError::Traces { path, why } => write!(
                f,
                "traces cannot be written to {}: {why}; name a folder that may be made or written in [trace] folder",
                path.display()
            ),
            StartError::TenantStore(why) => write!(f, "{why}; see [store] folder"),
            StartError::Journals { path, why } => write!(
                f,
                "journals cannot be written to {}: {why}; name a folder that may be made or written in [journal] folder",
                path.display()
            ),
            StartError::Recordings { path, why } => write!(
                f,
                "recordings cannot be written to {}: {why}; name a folder that may be made or written in [recordings] folder",
                path.display()
            ),
            StartError::Database(why) => write!(f, "{why}; see [database] url"),
            StartError::Store(why) => write!(
                f,
                "no recording could be sent to the store: {why}; see [recordings] store"
            ),
            StartError::Shard(why) => write!(f, "{why}"),
            StartError::Cluster(why) => write!(f, "the cluster: {why}"),
            StartError::Thread(why) => write!(f, "no thread could be started: {why}; raise the limit of tasks"),
            StartError::Random(why) => write!(f, "the system gave no random numbers: {why}"),
        }
    }
}

impl std::error::Error for StartError {}

fn port(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    protocol: &str,
    key: &str,
    address: SocketAddr,
    why: &io::Error,
) -> fmt::Result {
    match why.kind() {
        io::ErrorKind::AddrInUse => write!(
            f,
            "the {protocol} port {} for {what} is in use on {}; stop the program that has it, or choose another in {key}",
            address.port(),
            address.ip()
        ),
        io::ErrorKind::AddrNotAvailable => write!(
            f,
            "this machine has no address {} for {what}; name one of its own in {key}",
            address.ip()
        ),
        _ => write!(
            f,
            "the {protocol} port {} for {what} cannot be opened on {}: {why}; choose another in {key}",
            address.port(),
            address.ip()
        ),
    }
}
