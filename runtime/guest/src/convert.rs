//! Generated types to control's words and back. Every conversion is total: what the contract allows, the words hold. Those
//! of dialling, bridges and transfers are in `convert/`.

mod asking;
mod beginning;
mod inbox;
mod parties;
mod presence;
mod quality;
mod recognising;
mod recording;
mod rooms;
mod storing;
mod streaming;
mod telling;

pub(crate) use parties::call_id;

use crate::bindings::patchcord::handler::{call, clock, gather, log, play, types};
use patchcord_control::private::Private;
use patchcord_control::speech::{Speech, TextForm};
use patchcord_control::words;

/// Both sides of a result.
pub(crate) fn result<A, B: From<A>, E, F: From<E>>(result: Result<A, E>) -> Result<B, F> {
    result.map(B::from).map_err(F::from)
}

/// Each of a list.
pub(crate) fn list<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

/// A prompt is a list of segments on both sides.
pub(crate) fn prompt(segments: Vec<types::Segment>) -> Vec<words::Segment> {
    list(segments)
}

/// Texts that must not reach a log.
pub(crate) fn private(texts: Vec<String>) -> Vec<Private<String>> {
    list(texts)
}

/// Converts between two enums with the same plain variants.
macro_rules! same {
    ($from:ty => $into:ty: $($variant:ident),+) => {
        impl From<$from> for $into {
            fn from(it: $from) -> $into {
                match it {
                    $(<$from>::$variant => <$into>::$variant,)+
                }
            }
        }
    };
}
use same;

same!(types::Interruption => words::Interruption: HungUp, Cancelled, MediaLost, SignallingLost, TimeLimit, EndedByPlatform, EndedByHandler, Moved, NotConnected);
same!(words::Interruption => types::Interruption: HungUp, Cancelled, MediaLost, SignallingLost, TimeLimit, EndedByPlatform, EndedByHandler, Moved, NotConnected);
same!(types::TextForm => TextForm: Plain, Ssml);
same!(types::LegState => words::LegState: Offered, Ringing, Answered, Ended);
same!(words::LegState => types::LegState: Offered, Ringing, Answered, Ended);
same!(types::LimitName => words::LimitName: Operations, StringBytes, PromptSegments, LogBytes, RandomBytes, Legs, Endpoints, Headers, Recordings, SpeechBytes, Phrases, Streams, Parameters, Rooms, Recognitions, Hints, StoreKeyBytes, StoreValueBytes, StoreEntries, StoreBytes, StoreOperations, HttpRequests, HttpBytes, Reports, Subscriptions, Presence);
same!(words::LimitName => types::LimitName: Operations, StringBytes, PromptSegments, LogBytes, RandomBytes, Legs, Endpoints, Headers, Recordings, SpeechBytes, Phrases, Streams, Parameters, Rooms, Recognitions, Hints, StoreKeyBytes, StoreValueBytes, StoreEntries, StoreBytes, StoreOperations, HttpRequests, HttpBytes, Reports, Subscriptions, Presence);
same!(call::RejectReason => words::RejectReason: Busy, Declined, NotFound, Unavailable, Forbidden);
same!(words::LegDirection => call::Direction: Inbound, Outbound);
same!(words::Attestation => call::Attestation: Full, Partial, Gateway);
same!(words::PlayEnd => play::EndedBy: Finished, Key, Stopped, Replaced);
same!(words::GatherEnd => gather::EndedBy: MaxKeys, FinishKey, FirstKeyTimeout, NextKeyTimeout, Cancelled, Said, NoMatch);
same!(log::Level => words::LogLevel: Debug, Info, Warn, Error);

