//! Edits: lines that change, lines that do not, and what is mended so that one message is one message on a stream.

use super::*;
use crate::message::{Message, Request};
use crate::stream::{Framed, Framer};

fn edited(raw: &str, change: impl FnOnce(&mut Edit<'_>)) -> String {
    let request = parsed(raw);
    let mut edit = Edit::new(raw.as_bytes(), &request.headers, &request.body);
    change(&mut edit);
    String::from_utf8(edit.finish()).expect("tests edit text")
}

fn parsed(raw: &str) -> Request {
    match crate::parse(raw.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?} of {raw}"),
    }
}

const PLAIN: &str = "OPTIONS sip:b@h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf:<sip:a@h>\r\nTo : <sip:b@h>\r\n\
    Call-ID:\t1\r\nCSeq: 1\r\n  OPTIONS\r\nX-\u{e9}: no\r\nX-A: \u{e9},  b ,\r\n\tc\r\nx-a: d\r\nl: 2\r\n\r\nhi";

/// `PLAIN` without the line whose name is no token.
fn plain() -> String {
    PLAIN.replace("X-\u{e9}: no\r\n", "")
}

#[test]
fn a_message_without_changes_is_as_it_came() {
    assert_eq!(edited(&plain(), |_| {}), plain());
    assert_eq!(edited(&format!("\r\n\n{}", plain()), |_| {}), plain(), "RFC 3261 7.5");
}

#[test]
fn members_go_from_the_front_of_a_list_over_all_its_lines() {
    let with = |count| edited(&plain(), |edit| edit.pop("X-A", count));
    let lines = "X-A: \u{e9},  b ,\r\n\tc\r\nx-a: d\r\n";
    for (count, left) in [
        (0, lines),
        (1, "X-A: b ,\r\n\tc\r\nx-a: d\r\n"),
        (2, "X-A: c\r\nx-a: d\r\n"),
        (3, "x-a: d\r\n"),
        (4, ""),
        (9, ""),
    ] {
        assert_eq!(with(count), plain().replace(lines, left));
    }
}

#[test]
fn lines_are_added_above_and_set_where_they_are() {
    let text = edited(&plain(), |edit| {
        edit.add("Via", "one");
        edit.add("X-B", "two");
        edit.set("To", "<sip:c@h>".to_owned());
        edit.set("X-C", "three".to_owned());
        edit.remove("x-A");
    });
    let expected = plain()
        .replace("SIP/2.0\r\nv", "SIP/2.0\r\nVia: one\r\nX-B: two\r\nX-C: three\r\nv")
        .replace("<sip:b@h>", "<sip:c@h>")
        .replace("X-A: \u{e9},  b ,\r\n\tc\r\nx-a: d\r\n", "");
    assert_eq!(text, expected);
}

#[test]
fn what_could_hide_a_message_in_another_is_mended() {
    let good = plain();
    for raw in [
        good.replace("\r\n", "\n"),
        good.replace("l: 2\r\n", ""),
        format!("{good}INVITE sip:hidden@h SIP/2.0\r\n\r\n"),
        good.replace("l: 2\r\n", "l: 2\r\nContent-Length: 2\r\n"),
        good.replace("l: 2\r\n", "l:\r\n 02\r\n"),
        good.replace("l: 2\r\n", "l\r\n : 2\r\n"),
        good.replace("f:<sip:a@h>", "f:<sip:a@h>\r"),
        good.replace("X-A: ", "X-A: \r"),
    ] {
        let text = edited(&raw, |_| {});
        let mut framer = Framer::new(10_000);
        framer.push(text.as_bytes());
        assert_eq!(
            framer.next(),
            Some(Ok(Framed::Message(text.clone().into_bytes()))),
            "{raw:?}"
        );
        assert_eq!((framer.next(), framer.pending()), (None, 0));
        assert_eq!(parsed(&text).body, b"hi");
    }
}
