//! Texts of prompts on their way to whoever speaks them. A prompt that plays asks for one piece of its texts at a time, the
//! next when the last is there: what was spoken plays meanwhile, and a prompt that is stopped asks for nothing more.

use crate::io::{Output, Query};
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, LegSignal};
use patchcord_control::ids::{CallId, LegId, OperationId, Tenant};
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

/// A piece of a prompt's texts, and where its sound is waited for.
#[derive(Debug)]
pub(crate) struct Unspoken {
    pub(crate) coming: Coming,
    pub(crate) piece: Piece,
    pub(crate) language: Option<String>,
    pub(crate) voice: Option<String>,
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
        let live = self.live(speaking.call);
        if live.speaking >= SPEAKING_MAX {
            let why = format!("{SPEAKING_MAX} texts of this call are being spoken already");
            return self.not_spoken(now, &speaking, why);
        }
        live.speaking += 1;
        let wanted = ToSpeak {
            tenant: live.tenant.clone(),
            piece: first.piece.clone(),
            language: first.language.clone(),
            voice: first.voice.clone(),
        };
        self.next_query += 1;
        let query = Query(self.next_query);
        self.speaking.insert(query, speaking);
        self.outputs.push_back(Output::Speak { query, wanted });
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
                        "the texts of the prompt take more than {} s to say",
                        SPOKEN_MAX.as_secs()
                    );
                    self.not_spoken(now, &speaking, why);
                } else {
                    piece.coming.is_here(clip);
                    self.speak_on(now, speaking);
                }
            }
            (Err(why), _) => self.not_spoken(now, &speaking, why),
            (Ok(_), None) => unreachable!("a piece is asked for only if there is one"),
        }
        self.drive(now, id);
    }

    /// The call is told; whoever drives it carries out what follows.
    fn not_spoken(&mut self, now: Instant, speaking: &Speaking, why: String) {
        let operation = speaking.operation;
        let signal = LegSignal::NotSpoken { operation, why };
        self.tell(now, speaking.call, CallInput::Leg(speaking.leg, signal));
    }
}
