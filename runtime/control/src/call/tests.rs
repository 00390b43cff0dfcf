//! The call machine driven by hand: a scripted handler and a scripted leg under a virtual clock.

mod bridging;
mod dialling;
mod ending;
mod hearing;
mod keys;
mod outside;
mod placing;
mod prompts;
mod quality;
mod random_order;
mod random_parties;
mod recognising;
mod recording;
mod rooms;
mod streaming;
mod telling;

use super::*;
use crate::ids::{CallId, Tenant};
use crate::limits::Limits;
use crate::record::{CallRecord, MediaCounters, Usage};
use crate::stream_urls::{StreamAllow, StreamUrl};
use crate::words::{
    Began, Cause, GatherOptions, Gathered, Key, LegInfo, LegState, PlayEnd, PlayOptions, Played, RejectReason, Segment,
};
use std::sync::Arc;

/// What a far end, or we, refused with.
pub(super) fn refusal(status: u16) -> Cause {
    Cause {
        status,
        phrase: String::new(),
        q850: None,
    }
}

/// Seeds of a random test: so many, or for as long as the environment says (`make fuzz`).
#[allow(
    clippy::disallowed_methods,
    reason = "how long it runs is the wish of whoever runs it"
)]
pub(super) fn seeds(default: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var("PATCHCORD_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let begun = Instant::now();
    (0..).take_while(move |seed| match seconds {
        Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
        None => *seed < default,
    })
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A call, its clock, and everything it has wanted since the last look.
pub(super) struct Bench {
    pub(super) call: Call,
    pub(super) now: Instant,
    pub(super) outputs: Vec<Output>,
}

impl Bench {
    pub(super) fn new(description: Description) -> Self {
        #[allow(
            clippy::disallowed_methods,
            reason = "a test needs one moment to begin at; it never looks again"
        )]
        let now = Instant::now();
        let setup = Setup {
            id: CallId(7),
            tenant: Tenant("t".to_owned()),
            handler: "h".to_owned(),
            module: "m".to_owned(),
            prompts: Arc::new(["welcome.wav".to_owned()].into()),
            began: Began::Offered,
            continues: None,
            fallbacks: Arc::default(),
            limits: Limits::default(),
            started_at: UnixTime {
                seconds: 1_000,
                nanoseconds: 0,
            },
            seed: [1; 32],
            info: LegInfo {
                to: "100".to_owned().into(),
                ..LegInfo::default()
            },
            headers: vec![
                ("X-Trunk".to_owned(), "a".to_owned()),
                ("x-trunk".to_owned(), "b".to_owned()),
            ],
            description,
            grants: Arc::default(),
            receivers: Vec::new(),
            listens: super::Listens::Continuously,
            streams: Arc::new(StreamAllow::new(vec![
                StreamUrl::parse("ws://a/talk/").expect("an address"),
            ])),
            trace: Trace::Off,
        };
        Self {
            call: Call::new(now, setup),
            now,
            outputs: Vec::new(),
        }
    }

    /// An answered call with audio.
    pub(super) fn answered() -> Self {
        let mut bench = Self::new(Description::Offered);
        assert_eq!(bench.ask(Ask::Answer { leg: CALLER }), None);
        assert_eq!(bench.leg(LegSignal::AudioOpen), Some(Answer::Unit(Ok(()))));
        bench
    }

    /// Feeds an input; the handler's next answer if there is one.
    pub(super) fn feed(&mut self, input: Input) -> Option<Answer> {
        self.call.handle(self.now, input);
        self.outputs = std::iter::from_fn(|| self.call.poll()).collect();
        let mut answers = self.outputs.iter().filter_map(|output| match output {
            Output::Resume { answer, .. } => Some(answer.clone()),
            _ => None,
        });
        let answer = answers.next();
        assert!(answers.next().is_none(), "a handler is answered once at a time");
        answer
    }

    pub(super) fn ask(&mut self, ask: Ask) -> Option<Answer> {
        self.feed(Input::Asked(ask))
    }

    pub(super) fn leg(&mut self, signal: LegSignal) -> Option<Answer> {
        self.feed(Input::Leg(CALLER, signal))
    }

    pub(super) fn key(&mut self, key: char) -> Option<Answer> {
        self.leg(LegSignal::Key(Key::from_char(key).unwrap()))
    }

    /// Lets time pass up to the next deadline, which must be `after` from now.
    pub(super) fn wake(&mut self, after: Duration) -> Option<Answer> {
        assert_eq!(self.call.wake_at(), Some(self.now + after));
        self.now += after;
        self.feed(Input::Deadline)
    }

    pub(super) fn returns(&mut self) {
        self.feed(Input::Returned {
            result: Ok(()),
            usage: Usage::default(),
        });
    }

    pub(super) fn hung_up(&mut self) -> Option<Answer> {
        self.leg(LegSignal::Ended {
            why: Interruption::HungUp,
            cause: None,
        })
    }

    pub(super) fn counted(&mut self) {
        self.leg(LegSignal::MediaClosed(MediaCounters::default()));
    }

    pub(super) fn wants(&self, wanted: &Output) -> bool {
        self.outputs.contains(wanted)
    }

    /// The operation of the prompt that was just started.
    pub(super) fn played(&self) -> OperationId {
        self.outputs
            .iter()
            .find_map(|output| match output {
                Output::Media(_, MediaCommand::Play { operation, .. }) => Some(*operation),
                _ => None,
            })
            .expect("a prompt was started")
    }

    pub(super) fn record(&self) -> Option<&CallRecord> {
        self.outputs.iter().find_map(|output| match output {
            Output::Ended(record) => Some(&**record),
            _ => None,
        })
    }
}

