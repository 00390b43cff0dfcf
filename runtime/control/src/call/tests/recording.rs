//! Recordings: every order of ends, pauses, taps and storage gives exactly one outcome.

use super::*;
use crate::ids::RecordingId;
use crate::record::{RecordingOutcome, RecordingRecord};
use crate::words::{Beep, NotRecorded, PauseWith, RecordEnd, RecordFormat, RecordOptions, Recorded, TrimSilence};
use rand_chacha::rand_core::Rng;

const FIRST: u32 = 1;
const SEEDS: u64 = 3_000;

fn options() -> RecordOptions {
    RecordOptions {
        format: RecordFormat::Wav,
        longest_ms: 60_000,
        finish_on: vec![Key::from_char('#').expect("a key")],
        silence_ms: Some(2_000),
        beep: Beep::No,
        trim: TrimSilence::Keep,
    }
}

fn saved(length_ms: u64) -> Saved {
    Saved {
        length_ms,
        bytes: 44 + length_ms * 16,
        sha256: [1; 32],
    }
}

fn over(why: Tapped) -> RecordingSignal {
    RecordingSignal::TapOver { channel: 0, why }
}

impl Bench {
    fn recording(&mut self, number: u32, signal: RecordingSignal) -> Option<Answer> {
        self.feed(Input::Recording { number, signal })
    }

    /// What was ordered of the tap just now.
    fn tap_orders(&self) -> Vec<TapCommand> {
        let orders = self.outputs.iter().filter_map(|output| match output {
            Output::Media(_, MediaCommand::Tap { order, .. }) => Some(*order),
            _ => None,
        });
        orders.collect()
    }

    fn finishes(&self) -> usize {
        let finish = |output: &&Output| matches!(output, Output::Recording(RecordingCommand::Finish { .. }));
        self.outputs.iter().filter(finish).count()
    }

    /// A recording that the handler started and does not wait for.
    fn started(&mut self, options: RecordOptions) -> OperationId {
        let ask = Ask::StartRecord {
            legs: vec![CALLER],
            options,
        };
        match self.ask(ask) {
            Some(Answer::Started(Ok(operation))) => operation,
            other => panic!("{other:?}"),
        }
    }

    /// The call ends; its recordings.
    fn records(&mut self) -> Vec<RecordingRecord> {
        self.hung_up();
        self.counted();
        self.returns();
        let ended = self.outputs.iter().find_map(|output| match output {
            Output::Ended(record) => Some(record.recordings.clone()),
            _ => None,
        });
        ended.expect("the call is over")
    }
}

fn recorded(ended_by: RecordEnd) -> Option<Answer> {
    let id = RecordingId {
        call: CallId(7),
        number: FIRST,
    };
    Some(Answer::Recorded(Ok(Recorded {
        id: id.to_string(),
        length_ms: 3_000,
        ended_by,
    })))
}

#[test]
fn the_handler_hears_of_it_only_when_storage_has_it() {
    let mut bench = Bench::answered();
    assert_eq!(
        bench.ask(Ask::Record {
            leg: CALLER,
            options: options()
        }),
        None
    );
    assert!(matches!(bench.tap_orders()[..], [TapCommand::Begin(_)]));
    assert_eq!(bench.key('#'), None);
    assert_eq!(bench.tap_orders(), [TapCommand::End]);
    assert_eq!(bench.finishes(), 0, "its last frames are on the way");
    assert_eq!(bench.recording(FIRST, over(Tapped::AsOrdered)), None);
    assert_eq!(bench.finishes(), 1);
    let answer = bench.recording(FIRST, RecordingSignal::Stored(Ok(saved(3_000))));
    assert_eq!(answer, recorded(RecordEnd::Key(Key::from_char('#').expect("a key"))));
    // The key is used up, and storage has no second word.
    assert_eq!(
        bench.recording(FIRST, RecordingSignal::Stored(Err(NotRecorded::Storage))),
        None
    );
    assert!(bench.call.legs[CALLER].pending_keys.is_empty());
    let records = bench.records();
    assert_eq!((records.len(), records[0].saved), (1, Some(saved(3_000))));
}

#[test]
fn a_key_that_does_not_end_it_is_kept_for_whoever_gathers() {
    let mut bench = Bench::answered();
    bench.started(options());
    bench.key('5');
    assert_eq!(bench.call.legs[CALLER].pending_keys.len(), 1);
    assert_eq!(bench.tap_orders(), []);
}

#[test]
fn a_beep_comes_first_and_its_finish_key_ends_it_all_the_same() {
    let with_beep = || RecordOptions {
        beep: Beep::Yes,
        ..options()
    };
    let mut bench = Bench::answered();
    bench.started(with_beep());
    let beep = bench.outputs.iter().find_map(|output| match output {
        Output::Media(_, MediaCommand::Play { operation, .. }) => Some(*operation),
        _ => None,
    });
    let operation = beep.expect("the beep is played");
    bench.now += SECOND;
    bench.leg(LegSignal::PlayEnded {
        operation,
        played_ms: 300,
        position_ms: 300,
        end: Some(PlayEnd::Finished),
    });
    assert_eq!(bench.tap_orders(), [TapCommand::Go { at_ms: 0 }]);

    let mut bench = Bench::answered();
    bench.started(with_beep());
    bench.key('#');
    assert_eq!(bench.tap_orders(), [TapCommand::End]);
}

