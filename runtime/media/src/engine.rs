//! The engine: many sessions, found by number, ticked by phase. What a session does is in `session`.

use crate::mixer::Way;
use crate::random::Random;
use crate::reports::Reports;
use crate::room::Rooms;
use crate::session::{Distance, Moment, Onward, Session};
use crate::{
    Command, Config, Counters, MAX_PACKET_BYTES, PHASES, Plan, Refusal, RelayKeys, Relayed, Report, RoomFrame,
    SessionId, TapTaken, Tapped,
};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Which of a session's two flows a datagram belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Sound and keys.
    Rtp,
    /// Reports about them.
    Rtcp,
}

/// What arrived on one of a session's ports. It has no `Debug`: addresses and sound are not for logs.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    /// Whose port.
    pub session: SessionId,
    /// Which of its ports.
    pub lane: Lane,
    /// Who sent it.
    pub from: SocketAddr,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// Where an engine puts what its ticks make and what it relays.
pub trait Sink {
    /// A datagram to be sent from a session's RTP or RTCP port.
    fn send(&mut self, session: SessionId, lane: Lane, to: SocketAddr, packet: &[u8]);
    /// 160 samples a listened-to session received, or silence; once each tick.
    fn heard(&mut self, session: SessionId, samples: &[i16]);
    /// 20 ms of a tap, also while it is paused with silence; see [`Command::Tap`]. A sink without a place for it ends the
    /// tap.
    fn tapped(&mut self, _session: SessionId, _tapped: &Tapped<'_>) -> TapTaken {
        TapTaken::Dropped
    }
    /// A packet for a session that is not in this engine: [`Engine::relayed`] of the engine that has it takes it. One
    /// that cannot be handed over is lost like one that the network lost.
    fn relay(&mut self, to: SessionId, relayed: &Relayed<'_>);
    /// 20 ms for a room, or for a session, that is not in this engine: [`Engine::room_frame`] of the engine that has it
    /// takes them. What cannot be handed over is lost.
    fn room_frame(&mut self, _frame: &RoomFrame<'_>) {}
}

/// What an engine counted beside its sessions' own counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Datagrams for a session that is not open.
    pub stray_packets: u64,
    /// Relayed packets, and frames of rooms, from another engine for a session or room that is not open.
    pub stray_relayed: u64,
    /// Commands for a session or a room that is not open.
    pub ignored_commands: u64,
    /// Commands refused.
    pub refused_commands: u64,
    /// Reports dropped because nobody took them; 0 as long as the rule of use is kept.
    pub dropped_reports: u64,
}

/// All media sessions of one thread, or of one simulated node.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    seeds: Random,
    started: Option<Instant>,
    /// In each phase the numbers in ascending order, and the sessions in the same order.
    ids: [Vec<SessionId>; PHASES],
    #[expect(
        clippy::vec_box,
        reason = "opening and closing move the sessions after it: pointers, not most of a kilobyte"
    )]
    sessions: [Vec<Box<Session>>; PHASES],
    rooms: Rooms,
    reports: Reports,
    totals: Totals,
}

