//! The section `[cluster]`: the other nodes, and how they are found. Without it the node is alone, and needs no other program.
//!
//! ```toml
//! [cluster]
//! servers = ["nats1.example.com:4222"]   # NATS with JetStream, by TLS
//! roots = "authority.pem"                # whose certificates the servers have
//! certificate = "node.pem"               # with key: this node's own, if the servers want one
//! key = "node.key"
//! node = "eu1-a"                         # nobody else has this name
//! region = "eu1"
//! password = "env:NATS_PASSWORD"         # of the user of the node's name; without it the certificate is who the node is
//! name = "patchcord"                     # of the cluster: what all its subjects begin with
//! lease_s = 10                           # the same for all: how long a node that says nothing counts as there
//! replicas = 1                           # servers that keep what the nodes say of themselves
//! sip = "10.0.0.5:5071"                  # where other nodes reach this one by SIP, over TLS that certificate, key and roots are for;
//!                                        # the certificate is in the name of the node: a DNS name "eu1-a", for server and client
//! sip_listen = "0.0.0.0:5071"            # where that is bound, if elsewhere
//! ```
//!
//! Without `sip`, devices that are connected to one node cannot be called through another.

use super::reader::{ConfigError, Table};
use super::{beside, sip};
use crate::certificates::Identity;
use crate::cluster::{ClusterConfig, NodeDoor, can_be_certified};
use bytes::Bytes;
use patchcord_cluster::{ANSWERED_AT_ONCE, Certificate, Config, Credentials, Tls};
use patchcord_control::regions::{NodeId, Region};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const KEYS: &[&str] = &[
    "servers",
    "roots",
    "certificate",
    "key",
    "node",
    "region",
    "user",
    "password",
    "name",
    "lease_s",
    "replicas",
    "sip",
    "sip_listen",
];
/// The lease where nothing is said.
const LEASE: Duration = Duration::from_secs(10);

/// Reads the section; none if it is not there.
pub(super) fn read(root: &Table<'_>, file: &Path) -> Result<Option<ClusterConfig>, ConfigError> {
    if !root.has("cluster") {
        return Ok(None);
    }
    let section = root.section("cluster", KEYS)?;
    if !root.has("api") {
        return Err(section.wrong(
            "node",
            "a node of a cluster answers the others by its API: give [api] listen",
        ));
    }
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let servers = section.parsed_list("servers", "addresses such as \"nats1.example.com:4222\"", text)?;
    if servers.is_empty() {
        return Err(section.wrong(
            "servers",
            "they are missing: give addresses such as \"nats1.example.com:4222\"",
        ));
    }
    let right = "a name such as \"eu1-a\": a small letter, then small letters, digits and -";
    let node: NodeId = section.required("node", right, |text| text.parse().ok())?;
    let right = "a name such as \"eu1\": a small letter, then small letters, digits and -";
    let region: Region = section.required("region", right, |text| text.parse().ok())?;
    let right = "a PEM file such as \"authority.pem\"";
    let roots = section.required("roots", right, |path| (!path.is_empty()).then(|| beside(file, path)))?;
    let identity = sip::identity(&section, file)?;
    let door = door(&section, &node, (identity.as_ref(), &roots))?;
    let certificate = identity.map(|identity| Certificate {
        chain: identity.certificate,
        key: identity.key,
    });
    let credentials = credentials(&section, &node, certificate.as_ref())?;
    let name = section.parsed("name", "a name such as \"patchcord\"", text)?;
    let lease = section.seconds("lease_s", 1..=60)?;
    let replicas = section.number("replicas", 1..=5)?;
    let membership = Config {
        servers,
        tls: Tls { roots, certificate },
        credentials,
        cluster: name.unwrap_or_else(|| "patchcord".to_owned()),
        node,
        region,
        // Both are known when the node starts.
        incarnation: 0,
        entry: Bytes::new(),
        lease: lease.unwrap_or(LEASE),
        replicas: replicas.unwrap_or(1) as usize,
        answered_at_once: ANSWERED_AT_ONCE,
    };
    Ok(Some(ClusterConfig { membership, door }))
}

/// What the servers know the node by.
fn credentials(
    section: &Table<'_>,
    node: &NodeId,
    certificate: Option<&Certificate>,
) -> Result<Credentials, ConfigError> {
    let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let user = section.parsed("user", "the name of a user of the servers", name)?;
    match section.secret("password")? {
        Some(password) => Ok(Credentials::Password {
            user: user.unwrap_or_else(|| node.as_str().to_owned()),
            password,
        }),
        None if certificate.is_none() => {
            let sentence =
                "it is missing: give it as \"env:NAME\" or \"file:PATH\", or a certificate with key in its place";
            Err(section.wrong("password", sentence))
        }
        None => Ok(Credentials::Certificate),
    }
}

/// The door for other nodes; none if they cannot reach this one by SIP.
fn door(
    section: &Table<'_>,
    node: &NodeId,
    (identity, roots): (Option<&Identity>, &PathBuf),
) -> Result<Option<NodeDoor>, ConfigError> {
    let right = "the IP address and port at which other nodes reach this one by SIP, such as \"10.0.0.5:5071\"";
    let address = |text: &str| text.parse::<SocketAddr>().ok();
    let Some(advertise) = section.parsed("sip", right, address)? else {
        return match section.has("sip_listen") {
            true => Err(section.wrong("sip_listen", &format!("it goes with sip: give there {right}"))),
            false => Ok(None),
        };
    };
    if advertise.ip().is_unspecified() {
        let sentence = "no node can connect to this address: give one of this machine here, and this one in sip_listen";
        return Err(section.wrong("sip", sentence));
    }
    let right = "an IP address and port of this machine, such as \"0.0.0.0:5071\"";
    let listen = section.parsed("sip_listen", right, address)?.unwrap_or(advertise);
    if listen.is_ipv4() != advertise.is_ipv4() {
        let sentence = "this and sip are of two kinds: give two IPv4 addresses or two IPv6 addresses";
        return Err(section.wrong("sip_listen", sentence));
    }
    let Some(identity) = identity else {
        let sentence = format!(
            "nodes prove to each other who they are: give certificate and key, in the name {node} and by an authority of roots"
        );
        return Err(section.wrong("sip", &sentence));
    };
    if !can_be_certified(node) {
        let sentence =
            "with sip, it stands in the node's certificate as a DNS name: at most 63 letters, and no - at its end";
        return Err(section.wrong("node", sentence));
    }
    Ok(Some(NodeDoor {
        listen,
        advertise,
        identity: identity.clone(),
        roots: roots.clone(),
    }))
}

#[cfg(test)]
mod tests;
