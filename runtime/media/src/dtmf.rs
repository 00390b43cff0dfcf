//! Keys in the sound itself (ITU-T Q.23 and Q.24), at 8 kHz: a [`ToneDetector`] and a [`ToneGenerator`]. Not here: telephone
//! events, which are `keys_in` and `keys_out`.
//!
//! The detector correlates 5 ms at a time with the eight frequencies (Goertzel) and judges the last 20 ms by it. Two
//! tones are a key if, for 35 ms or so, nearly all the power is in one tone of each group, neither far above the other,
//! and both at their pitch, which the turn of their phases from window to window tells.
//!
//! | | accepted | refused |
//! |---|---|---|
//! | length | 40 ms | 23 ms |
//! | pause that makes two keys of one | 40 ms | 10 ms |
//! | pitch | 1.5 % off | 3.5 % off |
//! | level of each tone | -33 to 0 dBm0 | -45 dBm0 |
//! | high tones over low ones | -8 to +4 dB | -13, +9 dB |
//! | noise | 15 dB below | speech, music |

mod generator;

pub use generator::ToneGenerator;

use std::f64::consts::TAU;

/// Low group, then high group, in hertz (ITU-T Q.23).
const FREQUENCIES: [f64; 8] = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// RFC 4733 event of each low tone with each high tone.
const EVENTS: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];

/// Samples of a part: 5 ms.
const PART: usize = 40;
/// Parts of a window: 20 ms, long enough to tell two neighbours apart.
const PARTS: usize = 4;
/// What each part counts in a window. Its ends count half, so that the louder tone hardly shows at the other's place.
const WEIGHTS: [f32; PARTS] = [0.5, 1.0, 1.0, 0.5];
/// Samples of a window by their weights.
const WINDOW: f32 = 3.0 * PART as f32;
/// Parts from a window to the one whose phase it is compared with. What is further off than half a turn in that time is
/// nearer to the neighbour.
const LAG: [usize; 2] = [2, 1];
/// How far a tone may be off in one window, and over a whole key, as part of its frequency.
const OFF_IN_A_WINDOW: f32 = 0.035;
const OFF: f32 = 0.025;
/// Least power of a tone: -39 dBm0, as mean square.
const LEAST_POWER: f32 = 32_800.0;
/// Least part of all power that must be in both tones.
const PURITY: f32 = 0.82;
/// Most by which the high tone may be above the low one, and the other way: 6.5 dB and 10.5 dB.
const HIGH_OVER_LOW: f32 = 4.5;
const LOW_OVER_HIGH: f32 = 11.2;
/// Most by which the power of a tone may change during a key: 6 dB.
const UNSTEADY: f32 = 4.0;
/// Windows in a row that make a key.
const HITS: u32 = 4;
/// Windows in a row without it that end a key.
const MISSES: u32 = 7;
/// Parts after one that may be of a key for which the sound is still taken for the key's: 15 ms, so that a tone that is
/// broken or out of step for a moment stays one.
const LINGER: u32 = 3;

/// A complex number.
#[derive(Debug, Clone, Copy, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn at(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self {
            re: cos as f32,
            im: sin as f32,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn conjugate(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }
}

/// One of the eight frequencies.
#[derive(Debug, Clone)]
struct Tone {
    hertz: f32,
    coefficient: f32,
    /// To make a correlation of Goertzel's last two values: minus one over the turn of one sample.
    back: Complex,
    /// The turn of a part, and where the parts so far have turned to.
    turn: Complex,
    turned: Complex,
    /// The newest parts' correlations, newest last.
    parts: [Complex; PARTS],
    /// The windows of the latest parts, newest last.
    windows: [Complex; 3],
}

impl Tone {
    fn new(hertz: f64) -> Self {
        let angle = TAU * hertz / 8_000.0;
        Self {
            hertz: hertz as f32,
            coefficient: 2.0 * angle.cos() as f32,
            back: Complex::at(-angle),
            turn: Complex::at(-angle * PART as f64),
            turned: Complex { re: 1.0, im: 0.0 },
            parts: [Complex::default(); PARTS],
            windows: [Complex::default(); 3],
        }
    }

