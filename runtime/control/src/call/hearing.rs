//! Listening for something said in place of keys: what the media engine is told, and what a collection hears of it.

use super::leg::Audio;
use super::{Call, MediaCommand, Output};
use crate::ids::OperationId;
use crate::words::{Error, Heard};

impl Call {
    /// Tells the media engine what changed in who listens. Runs after every input: whatever ends a collection ends its
    /// listening.
    pub(super) fn arrange_hearing(&mut self) {
        let wanted = self.operations.listening();
        for leg in self.legs.ids() {
            let named = wanted.iter().find(|(on, _)| *on == leg).map(|(_, id)| *id);
            let it = &mut self.legs[leg];
            let named = named.filter(|_| it.audio == Audio::Open);
            if it.listens == named {
                continue;
            }
            let before = std::mem::replace(&mut it.listens, named);
            let stop = before.map(|operation| MediaCommand::StopHearing { operation });
            let hear = named.and_then(|operation| {
                let hearing = self.operations.gathering(operation)?.listens_for()?.clone();
                Some(MediaCommand::Hear { operation, hearing })
            });
            let commands = stop.into_iter().chain(hear);
            self.outputs.extend(commands.map(|command| Output::Media(leg, command)));
        }
    }

    pub(super) fn speech_began(&mut self, id: OperationId) {
        if let Some(gathering) = self.operations.gathering(id) {
            gathering.speech_began();
        }
    }

    /// What was said is recognised. A collection that has ended meanwhile wants to know nothing of it.
    pub(super) fn heard(&mut self, id: OperationId, heard: Result<Heard, String>) {
        let Some(gathering) = self.operations.gathering(id) else {
            return;
        };
        match heard {
            Ok(heard) => {
                let gathered = gathering.heard(heard);
                self.gathered(id, gathered);
            }
            Err(why) => self.operations.broken(id, Error::NotHeard(why)),
        }
    }
}
