//! Placed calls driven by hand, then with far ends at random: one status each, and a handler only for those that are
//! answered.

use super::dialling::{locate, refused, user};
use super::*;
use crate::call::{Change, ChangeError, Changed, HandlerState, NotLocated, OnMachine, Opening};
use crate::presence::{Availability, Status};
use crate::record::CallStatus;
use crate::words::{AnsweredBy, CallerId, DetectionOptions, LegDirection, MachineWait};
use rand_chacha::rand_core::Rng;
use std::collections::BTreeMap;

fn opening() -> Opening {
    Opening {
        to: user("bob"),
        caller_id: CallerId::Caller,
        caller_name: None,
        ring_ms: 30_000,
        longest: None,
        detect_machine: None,
        on_machine: OnMachine::Handle,
        redirects: 1,
    }
}

fn detecting(on_machine: OnMachine) -> Opening {
    Opening {
        detect_machine: Some(DetectionOptions {
            wait_for: MachineWait::Verdict,
            timeout_ms: 3_000,
            speech_ms: 2_000,
            speech_end_ms: 1_000,
            silence_ms: 3_000,
        }),
        on_machine,
        ..opening()
    }
}

/// A call that has just been placed.
fn placed(opening: Opening) -> Bench {
    let inbound = Bench::new(Description::Offered);
    let mut setup = inbound.call.setup().clone();
    setup.info.direction = LegDirection::Outbound;
    let mut bench = Bench {
        call: Call::placed(inbound.now, setup, opening).expect("it is in its ranges"),
        now: inbound.now,
        outputs: Vec::new(),
    };
    bench.outputs = std::iter::from_fn(|| bench.call.poll()).collect();
    bench
}

fn change(bench: &mut Bench, change: Change) -> Result<Changed, ChangeError> {
    let changed = bench.call.change(bench.now, change);
    bench.outputs = std::iter::from_fn(|| bench.call.poll()).collect();
    changed
}

#[test]
fn the_handler_is_started_by_the_answer_and_not_before() {
    let mut bench = placed(opening());
    assert_eq!(bench.call.status(), CallStatus::Queued);
    assert_eq!(locate(&mut bench, 1), [CALLER]);
    assert!(!bench.wants(&Output::Start));
    bench.leg(LegSignal::Ringing);
    assert_eq!(bench.call.status(), CallStatus::Ringing);
    assert_eq!(bench.call.snapshot(bench.now).handler_state, HandlerState::NotStarted);
    bench.leg(LegSignal::Answered);
    assert!(bench.wants(&Output::Start));
    assert_eq!(bench.ask(Ask::Beginning), Some(Answer::Began(Began::Placed(None))));
    assert_eq!(bench.ask(Ask::Answer { leg: CALLER }), Some(Answer::Unit(Ok(()))));
    assert_eq!(bench.outputs.len(), 1, "nothing is sent for it");
    bench.returns();
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
}

#[test]
fn a_call_whose_way_is_still_looked_for_is_given_up_at_once() {
    let mut bench = placed(opening());
    assert_eq!(change(&mut bench, Change::End), Ok(Changed::Done));
    let record = bench.record().expect("there is nothing to wait for");
    assert_eq!(
        (record.status, &record.handler_end),
        (CallStatus::Canceled, &HandlerEnd::NotRun)
    );
    assert_eq!(record.legs[0].to.reveal(), "100");
    let late = Input::Located {
        dial: OperationId(1),
        endpoint: 0,
        found: Err(NotLocated::NotFound),
    };
    bench.feed(late);
    assert_eq!(bench.outputs, [], "it is over");
    assert_eq!(change(&mut bench, Change::End), Err(ChangeError::NoSuchCall));
}

#[test]
fn an_answer_that_crosses_the_end_changes_nothing() {
    let mut bench = placed(opening());
    locate(&mut bench, 1);
    bench.leg(LegSignal::Ringing);
    assert_eq!(change(&mut bench, Change::End), Ok(Changed::Done));
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
    bench.leg(LegSignal::Answered);
    assert!(!bench.wants(&Output::Start));
    bench.hung_up();
    bench.counted();
    assert_eq!(bench.record().map(|record| record.status), Some(CallStatus::Canceled));
}

#[test]
fn nobody_rings_longer_than_wanted() {
    let mut bench = placed(opening());
    locate(&mut bench, 1);
    bench.leg(LegSignal::Ringing);
    bench.wake(30 * SECOND);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
    refused(&mut bench, CALLER, 487);
    assert_eq!(bench.record().map(|record| record.status), Some(CallStatus::NoAnswer));
}

