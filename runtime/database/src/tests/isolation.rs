//! All functions that read or change, asked by another tenant: as if there were nothing.

use super::{handler, hash, life, new_version, two_tenants};
use crate::calls::{Batch, Filter};
use crate::sinks::SinkKind;
use crate::{Database, Error, Page, Paging, Result, TenantId, tenants};
use crate::{audit, caller_ids, calls, handlers, idempotency, keys, modules, numbers, quotas, recordings, rollouts};
use crate::{routes, secrets, sinks, versions};

/// Not found, or an empty page.
fn nothing<T: std::fmt::Debug>(name: &str, result: Result<T>) {
    assert!(matches!(result, Err(Error::NotFound(_))), "{name}: {result:?}");
}

fn empty<T: std::fmt::Debug>(name: &str, result: Result<Page<T>>) {
    assert!(
        result
            .as_ref()
            .is_ok_and(|page| page.items.is_empty() && page.next.is_none()),
        "{name}: {result:?}"
    );
}

/// One of everything for a tenant.
async fn fill(database: &Database, a: &TenantId) {
    handler(database, a, "desk").await;
    keys::create(database, a, &life::new_key("k1", 1, None), 1)
        .await
        .expect("a key");
    rollouts::set(database, a, "desk", rollouts::From::Nothing, (1, 1_000))
        .await
        .expect("a rollout");
    routes::create(database, a, ("+1*", "desk"), &[], 1)
        .await
        .expect("a route");
    numbers::create(database, a, "+1", Some("desk"), 1)
        .await
        .expect("a number");
    caller_ids::ask(database, a, super::proofs::asking("+2", &[1; 32], "c2"), 1)
        .await
        .expect("a caller id");
    caller_ids::set_default(database, a, Some("+1"))
        .await
        .expect("a default");
    secrets::create(database, a, "token", b"sealed", 1)
        .await
        .expect("a secret");
    sinks::create(database, a, ("s1", 9), &life::sink(), 1)
        .await
        .expect("a receiver");
    quotas::create(database, a, "calls", 1).await.expect("a quota");
    let used = quotas::Usage {
        day: 1,
        metric: "calls".to_owned(),
        amount: 1,
    };
    quotas::add_usage(database, a, &[used]).await.expect("usage");
    let batch = Batch {
        calls: vec![life::call("c1", 1)],
        legs: vec![life::leg("c1", 1)],
        events: vec![life::event("c1", 1)],
        journal: vec![life::part("c1", 0)],
        recordings: vec![],
    };
    calls::write(database, a, &batch).await.expect("a call");
    recordings::create(database, a, &life::recording("r1", "c1"))
        .await
        .expect("a recording");
    idempotency::begin(database, a, ("key", &[1; 32]), 100, 1)
        .await
        .expect("a key");
    let entry = audit::NewEntry {
        at: 1,
        actor: "k1".to_owned(),
        action: "x".to_owned(),
        object: String::new(),
        detail: String::new(),
    };
    audit::append(database, a, &entry).await.expect("an entry");
}

pub(super) async fn nothing_of_another_tenant_is_seen_or_changed(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    fill(&database, &a).await;
    let before = everything(&database, &a).await;
    reads(&database, &b).await;
    changes(&database, &b).await;
    assert_eq!(everything(&database, &a).await, before, "unchanged");
    let children = tenants::create_child(&database, &a, &super::id("a-shop"), "Shop", 1).await;
    children.expect("a sub-account");
    nothing(
        "tenants::child",
        tenants::child(&database, &b, &super::id("a-shop")).await,
    );
    empty(
        "tenants::children",
        tenants::children(&database, &b, &Paging::default()).await,
    );
    database.close().await;
}

async fn reads(db: &Database, b: &TenantId) {
    let all = Paging::default();
    nothing("keys::get", keys::get(db, b, "k1").await);
    empty("keys::list", keys::list(db, b, &all).await);
    nothing("modules::get", modules::get(db, b, &hash('a')).await);
    nothing("modules::bytes", modules::bytes(db, b, &hash('a')).await);
    empty("modules::list", modules::list(db, b, &all).await);
    nothing("handlers::get", handlers::get(db, b, "desk").await);
    empty("handlers::list", handlers::list(db, b, &all).await);
    nothing("versions::get", versions::get(db, b, "desk", 1).await);
    empty("versions::list", versions::list(db, b, "desk", &all).await);
    nothing("rollouts::get", rollouts::get(db, b, "desk").await);
    nothing("routes::get", routes::get(db, b, "+1*").await);
    empty("routes::list", routes::list(db, b, None, &all).await);
    nothing("numbers::get", numbers::get(db, b, "+1").await);
    empty("numbers::list", numbers::list(db, b, &all).await);
    nothing("caller_ids::get", caller_ids::get(db, b, "+2").await);
    empty("caller_ids::list", caller_ids::list(db, b, &all).await);
    assert_eq!(caller_ids::default(db, b).await, Ok(None));
    nothing("secrets::sealed", secrets::sealed(db, b, "token").await);
    empty("secrets::list", secrets::list(db, b, &all).await);
    nothing("sinks::get", sinks::get(db, b, SinkKind::Webhook, "s1").await);
    empty("sinks::list", sinks::list(db, b, SinkKind::Webhook, &all).await);
    assert_eq!(quotas::list(db, b).await, Ok(vec![]));
    assert_eq!(quotas::usage(db, b, 0, 9).await, Ok(vec![]));
    nothing("calls::get", calls::get(db, b, "c1").await);
    empty("calls::list", calls::list(db, b, &Filter::default(), &all).await);
    empty("calls::legs", calls::legs(db, b, "c1", &all).await);
    empty("calls::events", calls::events(db, b, "c1", &all).await);
    nothing("calls::journal_part", calls::journal_part(db, b, "c1", 0).await);
    nothing("recordings::get", recordings::get(db, b, "r1").await);
    assert_eq!(recordings::bytes(db, b).await, Ok(0));
    empty("recordings::list", recordings::list(db, b, Some("c1"), &all).await);
    empty("audit::list", audit::list(db, b, &all).await);
}

