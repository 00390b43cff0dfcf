//! One recording of a call: a small machine from its first order to its one outcome. It gives orders to the taps of its
//! legs and hears of storage; nothing is called recorded before storage has said so.

use super::io::{MediaCommand, Output, Saved, TapCommand};
use super::rooms::RoomCommand;
use crate::ids::{LegId, OperationId, RecordingId};
use crate::words::{Interruption, Key, NotRecorded, PauseWith, RecordEnd, RecordOptions, UnixTime};
use std::time::{Duration, Instant};

/// How it ended, or why it failed.
pub(crate) type Ended = Result<RecordEnd, NotRecorded>;

/// How far a recording is. It only ever moves down this list, but for pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its beep plays, on these legs under these names.
    Beeping(Vec<(LegId, OperationId)>),
    /// It records.
    Running,
    /// It does not.
    Paused { since: Instant, with: PauseWith },
    /// It has ended; what its taps still give is on its way, at most until then.
    Ending { until: Instant },
    /// Storage finishes it, at most until then.
    Saving { until: Instant },
    /// Its outcome is known.
    Done,
}

/// A recording. More than twelve fields: what it is of, where it is, and what came of it.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) id: RecordingId,
    /// One for each channel.
    pub(crate) of: Vec<Source>,
    pub(crate) options: RecordOptions,
    pub(crate) started_at: UnixTime,
    started: Instant,
    /// Time in pauses that are skipped.
    skipped: Duration,
    pub(crate) stage: Stage,
    /// Which channels are quiet.
    quiet: Vec<bool>,
    /// Which channels' taps are there.
    tapped: Vec<bool>,
    pub(crate) ended: Option<Ended>,
    pub(crate) saved: Option<Saved>,
}

/// What a channel is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// What a leg says.
    Leg(LegId),
    /// All that is said in a room of this number.
    Room(u32),
}

/// What a recording wants after something happened to it.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    pub(crate) taps: Vec<Output>,
    /// Its last frame is on the way to storage: finish it there.
    pub(crate) finish: bool,
}

impl Source {
    /// An order to its tap for a channel of a recording.
    pub(crate) fn tap(self, recording: u32, channel: u8, order: TapCommand) -> Output {
        match self {
            Source::Leg(leg) => {
                let command = MediaCommand::Tap {
                    recording,
                    channel,
                    order,
                };
                Output::Media(leg, command)
            }
            Source::Room(number) => {
                let command = RoomCommand::Tap { recording, order };
                Output::Room { number, command }
            }
        }
    }
}

