//! Conversions of streams.

use super::same;
use crate::bindings::patchcord::handler::stream;
use patchcord_control::words;

same!(stream::Format => words::StreamFormat: Mulaw8k, L16at16k, L16at24k);
same!(stream::Direction => words::StreamDirection: Listen, Both);

impl From<stream::Options> for words::StreamOptions {
    fn from(it: stream::Options) -> Self {
        let parameters = it.parameters.into_iter();
        Self {
            url: it.url.into(),
            format: it.format.into(),
            direction: it.direction.into(),
            parameters: parameters.map(|one| (one.name, one.value.into())).collect(),
            reconnect: it.reconnect,
        }
    }
}

impl From<words::Streamed> for stream::Streamed {
    fn from(it: words::Streamed) -> Self {
        let counts = it.counts;
        Self {
            id: it.id,
            ended_by: it.ended_by.into(),
            lasted_ms: it.lasted_ms,
            heard_ms: counts.heard_ms,
            dropped_ms: counts.dropped_ms,
            played_ms: counts.played_ms,
            cleared_ms: counts.cleared_ms,
            overrun_ms: counts.overrun_ms,
            connections: counts.connections,
            ignored: counts.ignored,
        }
    }
}

impl From<words::StreamEnd> for stream::StreamEnd {
    fn from(it: words::StreamEnd) -> Self {
        match it {
            words::StreamEnd::Stopped => Self::Stopped,
            words::StreamEnd::Finished => Self::Finished,
            words::StreamEnd::Left(why) => Self::Left(why.into()),
            words::StreamEnd::Refused(status) => Self::Refused(status),
            words::StreamEnd::Unreachable => Self::Unreachable,
            words::StreamEnd::Lost => Self::Lost,
            words::StreamEnd::Overloaded => Self::Overloaded,
        }
    }
}
