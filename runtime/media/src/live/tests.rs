//! Live sound: its order, its ledger, its limits, and every rate made every other.

use super::*;

fn source(rate: Rate, wanted: Rate) -> Live {
    Live::new(LiveId(1), rate, wanted)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn sound_is_played_in_order_and_counted_to_the_sample() {
    let mut live = source(Rate::Hz8000, Rate::Hz8000);
    let sound: Vec<i16> = (0..200).collect();
    live.push(&sound);
    let mut heard = [0; 320];
    live.fill(&mut heard[..160]);
    assert!(live.sounds());
    live.fill(&mut heard[160..]);
    assert!(!live.sounds());
    assert_eq!(&heard[..200], &sound);
    assert!(heard[200..].iter().all(|sample| *sample == 0));
    assert_eq!(live.ledger().played, ms(25));
}

#[test]
fn a_mark_is_reached_when_all_before_it_was_played_and_says_where() {
    let mut live = source(Rate::Hz8000, Rate::Hz8000);
    live.mark(1);
    live.push(&[1; 240]);
    live.mark(2);
    live.push(&[1; 240]);
    live.mark(3);
    let reached = |mark, played| {
        Some(LiveEvent::Reached {
            mark,
            played: ms(played),
        })
    };
    assert_eq!(live.reached(), reached(1, 0));
    let mut frame = [0; 160];
    live.fill(&mut frame);
    assert_eq!(live.reached(), None);
    live.fill(&mut frame);
    assert_eq!(live.reached(), reached(2, 30));
    live.fill(&mut frame);
    assert_eq!(live.reached(), reached(3, 60));
    assert_eq!(live.reached(), None);
}

#[test]
fn clearing_says_what_was_played_and_what_was_not() {
    let mut live = source(Rate::Hz16000, Rate::Hz16000);
    live.push(&[1; 16_000]);
    live.mark(1);
    live.fill(&mut [0; 320]);
    let ledger = live.clear();
    assert_eq!((ledger.played, ledger.cleared), (ms(20), ms(980)));
    assert_eq!((live.reached(), live.sounds()), (None, false));
    live.push(&[1; 320]);
    live.mark(2);
    live.fill(&mut [0; 320]);
    let reached = LiveEvent::Reached {
        mark: 2,
        played: ms(40),
    };
    assert_eq!(live.reached(), Some(reached));
}

#[test]
fn what_finds_no_room_is_left_out_and_counted() {
    let mut live = source(Rate::Hz24000, Rate::Hz8000);
    for _ in 0..61 {
        live.push(&[1; 24_000]);
    }
    assert_eq!(live.waiting.len(), 60 * 24_000);
    assert_eq!(live.ledger().overrun, Duration::from_secs(1));
    (0..1_000).for_each(|mark| live.mark(mark));
    assert_eq!(live.marks.len(), MAX_LIVE_MARKS);
}

#[test]
fn every_rate_comes_out_at_every_rate_with_its_end() {
    for rate in [Rate::Hz8000, Rate::Hz16000, Rate::Hz24000] {
        for wanted in [Rate::Hz8000, Rate::Hz16000] {
            let mut live = source(rate, wanted);
            let tone = |n: usize| (n as f64 * 440.0 * std::f64::consts::TAU / f64::from(rate.hertz())).sin();
            let sound: Vec<i16> = (0..rate.frame() * 50).map(|n| (tone(n) * 8_000.0) as i16).collect();
            live.push(&sound);
            let mut heard = Vec::new();
            while live.sounds() {
                let mut frame = vec![0; wanted.frame()];
                live.fill(&mut frame);
                heard.extend(frame);
            }
            let level = crate::measure::frequency_dbfs(&heard[..wanted.frame() * 50], wanted.hertz(), 440.0);
            assert!((level + 12.2).abs() < 0.5, "{rate:?} to {wanted:?}: {level} dB");
            assert_eq!(live.ledger().played, Duration::from_secs(1));
        }
    }
}
