//! Which route counts.

use super::*;

fn route(to: Pattern, handler: &str) -> Route {
    Route::new(to, Tenant("t".to_owned()), handler)
}

#[test]
fn the_first_match_counts_and_a_stranger_finds_nothing() {
    let routes = Routes::new(vec![
        route(Pattern::User("100".to_owned()), "sales"),
        route(Pattern::User("100".to_owned()), "never"),
        route(Pattern::User("200".to_owned()), "support"),
    ]);
    assert_eq!(routes.find("100").map(|found| found.handler.as_str()), Some("sales"));
    assert_eq!(routes.find("200").map(|found| found.handler.as_str()), Some("support"));
    assert_eq!(routes.find("300"), None);
}

#[test]
fn anybody_matches_after_the_named() {
    let routes = Routes::new(vec![
        route(Pattern::User("100".to_owned()), "sales"),
        route(Pattern::Any, "rest"),
    ]);
    assert_eq!(routes.find("100").map(|found| found.handler.as_str()), Some("sales"));
    assert_eq!(routes.find("").map(|found| found.handler.as_str()), Some("rest"));
}
