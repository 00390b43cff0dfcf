//! A session's two ends of relaying: what it received goes on to another session, and what another received goes out
//! as part of its own stream. Its own keys and prompts come first. Not here: finding the other session.

use super::{Moment, Session};
use crate::codec::Sound;
use crate::noise::Noise;
use crate::out_stream::{Company, EventHead, Placed};
use crate::relay::{Route, recode};
use crate::rtp::HEADER_BYTES;
use crate::srtp::MAX_TRAILER;
use crate::transcoder::Transcoder;
use crate::{
    Codec, MAX_PACKET_BYTES, MAX_RELAYED_BYTES, MAX_RELAYED_MS, RelayContent, RelayHead, RelayKeys, Relayed, SessionId,
    Sink, g711,
};
use std::net::SocketAddr;

/// Bytes of one telephone event; what else a packet holds is not passed on.
pub(super) const EVENT_BYTES: usize = 4;

/// What is relayed to a session in another codec than its own.
#[derive(Debug)]
pub(super) struct Transcoding {
    transcoder: Option<Box<Transcoder>>,
    /// Packets that one of the source becomes.
    pieces: u64,
}

impl Default for Transcoding {
    fn default() -> Self {
        Self {
            transcoder: None,
            pieces: 1,
        }
    }
}

impl Transcoding {
    /// The transcoder between two codecs: made at the first packet, and again only where one of them changes.
    fn between(&mut self, from: Codec, to: Codec) -> &mut Transcoder {
        if !self.transcoder.as_ref().is_some_and(|known| known.is_for(from, to)) {
            self.transcoder = Some(Box::new(Transcoder::new(from, to)));
        }
        self.transcoder.as_mut().expect("it was made just now")
    }
}

/// Whether a payload is short enough to be relayed, and no damaged one.
fn is_relayable(codec: Codec, payload: &[u8]) -> bool {
    let longest = codec.clock() / 1_000 * MAX_RELAYED_MS;
    payload.len() <= MAX_RELAYED_BYTES && codec.ticks(payload).is_some_and(|ticks| ticks <= longest)
}

/// One of the packets that a packet becomes: as if the source had sent as many. How many they are is part of the name of
/// the stream, as numbers mean something else when that changes.
fn piece_of(head: &RelayHead, piece: u64, pieces: u64) -> RelayHead {
    RelayHead {
        number: head.number * pieces + piece,
        stream: head.stream ^ (pieces as u32 - 1) << 24,
        marker: head.marker && piece == 0,
        ..*head
    }
}

/// A duration in units of another clock.
fn scaled(duration: u16, from: u32, to: u32) -> u32 {
    (u64::from(duration) * u64::from(to) / u64::from(from.max(1))) as u32
}

impl Session {
    /// Sends what is received from now on to another session as well, or no longer. The target it had before, if it is
    /// another one now.
    pub(crate) fn relay_to(&mut self, to: Option<SessionId>, keys: RelayKeys) -> Option<Route> {
        let before = self.route;
        let birth = before
            .filter(|route| Some(route.to) == to)
            .and_then(|route| route.birth);
        self.route = to.map(|to| Route { to, keys, birth });
        self.guard_keys();
        before.filter(|route| Some(route.to) != to)
    }

    /// Where its packets go.
    pub(crate) fn route(&self) -> Option<Route> {
        self.route
    }

    /// The target was found in this engine.
    pub(crate) fn bind_route(&mut self, birth: u64) {
        if let Some(route) = self.route.as_mut() {
            route.birth = Some(birth);
        }
    }

    /// What tells this session from an earlier or later one of the same number.
    pub(crate) fn birth(&self) -> u64 {
        self.birth
    }

    /// Another session relays to this one no longer.
    pub(crate) fn release(&mut self, source: SessionId) {
        self.stream.release(source);
        self.comfort = None;
    }

