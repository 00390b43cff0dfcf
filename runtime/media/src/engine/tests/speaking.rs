//! Something said: it stops a prompt as a key does, and is handed over once.

use super::*;
use crate::{EarEvent, EarId, EarOptions, EarOrder, Utterance, g711};
use std::time::Duration;

const EAR: EarId = EarId(3);

fn order(bench: &mut Bench, ear: EarId, order: EarOrder) {
    let session = SESSION;
    bench.command(Command::Ear { session, ear, order });
}

fn open(bench: &mut Bench) {
    let options = EarOptions {
        end_silence: Duration::from_millis(600),
        longest: Duration::from_secs(5),
    };
    order(bench, EAR, EarOrder::Open(options));
}

/// The far end is silent for so many packets, and then says something for so many.
fn hear(bench: &mut Bench, from: u16, silent: u16, said: u16) {
    for n in from..from + silent + said {
        let strength = if n < from + silent { 0.0 } else { 9_000.0 };
        let payload: Vec<u8> = (0..160u32)
            .map(|k| {
                let time = f64::from(u32::from(n) * 160 + k) / 8_000.0;
                let turn = |hz: f64| (std::f64::consts::TAU * hz * time).sin();
                strength * (turn(210.0) + turn(900.0)) * (0.2 + turn(2.5).abs()) / 2.4
            })
            .map(|sample| g711::encode(Law::Pcmu, sample as i16))
            .collect();
        bench.sound(remote(), n, &payload);
        bench.tick();
    }
}

fn told(bench: &Bench) -> Vec<&EarEvent> {
    let told = bench.reports.iter().filter_map(|report| match report {
        Report::Ear { session, ear, event } => {
            assert_eq!((*session, *ear), (SESSION, EAR));
            Some(event)
        }
        _ => None,
    });
    told.collect()
}

fn lasts(utterance: &Utterance) -> u128 {
    utterance.duration().as_millis()
}

#[test]
fn speech_stops_a_prompt_that_a_key_would_stop_and_is_handed_over_once() {
    for (stop, ended) in [(StopOnKey::Stop, true), (StopOnKey::PlayOn, false)] {
        let mut bench = Bench::new();
        bench.play(1, vec![clip(80_000)], 1, stop);
        open(&mut bench);
        hear(&mut bench, 0, 50, 40);
        assert_eq!(told(&bench), [&EarEvent::Began]);
        let why: Vec<PlayEnd> = bench.ended().iter().map(|(_, _, why)| *why).collect();
        assert_eq!(why, if ended { vec![PlayEnd::Speech] } else { vec![] });
        hear(&mut bench, 90, 100, 40);
        match told(&bench)[..] {
            [EarEvent::Began, EarEvent::Said(said)] => assert!((800..=1_600).contains(&lasts(said)), "{}", lasts(said)),
            ref told => panic!("{told:?}"),
        }
    }
}

#[test]
fn an_ear_that_is_closed_hears_nothing_and_one_in_its_place_hears_anew() {
    let mut bench = Bench::new();
    open(&mut bench);
    order(&mut bench, EarId(9), EarOrder::Close);
    hear(&mut bench, 0, 50, 20);
    assert_eq!(told(&bench).len(), 1, "another one was closed");
    order(&mut bench, EAR, EarOrder::Close);
    hear(&mut bench, 70, 100, 50);
    assert_eq!(told(&bench).len(), 1);
    open(&mut bench);
    hear(&mut bench, 220, 50, 40);
    assert_eq!(told(&bench).len(), 2);
    bench.command(Command::Close { session: SESSION });
    bench.tick();
    assert_eq!(told(&bench).len(), 2, "a session that closes says nothing of it");
}

#[test]
fn times_out_of_range_are_refused() {
    let mut bench = Bench::new();
    let options = EarOptions {
        end_silence: Duration::from_millis(100),
        longest: Duration::from_secs(5),
    };
    order(&mut bench, EAR, EarOrder::Open(options));
    let (session, why) = (SESSION, Refusal::EarOptions);
    assert_eq!(bench.reports, [Report::Refused { session, why }]);
}
