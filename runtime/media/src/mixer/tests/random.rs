//! Legs that come, go, mute, fall silent and whisper in random order, for many seeds: after each change everybody hears
//! exactly whom it should, and no change clicks.

use super::*;
use crate::random::Random;

const SEEDS: u64 = 40;
const ROUNDS: u64 = 12;
const PEOPLE: usize = 10;
const AMPLITUDE: f64 = 2_000.0;

struct Person {
    talker: Talker,
    talks: bool,
    muted: bool,
    whispers_to: Option<usize>,
}

struct World {
    mixer: Mixer,
    people: [Option<Person>; PEOPLE],
    random: Random,
}

impl World {
    fn below(&mut self, count: usize) -> usize {
        (self.random.next() % count as u64) as usize
    }

    fn change(&mut self) {
        let who = self.below(PEOPLE);
        let what = self.below(6);
        let other = self.below(PEOPLE);
        let other_key = self.people[other].as_ref().map(|person| person.talker.key);
        let Some(person) = self.people[who].as_mut() else {
            let rate = Rate::ALL[self.below(4)];
            let mut talker = Talker::join(&mut self.mixer, rate, 200.0 + 100.0 * who as f64, AMPLITUDE);
            talker.phase = self.below(160);
            self.people[who] = Some(Person {
                talker,
                talks: true,
                muted: false,
                whispers_to: None,
            });
            return;
        };
        let key = person.talker.key;
        match what {
            0 => {
                self.mixer.remove(key).expect("it is there");
                self.people[who] = None;
                for person in self.people.iter_mut().flatten() {
                    person.whispers_to = person.whispers_to.filter(|&to| to != who);
                }
            }
            1 | 2 => {
                person.muted = !person.muted;
                let mute = if person.muted { Mute::Muted } else { Mute::Heard };
                self.mixer.set_mute(key, mute).expect("it is there");
            }
            3 => person.talks = !person.talks,
            4 => {
                person.whispers_to = None;
                self.mixer.whisper(key, &[]).expect("it is there");
            }
            _ => {
                if let Some(other_key) = other_key.filter(|_| other != who) {
                    person.whispers_to = Some(other);
                    self.mixer.whisper(key, &[other_key]).expect("both are there");
                }
            }
        }
    }

    fn run(&mut self, ticks: u64) {
        for tick in 0..ticks {
            for person in self.people.iter_mut().flatten() {
                if person.talks {
                    person.talker.talk(&mut self.mixer);
                }
            }
            self.mixer.mix(tick);
            for person in self.people.iter_mut().flatten() {
                person.talker.listen(&self.mixer);
            }
        }
    }

    fn check(&self, seed: u64, round: u64) {
        for (me, listener) in self.people.iter().enumerate() {
            let Some(listener) = listener else { continue };
            for (other, speaker) in self.people.iter().enumerate() {
                let hertz = 200.0 + 100.0 * other as f64;
                let level = listener.talker.heard_db(hertz, AMPLITUDE, 5);
                let heard = speaker.as_ref().is_some_and(|speaker| {
                    let to_me = speaker.whispers_to.is_none_or(|to| to == me);
                    other != me && speaker.talks && !speaker.muted && to_me
                });
                let right = if heard { level.abs() < 0.5 } else { level < -55.0 };
                assert!(
                    right,
                    "seed {seed}, round {round}: {me} hears {other} at {level} dB, wanted: {heard}"
                );
            }
            // Each tone bends by what its pitch does to it, and by its ramps.
            let rate = f64::from(listener.talker.rate.hertz());
            let bound: f64 = (0..PEOPLE)
                .map(|n| {
                    let turn = std::f64::consts::TAU * (200.0 + 100.0 * n as f64) / rate;
                    AMPLITUDE * (turn * turn * 1.1 + (3.5 + 2.0 * turn) / (rate / 50.0))
                })
                .sum();
            let bend = f64::from(listener.talker.bend());
            assert!(
                bend < bound + 20.0,
                "seed {seed}, round {round}: {me} heard a click, {bend} of {bound}"
            );
        }
    }
}

#[test]
fn random_joins_and_leaves_leave_everybody_hearing_whom_it_should() {
    for seed in 0..SEEDS {
        let mut world = World {
            mixer: room(),
            people: [const { None }; PEOPLE],
            random: Random::new(seed),
        };
        for round in 0..ROUNDS {
            for _ in 0..1 + world.below(4) {
                world.change();
            }
            world.run(9);
            world.check(seed, round);
        }
    }
}
