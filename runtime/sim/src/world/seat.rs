//! A phone's place in a world: the phone, its links, what it was told and what it heard.

use crate::network::{Conditions, LinkId};
use crate::phone::{Event, Faults, Incoming, LINES_MAX, LineId, Phone, Refers};
use patchcord_media::{FRAME, FRAME_SAMPLES, KeyPress, SAMPLE_RATE};
use patchcord_sip::SessionTimer;
use patchcord_sip::sdp::Codec;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Events kept of each line of a phone; further ones are only logged.
pub const EVENTS_KEPT: usize = 4_096;
/// Longest recording; of a longer call the oldest half is dropped.
pub const RECORDING_SECONDS: usize = 1_800;

/// How a phone is set up in a world.
#[derive(Debug, Clone)]
pub struct PhoneOptions {
    /// What the network does between it and the node, both ways.
    pub conditions: Conditions,
    /// What it does wrong.
    pub faults: Faults,
    /// What it speaks, preferred first.
    pub codecs: Vec<Codec>,
    /// How much sound it asks for in one packet, in ms.
    pub ptime_ms: u16,
    /// Without RTP for so long it says so; none to wait for ever.
    pub media_timeout: Option<Duration>,
    /// What it does with calls.
    pub incoming: Incoming,
    /// What it does when it is asked to call somebody.
    pub refer: Refers,
    /// Calls it is in before a further one is refused as busy.
    pub lines: usize,
    /// The tone it says in each call, in hertz.
    pub hum: Option<u16>,
    /// How long its sessions last without a refresh.
    pub session: SessionTimer,
}

impl Default for PhoneOptions {
    fn default() -> Self {
        Self {
            conditions: Conditions::default(),
            faults: Faults::default(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ptime_ms: 20,
            media_timeout: None,
            incoming: Incoming::Busy,
            refer: Refers::Accept,
            lines: 1,
            hum: None,
            session: SessionTimer::default(),
        }
    }
}

/// What a phone heard on a line since its last call there began, at 8 kHz without a gap.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    from: Duration,
    samples: Vec<i16>,
    dropped: usize,
}

impl Recording {
    pub(super) fn push(&mut self, at: Duration, frame: &[i16; FRAME_SAMPLES]) {
        if self.samples.is_empty() {
            self.from = at;
        }
        if self.samples.len() >= RECORDING_SECONDS * SAMPLE_RATE as usize {
            let half = self.samples.len() / 2 / FRAME_SAMPLES * FRAME_SAMPLES;
            self.samples.drain(..half);
            self.dropped += half;
            self.from += FRAME * (half / FRAME_SAMPLES) as u32;
        }
        self.samples.extend_from_slice(frame);
    }

    /// Virtual time of the first sample kept.
    pub fn from(&self) -> Duration {
        self.from
    }

    /// What is kept.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Samples dropped at the front.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// What was heard from a moment on.
    pub fn since(&self, at: Duration) -> &[i16] {
        let samples = at.saturating_sub(self.from).as_millis() as usize * SAMPLE_RATE as usize / 1_000;
        &self.samples[samples.min(self.samples.len())..]
    }
}

/// A phone's place: the phone, where it is, and what is known of it.
pub struct Seat {
    pub(super) name: Arc<str>,
    pub(super) phone: Phone,
    /// The user it has registered as.
    pub(super) user: Option<String>,
    pub(super) sip: SocketAddr,
    pub(super) rtp: SocketAddr,
    pub(super) rtcp: SocketAddr,
    pub(super) to_node: LinkId,
    pub(super) from_node: LinkId,
    /// By line.
    pub(super) events: [Vec<(Duration, Event)>; LINES_MAX],
    /// Calls it placed.
    pub(super) placed: u64,
    /// Calls that came, or that it was asked to place.
    pub(super) came: u64,
    /// Ends of calls.
    pub(super) ended: u64,
    /// Keys it pressed and when each began.
    pub(super) presses: Vec<(Duration, u8)>,
    /// By line.
    pub(super) recordings: [Recording; LINES_MAX],
}

impl Seat {
    /// Its name in the log.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The phone.
    pub fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Where its signalling is.
    pub fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// What happened on its first line and when, since the world began.
    pub fn events(&self) -> &[(Duration, Event)] {
        self.events_on(LineId::FIRST)
    }

    /// What happened on a line and when, since the world began.
    pub fn events_on(&self, line: LineId) -> &[(Duration, Event)] {
        &self.events[line.number()]
    }

    /// What it heard on its first line since its last call began.
    pub fn recording(&self) -> &Recording {
        self.recording_on(LineId::FIRST)
    }

    /// What it heard on a line since its last call began.
    pub fn recording_on(&self, line: LineId) -> &Recording {
        &self.recordings[line.number()]
    }

    /// When an event first happened on its first line.
    pub fn when(&self, wanted: impl Fn(&Event) -> bool) -> Option<Duration> {
        self.when_on(LineId::FIRST, wanted)
    }

    /// When an event first happened on a line.
    pub fn when_on(&self, line: LineId, wanted: impl Fn(&Event) -> bool) -> Option<Duration> {
        let events = self.events_on(line);
        events.iter().find(|(_, event)| wanted(event)).map(|(at, _)| *at)
    }

    /// How many calls it had, and how many of them ended.
    pub fn calls(&self) -> (u64, u64) {
        (self.placed + self.came, self.ended)
    }

    /// The keys it pressed, by their telephone event, and when each began; the first [`EVENTS_KEPT`] of them.
    pub fn presses(&self) -> &[(Duration, u8)] {
        &self.presses
    }

    pub(super) fn press(&mut self, at: Duration, keys: &[KeyPress]) {
        let mut begins = at;
        let room = EVENTS_KEPT - self.presses.len();
        for key in keys.iter().take(room) {
            self.presses.push((begins, key.event));
            begins += Duration::from_millis(u64::from(key.duration_ms) + u64::from(key.pause_ms));
        }
    }

    pub(super) fn note(&mut self, at: Duration, line: LineId, event: Event) {
        if matches!(event, Event::Incoming(_)) {
            self.recordings[line.number()] = Recording::default();
        }
        match event {
            Event::Incoming(_) | Event::Referred { .. } => self.came += 1,
            Event::Ended { .. } => self.ended += 1,
            _ => {}
        }
        let events = &mut self.events[line.number()];
        if events.len() < EVENTS_KEPT {
            events.push((at, event));
        }
    }
}
