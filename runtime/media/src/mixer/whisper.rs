//! Who whispers to whom: pairs of legs, each with a ramp of its own, and a resampler where their rates differ.

use super::leg::Leg;
use super::resampler::Resampler;
use super::{LegKey, MAX_WHISPERS, MixerRefusal, round};

/// The pairs of a room.
#[derive(Debug, Default)]
pub(super) struct Whispers {
    pairs: Vec<Pair>,
}

#[derive(Debug)]
struct Pair {
    from: u32,
    to: u32,
    /// Where its ramp is: 0 or 1 between ticks.
    level: f32,
    ending: bool,
    /// Over; its memory goes when the next pair comes.
    over: bool,
    /// What is whispered, on the way up or down.
    scaled: Vec<i32>,
    resampler: Option<Resampler>,
}

impl Whispers {
    /// Lets one whisper to these and no others.
    pub(super) fn set(&mut self, from: u32, to: &[LegKey], legs: &mut [Leg]) -> Result<(), MixerRefusal> {
        self.pairs.retain(|pair| !pair.over);
        let goes_on = |pair: &Pair| pair.from == from && to.iter().any(|key| key.place == pair.to);
        let new = |n: usize, key: &LegKey| {
            let again = to[..n].iter().any(|earlier| earlier.place == key.place);
            let there = self.pairs.iter().any(|pair| pair.from == from && pair.to == key.place);
            key.place != from && !again && !there
        };
        let more = to.iter().enumerate().filter(|&(n, key)| new(n, key));
        if self.pairs.len() + more.clone().count() > MAX_WHISPERS {
            return Err(MixerRefusal::TooManyWhispers);
        }
        let rate = legs[from as usize].rate;
        let more: Vec<Pair> = more
            .map(|(_, key)| {
                let other = legs[key.place as usize].rate;
                Pair {
                    from,
                    to: key.place,
                    level: 0.0,
                    ending: false,
                    over: false,
                    scaled: vec![0; rate.frame()],
                    resampler: (rate != other).then(|| Resampler::new(rate, other)),
                }
            })
            .collect();
        for pair in self.pairs.iter_mut().filter(|pair| pair.from == from) {
            pair.ending = !goes_on(pair);
        }
        for pair in &more {
            legs[pair.to as usize].whisperers += 1;
        }
        self.pairs.extend(more);
        legs[from as usize].whispering = to.iter().any(|key| key.place != from);
        Ok(())
    }

    /// A leg leaves: nobody whispers to it any more, and what it whispers ends.
    pub(super) fn forget(&mut self, place: u32, legs: &mut [Leg]) {
        for pair in self.pairs.iter_mut().filter(|pair| !pair.over) {
            pair.ending |= pair.from == place;
            if pair.to == place {
                pair.over = true;
                legs[place as usize].whisperers -= 1;
            }
        }
        for n in 0..self.pairs.len() {
            let from = self.pairs[n].from;
            let left = |pair: &Pair| pair.from == from && !pair.over && !pair.ending;
            if !self.pairs.iter().any(left) {
                // The last one it whispered to has gone: the room hears it again, unless it goes itself.
                legs[from as usize].whispering &= from == place;
            }
        }
    }

    /// Adds to a leg's sum what is whispered to it.
    pub(super) fn add(&mut self, to: u32, legs: &[Leg], sum: &mut [i32]) {
        for pair in self.pairs.iter_mut().filter(|pair| pair.to == to && !pair.over) {
            let whisperer = &legs[pair.from as usize];
            let (from, level) = (pair.level, if pair.ending { 0.0 } else { 1.0 });
            pair.level = level;
            let frame = if !whisperer.whispered || (from == 0.0 && level == 0.0) {
                None
            } else if from == level {
                Some(&whisperer.aside[..])
            } else {
                let step = (level - from) / pair.scaled.len() as f32;
                for (n, (out, &sample)) in pair.scaled.iter_mut().zip(&whisperer.aside).enumerate() {
                    *out = round(sample as f32 * (from + step * n as f32));
                }
                Some(&pair.scaled[..])
            };
            match (pair.resampler.as_mut(), frame) {
                (Some(resampler), None) if resampler.quiet() => {}
                (Some(resampler), frame) => resampler.add(frame, sum),
                (None, Some(frame)) => super::add(frame, sum),
                (None, None) => {}
            }
        }
    }

    /// After a tick: pairs that ended are over when nothing is left in them.
    pub(super) fn settle(&mut self, legs: &mut [Leg]) {
        for pair in self.pairs.iter_mut().filter(|pair| pair.ending && !pair.over) {
            let quiet = pair.resampler.as_ref().is_none_or(Resampler::quiet);
            if pair.level == 0.0 && quiet {
                pair.over = true;
                legs[pair.to as usize].whisperers -= 1;
            }
        }
    }
}
