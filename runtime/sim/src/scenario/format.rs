//! The format of a scenario file: typed, nothing ignored, every error with its line.

mod services;
mod steps;
mod write;

pub use services::{AvailabilityWord, HTTP_MAX, HttpBlock, HttpFails, PresenceBlock, ReasonWord};
pub use steps::{
    AnnouncementStep, CallStep, CalledStep, EndedBy, EndedStep, HearStep, KeysHeardStep, Nothing, OfferWord, PressStep,
    PromptStep, SayStep, SilenceStep, SpeechStep, Step, ToneStep, TransferStep, TransferredStep, Verb, Within,
};

use crate::agent::Agent;
use crate::network::Conditions;
use crate::phone::{Faults, Incoming, LINES_MAX, key_event};
use patchcord_control::grants::Grants;
use patchcord_control::numbers::E164;
use patchcord_sip::Uri;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Callers and callees of one scenario.
pub const CALLERS_MAX: usize = 64;
/// Steps of one of them.
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
    /// The voice speaks no text and tells the handler this instead.
    pub voice_fails: Option<String>,
    /// Nothing that is said is recognised, and the handler is told this instead.
    pub listener_fails: Option<String>,
    /// A step that fails is passed over: it does not matter what phones find, only the rules do. For random callers.
    #[serde(default)]
    pub steps_may_fail: bool,
    /// What must hold beside what always must.
    #[serde(default)]
    pub rules: Rules,
    /// The callers; at least one.
    pub caller: Vec<Caller>,
    /// Phones that may be called.
    #[serde(default)]
    pub callee: Vec<Callee>,
    /// Pretend servers that legs may be streamed to.
    #[serde(default)]
    pub agent: Vec<Agent>,
    /// What web servers answer.
    #[serde(default)]
    pub http: Vec<HttpBlock>,
    /// Secrets of the handler, by name.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What the store holds at the beginning, by key.
    #[serde(default)]
    pub store: BTreeMap<String, String>,
    /// What is said of identities of the office, beside what their telephones say.
    #[serde(default)]
    pub presence: BTreeMap<String, PresenceBlock>,
}

/// What must hold at the end of a scenario beside what always must: nothing left alive, one end of each call, a handler
/// that ended well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// No recording of a call begins before its caller has pressed this key in it.
    pub consent_key: Option<char>,
}

impl Rules {
    /// Reads a file that holds rules alone; `file` is its name in errors.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Rules, FormatError> {
        let file = file.to_owned();
        let rules: Rules = match toml::from_str(text) {
            Ok(rules) => rules,
            Err(error) => {
                let line = error.span().map_or(0, |span| line_of(text, span.start));
                let what = error.message().replace('\n', ", ");
                return Err(FormatError { file, line, what });
            }
        };
        match rules.check() {
            Ok(()) => Ok(rules),
            Err((line, what)) => Err(FormatError { file, line, what }),
        }
    }

    /// These rules, and those of `other` that these leave out.
    #[must_use]
    pub fn or(self, other: Rules) -> Rules {
        Rules {
            consent_key: self.consent_key.or(other.consent_key),
        }
    }

    fn check(&self) -> Result<(), (usize, String)> {
        match self.consent_key {
            Some(key) if key_event(key).is_none() => {
                Err((0, format!("`consent_key` is {key:?}; keys are 0 to 9, *, #, A to D")))
            }
            _ => Ok(()),
        }
    }
}

/// What the network does between a caller and the node, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
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
    /// The user of the office it registers as before anything begins; it does not register without this.
    pub user: Option<String>,
    /// What it does when it is called.
    #[serde(default = "busy")]
    pub when_called: WhenCalled,
    /// The tone it hums in every call from the answer on, by which others hear that it is there.
    pub hum_hz: Option<u16>,
    /// What it does and expects, in order.
    pub steps: Vec<Step>,
}

/// A phone that may be called: by the user it registers as, by a telephone number, or by a host name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callee {
    /// Its name in reports.
    pub name: String,
    /// The user of the office it registers as before anything begins; its name without this and the next two. Several
    /// phones may be of one user.
    pub user: Option<String>,
    /// The number it answers for, with its plus: it stands behind a trunk.
    pub number: Option<String>,
    /// The host name it answers for.
    pub host: Option<String>,
    /// What it does when it is called.
    #[serde(default)]
    pub when_called: WhenCalled,
    /// Calls it is in before a further one finds it busy.
    #[serde(default = "one_line")]
    pub lines: usize,
    /// The tone it hums in every call from the answer on, by which others hear that it is there.
    pub hum_hz: Option<u16>,
    /// Its own network.
    pub network: Option<NetworkBlock>,
    /// What it does wrong.
    #[serde(default)]
    pub faults: FaultsBlock,
    /// What it does and expects, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// What a phone does when it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenCalled {
    /// Rings until a step answers or refuses.
    #[default]
    Ring,
    /// Refuses as busy, without a word.
    Busy,
    /// Does nothing but what the steps say: no ringing either.
    Wait,
    /// Rings, and answers after so long; 0 answers at once.
    AnswerAfterMs(u64),
    /// Refuses at once.
    Refuse(u16),
    /// Rings, and refuses after a while.
    RingThenRefuse(RingThenRefuse),
    /// Sends sound before the answer, and answers after so long.
    EarlyMediaMs(u64),
    /// Names another SIP address.
    Redirect(String),
}