impl Recording {
    /// A new one; `beeps` are the prompts it waits for, none if there are none.
    pub(crate) fn new(
        (now, started_at): (Instant, UnixTime),
        id: RecordingId,
        of: Vec<Source>,
        options: RecordOptions,
        beeps: Vec<(LegId, OperationId)>,
    ) -> Self {
        let stage = if beeps.is_empty() {
            Stage::Running
        } else {
            Stage::Beeping(beeps)
        };
        Self {
            id,
            options,
            started_at,
            started: now,
            skipped: Duration::ZERO,
            stage,
            quiet: vec![false; of.len()],
            tapped: vec![true; of.len()],
            of,
            ended: None,
            saved: None,
        }
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&self) -> bool {
        matches!(self.stage, Stage::Beeping(_) | Stage::Running | Stage::Paused { .. })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// When it acts by itself.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Ending { until } | Stage::Saving { until } => Some(until),
            _ => None,
        }
    }

    /// Whether a channel of it is of this leg.
    pub(crate) fn is_of(&self, leg: LegId) -> bool {
        self.of.contains(&Source::Leg(leg))
    }

    /// The legs that channels of it are of.
    pub(crate) fn legs(&self) -> impl Iterator<Item = LegId> {
        self.of.iter().filter_map(|source| match source {
            Source::Leg(leg) => Some(*leg),
            Source::Room(_) => None,
        })
    }

    /// The number of the room that it is of.
    pub(crate) fn room(&self) -> Option<u32> {
        self.of.iter().find_map(|source| match source {
            Source::Room(number) => Some(*number),
            Source::Leg(_) => None,
        })
    }

    /// Whether this key ends it.
    pub(crate) fn finishes_on(&self, leg: LegId, key: Key) -> bool {
        self.runs() && self.is_of(leg) && self.options.finish_on.contains(&key)
    }

    /// What ends the taps of a leg.
    pub(crate) fn untap(&self, leg: LegId) -> impl Iterator<Item = MediaCommand> {
        let channels = self.of.iter().zip(&self.tapped).enumerate();
        let number = self.id.number;
        channels
            .filter(move |(_, (of, tapped))| **of == Source::Leg(leg) && **tapped)
            .map(move |(channel, _)| MediaCommand::Tap {
                recording: number,
                channel: channel as u8,
                order: TapCommand::End,
            })
    }

    /// A prompt ended: if it was the last beep, the recording begins.
    pub(crate) fn beep_over(&mut self, now: Instant, started_at: UnixTime, operation: OperationId) -> Option<Wants> {
        let Stage::Beeping(beeps) = &mut self.stage else {
            return None;
        };
        let place = beeps.iter().position(|(_, beep)| *beep == operation)?;
        beeps.remove(place);
        if !beeps.is_empty() {
            return Some(Wants::default());
        }
        self.stage = Stage::Running;
        (self.started, self.started_at) = (now, started_at);
        Some(self.tell_taps(TapCommand::Go { at_ms: 0 }))
    }

    /// Pauses it, or changes what stands for the pause it is in.
    pub(crate) fn pause(&mut self, now: Instant, with: PauseWith) -> Wants {
        match self.stage {
            Stage::Running => {}
            Stage::Paused { with: before, .. } if before != with => self.end_pause(now),
            _ => return Wants::default(),
        }
        self.stage = Stage::Paused { since: now, with };
        self.tell_taps(TapCommand::Pause(with))
    }

    /// Ends a pause.
    pub(crate) fn resume(&mut self, now: Instant) -> Wants {
        if !matches!(self.stage, Stage::Paused { .. }) {
            return Wants::default();
        }
        self.end_pause(now);
        self.stage = Stage::Running;
        self.quiet.fill(false);
        let at = now.saturating_duration_since(self.started).saturating_sub(self.skipped);
        self.tell_taps(TapCommand::Go {
            at_ms: at.as_millis() as u64,
        })
    }

    fn end_pause(&mut self, now: Instant) {
        if let Stage::Paused {
            since,
            with: PauseWith::Skip,
        } = self.stage
        {
            self.skipped += now.saturating_duration_since(since);
        }
    }

    /// Ends it; the first reason stays. Its taps may take until then.
    pub(crate) fn end(&mut self, ended: Ended, until: Instant) -> Wants {
        if !self.runs() {
            return Wants::default();
        }
        self.ended = Some(ended);
        self.stage = Stage::Ending { until };
        self.tell_taps(TapCommand::End)
    }

    /// A channel was quiet for long enough, or is no longer. True if all are quiet now.
    pub(crate) fn quiet(&mut self, channel: u8, quiet: bool) -> bool {
        if let Some(known) = self.quiet.get_mut(usize::from(channel)) {
            *known = quiet;
        }
        self.stage == Stage::Running && self.quiet.iter().all(|quiet| *quiet)
    }

    /// A tap is gone.
    pub(crate) fn tap_over(&mut self, channel: u8) {
        if let Some(tapped) = self.tapped.get_mut(usize::from(channel)) {
            *tapped = false;
        }
    }

    /// Goes on to storage once it has ended and every tap is gone, or is not waited for any longer.
    pub(crate) fn save(&mut self, now: Instant, until: Instant) -> Wants {
        let Stage::Ending { until: last } = self.stage else {
            return Wants::default();
        };
        if self.tapped.iter().any(|tapped| *tapped) && now < last {
            return Wants::default();
        }
        self.stage = Stage::Saving { until };
        Wants {
            finish: true,
            ..Wants::default()
        }
    }

    /// Storage has it, or does not. The taps that are still there, which end then.
    pub(crate) fn stored(&mut self, stored: Result<Saved, NotRecorded>) -> Wants {
        if self.is_done() {
            return Wants::default();
        }
        let wants = match self.runs() {
            true => self.tell_taps(TapCommand::End),
            false => Wants::default(),
        };
        match stored {
            Ok(saved) => {
                self.saved = Some(saved);
                // Storage ends nothing of its own accord.
                self.ended.get_or_insert(Err(NotRecorded::Storage));
            }
            Err(why) => self.ended = Some(Err(why)),
        }
        self.stage = Stage::Done;
        wants
    }

    /// Why it ended if a leg of it is gone.
    pub(crate) fn lost(why: Interruption) -> Ended {
        Ok(RecordEnd::Left(why))
    }

    fn tell_taps(&self, order: TapCommand) -> Wants {
        let channels = self.of.iter().zip(&self.tapped).enumerate();
        let taps = channels
            .filter(|(_, (_, tapped))| **tapped)
            .map(|(channel, (of, _))| of.tap(self.id.number, channel as u8, order));
        Wants {
            taps: taps.collect(),
            finish: false,
        }
    }
}
