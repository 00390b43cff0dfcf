//! A recognition without a connection: what a recogniser is told and in which order, what it may say, and what is lost when
//! it is slow, hostile, or gone.

use super::*;
use patchcord_media::{SAMPLE_RATE, TapId, Tapped};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// A recognition and what it wanted so far.
struct Bench {
    now: Instant,
    recognition: Recognition,
    connects: u32,
    signals: Vec<RecogniseSignal>,
    closed: bool,
    position: u64,
}

fn setup(partials: Partials) -> RecogniseSetup {
    RecogniseSetup {
        key: StreamKey(1),
        call: Some(CallId(7)),
        digits: 0,
        options: RecogniseOptions {
            language: Some("en".to_owned()),
            hints: vec!["sales please".to_owned().into()],
            partials,
            longest_ms: 60_000,
        },
    }
}

impl Bench {
    fn new(partials: Partials) -> Self {
        let now = Instant::now();
        let mut bench = Self {
            now,
            recognition: Recognition::new(now, setup(partials)),
            connects: 0,
            signals: Vec::new(),
            closed: false,
            position: 0,
        };
        bench.drain();
        bench
    }

    /// Connected, with its beginning told.
    fn open() -> Self {
        let mut bench = Self::new(Partials::Wanted);
        bench.give(Input::Opened);
        let events: Vec<Value> = bench.told().iter().map(|told| told["event"].clone()).collect();
        assert_eq!(events, ["connected", "start"]);
        bench
    }

    fn drain(&mut self) {
        while let Some(output) = self.recognition.poll() {
            match output {
                Output::Connect => self.connects += 1,
                Output::TellHeard(signal) => self.signals.push(signal),
                Output::Tell(_) => panic!("a recognition is no stream"),
                Output::Close => {
                    assert!(!self.closed, "it ends once");
                    self.closed = true;
                }
            }
        }
    }

    fn give(&mut self, input: Input<'_>) {
        self.recognition.handle(self.now, input);
        self.drain();
    }

    fn say(&mut self, message: &Value) {
        self.give(Input::Text(&message.to_string()));
    }

    /// So many frames of 20 ms of the leg.
    fn hear(&mut self, frames: u64) {
        for _ in 0..frames {
            let tapped = Tapped {
                tap: TapId { number: 1, channel: 0 },
                position: self.position,
                rate: SAMPLE_RATE,
                samples: &[100; 160],
            };
            self.position += 1;
            self.give(Input::Heard(&tapped));
        }
    }

    /// All that the server reads now.
    fn told(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.recognition.next_text())
            .map(|text| serde_json::from_str(&text).expect("it is JSON"))
            .collect()
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.give(Input::Deadline);
    }

    /// Time passes until a connection is wanted again.
    fn reopen(&mut self) {
        let before = self.connects;
        self.now = self.recognition.wake_at().expect("another try");
        self.give(Input::Deadline);
        assert_eq!(self.connects, before + 1);
        self.give(Input::Opened);
    }

    fn heard(&self) -> Vec<&HeardSpeech> {
        let heard = self.signals.iter().filter_map(|signal| match signal {
            RecogniseSignal::Heard(heard) => Some(heard),
            RecogniseSignal::Over { .. } => None,
        });
        heard.collect()
    }

    fn over(&self) -> Option<(Option<RecogniseFailure>, RecogniseCounts)> {
        let mut over = self.signals.iter().filter_map(|signal| match signal {
            RecogniseSignal::Over { failure, counts } => Some((*failure, *counts)),
            RecogniseSignal::Heard(_) => None,
        });
        let first = over.next();
        assert!(over.next().is_none(), "it is over once");
        assert_eq!(first.is_some(), self.closed);
        first
    }
}

fn final_text(text: &str, from_ms: u64, to_ms: u64) -> HeardSpeech {
    HeardSpeech::Final(FinalText {
        text: text.to_owned().into(),
        confidence: 80,
        from_ms,
        to_ms,
    })
}

