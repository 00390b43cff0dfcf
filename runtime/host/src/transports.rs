//! SIP over streams: TCP, TLS, WebSocket and secure WebSocket, accepted and opened, on an async runtime of their own thread.
//! Messages go to the shards as datagrams do; what shards and the border send comes through one bounded queue. Connections
//! between nodes are here too. Not here: what a message means, and UDP ([`crate::net`]).
//!
//! Order to read: `desk` (what all share), `connections` (the table and the queues), `carry` (the life of one), then the
//! transports.

mod carry;
mod connections;
mod desk;
mod figures;
mod node;
mod tcp;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
pub(crate) mod websocket;

pub(crate) use carry::Times;
pub(crate) use connections::Limits;
pub(crate) use figures::StreamFigures;
pub(crate) use node::NodeLinks;
pub(crate) use tcp::{bind, socket};

use crate::border::Passage;
use crate::certificates::{Certificates, Reload, When};
use crate::clients::gateway::sessions::Sessions;
use crate::clients::gateway::task::Gateway;
use crate::clients::ice::ClientIce;
use crate::clients::signing_keys::SigningKeys;
use crate::deal::Dealer;
use crate::presence::PresenceQueue;
use connections::Table;
use desk::Desk;
use patchcord_sip::{Flow, Transport};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

/// Messages of all shards and the border that may wait for the streams' thread. One more is as if its connection had failed, and is
/// counted: the shard tries another way or gives up.
const ORDERS: usize = 4_096;
/// A listener that fails again and again is not asked more often than this.
const ERROR_PAUSE: Duration = Duration::from_millis(50);
/// How often the files of certificates are looked at.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(5);
/// How long what waits to be written may take when the node stops.
const LAST_WRITES: Duration = Duration::from_millis(500);
/// How often that is looked at.
const LAST_LOOK: Duration = Duration::from_millis(10);

/// Who sends a message over a stream, and is told if that fails.
pub(crate) enum Sender {
    /// A shard, by its number.
    Shard(usize),
    /// The border, with what it was to pass on if that would have to be answered.
    Border(Option<Arc<Passage>>),
}

/// A message for a stream.
pub(crate) struct SendOrder {
    pub(crate) sender: Sender,
    /// The way.
    pub(crate) to: Flow,
    /// For TLS and between nodes: what the peer must prove.
    pub(crate) name: Option<Arc<str>>,
    /// The message.
    pub(crate) bytes: Arc<[u8]>,
}

/// The way from the shards to the streams.
#[derive(Clone)]
pub(crate) struct StreamQueue {
    orders: mpsc::Sender<SendOrder>,
    figures: Arc<StreamFigures>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordered {
    Yes,
    /// It will not be sent: take it as failed.
    Dropped,
}

impl StreamQueue {
    /// Hands a message over, or says that there is no room. Never waits.
    pub(crate) fn send(&self, order: SendOrder) -> Ordered {
        match self.orders.try_send(order) {
            Ok(()) => Ordered::Yes,
            Err(_) => {
                self.figures.orders_dropped.one();
                Ordered::Dropped
            }
        }
    }
}

/// What waits to be sent.
pub(crate) struct StreamOrders(mpsc::Receiver<SendOrder>);

#[cfg(test)]
impl StreamOrders {
    /// What waits longest, if anything does.
    pub(crate) fn next(&mut self) -> Option<SendOrder> {
        self.0.try_recv().ok()
    }
}

/// The queue and its end.
pub(crate) fn queue(figures: Arc<StreamFigures>) -> (StreamQueue, StreamOrders) {
    let (orders, waiting) = mpsc::channel(ORDERS);
    (StreamQueue { orders, figures }, StreamOrders(waiting))
}

/// What the thread is made from.
pub(crate) struct Setup {
    /// Sockets that listen, by transport.
    pub(crate) listeners: Vec<(Transport, std::net::TcpListener)>,
    pub(crate) certificates: Certificates,
    /// With which nodes are connected; none: there are no others.
    pub(crate) nodes: Option<NodeLinks>,
    pub(crate) limits: Limits,
    pub(crate) times: Times,
    pub(crate) dealer: Arc<Dealer>,
    pub(crate) orders: StreamOrders,
    pub(crate) figures: Arc<StreamFigures>,
    /// Which keys tokens may be made with.
    pub(crate) signing: Arc<SigningKeys>,
    /// Who can be reached.
    pub(crate) presence: PresenceQueue,
    /// What the sound of clients finds a way with.
    pub(crate) ice: Arc<ClientIce>,
}

/// The streams' thread; dropping it writes what waits, says goodbye on every connection, and joins it.
pub(crate) struct StreamThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for StreamThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Starts accepting, connecting and sending.
pub(crate) fn start(setup: Setup) -> io::Result<StreamThread> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let desk = Arc::new(Desk {
        table: Mutex::new(Table::new(setup.limits)),
        dealer: setup.dealer,
        certificates: Arc::new(setup.certificates),
        nodes: setup.nodes.map(Arc::new),
        figures: setup.figures.clone(),
        times: setup.times,
        gateway: Gateway {
            signing: setup.signing,
            sessions: Sessions::default(),
            presence: setup.presence,
            ice: setup.ice,
            figures: setup.figures,
        },
    });
    listen(&runtime, &desk, setup.listeners)?;
    runtime.spawn(keep_certificates(desk.clone(), desk.certificates.clone()));
    if let Some(nodes) = &desk.nodes {
        runtime.spawn(keep_certificates(desk.clone(), nodes.certificates.clone()));
    }
    let (stop, stopped) = oneshot::channel();
    let orders = setup.orders.0;
    let thread = std::thread::Builder::new()
        .name("sip-streams".to_owned())
        .spawn(move || {
            runtime.block_on(work(desk, orders, stopped));
            // A file that takes for ever is not waited for.
            runtime.shutdown_timeout(LAST_WRITES);
        })?;
    Ok(StreamThread {
        stop: Some(stop),
        thread: Some(thread),
    })
}

