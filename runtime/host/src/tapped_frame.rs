//! 20 ms of a tap on their way out of a media thread, as a whole: nothing is allocated on the way.

use patchcord_media::{FRAME_SAMPLES, TapId, Tapped};

/// What a tap gave. It has no `Debug`: sound is not for logs.
#[derive(Clone, Copy)]
pub(crate) struct TappedFrame {
    tap: TapId,
    position: u64,
    rate: u32,
    length: usize,
    samples: [i16; FRAME_SAMPLES],
}

impl TappedFrame {
    /// A copy; none if it is longer than a frame.
    pub(crate) fn of(tapped: &Tapped<'_>) -> Option<Self> {
        let mut samples = [0; FRAME_SAMPLES];
        samples.get_mut(..tapped.samples.len())?.copy_from_slice(tapped.samples);
        Some(Self {
            tap: tapped.tap,
            position: tapped.position,
            rate: tapped.rate,
            length: tapped.samples.len(),
            samples,
        })
    }

    /// What it is a copy of.
    pub(crate) fn tapped(&self) -> Tapped<'_> {
        Tapped {
            tap: self.tap,
            position: self.position,
            rate: self.rate,
            samples: &self.samples[..self.length],
        }
    }
}

/// A frame for tests.
#[cfg(test)]
pub(crate) fn silence() -> Tapped<'static> {
    Tapped {
        tap: TapId { number: 1, channel: 0 },
        position: 0,
        rate: patchcord_media::SAMPLE_RATE,
        samples: &[0; FRAME_SAMPLES],
    }
}
