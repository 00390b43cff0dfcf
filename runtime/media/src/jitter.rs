//! The jitter buffer: received sound put back in time, holes covered up. Used for sessions somebody listens to.
//!
//! One second of samples in a ring addressed by RTP timestamp, so reordering and packet lengths need no care. The
//! playout point moves 20 ms a tick; it waits longer when packets come late, and skips ahead a little when they
//! have all been early for some seconds. Time is the tick itself. Not here: packet numbers, and
//! codecs that have to be decoded in order (`hearing`).

use crate::mixer::Rate;
use crate::noise::Noise;

/// Samples held at 8 kHz, and as many times more as the rate is higher: one second and a bit, and a power of two so that
/// it divides the range of timestamps.
const CAPACITY: usize = 8_192;
/// The first packet waits so long before it is played.
const FIRST_DELAY_MS: u32 = 40;
/// Longest wait the buffer grows to. Packets later than that stay lost.
const MAX_DELAY_MS: u32 = 240;
/// After so many packets in a row too late even for that, the way has become longer for good: begin anew.
const TOO_LATE_IN_A_ROW: u32 = 10;
/// The wait the buffer shrinks to when it can: packets come at least so long before their turn.
const WANTED_MARGIN_MS: u32 = 20;
/// What is skipped at a time when shrinking.
const SKIP_MS: u32 = 10;
/// Ticks all packets must have been early before the buffer shrinks: 4 s.
const SHRINK_AFTER_TICKS: u32 = 200;
/// After so much missing sound the cover has faded to silence.
const COVER_MS: u32 = 60;
/// Time over which real sound is blended in after a hole, and over which a skip is blended.
const BLEND_MS: u32 = 5;

/// The times above in samples of one rate.
#[derive(Debug, Clone, Copy)]
struct Lengths {
    frame: usize,
    capacity: usize,
    first_delay: u32,
    max_delay: u32,
    wanted_margin: i32,
    skip: u32,
    cover: usize,
    blend: usize,
}

impl Lengths {
    fn at(rate: Rate) -> Self {
        let of = |ms: u32| rate.hertz() / 1_000 * ms;
        Self {
            frame: rate.frame(),
            capacity: (CAPACITY * rate.frame() / Rate::Hz8000.frame()).next_power_of_two(),
            first_delay: of(FIRST_DELAY_MS),
            max_delay: of(MAX_DELAY_MS),
            wanted_margin: of(WANTED_MARGIN_MS) as i32,
            skip: of(SKIP_MS),
            cover: of(COVER_MS) as usize,
            blend: of(BLEND_MS) as usize,
        }
    }

    /// Longest sound of a packet that is kept.
    fn longest_sound(&self) -> usize {
        self.capacity / 2
    }

    fn index(&self, timestamp: u32) -> usize {
        timestamp as usize & (self.capacity - 1)
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It will be played.
    InTime,
    /// Its turn was over; the playout point waits for its like from now on, as far as that is allowed.
    Late,
}

/// One session's received sound.
#[derive(Debug)]
pub(crate) struct JitterBuffer {
    lengths: Lengths,
    ring: Box<[i16]>,
    present: Box<[bool]>,
    /// Timestamp of the next sample to play; none before the first packet.
    play: Option<u32>,
    /// How early the earliest packets come, in samples, in this observation and in the one before: what waits is this
    /// long. Not a sum of what was waited and skipped: between clocks that differ such a sum grows without end.
    delay: u32,
    delay_before: u32,
    delay_ticks: u32,
    too_late: u32,
    /// How early the latest packet of this observation came, in samples.
    least_margin: i32,
    ticks: u32,
    /// The last frame played, which covers holes.
    last: Box<[i16]>,
    /// Length of the hole we are in.
    missing: usize,
    /// Samples until real sound is fully blended in.
    blending: usize,
    /// What is heard in holes while the far end is silent on purpose.
    comfort: Option<Noise>,
    /// Sound came after it: with that it is over.
    comfort_ends: bool,
}

impl JitterBuffer {
    /// An empty buffer for sound of a rate, in which its timestamps count too; the only place where it allocates.
    pub(crate) fn new(rate: Rate) -> Self {
        let lengths = Lengths::at(rate);
        Self {
            ring: vec![0; lengths.capacity].into(),
            present: vec![false; lengths.capacity].into(),
            play: None,
            delay: lengths.first_delay,
            delay_before: 0,
            delay_ticks: 0,
            too_late: 0,
            least_margin: i32::MAX,
            ticks: 0,
            last: vec![0; lengths.frame].into(),
            missing: lengths.cover,
            blending: 0,
            comfort: None,
            comfort_ends: false,
            lengths,
        }
    }

