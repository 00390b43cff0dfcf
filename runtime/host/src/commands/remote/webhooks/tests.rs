//! What people are told of a try.

use super::*;

#[test]
fn a_try_is_told_with_its_status_or_its_reason() {
    let good = json!({ "received": true, "status": 204, "time_ms": 38 });
    assert_eq!(outcome(&good), "received: it answered 204 within 38 ms");
    let bad = json!({ "received": false, "status": 500, "time_ms": 7, "why": "it answered 500" });
    assert_eq!(outcome(&bad), "not received: it answered 500, after 7 ms");
}
