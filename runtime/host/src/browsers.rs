//! The door of browsers: one UDP port and one TCP port for the media of them all, and a thread that finds the way to each (ICE) and
//! agrees on its keys (DTLS). Encrypted sound goes past it: what comes is handed to the media thread whose session it is for, which
//! sends by the door's own socket. Not here: ICE and DTLS themselves (`patchcord-webrtc`), and SDP.
//!
//! Queues. Orders of the shards: bounded, the shard waits when full; the door waits for nobody but a media thread, and those for nobody.
//! Packets to a media thread: bounded, one more is lost as on the network, and counted. What a shard's inbox has no room for waits here.

mod connections;
mod crossing;
mod figures;
mod work;

pub(crate) use crossing::{Arrivals, MediaWay, between};
pub(crate) use figures::BrowserFigures;

use crate::media_threads::MediaQueue;
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use crate::transports;
use crate::{layout::Layout, net};
use crossing::ArrivalQueue;
use nix::sys::eventfd::{EfdFlags, EventFd};
use patchcord_switch::{Browsers, DoorOrder};
use patchcord_webrtc::{Candidate, IceMode, Identity, Path};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Orders that may wait for the door; when full the shard waits.
const ORDERS: usize = 4_096;
/// How much our UDP candidate and our TCP candidate are wanted.
const PREFERENCE: u16 = 1;

/// Where browsers' media is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowserDoor {
    /// The port, of UDP and of TCP; 0 for any that is free.
    pub port: u16,
    /// Whether we check the way too, or only answer: a node that browsers can reach needs to do no more (RFC 8445 section 2.5).
    pub ice: Ice,
}

/// See [`BrowserDoor::ice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ice {
    /// Only answers.
    #[default]
    Lite,
    /// Checks too.
    Full,
}

/// What the door is told.
pub(crate) enum ToDoor {
    Order(DoorOrder),
    /// Send this over a TCP connection.
    Send(Path, Box<[u8]>),
    Stop,
}

/// The way to the door.
#[derive(Clone)]
pub(crate) struct DoorQueue {
    orders: SyncSender<ToDoor>,
    wake: Arc<EventFd>,
}

impl DoorQueue {
    /// Hands over an order, and waits for room if there is none. A door that has ended takes nothing: then the node is coming down.
    pub(crate) fn order(&self, order: DoorOrder) {
        let _ = self.orders.send(ToDoor::Order(order));
        self.ring();
    }

    /// Hands over a packet for a TCP connection, or drops it.
    fn send(&self, path: Path, packet: &[u8]) -> bool {
        let told = self.orders.try_send(ToDoor::Send(path, packet.into()));
        self.ring();
        !matches!(told, Err(TrySendError::Full(_)))
    }

    fn ring(&self) {
        // It is full only if the door has been rung as often as a counter counts, and then it comes anyway.
        let _ = self.wake.write(1);
    }
}

/// The door's sockets, bound, and who we are.
pub(crate) struct BoundDoor {
    udp: Arc<UdpSocket>,
    tcp: TcpListener,
    /// As browsers are told.
    address: SocketAddr,
    ice: IceMode,
    identity: Identity,
    queue: DoorQueue,
    orders: Receiver<ToDoor>,
    wake: Arc<EventFd>,
}

impl BoundDoor {
    /// Binds both ports. With port 0, TCP gets the number that UDP has been given.
    pub(crate) fn bind(door: BrowserDoor, listen: IpAddr, advertise: IpAddr) -> Result<Self, StartError> {
        let refused = |why| StartError::Browsers {
            address: SocketAddr::new(listen, door.port),
            why,
        };
        let udp = net::bind_unwaiting(SocketAddr::new(listen, door.port)).map_err(refused)?;
        let port = udp.local_addr().map_err(refused)?.port();
        let tcp = transports::bind(SocketAddr::new(listen, port)).map_err(refused)?;
        tcp.set_nonblocking(true).map_err(refused)?;
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        let wake = Arc::new(wake.map_err(|why| refused(why.into()))?);
        let (sender, orders) = sync_channel(ORDERS);
        let queue = DoorQueue {
            orders: sender,
            wake: wake.clone(),
        };
        Ok(Self {
            udp: Arc::new(udp),
            tcp,
            address: SocketAddr::new(advertise, port),
            ice: match door.ice {
                Ice::Lite => IceMode::Lite,
                Ice::Full => IceMode::Full,
            },
            identity: Identity::generate().map_err(|why| StartError::Random(why.to_string()))?,
            queue,
            orders,
            wake,
        })
    }

    pub(crate) fn queue(&self) -> DoorQueue {
        self.queue.clone()
    }

    fn candidates(&self) -> [Candidate; 2] {
        [
            Candidate::host(self.address, PREFERENCE),
            Candidate::tcp_passive(self.address, PREFERENCE),
        ]
    }

    /// How the shards describe us.
    pub(crate) fn described(&self) -> Browsers {
        let text = |candidate: &Candidate| candidate.to_string().replacen("candidate:", "", 1);
        Browsers {
            lite: self.ice == IceMode::Lite,
            fingerprint: self.identity.fingerprint().to_string(),
            candidates: self.candidates().iter().map(text).collect(),
            address: self.address,
        }
    }

    /// How a media thread with so many sessions sends.
    pub(crate) fn media_way(&self, arrivals: Arrivals, slots: usize) -> MediaWay {
        MediaWay::new(self.udp.clone(), self.queue(), arrivals, slots)
    }
}

/// The door's thread; dropping it stops and joins it.
pub(crate) struct DoorThread {
    queue: DoorQueue,
    thread: Option<JoinHandle<()>>,
}

impl Drop for DoorThread {
    fn drop(&mut self) {
        let _ = self.queue.orders.send(ToDoor::Stop);
        self.queue.ring();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// What the door's thread is connected with.
pub(crate) struct DoorSetup {
    pub(crate) layout: Layout,
    pub(crate) media: Vec<MediaQueue>,
    pub(crate) arrivals: ArrivalQueue,
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) figures: Arc<BrowserFigures>,
    pub(crate) seed: [u8; 32],
}

/// Starts the door's thread.
pub(crate) fn start(door: BoundDoor, setup: DoorSetup) -> Result<DoorThread, StartError> {
    let queue = door.queue();
    let epoll = work::watch(&door).map_err(StartError::Thread)?;
    let thread = std::thread::Builder::new()
        .name("browsers".to_owned())
        .spawn(move || work::Work::new(door, setup, epoll).run())
        .map_err(StartError::Thread)?;
    Ok(DoorThread {
        queue,
        thread: Some(thread),
    })
}

#[cfg(test)]
mod tests;