pub(super) fn file(name: &str) -> Vec<Segment> {
    vec![Segment::File(name.to_owned())]
}

pub(super) fn play(prompt: Vec<Segment>) -> Ask {
    Ask::Play {
        leg: CALLER,
        prompt,
        options: PlayOptions {
            barge_in: false,
            times: 1,
            from_ms: 0,
            volume_db: 0,
        },
    }
}

pub(super) fn gather() -> GatherOptions {
    GatherOptions {
        min: 1,
        max: 4,
        finish_on: Key::from_char('#'),
        first_key_ms: 5_000,
        next_key_ms: 2_000,
        prompt: None,
        barge_in: true,
        speech: None,
    }
}

pub(super) fn collected(answer: Option<Answer>) -> Gathered {
    match answer {
        Some(Answer::Gathered(Ok(gathered))) => gathered,
        other => panic!("expected keys, got {other:?}"),
    }
}

#[test]
fn a_call_is_answered_and_hung_up_by_its_handler_and_leaves_one_record() {
    let mut bench = Bench::answered();
    bench.now += SECOND;
    bench.returns();
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
    bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: None,
    });
    assert!(bench.record().is_none(), "the counters are still out");
    bench.counted();
    let record = bench.record().expect("now it is over");
    assert_eq!(record.legs[0].ended_by, Interruption::EndedByHandler);
    assert_eq!(record.handler_end, HandlerEnd::Done);
    assert_eq!(
        record.ended_at,
        UnixTime {
            seconds: 1_001,
            nanoseconds: 0
        }
    );
    assert_eq!(bench.call.wake_at(), None);
    bench.hung_up();
    assert_eq!(bench.outputs, []);
}

#[test]
fn a_late_offer_makes_answer_wait_for_the_ack() {
    let mut bench = Bench::new(Description::Late);
    assert!(matches!(
        bench.ask(Ask::EarlyMedia { leg: CALLER }),
        Some(Answer::Unit(Err(Error::Invalid { .. })))
    ));
    assert_eq!(bench.ask(Ask::Answer { leg: CALLER }), None);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Answer)));
    assert_eq!(bench.leg(LegSignal::AudioOpen), Some(Answer::Unit(Ok(()))));
}

#[test]
fn facts_of_the_caller_are_told_and_headers_ignore_case() {
    let mut bench = Bench::new(Description::Offered);
    let header = Ask::Header {
        leg: CALLER,
        name: "X-TRUNK".to_owned(),
    };
    assert_eq!(
        bench.ask(header),
        Some(Answer::Header(vec!["a".to_owned(), "b".to_owned()]))
    );
    let Some(Answer::Info(info)) = bench.ask(Ask::Info { leg: CALLER }) else {
        panic!("facts")
    };
    assert_eq!(info.to.reveal(), "100");
    assert_eq!(
        format!("{info:?}").matches("100").count(),
        0,
        "private values have no text"
    );
}

