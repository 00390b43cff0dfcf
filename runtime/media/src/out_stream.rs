//! The one RTP stream a session sends: its sequence numbers, and timestamps that follow the session's own clock or, while
//! sound of another session is relayed, that sound's (RFC 3550 section 5.1, RFC 7667 section 3.2.1).
//!
//! The far end hears one synchronisation source throughout: whatever takes over continues the numbering, and the time
//! that was sent already is not sent again. Not here: what is sent, and whether it may be.

mod passing;

use crate::random::Random;
use crate::rtcp::CNAME_BYTES;
use crate::{MAX_RELAYED_MS, SAMPLE_RATE};
use passing::{Anchor, PassedEvent};
use std::time::{Duration, Instant};

pub(crate) use passing::{Company, EventHead, Placed};

/// Sound of our own waits while what was relayed covers its time; above so much the relayed clock has run ahead of ours
/// by drift, and ours follows it.
const MAX_COVERED_MS: u32 = MAX_RELAYED_MS;
/// Ticks a second.
const TICKS: u32 = 50;

/// A session's outgoing stream.
#[derive(Debug)]
pub(crate) struct OutStream {
    pub(crate) ssrc: u32,
    pub(crate) cname: [u8; CNAME_BYTES],
    /// Units a second of its timestamps.
    hertz: u32,
    /// Of the next packet in order.
    sequence: u16,
    /// Of the tick under way, between two ticks of the next one.
    clock: u32,
    /// The end of the sound sent so far.
    sent_until: u32,
    /// The next packet of sound begins a talkspurt.
    marker: bool,
    /// How relayed packets are mapped to ours; none while we send our own.
    anchor: Option<Anchor>,
    /// The newest relayed key.
    event: Option<PassedEvent>,
}

impl OutStream {
    /// With identifiers of chance.
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut cname = [0; CNAME_BYTES];
        let digits = random.next();
        for (n, byte) in cname.iter_mut().enumerate() {
            *byte = b"0123456789abcdef"[(digits >> (n * 4) & 0x0f) as usize];
        }
        let (ssrc, sequence, clock) = (random.next() as u32, random.next() as u16, random.next() as u32);
        Self {
            ssrc,
            cname,
            hertz: SAMPLE_RATE,
            sequence,
            clock,
            sent_until: clock,
            marker: true,
            anchor: None,
            event: None,
        }
    }

    /// Its timestamps count so many units a second from now on; what is relayed is tied to it anew.
    pub(crate) fn set_hertz(&mut self, hertz: u32) {
        if self.hertz != hertz {
            self.hertz = hertz;
            self.sent_until = self.clock;
            self.pause();
            self.event = None;
        }
    }

    /// Units a second of its timestamps.
    pub(crate) fn hertz(&self) -> u32 {
        self.hertz
    }

    /// So many ticks did not come: a hole of as many frames.
    pub(crate) fn miss(&mut self, ticks: u64) {
        if ticks > 0 {
            self.marker = true;
            self.clock = self.clock.wrapping_add(self.frame().wrapping_mul(ticks as u32));
        }
    }

    /// The tick under way is over.
    pub(crate) fn pass_frame(&mut self) {
        self.clock = self.tick_end();
    }

    /// Nothing may be sent in this tick.
    pub(crate) fn pause(&mut self) {
        self.marker = true;
        self.anchor = None;
        self.sent_until = later(self.sent_until, self.clock);
    }

    /// Whether this tick is ours to send a frame of our own, which ends the relaying until the next relayed packet. Not
    /// while relayed sound covers its time.
    pub(crate) fn begin_frame(&mut self) -> bool {
        if self.anchor.take().is_some() {
            self.marker = true;
        }
        let covered = self.sent_until.wrapping_sub(self.clock) as i32;
        let longest = self.in_ms(MAX_COVERED_MS);
        if covered > longest {
            self.clock = self.sent_until;
        }
        covered <= 0 || covered > longest
    }

    /// The timestamp of a frame in the tick under way.
    pub(crate) fn clock(&self) -> u32 {
        self.clock
    }

    /// Takes the place for the tick's frame of sound.
    pub(crate) fn place_frame(&mut self) -> Placed {
        self.place_own(self.clock, self.frame())
    }

    /// Takes the place for sound of our own of so many units from a timestamp on, which is near the tick under way.
    pub(crate) fn place_own(&mut self, timestamp: u32, length: u32) -> Placed {
        let marker = std::mem::take(&mut self.marker);
        self.place(timestamp, marker, timestamp.wrapping_add(length))
    }

    /// Takes the place for the tick's packet of a key of our own; sound after it begins anew.
    pub(crate) fn place_key(&mut self, timestamp: u32, marker: bool) -> Placed {
        self.marker = true;
        self.place(timestamp, marker, self.tick_end())
    }

    /// Our sound up to a timestamp is silence that need not be sent: what comes after it begins anew.
    pub(crate) fn rest(&mut self, until: u32) {
        self.marker = true;
        self.sent_until = until;
    }

    /// The timestamp of now for a sender report, which is made at the end of a tick.
    pub(crate) fn report_time(&self, now: Instant) -> u32 {
        let relayed = self.anchor.as_ref().and_then(|anchor| anchor.time_at(now, self.hertz));
        relayed.unwrap_or(self.clock)
    }

    /// The timestamp of the end of the tick under way.
    pub(crate) fn tick_end(&self) -> u32 {
        self.clock.wrapping_add(self.frame())
    }

    /// Units of a tick.
    fn frame(&self) -> u32 {
        self.hertz / TICKS
    }

    /// Units of a time in ms, which is short.
    fn in_ms(&self, ms: u32) -> i32 {
        (ms * (self.hertz / 1_000)) as i32
    }

    fn place(&mut self, timestamp: u32, marker: bool, sent_until: u32) -> Placed {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        self.sent_until = sent_until;
        Placed {
            sequence,
            timestamp,
            marker,
        }
    }
}

/// The later of two timestamps less than half their range apart.
fn later(a: u32, b: u32) -> u32 {
    if (a.wrapping_sub(b) as i32) < 0 { b } else { a }
}

/// Units of a clock in a time, as far as timestamps can tell it.
fn units(time: Duration, hertz: u32) -> u32 {
    u32::try_from(time.as_micros() * u128::from(hertz) / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
mod tests;
