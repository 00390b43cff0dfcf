//! Keys as tones, for a session without telephone events: heard in what it receives, kept from who is not to hear them, and
//! played where others send events. In a relay that passes keys on, a key is the sound it is; a room never hears one, as it
//! never hears an event.

use super::Session;
use crate::codec::{Codec, Decoder, Sound};
use crate::dtmf::ToneDetector;
use crate::mixer::Rate;
use crate::reports::Reports;
use crate::{FRAME_SAMPLES, PlayEnd, RelayKeys, Report};
use std::collections::VecDeque;
use std::time::Instant;

/// Keys heard and not yet reported: more than one only where missed ticks are made up for, which half a second at most is.
const WAITING: usize = 8;
/// How long a key has sounded when it is reported.
const HEARD_MS: u32 = 40;

/// Keys in received sound.
#[derive(Debug)]
pub(super) struct TonesIn {
    detector: ToneDetector,
    /// One is reported in a tick; when full, the newest is left out.
    waiting: VecDeque<u8>,
}

impl TonesIn {
    fn new() -> Self {
        Self {
            detector: ToneDetector::default(),
            waiting: VecDeque::with_capacity(WAITING),
        }
    }
}

/// Listens to sound on its way to another session, packet by packet as it comes: keys are reported from what left the
/// jitter buffer, which is too late for that.
#[derive(Debug)]
pub(super) struct KeyGuard {
    codec: Codec,
    decoder: Decoder,
    detector: ToneDetector,
}

impl KeyGuard {
    fn new(codec: Codec) -> Self {
        Self {
            codec,
            decoder: Decoder::new(codec, Rate::Hz8000),
            detector: ToneDetector::default(),
        }
    }

    /// Whether a payload may hold a part of a key.
    fn may_be_key(&mut self, payload: &[u8]) -> bool {
        let mut sound = Sound::new();
        if !self.decoder.decode(payload, &mut sound) {
            return false;
        }
        self.detector.hear(sound.samples());
        self.detector.may_be_key(sound.samples().len())
    }
}

impl Session {
    /// Listens for keys in the sound, or no longer, as the plan has it.
    pub(super) fn listen_for_tones(&mut self) {
        if self.plan.telephone_event.is_some() {
            self.tones_out.clear();
        }
        let wanted = self.plan.telephone_event.is_none() && self.plan.flow.receives();
        if wanted && self.tones_in.is_none() {
            self.want_sound();
            self.tones_in = Some(Box::new(TonesIn::new()));
        } else if !wanted {
            self.tones_in = None;
            self.fit_hearing();
        }
        self.guard_keys();
    }

    /// Guards what is relayed, or no longer: keys that come as tones and are to stay here.
    pub(super) fn guard_keys(&mut self) {
        let keeps = self.route().is_some_and(|route| route.keys == RelayKeys::Keep);
        if !keeps || self.tones_in.is_none() {
            self.key_guard = None;
        } else if self.key_guard.is_none() {
            self.key_guard = Some(Box::new(KeyGuard::new(self.plan.codec)));
        }
    }

    /// Whether a payload on its way to another session may hold a part of a key that is to stay here.
    pub(super) fn keeps_back(&mut self, codec: Codec, payload: &[u8]) -> bool {
        let Some(guard) = self.key_guard.as_mut() else {
            return false;
        };
        if guard.codec != codec {
            **guard = KeyGuard::new(codec);
        }
        guard.may_be_key(payload)
    }

    /// Whether the frame that was heard last may hold a part of a key.
    pub(super) fn heard_key(&self) -> bool {
        let detector = self.tones_in.as_ref().map(|tones| &tones.detector);
        detector.is_some_and(|detector| detector.may_be_key(FRAME_SAMPLES))
    }

    /// A frame that was received.
    pub(super) fn hear_tones(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        let Some(tones) = self.tones_in.as_mut() else { return };
        let key = tones.detector.hear(frame);
        tones.waiting.extend(key.filter(|_| tones.waiting.len() < WAITING));
    }

    /// Reports a key that was heard; one in a tick.
    pub(super) fn report_tone(&mut self, now: Instant, reports: &mut Reports) {
        if let Some(event) = self.tones_in.as_mut().and_then(|tones| tones.waiting.pop_front()) {
            self.key(now, event, HEARD_MS, reports);
        }
    }

    /// The far end sends another stream.
    pub(super) fn restart_tones(&mut self) {
        if let Some(tones) = self.tones_in.as_mut() {
            tones.detector.restart();
        }
        if let Some(guard) = self.key_guard.as_mut() {
            guard.detector.restart();
        }
    }

    /// A key of the far end, however it came.
    pub(super) fn key(&mut self, now: Instant, event: u8, duration_ms: u32, reports: &mut Reports) {
        self.counters.keys += 1;
        reports.push(Report::Key {
            session: self.id,
            event,
            duration_ms,
            at: now,
        });
        if self.player.as_ref().is_some_and(|player| player.stops_on_key()) {
            self.end_play(PlayEnd::Key, reports);
        }
    }

    /// Whether keys of its own go out or wait.
    pub(super) fn sends_keys(&self) -> bool {
        self.keys_out.busy() || self.tones_out.busy()
    }

    /// Writes 20 ms of the tones of keys that are to be played. False if there are none.
    pub(super) fn fill_tones(&mut self, frame: &mut [i16]) -> bool {
        let Some(began) = self.tones_out.fill(frame) else {
            return false;
        };
        self.counters.keys_out += began;
        true
    }
}
