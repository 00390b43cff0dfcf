//! One caller going through its steps: it looks at its phone after every moment of virtual time and decides whether the
//! step is done, has failed, or has to wait.

use super::format::{Caller, EndedBy, EndedStep, PressStep, PromptStep, Step, Verb, Within};
use super::listen::{Ear, Heard, Wanted, describe, samples};
use super::report::Failure;
use super::run::Cast;
use crate::phone::{Action, End, Event, key_event};
use crate::world::{PhoneId, World};
use patchcord_media::KeyPress;
use std::time::Duration;

/// A caller, its phone, and how far it is.
pub(super) struct Script<'a> {
    pub(super) phone: PhoneId,
    caller: &'a Caller,
    cast: &'a Cast,
    /// The step under way.
    at: usize,
    stage: Stage,
    /// Events of the phone that earlier steps have taken.
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

enum Awaited {
    /// Time to pass.
    Time,
    /// Something on the phone.
    Event {
        what: &'static str,
        fits: fn(&Event) -> bool,
    },
    /// So many keys to be sent.
    Keys(usize),
    /// The end of the call.
    End(EndedStep),
    /// Something to be heard.
    Sound(Ear),
}

impl<'a> Script<'a> {
    pub(super) fn new(phone: PhoneId, caller: &'a Caller, cast: &'a Cast) -> Self {
        let begins = Duration::from_millis(caller.starts_after_ms);
        Self {
            phone,
            caller,
            cast,
            at: 0,
            stage: Stage::Before(begins),
            taken: 0,
            mark: begins,
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

    fn next(&mut self, now: Duration) {
        self.at += 1;
        self.stage = if self.at < self.caller.steps.len() {
            Stage::Before(now)
        } else {
            Stage::Done
        };
    }

    fn step(&self) -> &'a Step {
        &self.caller.steps[self.at]
    }

    /// Does what the step does, and says what it waits for.
    fn begin(&mut self, world: &mut World) -> Result<(), Failure> {
        let now = world.now();
        let (within, for_what) = match &self.step().verb {
            Verb::Call(call) => {
                // A new call: nothing heard or told before concerns it.
                self.mark = now;
                self.taken = world.seat(self.phone).events().len();
                if world.call(self.phone, &call.to, call.offer.into()).is_err() {
                    return Err(self.failure(world, format!("{:?} cannot stand in a SIP address", call.to)));
                }
                (0, Awaited::Time)
            }
            Verb::WaitMs(ms) => (*ms, Awaited::Time),
            Verb::Ringing(within) => event(within, "ringing", |event| {
                matches!(event, Event::Progress { status: 180 })
            }),
            Verb::EarlyMedia(within) => event(within, "early media", |event| *event == Event::EarlyMedia),
            Verb::Answered(within) => event(within, "an answer", |event| *event == Event::Answered),
            Verb::Hold(within) => {
                world.act(self.phone, Action::Hold);
                event(within, "the far end to be held", |event| *event == Event::Held)
            }
            Verb::Resume(within) => {
                world.act(self.phone, Action::Resume);
                event(within, "the far end to be taken back", |event| *event == Event::Resumed)
            }
            Verb::HearPrompt(prompt) => (prompt.within_ms, self.prompt(world, prompt)?),
            Verb::HearAnnouncement(heard) => {
                let reference = self.cast.announcement.samples().to_vec();
                (
                    heard.within_ms,
                    Awaited::Sound(Ear::new(Wanted::sound(reference, heard.at_least))),
                )
            }
            Verb::HearTone(tone) => (
                tone.within_ms,
                Awaited::Sound(Ear::new(Wanted::tone(tone.hz, tone.for_ms))),
            ),
            Verb::HearSilence(wanted) => (
                wanted.within_ms,
                Awaited::Sound(Ear::new(Wanted::silence(wanted.for_ms))),
            ),
            Verb::Press(press) => self.press(world, press),
            Verb::Cancel(_) => {
                world.act(self.phone, Action::Cancel);
                (0, Awaited::Time)
            }
            Verb::HangUp(_) => {
                world.act(self.phone, Action::HangUp);
                (0, Awaited::Time)
            }
            Verb::Ended(ended) => (ended.within_ms, Awaited::End(*ended)),
        };
        self.stage = Stage::Waits {
            until: now + Duration::from_millis(within),
            for_what,
        };
        Ok(())
    }

    fn prompt(&self, world: &World, prompt: &PromptStep) -> Result<Awaited, Failure> {
        let Some(clip) = self.cast.prompts.get(&prompt.file) else {
            let known: Vec<&str> = self.cast.prompts.keys().map(String::as_str).collect();
            let what = format!(
                "the program has no prompt {:?}; it has: {}",
                prompt.file,
                known.join(", ")
            );
            return Err(self.failure(world, what));
        };
        let first = prompt
            .first_ms
            .map_or(usize::MAX, |ms| samples(Duration::from_millis(ms)));
        let reference = clip.samples()[..clip.samples().len().min(first)].to_vec();
        Ok(Awaited::Sound(Ear::new(Wanted::sound(reference, prompt.at_least))))
    }

    fn press(&mut self, world: &mut World, press: &PressStep) -> (u64, Awaited) {
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
        self.mark = world.now();
        let count = presses.len();
        let takes = count as u64 * (u64::from(*hold_ms) + u64::from(*pause_ms)) + 1_000;
        world.act(self.phone, Action::Press(presses));
        (takes, Awaited::Keys(count))
    }

    /// Whether what the step waits for is there; an error if it cannot come any more.
    fn look(&mut self, world: &World) -> Result<bool, Failure> {
        let seat = world.seat(self.phone);
        let fresh = &seat.events()[self.taken.min(seat.events().len())..];
        let Stage::Waits { until, for_what } = &mut self.stage else {
            return Ok(false);
        };
        let late = world.now() >= *until;
        let over = fresh.iter().any(|(_, event)| ended(event).is_some());
        let extent = if over { Heard::Whole } else { Heard::Growing };
        let found = match for_what {
            Awaited::Time => late.then_some(()),
            Awaited::Event { fits, .. } => fresh.iter().position(|(_, event)| fits(event)).map(|place| {
                self.taken += place + 1;
            }),
            Awaited::Keys(count) => {
                let mut sent = fresh
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, event))| *event == Event::KeySent);
                sent.nth(*count - 1).map(|(place, _)| self.taken += place + 1)
            }
            Awaited::Sound(ear) => ear.listen(seat.recording().since(self.mark), extent).map(|end| {
                let from = self.mark.max(seat.recording().from());
                self.mark = from + Duration::from_micros(end as u64 * 125);
            }),
            Awaited::End(wanted) => match fresh.iter().find_map(|(_, event)| ended(event)) {
                Some(end) if fits(wanted, end) => Some(()),
                Some(end) => {
                    let what = format!("the call ended otherwise than by {:?}: {end:?}", wanted.by);
                    return Err(self.failure(world, what));
                }
                None => None,
            },
        };
        if found.is_some() {
            return Ok(true);
        }
        if late {
            let what = self.missing(world);
            return Err(self.failure(world, what));
        }
        self.still_possible(world, fresh)?;
        Ok(false)
    }

    /// After the end of the call nothing more is heard or answered: no need to wait for it.
    fn still_possible(&self, world: &World, fresh: &[(Duration, Event)]) -> Result<(), Failure> {
        let Stage::Waits { for_what, .. } = &self.stage else {
            return Ok(());
        };
        if matches!(for_what, Awaited::Time | Awaited::End(_)) {
            return Ok(());
        }
        if let Some((_, Event::Refused(why))) = fresh.iter().find(|(_, event)| matches!(event, Event::Refused(_))) {
            return Err(self.failure(world, format!("the phone cannot do this: {why}")));
        }
        match fresh.iter().find_map(|(_, event)| ended(event)) {
            Some(end) => Err(self.failure(
                world,
                format!("{}; the call is over before it: {end:?}", self.missing(world)),
            )),
            None => Ok(()),
        }
    }

    fn missing(&self, world: &World) -> String {
        let Stage::Waits { for_what, .. } = &self.stage else {
            return String::new();
        };
        match for_what {
            Awaited::Time => "time did not pass".to_owned(),
            Awaited::Event { what, .. } => format!("waited for {what} in vain"),
            Awaited::Keys(count) => format!("{count} keys could not be sent"),
            Awaited::End(wanted) => format!("the call did not end (wanted: by {:?})", wanted.by),
            Awaited::Sound(ear) => {
                let heard = world.seat(self.phone).recording().since(self.mark);
                format!("{}; heard: {}", ear.closest(), describe(heard))
            }
        }
    }

    fn failure(&self, world: &World, what: String) -> Failure {
        let step = self.step();
        Failure {
            at: world.now(),
            who: self.caller.name.clone(),
            line: Some(step.line),
            what: format!("step {} {:?}: {what}", self.at + 1, step.verb),
        }
    }
}

fn event(within: &Within, what: &'static str, fits: fn(&Event) -> bool) -> (u64, Awaited) {
    (within.within_ms, Awaited::Event { what, fits })
}

fn ended(event: &Event) -> Option<End> {
    match event {
        Event::Ended { end, .. } => Some(*end),
        _ => None,
    }
}

fn fits(wanted: &EndedStep, end: End) -> bool {
    match (wanted.by, end) {
        (EndedBy::Handler, End::ByFarEnd) | (EndedBy::Caller, End::ByPhone) | (EndedBy::Cancel, End::Cancelled) => true,
        (EndedBy::Refusal, End::Refused { status }) => wanted.status.is_none_or(|wanted| wanted == status),
        _ => false,
    }
}