    /// Forgets all sound, at a new stream.
    pub(crate) fn restart(&mut self) {
        self.present.fill(false);
        self.play = None;
        self.delay = self.lengths.first_delay;
        self.delay_before = 0;
        self.delay_ticks = 0;
        self.too_late = 0;
        self.least_margin = i32::MAX;
        self.ticks = 0;
        self.comfort = None;
    }

    /// The far end is silent on purpose: its holes are this noise until it sends sound again.
    pub(crate) fn noise(&mut self, noise: Noise) {
        self.comfort = Some(noise);
        self.comfort_ends = false;
    }

    /// Puts the sound of a packet whose codec has no memory in its place.
    pub(crate) fn insert(&mut self, timestamp: u32, payload: &[u8], samples: &[i16; 256]) -> Placed {
        let payload = &payload[..payload.len().min(self.lengths.longest_sound())];
        let placed = self.place(timestamp, payload.len());
        self.fill(timestamp, payload.iter().map(|&byte| samples[usize::from(byte)]));
        placed
    }

    /// A packet of so many samples came: moves the playout point where that has to move.
    pub(crate) fn place(&mut self, timestamp: u32, length: usize) -> Placed {
        let play = *self
            .play
            .get_or_insert(timestamp.wrapping_sub(self.lengths.first_delay));
        let mut ahead = timestamp.wrapping_sub(play) as i32;
        let mut placed = Placed::InTime;
        if ahead.unsigned_abs() as usize + length.min(self.lengths.longest_sound()) > self.lengths.capacity {
            // The far end's clock jumped.
            ahead = self.begin_at(timestamp);
        } else if ahead < 0 {
            placed = Placed::Late;
            match self.wait_for(timestamp, ahead) {
                Some(after_waiting) => ahead = after_waiting,
                None => return placed,
            }
        }
        self.too_late = 0;
        self.comfort_ends = self.comfort.is_some();
        self.least_margin = self.least_margin.min(ahead);
        self.delay = self.delay.max(ahead.unsigned_abs());
        placed
    }

    /// Puts sound in its place, as far as its turn is still to come.
    pub(crate) fn fill(&mut self, timestamp: u32, sound: impl Iterator<Item = i16>) {
        let Some(play) = self.play else { return };
        let ahead = timestamp.wrapping_sub(play) as i32;
        for (offset, sample) in sound.take(self.lengths.longest_sound()).enumerate() {
            let place = ahead.saturating_add(offset as i32);
            if (0..self.lengths.capacity as i32).contains(&place) {
                let at = self.lengths.index(timestamp.wrapping_add(offset as u32));
                self.ring[at] = sample;
                self.present[at] = true;
            }
        }
    }

    /// Whether a place is among the next 20 ms, or before them.
    pub(crate) fn is_due(&self, timestamp: u32) -> bool {
        self.play
            .is_some_and(|play| (timestamp.wrapping_sub(play) as i32) < self.lengths.frame as i32)
    }

