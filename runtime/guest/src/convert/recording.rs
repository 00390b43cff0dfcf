//! Conversions of recordings.

use super::same;
use crate::bindings::patchcord::handler::{gather, record, types};
use patchcord_control::words;

same!(types::NotRecorded => words::NotRecorded: Storage, Overloaded, Late);
same!(words::NotRecorded => types::NotRecorded: Storage, Overloaded, Late);
same!(record::Format => words::RecordFormat: Wav, Opus);
same!(record::PauseWith => words::PauseWith: Skip, Silence);

impl From<record::Options> for words::RecordOptions {
    fn from(it: record::Options) -> Self {
        Self {
            format: it.format.into(),
            longest_ms: it.longest_ms,
            finish_on: it.finish_on.into_iter().map(words::Key::from).collect(),
            silence_ms: it.silence_ms,
            beep: if it.beep { words::Beep::Yes } else { words::Beep::No },
            trim: if it.trim_silence {
                words::TrimSilence::Ends
            } else {
                words::TrimSilence::Keep
            },
        }
    }
}

impl From<words::Recorded> for record::Recorded {
    fn from(it: words::Recorded) -> Self {
        Self {
            id: it.id,
            length_ms: it.length_ms,
            ended_by: it.ended_by.into(),
        }
    }
}

impl From<words::RecordEnd> for record::RecordEnd {
    fn from(it: words::RecordEnd) -> Self {
        match it {
            words::RecordEnd::Key(key) => Self::Key(key.into()),
            words::RecordEnd::Silence => Self::Silence,
            words::RecordEnd::Longest => Self::Longest,
            words::RecordEnd::Stopped => Self::Stopped,
            words::RecordEnd::Left(why) => Self::Left(why.into()),
        }
    }
}

impl From<words::Key> for gather::Key {
    fn from(it: words::Key) -> Self {
        use gather::Key as K;
        const KEYS: [K; 16] = [
            K::Zero,
            K::One,
            K::Two,
            K::Three,
            K::Four,
            K::Five,
            K::Six,
            K::Seven,
            K::Eight,
            K::Nine,
            K::Star,
            K::Hash,
            K::A,
            K::B,
            K::C,
            K::D,
        ];
        KEYS[usize::from(it.event())]
    }
}

#[cfg(test)]
mod tests;
