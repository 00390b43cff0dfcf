//! Who answered: a human, who says a word or two and waits, or a machine, which talks on and may end with a beep. Told
//! by the length of what is said first, from 20 ms frames of received sound. Not here: whose sound it is, and words.

mod tone;
pub(crate) mod voice;

use crate::{FRAME, FRAME_SAMPLES};
use std::ops::RangeInclusive;
use std::time::Duration;
use tone::Tones;
use voice::{Heard, Voice};

/// Ranges of [`DetectOptions`], in milliseconds.
const TIMEOUT_MS: RangeInclusive<u128> = 3_000..=60_000;
const SPEECH_MS: RangeInclusive<u128> = 1_000..=6_000;
const SPEECH_END_MS: RangeInclusive<u128> = 500..=5_000;
const SILENCE_MS: RangeInclusive<u128> = 2_000..=10_000;
/// What is said counts as something said from so many frames with voice, 100 ms; less is a click or a cough.
const LEAST_VOICED: u32 = 5;

/// What a detection is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DetectMode {
    /// Human or machine, as soon as it is clear.
    Enable,
    /// The same for a human; for a machine the end of its greeting, which is when a message can begin.
    DetectMessageEnd,
}

/// The measures of a detection. Times are rounded down to 20 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectOptions {
    /// What to tell.
    pub mode: DetectMode,
    /// The detection ends by then in any case: 3 to 60 s.
    pub timeout: Duration,
    /// A greeting of this length or longer is a machine's: 1 to 6 s.
    pub speech_threshold: Duration,
    /// After so much silence what was said is over: 0.5 to 5 s.
    pub speech_end_threshold: Duration,
    /// Without a word from the beginning until then, nothing can be told: 2 to 10 s.
    pub silence_timeout: Duration,
}

impl Default for DetectOptions {
    fn default() -> Self {
        Self {
            mode: DetectMode::Enable,
            timeout: Duration::from_secs(30),
            speech_threshold: Duration::from_millis(2_400),
            speech_end_threshold: Duration::from_millis(1_200),
            silence_timeout: Duration::from_secs(5),
        }
    }
}

impl DetectOptions {
    /// Whether every time is in its range.
    pub(crate) fn in_range(&self) -> bool {
        TIMEOUT_MS.contains(&self.timeout.as_millis())
            && SPEECH_MS.contains(&self.speech_threshold.as_millis())
            && SPEECH_END_MS.contains(&self.speech_end_threshold.as_millis())
            && SILENCE_MS.contains(&self.silence_timeout.as_millis())
    }
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Something short was said, then there was silence.
    Human,
    /// More was said than a human says first, or there was a beep. Only in [`DetectMode::Enable`].
    Machine,
    /// A machine, and its greeting is over. Only in [`DetectMode::DetectMessageEnd`].
    MachineEnd(GreetingEnd),
    /// The answering tone of a fax machine or modem (2,100 Hz, ITU-T T.30 and V.25).
    Fax,
    /// It cannot be told.
    Unknown(Unknown),
}

/// How a machine's greeting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GreetingEnd {
    /// With a beep, which is over.
    Beep,
    /// With silence.
    Silence,
    /// Not until the time was over.
    Other,
}

/// Why it cannot be told who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// Nobody said anything.
    Silence,
    /// The time was over.
    Timeout,
    /// Another detection took its place.
    Replaced,
    /// The session closed.
    Closed,
}

/// A detection. Its clock is the frames it is given.
#[derive(Debug)]
pub(crate) struct Detector {
    options: DetectOptions,
    voice: Voice,
    tones: Tones,
    said: Said,
    /// As it was before the tone that sounds now.
    said_before_tone: Said,
    /// Frames judged.
    frames: u32,
    /// The greeting was long enough for a machine's.
    machine: bool,
    running: bool,
}

/// What was said so far; numbers of frames.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    first: Option<u32>,
    /// One after the last frame with voice.
    until: u32,
    voiced: u32,
}

impl Detector {
    /// At its beginning.
    pub(crate) fn new(options: DetectOptions) -> Self {
        Self {
            options,
            voice: Voice::default(),
            tones: Tones::default(),
            said: Said::default(),
            said_before_tone: Said::default(),
            frames: 0,
            machine: false,
            running: true,
        }
    }

    /// Whether the verdict is still to come.
    pub(crate) fn running(&self) -> bool {
        self.running
    }

    /// Ends it without a verdict of its own.
    pub(crate) fn end(&mut self) {
        self.running = false;
    }

    /// Takes the next 20 ms; the verdict, once.
    pub(crate) fn frame(&mut self, samples: &[i16; FRAME_SAMPLES]) -> Option<Verdict> {
        if !self.running {
            return None;
        }
        self.voice.push(samples);
        // At the beginning frames wait until the noise is known; then they are judged all at once.
        while let Some(heard) = self.voice.next() {
            self.frames += 1;
            if let Some(verdict) = self.judge(heard) {
                self.running = false;
                return Some(verdict);
            }
        }
        None
    }

    fn judge(&mut self, heard: Heard) -> Option<Verdict> {
        let before = self.tones.length();
        let tone = self.tones.next(heard.tone);
        if tone == tone::Step::Began {
            self.said_before_tone = self.said;
        }
        if self.tones.is_long() {
            // A tone is nothing said, and no silence.
            self.said = self.said_before_tone;
        } else {
            self.said.add(self.frames, heard.voice_run);
        }
        if self.tones.is_fax() {
            return Some(Verdict::Fax);
        }
        if tone == tone::Step::Ended && tone::is_beep(before) {
            return Some(self.machine_verdict(GreetingEnd::Beep));
        }
        self.verdict()
    }

    fn verdict(&mut self) -> Option<Verdict> {
        let options = self.options;
        if let Some(first) = self.said.first {
            if !self.machine && self.said.until - first >= frames(options.speech_threshold) {
                self.machine = true;
                if options.mode == DetectMode::Enable {
                    return Some(Verdict::Machine);
                }
            }
            let silence = self.frames.saturating_sub(self.said.until);
            if silence >= frames(options.speech_end_threshold) && !self.tones.is_long() {
                if self.machine {
                    return Some(Verdict::MachineEnd(GreetingEnd::Silence));
                }
                if self.said.voiced >= LEAST_VOICED {
                    return Some(Verdict::Human);
                }
                self.said = Said::default();
            }
        } else if self.frames >= frames(options.silence_timeout) && !self.tones.is_long() {
            return Some(Verdict::Unknown(Unknown::Silence));
        }
        let at_the_end = if self.machine {
            Verdict::MachineEnd(GreetingEnd::Other)
        } else {
            Verdict::Unknown(Unknown::Timeout)
        };
        (self.frames >= frames(options.timeout)).then_some(at_the_end)
    }

    fn machine_verdict(&self, end: GreetingEnd) -> Verdict {
        match self.options.mode {
            DetectMode::Enable => Verdict::Machine,
            DetectMode::DetectMessageEnd => Verdict::MachineEnd(end),
        }
    }
}

impl Said {
    /// A frame, the number after which is `now`, with so many frames with voice in a row up to it.
    fn add(&mut self, now: u32, voice_run: u32) {
        if voice_run < voice::LEAST_RUN {
            return;
        }
        self.voiced += if voice_run == voice::LEAST_RUN { voice_run } else { 1 };
        self.first.get_or_insert(now - voice_run);
        self.until = now;
    }
}

fn frames(time: Duration) -> u32 {
    u32::try_from(time.as_micros() / FRAME.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
