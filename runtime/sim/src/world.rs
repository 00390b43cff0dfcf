//! A world: one node and its phones over a network, under a clock that jumps from one deadline to the next.
//!
//! Deterministic: everything follows from the seed, the programs and what the phones are told. Not here: what callers are
//! to do and hear; that is a [`crate::scenario`] or a test.

mod describe;
mod log;
mod node;
mod seat;

pub use log::{LOG_LINES, Line, Log};
pub use seat::{EVENTS_KEPT, PhoneOptions, RECORDING_SECONDS, Recording, Seat};

use crate::network::{Conditions, Fate, Network};
use crate::phone::{self, Action, Lane, Phone};
use node::{Door, Node, Sent};
use patchcord_control::call::Trace;
use patchcord_control::limits::Limits;
use patchcord_control::record::CallRecord;
use patchcord_control::words::UnixTime;
use patchcord_media::Report;
use patchcord_sip::Flow;
use patchcord_sip::sdp::Codec;
use patchcord_switch::{Config, Counts, Directory, Input, Output};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The node's name in the log.
pub const NODE: &str = "node";
/// Phones a world can have.
pub const PHONES_MAX: usize = 10_000;
/// The first phone's address: 10.0.0.1; the next has the next.
const FIRST_PHONE: u32 = 0x0a00_0001;
const PHONE_SIP_PORT: u16 = 5060;
const PHONE_RTP_PORT: u16 = 4000;
/// Rounds at one virtual instant; more means that two ends answer each other without end, which is our own fault.
const ROUNDS_AT_ONCE: u32 = 100_000;
/// The time of day when a world begins: a fixed one, or two runs would differ.
const BEGINNING: UnixTime = UnixTime {
    seconds: 1_800_000_000,
    nanoseconds: 0,
};

/// What a world is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The moment that counts as the beginning; only differences to it matter.
    pub base: Instant,
    /// Seed of everything random.
    pub seed: u64,
    /// Calls the node takes at the same time.
    pub calls: usize,
    /// Port pairs it has.
    pub ports: usize,
    /// Limits of a call.
    pub call: Limits,
    /// Limits of an instance.
    pub instance: patchcord_guest::Limits,
    /// A caller that sends no audio for so long is lost; none to wait for ever.
    pub media_timeout: Option<Duration>,
}

impl Setup {
    /// The production's limits, for a hundred calls.
    pub fn new(base: Instant, seed: u64) -> Self {
        Self {
            base,
            seed,
            calls: 100,
            ports: 128,
            call: Limits::default(),
            instance: patchcord_guest::Limits::default(),
            media_timeout: Some(Duration::from_secs(30)),
        }
    }
}

/// A phone of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneId(usize);

/// What is still alive although it should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover(String);

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node and its phones.
pub struct World {
    base: Instant,
    now: Instant,
    seed: u64,
    node: Node,
    node_name: Arc<str>,
    network: Network,
    seats: Vec<Seat>,
    records: Vec<CallRecord>,
    log: Log,
    /// Steps without time passing.
    rounds: u32,
}