#[test]
fn early_media_opens_audio_before_the_answer_and_the_answer_does_not_wait_again() {
    let mut bench = Bench::new(Description::Offered);
    assert_eq!(bench.ask(Ask::EarlyMedia { leg: CALLER }), None);
    assert_eq!(bench.leg(LegSignal::AudioOpen), Some(Answer::Unit(Ok(()))));
    assert_eq!(bench.ask(play(file("welcome.wav"))), None);
    let operation = bench.played();
    bench.leg(LegSignal::PlayEnded {
        operation,
        played_ms: 20,
        position_ms: 20,
        end: Some(PlayEnd::Finished),
    });
    assert_eq!(bench.ask(Ask::Answer { leg: CALLER }), Some(Answer::Unit(Ok(()))));
    assert_eq!(
        bench.ask(Ask::State { leg: CALLER }),
        Some(Answer::State(LegState::Answered))
    );
}

#[test]
fn an_answered_call_cannot_be_rejected_and_to_ring_is_nothing() {
    let mut bench = Bench::answered();
    let wrong = Some(Answer::Unit(Err(Error::WrongState(LegState::Answered))));
    assert_eq!(
        bench.ask(Ask::Reject {
            leg: CALLER,
            reason: RejectReason::Busy
        }),
        wrong
    );
    assert_eq!(bench.ask(Ask::Ring { leg: CALLER }), Some(Answer::Unit(Ok(()))));
    assert_eq!(bench.ask(Ask::EarlyMedia { leg: CALLER }), Some(Answer::Unit(Ok(()))));
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_too_many_bytes_are_refused() {
    let (mut one, mut two) = (Bench::answered(), Bench::answered());
    let bytes = one.ask(Ask::RandomBytes { count: 32 });
    assert_eq!(bytes, two.ask(Ask::RandomBytes { count: 32 }));
    assert_ne!(bytes, one.ask(Ask::RandomBytes { count: 32 }));
    assert!(matches!(
        one.ask(Ask::RandomBytes { count: 65_537 }),
        Some(Answer::Bytes(Err(Error::Limit {
            allowed: 65_536,
            asked: 65_537,
            ..
        })))
    ));
}

#[test]
fn log_lines_are_cut_at_a_character_and_dropped_when_the_log_is_full() {
    let mut bench = Bench::answered();
    let line = "ä".repeat(4_000);
    for _ in 0..20 {
        let ask = Ask::Log {
            level: crate::words::LogLevel::Info,
            message: line.clone(),
        };
        assert_eq!(bench.ask(ask), Some(Answer::Nothing));
    }
    bench.returns();
    bench.leg(LegSignal::Ended {
        why: Interruption::EndedByHandler,
        cause: None,
    });
    bench.counted();
    assert_eq!(
        bench.record().map(|record| record.log_lines_dropped),
        Some(4),
        "16 lines of 4,096 bytes fit"
    );
}

#[test]
fn the_clock_is_the_calls_own() {
    let mut bench = Bench::answered();
    bench.now += Duration::from_millis(1_500);
    assert_eq!(bench.ask(Ask::Elapsed), Some(Answer::Elapsed(1_500)));
    assert_eq!(
        bench.ask(Ask::Now),
        Some(Answer::Now(UnixTime {
            seconds: 1_001,
            nanoseconds: 500_000_000
        }))
    );
}

#[test]
fn turns_are_traced_without_private_values() {
    let mut bench = Bench::answered();
    bench.call.setup.trace = Trace::On;
    bench.ask(Ask::Gather {
        leg: CALLER,
        options: GatherOptions { max: 1, ..gather() },
    });
    bench.key('7');
    let turn = bench.outputs.iter().find_map(|output| match output {
        Output::Turn(turn) => Some(turn),
        _ => None,
    });
    let turn = turn.expect("traced");
    assert_eq!(turn.ask, "gather(1 to 1 keys)");
    assert_eq!(turn.answer, "1 keys, ended by MaxKeys");
}

/// The answer to a prompt that was played.
pub(super) fn played(ms: u32, end: PlayEnd) -> Option<Answer> {
    Some(Answer::Played(Ok(Played {
        played_ms: ms,
        position_ms: ms,
        ended_by: end,
    })))
}