#[test]
fn policy_and_a_host_that_nobody_knows_give_a_status_and_the_rule() {
    for (why, refusal) in [
        (
            NotLocated::Forbidden("no rule allows this".to_owned()),
            Some("no rule allows this"),
        ),
        (NotLocated::NotFound, None),
        (NotLocated::Unreachable, None),
    ] {
        let mut bench = placed(opening());
        bench.feed(Input::Located {
            dial: OperationId(1),
            endpoint: 0,
            found: Err(why),
        });
        let record = bench.record().expect("over");
        assert_eq!(
            (record.status, record.refusal.as_deref()),
            (CallStatus::Failed, refusal)
        );
    }
    let mut bench = placed(opening());
    bench.feed(Input::Located {
        dial: OperationId(1),
        endpoint: 0,
        found: Err(NotLocated::Absent(Status::new(Availability::Unavailable))),
    });
    let record = bench.record().expect("over");
    assert_eq!(
        (record.status, record.legs[0].status),
        (CallStatus::NoAnswer, Some(480))
    );
}

#[test]
fn the_second_phone_that_answers_takes_the_first_ones_number() {
    let mut bench = placed(opening());
    assert_eq!(locate(&mut bench, 3), [CALLER, LegId(1), LegId(2)]);
    bench.feed(Input::Leg(LegId(2), LegSignal::Answered));
    // In this order: what follows uses the new numbers.
    let wanted = [
        Output::Swap(LegId(2)),
        Output::Leg(LegId(2), LegCommand::HangUp),
        Output::Leg(LegId(1), LegCommand::HangUp),
        Output::Start,
    ];
    assert_eq!(bench.outputs, wanted);
    let legs = bench.call.snapshot(bench.now).legs;
    let states: Vec<LegState> = legs.iter().map(|leg| leg.state).collect();
    assert_eq!(states, [LegState::Answered, LegState::Ended, LegState::Ended]);
}

#[test]
fn a_machine_is_hung_up_if_that_is_wanted_and_the_record_says_so() {
    for (by, runs) in [
        (AnsweredBy::Machine, false),
        (AnsweredBy::Human, true),
        (AnsweredBy::Unknown, true),
    ] {
        let mut bench = placed(detecting(OnMachine::HangUp));
        locate(&mut bench, 1);
        bench.leg(LegSignal::Answered);
        assert_eq!(
            (bench.call.status(), bench.wants(&Output::Start)),
            (CallStatus::InProgress, false)
        );
        bench.leg(LegSignal::Detected(by));
        assert_eq!(bench.wants(&Output::Start), runs);
        if runs {
            bench.returns();
        }
        bench.hung_up();
        bench.counted();
        let record = bench.record().expect("over");
        assert_eq!((record.status, record.answered_by), (CallStatus::Completed, Some(by)));
        assert_eq!(record.handler_end == HandlerEnd::NotRun, !runs);
    }
}

/// A far end of a placed call: what it has done, and what it owes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Far {
    Called,
    Answered,
    Leaving,
    Gone,
}

/// Far ends at random.
struct Round {
    bench: Bench,
    dice: ChaCha12Rng,
    far: BTreeMap<u32, Far>,
    locating: u32,
    closing: Vec<LegId>,
    starts: u32,
    records: Vec<CallRecord>,
    runs: bool,
}

impl Round {
    fn new(seed: u64) -> Self {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let wanted = match dice.next_u64() % 3 {
            0 => opening(),
            1 => detecting(OnMachine::Handle),
            _ => detecting(OnMachine::HangUp),
        };
        let mut round = Self {
            bench: placed(wanted),
            dice,
            far: BTreeMap::new(),
            locating: 0,
            closing: Vec::new(),
            starts: 0,
            records: Vec::new(),
            runs: false,
        };
        round.note();
        round
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice.next_u64() % sides
    }

    /// What the call wants of far ends, as they then are.
    fn note(&mut self) {
        for output in std::mem::take(&mut self.bench.outputs) {
            match output {
                Output::Locate { .. } => self.locating += 1,
                Output::Leg(leg, LegCommand::Place(_)) => {
                    self.far.insert(leg.0, Far::Called);
                }
                Output::Leg(leg, LegCommand::HangUp) => {
                    self.far.insert(leg.0, Far::Leaving);
                }
                Output::Media(leg, MediaCommand::Close) => self.closing.push(leg),
                Output::Swap(leg) => {
                    let both = (self.far.remove(&leg.0), self.far.remove(&CALLER.0));
                    self.far.extend(both.0.map(|far| (CALLER.0, far)));
                    self.far.extend(both.1.map(|far| (leg.0, far)));
                }
                Output::Start => {
                    self.starts += 1;
                    self.runs = true;
                }
                Output::Ended(record) => self.records.push(*record),
                _ => {}
            }
        }
    }

