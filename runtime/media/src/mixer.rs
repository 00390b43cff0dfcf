//! THE ROOM: any number of legs at mixed rates, each of which hears all others and never itself. Frames of 20 ms, no clock,
//! and no allocation but where a leg comes or begins to whisper.
//!
//! In every tick: [`Mixer::push`] the frame of each leg that has one, [`Mixer::mix`], read each leg's frame with
//! [`Mixer::heard`], drain [`Mixer::poll_event`].
//!
//! - What a leg hears is the sum of all less its own part, in 32 bits, through a look-ahead limiter (`limiter`).
//! - Legs of one rate are summed as they are; one sum for each pair of rates is resampled (`resampler`), so the cost does
//!   not grow with the legs.
//! - All legs of a rate that say nothing hear one and the same frame, made once: [`Heard::Shared`] may be encoded once.
//! - Whatever begins or ends does so along a ramp of 20 ms: joining, leaving, mute, gain, whispers, being chosen among
//!   the loudest, and frames that stop coming.
//! - A room is a leg of another room: [`carry`] takes what a leg of one hears to a leg of the other.
//!
//! Not here: RTP, codecs, jitter. Frames come in time or not at all.

mod group;
mod leg;
mod limiter;
mod resampler;
mod settings;
mod speakers;
mod voice;
mod whisper;

pub use settings::{LegKey, MAX_LEGS, MAX_WHISPERS, MixerConfig, MixerEvent, MixerRefusal, Mute, Part, Rate, Way};

pub(crate) use resampler::Resampler;

use group::{Groups, add};
use leg::{Hearing, Leg};
use speakers::Speakers;
use whisper::Whispers;

/// What a leg hears in a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// What all legs of this rate hear that say nothing.
    Shared(&'a [i16]),
    /// Made for this leg.
    Own(&'a [i16]),
}

impl<'a> Heard<'a> {
    /// The samples.
    pub fn samples(self) -> &'a [i16] {
        match self {
            Heard::Shared(samples) | Heard::Own(samples) => samples,
        }
    }
}

/// A room.
#[derive(Debug)]
pub struct Mixer {
    config: MixerConfig,
    legs: Vec<Leg>,
    /// Places of legs that are gone.
    free: Vec<u32>,
    /// Places of legs that want work in the next tick; silent ones do not.
    active: Vec<u32>,
    groups: Groups,
    whispers: Whispers,
    speakers: Speakers,
}

impl Mixer {
    /// An empty room.
    ///
    /// # Errors
    /// [`MixerRefusal::Full`] if `config` asks for more than [`MAX_LEGS`] legs, or for none, or to mix none.
    pub fn new(config: MixerConfig) -> Result<Self, MixerRefusal> {
        if config.max_legs == 0 || config.max_legs > MAX_LEGS || config.loudest == Some(0) {
            return Err(MixerRefusal::Full);
        }
        Ok(Self {
            speakers: Speakers::new(config.loudest.map(usize::from)),
            config,
            legs: Vec::new(),
            free: Vec::new(),
            active: Vec::new(),
            groups: Groups::new(),
            whispers: Whispers::default(),
        })
    }

