//! What a node may begin: nothing, and what belongs to something is let in.

use super::*;
use crate::tests::{SDP, request};
use crate::{Message, parse};

fn judged(method: &str, to_tag: Option<&str>) -> Verdict {
    let raw = request(method, "b1", 1, to_tag, SDP);
    match parse(raw.as_bytes()).expect("a request") {
        Message::Request(request) => of_a_node(&request),
        Message::Response(_) => panic!("a response"),
    }
}

#[test]
fn a_node_begins_nothing_and_goes_on_with_what_there_is() {
    for method in [
        "INVITE",
        "REGISTER",
        "SUBSCRIBE",
        "MESSAGE",
        "REFER",
        "PUBLISH",
        "NOTIFY",
    ] {
        assert_eq!(judged(method, None), Verdict::Refuse(Reply::new(403)), "{method}");
    }
    for method in ["INVITE", "UPDATE", "BYE", "INFO", "REFER", "SUBSCRIBE"] {
        assert_eq!(judged(method, Some("tag")), Verdict::Admit(Origin::Anyone), "{method}");
    }
    for method in ["OPTIONS", "CANCEL", "BYE"] {
        assert_eq!(judged(method, None), Verdict::Admit(Origin::Anyone), "{method}");
    }
    assert_eq!(judged("ACK", None), Verdict::Drop);
    assert_eq!(judged("ACK", Some("tag")), Verdict::Drop);
}
