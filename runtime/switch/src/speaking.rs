//! Texts of prompts on their way to whoever speaks them, and files to whoever fetches them. A prompt that plays asks for one
//! piece of its texts, or one file, at a time, the
//! next when the last is there: what was spoken plays meanwhile, and a prompt that is stopped asks for nothing more.

use crate::io::{Output, Query};
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, LegSignal};
use patchcord_control::ids::{CallId, LegId, OperationId, Tenant};
use patchcord_control::private::Private;
use patchcord_control::speech::Piece;
use patchcord_media::{Clip, Coming};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Texts of one call that are being spoken at the same time: one for each prompt that plays, and those of prompts that were
/// stopped a moment ago. A prompt above that is not spoken.
pub const SPEAKING_MAX: usize = 8;

/// Sound of all texts of one prompt: a handler that asks for pauses only must not fill the node's memory (32 kB a second).
const SPOKEN_MAX: Duration = Duration::from_secs(600);

/// A text to be spoken, and all that its sound depends on: the same gives the same sound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToSpeak {
    /// Whose text it is: nobody else is given its sound.
    pub tenant: Tenant,
    /// SSML without the `speak` around it, as [`patchcord_control::speech::pieces`] writes it.
    pub piece: Piece,
    /// The language's tag; none: the platform's own.
    pub language: Option<String>,
    /// The voice's name; none: the one for the language.
    pub voice: Option<String>,
}

/// A sound file of the web.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToFetch {
    /// Who wants it: what is remembered of it is for nobody else.
    pub tenant: Tenant,
    /// Its address, as the handler gave it.
    pub url: Private<String>,
}

/// A part of a prompt that is not there yet, and where its sound is waited for.
#[derive(Debug)]
pub(crate) struct Unspoken {
    pub(crate) coming: Coming,
    pub(crate) what: What,
}

/// What is not there yet.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A piece of a text.
    Text {
        piece: Piece,
        language: Option<String>,
        voice: Option<String>,
    },
    /// A file of the web.
    File(Private<String>),
}

/// A prompt with texts: the first piece is being spoken, the others follow.
#[derive(Debug)]
pub(crate) struct Speaking {
    pub(crate) call: CallId,
    pub(crate) leg: LegId,
    pub(crate) operation: OperationId,
    /// Bounded by the engine's limit on segments.
    pub(crate) unspoken: VecDeque<Unspoken>,
    /// The length of what is spoken.
    spoken: Duration,
}

impl Speaking {
    pub(crate) fn new((call, leg, operation): (CallId, LegId, OperationId), unspoken: VecDeque<Unspoken>) -> Self {
        Self {
            call,
            leg,
            operation,
            unspoken,
            spoken: Duration::ZERO,
        }
    }
}

impl Shard {
    /// Asks for the first piece of what is not spoken, if there is any.
    pub(crate) fn speak_on(&mut self, now: Instant, speaking: Speaking) {
        let Some(first) = speaking.unspoken.front() else { return };
        let what = first.what.clone();
        let live = self.live(speaking.call);
        if live.speaking >= SPEAKING_MAX {
            let why = format!("{SPEAKING_MAX} prompts of this call wait for their sound already");
            return self.not_spoken(now, &speaking, &what, why);
        }
        live.speaking += 1;
        let tenant = live.tenant.clone();
        self.next_query += 1;
        let query = Query(self.next_query);
        self.speaking.insert(query, speaking);
        self.outputs.push_back(match what {
            What::Text { piece, language, voice } => Output::Speak {
                query,
                wanted: ToSpeak {
                    tenant,
                    piece,
                    language,
                    voice,
                },
            },
            What::File(url) => Output::FetchSound {
                query,
                wanted: ToFetch { tenant, url },
            },
        });
    }

    /// A piece is spoken, or will not be. A prompt that has ended meanwhile, or belongs to another call, wants no more.
    pub(crate) fn spoken(&mut self, now: Instant, query: Query, sound: Result<Arc<Clip>, String>) {
        let Some(mut speaking) = self.speaking.remove(&query) else {
            return;
        };
        let id = speaking.call;
        let Some(live) = self.calls.get_mut(&id) else {
            return;
        };
        live.speaking -= 1;
        let leg = live.legs.get(&speaking.leg);
        if leg.and_then(|io| io.plays.find(speaking.operation)).is_none() {
            return;
        }
        match (sound, speaking.unspoken.pop_front()) {
            (Ok(clip), Some(piece)) => {
                speaking.spoken += clip.duration();
                if speaking.spoken > SPOKEN_MAX {
                    let why = format!(
                        "what is spoken and fetched for the prompt lasts more than {} s",
                        SPOKEN_MAX.as_secs()
                    );
                    self.not_spoken(now, &speaking, &piece.what, why);
                } else {
                    piece.coming.is_here(clip);
                    self.speak_on(now, speaking);
                }
            }
            (Err(why), Some(piece)) => self.not_spoken(now, &speaking, &piece.what, why),
            (_, None) => unreachable!("a piece is asked for only if there is one"),
        }
        self.drive(now, id);
    }

    /// The call is told; whoever drives it carries out what follows.
    fn not_spoken(&mut self, now: Instant, speaking: &Speaking, what: &What, why: String) {
        let operation = speaking.operation;
        let signal = match what {
            What::Text { .. } => LegSignal::NotSpoken { operation, why },
            What::File(_) => LegSignal::NotFetched { operation, why },
        };
        self.tell(now, speaking.call, CallInput::Leg(speaking.leg, signal));
    }
}