impl From<types::Error> for words::Error {
    fn from(it: types::Error) -> Self {
        match it {
            types::Error::Interrupted(why) => Self::Interrupted(why.into()),
            types::Error::WrongState(state) => Self::WrongState(state.into()),
            types::Error::Limit(types::LimitExceeded { name, allowed, asked }) => Self::Limit {
                name: name.into(),
                allowed,
                asked,
            },
            types::Error::Invalid(types::InvalidArgument { argument, reason }) => Self::Invalid { argument, reason },
            types::Error::NoSuchPrompt(name) => Self::NoSuchPrompt(name),
            types::Error::AlreadyGathering => Self::AlreadyGathering,
            types::Error::AlreadyBridged => Self::AlreadyBridged,
            types::Error::RefusedByPeer(status) => Self::RefusedByPeer(status),
            types::Error::NoSuchCall => Self::NoSuchCall,
            types::Error::NoSuchHandler(name) => Self::NoSuchHandler(name),
            types::Error::NotRecorded(why) => Self::NotRecorded(why.into()),
            types::Error::NotSpoken(why) => Self::NotSpoken(why),
            types::Error::NotFetched(why) => Self::NotFetched(why),
            types::Error::NotHeard(why) => Self::NotHeard(why),
            types::Error::NotAllowed(what) => Self::NotAllowed(what),
            types::Error::NoSuchSecret(name) => Self::NoSuchSecret(name),
            types::Error::Unavailable(why) => Self::Unavailable(why),
            types::Error::NoResponse(why) => Self::NoResponse(why.into()),
            types::Error::Failed(why) => Self::Failed(why),
        }
    }
}

impl From<words::Error> for types::Error {
    fn from(it: words::Error) -> Self {
        match it {
            words::Error::Interrupted(why) => Self::Interrupted(why.into()),
            words::Error::WrongState(state) => Self::WrongState(state.into()),
            words::Error::Limit { name, allowed, asked } => Self::Limit(types::LimitExceeded {
                name: name.into(),
                allowed,
                asked,
            }),
            words::Error::Invalid { argument, reason } => Self::Invalid(types::InvalidArgument { argument, reason }),
            words::Error::NoSuchPrompt(name) => Self::NoSuchPrompt(name),
            words::Error::AlreadyGathering => Self::AlreadyGathering,
            words::Error::AlreadyBridged => Self::AlreadyBridged,
            words::Error::RefusedByPeer(status) => Self::RefusedByPeer(status),
            words::Error::NoSuchCall => Self::NoSuchCall,
            words::Error::NoSuchHandler(name) => Self::NoSuchHandler(name),
            words::Error::NotRecorded(why) => Self::NotRecorded(why.into()),
            words::Error::NotSpoken(why) => Self::NotSpoken(why),
            words::Error::NotFetched(why) => Self::NotFetched(why),
            words::Error::NotHeard(why) => Self::NotHeard(why),
            words::Error::NotAllowed(what) => Self::NotAllowed(what),
            words::Error::NoSuchSecret(name) => Self::NoSuchSecret(name),
            words::Error::Unavailable(why) => Self::Unavailable(why),
            words::Error::NoResponse(why) => Self::NoResponse(why.into()),
            words::Error::Failed(why) => Self::Failed(why),
        }
    }
}

impl From<words::LegInfo> for call::LegInfo {
    fn from(it: words::LegInfo) -> Self {
        Self {
            call_id: it.call_id,
            direction: it.direction.into(),
            from: it.from.into_inner(),
            from_name: it.from_name.into_inner(),
            to: it.to.into_inner(),
            identity: it.identity.into(),
            origin: it.origin.into(),
            secure: it.secure,
        }
    }
}

impl From<words::Identity> for call::Identity {
    fn from(it: words::Identity) -> Self {
        match it {
            words::Identity::Unsigned => Self::Unsigned,
            words::Identity::Signed(attestation) => Self::Signed(attestation.into()),
            words::Identity::Invalid(why) => Self::Invalid(why),
            words::Identity::Asserted(user) => Self::Asserted(user.into_inner()),
        }
    }
}

