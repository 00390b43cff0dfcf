//! What a stream of RTP packets says about the network: order, loss, jitter (RFC 3550 section 6.4.1, appendices A.1,
//! A.3 and A.8). It looks at headers only.

use crate::{Counters, SAMPLE_RATE};
use std::time::Duration;

/// A jump forward by more than this many packets is a restart of the numbering, not loss.
const MAX_DROPOUT: i16 = 3_000;
/// A packet older than this many is a restart of the numbering, not reordering.
const MAX_MISORDER: i16 = 100;
/// Packets looked back upon to know a duplicate.
const REMEMBERED: i16 = 64;

/// What a packet is to its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The newest, or a late one that was missing; its number without wrapping.
    New(u64),
    /// The first of a new synchronisation source or numbering: nothing known before holds.
    Restart(u64),
    /// It came before; use it no second time.
    Duplicate,
    /// Far from all before it: not used until another one follows it.
    Doubtful,
}

/// A report block's figures (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quality {
    pub(crate) ssrc: u32,
    pub(crate) fraction_lost: u8,
    /// Signed, 24 bits.
    pub(crate) lost: i32,
    pub(crate) highest_sequence: u32,
    /// In units of the stream's clock.
    pub(crate) jitter: u32,
}

/// One session's reception.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reception {
    stream: Option<Stream>,
    /// Loss of the streams before this one.
    lost_before: i64,
    /// Packets expected of the streams before this one.
    expected_before: u64,
    holes: Holes,
}

/// Loss as it became certain: of packets so old that none can come late any more.
#[derive(Debug, Clone, Copy, Default)]
struct Holes {
    lost: u64,
    /// Losses in a row.
    count: u64,
    /// The last packet that grew too old was lost.
    open: bool,
}

#[derive(Debug, Clone)]
struct Stream {
    ssrc: u32,
    /// Numbers without wrapping, from 65,536 on so that going back needs no care.
    first: u64,
    highest: u64,
    received: u64,
    /// Bit n: the packet `highest - n` came.
    seen: u64,
    doubtful: Option<u16>,
    transit: Option<i64>,
    /// In sixteenths of a unit of the clock.
    jitter: i64,
    /// Units a second of the timestamps.
    clock: u32,
    /// The newest timestamp, without wrapping.
    time: Option<u64>,
    expected_before: u64,
    received_before: u64,
}

