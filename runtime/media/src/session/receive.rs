//! What a session receives: RTP and RTCP, counted, sorted into keys and sound. Nothing in a packet is trusted, and one
//! from the wrong place or of the wrong shape has no effect but a count.

use super::{Moment, Session, Silence};
use crate::hearing::Incoming;
use crate::jitter::Placed;
use crate::keys_in::Event;
use crate::noise::{self, Noise};
use crate::reception::Arrival;
use crate::relay::Route;
use crate::reports::Reports;
use crate::rtp::{self, Packet};
use crate::{Codec, Datagram, Lane, MAX_PACKET_BYTES, RelayContent, Relayed, rtcp, rtcp_clock};
use std::net::SocketAddr;

/// Payload types that mean this where nothing else was agreed on (RFC 3551).
const STATIC_PCMU: u8 = 0;
const STATIC_PCMA: u8 = 8;
const STATIC_G722: u8 = 9;
/// Comfort noise (RFC 3389).
const STATIC_COMFORT_NOISE: u8 = 13;

/// A packet for another session, and where that is.
pub(crate) type Onward<'a> = (Route, Relayed<'a>);

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sound(Codec),
    Event { clock: u32 },
    ComfortNoise,
    Unknown,
}

impl Session {
    /// Whether its packets are protected.
    pub(crate) fn protected(&self) -> bool {
        self.srtp.is_some()
    }

