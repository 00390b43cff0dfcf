//! Fragments as peers send them, broken ones included.

use super::*;

#[test]
fn reads_the_status_line_only() {
    for (body, expected) in [
        (&b"SIP/2.0 100 Trying\r\n"[..], Some(100)),
        (b"sip/2.0 603 Decline\r\nReason: Q.850;cause=21\r\n\r\n", Some(603)),
        (b"SIP/2.0 200", Some(200)),
        (b"SIP/2.0 2000 OK\r\n", None),
        (b"SIP/2.0 99 Low\r\n", None),
        (b"INVITE sip:a@b SIP/2.0\r\n", None),
        (b"\xff\r\n", None),
        (b"", None),
    ] {
        assert_eq!(status(body), expected, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(status(&write(486)), Some(486));
}
