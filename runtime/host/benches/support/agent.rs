//! A SIP endpoint on one socket of loopback: what comes and what is due becomes events, what it wants to send goes out. Not here: what
//! the events are for.

use super::sockets;
use patchcord_sip::{Config, Endpoint, Event, Flow, Input, Limits, Listener, Output};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

/// What the kernel keeps while the bench is busy.
const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// The longest UDP datagram there is.
const DATAGRAM_BYTES: usize = 65_536;
/// Datagrams handled before the time is looked at again.
const DATAGRAMS_AT_ONCE: usize = 64;

/// An endpoint without limits, and its socket.
pub struct Agent {
    socket: UdpSocket,
    pub endpoint: Endpoint,
    buffer: Vec<u8>,
    /// Datagrams since the time was looked at.
    datagrams: usize,
    /// When what is told now came, or was due.
    at: Instant,
}

impl Agent {
    pub fn new() -> Self {
        let socket = sockets::bind(RECEIVE_BUFFER_BYTES);
        let config = Config {
            limits: Limits {
                transactions: usize::MAX,
                dialogs: usize::MAX,
                ..Limits::default()
            },
            ..Config::new(vec![Listener::udp(sockets::address(&socket))], "patchcord-bench")
        };
        Self {
            // Two with one seed would send the same Call-IDs.
            endpoint: Endpoint::new(config, u64::from(sockets::address(&socket).port())),
            socket,
            buffer: vec![0; DATAGRAM_BYTES],
            datagrams: 0,
            at: Instant::now(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        sockets::address(&self.socket)
    }

    /// Sends what is to be sent; the next event of what was just asked of the endpoint.
    pub fn poll(&mut self) -> Option<(Instant, Event)> {
        self.at = Instant::now();
        self.follow()
    }

    fn follow(&mut self) -> Option<(Instant, Event)> {
        loop {
            match self.endpoint.poll()? {
                // A datagram the kernel does not take is sent again by SIP.
                Output::Send { to, bytes, .. } => drop(self.socket.send_to(&bytes, to.peer)),
                Output::Event(event) => return Some((self.at, event)),
            }
        }
    }

    /// Takes what comes and does what is due; the next event and when it happened, none by then.
    pub fn next(&mut self, until: Instant) -> Option<(Instant, Event)> {
        loop {
            if let Some(event) = self.follow() {
                return Some(event);
            }
            if self.datagrams < DATAGRAMS_AT_ONCE && self.receive() {
                self.datagrams += 1;
                continue;
            }
            self.datagrams = 0;
            let now = Instant::now();
            if self.endpoint.wake_at().is_some_and(|at| at <= now) {
                self.at = now;
                self.endpoint.handle(now, Input::Deadline);
                continue;
            }
            if now >= until {
                return None;
            }
            let next = self.endpoint.wake_at().map_or(until, |at| at.min(until));
            sockets::wait(&self.socket, next.saturating_duration_since(now));
        }
    }

    /// Whether there was a datagram.
    fn receive(&mut self) -> bool {
        let Ok((bytes, from)) = self.socket.recv_from(&mut self.buffer) else {
            return false;
        };
        self.at = Instant::now();
        let input = Input::Message {
            flow: Flow::udp(from),
            bytes: &self.buffer[..bytes],
            proven: None,
        };
        self.endpoint.handle(self.at, input);
        true
    }
}
