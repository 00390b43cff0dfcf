//! Taps: what a session receives, decoded and put back in time, handed on in frames of 20 ms beside whatever else happens
//! to it. For recordings; whoever opens a tap says what becomes of it. A tap pauses here, so that the sound of a pause
//! never leaves the engine. Not here: files, channels side by side ([`Recorder`](crate::Recorder)).

use crate::{FRAME, FRAME_SAMPLES, Report, SAMPLE_RATE, SessionId, Sink};
use std::time::Duration;

/// Taps of one session; one more ends at once with [`TapEnd::Refused`].
pub const MAX_TAPS: usize = 4;
/// Mean square above which a frame counts as sound: -45 dBFS. Voice on a telephone line is well above, its noise below.
const SOUND_MEAN_SQUARE: u64 = 17_000;
/// Frames that a tap may be off its owner's clock without being put right: ticks tremble, and a jump is heard.
const TREMBLE: u64 = 2;

/// One tap, named by the engine's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId {
    /// What it belongs to; unique in the node.
    pub number: u64,
    /// Which channel of that, from 0.
    pub channel: u8,
}

/// What a tap is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapOrder {
    /// A new one. It ends with exactly one [`TapEvent::Ended`], unless its session is not open.
    Begin(TapOptions),
    /// From now on nothing, or silence, in place of what is received. Quiet is not watched for meanwhile.
    Pause(Paused),
    /// What is received again, at this place of what the tap gives.
    Go {
        /// Its place by the owner's clock. A tap that is there within 40 ms goes on where it is, and none goes back.
        at: Duration,
    },
    /// The end.
    End,
}

/// How a tap works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapOptions {
    /// It ends by itself when it has given so much, in steps of 20 ms.
    pub longest: Duration,
    /// Quiet for so long is told, and its end; none: not watched for.
    pub quiet: Option<Duration>,
    /// Whether it gives anything before [`TapOrder::Go`].
    pub starts: TapStart,
}

/// Whether a tap begins at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TapStart {
    /// With the next tick.
    AtOnce,
    /// As if paused without a gap.
    Waiting,
}

/// What stands for the sound of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paused {
    /// Nothing: what comes after it follows what came before.
    Skip,
    /// As much silence.
    Silence,
}

/// Something a tap tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TapEvent {
    /// It has been quiet for as long as its options say.
    Quiet,
    /// There is sound again.
    Sound,
    /// It is gone; every frame it gave was handed to the sink before.
    Ended(TapEnd),
}

/// Why a tap ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TapEnd {
    /// As ordered.
    Ordered,
    /// It has given as much as it may.
    Longest,
    /// Its session closed.
    Closed,
    /// The sink had no room for a frame: what would come after it would be out of place.
    Dropped,
    /// The session has [`MAX_TAPS`] already.
    Refused,
}

/// 20 ms of a tap. It has no `Debug`: sound is not for logs.
#[derive(Clone, Copy)]
pub struct Tapped<'a> {
    /// Whose.
    pub tap: TapId,
    /// Which frame of what the tap gives, from 0; one that was left out is silence.
    pub position: u64,
    /// Samples a second.
    pub rate: u32,
    /// One channel.
    pub samples: &'a [i16],
}

/// Whether a sink took a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapTaken {
    /// It has it.
    Yes,
    /// There was no room: the tap ends.
    Dropped,
}

/// Whether a frame of 16-bit sound is more than the noise of a line: above -45 dBFS.
pub fn is_sound(samples: &[i16]) -> bool {
    let energy: u64 = samples
        .iter()
        .map(|&sample| u64::from(sample.unsigned_abs()).pow(2))
        .sum();
    energy > SOUND_MEAN_SQUARE * samples.len() as u64
}

/// A tap of a session.
#[derive(Debug)]
pub(crate) struct Tap {
    id: TapId,
    options: TapOptions,
    mode: Mode,
    /// The next frame's.
    position: u64,
    quiet_frames: u64,
    quiet: bool,
    ended: Option<TapEnd>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    On,
    Paused(Paused),
}

/// The taps of a session.
#[derive(Debug, Default)]
pub(crate) struct Taps(Vec<Tap>);

