//! Who is said to speak, when, and who is mixed when only the loudest are.

use super::super::voice::{BEGIN_TICKS, END_TICKS, TAKE_OVER_TICKS};
use super::*;

/// What happened in so many ticks, in which these talk.
fn talk(mixer: &mut Mixer, talkers: &mut [&mut Talker], ticks: std::ops::Range<u64>) -> Vec<MixerEvent> {
    let mut events = Vec::new();
    for tick in ticks {
        for talker in talkers.iter_mut() {
            talker.talk(mixer);
        }
        mixer.mix(tick);
        events.extend(std::iter::from_fn(|| mixer.poll_event()));
    }
    events
}

#[test]
fn speakers_follow_each_other_in_their_order_and_at_the_stated_times() {
    let mut mixer = room();
    let mut first = Talker::join(&mut mixer, Rate::Hz8000, 400.0, 6_000.0);
    let mut second = Talker::join(&mut mixer, Rate::Hz48000, 500.0, 6_000.0);
    let events = talk(&mut mixer, &mut [&mut first], 0..10);
    let began = u64::from(BEGIN_TICKS) - 1;
    let speaker = |leg: &Talker, tick| MixerEvent::Speaker {
        leg: Some(leg.key),
        tick,
    };
    let speaking = |leg: &Talker, tick| MixerEvent::Speaking { leg: leg.key, tick };
    assert_eq!(events, [speaking(&first, began), speaker(&first, began)]);
    // As loud as the first: it speaks too, and the first stays the speaker.
    let events = talk(&mut mixer, &mut [&mut first, &mut second], 10..100);
    assert_eq!(events, [speaking(&second, 10 + began)]);
    let events = talk(&mut mixer, &mut [&mut second], 100..150);
    let tick = 99 + u64::from(END_TICKS);
    let (leg, next) = (first.key, Some(second.key));
    assert_eq!(
        events,
        [MixerEvent::Quiet { leg, tick }, MixerEvent::Speaker { leg: next, tick }]
    );
    let events = talk(&mut mixer, &mut [], 150..200);
    let tick = 149 + u64::from(END_TICKS);
    let leg = second.key;
    assert_eq!(
        events,
        [MixerEvent::Quiet { leg, tick }, MixerEvent::Speaker { leg: None, tick }]
    );
}

#[test]
fn a_clearly_louder_one_takes_over_after_300_ms() {
    let mut mixer = room();
    let mut quiet = Talker::join(&mut mixer, Rate::Hz8000, 400.0, 2_000.0);
    let mut loud = Talker::join(&mut mixer, Rate::Hz8000, 500.0, 4_000.0);
    talk(&mut mixer, &mut [&mut quiet], 0..50);
    let events = talk(&mut mixer, &mut [&mut quiet, &mut loud], 50..100);
    let at = 50 + u64::from(BEGIN_TICKS) - 1 + u64::from(TAKE_OVER_TICKS) - 1;
    let leg = Some(loud.key);
    assert_eq!(events[1..], [MixerEvent::Speaker { leg, tick: at }]);
}

