//! TCP connections of browsers that no datagram reaches: one datagram after the other, framed (RFC 4571). Whoever connects and does
//! not prove soon that it is expected is hung up on.

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use patchcord_webrtc::{Frames, Path, Transport};
use std::collections::{BTreeMap, HashMap};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Connections at once; one more is closed at once.
pub(super) const CONNECTIONS: usize = 2_000;
/// Connections from one address; one more is closed at once.
pub(super) const PER_SOURCE: usize = 64;
/// Bytes that may wait to be written to one connection, about a second of sound; what does not fit is lost.
pub(super) const WAITING_BYTES: usize = 16 * 1024;
/// How long a connection may take to prove whose it is.
const STRANGER: Duration = Duration::from_secs(10);
/// Connections taken in one go.
const ACCEPTED: usize = 32;
/// Bytes read from one connection in one go.
const READ_BYTES: usize = 4 * 1024;

struct Connection {
    stream: TcpStream,
    path: Path,
    frames: Frames,
    waiting: Vec<u8>,
    /// Until when it has to prove whose it is; none: it has.
    until: Option<Instant>,
}

/// All connections, by the number that the kernel tells of.
pub(super) struct Connections {
    /// Our side of each path.
    local: SocketAddr,
    by_number: BTreeMap<u64, Connection>,
    by_remote: HashMap<SocketAddr, u64>,
    next: u64,
}

/// What came of reading.
pub(super) enum Was {
    /// It may go on.
    Open,
    /// It is closed; nothing comes or goes this way.
    Closed(Path),
}

impl Connections {
    /// Numbers begin with `first`.
    pub(super) fn new(local: SocketAddr, first: u64) -> Self {
        Self {
            local,
            by_number: BTreeMap::new(),
            by_remote: HashMap::new(),
            next: first,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Takes connections that wait.
    pub(super) fn accept(&mut self, now: Instant, listener: &TcpListener, epoll: &Epoll) {
        for _ in 0..ACCEPTED {
            let Ok((stream, remote)) = listener.accept() else {
                return;
            };
            let same = |known: &&SocketAddr| known.ip() == remote.ip();
            let is_too_much = self.by_remote.keys().filter(same).count() >= PER_SOURCE;
            if self.len() >= CONNECTIONS || is_too_much || stream.set_nonblocking(true).is_err() {
                continue;
            }
            // Sound is to go at once; without it, it goes a little later.
            let _ = stream.set_nodelay(true);
            let number = self.next;
            self.next += 1;
            if epoll
                .add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, number))
                .is_err()
            {
                continue;
            }
            let path = Path {
                transport: Transport::Tcp,
                local: self.local,
                remote,
            };
            let connection = Connection {
                stream,
                path,
                frames: Frames::new(),
                waiting: Vec::new(),
                until: Some(now + STRANGER),
            };
            self.by_remote.insert(remote, number);
            self.by_number.insert(number, connection);
        }
    }

    /// Reads what came over a connection, and writes what waits for it.
    pub(super) fn serve(&mut self, number: u64, epoll: &Epoll, mut take: impl FnMut(Path, &[u8])) -> Was {
        let Some(connection) = self.by_number.get_mut(&number) else {
            return Was::Open;
        };
        let path = connection.path;
        connection.write(number, epoll);
        let mut buffer = [0; READ_BYTES];
        let is_good = match connection.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(length) => connection
                .frames
                .read(&buffer[..length], |datagram| take(path, datagram))
                .is_ok(),
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        match is_good {
            true => Was::Open,
            false => {
                self.close(number);
                Was::Closed(path)
            }
        }
    }

    /// Somebody who is expected has proved to be at the other end.
    pub(super) fn is_known(&mut self, path: Path) {
        let number = self.by_remote.get(&path.remote);
        if let Some(connection) = number.and_then(|number| self.by_number.get_mut(number)) {
            connection.until = None;
        }
    }

    /// Sends a datagram, or loses it.
    pub(super) fn send(&mut self, path: Path, datagram: &[u8], epoll: &Epoll) {
        let Some(number) = self.by_remote.get(&path.remote).copied() else {
            return;
        };
        let (Some(connection), Some(head)) = (self.by_number.get_mut(&number), Frames::head(datagram)) else {
            return;
        };
        if connection.waiting.len() + head.len() + datagram.len() > WAITING_BYTES {
            return;
        }
        connection.waiting.extend_from_slice(&head);
        connection.waiting.extend_from_slice(datagram);
        connection.write(number, epoll);
    }

    /// Hangs up on those who had their time, and says which ways are gone.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Path> {
        let late = |(number, connection): (&u64, &Connection)| {
            let late = connection.until.is_some_and(|until| until <= now);
            late.then_some((*number, connection.path))
        };
        let late: Vec<_> = self.by_number.iter().filter_map(late).collect();
        for (number, _) in &late {
            self.close(*number);
        }
        late.into_iter().map(|(_, path)| path).collect()
    }

    fn close(&mut self, number: u64) {
        if let Some(connection) = self.by_number.remove(&number) {
            self.by_remote.remove(&connection.path.remote);
        }
    }
}

impl Connection {
    /// Writes what waits, as far as the kernel takes it; the kernel tells when it takes more. An error is met again by reading.
    fn write(&mut self, number: u64, epoll: &Epoll) {
        while !self.waiting.is_empty() {
            match self.stream.write(&self.waiting) {
                Ok(length) if length > 0 => drop(self.waiting.drain(..length)),
                _ => break,
            }
        }
        let mut flags = EpollFlags::EPOLLIN;
        flags.set(EpollFlags::EPOLLOUT, !self.waiting.is_empty());
        // It is watched already; if that cannot be changed, it is written to with the next packet.
        let _ = epoll.modify(&self.stream, &mut EpollEvent::new(flags, number));
    }
}
