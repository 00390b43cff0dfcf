//! Packets from far ends, strangers and bad networks; time-outs; RTCP.

use super::*;
use crate::{Listening, rtcp};

#[test]
fn a_sprayer_has_no_effect_and_gets_nothing() {
    let mut bench = Bench::new();
    bench.sound(remote(), 1, &[0x80; 160]);
    bench.command(Command::Listen {
        session: SESSION,
        listening: Listening::On,
    });
    let before = bench.counters();
    for n in 0..2_000u16 {
        let stranger = SocketAddr::new(at("198.51.100.1:1").ip(), 1_024 + n);
        for bytes in [
            packet(0, n, 1, 9, &[0x80; 160]),
            packet(EVENT, n, n.into(), 9, &[1, 10, 0, 160]),
        ] {
            bench.receive(Lane::Rtp, stranger, &bytes);
            bench.receive(Lane::Rtcp, stranger, &bytes);
        }
        if n % 20 == 0 {
            bench.tick();
        }
    }
    // At the port for RTCP none of it is any.
    assert_eq!(
        (bench.counters().wrong_source, bench.counters().malformed),
        (4_000, 4_000)
    );
    assert_eq!(
        (bench.counters().packets_in, bench.counters().restarts),
        (before.packets_in, before.restarts)
    );
    assert!(bench.sink.sent.iter().all(|sent| sent.to.ip() == remote().ip()));
    assert!(bench.sink.heard.iter().all(|&sample| sample == 0));
    assert_eq!(bench.reports, []);
}

#[test]
fn a_sprayer_on_the_phones_host_gets_no_report() {
    let mut bench = Bench::new();
    bench.sound(remote(), 1, &[0x80; 160]);
    let neighbour = SocketAddr::new(remote().ip(), 61_000);
    for n in 0..600 {
        bench.receive(Lane::Rtcp, neighbour, &packet(0, n, n.into(), 9, &[0x80; 160]));
        bench.tick();
    }
    assert!(
        bench.sink.sent.iter().any(|sent| sent.lane == Lane::Rtcp),
        "reports were due"
    );
    assert!(bench.sink.sent.iter().all(|sent| sent.to != neighbour));
}

#[test]
fn a_phone_behind_nat_gets_its_answer_where_it_sends_from() {
    let mut bench = Bench::new();
    let nat = at("203.0.113.5:61000");
    for sequence in 1..5 {
        bench.sound(nat, sequence, &[0x80; 160]);
        bench.tick();
    }
    assert_eq!(bench.sink.sent.last().expect("sent").to, nat);
    // Another synchronisation source from elsewhere does not move it.
    for sequence in 1..50 {
        bench.receive(
            Lane::Rtp,
            at("198.51.100.9:61000"),
            &packet(0, sequence, 1, 1234, &[0x80; 160]),
        );
    }
    bench.tick();
    assert_eq!(bench.sink.sent.last().expect("sent").to, nat);
}

#[test]
fn silence_is_said_once_for_each_silence_and_not_on_hold() {
    let mut bench = Bench::new();
    let timed = Plan {
        timeout: Some(Duration::from_secs(2)),
        ..plan()
    };
    bench.command(Command::Update {
        session: SESSION,
        plan: timed.clone(),
    });
    bench.ticks(99);
    assert_eq!(bench.reports, []);
    bench.ticks(200);
    assert_eq!(bench.reports, [Report::Silent { session: SESSION }]);
    bench.sound(remote(), 1, &[0xff; 160]);
    bench.ticks(60);
    bench.receive(Lane::Rtp, at("198.51.100.9:61000"), &packet(0, 2, 1, 1, &[0xff; 160]));
    bench.ticks(60);
    assert_eq!(bench.reports.len(), 2, "a stranger's packet is no sign of life");
    bench.sound(remote(), 2, &[0xff; 160]);
    bench.command(Command::Update {
        session: SESSION,
        plan: Plan {
            flow: Flow::SendOnly,
            ..timed.clone()
        },
    });
    bench.ticks(1_000);
    assert_eq!(bench.reports.len(), 2, "on hold nobody is expected to speak");
    bench.command(Command::Update {
        session: SESSION,
        plan: timed,
    });
    bench.ticks(90);
    assert_eq!(bench.reports.len(), 2, "after the hold the time begins anew");
    bench.ticks(20);
    assert_eq!(bench.reports.len(), 3);
}

#[test]
fn what_is_heard_is_what_was_sent() {
    let mut bench = Bench::new();
    bench.command(Command::Listen {
        session: SESSION,
        listening: Listening::On,
    });
    let sound: Vec<i16> = (0..16_000)
        .map(|n| (9_000.0 * (f64::from(n).powf(1.4) * 0.01).sin()) as i16)
        .collect();
    for (n, frame) in sound.chunks(160).enumerate() {
        let payload: Vec<u8> = frame.iter().map(|&s| crate::g711::encode(Law::Pcmu, s)).collect();
        bench.sound(remote(), n as u16, &payload);
        bench.tick();
    }
    bench.ticks(10);
    let found = crate::measure::find(&sound, &bench.sink.heard).expect("found");
    assert!(found.correlation > 0.999 && found.lag == 320, "{found:?}");
    assert_eq!(bench.sink.heard.len(), 110 * 160);
    bench.command(Command::Listen {
        session: SESSION,
        listening: Listening::Off,
    });
    bench.ticks(10);
    assert_eq!(bench.sink.heard.len(), 110 * 160);
}

