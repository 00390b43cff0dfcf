//! What happens on a leg: audio opens, keys come, prompts end, the far end leaves.

use super::gathering::Gathering;
use super::leg::Audio;
use super::operation::Operation;
use super::{Call, End, Handler, LegSignal, MediaCommand, Output, Wait};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId};
use crate::words::{Cause, Error, Gathered, Interruption, Key, LegDirection, LegState, Played, Quality};
use std::time::Instant;

impl Call {
    pub(super) fn signal(&mut self, now: Instant, leg: LegId, signal: LegSignal) {
        assert!(self.legs.has(leg), "a signal names a leg of this call");
        if self.legs[leg].ended.is_some() && !matches!(signal, LegSignal::MediaClosed(_) | LegSignal::PlayEnded { .. })
        {
            return;
        }
        match &signal {
            LegSignal::AudioOpen => self.audio_open(now, leg),
            LegSignal::Ringing if self.legs[leg].state == LegState::Offered => self.legs[leg].state = LegState::Ringing,
            LegSignal::Answered => self.open_dialled(leg),
            LegSignal::Ended { why, cause } => self.leg_ended(now, leg, *why, cause.clone()),
            LegSignal::Key(key) => self.key(now, leg, *key),
            LegSignal::PlayEnded {
                operation,
                played_ms,
                position_ms,
                end,
            } => {
                let played = end.map(|ended_by| Played {
                    played_ms: *played_ms,
                    position_ms: *position_ms,
                    ended_by,
                });
                self.play_ended(now, leg, *operation, played);
            }
            LegSignal::NotSpoken { operation, why } => {
                self.not_played(leg, *operation, Error::NotSpoken(why.clone()));
            }
            LegSignal::NotFetched { operation, why } => {
                self.not_played(leg, *operation, Error::NotFetched(why.clone()));
            }
            LegSignal::SpeechBegan { operation } => self.speech_began(*operation),
            LegSignal::Heard { operation, heard } => self.heard(*operation, heard.clone()),
            LegSignal::Quality(counted) => self.legs[leg].quality = Some(Quality::from(counted)),
            LegSignal::MediaLost => self.hang_up_because(leg, Interruption::MediaLost),
            LegSignal::MediaClosed(counters) => {
                if self.legs[leg].audio == Audio::Closing {
                    self.legs[leg].audio = Audio::Closed(Some(*counters));
                }
            }
            LegSignal::Held => self.legs[leg].held = true,
            LegSignal::Unheld => self.legs[leg].held = false,
            LegSignal::HoldAnswered(answer) => self.hold_answered(now, leg, *answer),
            LegSignal::TransferAsked(asked) => self.transfer_asked(now, leg, asked.clone()),
            LegSignal::Referred { status, last } => self.referred(now, leg, *status, *last),
            LegSignal::Ringing | LegSignal::Redirected(_) | LegSignal::Detected(_) => {}
        }
        self.dial_signal(now, leg, &signal);
    }

    fn audio_open(&mut self, now: Instant, leg: LegId) {
        let it = &mut self.legs[leg];
        let called = it.info.direction == LegDirection::Outbound && it.audio == Audio::None;
        if it.audio != Audio::Pending && !called {
            return;
        }
        it.audio = Audio::Open;
        // Somebody else has answered already, say: the media session is only to be closed.
        if it.state == LegState::Ended {
            return;
        }
        if let Handler::Waiting {
            wait: Wait::Audio(on), ..
        } = &self.handler
            && *on == leg
        {
            self.resume_waiting(now, Answer::Unit(Ok(())));
        }
        self.announce_if_due(leg);
    }

    /// A dialled leg has audio once it is answered, if it had none before, and if its answer comes too late.
    fn open_dialled(&mut self, leg: LegId) {
        let it = &mut self.legs[leg];
        if matches!(it.audio, Audio::None | Audio::Pending) {
            it.audio = Audio::Open;
        }
    }

    fn hold_answered(&mut self, now: Instant, leg: LegId, answer: Result<(), u16>) {
        if let Handler::Waiting {
            wait: Wait::Hold(on), ..
        } = &self.handler
            && *on == leg
        {
            self.resume_waiting(now, Answer::Unit(answer.map_err(Error::RefusedByPeer)));
        }
    }

