//! The node of a world: the production's shard and a media engine, with port numbers instead of sockets and slices of
//! virtual time instead of a media thread.

use super::agents::Agents;
use super::listener::Recogniser;
use super::presence::Presence;
use super::servers::Servers;
use super::setup::Setup;
use super::shelf::Shelf;
use super::tapes::Tapes;
use super::voice::Speaker;
use super::web::Web;
use patchcord_media::{
    Command, Config as MediaConfig, Datagram, Engine, Lane, PHASES, Relayed, Report, SessionId, Sink, TapTaken, Tapped,
};
use patchcord_switch::stream::STREAM_CHANNEL;
use patchcord_switch::{Input, MediaPort, Output, Shard};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// The node's address (RFC 5737).
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// Its SIP port.
const SIP_PORT: u16 = 5060;
/// The first RTP port; session n has this plus 2n, and RTCP the next.
const FIRST_PORT: u16 = 20_000;
/// Port pairs a node can have.
pub(super) const PORTS_MAX: usize = 20_000;
/// A media thread's slice: each ticks the sessions of one phase.
const SLICE: Duration = Duration::from_millis(5);

pub(super) struct Node {
    pub(super) shard: Shard,
    pub(super) engine: Engine,
    pub(super) tapes: Tapes,
    pub(super) speaker: Speaker,
    pub(super) web: Web,
    pub(super) recogniser: Recogniser,
    pub(super) shelf: Shelf,
    pub(super) servers: Servers,
    pub(super) agents: Agents,
    pub(super) presence: Presence,
    base: Instant,
    /// The first slice that has not run.
    next_slice: u64,
}

/// Where a packet to the node goes.
pub(super) enum Door {
    Sip,
    Media(SessionId, Lane),
    None,
}

/// A packet of the node: its port, its receiver, its payload.
pub(super) struct Sent<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) bytes: &'a [u8],
}

impl Node {
    pub(super) fn new(setup: &Setup) -> Self {
        let (base, seed, ports) = (setup.base, setup.seed, setup.ports.min(PORTS_MAX));
        let agents = Agents::new(&setup.agents);
        let config = setup.node(agents.allowed());
        let mut shard = Shard::new(base, config).expect("the gate and trunks of a test are right");
        let pairs = (0..ports as u32).map(|number| MediaPort {
            session: SessionId(number),
            thread: 0,
            port: FIRST_PORT + 2 * number as u16,
        });
        shard.handle(base, Input::Ports(pairs.collect()));
        let engine = Engine::new(
            MediaConfig {
                max_sessions: ports.max(1),
                ..MediaConfig::default()
            },
            seed,
        );
        Self {
            shard,
            engine,
            tapes: Tapes::default(),
            speaker: Speaker::default(),
            web: Web::default(),
            recogniser: Recogniser::default(),
            shelf: Shelf::default(),
            servers: Servers::default(),
            agents,
            presence: Presence::default(),
            base,
            next_slice: 0,
        }
    }

    pub(super) fn sip_address() -> SocketAddr {
        SocketAddr::new(ADDRESS, SIP_PORT)
    }

    pub(super) fn media_address() -> IpAddr {
        ADDRESS
    }

    pub(super) fn door(to: SocketAddr) -> Door {
        match to.port() {
            _ if to.ip() != ADDRESS => Door::None,
            SIP_PORT => Door::Sip,
            port if port >= FIRST_PORT => {
                let number = u32::from(port - FIRST_PORT);
                let lane = if number % 2 == 0 { Lane::Rtp } else { Lane::Rtcp };
                Door::Media(SessionId(number / 2), lane)
            }
            _ => Door::None,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        let tick = self.next_tick().map(|slice| self.moment(slice));
        let answers = [
            self.speaker.answers.wake_at(),
            self.recogniser.answers.wake_at(),
            self.web.answers.wake_at(),
            self.shelf.answers.wake_at(),
            self.servers.answers.wake_at(),
            self.agents.wake_at(),
            self.presence.wake_at(),
        ];
        let answer = answers.into_iter().flatten().min();
        [self.shard.wake_at(), tick, answer].into_iter().flatten().min()
    }

    /// Gives the engine a command.
    pub(super) fn command(&mut self, now: Instant, command: Command) {
        // After a time without sessions the slices of that time are not made up for.
        let reached = (now - self.base).as_nanos().div_ceil(SLICE.as_nanos()) as u64;
        self.next_slice = self.next_slice.max(reached);
        self.engine.command(now, command);
    }

    /// Gives the engine a packet; what it relays of it goes to `send`.
    pub(super) fn packet(&mut self, now: Instant, datagram: Datagram<'_>, send: &mut impl FnMut(Sent<'_>)) {
        let (tapes, agents) = (&mut self.tapes, &mut self.agents);
        let mut sink = Sender {
            send,
            tapes,
            agents,
            now,
        };
        self.engine.packet(now, datagram, &mut sink);
    }

    /// Runs the slices that are due; what the sessions send goes to `send`.
    pub(super) fn tick(&mut self, now: Instant, send: &mut impl FnMut(Sent<'_>)) {
        while let Some(slice) = self.next_tick() {
            let at = self.moment(slice);
            if at > now {
                return;
            }
            self.next_slice = slice + 1;
            let mut sink = Sender {
                send,
                tapes: &mut self.tapes,
                agents: &mut self.agents,
                now,
            };
            self.engine.tick(at, phase(slice), &mut sink);
        }
    }

    /// The next thing the engine says.
    pub(super) fn report(&mut self) -> Option<Report> {
        self.engine.poll_report()
    }

    /// The next thing the shard wants.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.shard.poll()
    }

    /// The next slice in which a session ticks; slices without sessions are skipped.
    fn next_tick(&self) -> Option<u64> {
        (self.next_slice..self.next_slice + PHASES as u64).find(|slice| !self.engine.sessions(phase(*slice)).is_empty())
    }

    fn moment(&self, slice: u64) -> Instant {
        self.base + Duration::from_nanos(SLICE.as_nanos() as u64 * slice)
    }
}

fn phase(slice: u64) -> usize {
    (slice % PHASES as u64) as usize
}

struct Sender<'a, F> {
    send: &'a mut F,
    tapes: &'a mut Tapes,
    agents: &'a mut Agents,
    now: Instant,
}

impl<F: FnMut(Sent<'_>)> Sink for Sender<'_, F> {
    fn send(&mut self, session: SessionId, lane: Lane, to: SocketAddr, packet: &[u8]) {
        let port = FIRST_PORT + 2 * session.0 as u16 + u16::from(lane == Lane::Rtcp);
        (self.send)(Sent {
            from: SocketAddr::new(ADDRESS, port),
            to,
            bytes: packet,
        });
    }

    // The node has one engine: a session that is not in it has closed.
    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}

    // The node takes what it hears by taps.
    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn tapped(&mut self, _: SessionId, tapped: &Tapped<'_>) -> TapTaken {
        if tapped.tap.channel != STREAM_CHANNEL {
            return self.tapes.tapped(tapped);
        }
        self.agents.tapped(self.now, tapped);
        TapTaken::Yes
    }
}