#[test]
fn reports_go_out_every_five_seconds_or_so_and_say_the_truth() {
    let mut bench = Bench::new();
    for n in 0..3_000u16 {
        if n % 10 != 9 {
            bench.sound(remote(), n, &[0xff; 160]);
        }
        bench.tick();
    }
    let reports: Vec<&Sent> = bench.sink.sent.iter().filter(|sent| sent.lane == Lane::Rtcp).collect();
    assert!(
        (9..=20).contains(&reports.len()),
        "{} reports in a minute",
        reports.len()
    );
    assert!(reports.iter().all(|sent| sent.to == at("192.0.2.7:4001")));
    let heard = rtcp::parse(&reports[5].bytes, 77).expect("well formed");
    let block = heard.about_us.expect("a block about the far end's stream");
    assert!(block.lost > 100 && heard.sender_time.is_some());
    assert_eq!(bench.counters().lost, 299, "the last hole has no packet after it");
    assert_eq!(bench.counters().rtcp_out, reports.len() as u64);
}

#[test]
fn the_round_trip_is_measured() {
    let (mut a, mut b) = (Bench::new(), Bench::new());
    let way = Duration::from_millis(60);
    let mut from_a: Vec<(Instant, Sent)> = Vec::new();
    let mut from_b: Vec<(Instant, Sent)> = Vec::new();
    // Both live at the same time.
    b.now = a.now;
    for _ in 0..2_000 {
        exchange(&mut a, way, &mut from_b, &mut from_a);
        exchange(&mut b, way, &mut from_a, &mut from_b);
    }
    for bench in [&a, &b] {
        let round_trip = bench.counters().round_trip_us;
        assert!(
            (115_000..=165_000).contains(&round_trip),
            "{round_trip} us for a way of 60 ms"
        );
        assert!(bench.counters().rtcp_in > 5);
        assert_eq!(bench.counters().malformed, 0);
    }
}

/// One tick of one side of a line with a delay.
fn exchange(side: &mut Bench, way: Duration, incoming: &mut Vec<(Instant, Sent)>, out: &mut Vec<(Instant, Sent)>) {
    while incoming.first().is_some_and(|(sent, _)| *sent + way <= side.now) {
        let (_, packet) = incoming.remove(0);
        let from = if packet.lane == Lane::Rtp {
            remote()
        } else {
            at("192.0.2.7:4001")
        };
        side.receive(packet.lane, from, &packet.bytes);
    }
    let now = side.now;
    side.tick();
    out.extend(side.sink.sent.drain(..).map(|sent| (now, sent)));
}

#[test]
fn a_shared_port_carries_both() {
    let mut bench = Bench::empty(Config::default());
    bench.command(Command::Open {
        session: SESSION,
        plan: Plan {
            remote_rtcp: remote(),
            ..plan()
        },
    });
    bench.sound(remote(), 1, &[0xff; 160]);
    bench.receive(Lane::Rtp, remote(), b"\x80\xc9\x00\x01\0\0\0\x09");
    bench.ticks(500);
    assert_eq!((bench.counters().rtcp_in, bench.counters().packets_in), (1, 1));
    assert!(bench.counters().rtcp_out > 0);
    assert!(
        bench
            .sink
            .sent
            .iter()
            .all(|sent| sent.lane == Lane::Rtp && sent.to == remote())
    );
}

#[test]
fn no_bytes_make_it_panic_or_drop_a_report() {
    let mut bench = Bench::new();
    bench.command(Command::Listen {
        session: SESSION,
        listening: Listening::On,
    });
    let mut random = Random::new(42);
    for round in 0..200_000u32 {
        let len = (random.next() % 200) as usize;
        let mut bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        if round % 4 != 0 && len > 1 {
            bytes[0] = 0x80 | (bytes[0] & 0x33);
            // Mostly one stream in something like an order, so that more than its beginning is reached.
            if len > 12 && round % 3 != 0 {
                bytes[2..4].copy_from_slice(&((round / 4) as u16).to_be_bytes());
                bytes[8..12].copy_from_slice(&[0, 0, 0, 77]);
            }
            bytes[1] = [0, 8, 13, EVENT, 200, 201][random.next() as usize % 6] | (bytes[1] & 0x80);
        }
        let lane = if random.next().is_multiple_of(4) {
            Lane::Rtcp
        } else {
            Lane::Rtp
        };
        let from = if lane == Lane::Rtp {
            remote()
        } else {
            at("192.0.2.7:4001")
        };
        bench.receive(lane, from, &bytes);
        if round % 8 == 0 {
            bench.tick();
            bench.sink = Kept::default();
        }
    }
    bench.receive(Lane::Rtp, remote(), &vec![0x80; crate::MAX_PACKET_BYTES + 1]);
    assert!(
        bench.counters().packets_in > 30_000 && bench.counters().malformed > 10_000,
        "{:?}",
        bench.counters()
    );
    assert_eq!(bench.engine.totals().dropped_reports, 0);
}

#[test]
fn the_score_of_a_call_falls_with_loss_and_more_so_in_bursts() {
    let score = |lost: fn(u16) -> bool| {
        let mut bench = Bench::new();
        assert_eq!(bench.counters().mos_hundredths, 0, "nothing came yet");
        for number in 0..1_000 {
            if !lost(number) {
                bench.sound(remote(), number, &[0; 160]);
            }
            bench.now += crate::FRAME;
        }
        bench.counters().mos_hundredths
    };
    let clean = score(|_| false);
    let random = score(|number| number % 20 == 7);
    let bursts = score(|number| (90..100).contains(&(number % 200)));
    assert!((435..=441).contains(&clean), "{clean}");
    assert!(
        random < clean - 20 && bursts < random - 5,
        "{clean}, {random}, {bursts}"
    );
}