#[test]
fn clicks_noise_and_the_muted_are_not_speaking() {
    let mut mixer = room();
    let mut talker = Talker::join(&mut mixer, Rate::Hz8000, 400.0, 6_000.0);
    let mut events = Vec::new();
    for tick in 0..100 {
        if tick % 10 < 2 {
            events.extend(talk(&mut mixer, &mut [&mut talker], tick..tick + 1));
        } else {
            events.extend(talk(&mut mixer, &mut [], tick..tick + 1));
        }
    }
    assert_eq!(events, [], "40 ms are no speech");
    let mut faint = Talker::join(&mut mixer, Rate::Hz8000, 400.0, 100.0);
    assert_eq!(
        talk(&mut mixer, &mut [&mut faint], 100..150),
        [],
        "-50 dBFS is no speech"
    );
    mixer.set_mute(talker.key, Mute::Muted).expect("there");
    assert_eq!(talk(&mut mixer, &mut [&mut talker], 150..200), []);
    mixer.set_mute(talker.key, Mute::Heard).expect("there");
    assert_eq!(talk(&mut mixer, &mut [&mut talker], 200..210).len(), 2);
    mixer.set_mute(talker.key, Mute::Muted).expect("there");
    let leg = talker.key;
    let (quiet, nobody) = (
        MixerEvent::Quiet { leg, tick: 210 },
        MixerEvent::Speaker { leg: None, tick: 210 },
    );
    assert_eq!(talk(&mut mixer, &mut [&mut talker], 210..211), [quiet, nobody]);
    // A line's steady noise at -42 dBFS counts as noise after some seconds.
    let hum = mixer.add(Rate::Hz8000, Part::Talks).expect("room");
    let mut speaking = true;
    for tick in 300..1_300u64 {
        let frame: Vec<i16> = noise(tick, 160).iter().map(|sample| sample / 26).collect();
        mixer.push(hum, &frame).expect("there");
        mixer.mix(tick);
        while let Some(event) = mixer.poll_event() {
            speaking = matches!(
                event,
                MixerEvent::Speaker { leg: Some(_), .. } | MixerEvent::Speaking { .. }
            );
        }
    }
    assert!(!speaking);
}

#[test]
fn only_the_loudest_are_mixed_and_places_are_not_taken_lightly() {
    let config = MixerConfig {
        max_legs: 20,
        loudest: Some(3),
    };
    let mut mixer = Mixer::new(config).expect("a room");
    let mut talkers: Vec<_> = (0..6)
        .map(|n| {
            Talker::join(
                &mut mixer,
                Rate::Hz8000,
                400.0 + 200.0 * f64::from(n),
                4_000.0 - 500.0 * f64::from(n),
            )
        })
        .collect();
    run(&mut mixer, &mut talkers, 20);
    let mixed = |mixer: &Mixer, talkers: &[Talker]| {
        talkers
            .iter()
            .map(|talker| mixer.is_mixed(talker.key))
            .collect::<Vec<_>>()
    };
    assert_eq!(mixed(&mixer, &talkers), [true, true, true, false, false, false]);
    for (n, other) in talkers.iter().enumerate() {
        let level = talkers[5].heard_db(other.hertz, other.amplitude, 10);
        assert!(if n < 3 { level.abs() < 0.5 } else { level < -60.0 }, "{n}: {level} dB");
    }
    talkers[4].amplitude = 3_900.0;
    run(&mut mixer, &mut talkers, 20);
    assert!(
        !mixer.is_mixed(talkers[4].key),
        "2.3 dB louder than the last one is not enough"
    );
    talkers[4].amplitude = 4_800.0;
    run(&mut mixer, &mut talkers, 20);
    assert_eq!(mixed(&mixer, &talkers), [true, true, false, false, true, false]);
    talkers.iter_mut().for_each(|talker| talker.heard.clear());
    mixer.remove(talkers.remove(0).key).expect("there");
    run(&mut mixer, &mut talkers, 20);
    assert_eq!(
        mixed(&mixer, &talkers),
        [true, true, false, true, false],
        "the next one moves up"
    );
}

#[test]
fn events_nobody_takes_are_counted_and_the_newest_stay() {
    let mut mixer = room();
    let mut talker = Talker::join(&mut mixer, Rate::Hz8000, 400.0, 6_000.0);
    for round in 0..5u64 {
        for tick in 0..40 {
            if tick < 10 {
                talker.talk(&mut mixer);
            }
            mixer.mix(round * 40 + tick);
        }
    }
    assert_eq!(mixer.events_dropped(), 18, "20 events, room for those of one tick");
    let nobody = MixerEvent::Speaker {
        leg: None,
        tick: 160 + 9 + u64::from(END_TICKS),
    };
    assert_eq!(std::iter::from_fn(|| mixer.poll_event()).last(), Some(nobody));
}
