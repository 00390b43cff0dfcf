//! The doors by which nodes reach each other with SIP: this node's, as configured and bound, and those that the others tell of, with
//! whose certificate is to be expected there. Not here: the connections ([`crate::transports`]).

use super::Entry;
use crate::certificates::{Certificates, Identity, TlsFiles};
use crate::presence::BorderPlace;
use crate::start_error::StartError;
use crate::transports;
use patchcord_cluster::{NODES_MAX, NodeEvent};
use patchcord_control::regions::NodeId;
use patchcord_sip::border::{NodeName, Region};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The cluster a node is in, and whether it speaks SIP with the others.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// How it joins.
    pub membership: patchcord_cluster::Config,
    /// Its door for the SIP of other nodes; none: they cannot reach devices that are connected here.
    pub door: Option<NodeDoor>,
}

/// A door for the SIP of other nodes, over mutual TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeDoor {
    /// Where the socket is bound. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where other nodes reach it; with port 0 at the bound one.
    pub advertise: SocketAddr,
    /// This node's certificate, in its name as a DNS name, and its key.
    pub identity: Identity,
    /// The authorities that the certificates of all nodes come from.
    pub roots: PathBuf,
}

/// This node's door, bound, and what is known of the others'.
pub(crate) struct OwnDoor {
    /// Where other nodes reach it.
    pub(crate) address: SocketAddr,
    pub(crate) node: NodeName,
    pub(crate) region: Region,
    pub(crate) nodes: Arc<NodeDoors>,
    /// The border, once it is there: for whoever tells others the way to devices.
    pub(crate) border: BorderPlace,
}

/// What connections of nodes are taken with.
pub(crate) struct NodeListener {
    pub(crate) listener: TcpListener,
    pub(crate) certificates: Certificates,
}

/// Binds the door of a node that has one.
pub(crate) fn bind(config: Option<&ClusterConfig>) -> Result<Option<(OwnDoor, NodeListener)>, StartError> {
    let Some((config, door)) = config.and_then(|config| Some((config, config.door.as_ref()?))) else {
        return Ok(None);
    };
    let files = TlsFiles {
        identity: Some(door.identity.clone()),
        client_ca: Some(door.roots.clone()),
        roots: Some(door.roots.clone()),
    };
    let certificates = Certificates::load(files).map_err(StartError::Certificates)?;
    let refused = |why| StartError::NodeDoor {
        address: door.listen,
        why,
    };
    let listener = transports::bind(door.listen).map_err(refused)?;
    let mut address = door.advertise;
    if address.port() == 0 {
        address.set_port(listener.local_addr().map_err(refused)?.port());
    }
    let (node, region) = (&config.membership.node, &config.membership.region);
    let own = OwnDoor {
        address,
        node: NodeName::new(node.as_str()).expect("what names a node in the cluster names one here"),
        region: Region::new(region.as_str()).expect("what names a region in the cluster names one here"),
        nodes: Arc::default(),
        border: BorderPlace::default(),
    };
    Ok(Some((own, NodeListener { listener, certificates })))
}

/// Whether a certificate can be in a node's name: it stands there as a DNS name.
pub(crate) fn can_be_certified(node: &NodeId) -> bool {
    ServerName::try_from(node.as_str()).is_ok()
}

/// Which of the other nodes has which door, as they tell. At most [`NODES_MAX`] nodes.
#[derive(Default)]
pub(crate) struct NodeDoors(RwLock<Table>);

#[derive(Default)]
struct Table {
    by_name: BTreeMap<NodeName, Known>,
    by_door: BTreeMap<SocketAddr, NodeName>,
}

struct Known {
    door: SocketAddr,
    /// Whether the cluster has it. One that is lost to it may go on with its calls, so its door is kept, as long as nobody else has it.
    is_there: bool,
    /// As it has to stand in its certificate.
    certified: ServerName<'static>,
}

impl NodeDoors {
    /// Takes over what is new of a node.
    pub(crate) fn heard(&self, event: &NodeEvent) {
        match event {
            NodeEvent::Joined(node) | NodeEvent::Changed(node) => {
                match Entry::read(&node.entry).and_then(|entry| entry.sip) {
                    Some(door) => self.set(&node.node, door),
                    None => self.gone(&node.node),
                }
            }
            NodeEvent::Left { node, .. } | NodeEvent::Lost { node, .. } => self.gone(node),
        }
    }

    /// A node has this door from now on.
    pub(crate) fn set(&self, node: &NodeId, door: SocketAddr) {
        let (Ok(name), Ok(certified)) = (NodeName::new(node.as_str()), ServerName::try_from(node.as_str())) else {
            return;
        };
        let is_known = |known: &Known| known.is_there && known.door == door;
        if self.table().by_name.get(&name).is_some_and(is_known) {
            return;
        }
        let mut table = self.change();
        if !table.by_name.contains_key(&name) && table.by_name.len() >= NODES_MAX {
            let gone = table.by_name.iter().find(|(_, known)| !known.is_there);
            let Some(gone) = gone.map(|(name, _)| name.clone()) else {
                return;
            };
            table.remove(&gone);
        }
        table.remove(&name);
        let known = Known {
            door,
            is_there: true,
            certified: certified.to_owned(),
        };
        table.by_name.insert(name.clone(), known);
        // Of two that tell of one door the certificate says whose it is; the other cannot be reached then.
        table.by_door.insert(door, name);
    }

    /// A node is not there any more.
    fn gone(&self, node: &NodeId) {
        let Ok(name) = NodeName::new(node.as_str()) else { return };
        if let Some(known) = self.change().by_name.get_mut(&name) {
            known.is_there = false;
        }
    }

    /// Where a node is reached.
    pub(crate) fn door_of(&self, node: &NodeName) -> Option<SocketAddr> {
        self.table().by_name.get(node).map(|known| known.door)
    }

    /// Which node is reached there.
    pub(crate) fn node_at(&self, door: SocketAddr) -> Option<NodeName> {
        self.table().by_door.get(&door).cloned()
    }

    /// The node that is there in whose name a certificate is, and its door. That the certificate holds has to be known already.
    pub(crate) fn node_of(&self, certificate: &CertificateDer<'_>) -> Option<(NodeName, SocketAddr)> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        let table = self.table();
        let mut nodes = table.by_name.iter();
        let is_its = |known: &Known| known.is_there && verify_server_name(&parsed, &known.certified).is_ok();
        let (name, known) = nodes.find(|(_, known)| is_its(known))?;
        Some((name.clone(), known.door))
    }

    fn table(&self) -> RwLockReadGuard<'_, Table> {
        // Nothing is left half done in it.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn remove(&mut self, name: &NodeName) {
        if let Some(before) = self.by_name.remove(name)
            && self.by_door.get(&before.door) == Some(name)
        {
            self.by_door.remove(&before.door);
        }
    }
}

impl fmt::Debug for NodeDoors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeDoors({} nodes)", self.table().by_name.len())
    }
}

#[cfg(test)]
mod tests;