async fn changes(db: &Database, b: &TenantId) {
    nothing("keys::revoke", keys::revoke(db, b, "k1", 1, 1).await);
    nothing("modules::delete", modules::delete(db, b, &hash('a')).await);
    nothing("handlers::delete", handlers::delete(db, b, "desk").await);
    nothing(
        "versions::publish",
        versions::publish(db, b, "desk", &new_version('a', &[]), 1).await,
    );
    nothing("versions::grant", versions::grant(db, b, "desk", 1, 1).await);
    let first = rollouts::set(db, b, "desk", rollouts::From::Nothing, (1, 1_000)).await;
    nothing("rollouts::set", first);
    let next = rollouts::set(db, b, "desk", rollouts::From::Revision(1), (2, 1_000)).await;
    nothing("rollouts::set", next);
    nothing("rollouts::promote", rollouts::promote(db, b, "desk", 1).await);
    nothing("rollouts::rollback", rollouts::rollback(db, b, "desk", 1).await);
    nothing("routes::create", routes::create(db, b, ("+1*", "desk"), &[], 1).await);
    nothing("routes::update", routes::update(db, b, ("+1*", 1), "desk", &[]).await);
    nothing("routes::delete", routes::delete(db, b, "+1*").await);
    nothing("numbers::create", numbers::create(db, b, "+9", Some("desk"), 1).await);
    nothing("numbers::update", numbers::update(db, b, ("+1", 1), None).await);
    nothing("numbers::delete", numbers::delete(db, b, "+1").await);
    nothing("caller_ids::prove", caller_ids::prove(db, b, ("c2", &[1; 32]), 1).await);
    nothing("caller_ids::delete", caller_ids::delete(db, b, "+2").await);
    assert_eq!(caller_ids::over(db, b, "c2", 1).await, Ok(()));
    nothing("secrets::update", secrets::update(db, b, ("token", 1), b"x", 1).await);
    nothing("secrets::delete", secrets::delete(db, b, "token").await);
    nothing("sinks::update", sinks::update(db, b, ("s1", 1), &life::sink()).await);
    nothing("sinks::delete", sinks::delete(db, b, SinkKind::Webhook, "s1").await);
    nothing("quotas::update", quotas::update(db, b, "calls", 1, 9).await);
    nothing("quotas::delete", quotas::delete(db, b, "calls").await);
    let events = Batch {
        events: vec![life::event("c1", 9)],
        ..Batch::default()
    };
    nothing("calls::write", calls::write(db, b, &events).await);
    nothing("calls::delete", calls::delete(db, b, "c1").await);
    nothing("calls::amend", calls::amend(db, b, "c1", "{}").await);
    nothing(
        "recordings::create",
        recordings::create(db, b, &life::recording("r2", "c1")).await,
    );
    nothing("recordings::delete", recordings::delete(db, b, "r1").await);
    nothing(
        "idempotency::finish",
        idempotency::finish(db, b, "key", (200, b""), 100).await,
    );
    nothing("idempotency::give_up", idempotency::give_up(db, b, "key").await);
    // What only adds is the tenant's own, whatever another has by that name.
    let begun = idempotency::begin(db, b, ("key", &[2; 32]), 100, 1).await;
    assert_eq!(begun, Ok(idempotency::Begun::New));
}

/// All that a tenant has, as text.
async fn everything(db: &Database, a: &TenantId) -> String {
    let all = Paging::default();
    let parts = [
        format!("{:?}", keys::list(db, a, &all).await),
        format!("{:?}", modules::list(db, a, &all).await),
        format!("{:?}", handlers::list(db, a, &all).await),
        format!("{:?}", versions::list(db, a, "desk", &all).await),
        format!("{:?}", rollouts::get(db, a, "desk").await),
        format!("{:?}", routes::list(db, a, None, &all).await),
        format!("{:?}", numbers::list(db, a, &all).await),
        format!("{:?}", caller_ids::list(db, a, &all).await),
        format!("{:?}", caller_ids::default(db, a).await),
        format!("{:?}", secrets::list(db, a, &all).await),
        format!("{:?}", sinks::list(db, a, SinkKind::Webhook, &all).await),
        format!("{:?}", quotas::list(db, a).await),
        format!("{:?}", calls::list(db, a, &Filter::default(), &all).await),
        format!("{:?}", calls::events(db, a, "c1", &all).await),
        format!("{:?}", recordings::list(db, a, None, &all).await),
        format!("{:?}", audit::list(db, a, &all).await),
    ];
    assert!(parts.iter().all(|part| part.starts_with("Ok(")), "{parts:?}");
    parts.concat()
}
