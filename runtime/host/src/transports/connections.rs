//! Which stream connections there are: by number, by peer for reuse, and how many each source may have; and of each the
//! queue of what is to be written. Not here: sockets, and what is read. RFC 3261 18.2.2, RFC 5923 (reuse).

use super::Sender;
use crate::border::Passage;
use patchcord_sip::{ConnectionId, Flow, Transport};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Messages that may wait to be written to one connection. One more closes it: the peer does not read.
pub(super) const WRITE_QUEUE: usize = 256;
/// Bytes that may wait to be written to one connection. More closes it.
pub(super) const WRITE_QUEUE_BYTES: usize = 1024 * 1024;
/// The same to another node, where one connection has the messages of many devices.
const NODE_WRITE_QUEUE: usize = 16 * WRITE_QUEUE;
/// See above.
const NODE_WRITE_QUEUE_BYTES: usize = 16 * WRITE_QUEUE_BYTES;

/// How many connections there may be. Reaching a limit refuses new ones and harms none that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// In all, opened by either side.
    pub(crate) connections: usize,
    /// Accepted from one address (IPv6: one network of 64 bits), since an address costs nothing there.
    pub(crate) per_source: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            per_source: 500,
        }
    }
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// Too many in all.
    Total,
    /// Too many from this source.
    Source,
}

/// Why a connection ended. The reasons of our own are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The peer closed it, or the network did.
    ByPeer,
    /// It could not be opened, or the peer proved no name or spoke no TLS.
    NotOpened,
    /// Nothing came or went for long.
    Idle,
    /// The peer began something and did not go on: a handshake, a message, or reading.
    Stalled,
    /// What came was in doubt.
    Framing,
    /// More waited to be written than may.
    QueueFull,
    /// The API key behind it does not count any more.
    Revoked,
    /// The node stops.
    Stopping,
}

/// Which shards sent something this way: bit `n` for shard `n`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shards(u64);

impl Shards {
    fn add(&mut self, shard: usize) {
        assert!(shard < 64, "the configuration allows 64 shards");
        self.0 |= 1 << shard;
    }

    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |shard| self.0 >> shard & 1 == 1)
    }
}

/// A connection as those see it who write to it.
#[derive(Debug)]
pub(super) struct Link {
    id: ConnectionId,
    transport: Transport,
    peer: SocketAddr,
    /// The name the peer has proved, if we opened it and asked for one.
    name: Option<Arc<str>>,
    opened: Opened,
    queue: Mutex<Queue>,
}

/// Which side opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    Here,
    ByPeer,
}

/// A message that waits to be written.
#[derive(Debug)]
struct Waiting {
    bytes: Arc<[u8]>,
    /// If it is passed on and would have to be answered if it cannot be sent.
    passage: Option<Arc<Passage>>,
}

/// Who relied on a connection that has ended.
pub(super) struct Left {
    /// Shards that sent by its number.
    pub(super) by_id: Shards,
    /// Shards that sent by the peer's address alone.
    pub(super) by_peer: Shards,
    /// What was passed on and never written.
    pub(super) passages: Vec<Arc<Passage>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Whoever writes, if it found nothing to do.
    writer: Option<Waker>,
    ended: Option<Ended>,
    by_id: Shards,
    by_peer: Shards,
}

/// What a message waits behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    Yes,
    /// The connection is over, or this message was too much and ended it.
    No,
}

impl Link {
    /// The way that names this connection.
    pub(super) fn flow(&self) -> Flow {
        Flow {
            transport: self.transport,
            peer: self.peer,
            connection: Some(self.id),
        }
    }

    /// Which side opened it.
    pub(super) fn opened(&self) -> Opened {
        self.opened
    }

    /// Adds a message, whose sender named the way `to`.
    pub(super) fn send(&self, sender: &Sender, to: Flow, bytes: Arc<[u8]>) -> Queued {
        let mut queue = self.queue();
        let passage = match sender {
            Sender::Shard(_) => None,
            Sender::Border(passage) => passage.clone(),
        };
        if queue.put(self.room(), Waiting { bytes, passage }) == Queued::No {
            return Queued::No;
        }
        match (sender, to.connection) {
            (Sender::Shard(shard), Some(_)) => queue.by_id.add(*shard),
            (Sender::Shard(shard), None) => queue.by_peer.add(*shard),
            (Sender::Border(_), _) => {}
        }
        Queued::Yes
    }

    /// Adds bytes of the connection's own, such as a pong.
    pub(super) fn put(&self, bytes: &[u8]) -> Queued {
        let (bytes, passage) = (bytes.into(), None);
        self.queue().put(self.room(), Waiting { bytes, passage })
    }

    /// Messages and bytes that may wait.
    fn room(&self) -> (usize, usize) {
        match self.transport {
            Transport::Node => (NODE_WRITE_QUEUE, NODE_WRITE_QUEUE_BYTES),
            _ => (WRITE_QUEUE, WRITE_QUEUE_BYTES),
        }
    }

    /// The next message to write. Wakes the task of `context` when there is one or the connection is to end.
    pub(super) fn poll_next(&self, context: &Context<'_>) -> Poll<Result<Arc<[u8]>, Ended>> {
        let mut queue = self.queue();
        if let Some(why) = queue.ended {
            return Poll::Ready(Err(why));
        }
        if let Some(next) = queue.waiting.pop_front() {
            queue.bytes -= next.bytes.len();
            return Poll::Ready(Ok(next.bytes));
        }
        // An idle connection holds nothing.
        queue.waiting = VecDeque::new();
        queue.writer = Some(context.waker().clone());
        Poll::Pending
    }

