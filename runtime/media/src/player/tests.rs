//! Joins, repeats, ends, and prompts that are empty in every way.

mod changes;

use super::*;
use crate::{Clip, Coming, Tone};
use std::sync::Arc;

fn clip(len: usize, value: i16) -> Segment {
    Segment::Clip(Arc::new(Clip::from_samples(&vec![value; len])))
}

fn player(segments: Vec<Segment>, times: u16) -> Player {
    Player::new(PlayId(1), Prompt { segments, times }, StopOnKey::PlayOn)
}

/// All bytes until the end, at most `limit` frames.
fn play(player: &mut Player, law: Law, limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !player.ended() && bytes.len() < limit * FRAME_SAMPLES {
        let mut frame = [0; FRAME_SAMPLES];
        player.fill_coded(law, &mut frame);
        bytes.extend_from_slice(&frame);
    }
    bytes
}

#[test]
fn segments_join_inside_a_frame() {
    for law in [Law::Pcmu, Law::Pcma] {
        let mut player = player(
            vec![
                clip(100, 8000),
                Segment::Silence(Duration::from_millis(1)),
                clip(150, -8000),
            ],
            1,
        );
        let bytes = play(&mut player, law, 10);
        let mut expected = vec![g711::encode(law, 8000); 100];
        expected.extend([g711::silence(law); 8]);
        expected.extend([g711::encode(law, -8000); 150]);
        expected.resize(2 * FRAME_SAMPLES, g711::silence(law));
        assert_eq!(bytes, expected);
        assert_eq!(player.played(), Duration::from_millis(40));
    }
}

#[test]
fn an_end_on_the_edge_of_a_frame_takes_no_further_frame() {
    let mut player = player(vec![clip(320, 5)], 1);
    assert_eq!(play(&mut player, Law::Pcmu, 10).len(), 320);
    assert_eq!(player.played(), Duration::from_millis(40));
}

#[test]
fn it_is_repeated_as_often_as_asked() {
    let mut three = player(vec![clip(50, 1000), clip(30, -1000)], 3);
    let bytes = play(&mut three, Law::Pcmu, 10);
    let loud = bytes.iter().filter(|&&b| b == g711::encode(Law::Pcmu, 1000)).count();
    assert_eq!((bytes.len(), loud), (320, 150));
    let mut endless = player(vec![clip(50, 1000)], 0);
    assert_eq!(play(&mut endless, Law::Pcmu, 1_000).len(), 160_000);
    assert!(!endless.ended());
}

#[test]
fn prompts_without_sound_end_at_once_even_endless_ones() {
    let nothing = Tone {
        frequencies: vec![400],
        on: Duration::ZERO,
        off: Duration::ZERO,
        count: 9,
        level_dbm0: -10,
    };
    for times in [0, 1, 7] {
        assert!(player(vec![], times).ended());
        assert!(
            player(
                vec![
                    clip(0, 0),
                    Segment::Silence(Duration::ZERO),
                    Segment::Tone(nothing.clone())
                ],
                times
            )
            .ended()
        );
    }
}

#[test]
fn empty_segments_between_others_are_passed_over() {
    let mut player = player(vec![clip(0, 0), clip(160, 7), clip(0, 0), clip(160, 7), clip(0, 0)], 2);
    assert_eq!(play(&mut player, Law::Pcmu, 10).len(), 4 * FRAME_SAMPLES);
    assert!(player.ended());
}

#[test]
fn a_tone_keeps_its_phase_over_frames() {
    let tone = Tone {
        frequencies: vec![1010],
        on: Duration::from_secs(2),
        off: Duration::ZERO,
        count: 1,
        level_dbm0: -6,
    };
    let bytes = play(&mut player(vec![Segment::Tone(tone)], 1), Law::Pcmu, 200);
    let samples: Vec<i16> = bytes.iter().map(|&b| g711::FROM_PCMU[usize::from(b)]).collect();
    let steady = &samples[800..15_200];
    let (all, at) = (
        crate::measure::level_dbfs(steady),
        crate::measure::frequency_dbfs(steady, 8000, 1010.0),
    );
    // What is not the tone is the noise of G.711, some 38 dB below it.
    assert!((all - at).abs() < 0.01, "level {all}, at the frequency {at}");
}

fn sound(len: usize, value: i16) -> Arc<Clip> {
    Arc::new(Clip::from_samples(&vec![value; len]))
}

#[test]
fn what_is_still_coming_is_waited_for_in_silence_that_does_not_count() {
    let coming = Coming::default();
    let mut player = player(
        vec![clip(240, 8000), Segment::Coming(coming.clone()), clip(80, -8000)],
        1,
    );
    let (loud, low) = (g711::encode(Law::Pcmu, 8000), g711::encode(Law::Pcmu, -8000));
    let silence = g711::silence(Law::Pcmu);
    let mut next = || {
        let mut frame = [0; FRAME_SAMPLES];
        player.fill_coded(Law::Pcmu, &mut frame);
        (frame, player.played(), player.ended())
    };
    next();
    let (frame, played, _) = next();
    assert_eq!(
        (frame[79], frame[80], played),
        (loud, silence, Duration::from_millis(40))
    );
    for _ in 0..100 {
        assert_eq!(next(), ([silence; FRAME_SAMPLES], Duration::from_millis(40), false));
    }
    coming.is_here(sound(80, 8000));
    coming.is_here(sound(8_000, 1));
    let (frame, played, ended) = next();
    assert_eq!((frame[79], frame[80], frame[159]), (loud, low, low));
    assert_eq!((played, ended), (Duration::from_millis(60), true));
}

#[test]
fn what_comes_empty_is_passed_over_and_ends_even_an_endless_prompt() {
    let coming = Coming::default();
    let both = || vec![Segment::Coming(coming.clone()), Segment::Coming(coming.clone())];
    let mut waiting = [0, 1, 9_999].map(|times| player(both(), times));
    for player in &mut waiting {
        assert_eq!(play(player, Law::Pcmu, 5).len(), 5 * FRAME_SAMPLES);
    }
    coming.is_here(sound(0, 0));
    for player in &mut waiting {
        assert_eq!(play(player, Law::Pcmu, 5).len(), FRAME_SAMPLES);
        assert!(player.ended());
    }
    let mut beside = player(vec![Segment::Coming(coming), clip(160, 5)], 0);
    assert_eq!(play(&mut beside, Law::Pcmu, 100).len(), 100 * FRAME_SAMPLES);
    assert!(!beside.ended());
}
