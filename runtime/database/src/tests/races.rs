//! Two at once: one wins, and the other is told.

use super::{handler, new_version, two_tenants};
use crate::tenants::TenantState;
use crate::{Error, Paging, What, audit, idempotency, rollouts, routes, tenants, versions};

/// Rounds of each race.
const ROUNDS: i64 = 20;

pub(super) async fn of_two_changes_from_one_revision_one_wins(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let other = crate::Database::open(url).await.expect("a second node");
    for revision in 1..=ROUNDS {
        let (one, two) = tokio::join!(
            tenants::update(&database, &a, revision, "One", TenantState::Active),
            tenants::update(&other, &a, revision, "Two", TenantState::Active),
        );
        let (name, lost) = if one.is_ok() { ("One", &two) } else { ("Two", &one) };
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert_eq!(*lost, Err(Error::Conflict(What::Tenant, revision + 1)));
        let now = tenants::get(&database, &a).await.expect("the tenant");
        assert_eq!((now.name.as_str(), now.revision), (name, revision + 1));
    }
    handler(&database, &a, "desk").await;
    let first = || rollouts::set(&database, &a, "desk", rollouts::From::Nothing, (1, 1_000));
    let (one, two) = tokio::join!(first(), first());
    let results = [one, two];
    assert!(
        results.contains(&Ok(1)) && results.contains(&Err(Error::Exists(What::Rollout))),
        "{results:?}"
    );
    let route = || routes::create(&database, &a, ("+1", "desk"), &[], 1);
    let (one, two) = tokio::join!(route(), route());
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    database.close().await;
    other.close().await;
}

pub(super) async fn numbers_of_versions_and_audit_have_no_gap_and_no_twin(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let other = crate::Database::open(url).await.expect("a second node");
    handler(&database, &a, "desk").await;
    let version = new_version('a', &[]);
    let entry = audit::NewEntry {
        at: 1,
        actor: "key-1".to_owned(),
        action: "publish".to_owned(),
        object: "desk".to_owned(),
        detail: String::new(),
    };
    for _ in 0..ROUNDS / 2 {
        let (one, two, three, four) = tokio::join!(
            versions::publish(&database, &a, "desk", &version, 5),
            versions::publish(&other, &a, "desk", &version, 5),
            audit::append(&database, &a, &entry),
            audit::append(&other, &a, &entry),
        );
        one.and(two).and(three).and(four).expect("all four");
    }
    let published = versions::list(&database, &a, "desk", &Paging::default())
        .await
        .expect("versions");
    let numbers: Vec<_> = published.items.iter().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=ROUNDS + 2).rev().collect::<Vec<_>>());
    let noted = audit::list(&database, &a, &Paging::default()).await.expect("entries");
    let numbers: Vec<_> = noted.items.iter().map(|entry| entry.sequence).collect();
    assert_eq!(numbers, (1..=ROUNDS).rev().collect::<Vec<_>>());
    database.close().await;
    other.close().await;
}

pub(super) async fn one_idempotency_key_is_new_once(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    for round in 0..ROUNDS {
        let key = format!("key-{round}");
        let begin = || idempotency::begin(&database, &a, (&key, &[1; 32]), 100, 1);
        let (one, two, three) = tokio::join!(begin(), begin(), begin());
        let results = [one.expect("begun"), two.expect("begun"), three.expect("begun")];
        let new = results
            .iter()
            .filter(|&result| *result == idempotency::Begun::New)
            .count();
        let running = results
            .iter()
            .filter(|&result| *result == idempotency::Begun::Running)
            .count();
        assert_eq!((new, running), (1, 2));
    }
    database.close().await;
}
