//! A world: one node and its phones over a network, under a clock that jumps from one deadline to the next.
//!
//! Deterministic: everything follows from the seed, the programs and what the phones are told. Not here: what callers are
//! to do and hear; that is a [`crate::scenario`] or a test.

mod acts;
mod agents;
mod answers;
mod carrier;
mod describe;
mod listener;
mod log;
mod node;
mod outside;
mod presence;
mod seat;
mod servers;
mod services;
mod setup;
mod shelf;
mod tapes;
mod telling;
mod voice;
mod web;

pub(crate) use describe::{FAULT, end as end_in_words, event_in_words};

pub use carrier::{NumberAt, users, way_out};
pub use listener::Listener;
pub use log::{LOG_LINES, Line, Log};
pub use seat::{EVENTS_KEPT, PhoneOptions, RECORDING_SECONDS, Recording, Seat};
pub use setup::{DOMAIN, Setup, TENANT};
pub use shelf::Shelving;
pub use tapes::{Storage, Tape};
pub use voice::{Spoken, Voice, speech, words_said};

use crate::network::{Conditions, Fate, Network};
use crate::phone::{self, LINES_MAX, Lane, Phone};
use crate::transcriber::Transcriber;
use agents::Streamed;
use node::{Door, Node, Sent};
use patchcord_control::ids::CallId;
use patchcord_control::record::CallRecord;
use patchcord_control::words::UnixTime;
use patchcord_media::{Datagram, Report};
use patchcord_sip::identity::FetchFailure;
use patchcord_sip::{Flow, Target, Transport, Uri};
use patchcord_switch::{
    Counts, Directory, Input, JournalPart, Notice, Output, Query, RedirectError, Redirection, ToRecognise,
};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use telling::Told;

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
    /// The pretend DNS, by lower-case name.
    names: BTreeMap<String, SocketAddr>,
    seats: Vec<Seat>,
    records: Vec<CallRecord>,
    told: Told,
    /// The journals of calls, as far as they have come.
    journals: BTreeMap<CallId, Vec<u8>>,
    log: Log,
    newest: Option<CallId>,
    /// Steps without time passing.
    rounds: u32,
}

impl World {
    /// A node without programs, and nobody to call it.
    ///
    /// # Panics
    /// If the address of a pretend server is none.
    pub fn new(setup: Setup) -> Self {
        Self {
            base: setup.base,
            now: setup.base,
            seed: setup.seed,
            node: Node::new(&setup),
            node_name: NODE.into(),
            network: Network::new(setup.seed),
            names: setup
                .names
                .iter()
                .map(|(name, at)| (name.to_ascii_lowercase(), *at))
                .collect(),
            seats: Vec::new(),
            records: Vec::new(),
            told: Told::default(),
            journals: BTreeMap::new(),
            log: Log::default(),
            newest: None,
            rounds: 0,
        }
    }

    /// Gives the node routes and programs.
    pub fn set_directory(&mut self, directory: Arc<Directory>) {
        self.tell_node(Input::Directory(directory));
    }

    /// Lets the node watch its trunks: register with them, ask whether they live. It never comes to rest then.
    pub fn start_trunks(&mut self) {
        self.tell_node(Input::StartTrunks);
    }

    /// New calls get 503 from now on.
    pub fn drain(&mut self) {
        self.tell_node(Input::Drain);
    }

    /// The call that began last, alive or over.
    pub fn newest_call(&self) -> Option<CallId> {
        self.newest
    }