    fn part(&mut self, samples: &[f32; PART]) {
        let (mut last, mut before) = (0.0, 0.0);
        for &sample in samples {
            (last, before) = (sample + self.coefficient * last - before, last);
        }
        // last - before * e^(-jw) is the correlation up to a turn that is the same in every part.
        let correlation = Complex {
            re: last - before * self.back.re,
            im: -before * self.back.im,
        };
        self.parts.rotate_left(1);
        self.parts[PARTS - 1] = correlation.times(self.turned);
        self.turned = self.turned.times(self.turn);
        // Rounding must not let it grow or fade.
        let length = self.turned.power().sqrt();
        (self.turned.re, self.turned.im) = (self.turned.re / length, self.turned.im / length);
        self.windows.rotate_left(1);
        let weighed = self.parts.iter().zip(WEIGHTS);
        self.windows[2] = weighed.fold(Complex::default(), |sum, (part, weight)| Complex {
            re: sum.re + part.re * weight,
            im: sum.im + part.im * weight,
        });
    }

    /// The turn of its phase in the time of so many parts.
    fn phase(&self, lag: usize) -> Complex {
        self.windows[2].times(self.windows[2 - lag].conjugate())
    }

    /// How far off the tone is, in hertz, by such a turn.
    fn off(phase: Complex, lag: usize) -> f32 {
        phase.angle() / (std::f32::consts::TAU * lag as f32 * PART as f32 / 8_000.0)
    }

    /// Its mean square in the window, if it is so far off: what a window sees of a tone besides its pitch is less.
    fn power(&self, off: f32) -> f32 {
        let x = std::f32::consts::PI * off * PART as f32 / 8_000.0;
        let part = if x.abs() < 1e-3 { 1.0 } else { x.sin() / x };
        let seen = (part * x.cos() * (1.0 + 2.0 * (2.0 * x).cos()) / 3.0).powi(2);
        2.0 * self.windows[2].power() / (WINDOW * WINDOW) / seen.max(0.1)
    }
}

/// Two tones that may be a key.
#[derive(Debug, Clone, Copy)]
struct Pair {
    event: u8,
    /// Phases added up over the windows, low and high.
    phases: [Complex; 2],
    powers: [f32; 2],
}

/// Finds keys in sound of 8 kHz.
#[derive(Debug, Clone)]
pub struct ToneDetector {
    tones: [Tone; 8],
    samples: [f32; PART],
    filled: usize,
    /// Sums of squares of the newest parts.
    energy: [f32; PARTS],
    candidate: Option<Pair>,
    hits: u32,
    /// The key that sounds.
    sounding: Option<u8>,
    misses: u32,
    /// Parts since the last window that may be of a key.
    since_alike: u32,
}

impl Default for ToneDetector {
    fn default() -> Self {
        Self {
            tones: FREQUENCIES.map(Tone::new),
            samples: [0.0; PART],
            filled: 0,
            energy: [0.0; PARTS],
            candidate: None,
            hits: 0,
            sounding: None,
            misses: 0,
            since_alike: u32::MAX,
        }
    }
}

impl ToneDetector {
    /// Takes sound and gives the key that began in it, as RFC 4733 event: once for each, 35 to 45 ms after its beginning.
    /// Of several keys in one call, which only more than 75 ms can hold, the last.
    pub fn hear(&mut self, samples: &[i16]) -> Option<u8> {
        let mut key = None;
        for &sample in samples {
            self.samples[self.filled] = f32::from(sample);
            self.filled += 1;
            if self.filled == PART {
                self.filled = 0;
                key = self.part().or(key);
            }
        }
        key
    }

    /// Whether the last so many samples may hold a part of a key: long before it is sure, at the first 20 ms that are
    /// nothing but two such tones. What of a key is heard before that is too short for anybody to take it for one
    /// (ITU-T Q.24). Of speech, less than one frame of 20 ms in a thousand may be a key by this.
    pub fn may_be_key(&self, samples: usize) -> bool {
        self.since_alike < samples.div_ceil(PART) as u32 + LINGER
    }

