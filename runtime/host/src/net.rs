//! The SIP socket: one thread receives in batches and deals datagrams out to the shards by their Call-ID; shard threads
//! send on the same socket themselves. Not here: what a datagram means.

use crate::batch::{Batch, Wait};
use crate::figures::Figures;
use crate::shard_threads::{Inbox, Taken};
use crate::start_error::StartError;
use nix::sys::socket::{setsockopt, sockopt};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, UdpSocket};
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

/// Binds the SIP socket.
pub(crate) fn bind(address: SocketAddr) -> Result<UdpSocket, StartError> {
    let open = || -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(STOP_CHECK))?;
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES)?;
        setsockopt(&socket, sockopt::SndBuf, &SEND_BUFFER_BYTES)?;
        Ok(socket)
    };
    open().map_err(|why| StartError::Sip { address, why })
}

/// The receiving thread; dropping it stops and joins it.
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

/// Starts receiving.
pub(crate) fn start(
    socket: Arc<UdpSocket>,
    inboxes: Vec<Inbox>,
    figures: Arc<Figures>,
) -> Result<NetThread, StartError> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let dealer = Dealer {
        inboxes,
        figures,
        hash: RandomState::new(),
    };
    let thread = std::thread::Builder::new()
        .name("sip".to_owned())
        .spawn(move || receive(&socket, &dealer, &stopped))
        .map_err(StartError::Thread)?;
    Ok(NetThread {
        stop,
        thread: Some(thread),
    })
}

fn receive(socket: &UdpSocket, dealer: &Dealer, stopped: &AtomicBool) {
    let mut batch = Batch::<BATCH>::new(DATAGRAM_BYTES);
    while !stopped.load(Ordering::Relaxed) {
        match batch.receive(socket, Wait::ForOne, |from, bytes| dealer.deal(from, bytes)) {
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

/// Deals datagrams out: all of one call go to one shard.
struct Dealer {
    inboxes: Vec<Inbox>,
    figures: Arc<Figures>,
    /// Keyed at random, so that nobody outside can aim at a shard.
    hash: RandomState,
}

impl Dealer {
    fn deal(&self, from: SocketAddr, bytes: &[u8]) {
        self.figures.datagrams.one();
        // What has no Call-ID is counted as malformed by whichever shard gets it.
        let shard = patchcord_sip::peek_call_id(bytes).map_or(0, |call_id| self.shard_of(call_id));
        if self.inboxes[shard].datagram(from, bytes) == Taken::Dropped {
            self.figures.inbox_dropped.one();
        }
    }

    fn shard_of(&self, call_id: &[u8]) -> usize {
        (self.hash.hash_one(call_id) % self.inboxes.len() as u64) as usize
    }
}
