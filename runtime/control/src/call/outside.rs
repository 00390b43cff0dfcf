//! Changes of a call from outside, beside its handler: ending it, keys, a prompt, recordings, and messages to the handler.
//! Each is done or refused at once, with a typed reason; what the handler notices of it stands at [`Change`].

use super::leg::Audio;
use super::recording::Source;
use super::{CALLER, Call, End, Handler, KeyOut, MediaCommand, OnKey, Output, PromptSource, Wait, check};
use crate::ids::{LegId, OperationId, RecordingId};
use crate::private::Private;
use crate::words::{Error, InboxMessage, Interruption, LegState, PauseWith, PlayOptions, RecordOptions, Segment};
use std::fmt;
use std::time::{Duration, Instant};

/// Bytes of a message's name at most.
pub const MESSAGE_NAME_BYTES: usize = 64;
/// Bytes of a message's text at most.
pub const MESSAGE_BYTES: usize = 65_536;

/// A change of a call from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Ends the call, or gives it up if it was placed and is not answered. The handler notices: `interrupted` with
    /// `ended-by-platform`.
    End,
    /// Sends keys to the far end of a leg, as `call.leg.send-keys`. The handler notices nothing.
    SendKeys {
        /// On which leg.
        leg: LegId,
        /// Keys and pauses, 1 to 64.
        keys: Private<String>,
    },
    /// Plays a prompt to a leg. While it plays, what the handler plays to that leg takes its place. The handler notices
    /// something only if a prompt of its own gave way: that one's end is `replaced`, a collection goes on without its prompt.
    Play {
        /// To which leg.
        leg: LegId,
        /// What; sound files are those of the handler's module.
        prompt: Vec<Segment>,
        /// How.
        options: PlayOptions,
        /// Whether a prompt that plays on the leg gives way.
        interrupt: Interrupt,
    },
    /// Stops the prompt that was played to a leg from outside; nothing happens if it is over. The handler notices nothing.
    StopPlay {
        /// On which leg.
        leg: LegId,
    },
    /// Records one leg, two side by side, or (none named) the caller and whoever the caller is bridged with. The handler
    /// notices nothing, but that a key that ends the recording is used up; the recording is in the call's record as any other.
    StartRecording {
        /// At most two.
        legs: Vec<LegId>,
        /// How.
        options: RecordOptions,
    },
    /// Pauses a recording, whoever began it. The handler notices nothing.
    PauseRecording {
        /// By its number in the call.
        number: u32,
        /// What stands for the pause.
        with: PauseWith,
    },
    /// Goes on with a recording that is paused, whoever paused it. The handler notices nothing.
    ResumeRecording {
        /// By its number in the call.
        number: u32,
    },
    /// Ends a recording, whoever began it. A handler that began it hears that it was `stopped`.
    StopRecording {
        /// By its number in the call.
        number: u32,
    },
    /// Tells the handler something: it receives it from its `inbox`.
    Tell(InboxMessage),
}

/// Whether a prompt that plays on a leg gives way to one from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interrupt {
    /// It does not: the new one is refused.
    #[default]
    No,
    /// It does.
    Yes,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// A recording of this name has begun.
    Recording(RecordingId),
}

