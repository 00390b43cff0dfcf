//! Where a world's recordings go: memory, so that a test can measure them; or a storage that fails in a way of the test's
//! choice.

use patchcord_control::call::Saved;
use patchcord_control::ids::RecordingId;
use patchcord_control::words::NotRecorded;
use patchcord_media::{Recorder, TapTaken, Tapped};
use patchcord_switch::{RecordingKey, RecordingOrder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};

/// Bytes of sound a world keeps of one recording: an hour of two channels. Longer ones fail.
const TAPE_BYTES: usize = 2 * 2 * 8_000 * 3_600;

/// How storage behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// It keeps everything.
    #[default]
    Works,
    /// It refuses every recording at its beginning.
    Refuses,
    /// It fails after so many frames of a recording.
    Breaks {
        /// From 0.
        after: u64,
    },
    /// It fails when a recording is to be kept.
    BreaksAtEnd,
    /// It takes everything and never answers.
    NeverAnswers,
    /// It has no room for more than so many frames of a recording.
    Full {
        /// From 0.
        after: u64,
    },
}

/// A recording that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    /// Its name.
    pub id: RecordingId,
    /// The whole file.
    pub file: Vec<u8>,
    /// Its samples, one channel after the other.
    pub channels: Vec<Vec<i16>>,
}

/// The storage of a world.
#[derive(Debug, Default)]
pub(super) struct Tapes {
    pub(super) storage: Storage,
    running: BTreeMap<RecordingKey, Running>,
    kept: Vec<Tape>,
    answers: VecDeque<(RecordingKey, Result<Saved, NotRecorded>)>,
}

#[derive(Debug)]
struct Running {
    id: RecordingId,
    channels: usize,
    recorder: Recorder,
    sound: Vec<u8>,
    frames: u64,
}

impl Tapes {
    pub(super) fn kept(&self) -> &[Tape] {
        &self.kept
    }

    /// The next thing to be told to the shard.
    pub(super) fn answer(&mut self) -> Option<(RecordingKey, Result<Saved, NotRecorded>)> {
        self.answers.pop_front()
    }

    pub(super) fn order(&mut self, order: RecordingOrder) {
        match order {
            RecordingOrder::Begin { key, .. } if self.storage == Storage::Refuses => self.fail(key),
            RecordingOrder::Begin {
                key,
                id,
                channels,
                trim,
                ..
            } => {
                let running = Running {
                    id,
                    channels: usize::from(channels),
                    recorder: Recorder::new(channels, trim),
                    sound: Vec::new(),
                    frames: 0,
                };
                self.running.insert(key, running);
            }
            RecordingOrder::Finish { key } => match self.storage {
                Storage::BreaksAtEnd => self.fail(key),
                Storage::NeverAnswers => drop(self.running.remove(&key)),
                _ => self.finish(key),
            },
        }
    }

    pub(super) fn tapped(&mut self, tapped: &Tapped<'_>) -> TapTaken {
        let key = RecordingKey(tapped.tap.number);
        let Some(running) = self.running.get_mut(&key) else {
            return TapTaken::Yes;
        };
        running.frames += 1;
        let frames = running.frames;
        match self.storage {
            Storage::Full { after } if frames > after => return TapTaken::Dropped,
            Storage::Breaks { after } if frames > after => self.fail(key),
            _ if running.sound.len() > TAPE_BYTES => self.fail(key),
            _ => running.recorder.push(tapped, &mut running.sound),
        }
        TapTaken::Yes
    }

    fn fail(&mut self, key: RecordingKey) {
        self.running.remove(&key);
        self.answers.push_back((key, Err(NotRecorded::Storage)));
    }

    fn finish(&mut self, key: RecordingKey) {
        // One that failed has been answered for.
        let Some(mut running) = self.running.remove(&key) else {
            return;
        };
        let keep = running.recorder.finish(&mut running.sound);
        running.sound.truncate(keep as usize);
        let mut file = running.recorder.header(keep).to_vec();
        file.extend_from_slice(&running.sound);
        let saved = Saved {
            length_ms: running.recorder.length(keep).as_millis() as u64,
            bytes: file.len() as u64,
            sha256: Sha256::digest(&file).into(),
        };
        let samples = running.sound.chunks_exact(2);
        let samples: Vec<i16> = samples.map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        let of = |channel: usize| {
            samples
                .iter()
                .skip(channel)
                .step_by(running.channels)
                .copied()
                .collect()
        };
        self.kept.push(Tape {
            id: running.id,
            file,
            channels: (0..running.channels).map(of).collect(),
        });
        self.answers.push_back((key, Ok(saved)));
    }
}
