//! Who speaks in a room: which legs do, which of them is the speaker, and which are loud enough to be mixed.

use super::leg::Leg;
use super::voice::{Change, LOUDER, TAKE_OVER_TICKS};
use super::{LegKey, MixerEvent};
use std::collections::VecDeque;

/// A room's speakers.
#[derive(Debug)]
pub(super) struct Speakers {
    loudest: Option<usize>,
    speaker: Option<LegKey>,
    /// Who is louder than the speaker, and for how many ticks.
    rival: Option<(LegKey, u8)>,
    events: VecDeque<MixerEvent>,
    room: usize,
    dropped: u64,
}

impl Speakers {
    /// If `loudest` is set, only so many are mixed.
    pub(super) fn new(loudest: Option<usize>) -> Self {
        Self {
            loudest,
            speaker: None,
            rival: None,
            events: VecDeque::new(),
            room: 0,
            dropped: 0,
        }
    }

    /// Makes room for the events of one tick of so many legs: one of each, and one about the speaker.
    pub(super) fn make_room(&mut self, legs: usize) {
        self.room = legs + 1;
        self.events.reserve(self.room.saturating_sub(self.events.len()));
    }

    pub(super) fn poll(&mut self) -> Option<MixerEvent> {
        self.events.pop_front()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Listens to the frames of this tick.
    pub(super) fn judge(&mut self, tick: u64, active: &[u32], legs: &mut [Leg]) {
        for &place in active {
            let leg = &mut legs[place as usize];
            let change = if leg.may_speak() {
                leg.voice.frame(leg.power())
            } else {
                leg.voice.hush()
            };
            let key = key(place, leg);
            match change {
                Some(Change::Began) => self.say(MixerEvent::Speaking { leg: key, tick }),
                Some(Change::Ended) => self.say(MixerEvent::Quiet { leg: key, tick }),
                None => {}
            }
            if self.loudest.is_none() {
                leg.chosen = true;
            }
        }
        self.find_speaker(tick, active, legs);
        if let Some(loudest) = self.loudest {
            choose(loudest, active, legs);
        }
    }

    fn find_speaker(&mut self, tick: u64, active: &[u32], legs: &[Leg]) {
        let of = |place: u32| &legs[place as usize];
        let loudest = active
            .iter()
            .copied()
            .filter(|&place| of(place).voice.speaking())
            .max_by(|&a, &b| of(a).voice.loudness().total_cmp(&of(b).voice.loudness()));
        let speaker = self
            .speaker
            .filter(|key| of(key.place).birth == key.birth && of(key.place).voice.speaking());
        let Some(place) = loudest else {
            self.rival = None;
            return self.set_speaker(None, tick);
        };
        let rival = key(place, of(place));
        let Some(speaker) = speaker else {
            self.rival = None;
            return self.set_speaker(Some(rival), tick);
        };
        let louder = of(place).voice.loudness() > LOUDER * of(speaker.place).voice.loudness();
        if rival == speaker || !louder {
            self.rival = None;
            return;
        }
        let ticks = match self.rival {
            Some((before, ticks)) if before == rival => ticks + 1,
            _ => 1,
        };
        self.rival = Some((rival, ticks));
        if ticks >= TAKE_OVER_TICKS {
            self.rival = None;
            self.set_speaker(Some(rival), tick);
        }
    }

    fn set_speaker(&mut self, leg: Option<LegKey>, tick: u64) {
        if self.speaker != leg {
            self.speaker = leg;
            self.say(MixerEvent::Speaker { leg, tick });
        }
    }

    fn say(&mut self, event: MixerEvent) {
        if self.events.len() >= self.room {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(event);
    }
}

fn key(place: u32, leg: &Leg) -> LegKey {
    LegKey {
        place,
        birth: leg.birth,
    }
}

/// Chooses who is mixed. Who is keeps its place until it is quiet, or until somebody clearly louder has none. Who only
/// whispers takes no place.
fn choose(loudest: usize, active: &[u32], legs: &mut [Leg]) {
    let mut chosen = 0;
    for &place in active {
        let leg = &mut legs[place as usize];
        leg.chosen &= leg.voice.competes() && !leg.whispering;
        chosen += usize::from(leg.chosen);
    }
    // Each round gives one place away; a tick gives every place away once at most.
    for _ in 0..loudest {
        let loudness = |place: u32| legs[place as usize].voice.loudness();
        let competing = active.iter().copied().filter(|&place| {
            let leg = &legs[place as usize];
            !leg.chosen && leg.voice.competes() && !leg.whispering
        });
        let Some(best) = competing.max_by(|&a, &b| loudness(a).total_cmp(&loudness(b))) else {
            return;
        };
        if chosen < loudest {
            chosen += 1;
        } else {
            let worst = active
                .iter()
                .copied()
                .filter(|&place| legs[place as usize].chosen)
                .min_by(|&a, &b| loudness(a).total_cmp(&loudness(b)))
                .expect("as many are chosen as can be, and that is not none");
            if loudness(best) <= LOUDER * loudness(worst) {
                return;
            }
            legs[worst as usize].chosen = false;
        }
        legs[best as usize].chosen = true;
    }
}