    /// Takes 20 ms out. True if sound was missing and covered up (not: silence because nothing comes any more).
    pub(crate) fn pull(&mut self, frame: &mut [i16]) -> bool {
        debug_assert_eq!(frame.len(), self.lengths.frame, "a tick is 20 ms at the buffer's rate");
        let Some(play) = self.play else {
            frame.fill(0);
            return false;
        };
        let mut covered = false;
        let mut real = 0;
        for (n, out) in frame.iter_mut().enumerate() {
            let at = self.lengths.index(play.wrapping_add(n as u32));
            let cover = self.cover(n);
            if std::mem::take(&mut self.present[at]) {
                *out = self.blend(cover, self.ring[at]);
                self.missing = 0;
                real += 1;
                if self.comfort_ends {
                    self.comfort = None;
                    self.comfort_ends = false;
                }
            } else if let Some(noise) = &mut self.comfort {
                self.missing = self.lengths.cover;
                self.blending = self.lengths.blend;
                *out = noise.sample();
            } else {
                covered |= self.missing < self.lengths.cover;
                self.missing = (self.missing + 1).min(self.lengths.cover);
                self.blending = self.lengths.blend;
                *out = cover;
            }
        }
        if real > 0 {
            self.last.copy_from_slice(frame);
        }
        self.play = Some(play.wrapping_add(self.lengths.frame as u32));
        self.forget_old_delay();
        self.shrink_if_early();
        covered
    }

    /// The cover of a hole: the last frame again and again, fading.
    fn cover(&self, n: usize) -> i16 {
        let whole = self.lengths.cover;
        let left = (whole - self.missing.min(whole)) as i32;
        (i32::from(self.last[n]) * left / whole as i32) as i16
    }

    fn blend(&mut self, cover: i16, real: i16) -> i16 {
        if self.blending == 0 {
            return real;
        }
        let (part, whole) = (self.blending as i32, self.lengths.blend as i32);
        self.blending -= 1;
        ((i32::from(cover) * part + i32::from(real) * (whole - part)) / whole) as i16
    }

    /// Begins anew with a packet; how far ahead of its turn it is then.
    fn begin_at(&mut self, timestamp: u32) -> i32 {
        self.restart();
        self.play = Some(timestamp.wrapping_sub(self.lengths.first_delay));
        self.lengths.first_delay as i32
    }

    /// Moves the playout point back for a packet that is `ahead` (below 0) too late; how far ahead it is then, or none
    /// if that would be too long a wait.
    fn wait_for(&mut self, timestamp: u32, ahead: i32) -> Option<i32> {
        let play = self.play.expect("a packet is late only once a playout point is set");
        let more = ahead.unsigned_abs().div_ceil(self.lengths.skip) * self.lengths.skip;
        if self.delay.max(self.delay_before) + more > self.lengths.max_delay {
            self.too_late += 1;
            return (self.too_late >= TOO_LATE_IN_A_ROW).then(|| self.begin_at(timestamp));
        }
        self.play = Some(play.wrapping_sub(more));
        self.delay += more;
        self.delay_before += more;
        self.least_margin = i32::MAX;
        self.ticks = 0;
        Some(ahead + more as i32)
    }

    fn forget_old_delay(&mut self) {
        self.delay_ticks += 1;
        if self.delay_ticks >= SHRINK_AFTER_TICKS {
            self.delay_ticks = 0;
            self.delay_before = std::mem::take(&mut self.delay);
        }
    }

    fn shrink_if_early(&mut self) {
        self.ticks += 1;
        if self.ticks < SHRINK_AFTER_TICKS {
            return;
        }
        if self.least_margin != i32::MAX && self.least_margin >= self.lengths.wanted_margin + self.lengths.skip as i32 {
            self.skip();
        }
        self.ticks = 0;
        self.least_margin = i32::MAX;
    }

    /// Leaves out 10 ms, blending what is before into what is after.
    fn skip(&mut self) {
        let play = self.play.expect("shrinking follows playing");
        let (skip, blend) = (self.lengths.skip, self.lengths.blend);
        for n in 0..blend {
            let (from, to) = (
                self.lengths.index(play.wrapping_add(n as u32)),
                self.lengths.index(play.wrapping_add(skip + n as u32)),
            );
            if self.present[from] && self.present[to] {
                let (old, new) = (i32::from(self.ring[from]), i32::from(self.ring[to]));
                self.ring[to] = ((old * (blend - n) as i32 + new * n as i32) / blend as i32) as i16;
            }
        }
        for n in 0..skip {
            self.present[self.lengths.index(play.wrapping_add(n))] = false;
        }
        self.play = Some(play.wrapping_add(skip));
        self.delay = self.delay.saturating_sub(skip);
        self.delay_before = self.delay_before.saturating_sub(skip);
    }
}

#[cfg(test)]
mod tests;
