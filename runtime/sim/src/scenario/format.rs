//! The format of a scenario file: typed, nothing ignored, every error with its line.

use crate::network::Conditions;
use crate::phone::{Faults, Offer, key_event};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;
use toml::Spanned;

/// Callers of one scenario.
pub const CALLERS_MAX: usize = 64;
/// Steps of one caller.
pub const STEPS_MAX: usize = 256;
/// Keys of one `press` step.
pub const KEYS_MAX: usize = patchcord_media::MAX_KEY_PRESSES;

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence: what it shows.
    pub about: String,
    /// Seed of everything random; the same seed gives the same run.
    #[serde(default = "one")]
    pub seed: u64,
    /// What the network does, for callers without a block of their own.
    #[serde(default)]
    pub network: NetworkBlock,
    /// Kind of fault the handler must end with, as in the end record; none if it must end well.
    pub fault: Option<String>,
    /// The callers; at least one.
    pub caller: Vec<Caller>,
}

/// What the network does between a caller and the node, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkBlock {
    /// Share of packets that never arrive, 0 to 0.9.
    pub loss: f64,
    /// Share of packets that arrive twice, 0 to 1.
    pub duplicate: f64,
    /// Share of packets overtaken by later ones, 0 to 1.
    pub reorder: f64,
    /// How long every packet takes, at most 2,000 ms.
    pub delay_ms: u64,
    /// What is added at most, at most 2,000 ms.
    pub jitter_ms: u64,
}

impl Default for NetworkBlock {
    fn default() -> Self {
        Self {
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            delay_ms: 5,
            jitter_ms: 0,
        }
    }
}

impl NetworkBlock {
    /// The same for a link.
    pub fn conditions(&self) -> Conditions {
        Conditions {
            loss: self.loss,
            duplicate: self.duplicate,
            reorder: self.reorder,
            delay: Duration::from_millis(self.delay_ms),
            jitter: Duration::from_millis(self.jitter_ms),
            ..Conditions::default()
        }
    }
}

/// A caller.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Its name in reports; also the user part of its address.
    #[serde(default = "caller")]
    pub name: String,
    /// When it begins.
    #[serde(default)]
    pub starts_after_ms: u64,
    /// Its own network.
    pub network: Option<NetworkBlock>,
    /// What it does wrong.
    #[serde(default)]
    pub faults: FaultsBlock,
    /// What it does and expects, in order.
    pub steps: Vec<Step>,
}

/// What a caller does wrong on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultsBlock {
    /// So many ACKs are swallowed.
    pub lost_acks: u32,
    /// So many INVITEs leave twice.
    pub doubled_invites: u32,
}

impl From<FaultsBlock> for Faults {
    fn from(block: FaultsBlock) -> Faults {
        Faults {
            lost_acks: block.lost_acks,
            doubled_invites: block.doubled_invites,
        }
    }
}

/// A step and where it stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Spanned<Verb>")]
pub struct Step {
    /// What to do or expect.
    pub verb: Verb,
    /// Its line in the file, from 1.
    pub line: usize,
    /// Where it begins in the file, until the line is known.
    start: usize,
}

impl From<Spanned<Verb>> for Step {
    fn from(spanned: Spanned<Verb>) -> Step {
        let start = spanned.span().start;
        Step {
            verb: spanned.into_inner(),
            line: 0,
            start,
        }
    }
}

/// What a caller does or expects.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Verb {
    /// Places a call. `"100"` is `{ to = "100" }`.
    Call(#[serde(deserialize_with = "short")] CallStep),
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
    /// The platform's announcement is heard.
    HearAnnouncement(AnnouncementStep),
    /// A tone is heard.
    HearTone(ToneStep),
    /// Nothing is heard.
    HearSilence(SilenceStep),
    /// Presses keys and goes on when they are sent. `"12#"` is `{ keys = "12#" }`.
    Press(#[serde(deserialize_with = "short")] PressStep),
    /// Puts the far end on hold and waits until it agrees.
    Hold(Within),
    /// Takes it back and waits until it agrees.
    Resume(Within),
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How long to wait for something to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// At most so long.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

/// `hear_prompt`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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

/// `hear_announcement`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceStep {
    /// It lasts at least so long.
    pub for_ms: u64,
    /// It must have been heard within so long.
    #[serde(default = "ten_seconds")]
    pub within_ms: u64,
}

/// `press`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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

/// `ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The node: its handler, or the platform for it.
    Handler,
    /// The caller hung up.
    Caller,
    /// The caller gave up before the answer.
    Cancel,
    /// The node refused the call.
    Refusal,
}

