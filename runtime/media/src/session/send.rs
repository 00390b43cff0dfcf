//! What a session sends of its own: 20 ms of sound a tick (a key before a prompt before silence), in packets as long as the
//! far end wants them, and RTCP when it is due.

use super::relay::EVENT_BYTES;
use super::{Moment, Session};
use crate::packer::{Content, LONGEST_FRAME, Packer, Room};
use crate::reports::Reports;
use crate::rtcp::{Compound, Farewell, MAX_WRITTEN, SenderInfo};
use crate::rtp::HEADER_BYTES;
use crate::srtp::MAX_TRAILER;
use crate::{FRAME_SAMPLES, Lane, Law, MAX_PACKET_BYTES, PlayEnd, Report, Sink, g711, rtcp_clock};
use std::net::SocketAddr;
use std::time::Instant;

impl Session {
    /// Where RTP goes now; none while the plan forbids it or there is no such place.
    pub(super) fn send_address(&self) -> Option<SocketAddr> {
        self.source.rtp_target().filter(|_| self.plan.flow.sends())
    }

    /// Makes and sends what this tick's packets hold, if the plan allows them and no relayed sound takes their place.
    /// Prompts and keys wait while the plan does not, and so does what waits for its packet to be full.
    pub(super) fn send_frame(&mut self, now: Instant, sink: &mut impl Sink, reports: &mut Reports) {
        let Some(address) = self.send_address() else {
            return self.stream.pause();
        };
        let relays = self.stream.relaying(now) && !self.plays() && !self.sends_keys();
        if relays || !self.stream.begin_frame() {
            return;
        }
        let event = self
            .plan
            .telephone_event
            .and_then(|events| Some((events.payload_type, self.keys_out.tick(self.stream.clock())?)));
        if let Some((payload_type, event)) = event {
            self.flush(address, sink);
            let mut packet = [0; HEADER_BYTES + EVENT_BYTES];
            packet[HEADER_BYTES..].copy_from_slice(&event.payload);
            self.counters.keys_out += u64::from(event.marker);
            let placed = self.stream.place_key(event.timestamp, event.marker);
            self.send_rtp(placed, payload_type, &mut packet, address, sink);
        } else if let Some(mut packer) = self.packer.take() {
            self.pack_sound(&mut packer, address, sink, reports);
            self.packer = Some(packer);
        } else if self.plan.codec.law().is_some() {
            self.send_sound(&mut [0; HEADER_BYTES + FRAME_SAMPLES], address, sink, reports);
        } else {
            self.send_sound(&mut [0; MAX_PACKET_BYTES], address, sink, reports);
        }
    }

    /// Sends this tick's sound, if there is any to be sent. The packet has room for what the codec may make of it.
    fn send_sound(&mut self, packet: &mut [u8], address: SocketAddr, sink: &mut impl Sink, reports: &mut Reports) {
        let codec = self.plan.codec;
        let payload = &mut packet[HEADER_BYTES..];
        let length = match codec.law() {
            Some(law) => {
                self.fill_coded(law, &mut payload[..FRAME_SAMPLES], reports);
                FRAME_SAMPLES
            }
            None => {
                let samples = &mut [0; LONGEST_FRAME][..codec.rate().frame()];
                self.fill_samples(samples, reports);
                self.encoder.encode(samples, payload)
            }
        };
        if length == 0 {
            return self.stream.rest(self.stream.tick_end());
        }
        let placed = self.stream.place_frame();
        let packet = &mut packet[..HEADER_BYTES + length];
        self.send_rtp(placed, self.plan.payload_type, packet, address, sink);
    }

    /// Puts this tick's sound behind what waits, and sends the packets that are full with it. The last one ends with this
    /// tick, or before it by what goes on waiting.
    fn pack_sound(&mut self, packer: &mut Packer, address: SocketAddr, sink: &mut impl Sink, reports: &mut Reports) {
        match packer.frame() {
            Room::Coded(law, payload) => self.fill_coded(law, payload, reports),
            Room::Samples(samples) => self.fill_samples(samples, reports),
        }
        let end = self.stream.tick_end();
        while let Some(count) = packer.full() {
            self.send_packed(packer, (count, end), address, sink);
        }
    }

    /// Sends what waits for its packet to be full, because something else is about to be sent. It ended with the tick
    /// before.
    pub(super) fn flush(&mut self, address: SocketAddr, sink: &mut impl Sink) {
        let Some(mut packer) = self.packer.take() else {
            return;
        };
        let end = self.stream.clock();
        while let Some(count) = packer.rest() {
            self.send_packed(&mut packer, (count, end), address, sink);
        }
        self.packer = Some(packer);
    }

