//! The SIP sockets for datagrams: threads that take them in batches and give each to the shard of its call, and the way out
//! that shards send on themselves. Not here: what a datagram means, and streams ([`crate::transports`]).

use crate::batch::{Batch, Wait};
use crate::deal::Dealer;
use crate::figures::Figures;
use crate::shard_threads::Taken;
use crate::start_error::StartError;
use crate::transports::socket;
use nix::sys::socket::{SockType, SockaddrStorage, setsockopt, sockopt};
use patchcord_sip::Flow;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Datagrams taken by one system call.
const BATCH: usize = 32;
/// The longest UDP datagram there is.
const DATAGRAM_BYTES: usize = 65_536;
/// What the kernel may keep while the thread is busy; it cuts this down to what the system allows.
const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// What the kernel may keep of what we sent.
const SEND_BUFFER_BYTES: usize = 1024 * 1024;
/// How often the thread looks whether it should stop.
const STOP_CHECK: Duration = Duration::from_millis(100);
/// A socket that fails again and again is not asked more often than this.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// Binds a SIP socket. One for IPv6 takes no IPv4, so that both can have a port.
pub(crate) fn bind(address: SocketAddr) -> Result<UdpSocket, StartError> {
    let open = || -> io::Result<UdpSocket> {
        let socket = bind_unwaiting(address)?;
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(STOP_CHECK))?;
        Ok(socket)
    };
    open().map_err(|why| StartError::Sip { address, why })
}

/// Binds a socket for many peers, which waits for nothing.
pub(crate) fn bind_unwaiting(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, SockType::Datagram)?;
    nix::sys::socket::bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    let socket = UdpSocket::from(socket);
    setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES)?;
    setsockopt(&socket, sockopt::SndBuf, &SEND_BUFFER_BYTES)?;
    Ok(socket)
}

/// The way out for datagrams.
#[derive(Debug, Clone)]
pub(crate) struct Datagrams {
    /// In the order of the configuration; at least one.
    sockets: Arc<[UdpSocket]>,
}

impl Datagrams {
    /// The way out of these sockets.
    pub(crate) fn new(sockets: Vec<UdpSocket>) -> Self {
        Self {
            sockets: sockets.into(),
        }
    }

    /// Sends from the first socket of the peer's kind of address.
    pub(crate) fn send(&self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let fits = |socket: &&UdpSocket| {
            let own = socket.local_addr();
            own.is_ok_and(|own| own.is_ipv4() == to.is_ipv4())
        };
        match self.sockets.iter().find(fits) {
            Some(socket) => socket.send_to(bytes, to).map(drop),
            None => Err(io::ErrorKind::AddrNotAvailable.into()),
        }
    }
}

/// A receiving thread; dropping it stops and joins it.
pub(crate) struct NetThread {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for NetThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Starts receiving, a thread for each socket.
pub(crate) fn start(
    datagrams: &Datagrams,
    dealer: &Arc<Dealer>,
    figures: &Arc<Figures>,
) -> Result<Vec<NetThread>, StartError> {
    let numbers = 0..datagrams.sockets.len();
    let threads = numbers.map(|number| {
        let stop = Arc::new(AtomicBool::new(false));
        let (datagrams, stopped) = (datagrams.clone(), stop.clone());
        let (dealer, figures) = (dealer.clone(), figures.clone());
        let thread = std::thread::Builder::new()
            .name(format!("sip-{number}"))
            .spawn(move || receive(&datagrams.sockets[number], &dealer, &figures, &stopped))
            .map_err(StartError::Thread)?;
        Ok(NetThread {
            stop,
            thread: Some(thread),
        })
    });
    threads.collect()
}

fn receive(socket: &UdpSocket, dealer: &Dealer, figures: &Figures, stopped: &AtomicBool) {
    let mut batch = Batch::<BATCH>::new(DATAGRAM_BYTES);
    let deal = |from, bytes: &[u8]| {
        figures.datagrams.one();
        if let Taken::Dropped(class) = dealer.deal(Flow::udp(from), bytes, None) {
            figures.dropped(class).one();
        }
    };
    while !stopped.load(Ordering::Relaxed) {
        match batch.receive(socket, Wait::ForOne, deal) {
            Ok(_) => {}
            Err(error) if is_quiet(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "the SIP socket cannot receive");
                std::thread::sleep(ERROR_PAUSE);
            }
        }
    }
}

fn is_quiet(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}
