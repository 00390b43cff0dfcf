//! Prompts that are paused, moved and made louder while they play: the right place, and no clicks.

use super::*;
use crate::PlayChange;
use crate::measure::level_dbfs;

/// Every sample tells its place: a slow ramp, one step a sample.
fn ramp(samples: usize) -> Segment {
    let ramp: Vec<i16> = (0..samples).map(|n| n as i16).collect();
    Segment::Clip(Arc::new(Clip::from_samples(&ramp)))
}

fn frame(player: &mut Player) -> [i16; FRAME_SAMPLES] {
    let mut frame = [0; FRAME_SAMPLES];
    player.fill(&mut frame);
    frame
}

fn frames(player: &mut Player, count: usize) -> Vec<i16> {
    (0..count).flat_map(|_| frame(player)).collect()
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_pause_fades_waits_and_goes_on_at_the_same_place() {
    let mut player = player(vec![ramp(16_000)], 1);
    frames(&mut player, 50);
    player.change(PlayChange::Pause);
    let fading = frame(&mut player);
    assert!(
        fading[0] > 7_900 && fading[159] < 100,
        "{} to {}",
        fading[0],
        fading[159]
    );
    let played = player.played();
    assert!(frames(&mut player, 200).iter().all(|&sample| sample == 0));
    assert_eq!(player.played(), played, "silence does not count");
    assert_eq!(player.position(), ms(1_020));
    player.change(PlayChange::Resume);
    let rising = frame(&mut player);
    assert!(rising[0] < 100 && rising[159] > 8_000);
    assert_eq!(frame(&mut player)[0], 52 * 160);
    frames(&mut player, 100);
    assert!(player.ended());
    assert_eq!((player.played(), player.position()), (ms(2_000), ms(2_000)));
}

#[test]
fn it_moves_within_its_round_and_no_further() {
    let mut player = player(vec![ramp(8_000), Segment::Silence(ms(500)), ramp(8_000)], 2);
    player.change(PlayChange::Seek(ms(1_600)));
    assert_eq!(
        frame(&mut player)[0],
        800,
        "a prompt that begins there does not fade in"
    );
    player.change(PlayChange::Skip { ms: -1_000 });
    frame(&mut player);
    assert_eq!(frame(&mut player)[0], 640 * 8);
    assert_eq!(player.position(), ms(660));
    player.change(PlayChange::Skip { ms: i32::MIN });
    frame(&mut player);
    assert_eq!(player.position(), ms(20));
    player.change(PlayChange::Seek(ms(1_200)));
    assert!(
        frames(&mut player, 2).iter().all(|&sample| sample == 0),
        "in the silence"
    );
    // Beyond the end: the next round begins, and then there is none.
    player.change(PlayChange::Skip { ms: 60_000 });
    frame(&mut player);
    assert_eq!((player.position(), player.ended()), (ms(20), false));
    player.change(PlayChange::Seek(Duration::MAX));
    frame(&mut player);
    assert!(player.ended());
    assert_eq!(player.position(), ms(2_500));
    player.change(PlayChange::Seek(Duration::ZERO));
    assert!(player.ended(), "what is over stays over");
}

#[test]
fn what_is_not_there_yet_is_not_passed_over() {
    let coming = Coming::default();
    let mut player = player(vec![ramp(800), Segment::Coming(coming.clone()), ramp(800)], 1);
    player.change(PlayChange::Seek(ms(5_000)));
    assert!(frames(&mut player, 10).iter().all(|&sample| sample == 0));
    assert!(!player.ended());
    coming.is_here(sound(160, 8_000));
    assert_eq!(frame(&mut player)[0], 8_000, "from its beginning");
}

#[test]
fn volume_changes_along_a_ramp_and_is_cut_off_at_full_scale() {
    let loud = || Segment::Clip(sound(80_000, 8_000));
    let mut twin = player(vec![loud()], 1);
    let mut player = player(vec![loud()], 1);
    player.change(PlayChange::Volume { decibels: -20 });
    assert_eq!(frame(&mut player)[0], 800, "from the start");
    player.change(PlayChange::Volume { decibels: 0 });
    let rising = frame(&mut player);
    assert!(rising.windows(2).all(|pair| (0..=50).contains(&(pair[1] - pair[0]))));
    assert_eq!(frame(&mut player)[0], 8_000);
    // And then it is copied as it was coded before.
    let (mut here, mut there) = ([0; FRAME_SAMPLES], [0; FRAME_SAMPLES]);
    player.fill_coded(Law::Pcma, &mut here);
    twin.fill_coded(Law::Pcma, &mut there);
    assert_eq!(here, there);
    player.change(PlayChange::Volume { decibels: 40 });
    frame(&mut player);
    assert_eq!(frame(&mut player)[0], i16::MAX);
    player.change(PlayChange::Volume { decibels: -40 });
    frame(&mut player);
    assert!((level_dbfs(&frame(&mut player)) - level_dbfs(&[8_000; 160]) + 40.0).abs() < 0.3);
    let mut coded = [0; FRAME_SAMPLES];
    player.fill_coded(Law::Pcmu, &mut coded);
    assert_eq!(g711::FROM_PCMU[usize::from(coded[80])], 80);
}
