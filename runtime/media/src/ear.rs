//! Something said, from its beginning to its end: an ear waits for voice, keeps what is said, with a little before and after
//! it, and hands it over once. What is voice and what is the noise of the line is told by [`crate::detect`]. Not here: what
//! was said.

use crate::detect::voice::{HELD_BACK, LEAST_RUN, Voice};
use crate::mixer::Rate;
use crate::{FRAME, FRAME_SAMPLES, SAMPLE_RATE, resample};
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Ranges of [`EarOptions`], in milliseconds.
const END_SILENCE_MS: RangeInclusive<u128> = 200..=5_000;
const LONGEST_MS: RangeInclusive<u128> = 500..=30_000;
/// It is something said from so many frames with voice on, 100 ms...
const LEAST_VOICED: u32 = 5;
/// ...among the last so many: the stops of a word are gaps in it.
const WINDOW: u64 = 9;
/// Frames that are kept before the first one with voice and after the last one, 300 ms: words begin and end softly.
const MARGIN: u64 = 15;
/// Frames that are kept while nothing is said: those before it, and those that are not judged yet.
const WAITING: u64 = MARGIN + WINDOW + HELD_BACK as u64;

/// One listening for something said, numbered by the engine's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EarId(pub u32);

/// What an ear is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarOrder {
    /// A new one, in place of one that there is. It hears one thing that is said: [`EarEvent::Began`], then
    /// [`EarEvent::Said`].
    Open(EarOptions),
    /// The end, without an event. Nothing happens if it is not the one that there is.
    Close,
}

/// How an ear works. Times are rounded down to 20 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarOptions {
    /// What is said is over after so much silence: 0.2 to 5 s.
    pub end_silence: Duration,
    /// It is over after so long in any case: 0.5 to 30 s.
    pub longest: Duration,
}

/// Something an ear tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarEvent {
    /// Somebody says something. A prompt that a key would stop was stopped.
    Began,
    /// It is over; the ear hears no more.
    Said(Utterance),
}

/// What was said: one channel at 8 kHz, at most [`EarOptions::longest`] and a little. Its `Debug` shows no sound.
#[derive(Clone, PartialEq, Eq)]
pub struct Utterance(Vec<i16>);

impl Utterance {
    /// Of samples at 8 kHz.
    pub fn new(samples: Vec<i16>) -> Self {
        Self(samples)
    }

    /// Its samples.
    pub fn samples(&self) -> &[i16] {
        &self.0
    }

    /// Its samples at 16 kHz, with nothing above 4 kHz: for recognisers that want it so.
    pub fn wide(&self) -> Vec<i16> {
        let samples: Vec<f32> = self.0.iter().map(|sample| f32::from(*sample)).collect();
        let wide = resample::to(Rate::Hz16000, &samples, SAMPLE_RATE);
        wide.into_iter().map(|sample| sample.round() as i16).collect()
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.0.len() as u64) / SAMPLE_RATE
    }
}

impl fmt::Debug for Utterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Utterance({} ms)", self.duration().as_millis())
    }
}

impl EarOptions {
    /// Whether every time is in its range.
    pub(crate) fn in_range(&self) -> bool {
        END_SILENCE_MS.contains(&self.end_silence.as_millis()) && LONGEST_MS.contains(&self.longest.as_millis())
    }
}

/// An ear of a session. Its memory is made when it is opened; its clock is the frames it is given.
#[derive(Debug)]
pub(crate) struct Ear {
    id: EarId,
    options: EarOptions,
    voice: Voice,
    /// The last of what was received, later what is said, from frame `first` on.
    sound: Vec<i16>,
    first: u64,
    /// Frames given, and frames judged.
    given: u64,
    judged: u64,
    /// Bit n: the n-th last frame that was judged has voice.
    voiced: u32,
    stage: Stage,
    /// What is told next: one event in a tick.
    began: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    /// The frame after the last one with voice.
    Speech {
        until: u64,
    },
    Ended,
    HandedOver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

impl Ear {
    pub(crate) fn new(id: EarId, options: EarOptions) -> Self {
        let most = frames(options.longest) + WAITING + 1;
        Self {
            id,
            options,
            voice: Voice::quick(),
            sound: Vec::with_capacity(most as usize * FRAME_SAMPLES),
            first: 0,
            given: 0,
            judged: 0,
            voiced: 0,
            stage: Stage::Waiting,
            began: Told::No,
        }
    }

    pub(crate) fn id(&self) -> EarId {
        self.id
    }

    /// Whether it has use for sound, or something to tell.
    pub(crate) fn open(&self) -> bool {
        self.stage != Stage::HandedOver
    }

    /// Takes the next 20 ms.
    pub(crate) fn frame(&mut self, samples: &[i16; FRAME_SAMPLES]) {
        if matches!(self.stage, Stage::Ended | Stage::HandedOver) {
            return;
        }
        self.sound.extend_from_slice(samples);
        self.given += 1;
        self.voice.push(samples);
        // At the beginning frames wait until the noise is known; then they are judged all at once.
        while let Some(heard) = self.voice.next() {
            self.judged += 1;
            // A pure tone is nothing that anybody says.
            self.voiced = (self.voiced << 1) | u32::from(heard.is_voice());
            self.judge(heard.voice_run);
        }
        if self.stage == Stage::Waiting && self.given - self.first > WAITING {
            self.drop_before(self.given - WAITING);
        }
    }

    fn judge(&mut self, voice_run: u32) {
        match self.stage {
            Stage::Waiting => {
                let window = self.voiced & ((1 << WINDOW) - 1);
                if window.count_ones() >= LEAST_VOICED {
                    self.stage = Stage::Speech { until: self.judged };
                    self.drop_before(self.judged.saturating_sub(WINDOW + MARGIN));
                }
            }
            Stage::Speech { ref mut until } => {
                if voice_run >= LEAST_RUN {
                    *until = self.judged;
                }
                let silence = self.judged - *until;
                let length = self.judged - self.first;
                if silence >= frames(self.options.end_silence) || length >= frames(self.options.longest) {
                    let kept = (*until + MARGIN).min(self.judged) - self.first;
                    self.sound.truncate(kept as usize * FRAME_SAMPLES);
                    self.stage = Stage::Ended;
                }
            }
            Stage::Ended | Stage::HandedOver => {}
        }
    }

    /// What is to be told in this tick. Nothing is freed: what was said goes along.
    pub(crate) fn event(&mut self) -> Option<EarEvent> {
        match (self.stage, self.began) {
            (Stage::Waiting | Stage::HandedOver, _) | (Stage::Speech { .. }, Told::Yes) => None,
            (Stage::Speech { .. } | Stage::Ended, Told::No) => {
                self.began = Told::Yes;
                Some(EarEvent::Began)
            }
            (Stage::Ended, Told::Yes) => {
                self.stage = Stage::HandedOver;
                Some(EarEvent::Said(Utterance(std::mem::take(&mut self.sound))))
            }
        }
    }

    fn drop_before(&mut self, frame: u64) {
        let surplus = frame.saturating_sub(self.first);
        self.sound.drain(..surplus as usize * FRAME_SAMPLES);
        self.first += surplus;
    }
}

fn frames(time: Duration) -> u64 {
    (time.as_nanos() / FRAME.as_nanos()) as u64
}

#[cfg(test)]
mod tests;
