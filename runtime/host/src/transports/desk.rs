//! What all connections of a node share: the table, the way to the shards, the certificates. It sends what shards want to
//! send, over a connection that is there or a new one, and tells them when that cannot be.

use super::carry::{Times, Whose, carry};
use super::connections::{Ended, Link, Queued, Table};
use super::figures::StreamFigures;
use super::node::{self, NodeLinks};
use super::tcp::{self, StreamPipe};
use super::websocket::{self, WebSocket};
use super::{SendOrder, Sender, tls};
use crate::certificates::Certificates;
use crate::clients::gateway::task::{self, Gateway, Way};
use crate::clients::signing_keys::FRESH;
use crate::clients::token::Token;
use crate::deal::Dealer;
use crate::deployments::now_ms;
use crate::shard_threads::Taken;
use patchcord_sip::{Flow, Proven, Transport};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a message of a stream waits between two tries to hand it to a shard that is busy. Meanwhile nothing more is
/// read from its connection, which tells the peer to slow down.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// Tries before it is dropped and counted.
const BUSY_TRIES: usize = 50;

/// See above.
pub(super) struct Desk {
    pub(super) table: Mutex<Table>,
    pub(super) dealer: Arc<Dealer>,
    pub(super) certificates: Arc<Certificates>,
    /// None: there are no other nodes.
    pub(super) nodes: Option<Arc<NodeLinks>>,
    pub(super) figures: Arc<StreamFigures>,
    pub(super) times: Times,
    /// Sessions of clients, and which keys their tokens may be made with.
    pub(super) gateway: Gateway,
}

impl Desk {
    /// Hands a message to its shard; waits a while if that is busy.
    pub(super) async fn deal(&self, flow: Flow, bytes: &[u8], whose: Whose<'_>) {
        for _ in 0..BUSY_TRIES {
            let taken = match whose {
                Whose::Anybodys => self.dealer.deal(flow, bytes, None),
                Whose::Client(proven) => self.dealer.deal(flow, bytes, Some(proven)),
                Whose::Node(node, way) => self.dealer.deal_of_node((node, way), bytes),
            };
            if taken == Taken::Yes {
                return;
            }
            tokio::time::sleep(BUSY_PAUSE).await;
        }
        self.figures.inbox_dropped.one();
    }

    /// Sends a message, or tells its sender that this cannot be.
    pub(super) fn send(self: &Arc<Self>, order: SendOrder) {
        let (sender, to) = (order.sender, order.to);
        let queued = match self.link(to, order.name) {
            Some(link) => link.send(&sender, to, order.bytes),
            None => Queued::No,
        };
        match (queued, sender) {
            (Queued::Yes, _) => self.figures.sent.one(),
            (Queued::No, Sender::Shard(shard)) => self.dealer.send_failed(shard, to),
            (Queued::No, Sender::Border(Some(passage))) => self.dealer.passage_failed(&passage),
            (Queued::No, Sender::Border(None)) => {}
        }
    }

    /// The connection for a way, opened if need be.
    fn link(self: &Arc<Self>, to: Flow, name: Option<Arc<str>>) -> Option<Arc<Link>> {
        let name = match &self.nodes {
            Some(nodes) if to.transport == Transport::Node => {
                let known = nodes.nodes.node_at(to.peer);
                let known = known.map(|node| Arc::from(node.as_str()));
                if known.is_some() && name.is_some() && known != name {
                    return None;
                }
                known.or(name)
            }
            _ => name,
        };
        let mut table = self.table();
        if let Some(id) = to.connection {
            return table.get(id).cloned();
        }
        if let Some(link) = table.find(to.transport, to.peer, name.as_deref()) {
            return Some(link.clone());
        }
        let nodes = self.nodes.as_ref().zip(name.as_ref());
        match to.transport {
            Transport::Tcp | Transport::Tls => {}
            Transport::Node if nodes.is_some() => {}
            // Browsers take no connections, and a node that nobody knows is nowhere.
            _ => return None,
        }
        let link = match table.open(to.transport, to.peer, name.clone()) {
            Ok(link) => link,
            Err(why) => {
                self.figures.no_room(why);
                return None;
            }
        };
        self.figures.connections.set(table.len() as u64);
        match (to.transport, nodes) {
            (Transport::Node, Some((nodes, name))) => {
                let to = (to.peer, name.clone());
                drop(tokio::spawn(node::open(self.clone(), nodes.clone(), link.clone(), to)));
            }
            (Transport::Tls, _) => drop(tokio::spawn(open_tls(self.clone(), link.clone(), to, name))),
            _ => drop(tokio::spawn(open_tcp(self.clone(), link.clone(), to))),
        }
        Some(link)
    }

