//! Connections between nodes of a cluster: TLS on which each side proves which node it is. Each node writes over connections that it has
//! opened itself and reads from those that were opened to it, so two nodes have two. Not here: what is said ([`crate::border`]).

use super::carry::{Whose, carry};
use super::connections::{Ended, Link};
use super::desk::Desk;
use super::tcp::{self, StreamPipe};
use super::tls;
use crate::border::{BorderFigures, node_flow};
use crate::certificates::Certificates;
use crate::cluster::NodeDoors;
use nix::sys::socket::{setsockopt, sockopt};
use patchcord_sip::Flow;
use patchcord_sip::border::NodeName;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// A node whose machine is gone says nothing: what we wrote and it has not taken for so long ends the connection, and whoever waits for
/// an answer hears that. In milliseconds.
const UNTAKEN_MS: u32 = 20_000;

/// What the connections of nodes are made with.
pub(crate) struct NodeLinks {
    /// Which nodes there are.
    pub(crate) nodes: Arc<NodeDoors>,
    /// This node's own certificate among nodes, and the authorities of theirs.
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) figures: Arc<BorderFigures>,
}

/// Why whoever connected is hung up on.
enum NotTaken {
    /// It speaks no TLS, has no certificate, or one that does not hold.
    NoCertificate,
    /// Its certificate is in the name of no node that is there and has a door.
    NotANode,
}

impl NodeLinks {
    async fn accept(&self, stream: TcpStream) -> Result<(TlsStream<TcpStream>, NodeName, Flow), NotTaken> {
        let shaken = tls::accept(&self.certificates, stream).await;
        let stream = shaken.ok_or(NotTaken::NoCertificate)?;
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let certificate = certificate.ok_or(NotTaken::NoCertificate)?;
        let (node, door) = self.nodes.node_of(certificate).ok_or(NotTaken::NotANode)?;
        Ok((stream, node, node_flow(door)))
    }
}

/// Serves a node that connected, to the end; whoever is none is hung up on.
pub(super) async fn serve(desk: Arc<Desk>, nodes: Arc<NodeLinks>, link: Arc<Link>, stream: TcpStream) {
    // On the heap: what a handshake needs is gone when it is over.
    let accepted = timeout(desk.times.handshake, Box::pin(nodes.accept(stream))).await;
    let why = match accepted.unwrap_or(Err(NotTaken::NoCertificate)) {
        Ok((stream, node, flow)) => {
            nodes.figures.accepted.one();
            let pipe = StreamPipe::new(stream, desk.figures.clone());
            let why = carry(pipe, (&link, Whose::Node(&node, flow)), &desk).await;
            nodes.figures.ended.one();
            why
        }
        Err(NotTaken::NoCertificate) => {
            nodes.figures.no_certificate.one();
            Ended::ByPeer
        }
        Err(NotTaken::NotANode) => {
            nodes.figures.not_a_node.one();
            tracing::warn!("a peer with a certificate in the name of no node of the cluster is hung up on");
            Ended::ByPeer
        }
    };
    desk.ended(&link, why);
}

/// Opens a connection to a node, which must prove its name, and carries it to its end.
pub(super) async fn open(
    desk: Arc<Desk>,
    nodes: Arc<NodeLinks>,
    link: Arc<Link>,
    (door, name): (SocketAddr, Arc<str>),
) {
    let secured = async {
        let stream = timeout(desk.times.connect, tcp::connect(door)).await.ok()?.ok()?;
        // Without it the timers of the calls find out, later.
        let _ = setsockopt(&stream, sockopt::TcpUserTimeout, &UNTAKEN_MS);
        let shaken = tls::connect(&nodes.certificates, stream, door, Some(&name));
        timeout(desk.times.handshake, shaken).await.ok()?
    };
    let node = NodeName::new(&name).ok();
    let why = match (Box::pin(secured).await, node) {
        (Some(stream), Some(node)) => {
            nodes.figures.opened.one();
            let pipe = StreamPipe::new(stream, desk.figures.clone());
            let why = carry(pipe, (&link, Whose::Node(&node, node_flow(door))), &desk).await;
            nodes.figures.ended.one();
            why
        }
        _ => {
            nodes.figures.not_opened.one();
            tracing::warn!(
                node = &*name,
                "a node cannot be reached over SIP, or its certificate is not its own"
            );
            Ended::NotOpened
        }
    };
    desk.ended(&link, why);
}
