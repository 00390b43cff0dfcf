//! Inputs in random order: whatever a handler and a far end do, the call ends exactly once and never panics.

use super::*;
use crate::record::{Fault, FaultKind};
use crate::words::Heard;
use rand_chacha::rand_core::Rng;

const SEEDS: u64 = 3_000;
const STEPS: usize = 60;

struct Dice(ChaCha12Rng);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0.next_u64() % sides
    }
}

fn random_ask(dice: &mut Dice, operations: &[(OperationId, bool)]) -> Ask {
    let options = PlayOptions {
        barge_in: dice.roll(2) == 0,
        times: 1,
        from_ms: 0,
        volume_db: 0,
    };
    let keys = GatherOptions {
        barge_in: dice.roll(2) == 0,
        prompt: (dice.roll(2) == 0).then(|| file("welcome.wav")),
        speech: (dice.roll(2) == 0).then(hearing::hearing),
        ..gather()
    };
    let known = operations.get(dice.roll(8) as usize).copied();
    match (dice.roll(14), known) {
        (0, _) => Ask::Ring { leg: CALLER },
        (1 | 2, _) => Ask::Answer { leg: CALLER },
        (3, _) => Ask::EarlyMedia { leg: CALLER },
        (4, _) if dice.roll(4) == 0 => Ask::Reject {
            leg: CALLER,
            reason: RejectReason::Busy,
        },
        (4, _) if dice.roll(4) == 0 => Ask::HangUp { leg: CALLER },
        (5, _) => Ask::Play {
            leg: CALLER,
            prompt: file("welcome.wav"),
            options,
        },
        (6, _) => Ask::StartPlay {
            leg: CALLER,
            prompt: file("welcome.wav"),
            options,
        },
        (7, _) => Ask::Gather {
            leg: CALLER,
            options: keys,
        },
        (8, _) => Ask::StartGather {
            leg: CALLER,
            options: keys,
        },
        (9, Some((operation, true))) => Ask::CancelGather { operation },
        (9, Some((operation, false))) => Ask::StopPlay { operation },
        (10, Some((operation, _))) => Ask::WaitAny {
            operations: vec![operation],
            timeout_ms: Some(700),
        },
        (11, Some((operation, true))) => Ask::GatherResult { operation },
        (11, Some((operation, false))) => Ask::PlayResult { operation },
        (12, _) => Ask::Sleep { ms: 300 },
        _ => Ask::Elapsed,
    }
}

fn random_signal(dice: &mut Dice, plays: &mut Vec<OperationId>) -> Option<LegSignal> {
    Some(match dice.roll(15) {
        0..=3 => LegSignal::AudioOpen,
        4..=6 => LegSignal::Key(Key::from_event(dice.roll(16) as u8)?),
        7..=9 => LegSignal::PlayEnded {
            operation: plays.pop()?,
            played_ms: 20,
            position_ms: 20,
            end: Some(PlayEnd::Finished),
        },
        13 => LegSignal::SpeechBegan {
            operation: OperationId(1 + dice.roll(8) as u32),
        },
        14 => LegSignal::Heard {
            operation: OperationId(1 + dice.roll(8) as u32),
            heard: match dice.roll(3) {
                0 => Err("nobody listens".to_owned()),
                1 => Ok(Heard::NoMatch),
                _ => Ok(Heard::Said(hearing::said("sales"))),
            },
        },
        10 if dice.roll(4) == 0 => LegSignal::MediaLost,
        12 => LegSignal::NotSpoken {
            operation: *plays.last()?,
            why: "there is no such voice".to_owned(),
        },
        _ => return None,
    })
}

/// What the world owes the call: counters of sessions it closed, ends of prompts it started.
#[derive(Default)]
struct Debts {
    closed: bool,
    plays: Vec<OperationId>,
    operations: Vec<(OperationId, bool)>,
    started_gather: bool,
    records: u32,
    running: bool,
}

impl Debts {
    fn note(&mut self, outputs: &[Output]) {
        for output in outputs {
            match output {
                Output::Media(_, MediaCommand::Close) => self.closed = true,
                Output::Media(_, MediaCommand::Play { operation, .. }) => self.plays.push(*operation),
                Output::Media(_, MediaCommand::Stop { operation }) => self.plays.push(*operation),
                Output::Resume { answer, .. } => {
                    self.running = true;
                    if let Answer::Started(Ok(id)) = answer {
                        self.operations.push((*id, self.started_gather));
                    }
                }
                Output::Ended(_) => self.records += 1,
                _ => {}
            }
        }
    }
}

fn one_call(seed: u64) {
    let mut dice = Dice(ChaCha12Rng::seed_from_u64(seed));
    let mut bench = Bench::new(if dice.roll(4) == 0 {
        Description::Late
    } else {
        Description::Offered
    });
    let mut debts = Debts {
        running: true,
        ..Debts::default()
    };
    let mut over = false;
    for _ in 0..STEPS {
        let input = match dice.roll(4) {
            _ if over => None,
            0 | 1 if debts.running => {
                let ask = random_ask(&mut dice, &debts.operations);
                debts.started_gather = matches!(ask, Ask::StartGather { .. });
                debts.running = false;
                Some(Input::Asked(ask))
            }
            2 if debts.running && dice.roll(12) == 0 => {
                over = true;
                let fault = Fault {
                    kind: FaultKind::Trap,
                    text: String::new(),
                };
                Some(Input::Failed {
                    fault,
                    usage: Usage::default(),
                })
            }
            _ => random_signal(&mut dice, &mut debts.plays).map(|signal| Input::Leg(CALLER, signal)),
        };
        if let Some(input) = input {
            bench.feed(input);
            debts.note(&bench.outputs);
        }
        bench.now += Duration::from_millis(dice.roll(400));
        bench.feed(Input::Deadline);
        debts.note(&bench.outputs);
    }
    finish(&mut bench, &mut debts, over);
    assert_eq!(debts.records, 1, "seed {seed}: exactly one record");
    assert_eq!(bench.call.wake_at(), None, "seed {seed}: nothing is left to do");
}

/// The far end leaves and the handler returns; the world pays what it owes.
fn finish(bench: &mut Bench, debts: &mut Debts, over: bool) {
    bench.hung_up();
    debts.note(&bench.outputs);
    if !over {
        bench.returns();
        debts.note(&bench.outputs);
    }
    if debts.closed {
        bench.counted();
        debts.note(&bench.outputs);
    }
}

#[test]
fn fuzz_every_order_of_events_ends_in_exactly_one_record() {
    for seed in seeds(SEEDS) {
        one_call(seed);
    }
}
