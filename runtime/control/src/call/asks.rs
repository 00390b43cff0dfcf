//! What a handler asks: checked, then answered at once or waited for. A refusal is a typed answer.

use super::gathering::{Gathering, Prompt};
use super::leg::Audio;
use super::operation::Operation;
use super::{Call, Description, Handler, LegCommand, MediaCommand, OnKey, Output, PromptSource, Turn, Wait, check};
use crate::ask::{Answer, Ask};
use crate::ids::OperationId;
use crate::words::{
    Error, GatherFailure, GatherOptions, Gathered, LegState, LimitName, LogLevel, PlayOptions, Played, RejectReason,
    Segment,
};
use rand_chacha::rand_core::Rng;
use std::time::{Duration, Instant};

/// What came of an ask.
enum Reply {
    Now(Answer),
    Wait(Wait),
}

impl Call {
    pub(super) fn asked(&mut self, now: Instant, ask: Ask) {
        assert!(
            matches!(self.handler, Handler::Running),
            "a handler asks one thing at a time"
        );
        match self.consider(now, &ask) {
            Reply::Now(answer) => {
                if !matches!(ask, Ask::Log { .. } | Ask::Forget { .. }) {
                    self.trace(now, now, &ask, &answer);
                }
                self.outputs.push_back(Output::Resume {
                    answer,
                    turn: Turn::Same,
                });
            }
            Reply::Wait(wait) => self.handler = Handler::Waiting { ask, since: now, wait },
        }
    }

    fn consider(&mut self, now: Instant, ask: &Ask) -> Reply {
        let answer = match ask {
            Ask::Info { .. } => Answer::Info(self.leg.info.clone()),
            Ask::Header { name, .. } => Answer::Header(self.header(name)),
            Ask::State { .. } => Answer::State(self.leg.state),
            Ask::Ring { .. } => Answer::Unit(self.ring()),
            Ask::EarlyMedia { .. } => return or_wait(self.early_media(), Answer::Unit),
            Ask::Answer { .. } => return or_wait(self.answer(now), Answer::Unit),
            Ask::Reject { reason, .. } => Answer::Unit(self.reject(*reason)),
            Ask::HangUp { .. } => {
                self.hang_up();
                Answer::Nothing
            }
            Ask::Play { prompt, options, .. } => return self.play(prompt, options),
            Ask::StartPlay { prompt, options, .. } => Answer::Started(self.start_play(prompt, options)),
            Ask::PlayResult { operation } => Answer::PlayResult(self.play_result(*operation)),
            Ask::StopPlay { operation } => return self.stop_play(*operation),
            Ask::Gather { options, .. } => return self.gather(now, options),
            Ask::StartGather { options, .. } => Answer::Started(self.start_gather(now, options)),
            Ask::Flush { .. } => {
                self.leg.pending_keys.clear();
                Answer::Nothing
            }
            Ask::GatherResult { operation } => Answer::GatherResult(self.gather_result(*operation)),
            Ask::CancelGather { operation } => Answer::Gathered(self.cancel_gather(*operation)),
            Ask::Done { operation } => Answer::Flag(self.operations.get(*operation).is_none_or(Operation::is_done)),
            Ask::Forget { operation } => self.forget(*operation),
            Ask::Sleep { ms } => return self.sleep(now, *ms),
            Ask::WaitAny { operations, timeout_ms } => return self.wait_any(now, operations, *timeout_ms),
            Ask::Now => Answer::Now(self.unix(now)),
            Ask::Elapsed => Answer::Elapsed(now.saturating_duration_since(self.started).as_millis() as u64),
            Ask::RandomBytes { count } => Answer::Bytes(self.random_bytes(*count)),
            Ask::RandomNumber => Answer::Number(self.random.next_u64()),
            Ask::Log { level, message } => self.log(*level, message),
            other => unreachable!("the call machine does not know {other:?}"),
        };
        Reply::Now(answer)
    }

