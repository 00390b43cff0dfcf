//! Lookup, lists and the injection guard.

use super::*;

#[test]
fn looks_up_by_long_name_compact_name_and_any_case() {
    let mut headers = Headers::new();
    headers.push("v", "one");
    headers.push("VIA", "two");
    headers.push("X-Via", "three");
    assert_eq!(headers.values("Via").collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(headers.first("x-via"), Some("three"));
    assert_eq!(headers.first("Contact"), None);
}

#[test]
fn splits_lists_outside_quotes_and_brackets_only() {
    let mut headers = Headers::new();
    headers.push("Contact", r#""a, \"b" <sip:a,b@h> , <sip:c@h>,, "#);
    assert_eq!(
        headers.list("Contact").collect::<Vec<_>>(),
        [r#""a, \"b" <sip:a,b@h>"#, "<sip:c@h>"]
    );
}

#[test]
fn a_pushed_value_cannot_add_a_line() {
    let mut headers = Headers::new();
    headers.push("Subject", "a\r\nEvil: 1");
    assert_eq!(headers.first("Subject"), Some("a  Evil: 1"));
    assert_eq!(headers.len(), 1);
}

#[test]
fn debug_shows_no_values() {
    let mut headers = Headers::new();
    headers.push("To", "<sip:+4912345@h>");
    let shown = format!("{headers:?} {:?}", headers.iter().next());
    assert!(!shown.contains("4912345"), "{shown}");
}
