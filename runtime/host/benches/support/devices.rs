//! Devices on one SIP socket that register: each sends its REGISTER, is challenged, and sends it again with an answer.

use super::callers::Loaded;
use super::sockets;
use patchcord_sip::{
    Config, Credentials, Endpoint, Event, ExchangeId, Flow, Input, Limits, Listener, Method, NameAddr, OutgoingRequest,
    Output, Uri,
};
use std::collections::HashMap;
use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;
const DATAGRAM_BYTES: usize = 65_536;
/// Datagrams handled before the time is looked at again.
const DATAGRAMS_AT_ONCE: usize = 64;
/// How long the last answers of a load may take.
const LATE_MAX: Duration = Duration::from_secs(3);
const PASSWORD: &str = "of-every-bench-device";

/// The devices and what became of their registrations.
pub struct Devices {
    socket: UdpSocket,
    endpoint: Endpoint,
    server: SocketAddr,
    users: usize,
    devices: usize,
    /// Whose turn it is.
    next: usize,
    buffer: Vec<u8>,
    waiting: HashMap<ExchangeId, Instant>,
    took: Vec<Duration>,
    failed: usize,
}

impl Devices {
    /// The users of that many, for the configuration of the server.
    pub fn users(users: usize) -> String {
        (0..users).fold(String::new(), |mut text, user| {
            let _ = writeln!(text, "[[user]]\nname = \"u{user}\"\npassword = \"{PASSWORD}\"");
            text
        })
    }

    /// So many devices of each user.
    pub fn new(server: SocketAddr, users: usize, of_one: usize) -> Self {
        let socket = sockets::bind(RECEIVE_BUFFER_BYTES);
        let limits = Limits {
            transactions: usize::MAX,
            dialogs: usize::MAX,
            ..Limits::default()
        };
        let config = Config {
            limits,
            ..Config::new(vec![Listener::udp(sockets::address(&socket))], "patchcord-bench")
        };
        Self {
            endpoint: Endpoint::new(config, u64::from(std::process::id())),
            socket,
            server,
            users,
            devices: users * of_one,
            next: 0,
            buffer: vec![0; DATAGRAM_BYTES],
            waiting: HashMap::new(),
            took: Vec::new(),
            failed: 0,
        }
    }

    /// So many registrations a second, for so long, one device after the other.
    pub fn load(&mut self, rate: u32, time: Duration) -> Loaded {
        (self.took, self.failed) = (Vec::new(), 0);
        let placed = (f64::from(rate) * time.as_secs_f64()) as u32;
        let start = Instant::now();
        for number in 0..placed {
            self.run_until(start + Duration::from_secs(1) * number / rate);
            self.register();
        }
        let took = start.elapsed();
        let end = Instant::now() + LATE_MAX;
        while !self.waiting.is_empty() && Instant::now() < end {
            self.run_until(Instant::now() + Duration::from_millis(5));
        }
        let mut setups = std::mem::take(&mut self.took);
        setups.sort_unstable();
        Loaded {
            failed: self.failed + self.waiting.len(),
            setups,
            placed: placed as usize,
            took,
        }
    }

    fn register(&mut self) {
        let (device, user) = (self.next, self.next % self.users);
        self.next = (self.next + 1) % self.devices;
        let uri = |text: &str| Uri::parse(text).expect("this is an address");
        let own = NameAddr::new(uri(&format!("sip:u{user}@{}", self.server)));
        let contact = sockets::address(&self.socket);
        let request = OutgoingRequest {
            method: Method::Register,
            uri: uri(&format!("sip:{}", self.server)),
            target: Flow::udp(self.server).into(),
            from: own.clone(),
            to: Some(own),
            headers: vec![
                ("Contact".to_owned(), format!("<sip:d{device}@{contact}>")),
                ("Expires".to_owned(), "3600".to_owned()),
            ],
            body: Vec::new(),
            credentials: Some(Credentials {
                username: format!("u{user}"),
                password: PASSWORD.to_owned(),
                realm: None,
            }),
            routes: Vec::new(),
        };
        let now = Instant::now();
        let exchange = self.endpoint.request(now, request).expect("devices have no limits");
        self.waiting.insert(exchange, now);
        self.drain(now);
    }

    fn run_until(&mut self, until: Instant) {
        loop {
            self.receive();
            let now = Instant::now();
            if self.endpoint.wake_at().is_some_and(|at| at <= now) {
                self.endpoint.handle(now, Input::Deadline);
                self.drain(now);
            }
            if now >= until {
                return;
            }
            let next = self.endpoint.wake_at().map_or(until, |at| at.min(until));
            sockets::wait(&self.socket, next.saturating_duration_since(now));
        }
    }

    fn receive(&mut self) {
        for _ in 0..DATAGRAMS_AT_ONCE {
            let Ok((bytes, from)) = self.socket.recv_from(&mut self.buffer) else {
                return;
            };
            let (now, flow) = (Instant::now(), Flow::udp(from));
            let bytes = &self.buffer[..bytes];
            self.endpoint.handle(
                now,
                Input::Message {
                    flow,
                    bytes,
                    proven: None,
                },
            );
            self.drain(now);
        }
    }

    fn drain(&mut self, now: Instant) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send { to, bytes, .. } => {
                    // A datagram the kernel does not take is sent again by SIP.
                    let _ = self.socket.send_to(&bytes, to.peer);
                }
                Output::Event(Event::Response { exchange, response }) => {
                    let Some(sent) = self.waiting.remove(&exchange) else {
                        continue;
                    };
                    match response.is_some_and(|response| response.status == 200) {
                        true => self.took.push(now - sent),
                        false => self.failed += 1,
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
