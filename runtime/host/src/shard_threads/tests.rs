//! The inbox: what happens when it is full.

use super::*;
use patchcord_media::SessionId;
use std::net::SocketAddr;

fn somebody() -> Flow {
    Flow::udp(SocketAddr::from(([127, 0, 0, 1], 5060)))
}

#[test]
fn new_calls_are_turned_away_long_before_the_rest_is_dropped() {
    let (inbox, outbox) = Inbox::new();
    for _ in 0..INBOX_FOR_INVITES {
        assert_eq!(inbox.message(somebody(), b"INVITE sip:a@b SIP/2.0\r\n"), Taken::Yes);
    }
    assert_eq!(
        inbox.message(somebody(), b"INVITE sip:a@b SIP/2.0\r\n"),
        Taken::Dropped
    );
    for _ in INBOX_FOR_INVITES..INBOX {
        assert_eq!(inbox.message(somebody(), b"BYE sip:a@b SIP/2.0\r\n"), Taken::Yes);
    }
    assert_eq!(inbox.message(somebody(), b"BYE sip:a@b SIP/2.0\r\n"), Taken::Dropped);
    assert_eq!(outbox.waiting.load(Ordering::Relaxed), INBOX);
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
