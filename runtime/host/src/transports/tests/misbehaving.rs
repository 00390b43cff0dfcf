//! Peers that send garbage, stop in the middle, do not read, or come too often. Each loses its own connection only.

use super::rig::{MOMENT, PATIENCE, Plan, expect, expect_end, options, write};
use crate::transports::{Limits, Times};
use patchcord_sip::Transport;
use patchcord_sip::stream::FramingError;
use std::io::Read;
use std::time::{Duration, Instant};

fn hasty() -> Plan {
    let mut plan = Plan::of(Transport::Tcp);
    plan.times = Times {
        connect: Duration::from_millis(400),
        handshake: Duration::from_millis(400),
        first_message: Duration::from_millis(400),
        message: Duration::from_millis(400),
        write: Duration::from_millis(400),
        idle: Duration::from_millis(1_500),
    };
    plan
}

#[test]
fn garbage_closes_the_connection_without_an_answer() {
    let rig = Plan::of(Transport::Tcp).start();
    let mut neighbour = rig.dial();
    write(&mut neighbour, &options("1"));
    rig.message();
    for (garbage, why) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], FramingError::NotSip),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", FramingError::NotSip),
        (b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", FramingError::NoContentLength),
        (b"OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\nl: 4\r\n\r\n", FramingError::RepeatedContentLength),
        (b"OPTIONS sip:a@b SIP/2.0\r\nl: 999999\r\n\r\n", FramingError::TooLong),
        (b"OPTIONS sip:a@b SIP/2.0\nl: 0\n\n", FramingError::BareLineEnd),
    ] {
        let kind = FramingError::ALL.iter().position(|known| *known == why).unwrap();
        let before = rig.figures.framing[kind].get();
        let mut stranger = rig.dial();
        write(&mut stranger, garbage);
        assert_eq!(expect_end(&mut stranger), b"");
        assert_eq!(rig.figures.framing[kind].get(), before + 1, "{why}");
    }
    rig.silence();
    write(&mut neighbour, &options("2"));
    assert_eq!(rig.message().1, options("2"));
}

#[test]
fn what_came_whole_before_the_garbage_counts() {
    let rig = Plan::of(Transport::Tcp).start();
    let mut phone = rig.dial();
    write(&mut phone, &[&options("1")[..], b"nonsense\r\n", &options("2")[..]].concat());
    assert_eq!(rig.message().1, options("1"));
    assert_eq!(expect_end(&mut phone), b"");
    rig.silence();
}

#[test]
fn who_says_nothing_is_hung_up_on() {
    let rig = hasty().start();
    let began = Instant::now();
    let mut silent = rig.dial();
    // Keep-alive alone is no reason to hold a place.
    write(&mut silent, b"\r\n\r\n");
    expect(&mut silent, b"\r\n");
    assert_eq!(expect_end(&mut silent), b"");
    assert!(began.elapsed() >= Duration::from_millis(350), "it has its time");
    rig.wait(|figures| figures.stalled.get(), 1);
    assert_eq!(rig.figures.idle.get(), 0);
}

#[test]
fn who_stops_in_the_middle_is_hung_up_on() {
    let rig = hasty().start();
    let mut phone = rig.dial();
    let began = Instant::now();
    write(&mut phone, &options("1"));
    rig.message();
    // A byte now and then does not help: it is the whole message that has a time.
    let message = options("2");
    let mut bytes = message.iter();
    phone.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut gone = [0];
    loop {
        let sent = bytes.next().map(|byte| std::io::Write::write_all(&mut phone, &[*byte]));
        match phone.read(&mut gone) {
            Ok(0) => break,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) if sent.is_some() => break,
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() < PATIENCE, "it is never hung up on");
    }
    assert!(began.elapsed() < Duration::from_millis(1_400), "not only when it is idle");
    rig.wait(|figures| figures.stalled.get(), 1);
}

#[test]
fn who_was_heard_may_be_quiet_for_longer_and_pings_count() {
    let rig = hasty().start();
    let mut phone = rig.dial();
    write(&mut phone, &options("1"));
    let (flow, _) = rig.message();
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(600));
        write(&mut phone, b"\r\n\r\n");
        expect(&mut phone, b"\r\n");
    }
    rig.send(flow, None, b"still there");
    expect(&mut phone, b"still there");
    assert_eq!(expect_end(&mut phone), b"");
    assert_eq!(rig.failure(), flow);
    assert_eq!((rig.figures.stalled.get(), rig.figures.idle.get()), (0, 1));
}

#[test]
fn who_does_not_read_is_hung_up_on() {
    let rig = hasty().start();
    let mut phone = rig.dial();
    write(&mut phone, &options("1"));
    let (flow, _) = rig.message();
    // More than the kernel keeps, less than the queue does: the write takes too long.
    let began = Instant::now();
    let mut sent = 0;
    while rig.figures.stalled.get() + rig.figures.queue_full.get() == 0 {
        if sent < 800 {
            rig.send(flow, None, &[b'x'; 60_000]);
            sent += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
        assert!(began.elapsed() < PATIENCE, "it is never hung up on");
    }
    assert_eq!(rig.failure(), flow);
    rig.wait(|figures| figures.connections.get(), 0);
    drop(phone);
}

#[test]
fn who_floods_a_full_queue_is_hung_up_on_at_once() {
    let mut plan = hasty();
    plan.times.write = PATIENCE;
    let rig = plan.start();
    let mut phone = rig.dial();
    write(&mut phone, &options("1"));
    let (flow, _) = rig.message();
    let began = Instant::now();
    while rig.figures.queue_full.get() == 0 {
        rig.send(flow, None, &[b'x'; 60_000]);
        std::thread::sleep(Duration::from_micros(200));
        assert!(began.elapsed() < PATIENCE, "a queue has an end");
    }
    rig.wait(|figures| figures.connections.get(), 0);
}

#[test]
fn who_comes_too_often_is_turned_away() {
    let mut plan = Plan::of(Transport::Tcp);
    plan.limits = Limits {
        connections: 100,
        per_source: 3,
    };
    let rig = plan.start();
    let mut taken: Vec<_> = (0..3).map(|_| rig.dial()).collect();
    rig.wait(|figures| figures.accepted.get(), 3);
    let mut refused = rig.dial();
    assert_eq!(expect_end(&mut refused), b"");
    assert_eq!(rig.figures.refused_source.get(), 1);
    drop(taken.pop());
    rig.wait(|figures| figures.connections.get(), 2);
    let mut next = rig.dial();
    write(&mut next, &options("1"));
    rig.message();
}

#[test]
fn a_handshake_has_its_time() {
    let mut plan = hasty();
    plan.doors[0].0 = Transport::Ws;
    let rig = plan.start();
    let mut slow = rig.dial();
    write(&mut slow, b"GET / HTTP/1.1\r\nHost: a\r\n");
    assert_eq!(expect_end(&mut slow), b"");
    rig.wait(|figures| figures.handshakes_failed.get(), 1);
    rig.silence();
    std::thread::sleep(MOMENT);
    assert_eq!(rig.figures.connections.get(), 0);
}