impl World {
    /// A node without programs, and nobody to call it.
    pub fn new(setup: Setup) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&setup.seed.to_le_bytes());
        let config = Config {
            sip: patchcord_sip::Config::new(vec![patchcord_sip::Listener::udp(Node::sip_address())], "patchcord"),
            media_address: Node::media_address(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            media_timeout: setup.media_timeout,
            instance: setup.instance,
            call: setup.call,
            calls: setup.calls,
            trace: Trace::On,
            clock: (setup.base, BEGINNING),
            seed,
        };
        Self {
            base: setup.base,
            now: setup.base,
            seed: setup.seed,
            node: Node::new(setup.base, config, setup.ports, setup.seed),
            node_name: NODE.into(),
            network: Network::new(setup.seed),
            seats: Vec::new(),
            records: Vec::new(),
            log: Log::default(),
            rounds: 0,
        }
    }

    /// Gives the node routes and programs.
    pub fn set_directory(&mut self, directory: Arc<Directory>) {
        self.tell_node(Input::Directory(directory));
    }

    /// New calls get 503 from now on.
    pub fn drain(&mut self) {
        self.tell_node(Input::Drain);
    }

    /// Ends all calls.
    pub fn end_all(&mut self) {
        self.tell_node(Input::EndAll);
    }

    /// Adds a phone.
    ///
    /// # Panics
    /// Above [`PHONES_MAX`].
    pub fn add_phone(&mut self, name: &str, options: PhoneOptions) -> PhoneId {
        let number = self.seats.len();
        assert!(number < PHONES_MAX, "a world has at most {PHONES_MAX} phones");
        let address = IpAddr::V4(Ipv4Addr::from(FIRST_PHONE + number as u32));
        let [sip, rtp, rtcp] =
            [PHONE_SIP_PORT, PHONE_RTP_PORT, PHONE_RTP_PORT + 1].map(|port| SocketAddr::new(address, port));
        let seed = self.seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let config = phone::Config {
            codecs: options.codecs,
            faults: options.faults,
            media_timeout: options.media_timeout,
            ..phone::Config::new(sip, rtp, seed)
        };
        self.seats.push(Seat {
            name: name.into(),
            phone: Phone::new(config),
            sip,
            rtp,
            rtcp,
            to_node: self.network.link(options.conditions),
            from_node: self.network.link(options.conditions),
            events: Vec::new(),
            recording: Recording::default(),
        });
        PhoneId(number)
    }

    /// Changes what the network does between a phone and the node, both ways.
    pub fn set_conditions(&mut self, phone: PhoneId, conditions: Conditions) {
        let seat = &self.seats[phone.0];
        self.network.set(seat.to_node, conditions);
        self.network.set(seat.from_node, conditions);
    }

    /// Makes a phone do something now.
    pub fn act(&mut self, phone: PhoneId, action: Action) {
        let seat = &mut self.seats[phone.0];
        if matches!(action, Action::Call(_)) && !seat.phone.in_call() {
            seat.recording = Recording::default();
        }
        self.log
            .push(self.now - self.base, &seat.name, describe::action(&action));
        seat.phone.handle(self.now, phone::Input::Action(action));
        self.drain_phone(phone.0);
    }

    /// Makes a phone call a user at the node.
    ///
    /// # Errors
    /// If the name cannot stand in a SIP address.
    pub fn call(&mut self, phone: PhoneId, user: &str, offer: phone::Offer) -> Result<(), patchcord_sip::Fault> {
        let seat = &self.seats[phone.0];
        let destination = Node::sip_address();
        let uri = patchcord_sip::Uri::parse(&format!("sip:{user}@{destination}"))?;
        let from = patchcord_sip::NameAddr::new(patchcord_sip::Uri::parse(&format!(
            "sip:{}@{}",
            seat.name,
            seat.sip.ip()
        ))?);
        self.act(
            phone,
            Action::Call(phone::Dial {
                uri,
                destination,
                from,
                offer,
            }),
        );
        Ok(())
    }

    /// Virtual time since the beginning.
    pub fn now(&self) -> Duration {
        self.now - self.base
    }

    /// A phone's place.
    pub fn seat(&self, phone: PhoneId) -> &Seat {
        &self.seats[phone.0]
    }

    /// What happened.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// End records in the order they came.
    pub fn records(&self) -> &[CallRecord] {
        &self.records
    }

    /// What is alive in the node's shard.
    pub fn counts(&self) -> Counts {
        self.node.shard.counts()
    }

    /// The counters of the node's SIP side.
    pub fn sip_counters(&self) -> patchcord_sip::Counters {
        self.node.shard.sip_counters()
    }

    /// What the network did.
    pub fn carried(&self) -> crate::network::Carried {
        self.network.carried()
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
    }

    /// Lets time pass until something is true, at most `limit`. Returns whether it became true.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&World) -> bool) -> bool {
        let until = self.now + limit;
        loop {
            if done(self) {
                return true;
            }
            if !self.step(until) {
                return done(self);
            }
        }
    }

    /// Lets time pass until nothing is alive any more: no call, instance, port, dialog, transaction or packet.
    ///
    /// # Errors
    /// What is still alive after `limit`.
    pub fn run_to_rest(&mut self, limit: Duration) -> Result<(), Leftover> {
        if self.run_until(limit, |world| world.wake_at().is_none() && world.alive().is_none()) {
            return Ok(());
        }
        let alive = self
            .alive()
            .unwrap_or_else(|| "a deadline without anything alive".to_owned());
        Err(Leftover(alive))
    }

    /// What is alive, in words; none when all is at rest.
    fn alive(&self) -> Option<String> {
        let counts = self.counts();
        let sip = self.sip_counters();
        let sessions = (0..patchcord_media::PHASES)
            .map(|phase| self.node.engine.sessions(phase).len())
            .sum();
        let phones = self.seats.iter().filter(|seat| seat.phone.in_call()).count();
        let alive = [
            ("calls", counts.calls),
            ("instances", counts.instances),
            ("ports in use", counts.ports_in_use),
            ("dialogs", sip.dialogs),
            ("transactions", sip.transactions),
            ("media sessions", sessions),
            ("phones in a call", phones),
            ("packets under way", self.network.in_flight()),
        ];
        let words: Vec<String> = alive
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn wake_at(&self) -> Option<Instant> {
        let phones = self.seats.iter().filter_map(|seat| seat.phone.wake_at()).min();
        [self.network.wake_at(), self.node.wake_at(), phones]
            .into_iter()
            .flatten()
            .min()
    }

    /// Jumps to the next deadline and handles everything due at it. False if there is none until then.
    fn step(&mut self, until: Instant) -> bool {
        let Some(next) = self.wake_at().filter(|at| *at <= until) else {
            self.now = self.now.max(until);
            return false;
        };
        self.rounds = if next > self.now { 0 } else { self.rounds + 1 };
        assert!(
            self.rounds < ROUNDS_AT_ONCE,
            "at {:?} two ends answer each other without end",
            self.now()
        );
        self.now = self.now.max(next);
        self.deliver();
        self.tick_node();
        for place in 0..self.seats.len() {
            if self.seats[place].phone.wake_at().is_some_and(|at| at <= self.now) {
                self.seats[place].phone.handle(self.now, phone::Input::Deadline);
                self.drain_phone(place);
            }
        }
        true
    }

    fn deliver(&mut self) {
        while let Some(packet) = self.network.poll(self.now) {
            match Node::door(packet.to) {
                Door::Sip => {
                    self.node.shard.handle(
                        self.now,
                        Input::Message {
                            flow: Flow::udp(packet.from),
                            bytes: &packet.bytes,
                        },
                    );
                    self.drain_node();
                }
                Door::Media(session, lane) => {
                    self.node
                        .engine
                        .packet(self.now, session, lane, packet.from, &packet.bytes);
                    self.drain_node();
                }
                Door::None => self.deliver_to_phone(packet.from, packet.to, &packet.bytes),
            }
            self.network.recycle(packet.bytes);
        }
    }

    fn deliver_to_phone(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Some(place) = phone_at(to) else { return };
        let Some(seat) = self.seats.get_mut(place) else { return };
        let lane = match to {
            to if to == seat.sip => Lane::Sip,
            to if to == seat.rtp => Lane::Rtp,
            to if to == seat.rtcp => Lane::Rtcp,
            _ => return,
        };
        seat.phone
            .handle(self.now, phone::Input::Datagram { lane, from, bytes });
        self.drain_phone(place);
    }

    fn tick_node(&mut self) {
        let Self {
            node,
            network,
            seats,
            now,
            ..
        } = self;
        node.tick(*now, &mut |sent: Sent<'_>| {
            if let Some(seat) = phone_at(sent.to).and_then(|place| seats.get(place)) {
                network.send(*now, seat.from_node, sent.from, sent.to, sent.bytes);
            }
        });
        if self.node.shard.wake_at().is_some_and(|at| at <= self.now) {
            self.node.shard.handle(self.now, Input::Deadline);
        }
        self.drain_node();
    }

    fn tell_node(&mut self, input: Input<'_>) {
        self.node.shard.handle(self.now, input);
        self.drain_node();
    }

    /// Carries what the shard wants and what the engine reports until both have nothing more.
    fn drain_node(&mut self) {
        loop {
            if let Some(output) = self.node.poll() {
                self.node_output(output);
            } else if let Some(report) = self.node.report() {
                self.log_report(&report);
                self.node.shard.handle(self.now, Input::Media(report));
            } else {
                return;
            }
        }
    }

    fn node_output(&mut self, output: Output) {
        match output {
            Output::Send { to, bytes, .. } => self.node_sends(to.peer, &bytes),
            Output::Resolve { .. } => {}
            Output::Media { command, .. } => self.node.command(self.now, command),
            Output::Notice { call, notice } => {
                let what = describe::notice(call, &notice);
                self.note_node(what);
            }
            Output::Record(record) => {
                self.note_node(describe::record(&record));
                self.records.push(*record);
            }
        }
    }

    fn node_sends(&mut self, to: SocketAddr, bytes: &[u8]) {
        let Some(seat) = phone_at(to).and_then(|place| self.seats.get(place)) else {
            let what = format!("-> nobody   {}", describe::start_line(bytes));
            return self.note_node(what);
        };
        let fate = self
            .network
            .send(self.now, seat.from_node, Node::sip_address(), to, bytes);
        let what = format!(
            "-> {:<8} {}{}",
            seat.name,
            describe::start_line(bytes),
            describe::fate(fate)
        );
        self.note_node(what);
    }

    fn drain_phone(&mut self, place: usize) {
        let Self {
            seats,
            network,
            log,
            now,
            base,
            ..
        } = self;
        let seat = &mut seats[place];
        let at = *now - *base;
        while let Some(output) = seat.phone.poll() {
            match output {
                phone::Output::Send { lane, to, bytes } => {
                    let from = match lane {
                        Lane::Sip => seat.sip,
                        Lane::Rtp => seat.rtp,
                        Lane::Rtcp => seat.rtcp,
                    };
                    let fate: Fate = network.send(*now, seat.to_node, from, to, &bytes);
                    if lane == Lane::Sip {
                        let what = format!("-> {NODE:<8} {}{}", describe::start_line(&bytes), describe::fate(fate));
                        log.push(at, &seat.name, what);
                    }
                }
                phone::Output::Heard { at, samples } => seat.recording.push(at - *base, &samples),
                phone::Output::Event(event) => {
                    log.push(at, &seat.name, describe::event(&event));
                    if seat.events.len() < EVENTS_KEPT {
                        seat.events.push((at, event));
                    }
                }
            }
        }
    }

    fn log_report(&mut self, report: &Report) {
        if let Some(what) = describe::report(report) {
            self.note_node(what);
        }
    }

    fn note_node(&mut self, what: String) {
        self.log.push(self.now - self.base, &self.node_name, what);
    }

    /// Whether a call's notices say something; for tests that wait for a turn.
    pub fn noticed(&self, text: &str) -> bool {
        self.log.says(NODE, text)
    }
}

/// Which phone has an address.
fn phone_at(to: SocketAddr) -> Option<usize> {
    let IpAddr::V4(address) = to.ip() else { return None };
    Some(u32::from(address).checked_sub(FIRST_PHONE)? as usize).filter(|place| *place < PHONES_MAX)
}

#[cfg(test)]
mod tests;
