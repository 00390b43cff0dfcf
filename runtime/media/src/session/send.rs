//! What a session sends: one RTP packet a tick (a key before a prompt before silence), RTCP when it is due.

use super::{Moment, Session};
use crate::reports::Reports;
use crate::rtcp::{Compound, Farewell, SenderInfo};
use crate::rtp::{HEADER_BYTES, Header};
use crate::{FRAME_SAMPLES, Lane, PlayEnd, Report, Sink, g711, rtcp_clock};

impl Session {
    /// Sends this tick's packet, if the plan allows one. Prompts and keys wait while it does not.
    pub(super) fn send_frame(&mut self, sink: &mut impl Sink, reports: &mut Reports) {
        let target = self.source.rtp_target().filter(|_| self.plan.flow.sends());
        let Some(target) = target else {
            self.stream.marker = true;
            return;
        };
        let mut packet = [0; HEADER_BYTES + FRAME_SAMPLES];
        let event = self
            .plan
            .telephone_event
            .and_then(|kind| Some((kind, self.keys_out.tick(self.stream.timestamp)?)));
        let (header, payload_bytes) = if let Some((payload_type, event)) = event {
            packet[HEADER_BYTES..HEADER_BYTES + event.payload.len()].copy_from_slice(&event.payload);
            // Sound after a key begins anew.
            self.stream.marker = true;
            self.counters.keys_out += u64::from(event.marker);
            (
                self.header(payload_type, event.timestamp, event.marker),
                event.payload.len(),
            )
        } else {
            let frame = packet
                .last_chunk_mut::<FRAME_SAMPLES>()
                .expect("the packet is a header and a frame");
            self.fill_frame(frame, reports);
            let marker = std::mem::take(&mut self.stream.marker);
            (
                self.header(self.plan.payload_type, self.stream.timestamp, marker),
                FRAME_SAMPLES,
            )
        };
        packet[..HEADER_BYTES].copy_from_slice(&header.bytes());
        self.stream.sequence = self.stream.sequence.wrapping_add(1);
        self.counters.packets_out += 1;
        self.counters.bytes_out += payload_bytes as u64;
        sink.send(self.id, Lane::Rtp, target, &packet[..HEADER_BYTES + payload_bytes]);
    }

    fn fill_frame(&mut self, frame: &mut [u8; FRAME_SAMPLES], reports: &mut Reports) {
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

    fn header(&self, payload_type: u8, timestamp: u32, marker: bool) -> Header {
        Header {
            marker,
            payload_type,
            sequence: self.stream.sequence,
            timestamp,
            ssrc: self.stream.ssrc,
        }
    }

    /// Sends a compound RTCP packet.
    pub(super) fn send_rtcp(&mut self, moment: Moment, sink: &mut impl Sink, farewell: Farewell) {
        let Some(target) = self.source.rtcp_target() else {
            return;
        };
        let sender = self.rtcp.is_sender(self.counters.packets_out).then_some(SenderInfo {
            ntp: rtcp_clock::ntp(moment.since_start),
            timestamp: self.stream.timestamp,
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
