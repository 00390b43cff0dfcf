//! Continuous recognitions on their way between a call and whoever drives them. They go the way of streams: the same taps, the
//! same orders, keys of the same kind.

use crate::io::{Output, StreamOrder};
use crate::recognise::RecogniseSetup;
use crate::shard::Shard;
use crate::stream::StreamKey;
use crate::streaming::{Streaming, tap_begins, tap_ends};
use patchcord_control::call::{Input as CallInput, RecogniseCommand, RecogniseSignal};
use patchcord_control::ids::CallId;
use patchcord_control::words::{RecogniseCounts, RecogniseFailure, StreamEnd};
use patchcord_media::{TapEnd, TapEvent};
use rand_chacha::rand_core::Rng;
use std::time::Instant;

impl Shard {
    pub(crate) fn recognise_command(&mut self, now: Instant, id: CallId, number: u32, command: RecogniseCommand) {
        let (leg, options) = match command {
            RecogniseCommand::Begin { leg, options } => (leg, options),
            RecogniseCommand::End(why) => {
                let Some(key) = self.live(id).recognitions.get(&number).copied() else {
                    return;
                };
                self.untap_recognition(key);
                return self.outputs.push_back(Output::Stream(StreamOrder::End { key, why }));
            }
        };
        let Some((session, thread)) = self.live(id).open_session(leg) else {
            // A leg without a session says nothing: it is over at once.
            let signal = over(None);
            return self.tell(now, id, CallInput::Recognition { number, signal });
        };
        let key = StreamKey(self.random.next_u64());
        let known = Streaming {
            call: id,
            number,
            session,
            thread,
        };
        self.recognitions.insert(key, known);
        self.live(id).recognitions.insert(number, key);
        let setup = RecogniseSetup {
            key,
            call: Some(id),
            digits: 0,
            options,
        };
        self.outputs
            .push_back(Output::Stream(StreamOrder::Recognise(Box::new(setup))));
        self.media_output(thread, tap_begins(session, key));
    }

    fn untap_recognition(&mut self, key: StreamKey) {
        if let Some(known) = self.recognitions.get(&key).copied() {
            self.media_output(known.thread, tap_ends(known.session, key));
        }
    }

    /// A recognition has something to tell. That its call is over already is no harm.
    pub(crate) fn recognise_signal(&mut self, now: Instant, key: StreamKey, signal: RecogniseSignal) {
        let Some(Streaming { call, number, .. }) = self.recognitions.get(&key).copied() else {
            return;
        };
        if let RecogniseSignal::Over { .. } = signal {
            self.untap_recognition(key);
            self.recognitions.remove(&key);
        }
        self.feed(now, call, CallInput::Recognition { number, signal });
    }

    /// A session has as many taps as it may: nothing of the leg would be heard, so it is over.
    pub(crate) fn recognition_tapped(&mut self, now: Instant, key: StreamKey, event: TapEvent) {
        if event != TapEvent::Ended(TapEnd::Refused) || !self.recognitions.contains_key(&key) {
            return;
        }
        let why = StreamEnd::Stopped;
        self.outputs.push_back(Output::Stream(StreamOrder::End { key, why }));
        self.recognition_refused(now, key);
    }

    /// Whoever drives streams had no room for a recognition.
    pub(crate) fn recognition_refused(&mut self, now: Instant, key: StreamKey) {
        self.recognise_signal(now, key, over(Some(RecogniseFailure::Overloaded)));
    }
}

fn over(failure: Option<RecogniseFailure>) -> RecogniseSignal {
    RecogniseSignal::Over {
        failure,
        counts: RecogniseCounts::default(),
    }
}