    /// The end, as soon as somebody wants it. Wakes the task of `context` then.
    pub(super) fn poll_ended(&self, context: &Context<'_>) -> Poll<Ended> {
        let mut queue = self.queue();
        match queue.ended {
            Some(why) => Poll::Ready(why),
            None => {
                queue.writer = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Ends it: whoever writes to it is woken and told. The first reason stays.
    pub(super) fn end(&self, why: Ended) {
        self.queue().end(why);
    }

    /// Whether anything waits to be written.
    pub(super) fn is_waiting(&self) -> bool {
        let queue = self.queue();
        queue.ended.is_none() && !queue.waiting.is_empty()
    }

    /// Ends it for good and says who relied on it.
    pub(super) fn close(&self, why: Ended) -> Left {
        let mut queue = self.queue();
        queue.end(why);
        let waiting = std::mem::take(&mut queue.waiting);
        Left {
            by_id: queue.by_id,
            by_peer: queue.by_peer,
            passages: waiting.into_iter().filter_map(|message| message.passage).collect(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn put(&mut self, (messages, bytes): (usize, usize), message: Waiting) -> Queued {
        if self.ended.is_some() {
            return Queued::No;
        }
        if self.waiting.len() >= messages || self.bytes + message.bytes.len() > bytes {
            self.end(Ended::QueueFull);
            return Queued::No;
        }
        self.bytes += message.bytes.len();
        self.waiting.push_back(message);
        self.wake();
        Queued::Yes
    }

    fn end(&mut self, why: Ended) {
        self.ended.get_or_insert(why);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}

/// All connections.
#[derive(Debug)]
pub(super) struct Table {
    limits: Limits,
    next: u64,
    links: HashMap<ConnectionId, Arc<Link>>,
    by_peer: BTreeSet<(Transport, SocketAddr, ConnectionId)>,
    by_source: HashMap<IpAddr, usize>,
}

impl Table {
    /// No connections.
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            next: 1,
            links: HashMap::new(),
            by_peer: BTreeSet::new(),
            by_source: HashMap::new(),
        }
    }

    /// A place for a connection that a peer opened.
    pub(super) fn accept(&mut self, transport: Transport, peer: SocketAddr) -> Result<Arc<Link>, NoRoom> {
        let from = self.by_source.get(&source(peer.ip())).copied().unwrap_or(0);
        if from >= self.limits.per_source {
            return Err(NoRoom::Source);
        }
        let link = self.add(transport, peer, None, Opened::ByPeer)?;
        self.by_source.insert(source(peer.ip()), from + 1);
        Ok(link)
    }

    /// A place for a connection that we open; `name`: what the peer will have to prove.
    pub(super) fn open(
        &mut self,
        transport: Transport,
        peer: SocketAddr,
        name: Option<Arc<str>>,
    ) -> Result<Arc<Link>, NoRoom> {
        self.add(transport, peer, name, Opened::Here)
    }

    fn add(
        &mut self,
        transport: Transport,
        peer: SocketAddr,
        name: Option<Arc<str>>,
        opened: Opened,
    ) -> Result<Arc<Link>, NoRoom> {
        if self.links.len() >= self.limits.connections {
            return Err(NoRoom::Total);
        }
        let id = ConnectionId(self.next);
        self.next += 1;
        let link = Arc::new(Link {
            id,
            transport,
            peer,
            name,
            opened,
            queue: Mutex::default(),
        });
        self.links.insert(id, link.clone());
        self.by_peer.insert((transport, peer, id));
        Ok(link)
    }

    /// The connection with this number.
    pub(super) fn get(&self, id: ConnectionId) -> Option<&Arc<Link>> {
        self.links.get(&id)
    }

    /// The newest connection to a peer that may be used for a message to `name`: one that has proved that name. Without a
    /// name every connection to that address will do.
    pub(super) fn find(&self, transport: Transport, peer: SocketAddr, name: Option<&str>) -> Option<&Arc<Link>> {
        let all = (transport, peer, ConnectionId(0))..=(transport, peer, ConnectionId(u64::MAX));
        let links = self.by_peer.range(all).rev();
        links
            .filter_map(|(_, _, id)| self.links.get(id))
            .find(|link| match name.filter(|_| transport.is_secure()) {
                None => true,
                Some(name) => link
                    .name
                    .as_deref()
                    .is_some_and(|proved| proved.eq_ignore_ascii_case(name)),
            })
    }

    /// Frees the place of a connection.
    pub(super) fn remove(&mut self, link: &Link) {
        if self.links.remove(&link.id).is_none() {
            return;
        }
        self.by_peer.remove(&(link.transport, link.peer, link.id));
        let source = source(link.peer.ip());
        if link.opened == Opened::ByPeer
            && let Some(count) = self.by_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    /// Every connection.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Link>> {
        self.links.values()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }
}

/// Who is counted as one: an IPv4 address, or an IPv6 network of 64 bits.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(network.into())
        }
    }
}

#[cfg(test)]
mod tests;
