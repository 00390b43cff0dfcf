//! The class of whole messages, and of what only looks like one.

use super::*;

fn invite(fields: &str) -> Vec<u8> {
    format!("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c\r\n{fields}\r\n\r\nv=0\r\n").into_bytes()
}

#[test]
fn an_invite_begins_a_call_unless_it_names_one() {
    let new = [
        "To: <sip:a@b>",
        "To: sip:a@b",
        "To: <sip:a@b;tag=inside-the-address>",
        "t: \"; tag\" <sip:a@b>;taggart=1",
        "Timestamp: 1\r\nTo: <sip:a@b>\r\nRequire: replaces",
        "X-To: <sip:a@b>;tag=1",
    ];
    for fields in new {
        assert_eq!(Class::of(&invite(fields)), Class::NewCall, "{fields}");
    }
    let of_a_call = [
        "To: <sip:a@b>;tag=1",
        "t:<sip:a@b> ; TAG = 1",
        "TO: sip:a@b;tag=1",
        "To: <sip:a@b>\r\nreplaces: x;to-tag=1;from-tag=2",
    ];
    for fields in of_a_call {
        assert_eq!(Class::of(&invite(fields)), Class::Inside, "{fields}");
    }
    let body = b"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\n\r\nTo: <sip:a@b>;tag=1\r\n";
    assert_eq!(Class::of(body), Class::NewCall, "the body is not looked at");
}

#[test]
fn what_goes_on_comes_before_registrations_and_those_before_calls() {
    for inside in [
        "SIP/2.0 200 OK",
        "ACK x",
        "BYE x",
        "CANCEL x",
        "PRACK x",
        "UPDATE x",
        "INFO x",
        "REFER x",
        "NOTIFY x",
    ] {
        assert_eq!(
            Class::of(format!("{inside} SIP/2.0\r\n").as_bytes()),
            Class::Inside,
            "{inside}"
        );
    }
    for outside in [
        "REGISTER x",
        "OPTIONS x",
        "invite x",
        "INVITEE x",
        "",
        "\r\n\r\n",
        "INVITE",
    ] {
        assert_eq!(Class::of(outside.as_bytes()), Class::Outside, "{outside:?}");
    }
    assert_eq!(Class::of(b"\r\n\r\nINVITE x SIP/2.0\r\n"), Class::NewCall);
    assert!(Class::ALL.is_sorted());
}
