//! Prompts that a handler moves about in while they play, as they are heard.

use crate::support::{helper, program, world};
use crate::{SECOND, answered, press, rest};
use patchcord_media::{Clip, SAMPLE_RATE, measure};
use patchcord_sim::PhoneOptions;
use patchcord_sim::phone::Offer;
use std::sync::Arc;
use std::time::Duration;

const TONES_HZ: [f64; 4] = [440.0, 620.0, 880.0, 1_150.0];

/// The tone of each quarter of a second, and how loud it is; none: silence.
fn heard(sound: &[i16]) -> Vec<Option<(usize, f64)>> {
    let quarters = sound.chunks_exact(SAMPLE_RATE as usize / 4);
    quarters
        .map(|quarter| {
            let middle = &quarter[400..1_600];
            let level = |n: usize| measure::frequency_dbfs(middle, SAMPLE_RATE, TONES_HZ[n]);
            let loudest = (0..TONES_HZ.len()).max_by(|a, b| level(*a).total_cmp(&level(*b)))?;
            (level(loudest) > -50.0).then(|| (loudest, level(loudest)))
        })
        .collect()
}

#[test]
fn a_prompt_is_moved_about_in_and_gone_on_with_later() {
    let mut world = world(1, &[program("plays_in_pieces", &helper("plays_in_pieces"))]);
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, "plays_in_pieces", Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    let start = world.seat(phone).recording().samples().len();
    assert!(world.run_until(10 * SECOND, |world| world.noticed("over: ")));
    let sound = world.seat(phone).recording().samples()[start..].to_vec();
    let course = heard(&sound);
    let of = |at: Duration| course[at.as_millis() as usize / 250];
    let (soft, back) = (of(SECOND / 2), of(SECOND * 3 / 2));
    let (soft, back) = (soft.expect("the second tone"), back.expect("the second tone again"));
    assert_eq!((soft.0, back.0), (1, 1), "{course:?}");
    assert!((back.1 - soft.1 - 12.0).abs() < 1.0, "{course:?}");
    assert_eq!(of(SECOND * 5 / 2), None, "paused: {course:?}");
    assert_eq!(
        of(SECOND * 13 / 4).map(|(tone, _)| tone),
        Some(3),
        "the end of the last: {course:?}"
    );
    let log = world.log().to_string();
    assert!(log.contains("position-ms: 4000"), "{log}");
    assert!(log.contains("too loud: Err(") && log.contains("-40 to 12"), "{log}");

    assert!(world.run_until(10 * SECOND, |world| {
        let sound = &world.seat(phone).recording().samples()[start..];
        heard(sound)
            .iter()
            .filter(|tone| tone.is_some_and(|(tone, _)| tone == 2))
            .count()
            >= 2
    }));
    world.act(phone, press("5"));
    rest(&mut world);
    let log = world.log().to_string();
    let number = |after: &str| -> u32 {
        let found = log.split(after).nth(1).unwrap_or_else(|| panic!("{after}: {log}"));
        let digits: String = found.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    };
    let stopped = number("stopped at ");
    assert!((2_000..3_500).contains(&stopped), "{stopped}");
    assert_eq!(
        (number("then "), number(&format!("then {} to ", 4_000 - stopped))),
        (4_000 - stopped, 4_000)
    );
}

#[test]
fn a_file_of_the_web_is_waited_for_and_one_that_is_not_there_is_an_error() {
    let mut world = world(1, &[program("plays_the_web", &helper("plays_the_web"))]);
    let turn = std::f64::consts::TAU * TONES_HZ[2] / f64::from(SAMPLE_RATE);
    let offers: Vec<i16> = (0..SAMPLE_RATE)
        .map(|n| (8_000.0 * (turn * f64::from(n)).sin()) as i16)
        .collect();
    let offers = Arc::new(Clip::from_samples(&offers));
    // It takes longer to come than what is before it.
    world.put_on_the_web("https://cdn.test/offers.wav?key=secret", offers, SECOND * 2);
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, "plays_the_web", Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    let start = world.seat(phone).recording().samples().len();
    assert!(world.run_until(10 * SECOND, |world| world.noticed("there: ")));
    let course = heard(&world.seat(phone).recording().samples()[start..]);
    let tones: Vec<Option<usize>> = course.iter().map(|tone| tone.map(|(tone, _)| tone)).collect();
    assert_eq!(tones[1..3], [Some(0); 2], "{tones:?}");
    assert_eq!(tones[5..7], [None; 2], "it is waited for: {tones:?}");
    assert_eq!(tones[9..11], [Some(2); 2], "{tones:?}");
    rest(&mut world);
    let log = world.log().to_string();
    assert!(log.contains("there: Ok(Played { played-ms: 2000"), "{log}");
    assert!(
        log.contains("nowhere: Err(Error::NotFetched(\"its server answered with 404\"))"),
        "{log}"
    );
    assert!(
        log.contains("bad: Err(") && log.contains("no address of a sound file"),
        "{log}"
    );
    assert!(!log.contains("secret"), "{log}");
}
