//! A stream without a connection: what is told to a server in which order, and that it ends once whatever happens.

use super::*;
use crate::stream::StreamKey;
use base64ct::{Base64, Encoding};
use patchcord_control::ids::{CallId, StreamId};
use patchcord_control::stream_urls::StreamUrl;
use patchcord_control::words::{Interruption, StreamOptions};
use patchcord_media::{LiveLedger, SAMPLE_RATE, SessionId, TapId};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// A stream and what it wanted so far.
struct Bench {
    now: Instant,
    stream: Stream,
    connects: u32,
    signals: Vec<StreamSignal>,
    orders: Vec<LiveOrder>,
    closed: bool,
    position: u64,
}

fn setup(direction: StreamDirection, reconnect: u8) -> StreamSetup {
    StreamSetup {
        key: StreamKey(1),
        id: StreamId {
            call: CallId(7),
            number: 1,
        },
        session: SessionId(0),
        thread: 0,
        url: StreamUrl::parse("ws://a/").expect("an address"),
        options: StreamOptions {
            url: "ws://a/".to_owned().into(),
            format: StreamFormat::L16at16k,
            direction,
            parameters: vec![("language".to_owned(), "de".to_owned().into())],
            reconnect,
        },
    }
}

impl Bench {
    fn new(direction: StreamDirection, reconnect: u8) -> Self {
        let now = Instant::now();
        let mut bench = Self {
            now,
            stream: Stream::new(now, setup(direction, reconnect)),
            connects: 0,
            signals: Vec::new(),
            orders: Vec::new(),
            closed: false,
            position: 0,
        };
        bench.drain();
        bench
    }

    fn open(direction: StreamDirection, reconnect: u8) -> Self {
        let mut bench = Self::new(direction, reconnect);
        bench.give(Input::Opened);
        assert_eq!(bench.told("connected").len(), 1);
        bench
    }

    fn drain(&mut self) {
        while let Some(output) = self.stream.poll() {
            match output {
                Output::Connect => self.connects += 1,
                Output::Tell(signal) => self.signals.push(signal),
                Output::TellHeard(_) => panic!("a stream recognises nothing"),
                Output::Close => {
                    assert!(!self.closed, "it ends once");
                    self.closed = true;
                }
            }
        }
        while let Some(order) = self.stream.next_order() {
            self.orders.push(order);
        }
    }

    fn give(&mut self, input: Input<'_>) {
        self.stream.handle(self.now, input);
        self.drain();
    }

    fn say(&mut self, message: &Value) {
        self.give(Input::Text(&message.to_string()));
    }

    fn sound(&mut self, ms: usize) {
        let payload = Base64::encode_string(&vec![1; ms * 32]);
        self.say(&json!({ "event": "media", "payload": payload }));
    }

    fn hear(&mut self, frames: u64) {
        for _ in 0..frames {
            let tapped = Tapped {
                tap: TapId { number: 1, channel: 0 },
                position: self.position,
                rate: SAMPLE_RATE,
                samples: &[1; 160],
            };
            self.position += 1;
            self.give(Input::Heard(&tapped));
        }
    }

    /// Everything the server is told now; what of it is of one kind.
    fn told(&mut self, event: &str) -> Vec<Value> {
        let texts = std::iter::from_fn(|| self.stream.next_text());
        let all = texts.map(|text| serde_json::from_str(&text).expect("it is JSON"));
        let mut all: Vec<Value> = all.collect();
        all.retain(|message| message["event"] == event);
        all
    }

    /// Time passes until the next deadline.
    fn pass(&mut self) {
        self.now = self.stream.wake_at().expect("it waits for something");
        self.give(Input::Deadline);
    }

    fn over(&self) -> Option<(StreamOver, StreamCounts)> {
        let over = self.signals.iter().filter_map(|signal| match signal {
            StreamSignal::Over { why, counts } => Some((*why, *counts)),
            StreamSignal::Text(_) => None,
        });
        let over: Vec<_> = over.collect();
        assert!(over.len() <= 1, "it is over once");
        over.first().copied()
    }
}

fn ledger(played: u64, cleared: u64) -> LiveLedger {
    LiveLedger {
        played: Duration::from_millis(played),
        cleared: Duration::from_millis(cleared),
        overrun: Duration::ZERO,
    }
}

#[test]
fn a_server_that_takes_nothing_loses_the_oldest_sound() {
    let mut bench = Bench::open(StreamDirection::Listen, 0);
    bench.hear(300);
    let media = bench.told("media");
    assert_eq!((media.len(), &media[0]["timestamp"]), (250, &json!(50 * 20)));
    bench.hear(1);
    bench.give(Input::End(StreamEnd::Stopped));
    let (why, counts) = bench.over().expect("it is over at once");
    assert_eq!(
        (why, counts.heard_ms, counts.dropped_ms),
        (StreamOver::AsOrdered, 5_000, 1_020)
    );
    assert_eq!(bench.told("stop")[0]["reason"], "stopped");
    assert!(bench.closed);
}