    /// Lets a leg in. It hears and is heard from the next tick on.
    ///
    /// # Errors
    /// [`MixerRefusal::Full`] if all places are taken; that of a leg that left is free after the next tick.
    pub fn add(&mut self, rate: Rate, part: Part) -> Result<LegKey, MixerRefusal> {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.legs.len() < self.config.max_legs => self.legs.len() as u32,
            None => return Err(MixerRefusal::Full),
        };
        self.groups.join(rate);
        let shared = &self.groups.get(rate).limiter;
        match self.legs.get_mut(place as usize) {
            Some(leg) => *leg = Leg::new(leg.birth.wrapping_add(1), rate, part, shared),
            None => self.legs.push(Leg::new(0, rate, part, shared)),
        }
        // Room for every place, so that no tick has to make any.
        let count = self.legs.len();
        self.active.reserve(count.saturating_sub(self.active.len()));
        self.free.reserve(count.saturating_sub(self.free.len()));
        self.speakers.make_room(count);
        self.list(place);
        Ok(LegKey {
            place,
            birth: self.legs[place as usize].birth,
        })
    }

    /// Lets a leg out: it hears nothing from now on, and what it says fades in the next tick.
    ///
    /// # Errors
    /// [`MixerRefusal::NoSuchLeg`].
    pub fn remove(&mut self, key: LegKey) -> Result<(), MixerRefusal> {
        let place = self.place(key)?;
        self.legs[place].leaving = true;
        self.whispers.forget(place as u32, &mut self.legs);
        self.list(key.place);
        Ok(())
    }

    /// How many legs there are.
    pub fn legs(&self) -> usize {
        self.legs.iter().filter(|leg| !leg.gone && !leg.leaving).count()
    }

    /// Takes a leg's frame for the coming tick: 20 ms at its rate. A second one in a tick takes the place of the first.
    ///
    /// # Errors
    /// [`MixerRefusal::NoSuchLeg`], [`MixerRefusal::WrongLength`].
    pub fn push(&mut self, key: LegKey, frame: &[i16]) -> Result<(), MixerRefusal> {
        let place = self.place(key)?;
        let leg = &mut self.legs[place];
        if frame.len() != leg.rate.frame() {
            return Err(MixerRefusal::WrongLength);
        }
        leg.feed(frame);
        if leg.fed == leg::Fed::Sound {
            self.list(key.place);
        }
        Ok(())
    }

    /// How loud a leg is in the room, or the room to it, in dB: -60 to +20; 0 at the beginning.
    ///
    /// # Errors
    /// [`MixerRefusal::NoSuchLeg`], [`MixerRefusal::Gain`] for one out of range.
    pub fn set_gain(&mut self, key: LegKey, way: Way, decibels: f32) -> Result<(), MixerRefusal> {
        let place = self.place(key)?;
        if !(-60.0..=20.0).contains(&decibels) {
            return Err(MixerRefusal::Gain);
        }
        let gain = if decibels == 0.0 {
            1.0
        } else {
            10f32.powf(decibels / 20.0)
        };
        match way {
            Way::ToRoom => self.legs[place].gain_in = gain,
            Way::FromRoom => self.legs[place].gain_out = gain,
        }
        self.list(key.place);
        Ok(())
    }

    /// Whether what a leg says is heard.
    ///
    /// # Errors
    /// [`MixerRefusal::NoSuchLeg`].
    pub fn set_mute(&mut self, key: LegKey, mute: Mute) -> Result<(), MixerRefusal> {
        let place = self.place(key)?;
        self.legs[place].mute = mute;
        Ok(())
    }

    /// Lets a leg be heard by these legs only, and by the room no longer; by the room again if there are none.
    ///
    /// # Errors
    /// [`MixerRefusal::NoSuchLeg`] for it or one of the others; [`MixerRefusal::TooManyWhispers`] if more than
    /// [`MAX_WHISPERS`] pairs of legs in the room would be whispering. Nothing has changed then.
    pub fn whisper(&mut self, key: LegKey, to: &[LegKey]) -> Result<(), MixerRefusal> {
        let place = self.place(key)?;
        for &other in to {
            self.place(other)?;
        }
        self.whispers.set(place as u32, to, &mut self.legs)?;
        for &other in to {
            self.list(other.place);
        }
        Ok(())
    }

    /// Lets 20 ms pass. `tick` is the caller's number for it, which the events carry.
    pub fn mix(&mut self, tick: u64) {
        self.speakers.judge(tick, &self.active, &mut self.legs);
        self.groups.begin();
        for &place in &self.active {
            let leg = &mut self.legs[place as usize];
            leg.speak();
            if leg.said {
                self.groups.of(leg.rate).say(&leg.own);
            }
        }
        self.groups.total();
        for n in 0..self.active.len() {
            self.let_hear(self.active[n]);
        }
        self.groups.share();
        self.settle();
    }

    /// What a leg hears in the tick that was mixed last; none for a leg that is not there.
    pub fn heard(&self, key: LegKey) -> Option<Heard<'_>> {
        let leg = &self.legs[self.place(key).ok()?];
        Some(match leg.hearing {
            Hearing::Shared => Heard::Shared(&self.groups.get(leg.rate).out),
            Hearing::Own => Heard::Own(&leg.out),
        })
    }

    /// Whether a leg is among those that are mixed.
    pub fn is_mixed(&self, key: LegKey) -> bool {
        self.place(key).is_ok_and(|place| self.legs[place].chosen)
    }

    /// The next event. Drained after every tick, none is ever lost; otherwise the oldest are, and are counted.
    pub fn poll_event(&mut self) -> Option<MixerEvent> {
        self.speakers.poll()
    }

    /// Events lost because nobody drained them.
    pub fn events_dropped(&self) -> u64 {
        self.speakers.dropped()
    }

    fn place(&self, key: LegKey) -> Result<usize, MixerRefusal> {
        let leg = self.legs.get(key.place as usize).ok_or(MixerRefusal::NoSuchLeg)?;
        if leg.birth != key.birth || leg.leaving || leg.gone {
            return Err(MixerRefusal::NoSuchLeg);
        }
        Ok(key.place as usize)
    }

    /// Sees to it that a leg gets work in the next tick.
    fn list(&mut self, place: u32) {
        let leg = &mut self.legs[place as usize];
        if !std::mem::replace(&mut leg.listed, true) {
            self.active.push(place);
        }
    }

    /// Makes the frame of a leg that does not hear what all hear.
    fn let_hear(&mut self, place: u32) {
        let leg = &mut self.legs[place as usize];
        if leg.leaving {
            return;
        }
        let group = self.groups.of(leg.rate);
        if leg.hearing == Hearing::Shared {
            if !leg.hears_for_itself() {
                return;
            }
            leg.hearing = Hearing::Own;
            leg.limiter.follow(&group.limiter);
        }
        group.scratch.copy_from_slice(&group.total);
        if leg.said {
            for (sum, &own) in group.scratch.iter_mut().zip(&leg.own) {
                *sum -= own;
            }
        }
        if leg.whisperers > 0 {
            self.whispers.add(place, &self.legs, &mut group.scratch);
        }
        self.legs[place as usize].hear(&mut group.scratch);
    }

    /// After a tick: who heard for itself and need not any more, who left, who wants no work.
    fn settle(&mut self) {
        let Self {
            legs,
            groups,
            active,
            free,
            whispers,
            ..
        } = self;
        whispers.settle(legs);
        active.retain(|&place| {
            let leg = &mut legs[place as usize];
            if leg.leaving {
                (leg.gone, leg.listed) = (true, false);
                groups.leave(leg.rate);
                free.push(place);
                return false;
            }
            leg.settle(&groups.get(leg.rate).limiter);
            leg.listed = leg.restless();
            leg.listed
        });
    }
}

/// Takes what a leg of one room heard in its last tick to a leg of another room, for its next tick.
///
/// # Errors
/// [`MixerRefusal::NoSuchLeg`]; [`MixerRefusal::WrongLength`] if both are not of the same rate.
pub fn carry(from: &Mixer, from_leg: LegKey, to: &mut Mixer, to_leg: LegKey) -> Result<(), MixerRefusal> {
    let heard = from.heard(from_leg).ok_or(MixerRefusal::NoSuchLeg)?;
    to.push(to_leg, heard.samples())
}

/// The nearest whole number. The library's own way is a call where the processor is taken to be an old one.
fn round(value: f32) -> i32 {
    (value + 0.5f32.copysign(value)) as i32
}

#[cfg(test)]
mod tests;