    /// Makes a datagram of a protected session readable; none for one that is not authentic.
    pub(crate) fn unprotect<'a>(
        &mut self,
        datagram: Datagram<'a>,
        readable: &'a mut [u8; MAX_PACKET_BYTES],
    ) -> Option<Datagram<'a>> {
        let srtp = self.srtp.as_mut()?;
        let Some(copy) = readable.get_mut(..datagram.bytes.len()) else {
            self.counters.malformed += 1;
            return None;
        };
        copy.copy_from_slice(datagram.bytes);
        let rtcp = datagram.lane == Lane::Rtcp || (self.source.shares_port() && rtp::looks_like_rtcp(copy));
        let length = if rtcp {
            srtp.unprotect_rtcp(copy)
        } else {
            srtp.unprotect_rtp(copy)
        };
        let Some(length) = length else {
            self.counters.unauthentic += 1;
            return None;
        };
        Some(Datagram {
            bytes: &copy[..length],
            ..datagram
        })
    }

    /// Takes a datagram; what of it goes to another session.
    pub(crate) fn packet<'a>(
        &mut self,
        moment: Moment,
        datagram: Datagram<'a>,
        reports: &mut Reports,
    ) -> Option<Onward<'a>> {
        let Datagram { lane, from, bytes, .. } = datagram;
        if bytes.len() > MAX_PACKET_BYTES {
            self.counters.malformed += 1;
        } else if lane == Lane::Rtcp || (self.source.shares_port() && rtp::looks_like_rtcp(bytes)) {
            self.rtcp_packet(moment, from, bytes);
        } else if let Some(packet) = rtp::parse(bytes) {
            let relayed = self.rtp_packet(moment, from, packet, reports)?;
            return self.route().map(|route| (route, relayed));
        } else {
            self.counters.malformed += 1;
        }
        None
    }

    fn rtp_packet<'a>(
        &mut self,
        moment: Moment,
        from: SocketAddr,
        packet: Packet<'a>,
        reports: &mut Reports,
    ) -> Option<Relayed<'a>> {
        let header = packet.header;
        let kind = self.kind(header.payload_type);
        if !self
            .source
            .takes(moment.now, from, header.sequence, kind != Kind::Unknown)
        {
            self.counters.wrong_source += 1;
            return None;
        }
        self.counters.packets_in += 1;
        self.counters.bytes_in += packet.payload.len() as u64;
        let number = match self.reception.packet(header.ssrc, header.sequence, &mut self.counters) {
            Arrival::New(number) => number,
            Arrival::Restart(number) => {
                self.keys_in.restart();
                self.heard.iter_mut().for_each(|heard| heard.restart());
                self.restart_tones();
                number
            }
            Arrival::Duplicate | Arrival::Doubtful => return None,
        };
        if kind == Kind::Unknown {
            self.counters.unknown_payload += 1;
            return self.pass_on(number, header, RelayContent::Nothing, packet.payload);
        }
        self.silence = Silence {
            since: moment.now,
            said: false,
        };
        if let Kind::Sound(codec) = kind {
            self.reception
                .timing(moment.since_start, header.timestamp, codec.clock());
        }
        if !self.plan.flow.receives() {
            self.counters.unwanted += 1;
            return None;
        }
        let content = match kind {
            Kind::Sound(codec) => {
                self.sound(codec, number, packet);
                RelayContent::Sound(codec)
            }
            Kind::Event { clock } => {
                self.event(moment, number, clock, packet, reports);
                RelayContent::Event { clock }
            }
            Kind::ComfortNoise => {
                let level = noise::level_of(packet.payload);
                if let Some(heard) = self.heard.as_mut() {
                    heard.noise(Noise::at(level, self.random.next()));
                }
                RelayContent::Noise(level)
            }
            Kind::Unknown => RelayContent::Nothing,
        };
        self.pass_on(number, header, content, packet.payload)
    }

    fn kind(&self, payload_type: u8) -> Kind {
        let agreed = |&&(known, _): &&(u8, Codec)| known == payload_type;
        if let Some((_, codec)) = self.plan.receives.iter().find(agreed) {
            return Kind::Sound(*codec);
        }
        if let Some(events) = self.plan.telephone_event
            && (events.receives == Some(payload_type) || events.payload_type == payload_type)
        {
            return Kind::Event { clock: events.clock };
        }
        if payload_type == self.plan.payload_type {
            return Kind::Sound(self.plan.codec);
        }
        match payload_type {
            STATIC_PCMU => Kind::Sound(Codec::Pcmu),
            STATIC_PCMA => Kind::Sound(Codec::Pcma),
            STATIC_G722 => Kind::Sound(Codec::G722),
            STATIC_COMFORT_NOISE => Kind::ComfortNoise,
            _ => Kind::Unknown,
        }
    }

    fn sound(&mut self, codec: Codec, number: u64, packet: Packet<'_>) {
        if !self.wants_sound() {
            return;
        }
        let Some(heard) = self.heard.as_mut() else { return };
        let timestamp = self.reception.unwrapped(packet.header.timestamp);
        let incoming = Incoming {
            codec,
            number,
            timestamp: (u128::from(timestamp) * u128::from(heard.rate().hertz()) / u128::from(codec.clock())) as u32,
            payload: packet.payload,
        };
        match heard.packet(incoming) {
            Some(placed) => self.counters.late += u64::from(placed == Placed::Late),
            None => self.counters.malformed += u64::from(!packet.payload.is_empty()),
        }
    }

    fn event(&mut self, moment: Moment, number: u64, clock: u32, packet: Packet<'_>, reports: &mut Reports) {
        let header = packet.header;
        match self
            .keys_in
            .packet(number, header.timestamp, header.marker, packet.payload)
        {
            Event::Key { event, duration } => {
                let ms = u64::from(duration) * 1_000 / u64::from(clock.max(1));
                self.key(moment.now, event, ms as u32, reports);
            }
            Event::Same => {}
            Event::Ignored => self.counters.events_ignored += 1,
            Event::Malformed => self.counters.malformed += 1,
        }
    }

    fn rtcp_packet(&mut self, moment: Moment, from: SocketAddr, bytes: &[u8]) {
        // Before anything is believed of where it came from: what is no RTCP settles nothing.
        let Some(heard) = rtcp::parse(bytes, self.stream.ssrc) else {
            self.counters.malformed += 1;
            return;
        };
        let from_source = if self.source.shares_port() {
            self.source.rtp_target() == Some(from)
        } else {
            self.source.takes_rtcp(from)
        };
        if !from_source {
            self.counters.wrong_source += 1;
            return;
        }
        self.counters.rtcp_in += 1;
        if let Some(time) = heard.sender_time {
            self.rtcp.heard_sender(time, moment.now);
        }
        if let Some(block) = heard.about_us {
            self.counters.remote_lost = i64::from(block.lost);
            self.counters.remote_jitter_us = u64::from(block.jitter) * 1_000_000 / u64::from(self.stream.hertz());
            self.encoder.expect_loss(block.percent_lost());
            if let Some(us) = rtcp_clock::round_trip_us(rtcp_clock::ntp(moment.since_start), &block) {
                self.counters.round_trip_us = us;
            }
        }
    }
}
