//! The numbering and the clock alone, where whole sessions cannot reach: hours, wrap-arounds, clocks that drift.

use super::*;
use crate::{Codec, RelayContent, RelayHead, SessionId};

fn head(number: u64, timestamp: u32) -> RelayHead {
    RelayHead {
        from: SessionId(1),
        stream: 0,
        number,
        timestamp: timestamp.into(),
        clock: 8_000,
        marker: false,
        content: RelayContent::Sound(Codec::Pcmu),
    }
}

fn stream() -> OutStream {
    OutStream::new(&mut Random::new(3))
}

/// A tick in which nothing of our own is to be said.
fn tick(stream: &mut OutStream, now: Instant) -> Option<Placed> {
    let placed = (!stream.relaying(now) && stream.begin_frame()).then(|| stream.place_frame());
    stream.pass_frame();
    placed
}

#[test]
fn a_source_that_drifts_is_followed_and_the_clock_catches_up_at_the_end() {
    for parts_per_million in [-200i64, 200] {
        let (mut stream, start) = (stream(), Instant::now());
        let first = stream.clock();
        let mut last = first.wrapping_sub(160);
        // An hour.
        for n in 0..180_000u64 {
            let drift = (n as i64 * 20_000 * -parts_per_million / 1_000_000) as f64;
            let at = start + Duration::from_micros((n as f64 * 20_000.0 + drift) as u64 + 500_000);
            let placed = stream.place_sound(at, &head(n, n as u32 * 160), 160).expect("in order");
            assert_eq!(placed.timestamp, last.wrapping_add(160));
            last = placed.timestamp;
            assert_eq!(placed.marker, n == 0);
        }
        let end = start + Duration::from_secs(3_610);
        let ticks = 180_000u32;
        (0..ticks).for_each(|_| stream.pass_frame());
        let ours = std::iter::repeat_with(|| tick(&mut stream, end))
            .take(10)
            .flatten()
            .next();
        let ours = ours.expect("within a few ticks").timestamp;
        assert!((ours.wrapping_sub(last) as i32) >= 160, "never back");
        assert!(ours.wrapping_sub(first) >= ticks * 160, "never behind the clock");
    }
}

#[test]
fn the_clock_follows_a_relay_that_ran_ahead() {
    let (mut stream, now) = (stream(), Instant::now());
    // Two seconds of sound in no time: a source that had to wait.
    for n in 0..100u32 {
        stream
            .place_sound(now, &head(u64::from(n), n * 160), 160)
            .expect("in order");
    }
    let ahead = stream.sent_until;
    let placed = tick(&mut stream, now + Duration::from_secs(1)).expect("no waiting for two seconds");
    assert_eq!(placed.timestamp, ahead);
    assert_eq!(stream.clock(), ahead.wrapping_add(160));
}

#[test]
fn what_was_relayed_is_not_covered_by_silence_too() {
    let (mut stream, now) = (stream(), Instant::now());
    let placed = stream.place_sound(now, &head(5, 9), 480).expect("in order");
    stream.release(SessionId(1));
    let frames: Vec<Option<Placed>> = (0..5).map(|_| tick(&mut stream, now)).collect();
    assert_eq!(frames[..3], [None; 3]);
    assert_eq!(
        frames[3].map(|frame| (frame.timestamp, frame.marker)),
        Some((placed.timestamp.wrapping_add(480), true))
    );
    assert!(frames[4].is_some());
}

#[test]
fn a_long_gap_is_no_loss() {
    let (mut stream, now) = (stream(), Instant::now());
    let first = stream.place_sound(now, &head(5, 0), 160).expect("in order");
    let near = stream.place_sound(now, &head(54, 160), 160).expect("in order");
    assert_eq!(near.sequence.wrapping_sub(first.sequence), 49);
    let far = stream.place_sound(now, &head(2_000, 320), 160).expect("in order");
    assert_eq!(far.sequence.wrapping_sub(near.sequence), 1);
    assert!(far.marker);
    assert_eq!(
        stream.place_sound(now, &head(1_999, 160), 160),
        None,
        "its number is taken"
    );
}

#[test]
fn days_of_hold_do_not_turn_the_clock_back() {
    let (mut stream, now) = (stream(), Instant::now());
    let before = tick(&mut stream, now).expect("ours");
    for _ in 0..100 * 3_600 * 50u32 / 2 {
        stream.pause();
        stream.miss(1);
        stream.pass_frame();
    }
    let after = tick(&mut stream, now).expect("ours");
    assert_eq!(after.sequence, before.sequence.wrapping_add(1));
    assert_eq!(
        after.timestamp.wrapping_sub(before.timestamp),
        (100 * 3_600 * 50u32).wrapping_mul(160).wrapping_add(160)
    );
}

#[test]
fn a_report_tells_the_time_of_the_sound_relayed() {
    let (mut stream, now) = (stream(), Instant::now());
    assert_eq!(stream.report_time(now), stream.clock());
    let placed = stream.place_sound(now, &head(5, 0), 160).expect("in order");
    let later = now + Duration::from_millis(15);
    assert_eq!(stream.report_time(later), placed.timestamp.wrapping_add(120));
}
