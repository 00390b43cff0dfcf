//! The course of one call of the test phone, from INVITE to its end: feeds the phone its datagrams and the time, presses
//! keys, keeps what is heard, and prints the ladder as it happens.

use super::keys::{self, Finger, Level, Script};
use super::sockets::Sockets;
use super::{ladder, sound};
use crate::commands::terminal::{self, Paint};
use anyhow::{Context, Result, bail};
use patchcord_media::{Clip, Counters, FRAME_SAMPLES, KeyPress, measure};
use patchcord_sim::Phone;
use patchcord_sim::phone::{Action, Dial, End, Event, Input, Lane, Output, key_event};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Without any answer from the other machine for so long, nobody is there.
const NOBODY_THERE: Duration = Duration::from_secs(5);
/// How long the other side may ring.
const RINGING_MAX: Duration = Duration::from_secs(60);
/// How long the phone stays for repeated messages after the call, a lost 200 to a BYE for instance.
const LINGER: Duration = Duration::from_millis(300);
/// How long it sleeps when there is nothing to wait for.
const IDLE: Duration = Duration::from_secs(1);

/// What the phone is to do.
pub(crate) struct Course {
    pub(crate) dial: Dial,
    pub(crate) keys: Script,
    pub(crate) say: Option<Arc<Clip>>,
    /// Hang up so long after the answer.
    pub(crate) duration: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Whether the call was answered.
    pub(crate) answered: bool,
    /// Whether the other machine said anything at all.
    pub(crate) anybody: bool,
    /// How it ended; none if nobody was there.
    pub(crate) end: Option<End>,
    /// Keys that were not pressed.
    pub(crate) unpressed: String,
    /// Why something was not done, in words.
    pub(crate) refusal: Option<String>,
    /// Everything heard, at 8 kHz.
    pub(crate) heard: Vec<i16>,
    /// What the media session counted.
    pub(crate) counters: Option<Counters>,
}

/// The call while it runs.
struct Running<'a> {
    phone: Phone,
    sockets: &'a Sockets,
    finger: Finger,
    say: Option<Arc<Clip>>,
    duration: Duration,
    began: Instant,
    /// When to give up waiting for an answer, or to hang up after it.
    patience: Option<Instant>,
    outcome: Outcome,
    paint: Paint,
}

/// Follows a course to the end of the call.
pub(crate) async fn follow(phone: Phone, sockets: &Sockets, course: Course) -> Result<Outcome> {
    let began = Instant::now();
    let mut running = Running {
        phone,
        sockets,
        finger: Finger::new(course.keys),
        say: course.say,
        duration: course.duration,
        began,
        patience: Some(began + RINGING_MAX),
        outcome: Outcome::default(),
        paint: Paint::stdout(),
    };
    running.line(&ladder::invite(course.dial.uri.as_str()));
    running.phone.handle(began, Input::Action(Action::Call(course.dial)));
    running.until_the_end().await?;
    running.linger().await;
    running.outcome.unpressed = running.finger.unpressed();
    Ok(running.outcome)
}

