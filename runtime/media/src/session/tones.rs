//! Keys as tones, for a session without telephone events: heard in what it receives, and played where others send events.
//! A key that goes by in a relay goes by as the sound it is.

use super::Session;
use crate::dtmf::ToneDetector;
use crate::reports::Reports;
use crate::{FRAME_SAMPLES, PlayEnd, Report};
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
