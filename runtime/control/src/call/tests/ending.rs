//! The end of a call: hang-ups, faults, the announcement, limits of time.

use super::*;
use crate::record::{Fault, FaultKind};

fn trap() -> Input {
    Input::Failed {
        fault: Fault {
            kind: FaultKind::Trap,
            text: "unreachable".to_owned(),
        },
        usage: Usage::default(),
    }
}

fn fault_kind(bench: &Bench) -> Option<FaultKind> {
    match &bench.record()?.handler_end {
        HandlerEnd::Faulted(fault) => Some(fault.kind),
        HandlerEnd::Done | HandlerEnd::NotRun => None,
    }
}

#[test]
fn a_hang_up_interrupts_what_the_handler_waits_for_and_it_may_clean_up() {
    let mut bench = Bench::answered();
    bench.ask(Ask::Sleep { ms: 10_000 });
    let interrupted = Some(Answer::Unit(Err(Error::Interrupted(Interruption::HungUp))));
    assert_eq!(bench.hung_up(), interrupted);
    assert_eq!(
        bench.ask(Ask::Sleep { ms: 1 }),
        interrupted,
        "after the end nothing waits any more"
    );
    assert!(matches!(
        bench.ask(play(file("welcome.wav"))),
        Some(Answer::Played(Err(Error::Interrupted(_))))
    ));
    assert!(bench.ask(Ask::Now).is_some());
    bench.counted();
    assert!(bench.record().is_none(), "the handler still runs");
    bench.returns();
    assert_eq!(
        bench.record().map(|record| record.legs[0].ended_by),
        Some(Interruption::HungUp)
    );
}

#[test]
fn a_trap_before_the_answer_answers_and_announces_before_the_bye() {
    let mut bench = Bench::new(Description::Offered);
    bench.feed(trap());
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Answer)));
    bench.leg(LegSignal::AudioOpen);
    let operation = bench.played();
    bench.leg(LegSignal::PlayEnded {
        operation,
        played_ms: 3_000,
        position_ms: 3_000,
        end: Some(PlayEnd::Finished),
    });
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
    bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: None,
    });
    bench.counted();
    assert_eq!(fault_kind(&bench), Some(FaultKind::Trap));
}

#[test]
fn a_trap_in_an_answered_call_announces_at_once() {
    let mut bench = Bench::answered();
    bench.feed(trap());
    let operation = bench.played();
    assert!(bench.outputs.iter().any(|output| matches!(
        output,
        Output::Media(
            _,
            MediaCommand::Play {
                source: PromptSource::Announcement,
                ..
            }
        )
    )));
    bench.leg(LegSignal::PlayEnded {
        operation,
        played_ms: 3_000,
        position_ms: 3_000,
        end: Some(PlayEnd::Finished),
    });
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
}

#[test]
fn an_announcement_that_never_ends_is_cut() {
    let mut bench = Bench::answered();
    bench.feed(trap());
    assert_eq!(bench.wake(30 * SECOND), None);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
}

#[test]
fn returning_without_a_word_is_a_fault_and_an_own_error_too() {
    let mut bench = Bench::new(Description::Offered);
    bench.returns();
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Answer)));
    bench.leg(LegSignal::Ended {
        why: Interruption::Cancelled,
        cause: Some(refusal(487)),
    });
    bench.counted();
    assert_eq!(fault_kind(&bench), Some(FaultKind::ReturnedUnanswered));

    let mut bench = Bench::answered();
    let result = Err(Error::Failed("no such customer".to_owned()));
    bench.feed(Input::Returned {
        result,
        usage: Usage::default(),
    });
    bench.played();
    bench.hung_up();
    bench.counted();
    assert_eq!(fault_kind(&bench), Some(FaultKind::Returned));
}

#[test]
fn a_refused_call_needs_no_announcement() {
    let mut bench = Bench::new(Description::Offered);
    bench.ask(Ask::Reject {
        leg: CALLER,
        reason: RejectReason::Busy,
    });
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Reject(486))));
    bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: Some(refusal(486)),
    });
    bench.returns();
    let record = bench.record().expect("no session was opened, nothing is awaited");
    assert_eq!(
        (record.legs[0].status, &record.handler_end),
        (Some(486), &HandlerEnd::Done)
    );
}

#[test]
fn the_longest_call_ends_with_its_own_reason() {
    let mut bench = Bench::answered();
    let four_hours = 4 * 3_600 * SECOND;
    bench.ask(Ask::WaitAny {
        operations: vec![OperationId(99)],
        timeout_ms: None,
    });
    bench.wake(four_hours);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
    bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: None,
    });
    bench.returns();
    bench.counted();
    assert_eq!(
        bench.record().map(|record| record.legs[0].ended_by),
        Some(Interruption::TimeLimit)
    );
}

#[test]
fn a_call_that_nobody_answers_is_refused_after_three_minutes() {
    let mut bench = Bench::new(Description::Offered);
    bench.ask(Ask::Ring { leg: CALLER });
    bench.ask(Ask::Sleep { ms: 14_400_000 });
    bench.wake(180 * SECOND);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Reject(503))));
    let answer = bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: Some(refusal(503)),
    });
    assert_eq!(
        answer,
        Some(Answer::Unit(Err(Error::Interrupted(Interruption::TimeLimit))))
    );
}

#[test]
fn lost_media_and_the_operator_end_a_call_each_with_its_reason() {
    let mut bench = Bench::answered();
    bench.ask(Ask::Sleep { ms: 10_000 });
    bench.leg(LegSignal::MediaLost);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
    let answer = bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: None,
    });
    assert_eq!(
        answer,
        Some(Answer::Unit(Err(Error::Interrupted(Interruption::MediaLost))))
    );

    let mut bench = Bench::new(Description::Offered);
    bench.ask(Ask::Sleep { ms: 10_000 });
    bench.feed(Input::End(Interruption::EndedByPlatform));
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Reject(503))));
}

#[test]
fn counters_that_never_come_do_not_hold_the_record_back_for_ever() {
    let mut bench = Bench::answered();
    bench.hung_up();
    bench.returns();
    assert!(bench.record().is_none());
    bench.wake(2 * SECOND);
    assert_eq!(bench.record().map(|record| record.legs[0].media), Some(None));
}
