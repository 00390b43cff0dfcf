//! The steps of a scenario: what a phone does and expects, one table for each verb.

use super::{KEYS_MAX, PresenceBlock};
use crate::phone::{LINES_MAX, Offer, key_event};
use crate::world::{speech, words_said};
use patchcord_control::speech::{Speech, TextForm};
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use toml::Spanned;

/// A step and where it stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Spanned<Verb>")]
pub struct Step {
    /// What to do or expect.
    pub verb: Verb,
    /// Its line in the file, from 1.
    pub line: usize,
    /// As it is written in the file, in one line.
    pub text: String,
    /// Where it stands in the file, until line and text are known.
    pub(super) span: Range<usize>,
}

impl From<Spanned<Verb>> for Step {
    fn from(spanned: Spanned<Verb>) -> Step {
        let span = spanned.span();
        Step {
            verb: spanned.into_inner(),
            line: 0,
            text: String::new(),
            span,
        }
    }
}

impl Step {
    /// A step that stands in no file.
    pub fn of(verb: Verb) -> Step {
        Step {
            verb,
            line: 0,
            text: String::new(),
            span: 0..0,
        }
    }
}

/// What a caller does or expects.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verb {
    /// Places a call. `"100"` is `{ to = "100" }`.
    Call(#[serde(deserialize_with = "short")] CallStep),
    /// A call came. `"alice"` is `{ from = "alice" }`.
    Called(#[serde(deserialize_with = "short")] CalledStep),
    /// No call comes for so long.
    NotCalledMs(u64),
    /// Lets the caller hear that it rings.
    Ring(Nothing),
    /// Sends sound before the answer.
    SendEarlyMedia(Nothing),
    /// Answers the call that came.
    Answer(Nothing),
    /// Refuses it with this status, 300 to 699.
    Refuse(u16),
    /// Does nothing for so long.
    WaitMs(u64),
    /// 180 came.
    Ringing(Within),
    /// Audio flows before the answer.
    EarlyMedia(Within),
    /// The call was answered.
    Answered(Within),
    /// A prompt of the program is heard. `"menu.wav"` is `{ file = "menu.wav" }`.
    HearPrompt(#[serde(deserialize_with = "short")] PromptStep),
    /// A text is heard that the program has spoken by the pretend voice; tags and punctuation do not matter. `"Hello."` is
    /// `{ text = "Hello." }`.
    HearSpeech(#[serde(deserialize_with = "short")] SpeechStep),
    /// The platform's announcement is heard.
    HearAnnouncement(AnnouncementStep),
    /// A tone is heard.
    HearTone(ToneStep),
    /// Another phone of the scenario is heard, by the tone it hums. `"alice"` is `{ who = "alice" }`.
    Hear(#[serde(deserialize_with = "short")] HearStep),
    /// Nothing is heard.
    HearSilence(SilenceStep),
    /// Presses keys and goes on when they are sent. `"12#"` is `{ keys = "12#" }`.
    Press(#[serde(deserialize_with = "short")] PressStep),
    /// The same with keys told by INFO.
    PressByInfo(#[serde(deserialize_with = "short")] PressStep),
    /// The far end pressed these keys. `"12#"` is `{ keys = "12#" }`.
    KeysHeard(#[serde(deserialize_with = "short")] KeysHeardStep),
    /// Says a prompt of the program and goes on when it is said. `"hello.wav"` is `{ file = "hello.wav" }`.
    Say(#[serde(deserialize_with = "short")] SayStep),
    /// Says words in the pretend voice, which the pretend recogniser understands, and goes on when they are said.
    SayWords(String),
    /// Hums a tone of so many hertz from now on, in this call.
    Hum(u16),
    /// Hums no more in this call.
    Quiet(Nothing),
    /// Puts the far end on hold and waits until it agrees.
    Hold(Within),
    /// Takes it back and waits until it agrees.
    Resume(Within),
    /// The far end changed the session: held this phone, or took it back, or moved.
    Changed(Within),
    /// Asks the far end to call somebody at the node instead. `"carol"` is `{ to = "carol" }`.
    Transfer(#[serde(deserialize_with = "short")] TransferStep),
    /// Asks the far end to take this phone's place in the call of this line, 1 to 4.
    TransferToLine(usize),
    /// The transfer that this phone asked for is over.
    Transferred(TransferredStep),
    /// The following steps are about this line, 1 to 4; the first one until then.
    Line(usize),
    /// Registers again.
    Register(Nothing),
    /// Leaves the registrar.
    Unregister(Nothing),
    /// Says of itself whether it can be reached, as a registered phone of its user.
    Publish(PresenceBlock),
    /// Gives up before an answer.
    Cancel(Nothing),
    /// Hangs up.
    HangUp(Nothing),
    /// The call is over.
    Ended(EndedStep),
}

/// A verb's table may be written as one text; that text is its main field.
trait Short: Sized {
    /// What the text is.
    const WHAT: &'static str;
    fn of_text(text: &str) -> Self;
}

/// `call`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CallStep {
    /// The called user.
    pub to: String,
    /// Where the offer goes.
    #[serde(default)]
    pub offer: OfferWord,
}

impl Short for CallStep {
    const WHAT: &'static str = "the called number, or a table with `to`";
    fn of_text(text: &str) -> Self {
        CallStep {
            to: text.to_owned(),
            offer: OfferWord::Invite,
        }
    }
}

/// Where a caller's offer goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferWord {
    /// Into the INVITE.
    #[default]
    Invite,
    /// The far end offers.
    Late,
}

impl From<OfferWord> for Offer {
    fn from(word: OfferWord) -> Offer {
        match word {
            OfferWord::Invite => Offer::InInvite,
            OfferWord::Late => Offer::Late,
        }
    }
}

/// A table without keys: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How long to wait for something to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// At most so long.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

/// `hear_prompt`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PromptStep {
    /// Its name below `prompts/`.
    pub file: String,
    /// Only its beginning, so long; all of it without this.
    pub first_ms: Option<u64>,
    /// Least correlation, 0 to 1.
    #[serde(default = "likeness")]
    pub at_least: f64,
    /// It must have been heard within so long.
    #[serde(default = "twenty_seconds")]
    pub within_ms: u64,
}

impl Short for PromptStep {
    const WHAT: &'static str = "a prompt's file name, or a table with `file`";
    fn of_text(text: &str) -> Self {
        let (at_least, within_ms) = (likeness(), twenty_seconds());
        PromptStep {
            file: text.to_owned(),
            first_ms: None,
            at_least,
            within_ms,
        }
    }
}

/// `hear_speech`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechStep {
    /// The words.
    pub text: String,
    /// The language that the program gives with them.
    pub language: Option<String>,
    /// The voice that it gives with them.
    pub voice: Option<String>,
    /// Least correlation, 0 to 1.
    #[serde(default = "likeness")]
    pub at_least: f64,
    /// It must have been heard within so long.
    #[serde(default = "twenty_seconds")]
    pub within_ms: u64,
}

impl Short for SpeechStep {
    const WHAT: &'static str = "the words, or a table with `text`";
    fn of_text(text: &str) -> Self {
        let (at_least, within_ms) = (likeness(), twenty_seconds());
        SpeechStep {
            text: text.to_owned(),
            language: None,
            voice: None,
            at_least,
            within_ms,
        }
    }
}

impl SpeechStep {
    /// What the pretend voice says for it; none if there is nothing to say.
    pub fn sound(&self) -> Option<Vec<i16>> {
        speech(&Speech {
            text: self.text.clone().into(),
            form: TextForm::Plain,
            language: self.language.clone(),
            voice: self.voice.clone(),
        })
    }
}

/// `hear_announcement`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementStep {
    /// Least correlation, 0 to 1.
    #[serde(default = "likeness")]
    pub at_least: f64,
    /// It must have been heard within so long.
    #[serde(default = "twenty_seconds")]
    pub within_ms: u64,
}

/// `hear_tone`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ToneStep {
    /// Its frequency, 100 to 3,800 Hz.
    pub hz: u32,
    /// It lasts at least so long.
    #[serde(default = "half_a_second")]
    pub for_ms: u64,
    /// It must have been heard within so long.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

/// `hear_silence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceStep {
    /// It lasts at least so long.
    pub for_ms: u64,
    /// It must have been heard within so long.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

/// `press`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PressStep {
    /// 0 to 9, `*`, `#`, A to D.
    pub keys: String,
    /// How long each is held, 40 to 6,000 ms.
    #[serde(default = "key_time")]
    pub hold_ms: u16,
    /// The pause after each, 40 to 6,000 ms.
    #[serde(default = "key_time")]
    pub pause_ms: u16,
}

impl Short for PressStep {
    const WHAT: &'static str = "keys, or a table with `keys`";
    fn of_text(text: &str) -> Self {
        PressStep {
            keys: text.to_owned(),
            hold_ms: key_time(),
            pause_ms: key_time(),
        }
    }
}

/// `called`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CalledStep {
    /// By whom, by the user part of the caller's address; anybody without this.
    pub from: Option<String>,
    /// The name that is shown with it; any without this.
    pub name: Option<String>,
    /// At most so long from now.
    #[serde(default = "two_minutes")]
    pub within_ms: u64,
}

impl Short for CalledStep {
    const WHAT: &'static str = "the caller's user name, or a table with `from`, `name`, `within_ms`";
    fn of_text(text: &str) -> Self {
        CalledStep {
            from: Some(text.to_owned()),
            name: None,
            within_ms: two_minutes(),
        }
    }
}

/// `hear`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HearStep {
    /// A caller or callee that has a `hum_hz`.
    pub who: String,
    /// For at least so long.
    #[serde(default = "half_a_second")]
    pub for_ms: u64,
    /// It must have been heard within so long.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

impl Short for HearStep {
    const WHAT: &'static str = "who is heard, or a table with `who`";
    fn of_text(text: &str) -> Self {
        HearStep {
            who: text.to_owned(),
            for_ms: half_a_second(),
            within_ms: ten_seconds(),
        }
    }
}

/// `keys_heard`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeysHeardStep {
    /// 0 to 9, `*`, `#`, A to D.
    pub keys: String,
    /// At most so long from now.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

impl Short for KeysHeardStep {
    const WHAT: &'static str = "keys, or a table with `keys`";
    fn of_text(text: &str) -> Self {
        KeysHeardStep {
            keys: text.to_owned(),
            within_ms: ten_seconds(),
        }
    }
}

/// `say`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SayStep {
    /// Its name below `prompts/`.
    pub file: String,
}

impl Short for SayStep {
    const WHAT: &'static str = "a prompt's file name, or a table with `file`";
    fn of_text(text: &str) -> Self {
        SayStep { file: text.to_owned() }
    }
}

/// `transfer`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TransferStep {
    /// The user at the node that is to be called.
    pub to: String,
}

