//! Who speaks: one leg's voice by the power of its frames, and which of several is the speaker. All times are in ticks.

/// Frames below this are nobody speaking: -45 dBFS.
const THRESHOLD: f32 = power(-45.0);
/// Speech is so much above a line's noise: 9 dB.
const ABOVE_FLOOR: f32 = 8.0;
/// A line's noise is believed to be no louder than -30 dBFS.
const LOUDEST_FLOOR: f32 = power(-30.0);
/// What the noise is believed to grow by in a tick: 2.2 dB a second.
const FLOOR_RISE: f32 = 1.01;
/// What the loudness falls by in a tick after a loud one: 23 dB a second.
const DECAY: f32 = 0.9;
/// Below this a leg does not compete to be mixed: -60 dBFS.
const FAINT: f32 = power(-60.0);
/// Loud frames in a row that make a leg speaking: 60 ms.
pub(super) const BEGIN_TICKS: u8 = 3;
/// Frames without a loud one that make it quiet: 400 ms.
pub(super) const END_TICKS: u8 = 20;
/// What another must be louder by than the speaker, or than one who is mixed, to take the place: 3 dB.
pub(super) const LOUDER: f32 = 2.0;
/// For so long: 300 ms.
pub(super) const TAKE_OVER_TICKS: u8 = 15;

/// The mean square at a level in dBFS, of which only the three above are asked for; 0 is a sine of full scale.
const fn power(dbfs: f32) -> f32 {
    const FULL_SCALE: f32 = 32_767.0 * 32_767.0 / 2.0;
    match dbfs as i32 {
        -30 => FULL_SCALE / 1_000.0,
        -45 => FULL_SCALE / 31_622.777,
        _ => FULL_SCALE / 1_000_000.0,
    }
}

/// What a frame changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It speaks now.
    Began,
    /// It is quiet now.
    Ended,
}

/// One leg's voice.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    loudness: f32,
    floor: f32,
    loud_in_a_row: u8,
    since_loud: u8,
    speaking: bool,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            loudness: 0.0,
            floor: FAINT,
            loud_in_a_row: 0,
            since_loud: END_TICKS,
            speaking: false,
        }
    }
}

impl Voice {
    /// Takes the power of a frame; none is a frame that did not come or held silence.
    pub(super) fn frame(&mut self, power: Option<f32>) -> Option<Change> {
        let loud = power.is_some_and(|power| power > THRESHOLD && power > self.floor * ABOVE_FLOOR);
        if let Some(power) = power {
            self.floor = (self.floor * FLOOR_RISE).min(power).min(LOUDEST_FLOOR);
        }
        self.loudness = (self.loudness * DECAY).max(power.unwrap_or(0.0));
        if loud {
            self.loud_in_a_row = self.loud_in_a_row.saturating_add(1);
            self.since_loud = 0;
            if !self.speaking && self.loud_in_a_row >= BEGIN_TICKS {
                self.speaking = true;
                return Some(Change::Began);
            }
        } else {
            self.loud_in_a_row = 0;
            self.since_loud = self.since_loud.saturating_add(1);
            if self.speaking && self.since_loud >= END_TICKS {
                self.speaking = false;
                return Some(Change::Ended);
            }
        }
        None
    }

    /// Forgets everything but the noise; what that changed.
    pub(super) fn hush(&mut self) -> Option<Change> {
        let spoke = self.speaking;
        *self = Self {
            floor: self.floor,
            ..Self::default()
        };
        spoke.then_some(Change::Ended)
    }

    pub(super) fn speaking(&self) -> bool {
        self.speaking
    }

    pub(super) fn loudness(&self) -> f32 {
        self.loudness
    }

    /// Whether it is loud enough to compete for being mixed.
    pub(super) fn competes(&self) -> bool {
        self.loudness > FAINT
    }

    /// Whether nothing is left to be counted down.
    pub(super) fn at_rest(&self) -> bool {
        !self.speaking && !self.competes()
    }
}

/// The mean square of a frame.
pub(super) fn mean_square(frame: &[i16]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0f32; LANES];
    // Every frame of 20 ms is a multiple of eight samples long.
    for chunk in frame.chunks_exact(LANES) {
        for lane in 0..LANES {
            let sample = f32::from(chunk[lane]);
            sums[lane] += sample * sample;
        }
    }
    sums.iter().sum::<f32>() / frame.len().max(1) as f32
}
