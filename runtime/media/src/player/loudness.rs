//! How loud a prompt is: its volume, its pauses, and the ramps of one frame between them, so that nothing clicks.

/// The loudness of a prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loudness {
    /// While it is not paused; 1: as it was recorded.
    volume: f32,
    paused: bool,
    /// At the end of the last frame.
    now: f32,
}

impl Default for Loudness {
    fn default() -> Self {
        Self {
            volume: 1.0,
            paused: false,
            now: 1.0,
        }
    }
}

impl Loudness {
    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    pub(super) fn resume(&mut self) {
        self.paused = false;
    }

    /// In dB beside what was recorded.
    pub(super) fn set_volume(&mut self, decibels: i8) {
        self.volume = if decibels == 0 {
            1.0
        } else {
            10f32.powf(f32::from(decibels) / 20.0)
        };
    }

    /// What comes next is not what was to come: it fades in.
    pub(super) fn fade_in(&mut self) {
        self.now = 0.0;
    }

    /// Nothing was heard yet: it begins as it is wanted.
    pub(super) fn settle(&mut self) {
        self.now = self.wanted();
    }

    /// Whether it has faded for a pause.
    pub(super) fn is_paused(self) -> bool {
        self.paused && self.now == 0.0
    }

    /// Whether it changes nothing.
    pub(super) fn is_plain(self) -> bool {
        self.now == 1.0 && self.wanted() == 1.0
    }

    /// Makes a frame as loud as it is to be.
    pub(super) fn apply(&mut self, frame: &mut [i16]) {
        let (from, to) = (self.now, self.wanted());
        self.now = to;
        if from == 1.0 && to == 1.0 {
            return;
        }
        let step = (to - from) / frame.len().max(1) as f32;
        for (n, sample) in frame.iter_mut().enumerate() {
            let gain = from + step * n as f32;
            // A conversion of its own cuts off what is out of range.
            *sample = (f32::from(*sample) * gain).round() as i16;
        }
    }

    fn wanted(self) -> f32 {
        if self.paused { 0.0 } else { self.volume }
    }
}