impl Engine {
    /// An empty engine. The seed decides the identifiers and the spreading of reports in time: two engines that talk to
    /// each other want different ones.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            reports: Reports::new(config.max_sessions),
            config,
            seeds: Random::new(seed),
            started: None,
            ids: Default::default(),
            sessions: Default::default(),
            rooms: Rooms::default(),
            totals: Totals::default(),
        }
    }

    /// Carries out a command.
    pub fn command(&mut self, now: Instant, command: Command) {
        self.started.get_or_insert(now);
        let session = command.session();
        if let Command::Open { plan, .. } = command {
            return self.open(now, session, plan);
        }
        if let Command::Relay { to, keys, .. } = command {
            return self.relay(session, to, keys);
        }
        if let Command::Room { room, order } = command {
            let most = self.config.max_sessions;
            let known = self.rooms.order(room, order, most, &mut self.reports);
            self.totals.ignored_commands += u64::from(!known);
            return;
        }
        let found = self.place(session).map(|(phase, at)| &mut *self.sessions[phase][at]);
        let Some(open) = found.filter(|open| !open.closing()) else {
            self.totals.ignored_commands += 1;
            return;
        };
        let reports = &mut self.reports;
        match command {
            Command::Open { .. } | Command::Relay { .. } | Command::Room { .. } => {
                unreachable!("they were handled above")
            }
            Command::Update { plan, .. } => open.update(now, plan),
            Command::Play {
                play,
                prompt,
                stop_on_key,
                ..
            } => open.play(play, prompt, stop_on_key, reports),
            Command::ChangePlay { play, change, .. } => open.change_play(play, change),
            Command::Stop { play, .. } => open.stop(play, reports),
            Command::SendKeys { keys, .. } => {
                if let Err(why) = open.send_keys(keys) {
                    self.refuse(session, why);
                }
            }
            Command::Listen { listening, .. } => open.listen(listening),
            Command::Detect { options, .. } => {
                if let Err(why) = open.detect(now, options, reports) {
                    self.refuse(session, why);
                }
            }
            Command::Tap { tap, order, .. } => open.tap(tap, order, reports),
            Command::Ear { ear, order, .. } => {
                if let Err(why) = open.ear(ear, order) {
                    self.refuse(session, why);
                }
            }
            Command::Live { live, order, .. } => open.live(live, order, reports),
            Command::Join { joined, .. } => open.join(joined),
            Command::Close { .. } => open.close(now, reports),
        }
    }

    /// Takes a datagram. What of it is relayed leaves through the sink before this returns.
    pub fn packet(&mut self, now: Instant, datagram: Datagram<'_>, sink: &mut impl Sink) {
        let moment = self.moment(now);
        let session = datagram.session;
        let found = self.place(session).map(|(phase, at)| &mut *self.sessions[phase][at]);
        // Only what is protected is copied.
        let mut readable;
        let onward = match found.filter(|open| !open.closing()) {
            Some(open) => {
                let datagram = if open.protected() {
                    readable = [0; MAX_PACKET_BYTES];
                    open.unprotect(datagram, &mut readable)
                } else {
                    Some(datagram)
                };
                datagram.and_then(|datagram| open.packet(moment, datagram, &mut self.reports))
            }
            None => {
                self.totals.stray_packets += 1;
                None
            }
        };
        if let Some(onward) = onward {
            self.hand_on(moment, session, onward, sink);
        }
    }

    /// Takes what a session of another engine relays to one of this; see [`Sink::relay`].
    pub fn relayed(&mut self, now: Instant, to: SessionId, relayed: &Relayed<'_>, sink: &mut impl Sink) {
        let moment = self.moment(now);
        let found = self.place(to).map(|(phase, at)| &mut *self.sessions[phase][at]);
        match found.filter(|open| !open.closing()) {
            Some(open) => open.take_relayed(moment, relayed, sink),
            None => self.totals.stray_relayed += 1,
        }
    }

    /// The sessions of a phase (0 to 3), in ascending order; closing ones included.
    ///
    /// # Panics
    /// For a phase of [`PHASES`] or above.
    pub fn sessions(&self, phase: usize) -> &[SessionId] {
        &self.ids[phase]
    }

    /// Lets 20 ms pass for the sessions of a phase (0 to 3): each sends the RTP packets that are full with it, and RTCP when
    /// it is due.
    /// Ticks that tremble, or come a little late, do not shift what is sent; one more than 60 ms late leaves a hole of
    /// as many frames; ticks in a burst beyond the time do nothing.
    ///
    /// # Panics
    /// For a phase of [`PHASES`] or above.
    pub fn tick(&mut self, now: Instant, phase: usize, sink: &mut impl Sink) {
        let moment = self.moment(now);
        let mut closed = 0;
        for session in &mut self.sessions[phase] {
            closed += usize::from(session.closing());
            session.tick(moment, sink, &mut self.reports, &mut self.rooms);
        }
        if closed > 0 {
            let mut stays = self.sessions[phase].iter().map(|session| !session.closing());
            self.ids[phase].retain(|_| stays.next().expect("as many sessions as numbers"));
            self.sessions[phase].retain(|session| !session.closing());
        }
        self.mix_rooms(now, phase, sink);
    }

    /// Lets 20 ms pass for the rooms of a phase, and gives every seat what it hears.
    fn mix_rooms<S: Sink>(&mut self, now: Instant, phase: usize, sink: &mut S) {
        let Self {
            rooms,
            ids,
            sessions,
            reports,
            ..
        } = self;
        rooms.tick(now, phase, (sink, reports), |frame, sink| {
            let phase = phase_of(frame.session);
            match ids[phase].binary_search(&frame.session) {
                Ok(at) => sessions[phase][at].hear_room(frame.room, frame.samples, Distance::Nearby),
                Err(_) => sink.room_frame(frame),
            }
        });
    }

    /// Takes 20 ms that another engine has for a room or a session of this; see [`Sink::room_frame`].
    pub fn room_frame(&mut self, frame: &RoomFrame<'_>) {
        let taken = match frame.way {
            Way::ToRoom => self.rooms.say_from_afar(frame.room, frame.session, frame.samples),
            Way::FromRoom => match self.place(frame.session) {
                Some((phase, at)) => {
                    self.sessions[phase][at].hear_room(frame.room, frame.samples, Distance::Far);
                    true
                }
                None => false,
            },
        };
        self.totals.stray_relayed += u64::from(!taken);
    }

    /// The next thing that happened.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.reports.take()
    }

    /// What a session counted so far; none if it is not open.
    pub fn counters(&self, session: SessionId) -> Option<Counters> {
        self.place(session)
            .map(|(phase, at)| self.sessions[phase][at].counters())
    }

    /// What the engine counted beside its sessions.
    pub fn totals(&self) -> Totals {
        Totals {
            dropped_reports: self.reports.dropped(),
            ..self.totals
        }
    }

    fn open(&mut self, now: Instant, session: SessionId, plan: Plan) {
        let phase = phase_of(session);
        let Err(at) = self.ids[phase].binary_search(&session) else {
            return self.refuse(session, Refusal::InUse);
        };
        if self.ids.iter().map(Vec::len).sum::<usize>() >= self.config.max_sessions {
            return self.refuse(session, Refusal::Full);
        }
        let seed = self.seeds.next();
        self.ids[phase].insert(at, session);
        self.sessions[phase].insert(at, Box::new(Session::new(session, plan, &self.config, now, seed)));
    }

    /// Changes where a session relays to, and lets go of the target it had.
    fn relay(&mut self, session: SessionId, to: Option<SessionId>, keys: RelayKeys) {
        let found = self.place(session).map(|(phase, at)| &mut *self.sessions[phase][at]);
        let Some(open) = found.filter(|open| !open.closing()) else {
            self.totals.ignored_commands += 1;
            return;
        };
        let before = open.relay_to(to, keys).and_then(|route| self.place(route.to));
        if let Some((phase, at)) = before {
            self.sessions[phase][at].release(session);
        }
    }

    /// Hands a received packet to the session it is relayed to, or ends the relaying if that one has closed.
    fn hand_on(&mut self, moment: Moment, from: SessionId, (route, relayed): Onward<'_>, sink: &mut impl Sink) {
        let target = self.place(route.to).map(|(phase, at)| &mut *self.sessions[phase][at]);
        let birth = match target {
            None if route.birth.is_none() => return sink.relay(route.to, &relayed),
            Some(target) if !target.closing() && route.birth.is_none_or(|birth| birth == target.birth()) => {
                target.take_relayed(moment, &relayed, sink);
                Some(target.birth())
            }
            _ => None,
        };
        if birth.is_some() && route.birth.is_some() {
            return;
        }
        let (phase, at) = self.place(from).expect("it received the packet just now");
        let source = &mut self.sessions[phase][at];
        match birth {
            Some(birth) => source.bind_route(birth),
            None => drop(source.relay_to(None, route.keys)),
        }
    }

    fn refuse(&mut self, session: SessionId, why: Refusal) {
        self.totals.refused_commands += 1;
        self.reports.push(Report::Refused { session, why });
    }

    fn place(&self, session: SessionId) -> Option<(usize, usize)> {
        let phase = phase_of(session);
        self.ids[phase].binary_search(&session).ok().map(|at| (phase, at))
    }

    fn moment(&self, now: Instant) -> Moment {
        let since_start = self
            .started
            .map_or(Duration::ZERO, |started| now.saturating_duration_since(started));
        Moment { now, since_start }
    }
}

fn phase_of(session: SessionId) -> usize {
    session.0 as usize % PHASES
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
mod tests;