/// Why a call is not changed. Nothing of the change was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeError {
    /// The tenant has no such call alive.
    NoSuchCall,
    /// The call has no leg of this number.
    NoSuchLeg(LegId),
    /// The call has no recording of this number.
    NoSuchRecording(u32),
    /// The leg is in this state, and would have to be answered and have audio.
    WrongState(LegId, LegState),
    /// The recording of this number has ended.
    RecordingOver(u32),
    /// Something plays on the leg; it can be interrupted, or waited for.
    Playing(LegId),
    /// Keys are being sent on the leg.
    SendingKeys(LegId),
    /// The handler has ended: the call is about to.
    HandlerOver,
    /// So many messages wait for the handler already.
    InboxFull(usize),
    /// An argument is out of its range, or a limit of the call is reached.
    Refused(Error),
    /// The call proves who has a number: it can be ended, and nothing else.
    Proof,
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCall => f.write_str("there is no such call"),
            Self::NoSuchLeg(leg) => write!(f, "the call has no leg {}", leg.0),
            Self::NoSuchRecording(number) => write!(f, "the call has no recording {number}"),
            Self::WrongState(leg, state) => {
                write!(f, "leg {} is {state:?}; it has to be answered and have audio", leg.0)
            }
            Self::RecordingOver(number) => write!(f, "recording {number} has ended"),
            Self::Playing(leg) => write!(
                f,
                "something plays on leg {}; interrupt it, or wait until it is over",
                leg.0
            ),
            Self::SendingKeys(leg) => write!(f, "keys are being sent on leg {}; wait until they are out", leg.0),
            Self::HandlerOver => f.write_str("the handler has ended, and the call is about to"),
            Self::InboxFull(most) => write!(f, "{most} messages wait for the handler, and no more may"),
            Self::Refused(why) => write!(f, "{why}"),
            Self::Proof => f.write_str("this call proves who has a number; it can be ended, and not changed"),
        }
    }
}

impl std::error::Error for ChangeError {}

impl From<Error> for ChangeError {
    fn from(why: Error) -> Self {
        Self::Refused(why)
    }
}

/// Keys from outside on their way.
#[derive(Debug)]
pub(super) struct KeysOut {
    leg: LegId,
    /// When the pause before the keys is over, or the last of them.
    at: Instant,
    /// What is still to go out.
    keys: Vec<KeyOut>,
}

impl Call {
    /// Somebody outside changes the call. Drain [`Call::poll`] afterwards, whatever came of it.
    ///
    /// # Errors
    /// It cannot be done now, or not at all; nothing of it was.
    pub fn change(&mut self, now: Instant, change: Change) -> Result<Changed, ChangeError> {
        if self.end == End::Done {
            return Err(ChangeError::NoSuchCall);
        }
        let changed = self.carry_out_change(now, change);
        self.settle(now);
        changed
    }

    fn carry_out_change(&mut self, now: Instant, change: Change) -> Result<Changed, ChangeError> {
        if change == Change::End {
            self.end_by_platform(now, Interruption::EndedByPlatform);
            return Ok(Changed::Done);
        }
        if matches!(self.handler, Handler::Over(_) | Handler::Stopping) {
            return Err(ChangeError::HandlerOver);
        }
        match change {
            Change::End => {}
            Change::SendKeys { leg, keys } => self.keys_from_outside(now, leg, keys.reveal())?,
            Change::Play {
                leg,
                prompt,
                options,
                interrupt,
            } => self.play_from_outside(leg, &prompt, &options, interrupt)?,
            Change::StopPlay { leg } => self.stop_from_outside(leg)?,
            Change::StartRecording { legs, options } => return self.record_from_outside(now, legs, &options),
            Change::PauseRecording { number, with } => {
                self.running_recording(number)?;
                self.pause_numbered(now, number, with);
            }
            Change::ResumeRecording { number } => {
                self.running_recording(number)?;
                self.resume_numbered(now, number);
            }
            Change::StopRecording { number } => {
                self.running_recording(number)?;
                self.stop_numbered(now, number);
            }
            Change::Tell(message) => self.take_message(message)?,
        }
        Ok(Changed::Done)
    }

    /// The leg is there and has audio.
    fn open_leg(&self, leg: LegId) -> Result<(), ChangeError> {
        if !self.legs.has(leg) {
            return Err(ChangeError::NoSuchLeg(leg));
        }
        let it = &self.legs[leg];
        if it.audio == Audio::Open && it.state != LegState::Ended {
            Ok(())
        } else {
            Err(ChangeError::WrongState(leg, it.state))
        }
    }

    fn keys_from_outside(&mut self, now: Instant, leg: LegId, keys: &str) -> Result<(), ChangeError> {
        self.open_leg(leg)?;
        let mut keys = check::keys("keys", keys)?;
        let handler_sends = matches!(
            &self.handler,
            Handler::Waiting { wait: Wait::Keys { leg: on, .. } | Wait::KeyPause { leg: on, .. }, .. } if *on == leg
        );
        if handler_sends || self.keys_out.iter().any(|out| out.leg == leg) {
            return Err(ChangeError::SendingKeys(leg));
        }
        let pause = super::answering::leading_pause(&mut keys);
        self.keys_out.push(KeysOut {
            leg,
            at: now + pause,
            keys,
        });
        self.keys_out_due(now);
        Ok(())
    }