fn listen(runtime: &Runtime, desk: &Arc<Desk>, listeners: Vec<(Transport, std::net::TcpListener)>) -> io::Result<()> {
    let _inside = runtime.enter();
    for (transport, listener) in listeners {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        runtime.spawn(accept(desk.clone(), transport, listener));
    }
    Ok(())
}

async fn accept(desk: Arc<Desk>, transport: Transport, listener: TcpListener) {
    loop {
        match tcp::accept(&listener).await {
            Ok((stream, peer)) => desk.accepted(transport, stream, canonical(peer)),
            Err(error) => {
                tracing::warn!(%error, "a SIP connection cannot be accepted");
                tokio::time::sleep(ERROR_PAUSE).await;
            }
        }
    }
}

/// An IPv4 address as such, however it came.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// Sends what comes until the node stops; then what is left is written.
async fn work(desk: Arc<Desk>, mut orders: mpsc::Receiver<SendOrder>, mut stopped: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => desk.send(order),
                None => break,
            },
            // Its sender is gone: that is the word.
            _ = &mut stopped => break,
        }
    }
    while let Ok(order) = orders.try_recv() {
        desk.send(order);
    }
    wait(|| !desk.is_busy()).await;
    desk.stop();
    wait(|| desk.connections() == 0).await;
}

async fn wait(done: impl Fn() -> bool) {
    let until = tokio::time::Instant::now() + LAST_WRITES;
    while !done() && tokio::time::Instant::now() < until {
        tokio::time::sleep(LAST_LOOK).await;
    }
}

/// Loads certificates again when their files change, or on SIGHUP.
async fn keep_certificates(desk: Arc<Desk>, of: Arc<Certificates>) {
    let mut hang_up = signal(SignalKind::hangup()).ok();
    loop {
        let hung_up = async {
            match &mut hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        let when = tokio::select! {
            _ = hung_up => When::Always,
            () = tokio::time::sleep(CERTIFICATE_LOOK) => When::Changed,
        };
        let certificates = of.clone();
        // Files may be on a disk that takes its time.
        match tokio::task::spawn_blocking(move || certificates.reload(when)).await {
            Ok(Reload::Done) => {
                desk.figures.certificate_loads.one();
                tracing::info!("certificates loaded again; connections that are up keep theirs");
            }
            Ok(Reload::Refused(why)) => {
                desk.figures.certificate_errors.one();
                tracing::error!("the new certificates are refused and the old ones stay: {why}");
            }
            // An error is a panic of the loading, printed when it happened.
            Ok(Reload::Same) | Err(_) => {}
        }
    }
}
