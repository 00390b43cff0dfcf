//! What happens on a leg: audio opens, keys come, prompts end, the far end leaves.

use super::gathering::Gathering;
use super::leg::Audio;
use super::operation::Operation;
use super::{CALLER, Call, End, Handler, LegSignal, MediaCommand, Output, Wait};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId};
use crate::words::{Error, Gathered, Interruption, Key, LegState, PlayEnd, Played};
use std::time::Instant;

impl Call {
    pub(super) fn signal(&mut self, now: Instant, leg: LegId, signal: LegSignal) {
        assert!(leg == CALLER, "a signal names a leg of this call");
        match signal {
            LegSignal::AudioOpen => self.audio_open(now),
            LegSignal::Ended { why, status } => self.leg_ended(now, why, status),
            LegSignal::Key(key) => self.key(now, key),
            LegSignal::PlayEnded {
                operation,
                played_ms,
                end,
            } => self.play_ended(now, operation, played_ms, end),
            LegSignal::MediaLost => self.hang_up_because(Interruption::MediaLost),
            LegSignal::MediaClosed(counters) => self.leg.audio = Audio::Closed(Some(counters)),
        }
    }

    fn audio_open(&mut self, now: Instant) {
        if self.leg.audio != Audio::Pending || self.leg.state == LegState::Ended {
            return;
        }
        self.leg.audio = Audio::Open;
        if let Handler::Waiting { wait: Wait::Audio, .. } = self.handler {
            self.resume_waiting(now, Answer::Unit(Ok(())));
        }
        self.announce_if_due();
    }

    fn leg_ended(&mut self, now: Instant, why: Interruption, status: Option<u16>) {
        if self.leg.ended.is_some() {
            return;
        }
        let why = self.leg.leaving.unwrap_or(why);
        self.leg.state = LegState::Ended;
        self.leg.ended = Some((now, why));
        self.leg.refused_with = status;
        if matches!(self.leg.audio, Audio::Open | Audio::Pending) {
            self.leg.audio = Audio::Closing;
            self.outputs.push_back(Output::Media(CALLER, MediaCommand::Close));
        }
        self.operations.interrupt(CALLER, why);
        if !matches!(self.handler, Handler::Over(_)) {
            self.end = End::CleanUp {
                until: now + self.setup.limits.clean_up,
            };
        }
    }

    fn key(&mut self, now: Instant, key: Key) {
        if self.leg.state == LegState::Ended {
            return;
        }
        if self.leg.keep_key(key, self.setup.limits.pending_keys) {
            self.keys_dropped += 1;
        }
        self.feed_keys(now);
    }

    /// Gives the keys nobody has taken to the collection of the leg, if there is one.
    pub(super) fn feed_keys(&mut self, now: Instant) {
        while let Some((id, gathering)) = self.operations.gathering_on(CALLER) {
            if !gathering.takes_keys() {
                return;
            }
            let Some(key) = self.leg.pending_keys.pop_front() else {
                return;
            };
            let gathered = gathering.key(now, key);
            self.gathered(id, gathered);
        }
    }

    fn gathered(&mut self, id: OperationId, gathered: Option<Gathered>) {
        let Some(gathered) = gathered else { return };
        if let Some(Operation::Gathering { outcome, .. }) = self.operations.get_mut(id) {
            *outcome = Some(Ok(gathered));
        }
    }

    fn play_ended(&mut self, now: Instant, id: OperationId, played_ms: u32, end: Option<PlayEnd>) {
        if let End::Announcing { operation, .. } = self.end
            && operation == id
        {
            return self.hang_up();
        }
        let gone = self
            .leg
            .interruption()
            .or(self.leg.leaving)
            .unwrap_or(Interruption::MediaLost);
        let gathered = match self.operations.get_mut(id) {
            Some(Operation::Playing { outcome, .. }) => {
                let played = end.map(|ended_by| Played { played_ms, ended_by });
                outcome.get_or_insert(played.ok_or(Error::Interrupted(gone)));
                return;
            }
            Some(Operation::Gathering {
                gathering,
                outcome: None,
            }) => Gathering::prompt_over(gathering, now),
            // Forgotten by the handler, or done before its prompt: nobody waits for it.
            Some(Operation::Gathering { .. }) | None => return,
        };
        self.gathered(id, gathered);
        self.feed_keys(now);
    }

    /// The outcome a waiting handler asked for by name, if it is there.
    pub(super) fn outcome(&self, id: OperationId) -> Option<Answer> {
        match self
            .operations
            .get(id)
            .expect("an operation that is waited for stays in the table")
        {
            Operation::Playing { outcome, .. } => outcome.clone().map(Answer::Played),
            Operation::Gathering { outcome, .. } => outcome.clone().map(Answer::Gathered),
        }
    }
}
