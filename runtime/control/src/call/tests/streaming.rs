//! Streams: what is refused, what is told, and exactly one outcome whatever ends them in whatever order.

use super::*;
use crate::record::StreamRecord;
use crate::words::{LimitName, StreamCounts, StreamDirection, StreamEnd, StreamFormat, StreamOptions};
use rand_chacha::rand_core::Rng;

const FIRST: u32 = 1;
const SEEDS: u64 = 3_000;

fn options(url: &str) -> StreamOptions {
    StreamOptions {
        url: url.to_owned().into(),
        format: StreamFormat::Mulaw8k,
        direction: StreamDirection::Both,
        parameters: Vec::new(),
        reconnect: 0,
    }
}

fn counts() -> StreamCounts {
    StreamCounts {
        heard_ms: 3_000,
        ..StreamCounts::default()
    }
}

fn over(why: StreamOver) -> StreamSignal {
    StreamSignal::Over { why, counts: counts() }
}

impl Bench {
    fn stream(&mut self, signal: StreamSignal) -> Option<Answer> {
        self.feed(Input::Stream { number: FIRST, signal })
    }

    fn start_stream(&mut self, options: StreamOptions) -> Result<OperationId, Error> {
        let leg = CALLER;
        match self.ask(Ask::StartStream { leg, options }) {
            Some(Answer::Started(started)) => started,
            other => panic!("{other:?}"),
        }
    }

    fn streaming(&mut self) -> OperationId {
        self.start_stream(options("ws://a/talk/1")).expect("it is allowed")
    }

    fn stream_commands(&self) -> Vec<StreamCommand> {
        let commands = self.outputs.iter().filter_map(|output| match output {
            Output::Stream { command, .. } => Some(command.clone()),
            _ => None,
        });
        commands.collect()
    }

    /// The call ends; its streams.
    fn stream_records(&mut self) -> Vec<StreamRecord> {
        self.hung_up();
        self.counted();
        self.returns();
        let ended = self.outputs.iter().find_map(|output| match output {
            Output::Ended(record) => Some(record.streams.clone()),
            _ => None,
        });
        ended.expect("the call is over")
    }
}