    /// Moves the caller of a call to another handler, as somebody outside would.
    ///
    /// # Errors
    /// As [`patchcord_switch::Shard::move_caller`].
    pub fn move_caller(&mut self, call: CallId, to: &Redirection) -> Result<CallId, RedirectError> {
        let moved = self.node.shard.move_caller(self.now, call, to);
        self.drain_node();
        moved
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
            ptime_ms: options.ptime_ms,
            faults: options.faults,
            media_timeout: options.media_timeout,
            incoming: options.incoming,
            refer: options.refer,
            lines: options.lines,
            hum: options.hum,
            session: options.session,
            ..phone::Config::new(sip, rtp, seed)
        };
        self.seats.push(Seat {
            name: name.into(),
            phone: Phone::new(config),
            user: None,
            sip,
            rtp,
            rtcp,
            to_node: self.network.link(options.conditions),
            from_node: self.network.link(options.conditions),
            events: [const { Vec::new() }; LINES_MAX],
            placed: 0,
            came: 0,
            ended: 0,
            presses: Vec::new(),
            recordings: std::array::from_fn(|_| Recording::default()),
        });
        PhoneId(number)
    }

    /// Changes what the network does between a phone and the node, both ways.
    pub fn set_conditions(&mut self, phone: PhoneId, conditions: Conditions) {
        let seat = &self.seats[phone.0];
        self.network.set(seat.to_node, conditions);
        self.network.set(seat.from_node, conditions);
    }

    /// Gives a host name an address in the pretend DNS.
    pub fn set_name(&mut self, name: &str, at: SocketAddr) {
        self.names.insert(name.to_ascii_lowercase(), at);
    }

    /// How storage of recordings behaves from now on.
    pub fn set_storage(&mut self, storage: Storage) {
        self.node.tapes.storage = storage;
    }

    /// What lies at an address of the web, and how long fetching it takes.
    pub fn put_on_the_web(&mut self, url: &str, clip: Arc<patchcord_media::Clip>, after: Duration) {
        self.node.web.put(url, clip, after);
    }

    /// How the voice that speaks texts behaves from now on.
    pub fn set_voice(&mut self, voice: Voice) {
        self.node.speaker.voice = voice;
    }

    /// What the voice was asked to speak, in that order.
    pub fn spoken(&self) -> &[Spoken] {
        self.node.speaker.asked()
    }

    /// How whoever recognises what is said behaves from now on.
    pub fn set_listener(&mut self, listener: Listener) {
        self.node.recogniser.listener = listener;
    }

    /// What it was asked to recognise, in that order.
    pub fn recognised(&self) -> &[ToRecognise] {
        self.node.recogniser.asked()
    }

    /// How the recogniser that listens all the time behaves from now on.
    pub fn set_transcriber(&mut self, transcriber: Transcriber) {
        self.node.agents.transcriber = transcriber;
    }

    /// What pretend servers were told beside sound, one connection after the other: messages of `wit/stream.md`
    /// and `wit/recognise.md`.
    pub fn told_agents(&self) -> Vec<String> {
        self.node.agents.told()
    }

    /// The recordings that were kept, in that order.
    pub fn tapes(&self) -> &[Tape] {
        self.node.tapes.kept()
    }

    /// Virtual time since the beginning.
    pub fn now(&self) -> Duration {
        self.now - self.base
    }

    /// The same of a time of day that the node has told.
    pub fn moment(at: UnixTime) -> Duration {
        let since = |time: UnixTime| Duration::new(time.seconds, time.nanoseconds);
        since(at).saturating_sub(since(BEGINNING))
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

    /// The journals of calls as far as they have come, if the world keeps them.
    pub fn journals(&self) -> &BTreeMap<CallId, Vec<u8>> {
        &self.journals
    }

    /// What is alive in the node's shard.
    pub fn counts(&self) -> Counts {
        self.node.shard.counts()
    }

    /// What the node's shard keeps for legs that are gone: 0, or the shard is wrong.
    pub fn orphans(&self) -> usize {
        self.node.shard.orphans()
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

    /// Lets time pass until nothing is alive any more: no call, instance, port, dialog, transaction or packet. Phones
    /// leave the registrar first.
    ///
    /// # Errors
    /// What is still alive after `limit`.
    pub fn run_to_rest(&mut self, limit: Duration) -> Result<(), Leftover> {
        self.leave_registrar();
        if self.run_until(limit, |world| world.wake_at().is_none() && world.alive().is_none()) {
            return Ok(());
        }
        let alive = self
            .alive()
            .unwrap_or_else(|| format!("a deadline of {}", self.whose_deadline()));
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
        let registrations = self.seats.iter().filter(|seat| seat.phone.registers()).count();
        let alive = [
            ("calls", counts.calls),
            ("instances", counts.instances),
            ("ports in use", counts.ports_in_use),
            ("dialogs", sip.dialogs),
            ("transactions", sip.transactions),
            ("media sessions", sessions),
            ("streams", self.node.agents.len()),
            ("phones in a call", phones),
            ("phones registered", registrations),
            ("legs of identities", self.on_call().unsigned_abs() as usize),
            ("packets under way", self.network.in_flight()),
        ];
        let words: Vec<String> = alive
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Who wants to be woken next although nothing is alive.
    fn whose_deadline(&self) -> String {
        let phones = self.seats.iter().map(|seat| (&*seat.name, seat.phone.wake_at()));
        let all = phones.chain([(NODE, self.node.wake_at()), ("the network", self.network.wake_at())]);
        let next = all.filter_map(|(who, at)| Some((at?, who))).min();
        next.map_or_else(
            || "nobody".to_owned(),
            |(at, who)| format!("{who} in {:?}", at.saturating_duration_since(self.now)),
        )
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
                    let flow = Flow::udp(packet.from);
                    let bytes = &packet.bytes;
                    self.node.shard.handle(
                        self.now,
                        Input::Message {
                            flow,
                            bytes,
                            proven: None,
                        },
                    );
                    self.drain_node();
                }
                Door::Media(session, lane) => {
                    let datagram = Datagram {
                        session,
                        lane,
                        from: packet.from,
                        bytes: &packet.bytes,
                    };
                    self.deliver_media(datagram);
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

    fn deliver_media(&mut self, datagram: Datagram<'_>) {
        let Self {
            node,
            network,
            seats,
            now,
            ..
        } = self;
        node.packet(*now, datagram, &mut |sent| onto_the_line(network, seats, *now, &sent));
    }

    fn tick_node(&mut self) {
        let Self {
            node,
            network,
            seats,
            now,
            ..
        } = self;
        node.tick(*now, &mut |sent| onto_the_line(network, seats, *now, &sent));
        if self.node.shard.wake_at().is_some_and(|at| at <= self.now) {
            self.node.shard.handle(self.now, Input::Deadline);
        }
        self.node.agents.pass(self.now);
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
            } else if let Some(streamed) = self.node.agents.poll() {
                self.streamed(streamed);
            } else if let Some((key, stored)) = self.node.tapes.answer() {
                self.node.shard.handle(self.now, Input::Recorded { key, stored });
            } else if let Some((query, sound)) = self.node.web.answers.due(self.now) {
                self.node.shard.handle(self.now, Input::Spoken { query, sound });
            } else if let Some((query, sound)) = self.node.speaker.answers.due(self.now) {
                self.node.shard.handle(self.now, Input::Spoken { query, sound });
            } else if let Some((query, heard)) = self.node.recogniser.answers.due(self.now) {
                self.node.shard.handle(self.now, Input::Recognised { query, heard });
            } else if !self.serve_due() {
                return;
            }
        }
    }

    fn node_output(&mut self, output: Output) {
        match output {
            Output::Send { to, bytes, .. } => self.node_sends(to.peer, &bytes),
            Output::Resolve { query, uri } => self.resolve(query, &uri),
            // No node of a world judges signatures: there is no web to fetch from.
            Output::FetchCertificate { query, .. } => {
                let file = Err(FetchFailure::Unresolved);
                self.node.shard.handle(self.now, Input::Fetched { query, file });
            }
            // There is no other shard to tell, and nobody who reads ladders.
            Output::Trunk(_) | Output::Message { .. } => {}
            Output::Location(_) | Output::AskPresence { .. } | Output::LeavePresence { .. } | Output::OnCall(_) => {
                self.presence_output(output)
            }
            Output::Media { command, .. } => self.node.command(self.now, command),
            Output::Door(_) => unreachable!("no shard of a world takes browsers"),
            Output::Recording(order) => self.node.tapes.order(order),
            Output::Speak { query, wanted } => self.node.speaker.ask((self.base, self.now), query, wanted),
            Output::FetchSound { query, wanted } => self.node.web.ask(self.now, query, &wanted),
            Output::Recognise { query, wanted } => self.node.recogniser.ask(self.now, query, wanted),
            Output::Store { query, wanted } => self.store(query, &wanted),
            Output::AskWeb { query, wanted } => self.node.servers.ask(self.now, query, wanted),
            Output::LeaveWeb { query } => self.node.servers.leave(query),
            Output::Stream(order) => self.node.agents.order(self.now, order),
            Output::Notice { call, notice } => {
                if let Notice::Started { .. } = notice {
                    self.newest = Some(call);
                }
                let what = describe::notice(call, &notice);
                self.log.push_of_handler(self.now - self.base, &self.node_name, what);
            }
            // What a call's own handler hears of it is enough here.
            Output::Quality { .. } => {}
            Output::Telling(telling) => self.told.tellings.push(*telling),
            Output::Received { key, received } => self.told.received.push((key, received)),
            Output::Limited { tenant, refused, times } => self.told.limited.push((tenant, refused, times)),
            Output::Journal(part) => self.journal(part),
            Output::Record(record) => {
                self.note_node(describe::record(&record));
                self.records.push(*record);
            }
        }
    }

    fn journal(&mut self, part: JournalPart) {
        let journal = self.journals.entry(part.call).or_default();
        assert_eq!(part.at, journal.len() as u64, "parts of a journal come in order");
        journal.extend(part.bytes);
    }

    fn streamed(&mut self, streamed: Streamed) {
        match streamed {
            Streamed::Media(command) => self.node.command(self.now, command),
            Streamed::Signal(key, signal) => self.node.shard.handle(self.now, Input::Stream { key, signal }),
            Streamed::Heard(key, signal) => self.node.shard.handle(self.now, Input::Recognition { key, signal }),
        }
    }

    /// The pretend DNS answers at once.
    fn resolve(&mut self, query: Query, uri: &Uri) {
        let named = self.names.get(&uri.host().to_ascii_lowercase()).copied();
        let port = uri.port().unwrap_or(PHONE_SIP_PORT);
        let literal = uri.ip().map(|ip| SocketAddr::new(ip, port));
        let datagrams = Transport::of_uri(uri) == Some(Transport::Udp);
        let targets = literal.or(named).filter(|_| datagrams);
        let targets: Vec<Target> = targets.map(|at| Flow::udp(at).into()).into_iter().collect();
        self.node.shard.handle(self.now, Input::Resolved { query, targets });
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
        while let Some(output) = self.seats[place].phone.poll() {
            match output {
                phone::Output::Send { lane, to, bytes } => self.phone_sends(place, lane, to, &bytes),
                phone::Output::Heard { line, at, samples } => {
                    self.seats[place].recordings[line.number()].push(at - self.base, &samples);
                }
                phone::Output::Event { line, event } => {
                    let at = self.now - self.base;
                    let seat = &mut self.seats[place];
                    let what = describe::on_line(line, describe::event(&event));
                    self.log.push(at, &seat.name, what);
                    seat.note(at, line, event);
                }
            }
        }
    }

    fn phone_sends(&mut self, place: usize, lane: Lane, to: SocketAddr, bytes: &[u8]) {
        let seat = &self.seats[place];
        let from = match lane {
            Lane::Sip => seat.sip,
            Lane::Rtp => seat.rtp,
            Lane::Rtcp => seat.rtcp,
        };
        let fate: Fate = self.network.send(self.now, seat.to_node, from, to, bytes);
        if lane == Lane::Sip {
            let whom = phone_at(to).and_then(|place| self.seats.get(place));
            let whom = whom.map_or(NODE, |seat| &seat.name);
            let line = describe::start_line(bytes);
            let what = format!("-> {whom:<8} {line}{}", describe::fate(fate));
            self.log.push(self.now - self.base, &seat.name, what);
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

/// Puts a packet of the node on the line to the phone it is for.
fn onto_the_line(network: &mut Network, seats: &[Seat], now: Instant, sent: &Sent<'_>) {
    if let Some(seat) = phone_at(sent.to).and_then(|place| seats.get(place)) {
        network.send(now, seat.from_node, sent.from, sent.to, sent.bytes);
    }
}

/// Which phone has an address.
fn phone_at(to: SocketAddr) -> Option<usize> {
    let IpAddr::V4(address) = to.ip() else { return None };
    Some(u32::from(address).checked_sub(FIRST_PHONE)? as usize).filter(|place| *place < PHONES_MAX)
}

#[cfg(test)]
mod tests;