impl Short for TransferStep {
    const WHAT: &'static str = "who is to be called, or a table with `to`";
    fn of_text(text: &str) -> Self {
        TransferStep { to: text.to_owned() }
    }
}

/// `transferred`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TransferredStep {
    /// With what outcome: 200 succeeded.
    #[serde(default = "succeeded")]
    pub status: u16,
    /// At most so long from now.
    #[serde(default = "one_minute")]
    pub within_ms: u64,
}

/// `ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EndedStep {
    /// By whom.
    pub by: EndedBy,
    /// The status, if it was refused.
    pub status: Option<u16>,
    /// At most so long from now.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

/// Who ended a call, or how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The node: its handler, or the platform for it.
    Handler,
    /// The caller hung up. Of a callee: it heard so from the node, or the caller gave up before the answer.
    Caller,
    /// The callee hung up. Of a caller: it heard so from the node.
    Callee,
    /// The caller gave up before the answer.
    Cancel,
    /// The node refused the call; of a callee: it refused itself.
    Refusal,
    /// Another call took its place.
    Replacement,
}

impl Verb {
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Verb::Press(press) | Verb::PressByInfo(press) => press.check(),
            Verb::KeysHeard(heard) => all_keys(&heard.keys),
            Verb::Publish(said) => said.check(),
            Verb::Line(line) | Verb::TransferToLine(line) if !(1..=LINES_MAX).contains(line) => {
                Err(format!("there is no line {line}, lines are 1 to {LINES_MAX}"))
            }
            Verb::Refuse(status) if !(300..=699).contains(status) => {
                Err(format!("`refuse` is {status}, it must be 300 to 699"))
            }
            Verb::Hum(hz) if !(100..=3_800).contains(hz) => Err(format!("`hum` is {hz}, it must be 100 to 3800")),
            Verb::HearTone(tone) if !(100..=3_800).contains(&tone.hz) => {
                Err(format!("`hz` is {}, it must be 100 to 3800", tone.hz))
            }
            Verb::SayWords(text) if words_said(text).is_empty() => {
                Err(format!("there is nothing to say in the text {text:?}"))
            }
            Verb::HearSpeech(speech) if speech.sound().is_none() => {
                Err(format!("there is nothing to say in the text {:?}", speech.text))
            }
            Verb::HearPrompt(PromptStep { at_least, .. })
            | Verb::HearSpeech(SpeechStep { at_least, .. })
            | Verb::HearAnnouncement(AnnouncementStep { at_least, .. })
                if !(0.1..=1.0).contains(at_least) =>
            {
                Err(format!("`at_least` is {at_least}, it must be 0.1 to 1"))
            }
            Verb::Call(call) if call.to.is_empty() => Err("`call` needs somebody to call".to_owned()),
            _ => Ok(()),
        }
    }
}