fn ended(answer: Option<Answer>) -> StreamEnd {
    match answer {
        Some(Answer::Streamed(Ok(streamed))) => {
            assert_eq!(
                (streamed.id.as_str(), streamed.counts),
                ("str_00000000000000000000000000000007_1", counts())
            );
            streamed.ended_by
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_the_operator_allows_and_the_contract_holds_is_streamed() {
    let mut bench = Bench::answered();
    let refused = |bench: &mut Bench, options| match bench.start_stream(options).expect_err("it is refused") {
        Error::Invalid { argument, .. } => argument,
        Error::NotAllowed(_) => "not allowed".to_owned(),
        Error::Limit { name, .. } => format!("{name:?}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut bench, options("http://a/talk/")), "options.url");
    assert_eq!(refused(&mut bench, options("ws://a/secret?token=x")), "not allowed");
    let told = bench
        .start_stream(options("ws://a/secret?token=x"))
        .expect_err("refused")
        .to_string();
    assert!(!told.contains("secret") && !told.contains("token"), "{told}");
    let good = options("ws://a/talk/1");
    let parameter = |name: &str, value: &str| (name.to_owned(), value.to_owned().into());
    let many = StreamOptions {
        parameters: vec![parameter("a", "b"); 33],
        ..good.clone()
    };
    assert_eq!(refused(&mut bench, many), "Parameters");
    let long = StreamOptions {
        parameters: vec![parameter("a", &"b".repeat(4_097))],
        ..good.clone()
    };
    assert_eq!(refused(&mut bench, long), "StringBytes");
    let stubborn = StreamOptions { reconnect: 33, ..good };
    assert_eq!(refused(&mut bench, stubborn), "options.reconnect");
    assert_eq!(bench.stream_records(), []);
}

#[test]
fn one_stream_speaks_to_a_leg_and_there_are_no_more_than_the_limit() {
    let mut bench = Bench::answered();
    bench.streaming();
    let second = bench.start_stream(options("ws://a/talk/1"));
    assert!(matches!(second, Err(Error::Invalid { argument, .. }) if argument == "options.direction"));
    let listening = StreamOptions {
        direction: StreamDirection::Listen,
        ..options("ws://a/talk/1")
    };
    for _ in 0..3 {
        assert!(bench.start_stream(listening.clone()).is_ok());
    }
    let fifth = bench.start_stream(listening);
    assert!(matches!(
        fifth,
        Err(Error::Limit {
            name: LimitName::Streams,
            allowed: 4,
            ..
        })
    ));
    // The first is over: its place is free.
    bench.stream(over(StreamOver::Finished));
    bench.streaming();
}

#[test]
fn a_waiting_handler_hears_why_it_ended() {
    let ends = [
        (StreamOver::Finished, StreamEnd::Finished),
        (StreamOver::Refused(403), StreamEnd::Refused(403)),
        (StreamOver::Unreachable, StreamEnd::Unreachable),
        (StreamOver::Lost, StreamEnd::Lost),
        (StreamOver::Overloaded, StreamEnd::Overloaded),
    ];
    for (signal, end) in ends {
        let mut bench = Bench::answered();
        let options = options("ws://a/talk/");
        assert_eq!(bench.ask(Ask::Stream { leg: CALLER, options }), None);
        assert!(matches!(bench.stream_commands()[..], [StreamCommand::Begin { .. }]));
        assert_eq!(ended(bench.stream(over(signal))), end);
        // Nothing has a second outcome.
        assert_eq!(bench.stream(over(StreamOver::Lost)), None);
        let records = bench.stream_records();
        assert_eq!(
            (records.len(), records[0].ended_by, records[0].counts),
            (1, end, counts())
        );
    }
}

#[test]
fn a_stop_waits_for_what_came_of_it_but_not_for_ever() {
    let mut bench = Bench::answered();
    let operation = bench.streaming();
    assert_eq!(bench.ask(Ask::StopStream { operation }), None);
    assert_eq!(bench.stream_commands(), [StreamCommand::End(StreamEnd::Stopped)]);
    assert_eq!(ended(bench.stream(over(StreamOver::AsOrdered))), StreamEnd::Stopped);
    assert_eq!(ended(bench.ask(Ask::StopStream { operation })), StreamEnd::Stopped);

    let mut bench = Bench::answered();
    let operation = bench.streaming();
    assert_eq!(bench.ask(Ask::StopStream { operation }), None);
    let Some(Answer::Streamed(Ok(streamed))) = bench.wake(5 * SECOND) else {
        panic!("it is answered all the same");
    };
    assert_eq!(
        (streamed.ended_by, streamed.counts),
        (StreamEnd::Stopped, StreamCounts::default())
    );
}

#[test]
fn keys_and_texts_go_on_and_texts_come_in_order() {
    let mut bench = Bench::answered();
    let operation = bench.streaming();
    bench.key('7');
    assert!(matches!(bench.stream_commands()[..], [StreamCommand::Key(key)] if key.char() == '7'));
    assert_eq!(
        bench.call.legs[CALLER].pending_keys.len(),
        1,
        "it is kept for whoever gathers"
    );
    let text = |text: &str| crate::private::Private::new(text.to_owned());
    let send = |bytes| Ask::SendStream {
        operation,
        text: text(&"x".repeat(bytes)),
    };
    assert_eq!(bench.ask(send(4_096)), Some(Answer::Unit(Ok(()))));
    assert!(matches!(bench.stream_commands()[..], [StreamCommand::Send(_)]));
    assert!(matches!(
        bench.ask(send(4_097)),
        Some(Answer::Unit(Err(Error::Limit { .. })))
    ));
    for n in 0..65 {
        assert_eq!(bench.stream(StreamSignal::Text(text(&n.to_string()))), None);
    }
    let receive = |timeout_ms| Ask::ReceiveStream { operation, timeout_ms };
    for n in 1..65 {
        assert_eq!(
            bench.ask(receive(None)),
            Some(Answer::Text(Ok(Some(text(&n.to_string())))))
        );
    }
    assert_eq!(bench.ask(receive(Some(1_000))), None);
    assert_eq!(bench.wake(SECOND), Some(Answer::Text(Ok(None))));
    assert_eq!(bench.ask(receive(None)), None);
    assert_eq!(
        bench.stream(StreamSignal::Text(text("late"))),
        Some(Answer::Text(Ok(Some(text("late")))))
    );
    assert_eq!(bench.ask(receive(None)), None);
    assert_eq!(bench.stream(over(StreamOver::Finished)), Some(Answer::Text(Ok(None))));
    assert_eq!(bench.ask(send(1)), Some(Answer::Unit(Ok(()))));
    assert_eq!(bench.stream_commands(), []);
}

#[test]
fn a_leg_that_goes_ends_it_and_the_record_waits_for_what_came_of_it() {
    let mut bench = Bench::answered();
    let operation = bench.streaming();
    let receive = Ask::ReceiveStream {
        operation,
        timeout_ms: None,
    };
    assert_eq!(bench.ask(receive), None);
    let gone = Some(Answer::Text(Err(Error::Interrupted(Interruption::HungUp))));
    assert_eq!(bench.hung_up(), gone);
    let left = StreamEnd::Left(Interruption::HungUp);
    assert!(bench.stream_commands().contains(&StreamCommand::End(left)));
    bench.counted();
    bench.returns();
    let is_over = |bench: &Bench| bench.outputs.iter().any(|output| matches!(output, Output::Ended(_)));
    assert!(!is_over(&bench));
    bench.stream(over(StreamOver::AsOrdered));
    assert!(is_over(&bench));
}

/// Whatever comes in whatever order: the call ends, once, with an outcome of every stream.
#[test]
fn every_order_of_events_has_one_outcome() {
    for seed in seeds(SEEDS) {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let mut bench = Bench::answered();
        let operation = bench.streaming();
        let (mut waits, mut stopped) = (false, false);
        for _ in 0..dice.next_u32() % 12 {
            let answer = match dice.next_u32() % 7 {
                0 if !waits && !stopped => {
                    waits = true;
                    bench.ask(Ask::StopStream { operation })
                }
                1 if !waits && !stopped => {
                    waits = true;
                    bench.ask(Ask::ReceiveStream {
                        operation,
                        timeout_ms: Some(1_000),
                    })
                }
                2 => bench.stream(StreamSignal::Text("t".to_owned().into())),
                3 => bench.stream(over(StreamOver::Lost)),
                4 => bench.key('1'),
                5 => bench.hung_up(),
                _ => match bench.call.wake_at() {
                    Some(at) if at - bench.now < 60 * SECOND => {
                        bench.now = at;
                        bench.feed(Input::Deadline)
                    }
                    _ => None,
                },
            };
            waits &= answer.is_none();
            // The handler did not end in its time, so it is ended.
            if !stopped && bench.outputs.iter().any(|output| matches!(output, Output::StopHandler)) {
                (waits, stopped) = (false, true);
            }
        }
        bench.hung_up();
        bench.counted();
        if waits {
            bench.stream(over(StreamOver::Lost));
        }
        match stopped {
            true => {
                bench.feed(Input::Stopped {
                    usage: Usage::default(),
                });
            }
            false => bench.returns(),
        }
        let over = |bench: &Bench| bench.outputs.iter().any(|output| matches!(output, Output::Ended(_)));
        let mut ended = over(&bench);
        while let Some(at) = bench.call.wake_at().filter(|_| !ended) {
            bench.now = at;
            bench.feed(Input::Deadline);
            ended = over(&bench);
        }
        assert!(ended, "seed {seed}");
    }
}