#[test]
fn messages_are_numbered_from_one_on_each_connection() {
    let mut bench = Bench::new(StreamDirection::Listen, 1);
    bench.give(Input::Opened);
    bench.hear(3);
    assert_eq!(bench.told("media")[2]["sequenceNumber"], 5);
    bench.give(Input::Closed);
    bench.hear(2);
    bench.give(Input::Key(Key::from_char('5').expect("a key")));
    assert!(bench.stream.next_text().is_none(), "there is no connection");
    bench.pass();
    bench.give(Input::Opened);
    let text = bench.stream.next_text().expect("it is told what it is connected to");
    assert_eq!(
        serde_json::from_str::<Value>(&text).expect("it is JSON"),
        json!({ "event": "connected", "protocol": "patchcord-stream", "version": "1", "sequenceNumber": 1 })
    );
    let start = bench.stream.next_text().expect("and then started");
    let start: Value = serde_json::from_str(&start).expect("it is JSON");
    assert_eq!((&start["event"], &start["connection"]), (&json!("start"), &json!(2)));
    assert_eq!(bench.told("media").len(), 2);
}

#[test]
fn connections_are_tried_again_as_often_as_asked_and_later_each_time() {
    let mut bench = Bench::new(StreamDirection::Both, 7);
    let mut pauses = Vec::new();
    while bench.over().is_none() {
        bench.give(Input::Failed(Failure::Refused(503)));
        if let Some(at) = bench.stream.wake_at() {
            pauses.push((at - bench.now).as_millis());
            bench.pass();
        }
    }
    // The last one is for the ledger of a session that does not answer.
    assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 500]);
    assert_eq!(bench.connects, 8);
    assert_eq!(bench.over().map(|(why, _)| why), Some(StreamOver::Refused(503)));
}

#[test]
fn a_refusal_for_good_is_the_end() {
    let mut bench = Bench::new(StreamDirection::Listen, 7);
    bench.give(Input::Failed(Failure::Refused(404)));
    assert_eq!(bench.over().map(|(why, _)| why), Some(StreamOver::Refused(404)));
    assert_eq!((bench.connects, bench.closed), (1, true));
}

#[test]
fn a_connection_that_was_there_is_lost_not_unreachable() {
    let mut bench = Bench::open(StreamDirection::Listen, 1);
    bench.give(Input::Closed);
    bench.pass();
    bench.give(Input::Failed(Failure::Unreachable));
    let (why, counts) = bench.over().expect("it was tried twice");
    assert_eq!((why, counts.connections), (StreamOver::Lost, 1));
}

#[test]
fn marks_are_told_when_reached_and_when_cleared_and_a_later_one_is_not_the_clear_s() {
    let mut bench = Bench::open(StreamDirection::Both, 0);
    bench.sound(20);
    for name in ["one", "two", "three"] {
        bench.say(&json!({ "event": "mark", "name": name }));
    }
    bench.give(Input::Live(LiveEvent::Reached {
        mark: 1,
        played: Duration::from_millis(20),
    }));
    let mark = &bench.told("mark")[0];
    assert_eq!(
        (&mark["name"], &mark["played"], &mark["playedMs"]),
        (&json!("one"), &json!(true), &json!(20))
    );
    bench.say(&json!({ "event": "clear" }));
    bench.say(&json!({ "event": "mark", "name": "four" }));
    bench.give(Input::Live(LiveEvent::Cleared(ledger(25, 5))));
    let told = bench.told("mark");
    let names: Vec<_> = told
        .iter()
        .map(|mark| (&mark["name"], &mark["played"], &mark["playedMs"]))
        .collect();
    let (no, at) = (json!(false), json!(25));
    assert_eq!(names, [(&json!("two"), &no, &at), (&json!("three"), &no, &at)]);
    bench.give(Input::End(StreamEnd::Left(Interruption::HungUp)));
    assert_eq!(bench.orders.last(), Some(&LiveOrder::End));
    assert_eq!(bench.over(), None, "what was played last is not known yet");
    bench.give(Input::Live(LiveEvent::Ended(ledger(30, 6))));
    let (_, counts) = bench.over().expect("now it is");
    assert_eq!((counts.played_ms, counts.cleared_ms), (30, 6));
    let left: Vec<Value> = std::iter::from_fn(|| bench.stream.next_text())
        .map(|text| serde_json::from_str(&text).expect("it is JSON"))
        .collect();
    assert_eq!((&left[0]["name"], &left[0]["played"]), (&json!("four"), &no));
    assert_eq!(
        (&left[1]["event"], &left[1]["reason"]),
        (&json!("stop"), &json!("left"))
    );
}

#[test]
fn marks_of_a_lost_connection_are_not_told_to_the_next() {
    let mut bench = Bench::open(StreamDirection::Both, 1);
    bench.say(&json!({ "event": "mark", "name": "old" }));
    bench.give(Input::Closed);
    bench.pass();
    bench.give(Input::Opened);
    bench.say(&json!({ "event": "mark", "name": "new" }));
    bench.give(Input::Live(LiveEvent::Reached {
        mark: 2,
        played: Duration::ZERO,
    }));
    let told = bench.told("mark");
    assert_eq!((told.len(), &told[0]["name"]), (1, &json!("new")));
}

