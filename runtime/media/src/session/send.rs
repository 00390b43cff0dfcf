//! What a session sends of its own: one RTP packet a tick (a key before a prompt before silence), RTCP when it is due.

use super::{Moment, Session};
use crate::reports::Reports;
use crate::rtcp::{Compound, Farewell, SenderInfo};
use crate::rtp::HEADER_BYTES;
use crate::{FRAME_SAMPLES, Lane, PlayEnd, Report, Sink, g711, rtcp_clock};
use std::net::SocketAddr;
use std::time::Instant;

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
            .and_then(|kind| Some((kind, self.keys_out.tick(self.stream.clock())?)));
        let mut packet = [0; HEADER_BYTES + FRAME_SAMPLES];
        if let Some((payload_type, event)) = event {
            let packet = &mut packet[..HEADER_BYTES + event.payload.len()];
            packet[HEADER_BYTES..].copy_from_slice(&event.payload);
            self.counters.keys_out += u64::from(event.marker);
            let placed = self.stream.place_key(event.timestamp, event.marker);
            self.send_rtp(placed, payload_type, packet, address, sink);
        } else {
            let frame = packet
                .last_chunk_mut::<FRAME_SAMPLES>()
                .expect("the packet is a header and a frame");
            self.fill_frame(frame, reports);
            let placed = self.stream.place_frame();
            self.send_rtp(placed, self.plan.payload_type, &mut packet, address, sink);
        }
    }

    fn fill_frame(&mut self, frame: &mut [u8; FRAME_SAMPLES], reports: &mut Reports) {
        if self.fill_tones(frame) {
            return;
        }
        let codec = self.plan.codec;
        let Some(player) = self.player.as_mut().filter(|player| !player.ended()) else {
            frame.fill(g711::silence(codec));
            return;
        };
        player.fill(codec, frame);
        if player.ended() {
            let (play, played) = (player.play(), player.played());
            reports.push(Report::PlayEnded {
                session: self.id,
                play,
                played,
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
        sink.send(self.id, lane, target, compound.write().bytes());
    }

    /// The BYE of a closing session; none from one that never sent anything (RFC 3550 section 6.3.7).
    pub(super) fn say_goodbye(&mut self, moment: Moment, sink: &mut impl Sink) {
        if self.counters.packets_out > 0 || self.counters.rtcp_out > 0 {
            self.send_rtcp(moment, sink, Farewell::Bye);
        }
    }
}