    /// Gives a peer that connected a place and serves it; without a place, it is hung up on.
    pub(super) fn accepted(self: &Arc<Self>, transport: Transport, stream: TcpStream, peer: SocketAddr) {
        let mut table = self.table();
        match table.accept(transport, peer) {
            Ok(link) => {
                self.figures.accepted.one();
                self.figures.connections.set(table.len() as u64);
                // Each transport is a task of its own kind: a plain connection does not take the room of a secure one.
                match transport {
                    Transport::Tcp => drop(tokio::spawn(serve_tcp(self.clone(), link, stream))),
                    Transport::Tls => drop(tokio::spawn(serve_tls(self.clone(), link, stream))),
                    Transport::Ws => drop(tokio::spawn(serve_ws(self.clone(), link, stream))),
                    Transport::Wss => drop(tokio::spawn(serve_wss(self.clone(), link, stream))),
                    Transport::Node => match &self.nodes {
                        Some(nodes) => drop(tokio::spawn(node::serve(self.clone(), nodes.clone(), link, stream))),
                        None => unreachable!("a door for nodes comes with what proves who they are"),
                    },
                    Transport::Udp => unreachable!("no datagram opens a connection"),
                }
            }
            Err(why) => self.figures.no_room(why),
        }
    }

    /// Says goodbye on every connection.
    pub(super) fn stop(&self) {
        for link in self.table().iter() {
            link.end(Ended::Stopping);
        }
    }

