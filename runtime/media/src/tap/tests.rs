//! Taps by themselves: places, pauses, quiet, and how each ends.

use super::*;
use crate::{Lane, Relayed};
use std::net::SocketAddr;

const SESSION: SessionId = SessionId(3);
const ID: TapId = TapId { number: 9, channel: 0 };
const LOUD: [i16; FRAME_SAMPLES] = [1_000; FRAME_SAMPLES];
const NOISE: [i16; FRAME_SAMPLES] = [100; FRAME_SAMPLES];

/// Keeps the place and first sample of each frame, as long as there is room.
struct Kept(Vec<(u64, i16)>, usize);

impl Sink for Kept {
    fn send(&mut self, _: SessionId, _: Lane, _: SocketAddr, _: &[u8]) {}
    fn heard(&mut self, _: SessionId, _: &[i16]) {}
    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}
    fn tapped(&mut self, _: SessionId, tapped: &Tapped<'_>) -> TapTaken {
        if self.0.len() == self.1 {
            return TapTaken::Dropped;
        }
        self.0.push((tapped.position, tapped.samples[0]));
        TapTaken::Yes
    }
}

struct Bench {
    taps: Taps,
    sink: Kept,
    events: Vec<TapEvent>,
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn options() -> TapOptions {
    TapOptions {
        longest: ms(60_000),
        quiet: None,
        starts: TapStart::AtOnce,
    }
}

impl Bench {
    fn new(options: TapOptions) -> Self {
        let mut taps = Taps::default();
        assert_eq!(taps.order(ID, TapOrder::Begin(options)), None);
        Self {
            taps,
            sink: Kept(Vec::new(), usize::MAX),
            events: Vec::new(),
        }
    }

    fn ticks(&mut self, frame: &[i16; FRAME_SAMPLES], count: usize) {
        for _ in 0..count {
            self.taps.frame(SESSION, frame, &mut self.sink);
            self.taps.report(SESSION, |report| match report {
                Report::Tap { event, .. } => self.events.push(event),
                other => panic!("{other:?}"),
            });
        }
    }

    fn order(&mut self, order: TapOrder) {
        self.events.extend(self.taps.order(ID, order));
    }

    fn places(&self) -> Vec<u64> {
        self.sink.0.iter().map(|(place, _)| *place).collect()
    }
}

#[test]
fn frames_are_numbered_and_the_end_is_told_once() {
    let mut bench = Bench::new(options());
    bench.ticks(&LOUD, 3);
    bench.order(TapOrder::End);
    bench.order(TapOrder::End);
    bench.ticks(&LOUD, 2);
    assert_eq!(bench.places(), [0, 1, 2]);
    assert_eq!(bench.events, [TapEvent::Ended(TapEnd::Ordered)]);
    assert!(bench.taps.is_empty());
}

#[test]
fn a_pause_with_skip_gives_nothing_and_one_with_silence_gives_silence() {
    let mut bench = Bench::new(options());
    bench.ticks(&LOUD, 2);
    bench.order(TapOrder::Pause(Paused::Skip));
    bench.ticks(&LOUD, 5);
    bench.order(TapOrder::Go { at: ms(40) });
    bench.ticks(&LOUD, 1);
    bench.order(TapOrder::Pause(Paused::Silence));
    bench.ticks(&LOUD, 2);
    bench.order(TapOrder::Go { at: ms(100) });
    bench.ticks(&LOUD, 1);
    let expected = [(0, 1_000), (1, 1_000), (2, 1_000), (3, 0), (4, 0), (5, 1_000)];
    assert_eq!(bench.sink.0, expected);
}

#[test]
fn a_tap_that_waits_begins_when_told_and_one_far_behind_is_put_right() {
    let mut bench = Bench::new(TapOptions {
        starts: TapStart::Waiting,
        ..options()
    });
    bench.ticks(&LOUD, 4);
    bench.order(TapOrder::Go { at: ms(0) });
    bench.ticks(&LOUD, 2);
    // 40 ms off is trembling, 60 ms are not.
    bench.order(TapOrder::Go { at: ms(80) });
    bench.ticks(&LOUD, 1);
    bench.order(TapOrder::Go { at: ms(120) });
    bench.ticks(&LOUD, 1);
    bench.order(TapOrder::Go { at: ms(20) });
    bench.ticks(&LOUD, 1);
    assert_eq!(bench.places(), [0, 1, 2, 6, 7]);
}

#[test]
fn the_longest_time_is_exact_and_does_not_count_what_was_skipped() {
    let mut bench = Bench::new(TapOptions {
        longest: ms(100),
        ..options()
    });
    bench.ticks(&LOUD, 2);
    bench.order(TapOrder::Pause(Paused::Skip));
    bench.ticks(&LOUD, 50);
    bench.order(TapOrder::Go { at: ms(40) });
    bench.ticks(&LOUD, 50);
    assert_eq!(bench.places(), [0, 1, 2, 3, 4]);
    assert_eq!(bench.events, [TapEvent::Ended(TapEnd::Longest)]);
}

#[test]
fn quiet_is_told_when_it_has_lasted_and_again_when_it_is_over() {
    let mut bench = Bench::new(TapOptions {
        quiet: Some(ms(200)),
        ..options()
    });
    bench.ticks(&LOUD, 5);
    bench.ticks(&NOISE, 9);
    assert_eq!(bench.events, []);
    bench.ticks(&NOISE, 20);
    assert_eq!(bench.events, [TapEvent::Quiet]);
    bench.ticks(&LOUD, 1);
    assert_eq!(bench.events, [TapEvent::Quiet, TapEvent::Sound]);
    // A pause is not quiet.
    bench.order(TapOrder::Pause(Paused::Silence));
    bench.ticks(&LOUD, 50);
    assert_eq!(bench.events.len(), 2);
}

#[test]
fn a_sink_without_room_ends_the_tap() {
    let mut bench = Bench::new(options());
    bench.sink.1 = 2;
    bench.ticks(&LOUD, 5);
    assert_eq!(bench.events, [TapEvent::Ended(TapEnd::Dropped)]);
    assert!(bench.taps.is_empty());
}

#[test]
fn more_taps_than_there_may_be_are_refused_and_all_end_with_the_session() {
    let mut taps = Taps::default();
    for number in 0..MAX_TAPS as u64 {
        let order = TapOrder::Begin(options());
        assert_eq!(taps.order(TapId { number, channel: 0 }, order), None);
    }
    let refused = Some(TapEvent::Ended(TapEnd::Refused));
    assert_eq!(taps.order(ID, TapOrder::Begin(options())), refused);
    let mut ended = 0;
    taps.close(|_| ended += 1);
    assert_eq!(ended, MAX_TAPS);
}

#[test]
fn sound_begins_at_minus_45_dbfs() {
    let sine = |dbfs: f64| -> Vec<i16> {
        let amplitude = 32_767.0 * 10f64.powf(dbfs / 20.0);
        let turn = std::f64::consts::TAU * 500.0 / 8_000.0;
        (0..160)
            .map(|n| (amplitude * (turn * f64::from(n)).sin()) as i16)
            .collect()
    };
    assert!(is_sound(&sine(-44.5)));
    assert!(!is_sound(&sine(-45.5)));
    assert!(is_sound(&[i16::MIN; 160]));
    assert!(!is_sound(&[]));
}
