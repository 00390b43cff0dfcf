//! Calls of several legs in random order: every dialling has one outcome, every leg ends, and there is one record.

use super::dialling::{options, user};
use super::*;
use crate::presence::{Availability, Status};
use crate::words::{BridgeOptions, KeysBetween, Order, TransferPolicy};
use rand_chacha::rand_core::Rng;
use std::collections::BTreeMap;

const SEEDS: u64 = 10_000;
const STEPS: usize = 40;

/// What the far ends of a random call are doing, and what the call owes the handler.
struct Party {
    dice: ChaCha12Rng,
    bench: Bench,
    /// Legs that the world knows of, and whether their end was told.
    legs: BTreeMap<u32, Far>,
    locating: Vec<(OperationId, u32)>,
    diallings: Vec<OperationId>,
    bridges: Vec<OperationId>,
    running: bool,
    stopped: bool,
    waits_for_dial: bool,
    records: u32,
}

#[derive(Default, Clone, Copy)]
struct Far {
    told_to_leave: bool,
    ended: bool,
    /// There is a media session, so somebody has to close it.
    audio: bool,
    closing: bool,
}

impl Party {
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice.next_u64() % sides
    }

    fn feed(&mut self, input: Input) {
        self.bench.feed(input);
        let mut stopped = false;
        for output in std::mem::take(&mut self.bench.outputs) {
            stopped |= matches!(output, Output::StopHandler);
            self.note(output);
        }
        if stopped {
            assert!(!self.stopped, "a handler is stopped once");
            (self.running, self.stopped) = (false, true);
            self.feed(Input::Stopped {
                usage: Usage::default(),
            });
        }
    }

    fn note(&mut self, output: Output) {
        match output {
            Output::Leg(leg, LegCommand::Place(_)) => {
                self.legs.insert(leg.0, Far::default());
            }
            Output::Leg(leg, LegCommand::HangUp | LegCommand::Reject(_) | LegCommand::Redirect(_)) => {
                let far = self.legs.get_mut(&leg.0).expect("only a known leg is hung up");
                assert!(!far.told_to_leave && !far.ended, "a leg is hung up once");
                far.told_to_leave = true;
            }
            Output::Media(leg, MediaCommand::Close) => self.legs.get_mut(&leg.0).unwrap().closing = true,
            Output::Locate { dial, endpoint, .. } => self.locating.push((dial, endpoint)),
            Output::Resume { answer, .. } => self.resumed(answer),
            Output::Ended(_) => self.records += 1,
            _ => {}
        }
    }

    fn resumed(&mut self, answer: Answer) {
        assert!(!self.running, "an answer comes only to a handler that waits");
        self.running = true;
        match answer {
            Answer::Dialled(_) => {
                assert!(self.waits_for_dial, "one outcome for one dialling");
                self.waits_for_dial = false;
            }
            Answer::Started(Ok(id)) if self.waits_for_dial => {
                self.waits_for_dial = false;
                self.diallings.push(id);
            }
            Answer::Started(Ok(id)) => self.bridges.push(id),
            Answer::Started(Err(_)) => self.waits_for_dial = false,
            _ => {}
        }
    }

    fn ask(&mut self) {
        let ask = self.random_ask();
        self.waits_for_dial = matches!(ask, Ask::Dial { .. } | Ask::StartDial { .. });
        self.running = false;
        self.feed(Input::Asked(ask));
    }

    fn random_ask(&mut self) -> Ask {
        let order = if self.roll(2) == 0 {
            Order::Together
        } else {
            Order::InTurn
        };
        let endpoints = (0..=self.roll(3)).map(|_| user("a")).collect();
        let caller = (self.roll(4) > 0).then_some(CALLER);
        let options = options(order);
        let some_leg = LegId((self.roll(self.legs.len() as u64)) as u32);
        let bridge = BridgeOptions {
            hang_up_on: Key::from_char('*'),
            longest_ms: Some(3_000),
            keys: KeysBetween::Pass,
            transfers: TransferPolicy::Refuse,
            hold_music: Some(file("welcome.wav")),
        };
        let dialling = self.diallings.last().copied();
        let bridging = self.bridges.last().copied();
        match (self.roll(12), dialling, bridging) {
            (0 | 1, ..) => Ask::Dial {
                caller,
                endpoints,
                options,
            },
            (2 | 3, ..) => Ask::StartDial {
                caller,
                endpoints,
                options,
            },
            (4, Some(operation), _) => Ask::DialResult { operation },
            (5, Some(operation), _) => {
                self.diallings.pop();
                Ask::Forget { operation }
            }
            (6, Some(operation), _) => Ask::CancelDial { operation },
            (7 | 8, ..) => Ask::Bridge {
                first: CALLER,
                second: some_leg,
                options: bridge,
            },
            (9, _, None) => Ask::StartBridge {
                first: CALLER,
                second: some_leg,
                options: bridge,
            },
            (9, _, Some(operation)) => {
                self.bridges.pop();
                Ask::Forget { operation }
            }
            (10, ..) => Ask::HangUp { leg: some_leg },
            _ => Ask::Answer { leg: CALLER },
        }
    }

    fn world(&mut self) {
        if let Some((dial, endpoint)) = self.locating.pop() {
            let branch = |key| Branch {
                key,
                from: String::new().into(),
                to: String::new().into(),
                longest: None,
            };
            let found = match self.roll(4) {
                0 => Err(NotLocated::Absent(Status::new(Availability::Unavailable))),
                ways => Ok((0..ways as u32).map(branch).collect()),
            };
            return self.feed(Input::Located { dial, endpoint, found });
        }
        let number = self.roll(self.legs.len() as u64) as u32;
        if self.legs[&number].ended {
            return;
        }
        let signal = match self.roll(9) {
            0 => LegSignal::Ringing,
            1 | 2 => LegSignal::AudioOpen,
            3 | 4 if number != 0 => LegSignal::Answered,
            5 => LegSignal::Key(Key::from_char('*').unwrap()),
            6 => LegSignal::Held,
            7 if number != 0 && self.roll(2) == 0 => return self.end(number, Some(refusal(486))),
            8 if self.roll(3) == 0 => return self.end(number, None),
            _ => return,
        };
        // The caller has audio only if it was asked for.
        if number != 0 && matches!(signal, LegSignal::AudioOpen | LegSignal::Answered) {
            self.legs.get_mut(&number).unwrap().audio = true;
        }
        self.feed(Input::Leg(LegId(number), signal));
    }

    fn end(&mut self, number: u32, cause: Option<Cause>) {
        self.legs.get_mut(&number).unwrap().ended = true;
        let why = Interruption::HungUp;
        self.feed(Input::Leg(LegId(number), LegSignal::Ended { why, cause }));
    }

    /// Far ends that were told to leave do so; so does everybody at last.
    fn finish(&mut self) {
        for _ in 0..4 {
            for number in self.legs.keys().copied().collect::<Vec<_>>() {
                if !self.legs[&number].ended {
                    self.end(number, None);
                }
            }
        }
        assert!(
            self.running || self.stopped || self.records == 1,
            "everything the handler waits for is interrupted"
        );
        if self.running {
            self.feed(Input::Returned {
                result: Ok(()),
                usage: Usage::default(),
            });
        }
        for number in self.legs.keys().copied().collect::<Vec<_>>() {
            if !self.legs[&number].ended {
                self.end(number, None);
            }
            let far = self.legs[&number];
            assert!(far.closing || !far.audio, "the media session of leg {number} is closed");
            if far.closing {
                self.feed(Input::Leg(
                    LegId(number),
                    LegSignal::MediaClosed(MediaCounters::default()),
                ));
            }
        }
    }
}

fn one_call(seed: u64) {
    let mut party = Party {
        dice: ChaCha12Rng::seed_from_u64(seed),
        bench: Bench::new(Description::Offered),
        legs: [(0, Far::default())].into(),
        locating: Vec::new(),
        diallings: Vec::new(),
        bridges: Vec::new(),
        running: true,
        stopped: false,
        waits_for_dial: false,
        records: 0,
    };
    for _ in 0..STEPS {
        if party.running && party.roll(2) == 0 {
            party.ask();
        } else {
            party.world();
        }
        party.bench.now += Duration::from_millis(party.dice.next_u64() % 900);
        party.feed(Input::Deadline);
    }
    party.finish();
    assert_eq!(party.records, 1, "seed {seed}: exactly one record");
    assert_eq!(party.bench.call.wake_at(), None, "seed {seed}: nothing is left to do");
}

#[test]
fn fuzz_every_order_of_parties_ends_in_exactly_one_record() {
    for seed in seeds(SEEDS) {
        let outcome = std::panic::catch_unwind(|| one_call(seed));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}
