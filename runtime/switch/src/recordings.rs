//! Recordings on their way between a call, the taps in media engines, and storage. Each has a key here, unique in the
//! node, by which taps and storage know it; the key outlives moves of a leg to another call.

use crate::io::{Output, RecordingKey, RecordingOrder};
use crate::shard::Shard;
use patchcord_control::call::{Input as CallInput, RecordingCommand, RecordingSignal, Saved, TapCommand, Tapped};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::words::{Beep, NotRecorded, PauseWith, TrimSilence};
use patchcord_media::{Command, Paused, TapEnd, TapEvent, TapId, TapOptions, TapOrder, TapStart, Trim};
use rand_chacha::rand_core::Rng;
use std::time::{Duration, Instant};

impl Shard {
    pub(crate) fn recording_command(&mut self, now: Instant, id: CallId, command: RecordingCommand) {
        match command {
            RecordingCommand::Begin {
                id: recording,
                channels,
                trim,
                format,
            } => {
                let key = RecordingKey(self.random.next_u64());
                let live = self.live(id);
                live.recordings.insert(recording.number, key);
                let tenant = live.tenant.clone();
                if let Err(refused) = live.seat.share().may_record() {
                    self.limited(now, &tenant, refused);
                    let (number, signal) = (recording.number, RecordingSignal::Stored(Err(NotRecorded::Storage)));
                    return self.tell(now, id, CallInput::Recording { number, signal });
                }
                self.recordings.insert(key, (id, recording.number));
                self.outputs.push_back(Output::Recording(RecordingOrder::Begin {
                    key,
                    tenant,
                    id: recording,
                    channels,
                    trim: match trim {
                        TrimSilence::Keep => Trim::Keep,
                        TrimSilence::Ends => Trim::Ends,
                    },
                    format,
                }));
            }
            RecordingCommand::Finish { id: recording } => {
                let key = self.live(id).recordings.get(&recording.number).copied();
                // Storage has never heard of one that was refused.
                if let Some(key) = key.filter(|key| self.recordings.contains_key(key)) {
                    self.outputs
                        .push_back(Output::Recording(RecordingOrder::Finish { key }));
                }
            }
        }
    }

    /// An order to the tap of a leg. A leg without a session has none: a tap that was to begin there is over at once.
    pub(crate) fn tap_command(
        &mut self,
        now: Instant,
        (id, leg): (CallId, LegId),
        (number, channel): (u32, u8),
        command: TapCommand,
    ) {
        let live = self.live(id);
        let Some(key) = live.recordings.get(&number).copied() else {
            return;
        };
        let Some((session, thread)) = live.open_session(leg) else {
            if let TapCommand::Begin(_) = command {
                let why = Tapped::Closed;
                let signal = RecordingSignal::TapOver { channel, why };
                self.tell(now, id, CallInput::Recording { number, signal });
            }
            return;
        };
        let tap = TapId { number: key.0, channel };
        let order = tap_order(command);
        self.media_output(thread, Command::Tap { session, tap, order });
    }

    /// What a media engine reports of a tap, wherever the leg is now.
    pub(crate) fn tap_report(&mut self, now: Instant, tap: TapId, event: TapEvent) {
        let Some((id, number)) = self.recordings.get(&RecordingKey(tap.number)).copied() else {
            return;
        };
        let channel = tap.channel;
        let signal = match event {
            TapEvent::Quiet => RecordingSignal::Quiet { channel },
            TapEvent::Sound => RecordingSignal::Sound { channel },
            TapEvent::Ended(end) => RecordingSignal::TapOver {
                channel,
                why: match end {
                    TapEnd::Ordered => Tapped::AsOrdered,
                    TapEnd::Longest => Tapped::Longest,
                    TapEnd::Closed => Tapped::Closed,
                    TapEnd::Dropped | TapEnd::Refused => Tapped::Dropped,
                },
            },
        };
        self.feed(now, id, CallInput::Recording { number, signal });
    }

    /// Storage has a recording, or has given it up. That its call is over already is no harm.
    pub(crate) fn recorded(&mut self, now: Instant, key: RecordingKey, stored: Result<Saved, NotRecorded>) {
        if let Some((id, number)) = self.recordings.remove(&key) {
            if let (Ok(saved), Some(live)) = (&stored, self.calls.get(&id)) {
                live.seat.share().recorded(saved.bytes);
            }
            let signal = RecordingSignal::Stored(stored);
            self.feed(now, id, CallInput::Recording { number, signal });
        }
    }
}

pub(crate) fn tap_order(command: TapCommand) -> TapOrder {
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    match command {
        TapCommand::Begin(wanted) => TapOrder::Begin(TapOptions {
            longest: ms(wanted.longest_ms),
            quiet: wanted.silence_ms.map(ms),
            starts: match wanted.waits {
                Beep::No => TapStart::AtOnce,
                Beep::Yes => TapStart::Waiting,
            },
        }),
        TapCommand::Pause(PauseWith::Skip) => TapOrder::Pause(Paused::Skip),
        TapCommand::Pause(PauseWith::Silence) => TapOrder::Pause(Paused::Silence),
        TapCommand::Go { at_ms } => TapOrder::Go {
            at: Duration::from_millis(at_ms),
        },
        TapCommand::End => TapOrder::End,
    }
}
