//! Live sound: what somebody outside says to a session, queued as it comes and played a frame each tick, with a ledger of
//! what was played exactly. Not here: where it comes from, and how it was coded there.

use crate::mixer::{Rate, Resampler};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Longest live sound that waits in a session; what comes beyond it is left out, newest first, and counted.
pub const MAX_LIVE: Duration = Duration::from_secs(60);
/// Marks that wait in a session; one more is left out, and the next one stands for it.
pub const MAX_LIVE_MARKS: usize = 256;

/// One source of live sound, numbered by the engine's owner; unique in the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LiveId(pub u64);

/// What a source is told.
#[derive(Clone, PartialEq, Eq)]
pub enum LiveOrder {
    /// A new one. It ends with exactly one [`LiveEvent::Ended`], unless its session is not open.
    Begin {
        /// Of the sound that will come.
        rate: Rate,
    },
    /// Sound to be played after what waits.
    Sound(Vec<i16>),
    /// To be told once all that came before it has been played; numbers ascend.
    Mark(u32),
    /// What waits is not played any more; [`LiveEvent::Cleared`] follows.
    Clear,
    /// The end: what waits is not played.
    End,
}

impl fmt::Debug for LiveOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin { rate } => write!(f, "Begin({rate:?})"),
            Self::Sound(samples) => write!(f, "Sound({} samples)", samples.len()),
            Self::Mark(mark) => write!(f, "Mark({mark})"),
            Self::Clear => f.write_str("Clear"),
            Self::End => f.write_str("End"),
        }
    }
}

/// What became of the sound of a source so far. Lengths count its own sound, without the silence between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveLedger {
    /// Went out.
    pub played: Duration,
    /// Was cleared before it was played.
    pub cleared: Duration,
    /// Found no room.
    pub overrun: Duration,
}

/// Something a source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveEvent {
    /// A mark was reached, and with it all before it.
    Reached {
        /// Which.
        mark: u32,
        /// What had been played before it, exactly.
        played: Duration,
    },
    /// What waited is gone, and all marks with it.
    Cleared(LiveLedger),
    /// It is gone, and all marks with it.
    Ended(LiveLedger),
}

/// A source of live sound in a session.
#[derive(Debug)]
pub(crate) struct Live {
    id: LiveId,
    rate: Rate,
    waiting: VecDeque<i16>,
    /// Samples that were played, cleared, and left out.
    played: u64,
    cleared: u64,
    overrun: u64,
    /// Each with the count of samples played or cleared at which it is reached.
    marks: VecDeque<(u64, u32)>,
    /// To the rate that the session sends at; none if that is its own.
    resampler: Option<(Rate, Resampler)>,
    /// Whether the end of the last sound is still in the filter.
    rings: bool,
}

impl Live {
    pub(crate) fn new(id: LiveId, rate: Rate, wanted: Rate) -> Self {
        let mut live = Self {
            id,
            rate,
            waiting: VecDeque::new(),
            played: 0,
            cleared: 0,
            overrun: 0,
            marks: VecDeque::with_capacity(MAX_LIVE_MARKS),
            resampler: None,
            rings: false,
        };
        live.tune(wanted);
        live
    }

    pub(crate) fn id(&self) -> LiveId {
        self.id
    }

    /// The session sends at this rate from now on.
    pub(crate) fn tune(&mut self, wanted: Rate) {
        if wanted == self.rate {
            self.resampler = None;
        } else if self.resampler.as_ref().is_none_or(|(to, _)| *to != wanted) {
            self.resampler = Some((wanted, Resampler::new(self.rate, wanted)));
        }
    }

    /// Takes sound, or as much of it as there is room for.
    pub(crate) fn push(&mut self, sound: &[i16]) {
        let room = self.samples(MAX_LIVE).saturating_sub(self.waiting.len());
        let taken = sound.len().min(room);
        self.waiting.extend(&sound[..taken]);
        self.overrun += (sound.len() - taken) as u64;
    }

    /// Takes a mark behind what waits.
    pub(crate) fn mark(&mut self, mark: u32) {
        if self.marks.len() < MAX_LIVE_MARKS {
            self.marks.push_back((self.gone() + self.waiting.len() as u64, mark));
        }
    }

    /// Lets go of what waits.
    pub(crate) fn clear(&mut self) -> LiveLedger {
        self.cleared += self.waiting.len() as u64;
        self.waiting.clear();
        self.marks.clear();
        self.ledger()
    }

    /// Whether there is anything to be heard.
    pub(crate) fn sounds(&self) -> bool {
        !self.waiting.is_empty() || self.rings
    }

    /// Writes its next 20 ms at the rate it is tuned to; after its end, silence.
    pub(crate) fn fill(&mut self, frame: &mut [i16]) {
        let mut own = [0; Rate::Hz48000.frame()];
        let own = &mut own[..self.rate.frame()];
        let count = own.len().min(self.waiting.len());
        for (place, sample) in own.iter_mut().zip(self.waiting.drain(..count)) {
            *place = sample;
        }
        self.played += count as u64;
        match &mut self.resampler {
            Some((_, resampler)) => {
                let written = resampler.convert(own, frame);
                frame[written..].fill(0);
                self.rings = count > 0;
            }
            None => {
                let length = own.len().min(frame.len());
                frame[..length].copy_from_slice(&own[..length]);
                frame[length..].fill(0);
            }
        }
    }

    /// A mark that has been reached, one at a time.
    pub(crate) fn reached(&mut self) -> Option<LiveEvent> {
        let gone = self.gone();
        let (at, mark) = self.marks.pop_front_if(|(at, _)| *at <= gone)?;
        Some(LiveEvent::Reached {
            mark,
            played: self.length(at - self.cleared),
        })
    }

    pub(crate) fn ledger(&self) -> LiveLedger {
        LiveLedger {
            played: self.length(self.played),
            cleared: self.length(self.cleared),
            overrun: self.length(self.overrun),
        }
    }

    fn gone(&self) -> u64 {
        self.played + self.cleared
    }

    fn length(&self, samples: u64) -> Duration {
        let nanoseconds = u128::from(samples) * 1_000_000_000 / u128::from(self.rate.hertz());
        Duration::from_nanos(nanoseconds as u64)
    }

    fn samples(&self, length: Duration) -> usize {
        length.as_secs() as usize * self.rate.hertz() as usize
    }
}

#[cfg(test)]
mod tests;
