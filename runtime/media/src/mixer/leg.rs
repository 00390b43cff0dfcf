//! One leg of a room: what it says to the room, and what it hears of it.

use super::limiter::Limiter;
use super::voice::{Voice, mean_square};
use super::{Mute, Part, Rate, round};

/// Frames that stay within this many bits are silence: ±15, -66 dBFS. The quietest sound of A-law is ±8.
const SILENCE: i16 = 15;

/// What came from a leg for a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// No frame.
    Nothing,
    /// A frame of silence, which was not kept.
    Silence,
    /// A frame with sound.
    Sound,
}

/// Where a leg's sound comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Its group's one frame for all that do not speak.
    Shared,
    /// A frame made for it.
    Own,
}

/// A leg, or a place where one was. More than twelve fields: its wishes, its sound and
/// where its ramps are belong to nobody else.
#[derive(Debug)]
pub(super) struct Leg {
    /// Tells it from others that had or will have its place.
    pub(super) birth: u32,
    pub(super) rate: Rate,
    pub(super) part: Part,
    pub(super) mute: Mute,
    pub(super) leaving: bool,
    /// The place is free.
    pub(super) gone: bool,
    /// How loud it is in the room.
    pub(super) gain_in: f32,
    /// How loud the room is to it.
    pub(super) gain_out: f32,
    pub(super) whispering: bool,
    /// How many others whisper to it.
    pub(super) whisperers: u32,
    pub(super) voice: Voice,
    /// Whether it is among those who are mixed.
    pub(super) chosen: bool,
    /// Whether it is in the list of legs that want work in a tick.
    pub(super) listed: bool,
    pub(super) hearing: Hearing,
    pub(super) out: Vec<i16>,
    pub(super) limiter: Limiter,
    /// What it said to the room in this tick, if `said`.
    pub(super) own: Vec<i32>,
    pub(super) said: bool,
    /// What it whispered in this tick, if `whispered`.
    pub(super) aside: Vec<i32>,
    pub(super) whispered: bool,
    pub(super) fed: Fed,
    frame: Vec<i16>,
    power: f32,
    /// The frame before had sound.
    sounded: bool,
    room_level: f32,
    aside_level: f32,
    hearing_level: f32,
    /// What it heard last was the whole room as it is.
    heard_all: bool,
    alike_before: bool,
}

impl Leg {
    pub(super) fn new(birth: u32, rate: Rate, part: Part, shared: &Limiter) -> Self {
        let frame = rate.frame();
        let mut limiter = Limiter::new(frame);
        limiter.begin_beside(shared);
        Self {
            birth,
            rate,
            part,
            mute: Mute::Heard,
            leaving: false,
            gone: false,
            gain_in: 1.0,
            gain_out: 1.0,
            whispering: false,
            whisperers: 0,
            voice: Voice::default(),
            chosen: false,
            listed: false,
            hearing: Hearing::Own,
            out: vec![0; frame],
            limiter,
            own: vec![0; frame],
            said: false,
            aside: vec![0; frame],
            whispered: false,
            fed: Fed::Nothing,
            frame: vec![0; frame],
            power: 0.0,
            sounded: false,
            room_level: 0.0,
            aside_level: 0.0,
            hearing_level: 0.0,
            heard_all: false,
            alike_before: false,
        }
    }

    /// Whether anybody may hear it.
    pub(super) fn may_speak(&self) -> bool {
        self.part == Part::Talks && self.mute == Mute::Heard && !self.leaving
    }

    /// Takes the frame of this tick.
    pub(super) fn feed(&mut self, frame: &[i16]) {
        let bits = frame.iter().fold(0, |bits, &sample| bits | (sample ^ (sample >> 15)));
        if bits <= SILENCE || self.part == Part::ListensOnly {
            self.fed = Fed::Silence;
        } else {
            self.fed = Fed::Sound;
            self.power = mean_square(frame);
            self.frame.copy_from_slice(frame);
        }
    }

    /// The power of this tick's frame, if it is anything to judge by.
    pub(super) fn power(&self) -> Option<f32> {
        (self.fed == Fed::Sound).then_some(self.power)
    }

    /// Puts what it says to the room into `own` and what it whispers into `aside`.
    pub(super) fn speak(&mut self) {
        let fed = std::mem::replace(&mut self.fed, Fed::Nothing);
        let (before, mut sound) = (self.sounded, fed == Fed::Sound);
        self.sounded = sound;
        let speaks = fed != Fed::Nothing && self.may_speak();
        let level = |wanted: bool| if speaks && wanted { self.gain_in } else { 0.0 };
        let room = level(!self.whispering && self.chosen);
        let aside = level(self.whispering);
        if fed == Fed::Nothing && before {
            self.go_on_fading();
            sound = true;
        }
        self.said = sound && ramp(&self.frame, self.room_level, room, &mut self.own);
        self.whispered = sound && ramp(&self.frame, self.aside_level, aside, &mut self.aside);
        (self.room_level, self.aside_level) = (room, aside);
    }

    /// What stops without warning fades out along its own image, turned about its last sample: that goes on in value
    /// and in slope.
    fn go_on_fading(&mut self) {
        let last = i32::from(*self.frame.last().expect("no rate has empty frames"));
        self.frame.reverse();
        for n in 1..self.frame.len() {
            let turned = 2 * last - i32::from(self.frame[n]);
            self.frame[n - 1] = turned.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        }
    }

    /// Whether what it hears differs from what those hear who say nothing.
    pub(super) fn hears_for_itself(&self) -> bool {
        self.said || self.whisperers > 0 || self.gain_out != 1.0 || self.hearing_level != 1.0
    }

    /// Makes the frame it hears of what is in `sum`: the room without itself, with what is whispered to it.
    pub(super) fn hear(&mut self, sum: &mut [i32]) {
        self.heard_all = !self.hears_for_itself();
        let (from, to) = (self.hearing_level, self.gain_out);
        if from != 1.0 || to != 1.0 {
            let step = (to - from) / sum.len() as f32;
            for (n, sample) in sum.iter_mut().enumerate() {
                *sample = round(*sample as f32 * (from + step * n as f32));
            }
            self.hearing_level = to;
        }
        self.limiter.run(sum, &mut self.out);
    }

    /// After a tick: once its own frame is the very one that all hear, it hears that. Two ticks in a row, because a limiter
    /// holds back a part of the tick before.
    pub(super) fn settle(&mut self, shared: &Limiter) {
        if self.hearing == Hearing::Shared {
            return;
        }
        let alike = self.heard_all && !self.hears_for_itself() && self.limiter.agrees(shared);
        if alike && self.alike_before {
            self.hearing = Hearing::Shared;
        }
        self.alike_before = alike;
    }

    /// Whether it wants work in the next tick even if nothing comes from it.
    pub(super) fn restless(&self) -> bool {
        self.sounded || self.said || self.whispered || self.hearing == Hearing::Own || !self.voice.at_rest()
    }
}

/// A frame at a level that moves along a straight line. False, and nothing written, if it is 0 throughout.
fn ramp(frame: &[i16], from: f32, to: f32, out: &mut [i32]) -> bool {
    if from == 0.0 && to == 0.0 {
        return false;
    }
    if from == 1.0 && to == 1.0 {
        for (out, &sample) in out.iter_mut().zip(frame) {
            *out = i32::from(sample);
        }
        return true;
    }
    let step = (to - from) / frame.len() as f32;
    for (n, (out, &sample)) in out.iter_mut().zip(frame).enumerate() {
        *out = round(f32::from(sample) * (from + step * n as f32));
    }
    true
}