#[test]
fn pauses_that_are_skipped_do_not_count() {
    let mut bench = Bench::answered();
    let operation = bench.started(options());
    bench.now += 2 * SECOND;
    bench.ask(Ask::PauseRecord {
        operation,
        with: PauseWith::Skip,
    });
    assert_eq!(bench.tap_orders(), [TapCommand::Pause(PauseWith::Skip)]);
    bench.now += 5 * SECOND;
    bench.ask(Ask::ResumeRecord { operation });
    assert_eq!(bench.tap_orders(), [TapCommand::Go { at_ms: 2_000 }]);
    bench.now += SECOND;
    bench.ask(Ask::PauseRecord {
        operation,
        with: PauseWith::Silence,
    });
    bench.now += 4 * SECOND;
    bench.ask(Ask::PauseRecord {
        operation,
        with: PauseWith::Skip,
    });
    bench.now += 9 * SECOND;
    bench.ask(Ask::ResumeRecord { operation });
    assert_eq!(bench.tap_orders(), [TapCommand::Go { at_ms: 7_000 }]);
    bench.ask(Ask::ResumeRecord { operation });
    assert_eq!(bench.tap_orders(), [], "it runs already");
}

#[test]
fn silence_ends_it_once_all_channels_are_silent_and_not_in_a_pause() {
    let mut bench = Bench::answered();
    let operation = bench.started(options());
    bench.ask(Ask::PauseRecord {
        operation,
        with: PauseWith::Silence,
    });
    bench.recording(FIRST, RecordingSignal::Quiet { channel: 0 });
    assert_eq!(bench.tap_orders(), []);
    bench.ask(Ask::ResumeRecord { operation });
    bench.recording(FIRST, RecordingSignal::Quiet { channel: 0 });
    assert_eq!(bench.tap_orders(), [TapCommand::End]);
}

#[test]
fn storage_may_fail_at_any_time_and_late_words_change_nothing() {
    let mut bench = Bench::answered();
    let operation = bench.started(options());
    bench.recording(FIRST, RecordingSignal::Stored(Err(NotRecorded::Storage)));
    assert_eq!(bench.tap_orders(), [TapCommand::End]);
    bench.recording(FIRST, over(Tapped::AsOrdered));
    assert_eq!(bench.finishes(), 0);
    let failed = Some(Answer::Recorded(Err(Error::NotRecorded(NotRecorded::Storage))));
    assert_eq!(bench.ask(Ask::StopRecord { operation }), failed);
    let records = bench.records();
    assert_eq!(records[0].outcome, RecordingOutcome::Failed(NotRecorded::Storage));
}

#[test]
fn a_tap_without_room_fails_it_and_what_was_written_is_told() {
    let mut bench = Bench::answered();
    bench.started(options());
    bench.recording(FIRST, over(Tapped::Dropped));
    assert_eq!(bench.finishes(), 1);
    bench.recording(FIRST, RecordingSignal::Stored(Ok(saved(3_000))));
    let records = bench.records();
    assert_eq!(records[0].outcome, RecordingOutcome::Failed(NotRecorded::Overloaded));
    assert_eq!(records[0].saved, Some(saved(3_000)));
}

#[test]
fn a_tap_and_a_storage_that_never_answer_are_waited_for_with_an_end() {
    let mut bench = Bench::answered();
    let operation = bench.started(options());
    assert_eq!(bench.ask(Ask::StopRecord { operation }), None);
    let close = Limits::default().recording_close;
    bench.now += close;
    assert_eq!(bench.feed(Input::Deadline), None);
    assert_eq!(bench.finishes(), 1);
    bench.now += close;
    let late = Some(Answer::Recorded(Err(Error::NotRecorded(NotRecorded::Late))));
    assert_eq!(bench.feed(Input::Deadline), late);
}

#[test]
fn the_call_waits_for_its_recordings_before_its_record() {
    let mut bench = Bench::answered();
    bench.started(options());
    bench.hung_up();
    bench.recording(FIRST, over(Tapped::Closed));
    bench.counted();
    bench.returns();
    assert!(!bench.outputs.iter().any(|output| matches!(output, Output::Ended(_))));
    bench.recording(FIRST, RecordingSignal::Stored(Ok(saved(3_000))));
    assert!(bench.outputs.iter().any(|output| matches!(output, Output::Ended(_))));
}