    /// Forgets what it heard: other sound follows.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    fn part(&mut self) -> Option<u8> {
        self.energy.rotate_left(1);
        self.energy[PARTS - 1] = self.samples.iter().map(|sample| sample * sample).sum();
        for tone in &mut self.tones {
            tone.part(&self.samples);
        }
        match self.judge() {
            Some(pair) => {
                self.since_alike = 0;
                self.hit(pair)
            }
            None => {
                self.since_alike = self.since_alike.saturating_add(1);
                self.miss()
            }
        }
    }

    /// What the last 20 ms are.
    fn judge(&self) -> Option<Pair> {
        let weighed = self.energy.iter().zip(WEIGHTS).map(|(energy, weight)| energy * weight);
        let whole = weighed.sum::<f32>() / WINDOW;
        if whole < LEAST_POWER {
            return None;
        }
        let (low, high) = (strongest(&self.tones[..4]), strongest(&self.tones[4..]));
        let tones = [&self.tones[low], &self.tones[4 + high]];
        let mut pair = Pair {
            event: EVENTS[low][high],
            phases: Default::default(),
            powers: [0.0; 2],
        };
        for (n, tone) in tones.iter().enumerate() {
            pair.phases[n] = tone.phase(LAG[n]);
            let off = Tone::off(pair.phases[n], LAG[n]);
            pair.powers[n] = tone.power(off);
            if off.abs() > tone.hertz * OFF_IN_A_WINDOW || pair.powers[n] < LEAST_POWER {
                return None;
            }
        }
        let [low, high] = pair.powers;
        let twisted = high > low * HIGH_OVER_LOW || low > high * LOW_OVER_HIGH;
        (!twisted && low + high > whole * PURITY).then_some(pair)
    }

    fn hit(&mut self, pair: Pair) -> Option<u8> {
        if self.sounding == Some(pair.event) {
            self.misses = 0;
            return None;
        }
        let same = self.candidate.filter(|candidate| {
            let steady = |n: usize| {
                let (before, now) = (candidate.powers[n], pair.powers[n]);
                before < now * UNSTEADY && now < before * UNSTEADY
            };
            candidate.event == pair.event && steady(0) && steady(1)
        });
        match same {
            Some(before) => {
                let phases = [0, 1].map(|n| before.phases[n].plus(pair.phases[n]));
                self.candidate = Some(Pair { phases, ..pair });
                self.hits += 1;
            }
            None => {
                self.candidate = Some(pair);
                self.hits = 1;
            }
        }
        let key = (self.hits >= HITS).then(|| self.accept()).flatten();
        if key.is_none() {
            self.no_longer_sounding();
        }
        key
    }

    fn miss(&mut self) -> Option<u8> {
        self.candidate = None;
        self.no_longer_sounding();
        None
    }

    fn no_longer_sounding(&mut self) {
        if self.sounding.is_some() {
            self.misses += 1;
            if self.misses >= MISSES {
                self.sounding = None;
            }
        }
    }

    /// A pair for long enough: a key, if both tones were at their pitch all in all.
    fn accept(&mut self) -> Option<u8> {
        let pair = self.candidate?;
        let tones = tones_of(pair.event);
        for (n, &tone) in tones.iter().enumerate() {
            let tone = &self.tones[tone];
            if Tone::off(pair.phases[n], LAG[n]).abs() > tone.hertz * OFF {
                return None;
            }
        }
        self.sounding = Some(pair.event);
        self.misses = 0;
        self.candidate = None;
        self.hits = 0;
        Some(pair.event)
    }
}

/// The one with most power in the window.
fn strongest(tones: &[Tone]) -> usize {
    let power = |n: usize| tones[n].windows[2].power();
    (1..tones.len()).fold(0, |best, n| if power(n) > power(best) { n } else { best })
}

/// The low and the high tone of a key; 0 to 15.
fn tones_of(event: u8) -> [usize; 2] {
    let place = EVENTS.as_flattened().iter().position(|&other| other == event);
    let place = place.expect("the table has all sixteen keys");
    [place / 4, 4 + place % 4]
}

#[cfg(test)]
mod tests;
