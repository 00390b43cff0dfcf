//! A bad path: a UDP port that passes on to another and back, and loses one packet of sound in so many, each way.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a thread waits before it looks whether it shall end.
const LOOK: Duration = Duration::from_millis(100);
const DATAGRAM_BYTES: usize = 2_048;
/// A browser sends from a few addresses at most.
const CLIENTS_MAX: usize = 16;

#[derive(Clone, Copy)]
enum Way {
    Forth,
    Back,
}

/// What its threads share.
struct Path {
    lost_of: usize,
    /// Packets of sound so far, each way by itself: both ways take turns, and one counter would choose always the same.
    sound: [AtomicUsize; 2],
    lost: AtomicUsize,
    stop: AtomicBool,
}

impl Path {
    /// Whether this one arrives: of RTP, which begins so (RFC 7983), and not of RTCP (RFC 5761), one in so many does not.
    fn passes(&self, way: Way, datagram: &[u8]) -> bool {
        let is_sound = matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind));
        if !is_sound || !(self.sound[way as usize].fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.lost_of) {
            return true;
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        false
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A relay on the loopback interface, until dropped.
pub struct Relay {
    pub port: u16,
    path: Arc<Path>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub fn start(to: SocketAddr, lost_of: usize) -> Self {
        let socket = Arc::new(port());
        let path = Arc::new(Path {
            lost_of,
            sound: Default::default(),
            lost: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        Self {
            port: socket.local_addr().expect("it is bound").port(),
            path: path.clone(),
            thread: Some(std::thread::spawn(move || forth(&socket, to, &path))),
        }
    }

    /// Packets of sound lost so far.
    pub fn lost(&self) -> usize {
        self.path.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.path.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            matches!(ended, None | Some(Ok(()))) || std::thread::panicking(),
            "the relay failed"
        );
    }
}

/// A port, and nobody waits longer at it than for a look around.
fn port() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback interface has a free port");
    socket.set_read_timeout(Some(LOOK)).expect("it can be told");
    socket
}

/// Passes on to the far end, by a port of its own for each client.
fn forth(socket: &Arc<UdpSocket>, to: SocketAddr, path: &Arc<Path>) {
    let mut clients: HashMap<SocketAddr, (Arc<UdpSocket>, JoinHandle<()>)> = HashMap::new();
    let mut datagram = [0; DATAGRAM_BYTES];
    while !path.is_over() {
        let Ok((length, from)) = socket.recv_from(&mut datagram) else {
            continue;
        };
        if !clients.contains_key(&from) && clients.len() == CLIENTS_MAX {
            continue;
        }
        let (own, _) = clients.entry(from).or_insert_with(|| {
            let own = Arc::new(port());
            own.connect(to).expect("the loopback interface has a way there");
            let (back_from, back_by, path) = (own.clone(), socket.clone(), path.clone());
            (
                own,
                std::thread::spawn(move || back(&back_from, (&back_by, from), &path)),
            )
        });
        if path.passes(Way::Forth, &datagram[..length]) {
            // Nobody may listen there any more.
            let _ = own.send(&datagram[..length]);
        }
    }
    for (_, thread) in clients.into_values() {
        thread.join().expect("it ends");
    }
}

fn back(own: &UdpSocket, (by, client): (&UdpSocket, SocketAddr), path: &Path) {
    let mut datagram = [0; DATAGRAM_BYTES];
    while !path.is_over() {
        if let Ok(length) = own.recv(&mut datagram)
            && path.passes(Way::Back, &datagram[..length])
        {
            // Nobody may listen there any more.
            let _ = by.send_to(&datagram[..length], client);
        }
    }
}
