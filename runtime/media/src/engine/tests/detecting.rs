//! Detections as commands: one report each, whatever becomes of the session.

use super::*;
use crate::{DetectOptions, Listening, Unknown, Verdict, g711};

fn detect(bench: &mut Bench) {
    bench.command(Command::Detect {
        session: SESSION,
        options: DetectOptions::default(),
    });
}

fn verdicts(bench: &Bench) -> Vec<Verdict> {
    let verdicts = bench.reports.iter().filter_map(|report| match report {
        Report::Detected { session, verdict, .. } => {
            assert_eq!(*session, SESSION);
            Some(*verdict)
        }
        _ => None,
    });
    verdicts.collect()
}

#[test]
fn a_far_end_that_sends_nothing_is_silence() {
    let mut bench = Bench::new();
    let start = bench.now;
    detect(&mut bench);
    bench.ticks(1_000);
    let [Report::Detected { verdict, at, .. }] = bench.reports[..] else {
        panic!("{:?}", bench.reports)
    };
    assert_eq!(verdict, Verdict::Unknown(Unknown::Silence));
    assert_eq!(at, start + crate::FRAME * 249);
    assert!(bench.sink.heard.is_empty(), "nobody listens");
}

#[test]
fn a_beep_in_packets_is_a_machine_and_the_listener_hears_it_too() {
    let mut bench = Bench::new();
    bench.command(Command::Listen {
        session: SESSION,
        listening: Listening::On,
    });
    detect(&mut bench);
    for n in 0..60u16 {
        let sample = |k: u32| 9_000.0 * (std::f64::consts::TAU * 900.0 * f64::from(k) / 8_000.0).sin();
        let beep = (10..30).contains(&n);
        let payload: Vec<u8> = (0..160u32)
            .map(|k| if beep { sample(u32::from(n) * 160 + k) } else { 0.0 })
            .map(|s| g711::encode(Law::Pcmu, s as i16))
            .collect();
        bench.sound(remote(), n, &payload);
        bench.tick();
    }
    assert_eq!(verdicts(&bench), [Verdict::Machine]);
    assert_eq!(bench.sink.heard.len(), 60 * 160);
    // It runs no longer, and another one may.
    bench.ticks(300);
    detect(&mut bench);
    bench.ticks(249);
    assert_eq!(verdicts(&bench).len(), 1);
    bench.tick();
    assert_eq!(verdicts(&bench).len(), 2);
}

#[test]
fn each_ends_once_when_replaced_refused_or_closed() {
    let mut bench = Bench::new();
    detect(&mut bench);
    detect(&mut bench);
    assert_eq!(verdicts(&bench), [Verdict::Unknown(Unknown::Replaced)]);
    bench.command(Command::Detect {
        session: SESSION,
        options: DetectOptions {
            timeout: Duration::from_secs(1),
            ..DetectOptions::default()
        },
    });
    assert_eq!(
        bench.reports.last(),
        Some(&Report::Refused {
            session: SESSION,
            why: Refusal::DetectOptions
        })
    );
    bench.command(Command::Close { session: SESSION });
    bench.ticks(400);
    assert_eq!(
        verdicts(&bench),
        [Verdict::Unknown(Unknown::Replaced), Verdict::Unknown(Unknown::Closed)]
    );
    assert!(matches!(bench.reports.last(), Some(Report::Closed { .. })));
}