    pub(super) fn leg_ended(&mut self, now: Instant, leg: LegId, why: Interruption, cause: Option<Cause>) {
        let it = &mut self.legs[leg];
        if it.ended.is_some() {
            return;
        }
        let why = it.leaving.unwrap_or(why);
        it.state = LegState::Ended;
        it.ended = Some((now, why));
        it.refused = cause;
        it.background = None;
        it.relayed = None;
        it.listens = None;
        self.recordings_lost(now, leg, why);
        self.streams_lost(now, leg, why);
        self.recognitions_lost(now, leg, why);
        let it = &mut self.legs[leg];
        if matches!(it.audio, Audio::Open | Audio::Pending) {
            it.audio = Audio::Closing;
            self.outputs.push_back(Output::Media(leg, MediaCommand::Close));
        }
        self.operations.interrupt(leg, why);
        self.bridge_lost(now, leg);
        self.room_lost(leg, why);
        self.dial_lost(leg);
        self.clean_up_if_gone(now);
    }

    /// Once nobody is left, the handler may clean up.
    pub(super) fn clean_up_if_gone(&mut self, now: Instant) {
        // A placed call whose legs are all gone may yet be tried elsewhere; its dialling knows.
        if self.opening().is_some() {
            return;
        }
        let Some(gone) = self.legs.interruption() else { return };
        self.end_diallings(gone);
        if !matches!(self.handler, Handler::Over(_)) {
            self.end = End::CleanUp {
                until: now + self.setup.limits.clean_up,
            };
        }
    }

    fn key(&mut self, now: Instant, leg: LegId, key: Key) {
        let ended = self.legs[leg].state == LegState::Ended;
        self.stream_key(leg, key);
        if ended || self.bridge_key(now, leg, key) || self.record_key(now, leg, key) {
            return;
        }
        if self.legs[leg].keep_key(key, self.setup.limits.pending_keys) {
            self.tally.keys_dropped += 1;
        }
        self.feed_keys(now, leg);
    }

    /// Gives the keys nobody has taken to the collection of the leg, if there is one.
    pub(super) fn feed_keys(&mut self, now: Instant, leg: LegId) {
        while let Some((id, gathering)) = self.operations.gathering_on(leg) {
            if !gathering.takes_keys() {
                return;
            }
            let Some(key) = self.legs[leg].pending_keys.pop_front() else {
                return;
            };
            let gathered = gathering.key(now, key);
            self.gathered(id, gathered);
        }
    }

    pub(super) fn gathered(&mut self, id: OperationId, gathered: Option<Gathered>) {
        let Some(gathered) = gathered else { return };
        if let Some(Operation::Gathering { outcome, .. }) = self.operations.get_mut(id) {
            *outcome = Some(Ok(gathered));
        }
    }

    fn play_ended(&mut self, now: Instant, leg: LegId, id: OperationId, played: Option<Played>) {
        if let End::Announcing { operation, .. } = self.end
            && operation == id
        {
            return self.hang_up_all(now, Interruption::EndedByHandler);
        }
        if self.beep_over(now, id) || self.outside_prompt_over(leg, id) {
            return;
        }
        let it = &mut self.legs[leg];
        if it.background.is_some_and(|(_, operation)| operation == id) {
            it.background = None;
            return;
        }
        let gone = it.interruption().or(it.leaving).unwrap_or(Interruption::MediaLost);
        let gathered = match self.operations.get_mut(id) {
            Some(Operation::Playing { outcome, .. }) => {
                outcome.get_or_insert(played.ok_or(Error::Interrupted(gone)));
                return;
            }
            Some(Operation::Gathering {
                gathering,
                outcome: None,
            }) => Gathering::prompt_over(gathering, now),
            // Forgotten by the handler, or done before its prompt: nobody waits for it.
            Some(_) | None => return,
        };
        self.gathered(id, gathered);
        self.feed_keys(now, leg);
    }

    /// The outcome a waiting handler asked for by name, if it is there.
    pub(super) fn outcome(&mut self, id: OperationId) -> Option<Answer> {
        let found = self
            .operations
            .get_mut(id)
            .expect("an operation that is waited for stays in the table");
        match found {
            Operation::Playing { outcome, .. } => outcome.clone().map(Answer::Played),
            Operation::Gathering { outcome, .. } => outcome.clone().map(Answer::Gathered),
            Operation::Bridging(bridging) => bridging.outcome.take().map(Answer::Bridged),
            Operation::Recording { outcome, .. } => outcome.clone().map(Answer::Recorded),
            Operation::Streaming { outcome, .. } => outcome.clone().map(Answer::Streamed),
            Operation::Recognising { outcome, .. } => outcome.clone().map(Answer::Recognised),
            Operation::Dialling(dialling) => {
                let outcome = dialling.outcome.take()?;
                self.hand_over(&outcome);
                Some(Answer::Dialled(outcome))
            }
            Operation::Inbox => unreachable!("messages are received, and not waited for by name"),
            Operation::Watching { .. } => unreachable!("what changes is read, and not waited for by name"),
            Operation::Room(_) => unreachable!("the events of a room are read, and not waited for by name"),
        }
    }
}
