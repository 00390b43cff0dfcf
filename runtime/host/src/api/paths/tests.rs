//! Paths and queries, good and bad.

use super::*;

#[test]
fn a_path_is_matched_step_by_step() {
    let calls = "/v1/calls/{call}/recordings/{number}";
    assert_eq!(
        matched(calls, "/v1/calls/call_1/recordings/2"),
        Some(vec!["call_1".to_owned(), "2".to_owned()])
    );
    for other in [
        "/v1/calls/call_1/recordings",
        "/v1/calls/call_1/recordings/2/",
        "/v1/calls//recordings/2",
        "/v1/calls/a/b/recordings/2",
        "/v1/calls/call_1/recordings/%",
        "/v1/calls/call_1/recordings/%ff",
        "/v1/calls/call_1/recordings/%00",
        "/V1/calls/call_1/recordings/2",
    ] {
        assert_eq!(matched(calls, other), None, "{other}");
    }
    assert_eq!(
        matched("/v1/calls/{call}", "/v1/calls/..%2Fx"),
        Some(vec!["../x".to_owned()])
    );
    assert_eq!(matched("/v1/me", "/v1/me"), Some(vec![]));
}

#[test]
fn a_query_is_read_or_refused() {
    let pairs = |pairs: &[(&str, &str)]| {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(owned.collect::<Vec<_>>())
    };
    assert_eq!(query(""), pairs(&[]));
    assert_eq!(
        query("a=1&b=%2B49+30&c"),
        pairs(&[("a", "1"), ("b", "+49 30"), ("c", "")])
    );
    assert_eq!(query("a=%zz"), None);
    assert_eq!(query("a=%0a"), None);
}