#[test]
fn a_server_that_may_only_listen_is_not_heard() {
    let mut bench = Bench::open(StreamDirection::Listen, 0);
    bench.sound(100);
    bench.say(&json!({ "event": "mark", "name": "here" }));
    assert_eq!(bench.told("mark")[0]["name"], "here");
    bench.say(&json!({ "event": "clear" }));
    bench.say(&json!({ "event": "stop" }));
    let (why, counts) = bench.over().expect("it said so");
    assert_eq!((why, counts.overrun_ms, counts.ignored), (StreamOver::Finished, 100, 1));
    assert_eq!(bench.orders, []);
}

#[test]
fn sound_in_small_pieces_goes_in_few_orders_and_no_more_than_a_minute_waits() {
    let mut bench = Bench::open(StreamDirection::Both, 0);
    bench.orders.clear();
    let message =
        |ms: usize| json!({ "event": "media", "payload": Base64::encode_string(&vec![1; ms * 32]) }).to_string();
    let piece = message(1);
    for _ in 0..1_000 {
        bench.stream.handle(bench.now, Input::Text(&piece));
    }
    assert!(matches!(bench.stream.next_order(), Some(LiveOrder::Sound(sound)) if sound.len() == 16_000));
    assert_eq!(bench.stream.next_order(), None);
    let second = message(1_000);
    for _ in 0..70 {
        bench.stream.handle(bench.now, Input::Text(&second));
    }
    bench.drain();
    bench.give(Input::End(StreamEnd::Stopped));
    bench.give(Input::Live(LiveEvent::Ended(ledger(0, 61_000))));
    assert_eq!(bench.over().map(|(_, counts)| counts.overrun_ms), Some(10_000));
}

#[test]
fn a_server_that_reads_nothing_loses_its_connection() {
    let mut bench = Bench::open(StreamDirection::Listen, 0);
    for _ in 0..257 {
        bench.say(&json!({ "event": "mark", "name": "here" }));
    }
    assert_eq!(bench.over().map(|(why, _)| why), Some(StreamOver::Lost));
}

#[test]
fn floods_of_marks_and_clears_are_bounded() {
    let mut bench = Bench::open(StreamDirection::Both, 0);
    for _ in 0..1_000 {
        bench.say(&json!({ "event": "mark", "name": "m" }));
        bench.say(&json!({ "event": "clear" }));
    }
    let count = |wanted: fn(&LiveOrder) -> bool| bench.orders.iter().filter(|order| wanted(order)).count();
    assert_eq!(count(|order| matches!(order, LiveOrder::Mark(_))), 256);
    assert_eq!(count(|order| matches!(order, LiveOrder::Clear)), 64);
}

/// Whatever happens in whatever order: nothing panics, it is over once, and nothing comes after that.
#[test]
fn every_order_of_events_has_one_end() {
    for seed in 0..3_000 {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let direction = match dice.next_u32() % 2 {
            0 => StreamDirection::Listen,
            _ => StreamDirection::Both,
        };
        let mut bench = Bench::new(direction, (dice.next_u32() % 4) as u8);
        for _ in 0..dice.next_u32() % 60 {
            match dice.next_u32() % 14 {
                0 | 1 => bench.give(Input::Opened),
                2 => bench.give(Input::Failed(Failure::Unreachable)),
                3 => bench.give(Input::Failed(Failure::Refused(400 + (dice.next_u32() % 200) as u16))),
                4 => bench.give(Input::Closed),
                5 => bench.sound(20),
                6 => bench.say(&json!({ "event": "mark", "name": "m" })),
                7 => bench.say(&json!({ "event": "clear" })),
                8 => bench.say(&json!({ "event": "message", "text": "t" })),
                9 => bench.hear(3),
                10 => bench.give(Input::Live(LiveEvent::Cleared(ledger(1, 1)))),
                11 => bench.give(Input::Live(LiveEvent::Reached {
                    mark: dice.next_u32() % 9,
                    played: Duration::ZERO,
                })),
                12 if bench.stream.wake_at().is_some() => bench.pass(),
                13 if dice.next_u32() % 8 == 0 => bench.give(Input::Live(LiveEvent::Ended(ledger(1, 1)))),
                _ => drop(bench.told("media")),
            }
        }
        bench.give(Input::End(StreamEnd::Stopped));
        while bench.over().is_none() {
            bench.pass();
        }
        assert!(bench.closed, "seed {seed}");
        let signals = bench.signals.len();
        bench.told("media");
        bench.hear(3);
        bench.give(Input::Opened);
        bench.say(&json!({ "event": "message", "text": "t" }));
        assert_eq!(
            (bench.signals.len(), bench.stream.wake_at()),
            (signals, None),
            "seed {seed}"
        );
        assert_eq!(bench.stream.next_text(), None, "seed {seed}");
    }
}
