//! One phone going through its steps: it looks at its phone after every moment of virtual time and decides whether the
//! step is done, has failed, or has to wait. What steps wait for is in [`super::awaited`].

use super::awaited::{Awaited, Block, ended, event};
use super::format::{Callee, Caller, PressStep, PromptStep, Scenario, Step, Verb};
use super::likeness::Reference;
use super::listen::{Ear, Heard, Wanted, samples};
use super::report::{Breach, Failure, Reached, StepSeen};
use super::run::Cast;
use crate::phone::{Action, Event, LINES_MAX, LineId, key_event};
use crate::world::{PhoneId, World, words_said};
use patchcord_media::{Clip, KeyPress};
use std::sync::Arc;
use std::time::Duration;

/// How much longer than a clip it may take to say it.
const SAID_WITHIN: Duration = Duration::from_secs(5);

/// Prompts that a failed step's sound is compared with, how much of each, with how much of what was heard, in samples,
/// and how alike they must be.
const PROMPTS_COMPARED: usize = 32;
const COMPARED_FIRST: usize = 12_000;
const COMPARED_LATEST: usize = 30 * 8_000;
const RECOGNISED: f64 = 0.8;

/// Who acts.
pub(super) struct Part<'a> {
    pub(super) phone: PhoneId,
    pub(super) name: &'a str,
    pub(super) block: Block,
    /// The user it registers as.
    pub(super) user: Option<&'a str>,
    starts_after: Duration,
    steps: &'a [Step],
}

impl<'a> Part<'a> {
    pub(super) fn caller(phone: PhoneId, caller: &'a Caller) -> Self {
        Self {
            phone,
            name: &caller.name,
            block: Block::Caller,
            user: caller.user.as_deref(),
            starts_after: Duration::from_millis(caller.starts_after_ms),
            steps: &caller.steps,
        }
    }

    pub(super) fn callee(phone: PhoneId, callee: &'a Callee) -> Self {
        Self {
            phone,
            name: &callee.name,
            block: Block::Callee,
            user: callee.user(),
            starts_after: Duration::ZERO,
            steps: &callee.steps,
        }
    }
}

impl Part<'_> {
    /// Whether it stands in a `[[caller]]` block.
    pub(super) fn calls(&self) -> bool {
        self.block == Block::Caller
    }
}

/// A phone and how far it is.
pub(super) struct Script<'a> {
    pub(super) part: Part<'a>,
    scenario: &'a Scenario,
    cast: &'a Cast,
    /// The step under way.
    at: usize,
    stage: Stage,
    /// When each step began.
    began: Vec<Duration>,
    /// The line that steps are about.
    line: LineId,
    places: [Place; LINES_MAX],
}

/// How far a script is on a line.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Events that earlier steps have taken.
    taken: usize,
    /// What is heard before this moment counts no more.
    mark: Duration,
}

enum Stage {
    /// The step has not begun, and begins then.
    Before(Duration),
    /// It waits, at most until then.
    Waits {
        until: Duration,
        for_what: Awaited,
    },
    Done,
}

impl<'a> Script<'a> {
    /// A script that begins so long after `start`.
    pub(super) fn new(part: Part<'a>, scenario: &'a Scenario, cast: &'a Cast, start: Duration) -> Self {
        let begins = start + part.starts_after;
        let place = Place { taken: 0, mark: begins };
        Self {
            stage: if part.steps.is_empty() {
                Stage::Done
            } else {
                Stage::Before(begins)
            },
            part,
            scenario,
            cast,
            at: 0,
            began: Vec::new(),
            line: LineId::FIRST,
            places: [place; LINES_MAX],
        }
    }

