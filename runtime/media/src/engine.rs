//! The engine: many sessions, found by number, ticked by phase. What a session does is in `session`.

use crate::{Command, Config, Counters, PHASES, Report, SessionId};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

/// Which of a session's two flows a datagram belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Sound and keys.
    Rtp,
    /// Reports about them.
    Rtcp,
}

/// Where an engine's ticks put what they make.
pub trait Sink {
    /// A datagram to be sent from a session's RTP or RTCP port.
    fn send(&mut self, session: SessionId, lane: Lane, to: SocketAddr, packet: &[u8]);
    /// 160 samples a listened-to session received, or silence; once each tick.
    fn heard(&mut self, session: SessionId, samples: &[i16]);
}

/// What an engine counted beside its sessions' own counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Datagrams for a session that is not open.
    pub stray_packets: u64,
    /// Commands for a session that is not open.
    pub ignored_commands: u64,
    /// Commands refused.
    pub refused_commands: u64,
    /// Reports dropped because nobody took them; 0 as long as the rule of use is kept.
    pub dropped_reports: u64,
}

/// All media sessions of one thread, or of one simulated node.
#[derive(Debug)]
pub struct Engine {
    ids: [Vec<SessionId>; PHASES],
    reports: VecDeque<Report>,
}

impl Engine {
    /// An empty engine. The seed decides every number that must be hard to guess: from a real random source in
    /// production.
    pub fn new(config: Config, seed: u64) -> Self {
        let _ = (config, seed);
        Self { ids: Default::default(), reports: VecDeque::new() }
    }

    /// Carries out a command.
    pub fn command(&mut self, now: Instant, command: Command) {
        let _ = (now, command);
    }

    /// Takes a datagram that arrived on one of a session's ports.
    pub fn packet(&mut self, now: Instant, session: SessionId, lane: Lane, from: SocketAddr, bytes: &[u8]) {
        let _ = (now, session, lane, from, bytes);
    }

    /// The sessions of a phase (0 to 3), in ascending order.
    pub fn sessions(&self, phase: usize) -> &[SessionId] {
        &self.ids[phase % PHASES]
    }

    /// Lets 20 ms pass for the sessions of a phase: each sends at most one RTP packet, and RTCP when it is due.
    pub fn tick(&mut self, now: Instant, phase: usize, sink: &mut impl Sink) {
        let _ = (now, phase, sink);
    }

    /// The next thing that happened.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// What a session counted so far; none if it is not open.
    pub fn counters(&self, session: SessionId) -> Option<Counters> {
        let _ = session;
        None
    }

    /// What the engine counted beside its sessions.
    pub fn totals(&self) -> Totals {
        Totals::default()
    }
}