impl Running<'_> {
    async fn until_the_end(&mut self) -> Result<()> {
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        let mut asked_to_end = false;
        loop {
            self.drain().await;
            let now = Instant::now();
            if self.outcome.end.is_some() || self.is_nobody_there(now) {
                return Ok(());
            }
            if self.press(now) || self.lose_patience(now) {
                continue;
            }
            tokio::select! {
                _ = &mut interrupted, if !asked_to_end => {
                    asked_to_end = true;
                    self.give_up(Instant::now());
                }
                datagram = self.sockets.receive() => if let Some(datagram) = datagram {
                    self.outcome.anybody |= datagram.lane == Lane::Sip;
                    let input = Input::Datagram { lane: datagram.lane, from: datagram.from, bytes: &datagram.bytes };
                    self.phone.handle(Instant::now(), input);
                },
                () = tokio::time::sleep_until(self.wake_at(now).into()) => {
                    self.phone.handle(Instant::now(), Input::Deadline);
                }
            }
            if self.outcome.refusal.is_some() && !self.phone.in_call() && self.outcome.end.is_none() {
                // The very first request could not be written.
                self.drain().await;
                bail!(
                    "the call cannot be placed: {}",
                    self.outcome.refusal.as_deref().unwrap_or_default()
                );
            }
        }
    }

    fn wake_at(&self, now: Instant) -> Instant {
        let nobody = (!self.outcome.anybody).then_some(self.began + NOBODY_THERE);
        let times = [self.phone.wake_at(), self.finger.due(), self.patience, nobody];
        times.into_iter().flatten().min().unwrap_or(now + IDLE)
    }

    fn is_nobody_there(&self, now: Instant) -> bool {
        !self.outcome.anybody && now >= self.began + NOBODY_THERE
    }

    /// Presses the key that is due. True if there was one.
    fn press(&mut self, now: Instant) -> bool {
        let Some(key) = self.finger.press(now) else {
            return false;
        };
        let event = key_event(key).expect("a script holds keys only");
        let in_ms = |time: Duration| u16::try_from(time.as_millis()).expect("keys are held for less than a minute");
        let press = KeyPress {
            event,
            duration_ms: in_ms(keys::HELD),
            pause_ms: in_ms(keys::GAP),
        };
        self.line(&ladder::key(key));
        self.phone.handle(now, Input::Action(Action::Press(vec![press])));
        true
    }

    /// Gives up or hangs up when it is time. True if it was.
    fn lose_patience(&mut self, now: Instant) -> bool {
        if self.patience.is_none_or(|at| now < at) {
            return false;
        }
        self.patience = None;
        self.give_up(now);
        true
    }

    fn give_up(&mut self, now: Instant) {
        let (action, what) = match self.outcome.answered {
            true => (Action::HangUp, "BYE"),
            false => (Action::Cancel, "CANCEL"),
        };
        self.line(&ladder::sent(what));
        self.phone.handle(now, Input::Action(action));
    }

    /// Does what the phone wants until it wants nothing more.
    async fn drain(&mut self) {
        while let Some(output) = self.phone.poll() {
            match output {
                Output::Send { lane, to, bytes } => self.sockets.send(lane, to, &bytes).await,
                Output::Heard { at, samples, .. } => self.hear(at, &samples),
                Output::Event { event, .. } => self.event(event),
            }
        }
    }

    fn hear(&mut self, at: Instant, samples: &[i16; FRAME_SAMPLES]) {
        let loud = measure::level_dbfs(samples) >= sound::SILENCE_DBFS;
        self.finger.heard(at, if loud { Level::Sound } else { Level::Quiet });
        self.outcome.heard.extend_from_slice(samples);
    }

    fn event(&mut self, event: Event) {
        if let Some(words) = ladder::event(&event, self.paint) {
            self.line(&words);
        }
        match event {
            Event::Answered => {
                let now = Instant::now();
                self.outcome.answered = true;
                self.patience = Some(now + self.duration);
                self.finger.answered(now);
                if let Some(clip) = self.say.take() {
                    self.phone.handle(now, Input::Action(Action::Say(clip)));
                }
            }
            Event::Refused(refusal) => self.outcome.refusal = Some(refusal.to_string()),
            Event::Ended { end, counters } => {
                self.outcome.end = Some(end);
                self.outcome.counters = counters;
            }
            _ => {}
        }
    }

    /// Answers what is repeated after the end.
    async fn linger(&mut self) {
        let until = Instant::now() + LINGER;
        while self.outcome.end.is_some() && Instant::now() < until {
            tokio::select! {
                datagram = self.sockets.receive() => if let Some(datagram) = datagram {
                    let input = Input::Datagram { lane: datagram.lane, from: datagram.from, bytes: &datagram.bytes };
                    self.phone.handle(Instant::now(), input);
                },
                () = tokio::time::sleep_until(until.into()) => {}
            }
            while let Some(output) = self.phone.poll() {
                if let Output::Send { lane, to, bytes } = output {
                    self.sockets.send(lane, to, &bytes).await;
                }
            }
        }
    }

    fn line(&self, words: &str) {
        terminal::say(&format!("{:>8.3} s  {words}", self.began.elapsed().as_secs_f64()));
    }
}

impl Outcome {
    /// Whether everything went as a caller wants it, else one sentence about what did not.
    pub(crate) fn verdict(&self, destination: SocketAddr) -> Result<()> {
        let Some(end) = self.end else {
            bail!(
                "nobody answers at {destination}; check the address and port, and that `patchcord dev` or `serve` runs there"
            );
        };
        match end {
            End::ByFarEnd | End::ByPhone | End::Replaced => {}
            End::Cancelled | End::GivenUp => bail!("the call was given up before it was answered"),
            End::Refused { status } | End::Declined { status } => {
                bail!("the call was refused with {status}: {}", ladder::status(status))
            }
            End::TimedOut | End::Expired => bail!("{destination} stopped answering; look at its log"),
            End::NoCommonAudio => bail!("the other side offers no audio this phone has; it needs PCMU or PCMA"),
            End::Broken => bail!("the other side broke the call; look at its log"),
        }
        if let Some(refusal) = &self.refusal {
            bail!("the call took place, but not everything was done: {refusal}");
        }
        if !self.unpressed.is_empty() {
            bail!(
                "the call ended before the keys {} were pressed; begin --keys with a comma to press a second after the answer",
                self.unpressed
            );
        }
        self.answered
            .then_some(())
            .context("the call ended before it was answered")
    }
}

#[cfg(test)]
mod tests;