    /// Whether something waits to be written.
    pub(super) fn is_busy(&self) -> bool {
        self.table().iter().any(|link| link.is_waiting())
    }

    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.table().len()
    }

    /// Frees the place first, so that whoever is told can have a new connection.
    pub(super) fn ended(&self, link: &Link, why: Ended) {
        {
            let mut table = self.table();
            table.remove(link);
            self.figures.connections.set(table.len() as u64);
        }
        self.figures.ended(why);
        let left = link.close(why);
        for shard in left.by_id.iter() {
            self.dealer.send_failed(shard, link.flow());
        }
        for shard in left.by_peer.iter() {
            self.dealer.send_failed(shard, link.flow().any_connection());
        }
        for passage in left.passages {
            self.dealer.passage_failed(&passage);
        }
    }

    /// Waits until the key that made a token does not count any more.
    async fn until_revoked(&self, token: &Token) {
        loop {
            tokio::time::sleep(FRESH).await;
            if !self.gateway.signing.still_counts(token).await {
                return;
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a plain connection and carries it to its end.
async fn open_tcp(desk: Arc<Desk>, link: Arc<Link>, to: Flow) {
    let why = match timeout(desk.times.connect, tcp::connect(to.peer)).await {
        Ok(Ok(stream)) => {
            desk.figures.opened.one();
            carry(
                StreamPipe::new(stream, desk.figures.clone()),
                (&link, Whose::Anybodys),
                &desk,
            )
            .await
        }
        _ => Ended::NotOpened,
    };
    desk.ended(&link, why);
}

/// The same under TLS.
async fn open_tls(desk: Arc<Desk>, link: Arc<Link>, to: Flow, name: Option<Arc<str>>) {
    let secured = async {
        let stream = timeout(desk.times.connect, tcp::connect(to.peer)).await.ok()?.ok()?;
        let shaken = tls::connect(&desk.certificates, stream, to.peer, name.as_deref());
        timeout(desk.times.handshake, shaken).await.ok()?
    };
    let why = match Box::pin(secured).await {
        Some(stream) => {
            desk.figures.opened.one();
            carry(
                StreamPipe::new(stream, desk.figures.clone()),
                (&link, Whose::Anybodys),
                &desk,
            )
            .await
        }
        None => Ended::NotOpened,
    };
    desk.ended(&link, why);
}

/// Serves a peer that connected, to the end.
async fn serve_tcp(desk: Arc<Desk>, link: Arc<Link>, stream: TcpStream) {
    let why = carry(
        StreamPipe::new(stream, desk.figures.clone()),
        (&link, Whose::Anybodys),
        &desk,
    )
    .await;
    desk.ended(&link, why);
}

async fn serve_tls(desk: Arc<Desk>, link: Arc<Link>, stream: TcpStream) {
    let why = match shake(&desk, tls::accept(&desk.certificates, stream)).await {
        Some(stream) => {
            carry(
                StreamPipe::new(stream, desk.figures.clone()),
                (&link, Whose::Anybodys),
                &desk,
            )
            .await
        }
        None => Ended::ByPeer,
    };
    desk.ended(&link, why);
}

async fn serve_ws(desk: Arc<Desk>, link: Arc<Link>, stream: TcpStream) {
    let opened = shake(&desk, websocket::accept(stream, &desk)).await;
    serve_websocket(desk, link, opened).await;
}

async fn serve_wss(desk: Arc<Desk>, link: Arc<Link>, stream: TcpStream) {
    let both = async {
        let stream = tls::accept_websocket(&desk.certificates, stream).await?;
        websocket::accept(stream, &desk).await
    };
    let opened = shake(&desk, both).await;
    serve_websocket(desk, link, opened).await;
}

async fn serve_websocket<S>(desk: Arc<Desk>, link: Arc<Link>, opened: Option<WebSocket<S>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let why = match opened {
        Some(WebSocket::Sip(pipe, None)) => carry(pipe, (&link, Whose::Anybodys), &desk).await,
        Some(WebSocket::Sip(pipe, Some(token))) => {
            let proven = token.proven(Instant::now(), now_ms());
            tokio::select! {
                why = carry(pipe, (&link, Whose::Client(&proven)), &desk) => why,
                () = desk.until_revoked(&token) => {
                    // Dropping the pipe closes the connection: whoever has a stolen key hears no reason.
                    Ended::Revoked
                }
            }
        }
        Some(WebSocket::Client(socket, token)) => {
            let way = ClientWay {
                desk: &desk,
                link: &link,
            };
            // On the heap: a session is large, and most connections are none.
            Box::pin(task::serve(&desk.gateway, &way, link.flow(), (socket, token))).await;
            Ended::ByPeer
        }
        None => Ended::ByPeer,
    };
    desk.ended(&link, why);
}

/// The way of a client's session to the shards: it keeps its place among the connections while it has none.
struct ClientWay<'a> {
    desk: &'a Desk,
    link: &'a Link,
}

impl Way for ClientWay<'_> {
    async fn deal(&self, bytes: &[u8], proven: &Arc<Proven>) {
        self.desk.figures.received.one();
        self.desk.deal(self.link.flow(), bytes, Whose::Client(proven)).await;
    }

    async fn next(&self) -> Option<Arc<[u8]>> {
        poll_fn(|context| self.link.poll_next(context)).await.ok()
    }
}

/// Gives a handshake its time. It is apart from the connection, whose memory it would be for life.
async fn shake<T>(desk: &Desk, handshake: impl Future<Output = Option<T>>) -> Option<T> {
    // On the heap: what it needs is gone when it is over.
    let done = timeout(desk.times.handshake, Box::pin(handshake)).await.ok().flatten();
    if done.is_none() {
        desk.figures.handshakes_failed.one();
    }
    done
}
