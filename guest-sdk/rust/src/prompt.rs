//! What is played: files of the module, tones, silence and spoken texts, one after the other.

use crate::bindings::patchcord::handler::types::{Segment, Speech, TextForm, Tone};
use std::time::Duration;

/// Segments played one after the other without a gap; 1 to 64 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt(pub(crate) Vec<Segment>);

/// Power of a [`tone`] in dBm0: clear, and comfortable on a handset.
const TONE_LEVEL_DBM0: i8 = -16;

/// A sound file (WAV, MP3, FLAC, Ogg with Opus or Vorbis) that was built into the module, by its path below `prompts/`.
pub fn file(name: &str) -> Prompt {
    Prompt(vec![Segment::File(name.to_owned())])
}

/// A tone of one frequency, 20 to 3,800 Hz, for 20 ms to 60 s.
pub fn tone(hz: u16, duration: Duration) -> Prompt {
    let tone = Tone {
        frequencies: vec![hz],
        on_ms: ms(duration),
        off_ms: 0,
        count: 1,
        level_dbm0: TONE_LEVEL_DBM0,
    };
    Prompt(vec![Segment::Tone(tone)])
}

/// Silence, up to 60 s.
pub fn silence(duration: Duration) -> Prompt {
    Prompt(vec![Segment::Silence(ms(duration))])
}

/// A sound file of the web (the kinds that [`file`] may have, at most 16 MiB), from where the node's operator allows. It is
/// remembered as long as its server allows; until it is there, silence is heard.
///
/// ```
/// # use patchcord::{prelude::*, Prompt};
/// # fn prompt() -> Prompt {
/// url("https://cdn.example.org/prompts/offers-of-today.mp3").then(file("menu.wav"))
/// # }
/// ```
pub fn url(address: impl Into<String>) -> Prompt {
    Prompt(vec![Segment::Url(address.into())])
}

/// A text that is spoken as it is, by the platform's voice; up to 5,000 bytes in one prompt. Nothing in it is markup: what
/// came from elsewhere (a caller's name, say) needs no care.
///
/// ```
/// # use patchcord::{prelude::*, Prompt};
/// # fn prompt(caller: &str) -> Prompt {
/// say("Hello,").then(say(caller).language("de")).then(file("menu.wav"))
/// # }
/// ```
pub fn say(text: impl Into<String>) -> Prompt {
    speech(text.into(), TextForm::Plain)
}

/// The same in a part of SSML: `speak`, `p`, `s`, `break`, `emphasis`, `prosody`, `say-as`, `sub`. What comes from elsewhere
/// goes through [`escaped`].
pub fn ssml(text: impl Into<String>) -> Prompt {
    speech(text.into(), TextForm::Ssml)
}

/// A text with all that SSML could take for markup written so that it is read.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

fn speech(text: String, form: TextForm) -> Prompt {
    Prompt(vec![Segment::Speech(Speech {
        text,
        form,
        language: None,
        voice: None,
    })])
}

impl Prompt {
    /// Followed by another.
    pub fn then(mut self, next: Prompt) -> Prompt {
        self.0.extend(next.0);
        self
    }

    /// The language of its texts that have none yet, as a tag such as `en` or `de-AT`.
    pub fn language(self, tag: &str) -> Prompt {
        self.texts(|speech| speech.language.get_or_insert_with(|| tag.to_owned()))
    }

    /// The voice of its texts that have none yet, by a name that the platform's provider knows.
    pub fn voice(self, name: &str) -> Prompt {
        self.texts(|speech| speech.voice.get_or_insert_with(|| name.to_owned()))
    }

    fn texts(mut self, change: impl Fn(&mut Speech) -> &mut String) -> Prompt {
        for segment in &mut self.0 {
            if let Segment::Speech(speech) = segment {
                change(speech);
            }
        }
        self
    }
}

/// Whole milliseconds; too long a time becomes the longest, which the runtime refuses by name.
pub(crate) fn ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