    /// A received packet for the other session, if there is one.
    pub(super) fn pass_on<'a>(
        &mut self,
        number: u64,
        header: crate::rtp::Header,
        content: RelayContent,
        payload: &'a [u8],
    ) -> Option<Relayed<'a>> {
        let route = self.route?;
        // One so old that it may have come before cannot be told from a duplicate.
        if !self.reception.remembers(number) {
            self.counters.relay_dropped += 1;
            return None;
        }
        let (content, payload) = match content {
            RelayContent::Sound(_) if payload.is_empty() => (RelayContent::Nothing, &payload[..0]),
            RelayContent::Sound(codec) if !is_relayable(codec, payload) => {
                self.counters.relay_dropped += 1;
                (RelayContent::Nothing, &payload[..0])
            }
            RelayContent::Sound(codec) if self.keeps_back(codec, payload) => (RelayContent::Hushed(codec), payload),
            RelayContent::Sound(codec) | RelayContent::Hushed(codec) => (RelayContent::Sound(codec), payload),
            RelayContent::Event { .. } if route.keys == RelayKeys::Pass && payload.len() >= EVENT_BYTES => {
                (content, &payload[..EVENT_BYTES])
            }
            RelayContent::Noise(_) => (content, &payload[..0]),
            RelayContent::Event { .. } | RelayContent::Nothing => (RelayContent::Nothing, &payload[..0]),
        };
        let clock = match content {
            RelayContent::Sound(codec) | RelayContent::Hushed(codec) => codec.clock(),
            _ => self.reception.clock().unwrap_or(self.plan.codec.clock()),
        };
        let head = RelayHead {
            from: self.id,
            stream: self.counters.restarts as u32,
            number,
            timestamp: self.reception.unwrapped(header.timestamp),
            clock,
            marker: header.marker,
            content,
        };
        Some(Relayed { head, payload })
    }

    /// Takes a packet another session received and sends it on at once, if that may be.
    pub(crate) fn take_relayed(&mut self, moment: Moment, relayed: &Relayed<'_>, sink: &mut impl Sink) {
        let content = relayed.head.content;
        let Some(address) = self.send_address() else {
            self.stream.pause();
            let heard = !matches!(content, RelayContent::Nothing | RelayContent::Noise(_));
            self.counters.relay_dropped += u64::from(heard);
            return;
        };
        let head = relayed.head.at_clock(self.stream.hertz());
        let relayed = &Relayed { head, ..*relayed };
        if let RelayContent::Noise(level) = content {
            self.comfort = Some(Noise::at(level, self.random.next()));
        } else if let RelayContent::Sound(_) | RelayContent::Hushed(_) = content {
            self.comfort = None;
        }
        let sent = match content {
            RelayContent::Nothing | RelayContent::Noise(_) => {
                let pieces = self.transcoding.pieces;
                return (0..pieces).for_each(|piece| self.stream.skip(&piece_of(&head, piece, pieces)));
            }
            RelayContent::Sound(codec) | RelayContent::Hushed(codec) => {
                self.relayed_sound(moment, relayed, codec, address, sink)
            }
            RelayContent::Event { clock } => self.relayed_event(moment, relayed, clock, address, sink),
        };
        match sent {
            Some(()) => self.counters.relayed += 1,
            None => self.counters.relay_dropped += 1,
        }
    }

    /// Passes a payload on as it is, or in the other law of G.711; between other codecs it is coded anew.
    fn relayed_sound(
        &mut self,
        moment: Moment,
        relayed: &Relayed<'_>,
        codec: crate::Codec,
        address: SocketAddr,
        sink: &mut impl Sink,
    ) -> Option<()> {
        if self.plays() || self.sends_keys() {
            return None;
        }
        if !is_relayable(codec, relayed.payload) {
            return None;
        }
        self.flush(address, sink);
        let ours = self.plan.codec;
        let laws = codec.law().zip(ours.law());
        let hushed = matches!(relayed.head.content, RelayContent::Hushed(_));
        if laws.is_none() && (codec != ours || hushed) {
            return self.transcoded_sound(moment, relayed, codec, address, sink);
        }
        self.transcoding.pieces = 1;
        let length = ours.ticks(relayed.payload)?;
        let placed = self.stream.place_sound(moment.now, &relayed.head, length)?;
        if ours.rests(relayed.payload) {
            self.stream.source_rests(moment.now);
        }
        let mut packet = [0; HEADER_BYTES + MAX_RELAYED_BYTES];
        let packet = &mut packet[..HEADER_BYTES + relayed.payload.len()];
        match laws {
            Some((_, to)) if hushed => packet[HEADER_BYTES..].fill(g711::silence(to)),
            Some((from, to)) if from != to => recode(to, relayed.payload, &mut packet[HEADER_BYTES..]),
            _ => packet[HEADER_BYTES..].copy_from_slice(relayed.payload),
        }
        self.send_rtp(placed, self.plan.payload_type, packet, address, sink);
        Some(())
    }

    /// Codes a payload anew.
    fn transcoded_sound(
        &mut self,
        moment: Moment,
        relayed: &Relayed<'_>,
        codec: Codec,
        address: SocketAddr,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let ours = self.plan.codec;
        let mut sound = Sound::new();
        let pieces =
            self.transcoding
                .between(codec, ours)
                .decode(relayed.payload, self.plan.packets.most_ms, &mut sound)?;
        self.transcoding.pieces = pieces as u64;
        if let RelayContent::Hushed(_) = relayed.head.content {
            sound.hush();
        }
        let samples = sound.samples();
        let each = samples.len() / pieces;
        let length = (each as u64 * u64::from(ours.clock()) / u64::from(ours.rate().hertz())) as u32;
        let mut sent = None;
        for (piece, samples) in samples.chunks_exact(each).enumerate() {
            let mut head = piece_of(&relayed.head, piece as u64, pieces as u64);
            head.timestamp += piece as u64 * u64::from(length);
            let Some(placed) = self.stream.place_sound(moment.now, &head, length) else {
                continue;
            };
            let mut packet = [0; MAX_PACKET_BYTES];
            let bytes = self.encoder.encode(samples, &mut packet[HEADER_BYTES..]);
            if bytes > 0 {
                let packet = &mut packet[..HEADER_BYTES + bytes];
                self.send_rtp(placed, self.plan.payload_type, packet, address, sink);
            }
            sent = Some(());
        }
        sent
    }

    fn relayed_event(
        &mut self,
        moment: Moment,
        relayed: &Relayed<'_>,
        clock: u32,
        address: SocketAddr,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let pieces = self.transcoding.pieces;
        for piece in 1..pieces {
            self.stream.skip(&piece_of(&relayed.head, piece, pieces));
        }
        let head = &piece_of(&relayed.head, 0, pieces);
        let (Some(events), Some(event)) = (self.plan.telephone_event, relayed.payload.first_chunk::<EVENT_BYTES>())
        else {
            self.stream.skip(head);
            return None;
        };
        if self.keys_out.busy() {
            self.stream.cut_event(head);
            return None;
        }
        self.flush(address, sink);
        let company = if self.plays() {
            Company::OwnSound
        } else {
            Company::Alone
        };
        let duration = u16::from_be_bytes([event[2], event[3]]);
        let hertz = self.stream.hertz();
        let event_head = EventHead {
            code: event[0],
            ended: event[1] & 0x80 != 0,
            duration: scaled(duration, clock, hertz),
            longest: scaled(u16::MAX, clock, hertz),
            company,
        };
        let placed = self.stream.place_event(moment.now, head, event_head)?;
        let told = scaled(duration, clock, events.clock).min(u32::from(u16::MAX)) as u16;
        let mut packet = [0; HEADER_BYTES + EVENT_BYTES];
        packet[HEADER_BYTES..].copy_from_slice(event);
        packet[HEADER_BYTES + 2..].copy_from_slice(&told.to_be_bytes());
        self.send_rtp(placed, events.payload_type, &mut packet, address, sink);
        Some(())
    }

    /// Completes a packet whose payload is in its place, and sends it.
    pub(super) fn send_rtp(
        &mut self,
        placed: Placed,
        payload_type: u8,
        packet: &mut [u8],
        address: SocketAddr,
        sink: &mut impl Sink,
    ) {
        let header = crate::rtp::Header {
            marker: placed.marker,
            payload_type,
            sequence: placed.sequence,
            timestamp: placed.timestamp,
            ssrc: self.stream.ssrc,
        };
        packet[..HEADER_BYTES].copy_from_slice(&header.bytes());
        self.counters.packets_out += 1;
        self.counters.bytes_out += (packet.len() - HEADER_BYTES) as u64;
        let Some(srtp) = self.srtp.as_mut() else {
            return sink.send(self.id, crate::Lane::Rtp, address, packet);
        };
        let mut protected = [0; MAX_PACKET_BYTES + MAX_TRAILER];
        protected[..packet.len()].copy_from_slice(packet);
        let length = srtp.protect_rtp(&mut protected, packet.len());
        sink.send(self.id, crate::Lane::Rtp, address, &protected[..length]);
    }
}