    fn header(&self, name: &str) -> Vec<String> {
        let named = self
            .leg
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.clone()).collect()
    }

    fn ring(&mut self) -> Result<(), Error> {
        self.in_state(&[LegState::Offered])?;
        self.leg.state = LegState::Ringing;
        self.outputs.push_back(Output::Leg(super::CALLER, LegCommand::Ring));
        Ok(())
    }

    fn early_media(&mut self) -> Result<Option<Wait>, Error> {
        self.in_state(&[LegState::Offered, LegState::Ringing])?;
        if self.leg.description == Description::Late {
            return Err(Error::Invalid {
                argument: "leg".to_owned(),
                reason: "the far end described no session in its request, so audio can flow only after `answer`"
                    .to_owned(),
            });
        }
        self.leg.state = LegState::Ringing;
        if self.leg.audio != Audio::None {
            return Ok(None);
        }
        self.leg.audio = Audio::Pending;
        self.outputs
            .push_back(Output::Leg(super::CALLER, LegCommand::EarlyMedia));
        Ok(Some(Wait::Audio))
    }

    fn answer(&mut self, now: Instant) -> Result<Option<Wait>, Error> {
        self.in_state(&[LegState::Offered, LegState::Ringing])?;
        self.leg.state = LegState::Answered;
        self.leg.answered_at = Some(now);
        self.outputs.push_back(Output::Leg(super::CALLER, LegCommand::Answer));
        if self.leg.audio == Audio::Open {
            return Ok(None);
        }
        self.leg.audio = Audio::Pending;
        Ok(Some(Wait::Audio))
    }

    fn reject(&mut self, reason: RejectReason) -> Result<(), Error> {
        self.in_state(&[LegState::Offered, LegState::Ringing])?;
        let status = match reason {
            RejectReason::Busy => 486,
            RejectReason::Declined => 603,
            RejectReason::NotFound => 404,
            RejectReason::Unavailable => 480,
            RejectReason::Forbidden => 403,
        };
        self.leg.state = LegState::Ended;
        self.outputs
            .push_back(Output::Leg(super::CALLER, LegCommand::Reject(status)));
        Ok(())
    }

    fn play(&mut self, prompt: &[Segment], options: &PlayOptions) -> Reply {
        match self.start_play(prompt, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(error) => Reply::Now(Answer::Played(Err(error))),
        }
    }

    fn start_play(&mut self, prompt: &[Segment], options: &PlayOptions) -> Result<OperationId, Error> {
        self.can_play()?;
        check::prompt("prompt", prompt, &self.setup.prompts, &self.setup.limits)?;
        check::play(options)?;
        self.room_for_operation()?;
        let id = self.operations.add(Operation::Playing {
            leg: super::CALLER,
            outcome: None,
        });
        let on_key = if options.barge_in { OnKey::Stop } else { OnKey::PlayOn };
        self.push_play(id, PromptSource::Handler(prompt.to_vec()), options.times, on_key);
        Ok(id)
    }

    pub(super) fn push_play(&mut self, operation: OperationId, source: PromptSource, times: u16, on_key: OnKey) {
        let play = MediaCommand::Play {
            operation,
            source,
            times,
            on_key,
        };
        self.outputs.push_back(Output::Media(super::CALLER, play));
    }

    fn play_result(&self, id: OperationId) -> Option<Result<Played, Error>> {
        match self.operations.get(id) {
            Some(Operation::Playing { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a playing handle names a prompt that is in the table until it is dropped"),
        }
    }

    fn stop_play(&mut self, id: OperationId) -> Reply {
        if let Some(result) = self.play_result(id) {
            return Reply::Now(Answer::Played(result));
        }
        self.outputs
            .push_back(Output::Media(super::CALLER, MediaCommand::Stop { operation: id }));
        Reply::Wait(Wait::Operation(id))
    }

    fn gather(&mut self, now: Instant, options: &GatherOptions) -> Reply {
        match self.start_gather(now, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(reason) => Reply::Now(Answer::Gathered(Err(GatherFailure {
                reason,
                keys: String::new().into(),
            }))),
        }
    }

    fn start_gather(&mut self, now: Instant, options: &GatherOptions) -> Result<OperationId, Error> {
        self.can_play()?;
        check::gather(options, &self.setup.prompts, &self.setup.limits)?;
        if self.operations.gathering_on(super::CALLER).is_some() {
            return Err(Error::AlreadyGathering);
        }
        self.room_for_operation()?;
        // A caller who already typed does not want to hear a prompt that a key would have stopped anyway.
        let typed_ahead = options.barge_in && !self.leg.pending_keys.is_empty();
        let wanted = options.prompt.clone().filter(|_| !typed_ahead);
        let prompt = if wanted.is_some() {
            Prompt::Playing
        } else {
            Prompt::Over
        };
        let gathering = Gathering::new(now, super::CALLER, options.clone(), prompt);
        let id = self.operations.add(Operation::Gathering {
            gathering: Box::new(gathering),
            outcome: None,
        });
        if let Some(segments) = wanted {
            let on_key = if options.barge_in { OnKey::Stop } else { OnKey::PlayOn };
            self.push_play(id, PromptSource::Handler(segments), 1, on_key);
        }
        self.feed_keys(now);
        Ok(id)
    }

    fn gather_result(&self, id: OperationId) -> Option<Result<Gathered, GatherFailure>> {
        match self.operations.get(id) {
            Some(Operation::Gathering { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a gathering handle names a collection that is in the table until it is dropped"),
        }
    }

    fn cancel_gather(&mut self, id: OperationId) -> Result<Gathered, GatherFailure> {
        let Some(Operation::Gathering { gathering, outcome }) = self.operations.get_mut(id) else {
            unreachable!("a gathering handle names a collection that is in the table until it is dropped");
        };
        if let Some(result) = outcome {
            return result.clone();
        }
        let result = Ok(gathering.cancelled());
        *outcome = Some(result.clone());
        self.outputs
            .push_back(Output::Media(super::CALLER, MediaCommand::Stop { operation: id }));
        result
    }

    fn forget(&mut self, id: OperationId) -> Answer {
        if let Some(Operation::Gathering { outcome: None, .. }) = self.operations.remove(id) {
            self.outputs
                .push_back(Output::Media(super::CALLER, MediaCommand::Stop { operation: id }));
        }
        Answer::Nothing
    }

    fn sleep(&mut self, now: Instant, ms: u32) -> Reply {
        let until = now + Duration::from_millis(u64::from(ms));
        match check::sleep(ms).and_then(|()| self.not_interrupted()) {
            Ok(()) => Reply::Wait(Wait::Until(until)),
            Err(error) => Reply::Now(Answer::Unit(Err(error))),
        }
    }

    fn wait_any(&mut self, now: Instant, operations: &[OperationId], timeout_ms: Option<u32>) -> Reply {
        if let Err(error) = check::wait_any(operations.len()) {
            return Reply::Now(Answer::Any(Err(error)));
        }
        let until = timeout_ms.map(|ms| now + Duration::from_millis(u64::from(ms)));
        match self.any_done(now, operations, until) {
            Some(answer) => Reply::Now(answer),
            None => Reply::Wait(Wait::Any {
                operations: operations.to_vec(),
                until,
            }),
        }
    }

    fn random_bytes(&mut self, count: u32) -> Result<Vec<u8>, Error> {
        check::over(
            LimitName::RandomBytes,
            count as usize,
            self.setup.limits.random_bytes as usize,
        )?;
        let mut bytes = vec![0; count as usize];
        self.random.fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn log(&mut self, level: LogLevel, message: &str) -> Answer {
        let line = cut(message, self.setup.limits.log_line_bytes);
        if self.log_bytes + line.len() > self.setup.limits.log_bytes {
            self.log_lines_dropped += 1;
        } else {
            self.log_bytes += line.len();
            self.outputs.push_back(Output::Log {
                level,
                message: line.to_owned(),
            });
        }
        Answer::Nothing
    }

    fn in_state(&self, allowed: &[LegState]) -> Result<(), Error> {
        self.not_interrupted()?;
        if allowed.contains(&self.leg.state) {
            Ok(())
        } else {
            Err(Error::WrongState(self.leg.state))
        }
    }

    fn can_play(&self) -> Result<(), Error> {
        self.not_interrupted()?;
        if self.leg.audio == Audio::Open {
            Ok(())
        } else {
            Err(Error::WrongState(self.leg.state))
        }
    }

    fn not_interrupted(&self) -> Result<(), Error> {
        self.leg
            .interruption()
            .map_or(Ok(()), |why| Err(Error::Interrupted(why)))
    }

    fn room_for_operation(&self) -> Result<(), Error> {
        check::over(
            LimitName::Operations,
            self.operations.len() + 1,
            self.setup.limits.operations,
        )
    }
}

fn or_wait(outcome: Result<Option<Wait>, Error>, answer: fn(Result<(), Error>) -> Answer) -> Reply {
    match outcome {
        Ok(Some(wait)) => Reply::Wait(wait),
        Ok(None) => Reply::Now(answer(Ok(()))),
        Err(error) => Reply::Now(answer(Err(error))),
    }
}

/// The beginning of a text, cut at a character, at most `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        text
    } else {
        &text[..text.floor_char_boundary(most)]
    }
}
