//! The inbox: what happens when it is full.

use super::*;
use patchcord_media::Report;
use patchcord_media::SessionId;
use patchcord_switch::waiting::most_waiting;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

fn somebody() -> Flow {
    Flow::udp(SocketAddr::from(([127, 0, 0, 1], 5060)))
}

#[test]
fn each_class_has_its_room_and_calls_are_turned_away_first() {
    let (inbox, outbox) = Inbox::new();
    let mut left = INBOX;
    for (class, message) in [(Class::NewCall, "INVITE"), (Class::Outside, "REGISTER")] {
        let message = format!("{message} sip:a@b SIP/2.0\r\n").into_bytes();
        let most = most_waiting(class).unwrap();
        for _ in 0..most {
            assert_eq!(inbox.message(somebody(), &message, None), Taken::Yes);
        }
        assert_eq!(inbox.message(somebody(), &message, None), Taken::Dropped(class));
        left -= most;
    }
    for _ in 0..left {
        assert_eq!(inbox.message(somebody(), b"BYE sip:a@b SIP/2.0\r\n", None), Taken::Yes);
    }
    let dropped = Taken::Dropped(Class::Inside);
    assert_eq!(inbox.message(somebody(), b"BYE sip:a@b SIP/2.0\r\n", None), dropped);
    let waiting = Class::ALL.map(|class| outbox.waiting.of(class).load(Ordering::Relaxed));
    assert_eq!(waiting.iter().sum::<usize>(), INBOX);
    while outbox.heard(Duration::ZERO).is_some() {}
    let waiting = Class::ALL.map(|class| outbox.waiting.of(class).load(Ordering::Relaxed));
    assert_eq!(waiting, [0; 3], "there is room again");
}

#[test]
fn a_report_that_finds_no_room_comes_back() {
    let (inbox, outbox) = Inbox::new();
    let report = Report::Silent { session: SessionId(7) };
    for _ in 0..INBOX {
        assert_eq!(inbox.report(report.clone()), Ok(()));
    }
    assert_eq!(inbox.report(report.clone()), Err(report.clone()));
    outbox.receiver.recv().unwrap();
    assert_eq!(inbox.report(report.clone()), Ok(()));
    drop(outbox);
    assert_eq!(inbox.report(report), Ok(()), "a shard that has ended holds nobody up");
}
