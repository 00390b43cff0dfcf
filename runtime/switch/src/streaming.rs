//! Streams on their way between a call, the sessions of media engines, and whoever drives them. Each has a key here, unique
//! in the node, which is the number of its tap and of its live sound; it outlives moves of a leg to another call.

use crate::io::{Output, StreamOrder};
use crate::shard::Shard;
use crate::stream::{STREAM_CHANNEL, StreamKey, StreamSetup};
use patchcord_control::call::{Input as CallInput, StreamCommand, StreamOver, StreamSignal};
use patchcord_control::ids::{CallId, StreamId};
use patchcord_control::words::StreamCounts;
use patchcord_media::{Command, LiveEvent, LiveId, SessionId, TapId, TapOptions, TapOrder, TapStart};
use rand_chacha::rand_core::Rng;
use std::time::{Duration, Instant};

/// Longer than any call: a stream's tap ends with it.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A stream of a call while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streaming {
    pub(crate) call: CallId,
    pub(crate) number: u32,
    pub(crate) session: SessionId,
    pub(crate) thread: usize,
}

impl Shard {
    pub(crate) fn stream_command(&mut self, now: Instant, id: CallId, number: u32, command: StreamCommand) {
        if let StreamCommand::Begin { .. } = command {
            return self.begin_stream(now, id, number, command);
        }
        let Some(key) = self.live(id).streams.get(&number).copied() else {
            return;
        };
        let order = match command {
            StreamCommand::Begin { .. } => unreachable!("told apart above"),
            StreamCommand::Key(pressed) => StreamOrder::Key { key, pressed },
            StreamCommand::Send(text) => StreamOrder::Send { key, text },
            StreamCommand::End(why) => {
                self.untap_stream(key);
                StreamOrder::End { key, why }
            }
        };
        self.outputs.push_back(Output::Stream(order));
    }

    /// A leg without a session has no stream: it is over at once.
    fn begin_stream(&mut self, now: Instant, id: CallId, number: u32, command: StreamCommand) {
        let StreamCommand::Begin { leg, url, options } = command else {
            return;
        };
        let Some((session, thread)) = self.live(id).open_session(leg) else {
            let over = StreamSignal::Over {
                why: StreamOver::AsOrdered,
                counts: StreamCounts::default(),
            };
            return self.tell(now, id, CallInput::Stream { number, signal: over });
        };
        let key = StreamKey(self.random.next_u64());
        let known = Streaming {
            call: id,
            number,
            session,
            thread,
        };
        self.streams.insert(key, known);
        self.live(id).streams.insert(number, key);
        let setup = StreamSetup {
            key,
            id: StreamId { call: id, number },
            session,
            thread,
            url,
            options,
        };
        self.outputs
            .push_back(Output::Stream(StreamOrder::Begin(Box::new(setup))));
        self.media_output(thread, tap_begins(session, key));
    }

    fn untap_stream(&mut self, key: StreamKey) {
        if let Some(stream) = self.streams.get(&key).copied() {
            self.media_output(stream.thread, tap_ends(stream.session, key));
        }
    }

    /// What a media engine reports of live sound, wherever the leg is now.
    pub(crate) fn live_report(&mut self, live: LiveId, event: LiveEvent) {
        let key = StreamKey(live.0);
        if self.streams.contains_key(&key) {
            self.outputs.push_back(Output::Stream(StreamOrder::Live { key, event }));
        }
    }

    /// A stream has something to tell. That its call is over already is no harm.
    pub(crate) fn stream_signal(&mut self, now: Instant, key: StreamKey, signal: StreamSignal) {
        let Some(Streaming { call, number, .. }) = self.streams.get(&key).copied() else {
            // What has no room does not say what it was.
            return self.recognition_refused(now, key);
        };
        if let StreamSignal::Over { .. } = signal {
            self.untap_stream(key);
            self.streams.remove(&key);
        }
        self.feed(now, call, CallInput::Stream { number, signal });
    }
}

/// What the leg says begins to be handed over.
pub(crate) fn tap_begins(session: SessionId, key: StreamKey) -> Command {
    let order = TapOrder::Begin(TapOptions {
        longest: LONGEST,
        quiet: None,
        starts: TapStart::AtOnce,
    });
    tap(session, key, order)
}

/// And no more.
pub(crate) fn tap_ends(session: SessionId, key: StreamKey) -> Command {
    tap(session, key, TapOrder::End)
}

fn tap(session: SessionId, key: StreamKey, order: TapOrder) -> Command {
    let tap = TapId {
        number: key.0,
        channel: STREAM_CHANNEL,
    };
    Command::Tap { session, tap, order }
}
