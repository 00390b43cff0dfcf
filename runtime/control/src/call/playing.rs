//! Prompts and collections of keys as a handler asks for them.

use super::asks::Reply;
use super::gathering::{Gathering, Prompt};
use super::operation::Operation;
use super::{Call, MediaCommand, OnKey, Output, PromptSource, Wait, check};
use crate::ask::Answer;
use crate::ids::{LegId, OperationId};
use crate::words::{Error, GatherFailure, GatherOptions, Gathered, PlayChange, PlayOptions, Played, Segment};
use std::time::Instant;

impl Call {
    pub(super) fn play(&mut self, leg: LegId, prompt: &[Segment], options: &PlayOptions) -> Reply {
        match self.start_play(leg, prompt, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(error) => Reply::Now(Answer::Played(Err(error))),
        }
    }

    pub(super) fn start_play(
        &mut self,
        leg: LegId,
        prompt: &[Segment],
        options: &PlayOptions,
    ) -> Result<OperationId, Error> {
        self.can_play(leg)?;
        check::prompt("prompt", prompt, &self.setup.prompts, &self.setup.limits)?;
        check::play(options)?;
        self.room_for_operation()?;
        let id = self.operations.add(Operation::Playing { leg, outcome: None });
        let on_key = if options.barge_in { OnKey::Stop } else { OnKey::PlayOn };
        self.push_play(leg, id, PromptSource::Handler(prompt.to_vec()), options.times, on_key);
        self.begin_where_wanted(leg, id, options);
        Ok(id)
    }

    /// As loud as the options of a prompt that has just begun want, and where.
    pub(super) fn begin_where_wanted(&mut self, leg: LegId, id: OperationId, options: &PlayOptions) {
        if options.volume_db != 0 {
            self.push_change(leg, id, PlayChange::Volume(options.volume_db));
        }
        if options.from_ms != 0 {
            self.push_change(leg, id, PlayChange::Seek(options.from_ms));
        }
    }

    pub(super) fn push_play(
        &mut self,
        leg: LegId,
        operation: OperationId,
        source: PromptSource,
        times: u16,
        on_key: OnKey,
    ) {
        let play = MediaCommand::Play {
            operation,
            source,
            times,
            on_key,
        };
        self.outputs.push_back(Output::Media(leg, play));
    }

    /// Changes a prompt that plays; nothing happens to one that is over.
    pub(super) fn change_play(&mut self, id: OperationId, change: PlayChange) -> Answer {
        let checked = match change {
            PlayChange::Volume(decibels) => check::volume("decibels", decibels),
            PlayChange::Pause | PlayChange::Resume | PlayChange::Seek(_) | PlayChange::Skip(_) => Ok(()),
        };
        if let (Ok(()), Some(Operation::Playing { leg, outcome: None })) = (&checked, self.operations.get(id)) {
            self.push_change(*leg, id, change);
        }
        match change {
            PlayChange::Volume(_) => Answer::Unit(checked),
            _ => Answer::Nothing,
        }
    }

    fn push_change(&mut self, leg: LegId, operation: OperationId, change: PlayChange) {
        let change = MediaCommand::ChangePlay { operation, change };
        self.outputs.push_back(Output::Media(leg, change));
    }

    pub(super) fn stop_prompt(&mut self, leg: LegId, operation: OperationId) {
        self.outputs
            .push_back(Output::Media(leg, MediaCommand::Stop { operation }));
    }

    /// A text of a prompt cannot be spoken, or a file of it not fetched: what waits for the prompt hears so, and it is stopped. What a leg hears of its
    /// own accord goes on in silence; begun anew it would fail anew.
    pub(super) fn not_played(&mut self, leg: LegId, id: OperationId, reason: Error) {
        if self.legs[leg].background.is_some_and(|(_, operation)| operation == id) {
            return;
        }
        self.operations.broken(id, reason);
        self.stop_prompt(leg, id);
    }

    pub(super) fn play_result(&self, id: OperationId) -> Option<Result<Played, Error>> {
        match self.operations.get(id) {
            Some(Operation::Playing { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a playing handle names a prompt that is in the table until it is dropped"),
        }
    }

    pub(super) fn stop_play(&mut self, id: OperationId) -> Reply {
        if let Some(result) = self.play_result(id) {
            return Reply::Now(Answer::Played(result));
        }
        if let Some(Operation::Playing { leg, .. }) = self.operations.get(id) {
            self.stop_prompt(*leg, id);
        }
        Reply::Wait(Wait::Operation(id))
    }

    pub(super) fn gather(&mut self, now: Instant, leg: LegId, options: &GatherOptions) -> Reply {
        match self.start_gather(now, leg, options) {
            Ok(id) => Reply::Wait(Wait::Operation(id)),
            Err(reason) => Reply::Now(Answer::Gathered(Err(GatherFailure {
                reason,
                keys: String::new().into(),
            }))),
        }
    }

    pub(super) fn start_gather(
        &mut self,
        now: Instant,
        leg: LegId,
        options: &GatherOptions,
    ) -> Result<OperationId, Error> {
        self.can_play(leg)?;
        check::gather(options, &self.setup.prompts, &self.setup.limits)?;
        if self.operations.gathering_on(leg).is_some() {
            return Err(Error::AlreadyGathering);
        }
        self.room_for_operation()?;
        // A caller who already typed does not want to hear a prompt that a key would have stopped anyway.
        let typed_ahead = options.barge_in && !self.legs[leg].pending_keys.is_empty();
        let wanted = options.prompt.clone().filter(|_| !typed_ahead);
        let prompt = if wanted.is_some() {
            Prompt::Playing
        } else {
            Prompt::Over
        };
        let gathering = Gathering::new(now, leg, options.clone(), prompt);
        let id = self.operations.add(Operation::Gathering {
            gathering: Box::new(gathering),
            outcome: None,
        });
        if let Some(segments) = wanted {
            let on_key = if options.barge_in { OnKey::Stop } else { OnKey::PlayOn };
            self.push_play(leg, id, PromptSource::Handler(segments), 1, on_key);
        }
        self.feed_keys(now, leg);
        Ok(id)
    }

    pub(super) fn gather_result(&self, id: OperationId) -> Option<Result<Gathered, GatherFailure>> {
        match self.operations.get(id) {
            Some(Operation::Gathering { outcome, .. }) => outcome.clone(),
            _ => unreachable!("a gathering handle names a collection that is in the table until it is dropped"),
        }
    }

    pub(super) fn cancel_gather(&mut self, id: OperationId) -> Result<Gathered, GatherFailure> {
        let Some(Operation::Gathering { gathering, outcome }) = self.operations.get_mut(id) else {
            unreachable!("a gathering handle names a collection that is in the table until it is dropped");
        };
        if let Some(result) = outcome {
            return result.clone();
        }
        let result = Ok(gathering.cancelled());
        *outcome = Some(result.clone());
        let leg = gathering.leg;
        self.stop_prompt(leg, id);
        result
    }
}
