//! What is said in place of keys, on its way to whoever recognises it: the media engine tells where it begins and ends and
//! hands over its sound, which goes out with the phrases it may be.

use crate::io::{Output, Query};
use crate::live::Session;
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, LegSignal};
use patchcord_control::ids::{CallId, LegId, OperationId, Tenant};
use patchcord_control::private::Private;
use patchcord_control::words::{Heard, Hearing};
use patchcord_media::{Command, EarEvent, EarId, EarOptions, EarOrder, Utterance};
use std::time::Instant;

/// Sounds of one call that are being recognised at the same time: one for each leg that is listened to, and those of
/// collections that were ended a moment ago. One above that is not recognised.
pub const RECOGNISING_MAX: usize = 8;

/// Something said, and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToRecognise {
    /// Whose handler asks.
    pub tenant: Tenant,
    /// What was said. Private, as all that is said.
    pub sound: Utterance,
    /// Words and short phrases, of letters, apostrophes and single spaces; at most
    /// [`PHRASES_MAX`](patchcord_control::words::PHRASES_MAX).
    pub phrases: Vec<Private<String>>,
    /// Digits that it may be, one after the other: up to so many.
    pub digits: u8,
    /// The language's tag; none: the platform's own.
    pub language: Option<String>,
}

/// What is listened for on a leg.
#[derive(Debug, Default)]
pub(crate) struct Ears {
    last: u32,
    open: Option<(EarId, OperationId, Hearing)>,
}

impl Ears {
    fn open(&mut self, operation: OperationId, hearing: Hearing) -> EarId {
        self.last = self.last.wrapping_add(1);
        let ear = EarId(self.last);
        self.open = Some((ear, operation, hearing));
        ear
    }

    /// The collection that an ear listens for.
    fn operation(&self, ear: EarId) -> Option<OperationId> {
        let open = self.open.as_ref().filter(|(open, ..)| *open == ear);
        open.map(|(_, operation, _)| *operation)
    }

    fn close(&mut self, of: OperationId) -> Option<EarId> {
        let (ear, ..) = self.open.take_if(|(_, operation, _)| *operation == of)?;
        Some(ear)
    }
}

/// Whose answer a question is about something said.
pub(crate) type Asker = (CallId, LegId, OperationId);

impl Shard {
    /// Listens on a leg. One without a session hears nothing: its end is on its way.
    pub(crate) fn hear(&mut self, id: CallId, leg: LegId, operation: OperationId, hearing: Hearing) {
        let io = self
            .live(id)
            .legs
            .get_mut(&leg)
            .filter(|io| io.session == Session::Open);
        let Some(io) = io else { return };
        let options = EarOptions {
            end_silence: hearing.end_silence(),
            longest: hearing.longest(),
        };
        let ear = io.ears.open(operation, hearing);
        let (session, thread, order) = (io.port.session, io.port.thread, EarOrder::Open(options));
        self.media_output(thread, Command::Ear { session, ear, order });
    }

    /// Listens no longer. What is being recognised is of no use to anybody; its answer is dropped when it comes.
    pub(crate) fn stop_hearing(&mut self, id: CallId, leg: LegId, operation: OperationId) {
        let Some(io) = self.live(id).legs.get_mut(&leg) else {
            return;
        };
        let Some(ear) = io.ears.close(operation) else { return };
        let (session, thread, order) = (io.port.session, io.port.thread, EarOrder::Close);
        self.media_output(thread, Command::Ear { session, ear, order });
    }

    /// What the media engine heard on a leg.
    pub(crate) fn ear_report(&mut self, now: Instant, (id, leg): (CallId, LegId), ear: EarId, event: EarEvent) {
        let ears = &mut self.live(id).leg(leg).ears;
        let Some(operation) = ears.operation(ear) else { return };
        match event {
            EarEvent::Began => {
                let signal = LegSignal::SpeechBegan { operation };
                self.feed(now, id, CallInput::Leg(leg, signal));
            }
            EarEvent::Said(sound) => {
                if let Some((_, _, hearing)) = ears.open.take() {
                    self.recognise(now, (id, leg, operation), sound, hearing);
                }
            }
        }
    }

    fn recognise(&mut self, now: Instant, asker: Asker, sound: Utterance, hearing: Hearing) {
        let live = self.live(asker.0);
        if live.recognising >= RECOGNISING_MAX {
            let why = format!("{RECOGNISING_MAX} sounds of this call are being recognised already");
            return self.heard(now, asker, Err(why));
        }
        live.recognising += 1;
        let wanted = ToRecognise {
            tenant: live.tenant.clone(),
            sound,
            phrases: hearing.phrases,
            digits: hearing.digits,
            language: hearing.language,
        };
        self.next_query += 1;
        let query = Query(self.next_query);
        self.recognising.insert(query, asker);
        self.outputs.push_back(Output::Recognise { query, wanted });
    }

    /// Something said is recognised, or will not be.
    pub(crate) fn recognised(&mut self, now: Instant, query: Query, heard: Result<Heard, String>) {
        let Some(asker) = self.recognising.remove(&query) else {
            return;
        };
        if let Some(live) = self.calls.get_mut(&asker.0) {
            live.recognising -= 1;
            self.heard(now, asker, heard);
        }
    }

    fn heard(&mut self, now: Instant, (id, leg, operation): Asker, heard: Result<Heard, String>) {
        let signal = LegSignal::Heard { operation, heard };
        self.feed(now, id, CallInput::Leg(leg, signal));
    }
}
