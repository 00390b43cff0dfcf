//! Conversions of continuous recognition.

use super::{private, same};
use crate::bindings::patchcord::handler::recognise;
use patchcord_control::words;

same!(recognise::Partials => words::Partials: Wanted, Unwanted);

impl From<recognise::Options> for words::RecogniseOptions {
    fn from(it: recognise::Options) -> Self {
        Self {
            language: it.language,
            hints: private(it.hints),
            partials: it.partials.into(),
            longest_ms: it.longest_ms,
        }
    }
}

impl From<words::HeardSpeech> for recognise::Heard {
    fn from(it: words::HeardSpeech) -> Self {
        match it {
            words::HeardSpeech::Partial(partial) => Self::Partial(recognise::PartialText {
                text: partial.text.into_inner(),
                from_ms: partial.from_ms,
            }),
            words::HeardSpeech::Final(said) => Self::Final(recognise::FinalText {
                text: said.text.into_inner(),
                confidence: said.confidence,
                from_ms: said.from_ms,
                to_ms: said.to_ms,
            }),
            words::HeardSpeech::Gap(gap) => Self::Gap(recognise::Gap {
                from_ms: gap.from_ms,
                to_ms: gap.to_ms,
            }),
            words::HeardSpeech::Missed(count) => Self::Missed(count),
        }
    }
}

impl From<words::Recognised> for recognise::Recognised {
    fn from(it: words::Recognised) -> Self {
        let counts = it.counts;
        Self {
            ended_by: it.ended_by.into(),
            lasted_ms: it.lasted_ms,
            heard_ms: counts.heard_ms,
            dropped_ms: counts.dropped_ms,
            finals: counts.finals,
            missed: it.missed,
            finals_refused: counts.finals_refused,
            connections: counts.connections,
            ignored: counts.ignored,
        }
    }
}

impl From<words::RecogniseEnd> for recognise::RecogniseEnd {
    fn from(it: words::RecogniseEnd) -> Self {
        match it {
            words::RecogniseEnd::Stopped => Self::Stopped,
            words::RecogniseEnd::Longest => Self::Longest,
            words::RecogniseEnd::Left(why) => Self::Left(why.into()),
            words::RecogniseEnd::Failed(why) => Self::Failed(why.into()),
        }
    }
}

impl From<words::RecogniseFailure> for recognise::Failure {
    fn from(it: words::RecogniseFailure) -> Self {
        match it {
            words::RecogniseFailure::Refused(status) => Self::Refused(status),
            words::RecogniseFailure::Unreachable => Self::Unreachable,
            words::RecogniseFailure::Lost => Self::Lost,
            words::RecogniseFailure::Overloaded => Self::Overloaded,
            words::RecogniseFailure::Language => Self::Language,
            words::RecogniseFailure::Recogniser => Self::Recogniser,
        }
    }
}