    pub(super) fn done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// When it has to be looked at even if nothing happens.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Before(at) | Stage::Waits { until: at, .. } => Some(*at),
            Stage::Done => None,
        }
    }

    /// Goes as far as it can now.
    pub(super) fn advance(&mut self, world: &mut World) -> Result<(), Failure> {
        loop {
            match &mut self.stage {
                Stage::Before(at) if *at <= world.now() => self.begin(world)?,
                Stage::Waits { .. } => {
                    if !self.look(world)? {
                        return Ok(());
                    }
                    self.next(world.now());
                }
                Stage::Before(_) | Stage::Done => return Ok(()),
            }
        }
    }

    /// Goes on with the next step although this one failed.
    pub(super) fn pass_over(&mut self, now: Duration) {
        if self.began.len() == self.at {
            self.began.push(now);
        }
        self.next(now);
    }

    fn next(&mut self, now: Duration) {
        self.at += 1;
        self.stage = if self.at < self.part.steps.len() {
            Stage::Before(now)
        } else {
            Stage::Done
        };
    }

    fn step(&self) -> &'a Step {
        &self.part.steps[self.at]
    }

    fn place(&mut self) -> &mut Place {
        &mut self.places[self.line.number()]
    }

    /// Does what the step does, and says what it waits for.
    fn begin(&mut self, world: &mut World) -> Result<(), Failure> {
        let now = world.now();
        self.began.push(now);
        let (within, for_what) = match self.acting(world)? {
            Some(awaited) => awaited,
            None => self.expecting()?,
        };
        self.stage = Stage::Waits {
            until: now + Duration::from_millis(within),
            for_what,
        };
        Ok(())
    }

    /// A step that does something.
    fn acting(&mut self, world: &mut World) -> Result<Option<(u64, Awaited)>, Failure> {
        let at_once = (0, Awaited::Time);
        Ok(Some(match &self.step().verb {
            Verb::Call(call) => {
                // A new call: nothing heard or told before concerns it.
                let taken = world.seat(self.part.phone).events_on(self.line).len();
                *self.place() = Place {
                    taken,
                    mark: world.now(),
                };
                let called = world.call_on(self.part.phone, self.line, &call.to, call.offer.into());
                self.address(world, &call.to, called.is_ok())?;
                at_once
            }
            Verb::WaitMs(ms) => (*ms, Awaited::Time),
            Verb::Ring(_) => self.act(world, Action::Ring, at_once),
            Verb::SendEarlyMedia(_) => self.act(world, Action::EarlyMedia, at_once),
            Verb::Answer(_) => self.act(world, Action::Answer, at_once),
            Verb::Refuse(status) => self.act(world, Action::Refuse(*status), at_once),
            Verb::Press(keys) => self.press(world, keys, Action::Press),
            Verb::PressByInfo(keys) => self.press(world, keys, Action::PressByInfo),
            Verb::Say(said) => {
                let clip = self.clip(world.now(), &said.file)?.clone();
                self.say(world, clip)
            }
            Verb::SayWords(text) => self.say(world, Arc::new(Clip::from_samples(&words_said(text)))),
            Verb::Hum(hz) => self.act(world, Action::Hum(Some(*hz)), at_once),
            Verb::Quiet(_) => self.act(world, Action::Hum(None), at_once),
            Verb::Hold(within) => {
                let held = event(within, "the far end to be held", |event| *event == Event::Held);
                self.act(world, Action::Hold, held)
            }
            Verb::Resume(within) => {
                let back = event(within, "the far end to be taken back", |event| *event == Event::Resumed);
                self.act(world, Action::Resume, back)
            }
            Verb::Transfer(transfer) => {
                let asked = world.transfer(self.part.phone, self.line, &transfer.to);
                self.address(world, &transfer.to, asked.is_ok())?;
                at_once
            }
            Verb::TransferToLine(line) => {
                let line = LineId::new(line - 1).expect("checked when the scenario was read");
                self.act(world, Action::TransferTo(line), at_once)
            }
            Verb::Line(line) => {
                self.line = LineId::new(line - 1).expect("checked when the scenario was read");
                at_once
            }
            Verb::Register(_) => {
                world.register(self.part.phone, self.part.user.unwrap_or(self.part.name));
                at_once
            }
            Verb::Publish(said) => {
                if !world.publish_from(self.part.phone, said.status()) {
                    let expected = "a phone that is registered, to say something of it".to_owned();
                    return Err(self.failure(world.now(), expected, "it is not registered".to_owned()));
                }
                at_once
            }
            Verb::Unregister(_) => self.act(world, Action::Unregister, at_once),
            Verb::Cancel(_) => self.act(world, Action::Cancel, at_once),
            Verb::HangUp(_) => self.act(world, Action::HangUp, at_once),
            _ => return Ok(None),
        }))
    }

    /// A step that waits for something to happen or to be heard.
    fn expecting(&mut self) -> Result<(u64, Awaited), Failure> {
        let sound = |within: u64, wanted: Wanted| (within, Awaited::Sound(Ear::new(String::new(), wanted)));
        let known = |within: u64, name: String, wanted: Wanted| (within, Awaited::Sound(Ear::new(name, wanted)));
        Ok(match &self.step().verb {
            Verb::Called(called) => (called.within_ms, Awaited::Call(called.clone())),
            Verb::NotCalledMs(ms) => (*ms, Awaited::NoCall),
            Verb::Ringing(within) => event(within, "ringing", |event| *event == Event::Progress { status: 180 }),
            Verb::EarlyMedia(within) => event(within, "early media", |event| *event == Event::EarlyMedia),
            Verb::Answered(within) => event(within, "an answer", |event| *event == Event::Answered),
            Verb::Changed(within) => event(within, "a change of the session", |event| *event == Event::Changed),
            Verb::Transferred(wanted) => (wanted.within_ms, Awaited::Transfer(*wanted)),
            Verb::KeysHeard(wanted) => (wanted.within_ms, Awaited::HeardKeys(wanted.keys.clone())),
            Verb::HearPrompt(prompt) => known(prompt.within_ms, prompt_in_words(prompt), self.prompt(prompt)?),
            Verb::HearSpeech(heard) => {
                let reference = heard.sound().expect("checked when the scenario was read");
                let name = format!("the words {:?}", heard.text);
                known(heard.within_ms, name, Wanted::sound(reference, heard.at_least))
            }
            Verb::HearAnnouncement(heard) => {
                let reference = self.cast.announcement.samples().to_vec();
                let name = "the platform's announcement".to_owned();
                known(heard.within_ms, name, Wanted::sound(reference, heard.at_least))
            }
            Verb::HearTone(tone) => sound(tone.within_ms, Wanted::tone(tone.hz, tone.for_ms)),
            Verb::Hear(heard) => {
                let hz = self.scenario.hum_of(&heard.who);
                let hz = hz.expect("checked when the scenario was read");
                sound(heard.within_ms, Wanted::tone(hz.into(), heard.for_ms))
            }
            Verb::HearSilence(wanted) => sound(wanted.within_ms, Wanted::silence(wanted.for_ms)),
            Verb::Ended(ended) => (ended.within_ms, Awaited::End(*ended)),
            _ => unreachable!("every other step does something"),
        })
    }

    fn act(&self, world: &mut World, action: Action, then: (u64, Awaited)) -> (u64, Awaited) {
        world.act_on(self.part.phone, self.line, action);
        then
    }

    fn address(&self, world: &World, name: &str, good: bool) -> Result<(), Failure> {
        match good {
            true => Ok(()),
            false => {
                let wrong = format!("{name:?} cannot stand in a SIP address");
                Err(self.failure(world.now(), "a name that can be called".to_owned(), wrong))
            }
        }
    }

    fn clip(&self, now: Duration, file: &str) -> Result<&'a Arc<Clip>, Failure> {
        self.cast.prompts.get(file).ok_or_else(|| {
            let known: Vec<&str> = self.cast.prompts.keys().map(String::as_str).collect();
            let known = known.join(", ");
            let expected = format!("a prompt {file:?} in the program");
            self.failure(now, expected, format!("it has: {known}"))
        })
    }

    fn prompt(&self, prompt: &PromptStep) -> Result<Wanted, Failure> {
        let now = self.places[self.line.number()].mark;
        let clip = self.clip(now, &prompt.file)?;
        let first = prompt
            .first_ms
            .map_or(usize::MAX, |ms| samples(Duration::from_millis(ms)));
        let reference = clip.samples()[..clip.samples().len().min(first)].to_vec();
        Ok(Wanted::sound(reference, prompt.at_least))
    }

    fn say(&self, world: &mut World, clip: Arc<Clip>) -> (u64, Awaited) {
        let takes = (clip.duration() + SAID_WITHIN).as_millis() as u64;
        let what = "the clip to be said";
        let said = Awaited::Event {
            what,
            fits: |event| *event == Event::Said,
        };
        self.act(world, Action::Say(clip), (takes, said))
    }

    fn press(&mut self, world: &mut World, press: &PressStep, by: fn(Vec<KeyPress>) -> Action) -> (u64, Awaited) {
        let PressStep {
            keys,
            hold_ms,
            pause_ms,
        } = press;
        let press = |key| KeyPress {
            event: key,
            duration_ms: *hold_ms,
            pause_ms: *pause_ms,
        };
        let presses: Vec<KeyPress> = keys.chars().filter_map(key_event).map(press).collect();
        // What the far end says before it can know of the key is not the answer to it.
        self.place().mark = world.now();
        let count = presses.len();
        let takes = count as u64 * (u64::from(*hold_ms) + u64::from(*pause_ms)) + 1_000;
        self.act(world, by(presses), (takes, Awaited::Keys(count)))
    }

    /// Whether what the step waits for is there; an error if it cannot come any more.
    fn look(&mut self, world: &World) -> Result<bool, Failure> {
        let seat = world.seat(self.part.phone);
        let Place { taken, mark } = *self.place();
        let events = seat.events_on(self.line);
        let fresh = &events[taken.min(events.len())..];
        let recording = seat.recording_on(self.line);
        let Stage::Waits { until, for_what } = &mut self.stage else {
            return Ok(false);
        };
        let late = world.now() >= *until;
        if let Awaited::Sound(ear) = for_what {
            let over = fresh.iter().any(|(_, event)| ended(event).is_some());
            let extent = if over { Heard::Whole } else { Heard::Growing };
            if let Some(end) = ear.listen(recording.since(mark), extent) {
                let from = mark.max(recording.from());
                self.place().mark = from + Duration::from_micros(end as u64 * 125);
                return Ok(true);
            }
        } else {
            let found = for_what.find(fresh, self.part.block, late);
            if let Some(count) = found.map_err(|happened| self.unlike(world.now(), happened))? {
                let begins = matches!(self.step().verb, Verb::Called(_));
                let place = self.place();
                place.taken += count;
                if begins {
                    place.mark = world.now();
                }
                return Ok(true);
            }
        }
        let Stage::Waits { for_what, .. } = &self.stage else {
            return Ok(false);
        };
        let heard = recording.since(mark);
        let instead = || match for_what {
            Awaited::Sound(_) => format!("{}{}", for_what.missing(heard, fresh), self.prompts_in(heard)),
            _ => for_what.missing(heard, fresh),
        };
        if late {
            return Err(self.unlike(world.now(), instead()));
        }
        match for_what.impossible(fresh) {
            Some(why) if matches!(for_what, Awaited::Sound(_)) => {
                Err(self.unlike(world.now(), format!("{}; then {why}", instead())))
            }
            Some(why) => Err(self.unlike(world.now(), why)),
            None => Ok(false),
        }
    }

    /// Which prompts of the program were heard instead, if any.
    fn prompts_in(&self, heard: &[i16]) -> String {
        let latest = &heard[heard.len().saturating_sub(COMPARED_LATEST)..];
        let sounds = |clip: &Clip| {
            let beginning = clip.samples()[..clip.samples().len().min(COMPARED_FIRST)].to_vec();
            let found = Reference::new(beginning).find(latest);
            found.is_some_and(|found| found.likeness >= RECOGNISED)
        };
        let prompts = self.cast.prompts.iter().take(PROMPTS_COMPARED);
        let mut found: Vec<String> = prompts
            .filter(|(_, clip)| sounds(clip))
            .map(|(name, _)| format!("the prompt {name}"))
            .collect();
        if sounds(&self.cast.announcement) {
            found.push("the platform's announcement for callers of a broken handler".to_owned());
        }
        match found.as_slice() {
            [] => String::new(),
            names => format!(" (in it {})", names.join(", ")),
        }
    }

    /// The step's failure: something else happened than it waits for.
    fn unlike(&self, at: Duration, happened: String) -> Failure {
        let Stage::Waits { until, for_what } = &self.stage else {
            return self.failure(at, String::new(), happened);
        };
        let began = self.began.last().copied().unwrap_or(at);
        let within = until.saturating_sub(began).as_secs_f64();
        self.failure(at, format!("{}, within {within} s", for_what.expected()), happened)
    }

    fn failure(&self, at: Duration, expected: String, happened: String) -> Failure {
        let seen = |(place, step): (usize, &Step)| StepSeen {
            line: step.line,
            text: step.text.clone(),
            reached: match self.began.get(place) {
                Some(began) if place < self.at => Reached::Done(*began),
                Some(began) => Reached::Failed(*began),
                None => Reached::Never,
            },
        };
        Failure {
            at,
            who: self.part.name.to_owned(),
            breach: Breach::Step,
            steps: self.part.steps.iter().enumerate().map(seen).collect(),
            expected,
            happened,
        }
    }
}

fn prompt_in_words(prompt: &PromptStep) -> String {
    match prompt.first_ms {
        Some(ms) => format!("the first {ms} ms of the prompt {}", prompt.file),
        None => format!("the prompt {}", prompt.file),
    }
}