impl Taps {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Carries out an order; one for a tap that is gone has no effect. What is to be reported, at most one event.
    pub(crate) fn order(&mut self, id: TapId, order: TapOrder) -> Option<TapEvent> {
        if let TapOrder::Begin(options) = order {
            if self.0.len() >= MAX_TAPS || self.0.iter().any(|tap| tap.id == id) {
                return Some(TapEvent::Ended(TapEnd::Refused));
            }
            self.0.push(Tap::new(id, options));
            return None;
        }
        let place = self.0.iter().position(|tap| tap.id == id)?;
        let tap = &mut self.0[place];
        match order {
            TapOrder::Begin(_) => None,
            TapOrder::Pause(paused) => {
                tap.mode = Mode::Paused(paused);
                tap.quiet_frames = 0;
                None
            }
            TapOrder::Go { at } => {
                tap.go(at);
                None
            }
            TapOrder::End => {
                self.0.remove(place);
                Some(TapEvent::Ended(TapEnd::Ordered))
            }
        }
    }

    /// All end because the session closes.
    pub(crate) fn close(&mut self, mut ended: impl FnMut(TapId)) {
        self.0.iter().for_each(|tap| ended(tap.id));
        self.0.clear();
    }

    /// Gives every tap a frame.
    pub(crate) fn frame(&mut self, session: SessionId, samples: &[i16; FRAME_SAMPLES], sink: &mut impl Sink) {
        for tap in self.0.iter_mut().filter(|tap| tap.ended.is_none()) {
            tap.frame(session, samples, sink);
        }
    }

    /// What the frames of a tick led to: at most one report for each tap. It keeps its memory.
    pub(crate) fn report(&mut self, session: SessionId, mut report: impl FnMut(Report)) {
        for tap in &mut self.0 {
            if let Some(event) = tap.event() {
                report(Report::Tap {
                    session,
                    tap: tap.id,
                    event,
                });
            }
        }
        self.0.retain(|tap| tap.ended.is_none());
    }
}

impl Tap {
    fn new(id: TapId, options: TapOptions) -> Self {
        let mode = match options.starts {
            TapStart::AtOnce => Mode::On,
            TapStart::Waiting => Mode::Paused(Paused::Skip),
        };
        Self {
            id,
            options,
            mode,
            position: 0,
            quiet_frames: 0,
            quiet: false,
            ended: None,
        }
    }

    fn go(&mut self, at: Duration) {
        self.mode = Mode::On;
        self.quiet_frames = 0;
        let at = frames(at);
        if at > self.position + TREMBLE {
            self.position = at;
        }
    }

    fn frame(&mut self, session: SessionId, samples: &[i16; FRAME_SAMPLES], sink: &mut impl Sink) {
        const SILENCE: [i16; FRAME_SAMPLES] = [0; FRAME_SAMPLES];
        let samples = match self.mode {
            Mode::On => samples,
            Mode::Paused(Paused::Silence) => &SILENCE,
            Mode::Paused(Paused::Skip) => return,
        };
        if self.position >= frames(self.options.longest) {
            self.ended = Some(TapEnd::Longest);
            return;
        }
        let tapped = Tapped {
            tap: self.id,
            position: self.position,
            rate: SAMPLE_RATE,
            samples,
        };
        if sink.tapped(session, &tapped) == TapTaken::Dropped {
            self.ended = Some(TapEnd::Dropped);
            return;
        }
        self.position += 1;
        if self.position >= frames(self.options.longest) {
            self.ended = Some(TapEnd::Longest);
        }
        if self.mode == Mode::On {
            self.quiet_frames = if is_sound(samples) { 0 } else { self.quiet_frames + 1 };
        }
    }

    fn event(&mut self) -> Option<TapEvent> {
        if let Some(why) = self.ended {
            return Some(TapEvent::Ended(why));
        }
        let quiet = self.quiet_frames >= frames(self.options.quiet?).max(1);
        if quiet == self.quiet {
            return None;
        }
        self.quiet = quiet;
        Some(if quiet { TapEvent::Quiet } else { TapEvent::Sound })
    }
}

fn frames(time: Duration) -> u64 {
    (time.as_nanos() / FRAME.as_nanos()) as u64
}

#[cfg(test)]
mod tests;