fn said(text: &str, from: u64, to: u64) -> Value {
    json!({ "event": "final", "text": text, "confidence": 0.8, "fromMs": from, "toMs": to })
}

fn gap(from_ms: u64, to_ms: u64) -> HeardSpeech {
    HeardSpeech::Gap(Gap { from_ms, to_ms })
}

#[test]
fn a_recogniser_is_told_what_it_needs_then_sound_and_at_the_end_all_that_is_left_before_stop() {
    let mut bench = Bench::new(Partials::Unwanted);
    bench.hear(3);
    assert!(bench.told().is_empty(), "there is no connection");
    bench.give(Input::Opened);
    let told = bench.told();
    assert_eq!(told[0]["protocol"], "patchcord-recognise");
    let start = &told[1];
    assert_eq!(start["format"], json!({ "encoding": "l16", "rate": 16_000 }));
    assert_eq!(
        (
            &start["language"],
            &start["hints"],
            &start["partials"],
            &start["connection"]
        ),
        (&json!("en"), &json!(["sales please"]), &json!(false), &json!(1))
    );
    let stamps: Vec<Option<u64>> = told[2..].iter().map(|media| media["timestamp"].as_u64()).collect();
    assert_eq!(
        stamps,
        [Some(0), Some(20), Some(40)],
        "what was said before is not lost"
    );
    let numbers: Vec<Option<u64>> = told.iter().map(|told| told["sequenceNumber"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5].map(Some));

    bench.hear(2);
    bench.give(Input::End(StreamEnd::Stopped));
    bench.hear(1);
    let events: Vec<(Value, Value)> = bench
        .told()
        .iter()
        .map(|told| (told["event"].clone(), told["reason"].clone()))
        .collect();
    let media = (json!("media"), Value::Null);
    assert_eq!(events, [media.clone(), media, (json!("stop"), json!("stopped"))]);
    assert_eq!(bench.over(), None, "the last words are awaited");
    bench.say(&said("sales please", 20, 80));
    bench.say(&json!({ "event": "stop" }));
    assert_eq!(bench.heard(), [&final_text("sales please", 20, 80)]);
    let (failure, counts) = bench.over().expect("it is over");
    assert_eq!(failure, None);
    assert_eq!((counts.heard_ms, counts.dropped_ms, counts.finals), (100, 0, 1));
}

#[test]
fn a_newer_partial_text_takes_the_place_of_an_older_one_and_places_stay_within_what_was_sent() {
    let mut bench = Bench::open();
    bench.hear(50);
    bench.told();
    let partial = |text: &str| json!({ "event": "partial", "text": text, "fromMs": 100 }).to_string();
    // Nobody takes the first before the second comes.
    bench.recognition.handle(bench.now, Input::Text(&partial("sales")));
    bench
        .recognition
        .handle(bench.now, Input::Text(&partial("sales please")));
    bench.drain();
    let newest = HeardSpeech::Partial(PartialText {
        text: "sales please".to_owned().into(),
        from_ms: 100,
    });
    assert_eq!(bench.heard(), [&newest]);
    bench.say(&said("sales please", 5_000, 90_000));
    bench.say(&json!({ "event": "final", "text": "yes" }));
    assert_eq!(bench.heard()[1], &final_text("sales please", 1_000, 1_000));
    let HeardSpeech::Final(yes) = bench.heard()[2] else {
        panic!("a final text")
    };
    assert_eq!((yes.confidence, yes.from_ms, yes.to_ms), (100, 1_000, 1_000));
}

#[test]
fn partial_texts_that_nobody_wants_are_ignored() {
    let mut bench = Bench::new(Partials::Unwanted);
    bench.give(Input::Opened);
    bench.say(&json!({ "event": "partial", "text": "sales" }));
    assert!(bench.heard().is_empty());
    bench.give(Input::End(StreamEnd::Stopped));
    bench.wait(FLUSH_TIME);
    assert_eq!(bench.over().expect("it is over").1.ignored, 1);
}