    /// When keys from outside go out next, or are out.
    pub(super) fn keys_out_wake_at(&self) -> Option<Instant> {
        self.keys_out.iter().map(|out| out.at).min()
    }

    /// Sends the keys whose pause is over, and forgets those that are out.
    pub(super) fn keys_out_due(&mut self, now: Instant) {
        for mut out in std::mem::take(&mut self.keys_out) {
            if self.open_leg(out.leg).is_err() {
                continue;
            }
            if out.at > now {
                self.keys_out.push(out);
            } else if !out.keys.is_empty() {
                let keys = std::mem::take(&mut out.keys);
                out.at = now + keys.iter().map(super::answering::key_time).sum::<Duration>();
                self.outputs
                    .push_back(Output::Media(out.leg, MediaCommand::SendKeys(keys)));
                self.keys_out.push(out);
            }
        }
    }

    fn play_from_outside(
        &mut self,
        leg: LegId,
        prompt: &[Segment],
        options: &PlayOptions,
        interrupt: Interrupt,
    ) -> Result<(), ChangeError> {
        self.open_leg(leg)?;
        check::prompt("prompt", prompt, &self.setup.prompts, &self.setup.limits)?;
        check::play(options)?;
        let plays = self.operations.prompt_on(leg) || self.legs[leg].from_outside.is_some() || self.beeps_on(leg);
        if plays && interrupt == Interrupt::No {
            return Err(ChangeError::Playing(leg));
        }
        let id = self.operations.reserve();
        self.legs[leg].from_outside = Some(id);
        let on_key = if options.barge_in { OnKey::Stop } else { OnKey::PlayOn };
        self.push_play(leg, id, PromptSource::Handler(prompt.to_vec()), options.times, on_key);
        self.begin_where_wanted(leg, id, options);
        Ok(())
    }

    fn stop_from_outside(&mut self, leg: LegId) -> Result<(), ChangeError> {
        if !self.legs.has(leg) {
            return Err(ChangeError::NoSuchLeg(leg));
        }
        if let Some(id) = self.legs[leg].from_outside {
            self.stop_prompt(leg, id);
        }
        Ok(())
    }

    /// A prompt ended: true if it came from outside.
    pub(super) fn outside_prompt_over(&mut self, leg: LegId, id: OperationId) -> bool {
        let known = self.legs[leg].from_outside == Some(id);
        if known {
            self.legs[leg].from_outside = None;
        }
        known
    }

    fn record_from_outside(
        &mut self,
        now: Instant,
        mut legs: Vec<LegId>,
        options: &RecordOptions,
    ) -> Result<Changed, ChangeError> {
        if legs.is_empty() {
            legs = [Some(CALLER), self.bridged_with(CALLER)]
                .into_iter()
                .flatten()
                .collect();
        }
        check::recorded_legs(&legs)?;
        legs.iter().try_for_each(|leg| self.open_leg(*leg))?;
        check::record(&legs, options)?;
        let of = legs.into_iter().map(Source::Leg).collect();
        let number = self.open_recording(now, of, options)?;
        let call = self.setup.id;
        Ok(Changed::Recording(RecordingId { call, number }))
    }

    fn running_recording(&self, number: u32) -> Result<(), ChangeError> {
        match self.recording_runs(number) {
            None => Err(ChangeError::NoSuchRecording(number)),
            Some(false) => Err(ChangeError::RecordingOver(number)),
            Some(true) => Ok(()),
        }
    }

    fn take_message(&mut self, message: InboxMessage) -> Result<(), ChangeError> {
        if self.legs.interruption().is_some() && self.opening().is_none() {
            return Err(ChangeError::HandlerOver);
        }
        check::message(&message)?;
        let most = self.setup.limits.inbox_messages;
        if self.inbox.len() >= most {
            return Err(ChangeError::InboxFull(most));
        }
        self.inbox.push_back(message);
        Ok(())
    }
}