impl PressStep {
    fn check(&self) -> Result<(), String> {
        let Self {
            keys,
            hold_ms,
            pause_ms,
        } = self;
        if keys.is_empty() || keys.len() > KEYS_MAX {
            return Err(format!("`press` takes 1 to {KEYS_MAX} keys"));
        }
        all_keys(keys)?;
        if [hold_ms, pause_ms].iter().any(|ms| !(40..=6_000).contains(*ms)) {
            return Err(format!(
                "`hold_ms` is {hold_ms} and `pause_ms` {pause_ms}; both must be 40 to 6000"
            ));
        }
        Ok(())
    }
}

fn all_keys(keys: &str) -> Result<(), String> {
    match keys.chars().find(|key| key_event(*key).is_none()) {
        Some(key) => Err(format!("{key:?} is not a key; keys are 0 to 9, *, #, A to D")),
        None => Ok(()),
    }
}

fn half_a_second() -> u64 {
    500
}

fn ten_seconds() -> u64 {
    10_000
}

fn twenty_seconds() -> u64 {
    20_000
}

fn key_time() -> u16 {
    100
}

fn likeness() -> f64 {
    0.8
}

fn one_minute() -> u64 {
    60_000
}

fn two_minutes() -> u64 {
    120_000
}

fn succeeded() -> u16 {
    200
}

/// Reads a table, or a text that stands for its main field; errors keep their place in the file.
fn short<'de, D: Deserializer<'de>, T: Short + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct TextOrTable<T>(PhantomData<T>);
    impl<'de, T: Short + Deserialize<'de>> Visitor<'de> for TextOrTable<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::WHAT)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            Ok(T::of_text(text))
        }
        fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(table))
        }
    }
    deserializer.deserialize_any(TextOrTable(PhantomData))
}
