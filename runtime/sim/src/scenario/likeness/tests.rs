//! Sounds with a piece left out, cut short, lost in parts, and sounds that are others.

use super::*;

/// Speech-like noise: no two places alike, with pauses.
fn speech(seed: u32, samples: usize) -> Vec<i16> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut smooth = 0.0;
    let sample = |n: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        smooth = 0.7 * smooth + 0.3 * (f64::from(state >> 16) - 32_768.0);
        let talks = (n / 2_500) % 4 != 3;
        if talks { (smooth * 0.5) as i16 } else { 0 }
    };
    (0..samples).map(sample).collect()
}

/// The sound after `lead` samples of silence, with whatever `change` does to it.
fn heard(sound: &[i16], lead: usize, change: impl Fn(&mut Vec<i16>)) -> Vec<i16> {
    let mut heard = vec![0; lead];
    heard.extend_from_slice(sound);
    change(&mut heard);
    heard
}

#[test]
fn the_whole_sound_is_found_with_its_end() {
    let sound = speech(1, 30_000);
    let found = Reference::new(sound.clone())
        .find(&heard(&sound, 7_000, |_| {}))
        .unwrap();
    assert!(found.likeness > 0.999, "{found:?}");
    assert_eq!(found.end, 7_000 + 30_000 - TAIL);
}

#[test]
fn ten_milliseconds_left_out_in_the_middle_do_not_matter_though_the_whole_is_nowhere() {
    let sound = speech(1, 30_000);
    let heard = heard(&sound, 500, |heard| drop(heard.drain(15_000..15_080)));
    assert!(measure::find(&sound[..28_000], &heard).unwrap().correlation < 0.8);
    let found = Reference::new(sound).find(&heard).unwrap();
    assert!(found.likeness > 0.85, "{found:?}");
}

#[test]
fn a_sound_cut_off_in_its_last_tenth_of_a_second_is_still_it() {
    let sound = speech(2, 20_000);
    let heard = heard(&sound, 300, |heard| heard.truncate(300 + 19_200));
    let reference = Reference::new(sound);
    assert!(heard.len() >= reference.least());
    assert!(reference.find(&heard).unwrap().likeness > 0.99);
}

#[test]
fn a_sound_that_breaks_off_halfway_is_not_it() {
    let sound = speech(2, 20_000);
    let heard = heard(&sound, 300, |heard| heard[10_000..].fill(0));
    let found = Reference::new(sound).find(&heard).unwrap();
    assert!((0.3..0.7).contains(&found.likeness), "{found:?}");
}

#[test]
fn another_sound_is_not_it_and_silence_is_nothing() {
    let reference = Reference::new(speech(1, 20_000));
    assert!(reference.find(&speech(3, 40_000)).unwrap().likeness < 0.3);
    assert_eq!(reference.find(&vec![0; 40_000]), None);
    assert_eq!(Reference::new(Vec::new()).find(&speech(1, 100)), None);
    assert_eq!(Reference::new(vec![0; 9_000]).find(&speech(1, 20_000)), None);
}

#[test]
fn a_short_sound_is_looked_for_to_its_end() {
    let sound = speech(4, 1_000);
    let found = Reference::new(sound.clone()).find(&heard(&sound, 40, |_| {})).unwrap();
    assert!(found.likeness > 0.999);
    assert_eq!(found.end, 1_040);
}
