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
    assert_eq!(
        routes.find("100", None).map(|found| found.handler.as_str()),
        Some("sales")
    );
    assert_eq!(
        routes.find("200", None).map(|found| found.handler.as_str()),
        Some("support")
    );
    assert_eq!(routes.find("300", None), None);
}

#[test]
fn anybody_matches_after_the_named() {
    let routes = Routes::new(vec![
        route(Pattern::User("100".to_owned()), "sales"),
        route(Pattern::Any, "rest"),
    ]);
    assert_eq!(
        routes.find("100", None).map(|found| found.handler.as_str()),
        Some("sales")
    );
    assert_eq!(routes.find("", None).map(|found| found.handler.as_str()), Some("rest"));
}

#[test]
fn what_a_tenant_made_counts_for_its_own_calls_only() {
    let (ours, theirs) = (Tenant("ours".to_owned()), Tenant("theirs".to_owned()));
    let user = |name: &str| Pattern::User(name.to_owned());
    let routes = Routes::new(vec![route(user("900"), "operator")])
        .with_home(ours.clone())
        .with_route(Route::new(user("100"), ours.clone(), "sales"))
        .with_route(Route::new(user("100"), theirs.clone(), "their-sales"))
        .with_route(Route::new(user("900"), theirs.clone(), "never"))
        .with_route(Route::new(Pattern::Any, theirs.clone(), "their-rest"))
        .with_number("+1555", Route::new(user("+1555"), ours.clone(), "line"));
    let found = |called: &str, tenant: Option<&Tenant>| routes.find(called, tenant).map(|route| route.handler.as_str());
    assert_eq!(found("100", Some(&ours)), Some("sales"));
    assert_eq!(found("100", Some(&theirs)), Some("their-sales"));
    assert_eq!(
        found("100", None),
        Some("sales"),
        "a call of nobody is one of the home tenant"
    );
    assert_eq!(
        found("900", Some(&theirs)),
        Some("operator"),
        "the operator's routes come first"
    );
    assert_eq!(
        found("+1555", Some(&theirs)),
        Some("line"),
        "a number is one tenant's, whoever calls"
    );
    assert_eq!(found("77", Some(&theirs)), Some("their-rest"));
    assert_eq!(
        found("77", Some(&ours)),
        None,
        "nobody takes the calls of another tenant"
    );
    assert_eq!(found("77", None), None);
}

#[test]
fn what_names_a_user_comes_before_what_takes_anybody() {
    let tenant = Tenant("t".to_owned());
    let routes = Routes::new(vec![route(Pattern::Any, "rest")])
        .with_home(tenant.clone())
        .with_route(Route::new(Pattern::User("100".to_owned()), tenant.clone(), "sales"))
        .with_number("+1555", Route::new(Pattern::User("+1555".to_owned()), tenant, "line"));
    let found = |called: &str| routes.find(called, None).map(|route| route.handler.as_str());
    assert_eq!(found("100"), Some("sales"));
    assert_eq!(found("+1555"), Some("line"));
    assert_eq!(found("77"), Some("rest"));
}
