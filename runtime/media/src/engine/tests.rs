//! Whole sessions: what goes out, what comes in, and what strangers can do (nothing). Each file is one topic.

mod clamping;
mod codecs;
mod detecting;
mod keys;
mod network;
mod packet_times;
mod playing;
mod protected;
mod relaying;
mod rooms;
mod sessions;
mod speaking;

use super::*;
use crate::rtp::{self, Header};
use crate::{
    Clip, Codec, Flow, Law, OpusOptions, PacketTimes, PlayEnd, PlayId, Prompt, RelayHead, Segment, StopOnKey,
    TelephoneEvent,
};
use std::sync::Arc;

const SESSION: SessionId = SessionId(4);
const EVENT: u8 = 101;

/// An engine with a time, and what it sent and let hear.
struct Bench {
    engine: Engine,
    now: Instant,
    sink: Kept,
    reports: Vec<Report>,
}

#[derive(Default)]
struct Kept {
    sent: Vec<Sent>,
    heard: Vec<i16>,
    relayed: Vec<(SessionId, RelayHead, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sent {
    session: SessionId,
    lane: Lane,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Sink for Kept {
    fn send(&mut self, session: SessionId, lane: Lane, to: SocketAddr, packet: &[u8]) {
        self.sent.push(Sent {
            session,
            lane,
            to,
            bytes: packet.to_vec(),
        });
    }

    fn heard(&mut self, _: SessionId, samples: &[i16]) {
        assert_eq!(samples.len(), 160);
        self.heard.extend_from_slice(samples);
    }

    fn relay(&mut self, to: SessionId, relayed: &Relayed<'_>) {
        self.relayed.push((to, relayed.head, relayed.payload.to_vec()));
    }
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn remote() -> SocketAddr {
    at("192.0.2.7:4000")
}

fn plan() -> Plan {
    Plan {
        remote: remote(),
        remote_rtcp: at("192.0.2.7:4001"),
        codec: Codec::Pcmu,
        payload_type: 0,
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        telephone_event: Some(TelephoneEvent::new(EVENT)),
        flow: Flow::SendRecv,
        timeout: None,
    }
}

impl Bench {
    /// With one open session.
    fn new() -> Bench {
        let mut bench = Bench::empty(Config::default());
        bench.command(Command::Open {
            session: SESSION,
            plan: plan(),
        });
        bench
    }

    fn empty(config: Config) -> Bench {
        let (engine, sink) = (Engine::new(config, 1), Kept::default());
        Bench {
            engine,
            now: Instant::now(),
            sink,
            reports: Vec::new(),
        }
    }

    fn command(&mut self, command: Command) {
        self.engine.command(self.now, command);
        self.drain();
    }

    fn tick(&mut self) {
        for phase in 0..PHASES {
            self.engine.tick(self.now, phase, &mut self.sink);
        }
        self.now += crate::FRAME;
        self.drain();
    }

    fn ticks(&mut self, count: usize) {
        (0..count).for_each(|_| self.tick());
    }

    /// Takes what is reported; how it goes is reported every few seconds, and in the way of everything else.
    fn drain(&mut self) {
        let reports = std::iter::from_fn(|| self.engine.poll_report());
        self.reports
            .extend(reports.filter(|report| !matches!(report, Report::Quality { .. })));
    }

    fn receive(&mut self, lane: Lane, from: SocketAddr, bytes: &[u8]) {
        self.packet(SESSION, lane, from, bytes);
    }

    fn packet(&mut self, session: SessionId, lane: Lane, from: SocketAddr, bytes: &[u8]) {
        let datagram = Datagram {
            session,
            lane,
            from,
            bytes,
        };
        self.engine.packet(self.now, datagram, &mut self.sink);
        self.drain();
    }

    /// Sound number `sequence` of a stream.
    fn sound(&mut self, from: SocketAddr, sequence: u16, payload: &[u8]) {
        let timestamp = u32::from(sequence) * 160;
        self.receive(Lane::Rtp, from, &packet(0, sequence, timestamp, 77, payload));
    }

    fn event(&mut self, sequence: u16, timestamp: u32, event: u8, flags: u8, duration: u16) {
        let [high, low] = duration.to_be_bytes();
        self.receive(
            Lane::Rtp,
            remote(),
            &packet(EVENT, sequence, timestamp, 77, &[event, flags, high, low]),
        );
    }

    fn play(&mut self, play: u32, segments: Vec<Segment>, times: u16, stop_on_key: StopOnKey) {
        let prompt = Prompt { segments, times };
        self.command(Command::Play {
            session: SESSION,
            play: PlayId(play),
            prompt,
            stop_on_key,
        });
    }

    fn counters(&self) -> Counters {
        self.engine.counters(SESSION).expect("the session is open")
    }

    /// RTP sent, parsed.
    fn rtp(&self) -> Vec<rtp::Packet<'_>> {
        let rtp = self.sink.sent.iter().filter(|sent| sent.lane == Lane::Rtp);
        rtp.map(|sent| rtp::parse(&sent.bytes).expect("we send RTP")).collect()
    }

    fn ended(&self) -> Vec<(u32, u64, PlayEnd)> {
        let ended = self.reports.iter().filter_map(|report| match report {
            Report::PlayEnded { play, played, why, .. } => Some((play.0, played.as_millis() as u64, *why)),
            _ => None,
        });
        ended.collect()
    }

    fn keys(&self) -> Vec<u8> {
        let keys = self.reports.iter().filter_map(|report| match report {
            Report::Key { event, .. } => Some(*event),
            _ => None,
        });
        keys.collect()
    }
}

fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        marker: false,
        payload_type,
        sequence,
        timestamp,
        ssrc,
    };
    [&header.bytes()[..], payload].concat()
}

fn clip(samples: usize) -> Segment {
    Segment::Clip(Arc::new(Clip::from_samples(&vec![4_000; samples])))
}
