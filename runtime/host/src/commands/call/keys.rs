//! Which keys the test phone presses and when. A small core: what is heard and the time go in, keys to press come out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a comma waits.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it must have been quiet, after there was sound, before a prompt counts as over.
pub(crate) const QUIET: Duration = Duration::from_millis(600);
/// How long the end of a prompt is waited for; then the key is pressed anyway.
const PROMPT_MAX: Duration = Duration::from_secs(10);
/// How long a key is held.
pub(crate) const HELD: Duration = Duration::from_millis(160);
/// How long no key is held between two.
pub(crate) const GAP: Duration = Duration::from_millis(100);
/// The longest script.
const MAX_STEPS: usize = 256;

/// One step of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Press this key: `0` to `9`, `*`, `#`, `A` to `D`.
    Press(char),
    /// Wait a second.
    Pause,
    /// Wait until the prompt that plays, or will play next, is over.
    PromptOver,
}

/// What `--keys` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Script(pub(crate) Vec<Step>);

impl std::str::FromStr for Script {
    type Err = String;

    /// Keys as on a telephone; `,` waits a second, `w` until the next prompt is over. Unless the script begins with a
    /// wait of its own, the first prompt is waited for.
    fn from_str(text: &str) -> Result<Script, String> {
        const RIGHT: &str = "use 0-9 * # A-D, a comma to wait a second, w to wait until a prompt is over";
        let mut steps = Vec::new();
        for c in text.chars() {
            steps.push(match c {
                '0'..='9' | '*' | '#' | 'A'..='D' => Step::Press(c),
                'a'..='d' => Step::Press(c.to_ascii_uppercase()),
                ',' => Step::Pause,
                'w' | 'W' => Step::PromptOver,
                _ => return Err(format!("{c:?} is no key of a telephone; {RIGHT}")),
            });
        }
        if steps.len() > MAX_STEPS {
            return Err(format!(
                "{} keys and waits are more than {MAX_STEPS}; place two calls",
                steps.len()
            ));
        }
        if !steps.iter().any(|step| matches!(step, Step::Press(_))) {
            return Err(format!("there is no key in {text:?}; {RIGHT}"));
        }
        if matches!(steps.first(), Some(Step::Press(_))) {
            steps.insert(0, Step::PromptOver);
        }
        Ok(Script(steps))
    }
}

/// A finger on the keys: goes through a script from the moment the call is answered.
#[derive(Debug)]
pub(crate) struct Finger {
    left: VecDeque<Step>,
    /// When the step at the front began; none before the answer.
    since: Option<Instant>,
    /// How long the step at the front waits before it is done.
    ear: Ear,
}

/// What was heard since a step began.
#[derive(Debug, Default)]
struct Ear {
    sound: bool,
    quiet_since: Option<Instant>,
}

impl Finger {
    /// Ready to press; begins with [`Finger::answered`].
    pub(crate) fn new(script: Script) -> Self {
        Self {
            left: script.0.into(),
            since: None,
            ear: Ear::default(),
        }
    }

    /// The call was answered: the script begins.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// 20 ms were heard that were loud or not.
    pub(crate) fn heard(&mut self, now: Instant, level: Level) {
        match level {
            Level::Sound => {
                self.ear = Ear {
                    sound: true,
                    quiet_since: None,
                }
            }
            Level::Quiet => {
                self.ear.quiet_since.get_or_insert(now);
            }
        }
    }

    /// The key to press now, if any. Call again until there is none.
    pub(crate) fn press(&mut self, now: Instant) -> Option<char> {
        loop {
            let step = *self.left.front()?;
            if now < self.due()? {
                return None;
            }
            self.left.pop_front();
            self.ear = Ear::default();
            match step {
                Step::Press(key) => {
                    self.since = Some(now + HELD + GAP);
                    return Some(key);
                }
                Step::Pause | Step::PromptOver => self.since = Some(now),
            }
        }
    }

    /// When [`Finger::press`] has something to do, as far as is known; none before the answer or after the last key.
    pub(crate) fn due(&self) -> Option<Instant> {
        let since = self.since?;
        Some(match self.left.front()? {
            Step::Press(_) => since,
            Step::Pause => since + PAUSE,
            Step::PromptOver => {
                let over = self
                    .ear
                    .quiet_since
                    .filter(|_| self.ear.sound)
                    .map(|quiet| quiet + QUIET);
                over.unwrap_or(since + PROMPT_MAX).min(since + PROMPT_MAX)
            }
        })
    }

    /// The keys that were not pressed.
    pub(crate) fn unpressed(&self) -> String {
        let keys = self.left.iter().filter_map(|step| match step {
            Step::Press(key) => Some(*key),
            Step::Pause | Step::PromptOver => None,
        });
        keys.collect()
    }
}

/// Whether 20 ms of sound are loud enough to be a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Something sounds.
    Sound,
    /// Silence, or the noise of a quiet line.
    Quiet,
}

#[cfg(test)]
mod tests;