#[test]
fn a_recogniser_that_does_not_read_misses_the_oldest_and_the_count_says_so() {
    let mut bench = Bench::open();
    bench.hear(300);
    let told = bench.told();
    assert_eq!((told.len(), &told[0]["timestamp"]), (250, &json!(1_000)));
    bench.give(Input::End(StreamEnd::Stopped));
    bench.told();
    bench.say(&json!({ "event": "stop" }));
    let (_, counts) = bench.over().expect("it is over");
    assert_eq!((counts.heard_ms, counts.dropped_ms), (5_000, 1_000));
}

#[test]
fn a_connection_that_breaks_in_the_middle_of_a_sentence_leaves_a_gap_and_the_next_one_goes_on() {
    let mut bench = Bench::open();
    bench.hear(50);
    bench.told();
    bench.say(&said("first", 0, 400));
    bench.hear(25);
    bench.told();
    bench.give(Input::Closed);
    assert_eq!(bench.heard()[1], &gap(400, 1_500));
    // What is said meanwhile waits.
    bench.hear(10);
    bench.reopen();
    let told = bench.told();
    assert_eq!(
        (&told[1]["event"], &told[1]["connection"]),
        (&json!("start"), &json!(2))
    );
    assert_eq!((told.len(), &told[2]["timestamp"]), (12, &json!(1_500)));
    bench.say(&said("second", 1_500, 1_700));
    assert_eq!(bench.heard().len(), 3);
    bench.give(Input::Closed);
    assert_eq!(bench.heard().len(), 3, "all that was sent has its text");
    assert_eq!(bench.over(), None);
}

#[test]
fn tries_come_to_an_end_and_each_end_has_its_reason() {
    let mut bench = Bench::new(Partials::Wanted);
    while bench.over().is_none() {
        bench.give(Input::Failed(Failure::Unreachable));
        if let Some(at) = bench.recognition.wake_at() {
            bench.now = at;
            bench.give(Input::Deadline);
        }
    }
    assert_eq!(bench.connects, TRIES_AGAIN + 1);
    assert_eq!(
        bench.over().map(|over| over.0),
        Some(Some(RecogniseFailure::Unreachable))
    );

    let mut bench = Bench::open();
    for _ in 0..TRIES_AGAIN {
        bench.give(Input::Closed);
        bench.reopen();
    }
    bench.give(Input::Closed);
    assert_eq!(bench.over().map(|over| over.0), Some(Some(RecogniseFailure::Lost)));

    let mut bench = Bench::new(Partials::Wanted);
    bench.give(Input::Failed(Failure::Refused(403)));
    assert_eq!(
        bench.over().map(|over| over.0),
        Some(Some(RecogniseFailure::Refused(403)))
    );

    for (code, failure) in [
        ("language", RecogniseFailure::Language),
        ("busy", RecogniseFailure::Overloaded),
        ("my secret", RecogniseFailure::Recogniser),
    ] {
        let mut bench = Bench::open();
        bench.hear(2);
        bench.told();
        bench.say(&json!({ "event": "error", "code": code }));
        assert_eq!(bench.heard(), [&gap(0, 40)]);
        assert_eq!(bench.over().map(|over| over.0), Some(Some(failure)));
    }
    let mut bench = Bench::open();
    bench.say(&json!({ "event": "stop" }));
    assert_eq!(
        bench.over().map(|over| over.0),
        Some(Some(RecogniseFailure::Recogniser))
    );
}

#[test]
fn a_recogniser_that_never_says_its_last_words_is_waited_for_only_so_long() {
    let mut bench = Bench::open();
    bench.hear(5);
    bench.give(Input::End(StreamEnd::Stopped));
    bench.told();
    bench.wait(FLUSH_TIME - Duration::from_millis(1));
    assert_eq!(bench.over(), None);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.heard(), [&gap(0, 100)]);
    assert_eq!(bench.over().map(|over| over.0), Some(None));

    // One that goes away instead of saying them.
    let mut bench = Bench::open();
    bench.hear(5);
    bench.give(Input::End(StreamEnd::Stopped));
    bench.told();
    bench.give(Input::Closed);
    assert_eq!(
        (bench.heard(), bench.over().map(|over| over.0)),
        (vec![&gap(0, 100)], Some(None))
    );
}