impl From<words::LegOrigin> for call::Origin {
    fn from(it: words::LegOrigin) -> Self {
        match it {
            words::LegOrigin::Trunk(name) => Self::Trunk(name),
            words::LegOrigin::User(name) => Self::User(name.into_inner()),
            words::LegOrigin::Anyone => Self::Anyone,
            words::LegOrigin::Dialled => Self::Dialled,
        }
    }
}

impl From<types::Segment> for words::Segment {
    fn from(it: types::Segment) -> Self {
        match it {
            types::Segment::File(name) => Self::File(name),
            types::Segment::Tone(tone) => Self::Tone(words::Tone {
                frequencies: tone.frequencies,
                on_ms: tone.on_ms,
                off_ms: tone.off_ms,
                count: tone.count,
                level_dbm0: tone.level_dbm0,
            }),
            types::Segment::Silence(ms) => Self::Silence(ms),
            types::Segment::Url(address) => Self::Url(address.into()),
            types::Segment::Speech(speech) => Self::Speech(Speech {
                text: speech.text.into(),
                form: speech.form.into(),
                language: speech.language,
                voice: speech.voice,
            }),
        }
    }
}

impl From<play::Options> for words::PlayOptions {
    fn from(it: play::Options) -> Self {
        Self {
            barge_in: it.barge_in,
            times: it.times,
            from_ms: it.from_ms,
            volume_db: it.volume_db,
        }
    }
}

impl From<words::Played> for play::Played {
    fn from(it: words::Played) -> Self {
        Self {
            played_ms: it.played_ms,
            position_ms: it.position_ms,
            ended_by: it.ended_by.into(),
        }
    }
}

impl From<gather::Key> for words::Key {
    fn from(it: gather::Key) -> Self {
        use gather::Key as K;
        let event = match it {
            K::Zero => 0,
            K::One => 1,
            K::Two => 2,
            K::Three => 3,
            K::Four => 4,
            K::Five => 5,
            K::Six => 6,
            K::Seven => 7,
            K::Eight => 8,
            K::Nine => 9,
            K::Star => 10,
            K::Hash => 11,
            K::A => 12,
            K::B => 13,
            K::C => 14,
            K::D => 15,
        };
        words::Key::from_event(event).expect("0 to 15 are keys")
    }
}

impl From<gather::Options> for words::GatherOptions {
    fn from(it: gather::Options) -> Self {
        Self {
            min: it.min,
            max: it.max,
            finish_on: it.finish_on.map(words::Key::from),
            first_key_ms: it.first_key_ms,
            next_key_ms: it.next_key_ms,
            prompt: it.prompt.map(prompt),
            barge_in: it.barge_in,
            speech: it.speech.map(words::Hearing::from),
        }
    }
}

impl From<gather::Hearing> for words::Hearing {
    fn from(it: gather::Hearing) -> Self {
        Self {
            phrases: private(it.phrases),
            digits: it.digits,
            language: it.language,
            end_silence_ms: it.end_silence_ms,
            max_ms: it.max_ms,
        }
    }
}

impl From<words::Said> for gather::Said {
    fn from(it: words::Said) -> Self {
        Self {
            phrase: it.phrase.into_inner(),
            confidence: it.confidence,
        }
    }
}

impl From<words::Gathered> for gather::Gathered {
    fn from(it: words::Gathered) -> Self {
        Self {
            keys: it.keys.into_inner(),
            ended_by: it.ended_by.into(),
            complete: it.complete,
            said: it.said.map(gather::Said::from),
        }
    }
}

impl From<words::GatherFailure> for gather::Failure {
    fn from(it: words::GatherFailure) -> Self {
        Self {
            reason: it.reason.into(),
            keys: it.keys.into_inner(),
        }
    }
}

impl From<words::UnixTime> for clock::Datetime {
    fn from(it: words::UnixTime) -> Self {
        Self {
            seconds: it.seconds,
            nanoseconds: it.nanoseconds,
        }
    }
}