fn one() -> u64 {
    1
}

fn caller() -> String {
    "caller".to_owned()
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

/// Why a scenario file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The file, as its reader called it.
    pub file: String,
    /// The line, from 1; 0 if it concerns the whole file.
    pub line: usize,
    /// What is wrong and what would be right, in one line.
    pub what: String,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for FormatError {}

impl Scenario {
    /// Reads a scenario; `file` is its name in errors.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Scenario, FormatError> {
        let wrong = |line: usize, what: String| FormatError {
            file: file.to_owned(),
            line,
            what,
        };
        let mut scenario: Scenario = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| line_of(text, span.start));
            wrong(line, error.message().replace('\n', ", "))
        })?;
        for caller in &mut scenario.caller {
            for step in &mut caller.steps {
                step.line = line_of(text, step.start);
            }
        }
        scenario.check().map_err(|(line, what)| wrong(line, what))?;
        Ok(scenario)
    }

    /// What the types alone do not rule out.
    fn check(&self) -> Result<(), (usize, String)> {
        if self.caller.is_empty() || self.caller.len() > CALLERS_MAX {
            return Err((0, format!("a scenario has 1 to {CALLERS_MAX} `[[caller]]` blocks")));
        }
        self.network.check()?;
        for (place, caller) in self.caller.iter().enumerate() {
            let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            if caller.name.is_empty() || !caller.name.chars().all(word) {
                let name = &caller.name;
                return Err((0, format!("caller name {name:?}: letters, digits, `-` and `_` only")));
            }
            if self.caller[..place].iter().any(|other| other.name == caller.name) {
                return Err((
                    0,
                    format!("two callers are called {:?}: give each its own `name`", caller.name),
                ));
            }
            caller.network.as_ref().map_or(Ok(()), NetworkBlock::check)?;
            caller.check()?;
        }
        Ok(())
    }
}

impl NetworkBlock {
    fn check(&self) -> Result<(), (usize, String)> {
        let share = |name: &str, value: f64, most: f64| match (0.0..=most).contains(&value) {
            true => Ok(()),
            false => Err((0, format!("network: `{name}` is {value}, it must be 0 to {most}"))),
        };
        share("loss", self.loss, 0.9)?;
        share("duplicate", self.duplicate, 1.0)?;
        share("reorder", self.reorder, 1.0)?;
        share("delay_ms", self.delay_ms as f64, 2_000.0)?;
        share("jitter_ms", self.jitter_ms as f64, 2_000.0)
    }
}

impl Caller {
    fn check(&self) -> Result<(), (usize, String)> {
        if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            return Err((0, format!("caller {:?}: 1 to {STEPS_MAX} steps", self.name)));
        }
        for step in &self.steps {
            step.verb.check().map_err(|what| (step.line, what))?;
        }
        Ok(())
    }
}

impl Verb {
    fn check(&self) -> Result<(), String> {
        match self {
            Verb::Press(press) => press.check(),
            Verb::HearTone(tone) if !(100..=3_800).contains(&tone.hz) => {
                Err(format!("`hz` is {}, it must be 100 to 3800", tone.hz))
            }
            Verb::HearPrompt(PromptStep { at_least, .. })
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
        if let Some(key) = keys.chars().find(|key| key_event(*key).is_none()) {
            return Err(format!("{key:?} is not a key; keys are 0 to 9, *, #, A to D"));
        }
        if [hold_ms, pause_ms].iter().any(|ms| !(40..=6_000).contains(*ms)) {
            return Err(format!(
                "`hold_ms` is {hold_ms} and `pause_ms` {pause_ms}; both must be 40 to 6000"
            ));
        }
        Ok(())
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests;