#[test]
fn a_connection_that_breaks_before_stop_was_told_is_opened_again_for_the_last_words() {
    let mut bench = Bench::open();
    bench.hear(5);
    bench.give(Input::End(StreamEnd::Stopped));
    bench.give(Input::Closed);
    bench.reopen();
    let told = bench.told();
    assert_eq!(told.last().map(|told| told["event"].clone()), Some(json!("stop")));
    assert_eq!(told.len(), 2 + 5 + 1, "nothing was sent before");
}

#[test]
fn too_many_results_are_not_heard_but_counted_and_so_is_what_is_too_long() {
    let mut bench = Bench::open();
    bench.hear(10);
    bench.told();
    for number in 0..500 {
        bench.say(&said(&format!("text {number}"), 0, 0));
        bench.say(&json!({ "event": "partial", "text": "so far" }));
    }
    assert_eq!(bench.heard().len(), 100);
    bench.wait(Duration::from_secs(1));
    for _ in 0..100 {
        bench.say(&json!({ "event": "partial", "text": "so far" }));
    }
    assert_eq!(bench.heard().len(), 150);
    bench.wait(Duration::from_secs(10));
    bench.say(&said(&"a".repeat(4_097), 0, 100));
    bench.say(&said(&"a".repeat(4_096), 0, 100));
    assert_eq!(bench.heard().len(), 151);
    bench.give(Input::End(StreamEnd::Stopped));
    bench.wait(FLUSH_TIME);
    let (_, counts) = bench.over().expect("it is over");
    assert_eq!(counts.finals, 50 + 1);
    assert_eq!(counts.finals_refused, 450 + 1);
    assert_eq!(counts.ignored, 450 + 50);
}

#[test]
fn nonsense_of_all_kinds_harms_nobody() {
    let mut random = ChaCha12Rng::seed_from_u64(5);
    let parts = [
        "{",
        "}",
        "\"event\":",
        "\"final\"",
        "\"partial\"",
        "\"text\":",
        "\"a\"",
        ",",
        "\"fromMs\":",
        "-1",
        "1e999",
        "18446744073709551616",
        "null",
        "\"toMs\":",
        "\"confidence\":",
        "NaN",
        "\u{0}",
        "\"stop",
        "[",
        "]",
        "\"error\"",
    ];
    for _ in 0..3_000 {
        let mut bench = Bench::open();
        let mut text = String::new();
        for _ in 0..random.next_u32() % 12 {
            text += parts[random.next_u32() as usize % parts.len()];
        }
        bench.give(Input::Text(&text));
        assert!(bench.signals.len() <= 2, "{text}");
    }
    let mut bench = Bench::open();
    for text in [
        "",
        "hello",
        "[]",
        "{\"event\":\"final\"}",
        "{\"event\":\"final\",\"text\":\"a\",\"fromMs\":-1}",
        "{\"event\":\"media\",\"payload\":\"\"}",
    ] {
        bench.give(Input::Text(text));
    }
    let long = format!("{{\"event\":\"final\",\"text\":\"{}\"}}", "a".repeat(300 * 1024));
    bench.give(Input::Text(&long));
    bench.say(&json!({ "event": "final", "text": "odd", "confidence": 1e300 }));
    bench.say(&json!({ "event": "final", "text": "", "toMs": 0 }));
    assert_eq!(bench.heard().len(), 1);
    bench.give(Input::End(StreamEnd::Stopped));
    bench.wait(FLUSH_TIME);
    assert_eq!(bench.over().expect("it is over").1.ignored, 7);
}
