//! Devices on one SIP socket that register: each sends its REGISTER, is challenged, and sends it again with an answer.

use super::agent::Agent;
use super::callers::Loaded;
use patchcord_sip::{Credentials, Event, ExchangeId, Flow, Method, NameAddr, OutgoingRequest, Uri};
use std::collections::HashMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long the last answers of a load may take.
const LATE_MAX: Duration = Duration::from_secs(3);
const PASSWORD: &str = "of-every-bench-device";

/// The devices and what became of their registrations.
pub struct Devices {
    agent: Agent,
    server: SocketAddr,
    users: usize,
    devices: usize,
    /// Whose turn it is.
    next: usize,
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
        Self {
            agent: Agent::new(),
            server,
            users,
            devices: users * of_one,
            next: 0,
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
        let contact = self.agent.address();
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
        let exchange = self
            .agent
            .endpoint
            .request(now, request)
            .expect("devices have no limits");
        self.waiting.insert(exchange, now);
        self.drain();
    }

    fn run_until(&mut self, until: Instant) {
        while let Some((at, event)) = self.agent.next(until) {
            self.take(at, event);
        }
    }

    fn drain(&mut self) {
        while let Some((at, event)) = self.agent.poll() {
            self.take(at, event);
        }
    }

    fn take(&mut self, now: Instant, event: Event) {
        let Event::Response { exchange, response } = event else {
            return;
        };
        let Some(sent) = self.waiting.remove(&exchange) else {
            return;
        };
        match response.is_some_and(|response| response.status == 200) {
            true => self.took.push(now - sent),
            false => self.failed += 1,
        }
    }
}