/// `ring_then_refuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RingThenRefuse {
    /// How long it rings.
    pub ring_ms: u64,
    /// 300 to 699.
    pub status: u16,
}

impl WhenCalled {
    /// The same for a phone; none if an address is none.
    pub fn incoming(&self) -> Option<Incoming> {
        let after = Duration::from_millis;
        Some(match self {
            WhenCalled::Ring => Incoming::Ring,
            WhenCalled::Busy => Incoming::Busy,
            WhenCalled::Wait => Incoming::Wait,
            WhenCalled::AnswerAfterMs(ms) => Incoming::Answer { after: after(*ms) },
            WhenCalled::Refuse(status) => Incoming::Refuse { status: *status },
            WhenCalled::RingThenRefuse(RingThenRefuse { ring_ms, status }) => Incoming::RingThenRefuse {
                after: after(*ring_ms),
                status: *status,
            },
            WhenCalled::EarlyMediaMs(ms) => Incoming::EarlyMediaThenAnswer { after: after(*ms) },
            WhenCalled::Redirect(to) => Incoming::Redirect {
                to: Uri::parse(to).ok()?,
            },
        })
    }

    fn check(&self) -> Result<(), String> {
        match self {
            WhenCalled::Refuse(status) | WhenCalled::RingThenRefuse(RingThenRefuse { status, .. })
                if !(300..=699).contains(status) =>
            {
                Err(format!("`when_called` refuses with {status}, it must be 300 to 699"))
            }
            WhenCalled::Redirect(to) if Uri::parse(to).is_err() => {
                Err(format!("`redirect` is {to:?}, it must be a SIP address"))
            }
            _ => Ok(()),
        }
    }
}

impl Callee {
    /// The user it registers as, if it registers.
    pub fn user(&self) -> Option<&str> {
        let outside = self.number.is_some() || self.host.is_some();
        self.user.as_deref().or((!outside).then_some(&self.name))
    }
}

/// What a caller does wrong on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
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

fn one() -> u64 {
    1
}

fn caller() -> String {
    "caller".to_owned()
}

fn one_line() -> usize {
    1
}

