//! What a session sends of its own: one RTP packet a tick (a key before a prompt before silence), RTCP when it is due.

use super::relay::EVENT_BYTES;
use super::{Moment, Session};
use crate::reports::Reports;
use crate::rtcp::{Compound, Farewell, MAX_WRITTEN, SenderInfo};
use crate::rtp::HEADER_BYTES;
use crate::srtp::MAX_TRAILER;
use crate::{FRAME_SAMPLES, Lane, MAX_PACKET_BYTES, PlayEnd, Report, Sink, g711, rtcp_clock};
use std::net::SocketAddr;
use std::time::Instant;

/// Samples of a tick at the highest rate that is coded.
const LONGEST_FRAME: usize = 320;

impl Session {
    /// Where RTP goes now; none while the plan forbids it or there is no such place.
    pub(super) fn send_address(&self) -> Option<SocketAddr> {
        self.source.rtp_target().filter(|_| self.plan.flow.sends())
    }

    /// Sends this tick's packet, if the plan allows one and no relayed sound takes its place. Prompts and keys wait
    /// while the plan does not.
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
            let mut packet = [0; HEADER_BYTES + EVENT_BYTES];
            packet[HEADER_BYTES..].copy_from_slice(&event.payload);
            self.counters.keys_out += u64::from(event.marker);
            let placed = self.stream.place_key(event.timestamp, event.marker);
            self.send_rtp(placed, payload_type, &mut packet, address, sink);
        } else if self.plan.codec.law().is_some() {
            self.send_sound(&mut [0; HEADER_BYTES + FRAME_SAMPLES], address, sink, reports);
        } else {
            self.send_sound(&mut [0; MAX_PACKET_BYTES], address, sink, reports);
        }
    }

    /// Sends this tick's sound, if there is any to be sent. The packet has room for what the codec may make of it.
    fn send_sound(&mut self, packet: &mut [u8], address: SocketAddr, sink: &mut impl Sink, reports: &mut Reports) {
        let length = self.fill_frame(&mut packet[HEADER_BYTES..], reports);
        if length == 0 {
            return self.stream.rest();
        }
        let placed = self.stream.place_frame();
        let packet = &mut packet[..HEADER_BYTES + length];
        self.send_rtp(placed, self.plan.payload_type, packet, address, sink);
    }

    /// Writes the payload of this tick's sound; its length, 0 if nothing is to be sent.
    fn fill_frame(&mut self, payload: &mut [u8], reports: &mut Reports) -> usize {
        let codec = self.plan.codec;
        let samples = &mut [0; LONGEST_FRAME][..codec.rate().frame()];
        if self.fill_tones(samples) {
            return self.encoder.encode(samples, payload);
        }
        let Some(player) = self.player.as_mut().filter(|player| !player.ended()) else {
            if self.fill_live(samples) || self.fill_noise(samples) {
                return self.encoder.encode(samples, payload);
            }
            let Some(law) = codec.law() else {
                return self.encoder.encode(samples, payload);
            };
            payload[..samples.len()].fill(g711::silence(law));
            return samples.len();
        };
        let length = match codec.law() {
            // What is coded already is copied.
            Some(law) => {
                player.fill_coded(law, &mut payload[..samples.len()]);
                samples.len()
            }
            None => {
                player.fill(samples);
                self.encoder.encode(samples, payload)
            }
        };
        self.report_played(reports);
        length
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
