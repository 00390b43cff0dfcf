//! Which frames have voice in them: those well above the noise, whose level is learned from the quietest frames of the
//! last second. Steady noise is its own floor; speech has gaps that show the floor. Not here: tones, and who speaks.

use super::tone::{self, Tone};
use crate::FRAME_SAMPLES;

/// Frames in a row from which it is voice, 60 ms; shorter sounds are clicks.
pub(crate) const LEAST_RUN: u32 = 3;
/// Frames held back at the beginning of the sound, 500 ms, until the noise is known.
pub(crate) const HELD_BACK: usize = 25;
/// The floor is the least of so many groups of frames...
const GROUPS: usize = 8;
/// ...of so many frames each: 1.28 s in all.
const GROUP_FRAMES: u32 = 8;
/// Voice is so many times stronger than the quietest frame: 8 dB...
const ABOVE_FLOOR: f32 = 6.0;
/// ...or 4 dB on a line that was digitally silent within the time of the floor: there is little noise to be taken for
/// voice, and the quietest frame is more likely voice itself.
const ABOVE_FLOOR_IF_CLEAN: f32 = 2.5;
/// Mean squares. Below this, -75 dBFS, a frame is digital silence and tells nothing about noise.
const DIGITAL_SILENCE: f32 = 17.0;
/// What stands for the noise of a line that has been digitally silent for as long as frames are held back: -60 dBFS.
const FLOOR_OF_SILENCE: f32 = 540.0;
/// Below this, -48 dBFS, nothing is voice.
const LEAST_VOICE: f32 = 8_500.0;
/// The floor never rises above this, -12 dBFS: what is well above it is voice at any rate.
const MOST_FLOOR: f32 = 33_900_000.0;

/// A judged frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Heard {
    /// Frames with voice in a row up to this one; 0 if this one has none.
    pub(crate) voice_run: u32,
    /// The tone it consists of.
    pub(super) tone: Option<Tone>,
}

impl Heard {
    /// Whether it has voice in it, and is no pure tone.
    pub(crate) fn is_voice(&self) -> bool {
        self.voice_run > 0 && self.tone.is_none()
    }
}

/// A frame as measured.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    power: f32,
    tone: Option<Tone>,
}

/// The judge of frames. Frames are pushed and come out judged, the first of them later and together.
#[derive(Debug)]
pub(crate) struct Voice {
    waiting: [Measured; HELD_BACK],
    count: usize,
    taken: usize,
    learned: bool,
    /// Least powers of groups of frames, the newest first.
    floors: [f32; GROUPS],
    in_group: u32,
    /// The two frames before, the newer one first.
    before: [f32; 2],
    /// Frames since the last one of digital silence.
    noisy: u32,
    run: u32,
    lead: Lead,
    /// Frames of digital silence up to now.
    silent: usize,
}

/// What digital silence before the first sound says of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// Nothing: noise may begin with the sound.
    Unknown,
    /// It has no noise, and the first sound need not wait.
    Clean,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            waiting: [Measured::default(); HELD_BACK],
            count: 0,
            taken: 0,
            learned: false,
            floors: [f32::INFINITY; GROUPS],
            in_group: 0,
            before: [0.0; 2],
            noisy: 0,
            run: 0,
            lead: Lead::Unknown,
            silent: 0,
        }
    }
}

impl Voice {
    /// A judge for whom a line that was digitally silent for 500 ms has no noise, so that who speaks then is heard at once.
    pub(crate) fn quick() -> Self {
        Self {
            lead: Lead::Clean,
            ..Self::default()
        }
    }

    /// Takes a frame; all judged ones were taken out before.
    pub(crate) fn push(&mut self, samples: &[i16; FRAME_SAMPLES]) {
        let power = power(samples);
        let tone = (power >= LEAST_VOICE).then(|| tone::find(samples)).flatten();
        // At the edge of digital silence a frame may be only partly filled.
        let [middle, first] = self.before;
        if power.min(middle).min(first) >= DIGITAL_SILENCE {
            self.learn(middle);
        }
        self.before = [power, middle];
        if power < DIGITAL_SILENCE {
            self.silent += 1;
        } else {
            if self.lead == Lead::Clean && !self.learned && self.silent >= HELD_BACK {
                self.learned = true;
                self.learn(FLOOR_OF_SILENCE);
            }
            self.silent = 0;
        }
        if self.taken == self.count {
            (self.taken, self.count) = (0, 0);
        }
        assert!(
            self.count < HELD_BACK,
            "judged frames are taken out before the next one"
        );
        self.waiting[self.count] = Measured { power, tone };
        self.count += 1;
        self.learned |= self.count == HELD_BACK;
    }

    /// The next judged frame. Silence before the first sound need not wait.
    pub(crate) fn next(&mut self) -> Option<Heard> {
        let started = self.floors.iter().any(|floor| floor.is_finite());
        if self.taken == self.count || (started && !self.learned) {
            return None;
        }
        let Measured { power, tone } = self.waiting[self.taken];
        self.taken += 1;
        self.noisy = if power < DIGITAL_SILENCE {
            0
        } else {
            self.noisy.saturating_add(1)
        };
        let above = if self.noisy < GROUPS as u32 * GROUP_FRAMES {
            ABOVE_FLOOR_IF_CLEAN
        } else {
            ABOVE_FLOOR
        };
        let floor = self.floors.iter().fold(MOST_FLOOR, |least, floor| least.min(*floor));
        let voiced = power >= LEAST_VOICE.max(floor * above);
        self.run = if voiced { self.run + 1 } else { 0 };
        Some(Heard {
            voice_run: self.run,
            tone,
        })
    }

    fn learn(&mut self, power: f32) {
        if self.in_group == GROUP_FRAMES {
            self.floors.rotate_right(1);
            self.floors[0] = f32::INFINITY;
            self.in_group = 0;
        }
        self.floors[0] = self.floors[0].min(power);
        self.in_group += 1;
    }
}

/// Mean square without the constant part.
fn power(samples: &[i16; FRAME_SAMPLES]) -> f32 {
    let (mut sum, mut squares) = (0i64, 0i64);
    for &sample in samples {
        sum += i64::from(sample);
        squares += i64::from(sample) * i64::from(sample);
    }
    let count = FRAME_SAMPLES as f32;
    let mean = sum as f32 / count;
    (squares as f32 / count - mean * mean).max(0.0)
}