fn busy() -> WhenCalled {
    WhenCalled::Busy
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
        let callers = scenario.caller.iter_mut().map(|caller| &mut caller.steps);
        let callees = scenario.callee.iter_mut().map(|callee| &mut callee.steps);
        for step in callers.chain(callees).flatten() {
            step.line = line_of(text, step.span.start);
            let written = text.get(step.span.clone()).unwrap_or_default();
            step.text = written.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        scenario.check().map_err(|(line, what)| wrong(line, what))?;
        Ok(scenario)
    }

    /// What the types alone do not rule out.
    fn check(&self) -> Result<(), (usize, String)> {
        let most = self.caller.len() + self.callee.len();
        if self.caller.is_empty() || most > CALLERS_MAX {
            let callees = "together with the `[[callee]]` blocks";
            return Err((
                0,
                format!("a scenario has 1 to {CALLERS_MAX} `[[caller]]` blocks, {callees}"),
            ));
        }
        self.network.check()?;
        self.rules.check()?;
        self.agent
            .iter()
            .try_for_each(|agent| agent.check().map_err(|what| (0, what)))?;
        if self.http.len() > HTTP_MAX {
            return Err((0, format!("a scenario has at most {HTTP_MAX} `[[http]]` blocks")));
        }
        self.http
            .iter()
            .try_for_each(|block| block.check().map_err(|what| (0, what)))?;
        self.presence
            .values()
            .try_for_each(|block| block.check().map_err(|what| (0, what)))?;
        self.grants().map_err(|what| (0, what))?;
        let names: Vec<(&str, &str)> = self.names().collect();
        for (place, (block, name)) in names.iter().enumerate() {
            check_word(&format!("{block} name"), name)?;
            if names[..place].iter().any(|(_, other)| other == name) {
                return Err((0, format!("two {block}s are called {name:?}: give each its own `name`")));
            }
        }
        for caller in &self.caller {
            caller.check()?;
            self.check_heard(&caller.steps)?;
        }
        for callee in &self.callee {
            callee.check()?;
            self.check_heard(&callee.steps)?;
        }
        Ok(())
    }

    /// What the handler is granted.
    ///
    /// # Errors
    /// A secret that can be none; a scenario that was read has no such.
    pub fn grants(&self) -> Result<Grants, String> {
        services::grants(&self.secrets)
    }

    /// Everybody in the order of the phones: kind of block, name.
    fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let callers = self.caller.iter().map(|caller| ("caller", caller.name.as_str()));
        callers.chain(self.callee.iter().map(|callee| ("callee", callee.name.as_str())))
    }

    /// The tone that somebody hums.
    pub fn hum_of(&self, name: &str) -> Option<u16> {
        let caller = self.caller.iter().find(|caller| caller.name == name);
        let callee = self.callee.iter().find(|callee| callee.name == name);
        caller
            .and_then(|caller| caller.hum_hz)
            .or_else(|| callee.and_then(|callee| callee.hum_hz))
    }

    fn check_heard(&self, steps: &[Step]) -> Result<(), (usize, String)> {
        let wrong = |step: &Step| match &step.verb {
            Verb::Hear(HearStep { who, .. }) if self.hum_of(who).is_none() => {
                let what = match self.names().any(|(_, name)| name == who) {
                    true => format!("`hear`: {who:?} hums nothing, give it a `hum_hz`"),
                    false => format!("`hear`: nobody is called {who:?}"),
                };
                Some((step.line, what))
            }
            _ => None,
        };
        steps.iter().find_map(wrong).map_or(Ok(()), Err)
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
        let who = format!("caller {:?}", self.name);
        if self.steps.is_empty() {
            return Err((0, format!("{who}: 1 to {STEPS_MAX} steps")));
        }
        if let Some(user) = &self.user {
            check_word(&format!("{who}: `user`"), user)?;
        }
        check_phone(&who, self.network.as_ref(), &self.when_called, self.hum_hz)?;
        check_steps(&who, &self.steps)
    }
}

impl Callee {
    fn check(&self) -> Result<(), (usize, String)> {
        let who = format!("callee {:?}", self.name);
        let ways = [&self.user, &self.number, &self.host];
        if ways.into_iter().flatten().count() > 1 {
            return Err((0, format!("{who}: one of `user`, `number` and `host`")));
        }
        if let Some(user) = &self.user {
            check_word(&format!("{who}: `user`"), user)?;
        }
        if let Some(Err(error)) = self.number.as_ref().map(|number| E164::parse(number)) {
            return Err((0, format!("{who}: `number`: {error}")));
        }
        let named = |host: &String| Uri::parse(&format!("sip:{host}")).is_ok_and(|uri| uri.host() == host);
        if let Some(host) = self.host.as_ref().filter(|host| !named(host)) {
            return Err((0, format!("{who}: `host` is {host:?}, it must be a host name")));
        }
        if !(1..=LINES_MAX).contains(&self.lines) {
            return Err((
                0,
                format!("{who}: `lines` is {}, it must be 1 to {LINES_MAX}", self.lines),
            ));
        }
        check_phone(&who, self.network.as_ref(), &self.when_called, self.hum_hz)?;
        check_steps(&who, &self.steps)
    }
}

fn check_word(what: &str, word: &str) -> Result<(), (usize, String)> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    match !word.is_empty() && word.chars().all(fits) {
        true => Ok(()),
        false => Err((0, format!("{what} {word:?}: letters, digits, `-` and `_` only"))),
    }
}

fn check_phone(
    who: &str,
    network: Option<&NetworkBlock>,
    when_called: &WhenCalled,
    hum_hz: Option<u16>,
) -> Result<(), (usize, String)> {
    network.map_or(Ok(()), NetworkBlock::check)?;
    when_called.check().map_err(|what| (0, format!("{who}: {what}")))?;
    match hum_hz {
        Some(hz) if !(100..=3_800).contains(&hz) => {
            Err((0, format!("{who}: `hum_hz` is {hz}, it must be 100 to 3800")))
        }
        _ => Ok(()),
    }
}

fn check_steps(who: &str, steps: &[Step]) -> Result<(), (usize, String)> {
    if steps.len() > STEPS_MAX {
        return Err((0, format!("{who}: 1 to {STEPS_MAX} steps")));
    }
    let wrong = |step: &Step| step.verb.check().err().map(|what| (step.line, what));
    steps.iter().find_map(wrong).map_or(Ok(()), Err)
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