impl Reception {
    /// Takes a packet's number and source into account.
    pub(crate) fn packet(&mut self, ssrc: u32, sequence: u16, counters: &mut Counters) -> Arrival {
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == ssrc) else {
            return self.restart(ssrc, sequence, counters);
        };
        let step = sequence.wrapping_sub(stream.highest as u16) as i16;
        if (1..=MAX_DROPOUT).contains(&step) {
            stream.forget(step as u64, &mut self.holes);
            stream.highest += step as u64;
            stream.seen = if step < REMEMBERED {
                (stream.seen << step) | 1
            } else {
                1
            };
            stream.received += 1;
            stream.doubtful = None;
            return Arrival::New(stream.highest);
        }
        if (-MAX_MISORDER..=0).contains(&step) {
            return stream.old(u64::from(step.unsigned_abs()), counters);
        }
        if stream.doubtful == Some(sequence) {
            return self.restart(ssrc, sequence, counters);
        }
        stream.doubtful = Some(sequence.wrapping_add(1));
        Arrival::Doubtful
    }

    /// A timestamp of the stream without wrapping, from 2^32 on so that going back needs no care.
    pub(crate) fn unwrapped(&mut self, timestamp: u32) -> u64 {
        let first = (1 << 32) + u64::from(timestamp);
        let Some(stream) = self.stream.as_mut() else {
            return first;
        };
        let newest = stream.time.unwrap_or(first);
        let step = i64::from(timestamp.wrapping_sub(newest as u32) as i32);
        let unwrapped = newest.saturating_add_signed(step);
        stream.time = Some(unwrapped.max(newest));
        unwrapped
    }

    /// Units a second of the stream's timestamps, once sound has told them.
    pub(crate) fn clock(&self) -> Option<u32> {
        self.stream
            .as_ref()
            .filter(|stream| stream.transit.is_some())
            .map(|stream| stream.clock)
    }

    /// Takes the moment a sound packet came into account, after the engine's start, and its timestamp in units of so
    /// many a second. Telephone events repeat one timestamp and say nothing about jitter.
    pub(crate) fn timing(&mut self, since_start: Duration, timestamp: u32, clock: u32) {
        let Some(stream) = self.stream.as_mut() else { return };
        if stream.clock != clock {
            stream.clock = clock;
            (stream.transit, stream.jitter) = (None, 0);
        }
        let arrived = since_start.as_micros() as u64 * u64::from(clock) / 1_000_000;
        let transit = i64::from((arrived as u32).wrapping_sub(timestamp) as i32);
        if let Some(before) = stream.transit.replace(transit) {
            let difference = i64::from((transit as i32).wrapping_sub(before as i32)).abs();
            stream.jitter += difference - ((stream.jitter + 8) >> 4);
        }
    }

    /// Whether a packet is young enough that a duplicate of it would be known.
    pub(crate) fn remembers(&self, number: u64) -> bool {
        let newest = self.stream.as_ref().map_or(0, |stream| stream.highest);
        newest.saturating_sub(number) < REMEMBERED as u64
    }

    /// Packets lost so far, over all streams.
    pub(crate) fn lost(&self) -> i64 {
        self.lost_before
            + self
                .stream
                .as_ref()
                .map_or(0, |s| s.expected() as i64 - s.received as i64)
    }

    /// Packets expected so far, over all streams.
    pub(crate) fn expected(&self) -> u64 {
        self.expected_before + self.stream.as_ref().map_or(0, Stream::expected)
    }

    /// Packets certainly lost, and in how many holes.
    pub(crate) fn holes(&self) -> (u64, u64) {
        (self.holes.lost, self.holes.count)
    }

    /// Jitter in microseconds.
    pub(crate) fn jitter_us(&self) -> u64 {
        self.stream
            .as_ref()
            .map_or(0, |s| (s.jitter >> 4) as u64 * 1_000_000 / u64::from(s.clock))
    }

    /// The figures for a report block, which also begins the next interval.
    pub(crate) fn report(&mut self) -> Option<Quality> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected() - stream.expected_before;
        let received = stream.received - stream.received_before;
        stream.expected_before = stream.expected();
        stream.received_before = stream.received;
        let lost_now = expected.saturating_sub(received);
        let lost = stream.expected() as i64 - stream.received as i64;
        Some(Quality {
            ssrc: stream.ssrc,
            fraction_lost: (lost_now << 8).checked_div(expected).unwrap_or(0).min(255) as u8,
            lost: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: stream.highest as u32,
            jitter: (stream.jitter >> 4) as u32,
        })
    }

    fn restart(&mut self, ssrc: u32, sequence: u16, counters: &mut Counters) -> Arrival {
        self.lost_before = self.lost();
        self.expected_before = self.expected();
        self.holes.open = false;
        if self.stream.is_some() {
            counters.restarts += 1;
        }
        let first = 0x1_0000 + u64::from(sequence);
        self.stream = Some(Stream {
            ssrc,
            first,
            highest: first,
            received: 1,
            seen: 1,
            doubtful: None,
            transit: None,
            jitter: 0,
            clock: SAMPLE_RATE,
            time: None,
            expected_before: 0,
            received_before: 0,
        });
        Arrival::Restart(first)
    }
}

impl Holes {
    fn add(&mut self, came: bool) {
        if !came {
            self.lost += 1;
            self.count += u64::from(!self.open);
        }
        self.open = !came;
    }
}

impl Stream {
    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    /// Before the newest packet is so much newer: what grows too old to come late is lost if it has not come.
    fn forget(&self, step: u64, holes: &mut Holes) {
        let window = REMEMBERED as u64;
        let oldest = self.highest + 1 - window;
        for place in 0..step.min(window) {
            if oldest + place < self.first {
                continue;
            }
            holes.add(self.seen & (1 << (window - 1 - place)) != 0);
        }
        // A jump over more than the window: what lies between has come no more than its end.
        for _ in window..step {
            holes.add(false);
        }
    }

    fn old(&mut self, back: u64, counters: &mut Counters) -> Arrival {
        self.received += 1;
        let bit = if back < REMEMBERED as u64 { 1u64 << back } else { 0 };
        if self.seen & bit != 0 {
            counters.duplicates += 1;
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        counters.reordered += 1;
        // Reordering at the very start: the stream began before the first packet that reached us.
        self.first = self.first.min(self.highest - back);
        Arrival::New(self.highest - back)
    }
}

#[cfg(test)]
mod tests;