    fn feed(&mut self, input: Input) {
        self.bench.feed(input);
        self.note();
    }

    fn located(&mut self) {
        self.locating -= 1;
        let branch = |key| Branch {
            key,
            from: "100".to_owned().into(),
            to: "200".to_owned().into(),
            longest: None,
        };
        let found = match self.roll(6) {
            0 => Err(NotLocated::NotFound),
            ways => Ok((0..1 + ways as u32 / 2).map(branch).collect()),
        };
        self.feed(Input::Located {
            dial: OperationId(1),
            endpoint: 0,
            found,
        });
    }

    fn far_end(&mut self) {
        let alive: Vec<u32> = self
            .far
            .iter()
            .filter(|(_, far)| **far != Far::Gone)
            .map(|(leg, _)| *leg)
            .collect();
        if alive.is_empty() {
            return;
        }
        let leg = alive[self.roll(alive.len() as u64) as usize];
        let gone = |status: Option<u16>| LegSignal::Ended {
            why: Interruption::NotConnected,
            cause: status.map(refusal),
        };
        let did = (self.far[&leg], self.roll(6));
        let (next, signal) = match did {
            (Far::Called, 0 | 1) => (Far::Called, LegSignal::Ringing),
            (Far::Called, 2) => (Far::Answered, LegSignal::Answered),
            (Far::Called, 3) => {
                let to = vec!["sip:other@example.com".to_owned().into()];
                self.feed(Input::Leg(LegId(leg), LegSignal::Redirected(to)));
                (Far::Gone, gone(Some(302)))
            }
            (Far::Called, _) => (Far::Gone, gone(Some(486))),
            (Far::Answered, 0..=2) => (Far::Answered, LegSignal::Detected(AnsweredBy::Machine)),
            (Far::Answered, _) => (Far::Gone, gone(None)),
            // It crosses our hanging up.
            (_, 0) => (Far::Leaving, LegSignal::Answered),
            _ => (Far::Gone, gone(None)),
        };
        self.far.insert(leg, next);
        self.feed(Input::Leg(LegId(leg), signal));
    }

    fn step(&mut self) {
        match self.roll(8) {
            0 if self.locating > 0 => self.located(),
            1 if self.roll(6) == 0 => {
                let _ = change(&mut self.bench, Change::End);
                self.note();
            }
            2 if self.roll(4) == 0 => self.pass_time(),
            3 if self.runs => {
                self.runs = false;
                self.feed(Input::Returned {
                    result: Ok(()),
                    usage: Usage::default(),
                });
            }
            4 => {
                if let Some(leg) = self.closing.pop() {
                    self.feed(Input::Leg(leg, LegSignal::MediaClosed(MediaCounters::default())));
                }
            }
            _ => self.far_end(),
        }
    }

    fn pass_time(&mut self) {
        if let Some(at) = self.bench.call.wake_at() {
            self.bench.now = self.bench.now.max(at);
            self.feed(Input::Deadline);
        }
    }
}

#[test]
fn whatever_far_ends_do_there_is_one_record_and_a_handler_only_after_an_answer() {
    let (mut answered, mut not) = (0, 0);
    for seed in seeds(3_000) {
        let mut round = Round::new(seed);
        let mut steps = 0;
        while round.records.is_empty() {
            steps += 1;
            assert!(steps < 3_000, "seed {seed}: it does not end");
            round.step();
            if steps % 50 == 0 {
                round.pass_time();
            }
        }
        let [record] = &round.records[..] else {
            panic!("seed {seed}: one record")
        };
        assert!(record.status.is_final() && round.starts <= 1, "seed {seed}");
        assert_eq!(
            record.handler_end == HandlerEnd::NotRun,
            round.starts == 0,
            "seed {seed}"
        );
        assert_eq!(round.bench.call.wake_at(), None, "seed {seed}");
        match round.starts {
            0 => not += 1,
            _ => {
                answered += 1;
                assert_eq!(record.status, CallStatus::Completed, "seed {seed}");
                assert!(record.legs[0].answered_at.is_some(), "seed {seed}");
            }
        }
    }
    assert!(
        answered > 100 && not > 100,
        "{answered} and {not} are too few to mean much"
    );
}
