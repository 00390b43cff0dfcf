//! A session's two ends of relaying: what it received goes on to another session, and what another received goes out
//! as part of its own stream. Its own keys and prompts come first. Not here: finding the other session.

use super::{Moment, Session};
use crate::out_stream::{Company, EventHead, Placed};
use crate::relay::{Route, recode};
use crate::rtp::HEADER_BYTES;
use crate::{MAX_RELAYED_BYTES, RelayContent, RelayHead, RelayKeys, Relayed, SessionId, Sink};
use std::net::SocketAddr;

/// Bytes of one telephone event; what else a packet holds is not passed on.
const EVENT_BYTES: usize = 4;

impl Session {
    /// Sends what is received from now on to another session as well, or no longer. The target it had before, if it is
    /// another one now.
    pub(crate) fn relay_to(&mut self, to: Option<SessionId>, keys: RelayKeys) -> Option<Route> {
        let before = self.route;
        let birth = before
            .filter(|route| Some(route.to) == to)
            .and_then(|route| route.birth);
        self.route = to.map(|to| Route { to, keys, birth });
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
            RelayContent::Sound(_) if payload.len() > MAX_RELAYED_BYTES => {
                self.counters.relay_dropped += 1;
                (RelayContent::Nothing, &payload[..0])
            }
            RelayContent::Sound(codec) => (RelayContent::Sound(codec), payload),
            RelayContent::Event if route.keys == RelayKeys::Pass && payload.len() >= EVENT_BYTES => {
                (RelayContent::Event, &payload[..EVENT_BYTES])
            }
            RelayContent::Event | RelayContent::Nothing => (RelayContent::Nothing, &payload[..0]),
        };
        let head = RelayHead {
            from: self.id,
            stream: self.counters.restarts as u32,
            number,
            timestamp: header.timestamp,
            marker: header.marker,
            content,
        };
        Some(Relayed { head, payload })
    }

    /// Takes a packet another session received and sends it on at once, if that may be.
    pub(crate) fn take_relayed(&mut self, moment: Moment, relayed: &Relayed<'_>, sink: &mut impl Sink) {
        let head = &relayed.head;
        let Some(address) = self.send_address() else {
            self.stream.pause();
            self.counters.relay_dropped += u64::from(head.content != RelayContent::Nothing);
            return;
        };
        let sent = match head.content {
            RelayContent::Nothing => return self.stream.skip(head),
            RelayContent::Sound(codec) => self.relayed_sound(moment, relayed, codec, address, sink),
            RelayContent::Event => self.relayed_event(moment, relayed, address, sink),
        };
        match sent {
            Some(()) => self.counters.relayed += 1,
            None => self.counters.relay_dropped += 1,
        }
    }

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
        let length = relayed.payload.len();
        if length == 0 || length > MAX_RELAYED_BYTES {
            return None;
        }
        let placed = self.stream.place_sound(moment.now, &relayed.head, length as u32)?;
        let mut packet = [0; HEADER_BYTES + MAX_RELAYED_BYTES];
        let packet = &mut packet[..HEADER_BYTES + length];
        recode(codec, self.plan.codec, relayed.payload, &mut packet[HEADER_BYTES..]);
        self.send_rtp(placed, self.plan.payload_type, packet, address, sink);
        Some(())
    }

    fn relayed_event(
        &mut self,
        moment: Moment,
        relayed: &Relayed<'_>,
        address: SocketAddr,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let head = &relayed.head;
        let (Some(payload_type), Some(event)) =
            (self.plan.telephone_event, relayed.payload.first_chunk::<EVENT_BYTES>())
        else {
            self.stream.skip(head);
            return None;
        };
        if self.keys_out.busy() {
            self.stream.cut_event(head);
            return None;
        }
        let company = if self.plays() {
            Company::OwnSound
        } else {
            Company::Alone
        };
        let event_head = EventHead {
            code: event[0],
            ended: event[1] & 0x80 != 0,
            duration: u16::from_be_bytes([event[2], event[3]]),
            company,
        };
        let placed = self.stream.place_event(moment.now, head, event_head)?;
        let mut packet = [0; HEADER_BYTES + EVENT_BYTES];
        packet[HEADER_BYTES..].copy_from_slice(event);
        self.send_rtp(placed, payload_type, &mut packet, address, sink);
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
        sink.send(self.id, crate::Lane::Rtp, address, packet);
    }
}