    /// Sends the first samples of what waits, all of which ends at a timestamp.
    fn send_packed(
        &mut self,
        packer: &mut Packer,
        (count, end): (usize, u32),
        address: SocketAddr,
        sink: &mut impl Sink,
    ) {
        let codec = self.plan.codec;
        let units =
            |samples: usize| (samples as u64 * u64::from(codec.clock()) / u64::from(codec.rate().hertz())) as u32;
        let (start, length) = (end.wrapping_sub(units(packer.waits())), units(count));
        let mut packet = [0; MAX_PACKET_BYTES];
        let payload = &mut packet[HEADER_BYTES..];
        let bytes = match packer.first(count) {
            Content::Coded(coded) => {
                payload[..count].copy_from_slice(coded);
                count
            }
            Content::Samples(samples) => self.encoder.encode(samples, payload),
        };
        packer.drop_first(count);
        if bytes == 0 {
            return self.stream.rest(start.wrapping_add(length));
        }
        let placed = self.stream.place_own(start, length);
        let packet = &mut packet[..HEADER_BYTES + bytes];
        self.send_rtp(placed, self.plan.payload_type, packet, address, sink);
    }

    /// Writes this tick's sound in a law of G.711: what is coded already is copied.
    fn fill_coded(&mut self, law: Law, payload: &mut [u8], reports: &mut Reports) {
        let samples = &mut [0; FRAME_SAMPLES];
        if self.fill_tones(samples) {
            self.encoder.encode(samples, payload);
        } else if let Some(player) = self.player.as_mut().filter(|player| !player.ended()) {
            player.fill_coded(law, payload);
            self.report_played(reports);
        } else if self.fill_live(samples) || self.fill_room(samples) || self.fill_noise(samples) {
            self.encoder.encode(samples, payload);
        } else {
            payload.fill(g711::silence(law));
        }
    }

    /// Writes this tick's sound as samples of the codec's rate.
    fn fill_samples(&mut self, samples: &mut [i16], reports: &mut Reports) {
        if self.fill_tones(samples) {
            return;
        }
        if let Some(player) = self.player.as_mut().filter(|player| !player.ended()) {
            player.fill(samples);
            self.report_played(reports);
        } else if !self.fill_live(samples) && !self.fill_room(samples) && !self.fill_noise(samples) {
            samples.fill(0);
        }
    }

    /// Writes what stands for a far end of a bridge that is silent on purpose. False if there is none.
    fn fill_noise(&mut self, samples: &mut [i16]) -> bool {
        let Some(noise) = self.comfort.as_mut() else {
            return false;
        };
        samples.fill_with(|| noise.sample());
        true
    }

    /// Reports a prompt whose last frame this was.
    fn report_played(&mut self, reports: &mut Reports) {
        if let Some(player) = self.player.as_ref().filter(|player| player.ended()) {
            let (play, played, position) = (player.play(), player.played(), player.position());
            reports.push(Report::PlayEnded {
                session: self.id,
                play,
                played,
                position,
                why: PlayEnd::Finished,
            });
        }
    }

    /// Sends a compound RTCP packet.
    pub(super) fn send_rtcp(&mut self, moment: Moment, sink: &mut impl Sink, farewell: Farewell) {
        let Some(target) = self.source.rtcp_target() else {
            return;
        };
        let sender = self.rtcp.is_sender(self.counters.packets_out).then_some(SenderInfo {
            ntp: rtcp_clock::ntp(moment.since_start),
            timestamp: self.stream.report_time(moment.now),
            packets: self.counters.packets_out as u32,
            bytes: self.counters.bytes_out as u32,
        });
        let (last_report, delay) = self.rtcp.echo(moment.now);
        let reception = self.reception.report().map(|quality| (quality, last_report, delay));
        let compound = Compound {
            ssrc: self.stream.ssrc,
            cname: self.stream.cname,
            sender,
            reception,
            farewell,
        };
        self.counters.rtcp_out += 1;
        let lane = if self.source.shares_port() {
            Lane::Rtp
        } else {
            Lane::Rtcp
        };
        let written = compound.write();
        let Some(srtp) = self.srtp.as_mut() else {
            return sink.send(self.id, lane, target, written.bytes());
        };
        let mut protected = [0; MAX_WRITTEN + MAX_TRAILER];
        let length = written.bytes().len();
        protected[..length].copy_from_slice(written.bytes());
        let length = srtp.protect_rtcp(&mut protected, length);
        sink.send(self.id, lane, target, &protected[..length]);
    }

    /// The BYE of a closing session; none from one that never sent anything (RFC 3550 section 6.3.7).
    pub(super) fn say_goodbye(&mut self, moment: Moment, sink: &mut impl Sink) {
        if self.counters.packets_out > 0 || self.counters.rtcp_out > 0 {
            self.send_rtcp(moment, sink, Farewell::Bye);
        }
    }
}