#[test]
fn there_is_a_limit_at_once_and_a_range_for_every_option() {
    let mut bench = Bench::answered();
    for _ in 0..Limits::default().recordings_at_once {
        bench.started(options());
    }
    let ask = |options| Ask::StartRecord {
        legs: vec![CALLER],
        options,
    };
    let refused = bench.ask(ask(options()));
    assert!(matches!(refused, Some(Answer::Started(Err(Error::Limit { .. })))));
    let mut bench = Bench::answered();
    let wrong = [
        RecordOptions {
            longest_ms: 999,
            ..options()
        },
        RecordOptions {
            silence_ms: Some(499),
            ..options()
        },
        RecordOptions {
            finish_on: vec![Key::from_char('1').expect("a key"); 17],
            ..options()
        },
    ];
    for options in wrong {
        let refused = bench.ask(ask(options));
        assert!(
            matches!(refused, Some(Answer::Started(Err(Error::Invalid { .. })))),
            "{refused:?}"
        );
    }
    let twice = bench.ask(Ask::StartRecord {
        legs: vec![CALLER; 2],
        options: options(),
    });
    assert!(matches!(twice, Some(Answer::Started(Err(Error::Invalid { .. })))));
}

/// A world that does what the call wants of taps and storage, in any order and with any failure.
fn one_call(seed: u64) {
    let mut dice = ChaCha12Rng::seed_from_u64(seed);
    let mut roll = |sides: u64| dice.next_u64() % sides;
    let mut bench = Bench::answered();
    let (mut operations, mut begun, mut owed) = (Vec::new(), 0, Vec::new());
    let mut left = false;
    for _ in 0..60 {
        let running = matches!(bench.call.handler, Handler::Running);
        match roll(9) {
            0 | 1 if running => {
                let beep = if roll(2) == 0 { Beep::No } else { Beep::Yes };
                let options = RecordOptions { beep, ..options() };
                let answer = bench.ask(Ask::StartRecord {
                    legs: vec![CALLER],
                    options,
                });
                if let Some(Answer::Started(Ok(operation))) = answer {
                    begun += 1;
                    operations.push(operation);
                }
            }
            2 if running && !operations.is_empty() => {
                let operation = operations[roll(operations.len() as u64) as usize];
                let ask = match roll(4) {
                    0 => Ask::PauseRecord {
                        operation,
                        with: PauseWith::Skip,
                    },
                    1 => Ask::ResumeRecord { operation },
                    2 => Ask::RecordResult { operation },
                    _ => Ask::StopRecord { operation },
                };
                bench.ask(ask);
            }
            3 => drop(bench.key('#')),
            4 if begun > 0 => {
                let signal = match roll(5) {
                    0 => RecordingSignal::Quiet { channel: 0 },
                    1 => RecordingSignal::Sound { channel: 0 },
                    2 => over(Tapped::Longest),
                    3 => over(Tapped::Dropped),
                    _ => RecordingSignal::Stored(Err(NotRecorded::Storage)),
                };
                bench.recording(1 + roll(begun) as u32, signal);
            }
            5 if !owed.is_empty() => {
                let (number, signal) = owed.swap_remove(roll(owed.len() as u64) as usize);
                bench.recording(number, signal);
            }
            6 if !left && roll(10) == 0 => {
                left = true;
                bench.hung_up();
            }
            _ => {
                bench.now += Duration::from_millis(roll(3_000));
                bench.feed(Input::Deadline);
            }
        }
        owed.extend(debts(&bench.outputs, roll(4) == 0));
    }
    finish(&mut bench, left, begun as usize, seed);
}

/// What taps and storage answer to what the call just wanted; some answers never come.
fn debts(outputs: &[Output], forgets: bool) -> Vec<(u32, RecordingSignal)> {
    let answers = outputs.iter().filter_map(|output| match output {
        Output::Media(
            _,
            MediaCommand::Tap {
                recording,
                order: TapCommand::End,
                ..
            },
        ) => Some((*recording, over(Tapped::AsOrdered))),
        Output::Recording(RecordingCommand::Finish { id }) => Some((id.number, RecordingSignal::Stored(Ok(saved(10))))),
        _ => None,
    });
    answers.filter(|_| !forgets).collect()
}

fn finish(bench: &mut Bench, left: bool, begun: usize, seed: u64) {
    if !left {
        bench.hung_up();
    }
    bench.counted();
    let mut records = Vec::new();
    for _ in 0..40 {
        match bench.call.handler {
            Handler::Running => bench.returns(),
            Handler::Stopping => drop(bench.feed(Input::Stopped {
                usage: Usage::default(),
            })),
            _ => {
                bench.now += SECOND;
                bench.feed(Input::Deadline);
            }
        }
        records.extend(bench.outputs.iter().filter_map(|output| match output {
            Output::Ended(record) => Some(record.recordings.clone()),
            _ => None,
        }));
    }
    assert_eq!(records.len(), 1, "seed {seed}: exactly one record");
    assert_eq!(
        records[0].len(),
        begun,
        "seed {seed}: every recording has its outcome in it"
    );
    assert_eq!(bench.call.wake_at(), None, "seed {seed}: nothing is left to do");
}

#[test]
fn fuzz_recordings_in_every_order_end_in_exactly_one_outcome() {
    for seed in seeds(SEEDS) {
        one_call(seed);
    }
}
