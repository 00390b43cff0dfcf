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
//! ```

use super::reader::{ConfigError, Table};
use super::{beside, sip};
use bytes::Bytes;
use patchcord_cluster::{ANSWERED_AT_ONCE, Certificate, Config, Credentials, Tls};
use patchcord_control::regions::{NodeId, Region};
use std::path::Path;
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
];
/// The lease where nothing is said.
const LEASE: Duration = Duration::from_secs(10);

/// Reads the section; none if it is not there.
pub(super) fn read(root: &Table<'_>, file: &Path) -> Result<Option<Config>, ConfigError> {
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
    let certificate = sip::identity(&section, file)?.map(|identity| Certificate {
        chain: identity.certificate,
        key: identity.key,
    });
    let user = section.parsed("user", "the name of a user of the servers", text)?;
    let credentials = match section.secret("password")? {
        Some(password) => Credentials::Password {
            user: user.unwrap_or_else(|| node.as_str().to_owned()),
            password,
        },
        None if certificate.is_none() => {
            let sentence =
                "it is missing: give it as \"env:NAME\" or \"file:PATH\", or a certificate with key in its place";
            return Err(section.wrong("password", sentence));
        }
        None => Credentials::Certificate,
    };
    let name = section.parsed("name", "a name such as \"patchcord\"", text)?;
    let lease = section.seconds("lease_s", 1..=60)?;
    let replicas = section.number("replicas", 1..=5)?;
    Ok(Some(Config {
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
    }))
}
