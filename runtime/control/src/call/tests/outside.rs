//! Changes from outside driven by hand: what wins where a handler does the same.

use super::*;
use crate::call::{Change, ChangeError, Changed, Interrupt};
use crate::words::{InboxMessage, PlayOptions};

fn change(bench: &mut Bench, change: Change) -> Result<Changed, ChangeError> {
    let changed = bench.call.change(bench.now, change);
    bench.outputs = std::iter::from_fn(|| bench.call.poll()).collect();
    changed
}

fn prompt(interrupt: Interrupt) -> Change {
    Change::Play {
        leg: CALLER,
        prompt: file("welcome.wav"),
        options: PlayOptions {
            barge_in: false,
            times: 1,
            from_ms: 0,
            volume_db: 0,
        },
        interrupt,
    }
}

fn keys(keys: &str) -> Change {
    Change::SendKeys {
        leg: CALLER,
        keys: keys.to_owned().into(),
    }
}

fn ended(operation: OperationId, end: PlayEnd) -> LegSignal {
    LegSignal::PlayEnded {
        operation,
        played_ms: 500,
        position_ms: 500,
        end: Some(end),
    }
}

fn message(name: &str) -> InboxMessage {
    InboxMessage {
        name: name.to_owned(),
        data: String::new().into(),
    }
}

#[test]
fn the_handlers_prompt_takes_the_place_of_one_from_outside_and_neither_is_confused() {
    let mut bench = Bench::answered();
    assert_eq!(change(&mut bench, prompt(Interrupt::No)), Ok(Changed::Done));
    let outside = bench.played();
    assert_eq!(bench.ask(play(file("welcome.wav"))), None);
    let handlers = bench.played();
    assert_ne!(outside, handlers);
    assert_eq!(
        bench.leg(ended(outside, PlayEnd::Replaced)),
        None,
        "the handler waits for its own"
    );
    let answer = bench.leg(ended(handlers, PlayEnd::Finished));
    assert!(matches!(answer, Some(Answer::Played(Ok(played))) if played.ended_by == PlayEnd::Finished));
    assert_eq!(
        change(&mut bench, prompt(Interrupt::No)),
        Ok(Changed::Done),
        "all is quiet again"
    );
}

#[test]
fn a_prompt_of_the_handler_that_gives_way_says_so() {
    let mut bench = Bench::answered();
    assert_eq!(bench.ask(play(file("welcome.wav"))), None);
    let handlers = bench.played();
    assert_eq!(
        change(&mut bench, prompt(Interrupt::No)),
        Err(ChangeError::Playing(CALLER))
    );
    assert_eq!(bench.outputs, [], "a refusal changes nothing");
    assert_eq!(change(&mut bench, prompt(Interrupt::Yes)), Ok(Changed::Done));
    let outside = bench.played();
    let answer = bench.leg(ended(handlers, PlayEnd::Replaced));
    assert!(matches!(answer, Some(Answer::Played(Ok(played))) if played.ended_by == PlayEnd::Replaced));
    assert_eq!(change(&mut bench, Change::StopPlay { leg: CALLER }), Ok(Changed::Done));
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation: outside })));
}

#[test]
fn keys_wait_for_those_of_the_handler_and_go_at_their_time() {
    let mut bench = Bench::answered();
    let send = Ask::SendKeys {
        leg: CALLER,
        keys: "w1".to_owned().into(),
    };
    assert_eq!(bench.ask(send), None);
    let busy = Err(ChangeError::SendingKeys(CALLER));
    assert_eq!(change(&mut bench, keys("2")), busy, "its pause");
    bench.wake(SECOND / 2);
    assert_eq!(change(&mut bench, keys("2")), busy, "its key");
    assert_eq!(bench.wake(SECOND / 5), Some(Answer::Unit(Ok(()))));
    assert_eq!(bench.ask(Ask::Sleep { ms: 60_000 }), None);
    assert_eq!(change(&mut bench, keys("W2")), Ok(Changed::Done));
    assert_eq!(bench.outputs, []);
    bench.wake(SECOND);
    assert!(matches!(&bench.outputs[..], [Output::Media(CALLER, MediaCommand::SendKeys(keys))] if keys.len() == 1));
    assert_eq!(change(&mut bench, keys("3")), busy);
    bench.wake(SECOND / 5);
    assert_eq!(change(&mut bench, keys("3")), Ok(Changed::Done));
    bench.hung_up();
    let clean_up = bench.call.setup().limits.clean_up;
    assert_eq!(bench.call.wake_at(), Some(bench.now + SECOND / 5));
    bench.wake(SECOND / 5);
    assert!(
        bench.call.wake_at() > Some(bench.now + clean_up / 2),
        "keys for nobody are forgotten"
    );
}

#[test]
fn a_handler_that_has_ended_is_told_nothing() {
    let mut bench = Bench::answered();
    bench.returns();
    assert_eq!(
        change(&mut bench, Change::Tell(message("late"))),
        Err(ChangeError::HandlerOver)
    );
    assert_eq!(change(&mut bench, keys("1")), Err(ChangeError::HandlerOver));
    assert_eq!(change(&mut bench, Change::End), Ok(Changed::Done));
}

#[test]
fn a_message_ends_the_wait_and_time_ends_it_too() {
    let mut bench = Bench::answered();
    let receive = |timeout_ms| Ask::ReceiveMessage { timeout_ms };
    assert_eq!(bench.ask(receive(Some(1_000))), None);
    assert_eq!(bench.wake(SECOND), Some(Answer::Message(Ok(None))));
    assert_eq!(bench.ask(receive(None)), None);
    assert_eq!(change(&mut bench, Change::Tell(message("a"))), Ok(Changed::Done));
    let resumed = Output::Resume {
        answer: Answer::Message(Ok(Some(message("a")))),
        turn: Turn::New,
    };
    assert_eq!(bench.outputs, [resumed]);
    assert_eq!(change(&mut bench, Change::Tell(message("b"))), Ok(Changed::Done));
    assert_eq!(bench.ask(receive(None)), Some(Answer::Message(Ok(Some(message("b"))))));
    assert!(matches!(
        bench.ask(receive(Some(u32::MAX))),
        Some(Answer::Message(Err(Error::Invalid { .. })))
    ));
    let Some(Answer::Started(Ok(inbox))) = bench.ask(Ask::InboxOperation) else {
        panic!("there is room for an operation")
    };
    let any = Ask::WaitAny {
        operations: vec![inbox],
        timeout_ms: None,
    };
    assert_eq!(bench.ask(any.clone()), None);
    assert_eq!(change(&mut bench, Change::Tell(message("c"))), Ok(Changed::Done));
    assert_eq!(bench.ask(Ask::Done { operation: inbox }), Some(Answer::Flag(true)));
    assert_eq!(
        bench.ask(any),
        Some(Answer::Any(Ok(Some(0)))),
        "it stays done until it is received"
    );
    assert_eq!(bench.ask(receive(None)), Some(Answer::Message(Ok(Some(message("c"))))));
    assert_eq!(bench.ask(Ask::Done { operation: inbox }), Some(Answer::Flag(false)));
    bench.hung_up();
    let gone = Answer::Message(Err(Error::Interrupted(Interruption::HungUp)));
    assert_eq!(bench.ask(receive(None)), Some(gone));
}
