//! Opening, closing, numbers, phases and limits.

use super::*;
use crate::rtcp;

fn open(bench: &mut Bench, number: u32) {
    bench.command(Command::Open {
        session: SessionId(number),
        plan: plan(),
    });
}

#[test]
fn sessions_are_spread_over_the_phases_in_order() {
    let mut bench = Bench::empty(Config::default());
    for number in [9, 1, 4, 5, 2] {
        open(&mut bench, number);
    }
    let phases: Vec<Vec<u32>> = (0..PHASES)
        .map(|phase| bench.engine.sessions(phase).iter().map(|id| id.0).collect())
        .collect();
    assert_eq!(phases, [vec![4], vec![1, 5, 9], vec![2], vec![]]);
    bench.tick();
    let order: Vec<u32> = bench.sink.sent.iter().map(|sent| sent.session.0).collect();
    assert_eq!(order, [4, 1, 5, 9, 2]);
}

#[test]
fn closing_says_goodbye_and_reports_the_counters_last() {
    let mut bench = Bench::new();
    bench.sound(remote(), 1, &[0xff; 160]);
    bench.ticks(3);
    bench.command(Command::Close { session: SESSION });
    bench.sound(remote(), 2, &[0xff; 160]);
    bench.command(Command::Close { session: SESSION });
    assert_eq!(bench.reports, []);
    bench.tick();
    let bye = bench.sink.sent.last().expect("sent");
    assert!(bye.lane == Lane::Rtcp && rtcp::parse(&bye.bytes, 0).expect("well formed").bye);
    let Report::Closed { session, counters } = &bench.reports[0] else {
        panic!("{:?}", bench.reports)
    };
    assert_eq!(
        (*session, counters.packets_in, counters.packets_out, counters.bytes_out),
        (SESSION, 1, 3, 480)
    );
    let sent = bench.sink.sent.len();
    bench.ticks(10);
    assert_eq!((bench.reports.len(), bench.sink.sent.len()), (1, sent));
    assert_eq!(bench.engine.sessions(0), []);
    assert_eq!(
        (
            bench.engine.totals().stray_packets,
            bench.engine.totals().ignored_commands
        ),
        (1, 1)
    );
    open(&mut bench, SESSION.0);
    assert_eq!(bench.counters(), Counters::default(), "a number can be used again");
}

#[test]
fn a_session_that_never_sent_goes_without_a_word() {
    let mut bench = Bench::empty(Config::default());
    bench.command(Command::Open {
        session: SESSION,
        plan: Plan {
            flow: Flow::Inactive,
            ..plan()
        },
    });
    bench.command(Command::Close { session: SESSION });
    bench.tick();
    assert_eq!((bench.sink.sent.len(), bench.reports.len()), (0, 1));
}

#[test]
fn a_full_engine_and_a_number_in_use_are_refused() {
    let mut bench = Bench::empty(Config {
        max_sessions: 2,
        ..Config::default()
    });
    for number in [1, 2, 2, 3] {
        open(&mut bench, number);
    }
    let refused = |number, why| Report::Refused {
        session: SessionId(number),
        why,
    };
    assert_eq!(bench.reports, [refused(2, Refusal::InUse), refused(3, Refusal::Full)]);
    bench.command(Command::Close { session: SessionId(1) });
    open(&mut bench, 1);
    assert_eq!(
        bench.reports.last(),
        Some(&refused(1, Refusal::InUse)),
        "not before it has reported its end"
    );
    bench.tick();
    open(&mut bench, 3);
    assert_eq!(bench.engine.totals().refused_commands, 3);
    assert_eq!(bench.engine.sessions(3), [SessionId(3)]);
}

#[test]
fn reports_nobody_takes_are_dropped_and_counted() {
    let mut engine = Engine::new(
        Config {
            max_sessions: 1,
            ..Config::default()
        },
        1,
    );
    let now = Instant::now();
    for _ in 0..32 {
        engine.command(
            now,
            Command::Open {
                session: SESSION,
                plan: plan(),
            },
        );
    }
    assert_eq!(engine.totals().dropped_reports, 31 - 30);
    assert_eq!(std::iter::from_fn(|| engine.poll_report()).count(), 30);
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let run = |seed| {
        let mut bench = Bench {
            engine: Engine::new(Config::default(), seed),
            ..Bench::empty(Config::default())
        };
        open(&mut bench, 1);
        bench.ticks(700);
        bench.sink.sent
    };
    let (first, again, other) = (run(1), run(1), run(2));
    assert_eq!(first, again);
    assert_ne!(first[0].bytes[8..12], other[0].bytes[8..12]);
}

#[test]
fn how_it_goes_is_told_with_every_regular_report() {
    let mut bench = Bench::new();
    let mut told = Vec::new();
    for n in 0..1_500_u16 {
        if n % 10 != 0 {
            let timestamp = u32::from(n) * 160;
            let bytes = packet(0, n, timestamp, 77, &[0xff; 160]);
            let datagram = Datagram {
                session: SESSION,
                lane: Lane::Rtp,
                from: remote(),
                bytes: &bytes,
            };
            bench.engine.packet(bench.now, datagram, &mut bench.sink);
        }
        for phase in 0..PHASES {
            bench.engine.tick(bench.now, phase, &mut bench.sink);
        }
        bench.now += crate::FRAME;
        while let Some(report) = bench.engine.poll_report() {
            if let Report::Quality { counters, .. } = report {
                told.push(counters);
            }
        }
    }
    assert!(
        (4..=12).contains(&told.len()),
        "every five seconds or so of thirty: {}",
        told.len()
    );
    let last = told.last().expect("it is told");
    let share = last.lost as f64 / (last.lost as f64 + last.packets_in as f64);
    assert!((0.09..0.11).contains(&share), "{share}");
    assert!(last.mos_hundredths > 100, "{last:?}");
}
