//! The life of what each table holds.

use super::{handler, hash, id, module, new_version, two_tenants};
use crate::calls::{Batch, Call, Direction, Event, JournalPart, Leg, Status};
use crate::idempotency::Begun;
use crate::keys::{NewKey, Scope};
use crate::tenants::TenantState;
use crate::{Error, Paging, What};
use crate::{audit, calls, handlers, idempotency, keys, modules, numbers, quotas, recordings, rollouts};
use crate::{routes, secrets, sinks, tenants, versions};

pub(super) fn call(id: &str, started_at: i64) -> Call {
    Call {
        id: id.to_owned(),
        parent: None,
        direction: Direction::Inbound,
        from: "sip:from@example.com".to_owned(),
        to: "sip:to@example.com".to_owned(),
        status: Status::Completed,
        started_at,
        answered_at: Some(started_at + 1),
        ended_at: Some(started_at + 2),
        handler: None,
        version: None,
        reason: None,
        record: "{}".to_owned(),
        revision: 1,
    }
}

pub(super) fn leg(call: &str, number: i64) -> Leg {
    Leg {
        call: call.to_owned(),
        number,
        direction: Direction::Inbound,
        address: "sip:from@example.com".to_owned(),
        started_at: 1,
        answered_at: None,
        ended_at: None,
        record: "{}".to_owned(),
    }
}

pub(super) fn event(call: &str, sequence: i64) -> Event {
    Event {
        call: call.to_owned(),
        sequence,
        at: 5,
        kind: "answered".to_owned(),
        body: "{}".to_owned(),
    }
}

pub(super) fn part(call: &str, part: i64) -> JournalPart {
    JournalPart {
        call: call.to_owned(),
        part,
        bytes: vec![0, 1, 2],
    }
}

pub(super) fn new_key(id: &str, byte: u8, expires_at: Option<i64>) -> NewKey {
    NewKey {
        id: id.to_owned(),
        hash: [byte; 32],
        name: "deploys".to_owned(),
        scopes: vec![Scope::Read, Scope::Write],
        expires_at,
        token_key: None,
    }
}

pub(super) fn sink() -> sinks::SinkContent {
    sinks::SinkContent {
        target: sinks::SinkTarget::Webhook {
            url: "https://example.com/hook".to_owned(),
            sealed: vec![0, 255],
        },
        handlers: vec!["desk".to_owned()],
        events: vec!["answered".to_owned()],
        state: sinks::SinkState::Active,
    }
}

pub(super) fn recording(id: &str, call: &str) -> recordings::Recording {
    recordings::Recording {
        id: id.to_owned(),
        call: call.to_owned(),
        place: "2026/r1.wav".to_owned(),
        format: "audio/wav".to_owned(),
        started_at: 7,
        length_ms: 1_000,
        size: 16_044,
    }
}

pub(super) async fn tenants_and_their_sub_accounts(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    let again = tenants::create(&database, &a, "A", 1).await;
    assert_eq!(again, Err(Error::Exists(What::Tenant)));
    let child = id("a-shop");
    tenants::create_child(&database, &a, &child, "Shop", 2)
        .await
        .expect("a sub-account");
    let grandchild = tenants::create_child(&database, &child, &id("x"), "X", 2).await;
    assert_eq!(grandchild, Err(Error::NotFound(What::Tenant)));
    let found = tenants::child(&database, &a, &child).await.expect("found");
    assert_eq!(
        (found.parent, found.state, found.revision),
        (Some(a.clone()), TenantState::Active, 1)
    );
    assert_eq!(
        tenants::child(&database, &b, &child).await,
        Err(Error::NotFound(What::Tenant))
    );
    let children = tenants::children(&database, &a, &Paging::default())
        .await
        .expect("children");
    assert_eq!(children.items.len(), 1);
    let suspended = tenants::update(&database, &child, 1, "Shop 2", TenantState::Suspended).await;
    assert_eq!(suspended, Ok(2));
    let late = tenants::update(&database, &child, 1, "Shop 3", TenantState::Active).await;
    assert_eq!(late, Err(Error::Conflict(What::Tenant, 2)));
    let nobody = tenants::update(&database, &id("nobody"), 1, "X", TenantState::Active).await;
    assert_eq!(nobody, Err(Error::NotFound(What::Tenant)));
    let all = tenants::all(&database, &Paging::default()).await.expect("all");
    assert_eq!(
        all.items.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["a", "a-shop", "b"]
    );
    for name in ["", "a\nb", "nul\0"] {
        assert!(matches!(
            tenants::create(&database, &id("c"), name, 1).await,
            Err(Error::Invalid("name", _))
        ));
    }
    let long = tenants::create(&database, &id("c"), &"x".repeat(256), 1).await;
    assert_eq!(long, Err(Error::Limit("name", 255)));
    database.close().await;
}

pub(super) async fn keys_count_until_they_are_revoked_or_expire(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    keys::create(&database, &a, &new_key("k1", 1, Some(1_000)), 5)
        .await
        .expect("a key");
    let twin = keys::create(&database, &a, &new_key("k2", 1, None), 5).await;
    assert_eq!(twin, Err(Error::Exists(What::Key)));
    let none = NewKey {
        scopes: vec![],
        ..new_key("k3", 3, None)
    };
    assert!(matches!(
        keys::create(&database, &a, &none, 5).await,
        Err(Error::Invalid("scopes", _))
    ));
    let (tenant, key) = keys::authenticate(&database, &[1; 32], 999).await.expect("it counts");
    assert_eq!((tenant, key.scopes), (a.clone(), vec![Scope::Read, Scope::Write]));
    let used = keys::get(&database, &a, "k1").await.expect("the key");
    assert_eq!((used.used_day, used.revision), (Some(0), 1));
    let refused = Err(Error::NotFound(What::Key));
    let authenticate = async |byte, now| {
        keys::authenticate(&database, &[byte; 32], now)
            .await
            .map(|(tenant, _)| tenant)
    };
    assert_eq!(authenticate(1, 1_000).await, refused, "expired");
    assert_eq!(authenticate(9, 1).await, refused, "unknown");
    let child = id("a-shop");
    tenants::create_child(&database, &a, &child, "Shop", 1)
        .await
        .expect("a sub-account");
    keys::create(&database, &child, &new_key("k1", 4, None), 5)
        .await
        .expect("a key");
    assert_eq!(authenticate(4, 1).await, Ok(child.clone()));
    tenants::update(&database, &a, 1, "A", TenantState::Suspended)
        .await
        .expect("suspended");
    assert_eq!(authenticate(1, 1).await, refused, "suspended");
    assert_eq!(authenticate(4, 1).await, refused, "its account is suspended");
    tenants::update(&database, &a, 2, "A", TenantState::Active)
        .await
        .expect("active");
    assert_eq!(keys::revoke(&database, &child, "k1", 1, 77).await, Ok(2));
    assert_eq!(authenticate(4, 1).await, refused, "revoked");
    let revoked = keys::list(&database, &child, &Paging::default()).await.expect("keys");
    assert_eq!(revoked.items[0].revoked_at, Some(77));
    database.close().await;
}

pub(super) async fn keys_are_known_by_name_to_whoever_checks_what_they_signed(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    let signs = NewKey {
        token_key: Some([7; 32]),
        scopes: vec![Scope::Clients],
        ..new_key("k1", 1, Some(1_000))
    };
    keys::create(&database, &a, &signs, 5).await.expect("a key");
    keys::create(&database, &b, &new_key("k1", 2, None), 5)
        .await
        .expect("one of the same name");
    let good = keys::Signer {
        tenant: a.clone(),
        scopes: vec![Scope::Clients],
        token_key: Some([7; 32]),
        expires_at: Some(1_000),
        is_revoked: false,
    };
    assert_eq!(keys::signer(&database, "k1", a.as_str()).await.as_ref(), Ok(&good));
    let other = keys::signer(&database, "k1", b.as_str()).await.expect("the other's");
    assert_eq!((&other.tenant, other.token_key), (&b, None));
    let unknown = keys::signer(&database, "k9", a.as_str()).await;
    assert_eq!(unknown, Err(Error::NotFound(What::Key)));
    tenants::update(&database, &a, 1, "A", TenantState::Suspended)
        .await
        .expect("suspended");
    let suspended = keys::signer(&database, "k1", a.as_str())
        .await
        .expect("it is still known");
    assert!(suspended.is_revoked);
    tenants::update(&database, &a, 2, "A", TenantState::Active)
        .await
        .expect("active");
    keys::revoke(&database, &a, "k1", 1, 77).await.expect("revoked");
    let revoked = keys::signer(&database, "k1", a.as_str())
        .await
        .expect("it is still known");
    assert!(revoked.is_revoked);
    database.close().await;
}

pub(super) async fn modules_handlers_and_versions(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    handler(&database, &a, "desk").await;
    modules::put(&database, &a, &module('a'), b"wasm")
        .await
        .expect("the same again");
    assert_eq!(modules::get(&database, &a, &hash('a')).await, Ok(module('a')));
    assert_eq!(modules::bytes(&database, &a, &hash('a')).await, Ok(b"wasm".to_vec()));
    let wrong = modules::Module {
        hash: "../x".to_owned(),
        ..module('a')
    };
    assert!(matches!(
        modules::put(&database, &a, &wrong, b"x").await,
        Err(Error::Invalid("hash", _))
    ));
    assert_eq!(
        modules::delete(&database, &a, &hash('a')).await,
        Err(Error::InUse(What::Module))
    );
    assert_eq!(
        handlers::delete(&database, &a, "desk").await,
        Err(Error::InUse(What::Handler))
    );
    let missing = versions::publish(&database, &a, "desk", &new_version('f', &[]), 1).await;
    assert_eq!(missing, Err(Error::NotFound(What::Module)));
    let missing = versions::publish(&database, &a, "none", &new_version('a', &[]), 1).await;
    assert_eq!(missing, Err(Error::NotFound(What::Handler)));
    let held = new_version('a', &["patchcord:call/http"]);
    assert_eq!(
        versions::publish(&database, &a, "desk", &held, 9).await,
        Ok(3),
        "what failed took no number"
    );
    let version = versions::get(&database, &a, "desk", 3).await.expect("the version");
    assert_eq!((version.content, version.created_at), (held, 9));
    assert_eq!(versions::grant(&database, &a, "desk", 3, 1).await, Ok(2));
    let granted = versions::get(&database, &a, "desk", 3)
        .await
        .expect("the version")
        .content;
    assert_eq!((granted.granted, granted.held.len()), (module('a').imports, 0));
    let again = versions::grant(&database, &a, "desk", 3, 1).await;
    assert_eq!(again, Err(Error::Conflict(What::Version, 2)));
    modules::put(&database, &a, &module('b'), b"free")
        .await
        .expect("a module");
    let all = modules::list(&database, &a, &Paging::default()).await.expect("modules");
    assert_eq!(all.items.len(), 2);
    modules::delete(&database, &a, &hash('b'))
        .await
        .expect("nobody needs it");
    assert_eq!(
        modules::delete(&database, &a, &hash('b')).await,
        Err(Error::NotFound(What::Module))
    );
    database.close().await;
}

pub(super) async fn rollouts_go_forward_and_back(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    handler(&database, &a, "desk").await;
    let held = new_version('a', &["patchcord:call/http"]);
    versions::publish(&database, &a, "desk", &held, 9)
        .await
        .expect("version 3");
    let set = async |from, version, share| rollouts::set(&database, &a, "desk", from, (version, share)).await;
    use rollouts::From::{Nothing, Revision};
    assert!(matches!(set(Nothing, 1, 500).await, Err(Error::Invalid("share", _))));
    assert_eq!(set(Nothing, 1, 1_000).await, Ok(1));
    assert!(matches!(
        rollouts::rollback(&database, &a, "desk", 1).await,
        Err(Error::Invalid("rollback", _))
    ));
    assert_eq!(set(Revision(1), 3, 10).await, Err(Error::Held));
    assert_eq!(set(Revision(1), 4, 10).await, Err(Error::NotFound(What::Version)));
    assert!(matches!(
        set(Revision(1), 2, 1_001).await,
        Err(Error::Invalid("share", _))
    ));
    let now = async || {
        let rollout = rollouts::get(&database, &a, "desk").await.expect("a rollout");
        (rollout.version, rollout.share, rollout.previous)
    };
    assert_eq!(set(Revision(1), 2, 10).await, Ok(2));
    assert_eq!(now().await, (2, 10, Some(1)));
    assert_eq!(set(Revision(1), 2, 50).await, Err(Error::Conflict(What::Rollout, 2)));
    assert_eq!(set(Revision(2), 2, 500).await, Ok(3));
    assert_eq!(now().await, (2, 500, Some(1)));
    // A third while the second is tried: what is proven stays the previous one.
    versions::grant(&database, &a, "desk", 3, 1).await.expect("granted");
    assert_eq!(set(Revision(3), 3, 100).await, Ok(4));
    assert_eq!(now().await, (3, 100, Some(1)));
    assert_eq!(rollouts::promote(&database, &a, "desk", 4).await, Ok(5));
    assert_eq!(now().await, (3, 1_000, Some(1)));
    assert_eq!(rollouts::rollback(&database, &a, "desk", 5).await, Ok(6));
    assert_eq!(now().await, (1, 1_000, Some(3)));
    database.close().await;
}

pub(super) async fn routes_and_numbers(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    handler(&database, &a, "desk").await;
    let missing = routes::create(&database, &a, ("+1*", "none"), &[], 1).await;
    assert_eq!(missing, Err(Error::NotFound(What::Handler)));
    let fallbacks = ["spare".to_owned(), "last".to_owned()];
    routes::create(&database, &a, ("+1*", "desk"), &fallbacks, 1)
        .await
        .expect("a route");
    let twin = routes::create(&database, &a, ("+1*", "desk"), &[], 1).await;
    assert_eq!(twin, Err(Error::Exists(What::Route)));
    assert_eq!(
        routes::get(&database, &a, "+1*").await.expect("the route").fallbacks,
        fallbacks
    );
    assert_eq!(routes::update(&database, &a, ("+1*", 1), "desk", &[]).await, Ok(2));
    let missing = routes::update(&database, &a, ("+1*", 2), "none", &[]).await;
    assert_eq!(missing, Err(Error::NotFound(What::Handler)));
    let of = async |handler| {
        routes::list(&database, &a, handler, &Paging::default())
            .await
            .expect("routes")
            .items
            .len()
    };
    assert_eq!(
        (of(None).await, of(Some("desk")).await, of(Some("none")).await),
        (1, 1, 0)
    );
    routes::delete(&database, &a, "+1*").await.expect("removed");
    assert_eq!(
        routes::get(&database, &a, "+1*").await,
        Err(Error::NotFound(What::Route))
    );

    numbers::create(&database, &a, "+15550100", None, 1)
        .await
        .expect("a number");
    let taken = numbers::create(&database, &b, "+15550100", None, 1).await;
    assert_eq!(taken, Err(Error::Exists(What::Number)), "a number is had by one");
    assert_eq!(
        numbers::update(&database, &a, ("+15550100", 1), Some("desk")).await,
        Ok(2)
    );
    let missing = numbers::update(&database, &a, ("+15550100", 2), Some("none")).await;
    assert_eq!(missing, Err(Error::NotFound(What::Handler)));
    let found = numbers::get(&database, &a, "+15550100").await.expect("the number");
    assert_eq!((found.handler.as_deref(), found.revision), (Some("desk"), 2));
    numbers::delete(&database, &a, "+15550100").await.expect("given back");
    numbers::create(&database, &b, "+15550100", None, 1)
        .await
        .expect("free again");
    assert_eq!(
        numbers::list(&database, &a, &Paging::default())
            .await
            .expect("numbers")
            .items
            .len(),
        0
    );
    database.close().await;
}

pub(super) async fn secrets_and_quotas(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    secrets::create(&database, &a, "token", &[0, 255], 1)
        .await
        .expect("a secret");
    assert_eq!(secrets::sealed(&database, &a, "token").await, Ok(vec![0, 255]));
    assert_eq!(secrets::update(&database, &a, ("token", 1), &[], 2).await, Ok(2));
    assert_eq!(secrets::sealed(&database, &a, "token").await, Ok(vec![]));
    let large = vec![0; secrets::SEALED_MAX + 1];
    assert!(matches!(
        secrets::create(&database, &a, "x", &large, 1).await,
        Err(Error::Limit(..))
    ));
    let all = secrets::list(&database, &a, &Paging::default()).await.expect("secrets");
    assert_eq!((all.items.len(), all.items[0].changed_at), (1, 2));
    secrets::delete(&database, &a, "token").await.expect("removed");

    quotas::create(&database, &a, "calls", 10).await.expect("a quota");
    assert_eq!(quotas::update(&database, &a, "calls", 1, 20).await, Ok(2));
    assert_eq!(quotas::list(&database, &a).await.expect("quotas")[0].most, 20);
    quotas::delete(&database, &a, "calls").await.expect("removed");
    assert_eq!(
        quotas::delete(&database, &a, "calls").await,
        Err(Error::NotFound(What::Quota))
    );
    database.close().await;
}

pub(super) async fn records_of_calls(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let ringing = Call {
        status: Status::Ringing,
        answered_at: None,
        ended_at: None,
        ..call("c1", 10)
    };
    let mut batch = Batch {
        calls: vec![ringing.clone()],
        legs: vec![leg("c1", 1), leg("c1", 2)],
        events: vec![event("c1", 1), event("c1", 2)],
        journal: vec![part("c1", 0), part("c1", 1)],
        recordings: vec![],
    };
    calls::write(&database, &a, &batch).await.expect("written");
    assert_eq!(calls::get(&database, &a, "c1").await, Ok(ringing));
    assert_eq!(
        calls::delete(&database, &a, "c1").await,
        Err(Error::NotFound(What::Call)),
        "it goes on"
    );
    batch.calls = vec![Call {
        reason: Some("caller".to_owned()),
        ..call("c1", 10)
    }];
    calls::write(&database, &a, &batch).await.expect("it ended");
    batch.calls = vec![Call {
        status: Status::Failed,
        ..call("c1", 10)
    }];
    calls::write(&database, &a, &batch).await.expect("what ended stays");
    let ended = calls::get(&database, &a, "c1").await.expect("the call");
    assert_eq!(
        (ended.status, ended.reason.as_deref(), ended.revision),
        (Status::Completed, Some("caller"), 2)
    );
    calls::amend(&database, &a, "c1", "{\"shorter\":1}")
        .await
        .expect("amended");
    let amended = calls::get(&database, &a, "c1").await.expect("the call");
    assert_eq!((amended.record.as_str(), amended.revision), ("{\"shorter\":1}", 3));
    let legs = calls::legs(&database, &a, "c1", &Paging::default())
        .await
        .expect("legs");
    assert_eq!(legs.items, [leg("c1", 1), leg("c1", 2)]);
    let first = Paging::new(1, None).expect("paging");
    let events = calls::events(&database, &a, "c1", &first).await.expect("events");
    let second = Paging::new(1, events.next).expect("paging");
    let events = calls::events(&database, &a, "c1", &second).await.expect("events");
    assert_eq!((events.items, events.next), (vec![event("c1", 2)], None));
    assert_eq!(calls::journal_part(&database, &a, "c1", 1).await, Ok(vec![0, 1, 2]));
    assert_eq!(
        calls::journal_part(&database, &a, "c1", 2).await,
        Err(Error::NotFound(What::Call))
    );
    calls::delete(&database, &a, "c1").await.expect("removed");
    let legs = calls::legs(&database, &a, "c1", &Paging::default()).await;
    assert_eq!(legs.expect("legs").items.len(), 0);
    database.close().await;
}

pub(super) async fn recordings_and_their_calls(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let batch = Batch {
        calls: vec![call("c1", 10)],
        ..Batch::default()
    };
    calls::write(&database, &a, &batch).await.expect("written");
    let orphan = recordings::create(&database, &a, &recording("r1", "none")).await;
    assert_eq!(orphan, Err(Error::NotFound(What::Call)));
    recordings::create(&database, &a, &recording("r1", "c1"))
        .await
        .expect("a recording");
    let twin = recordings::create(&database, &a, &recording("r1", "c1")).await;
    assert_eq!(twin, Err(Error::Exists(What::Recording)));
    assert_eq!(recordings::get(&database, &a, "r1").await, Ok(recording("r1", "c1")));
    let of = recordings::list(&database, &a, Some("c1"), &Paging::default())
        .await
        .expect("recordings");
    assert_eq!(of.items.len(), 1);
    assert_eq!(calls::delete(&database, &a, "c1").await, Err(Error::InUse(What::Call)));
    assert_eq!(recordings::bytes(&database, &a).await, Ok(16_044));
    assert_eq!(recordings::delete(&database, &a, "r1").await, Ok(16_044), "its size");
    let again = recordings::delete(&database, &a, "r1").await;
    assert_eq!(again, Err(Error::NotFound(What::Recording)));
    assert_eq!(recordings::bytes(&database, &a).await, Ok(0));
    let batch = Batch {
        recordings: vec![recording("r2", "c1"), recording("r3", "c1")],
        ..Batch::default()
    };
    for _ in 0..2 {
        calls::write(&database, &a, &batch)
            .await
            .expect("written, once and again");
    }
    assert_eq!(recordings::bytes(&database, &a).await, Ok(32_088));
    for id in ["r2", "r3"] {
        recordings::delete(&database, &a, id).await.expect("removed");
    }
    calls::delete(&database, &a, "c1").await.expect("removed");
    let gone = calls::get(&database, &a, "c1").await;
    assert_eq!(gone, Err(Error::NotFound(What::Call)));
    database.close().await;
}

pub(super) async fn a_batch_is_written_whole_or_not_at_all(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let broken = Batch {
        calls: vec![call("c1", 1)],
        events: vec![event("c1", 1), event("none", 1)],
        ..Batch::default()
    };
    assert_eq!(
        calls::write(&database, &a, &broken).await,
        Err(Error::NotFound(What::Call))
    );
    assert_eq!(calls::get(&database, &a, "c1").await, Err(Error::NotFound(What::Call)));
    let large = Call {
        record: "x".repeat(calls::RECORD_MAX + 1),
        ..call("c1", 1)
    };
    let refused = calls::write(
        &database,
        &a,
        &Batch {
            calls: vec![large],
            ..Batch::default()
        },
    )
    .await;
    assert!(matches!(refused, Err(Error::Limit(..))), "{refused:?}");
    let many = vec![call("c1", 1); calls::BATCH_MAX + 1];
    let refused = calls::write(
        &database,
        &a,
        &Batch {
            calls: many,
            ..Batch::default()
        },
    )
    .await;
    assert!(matches!(refused, Err(Error::Limit(..))), "{refused:?}");
    let nul = Call {
        from: "a\0b".to_owned(),
        ..call("c1", 1)
    };
    let refused = calls::write(
        &database,
        &a,
        &Batch {
            calls: vec![nul],
            ..Batch::default()
        },
    )
    .await;
    assert!(matches!(refused, Err(Error::Invalid("text", _))), "{refused:?}");
    let stranger = calls::write(
        &database,
        &id("none"),
        &Batch {
            calls: vec![call("c1", 1)],
            ..Batch::default()
        },
    )
    .await;
    assert_eq!(stranger, Err(Error::NotFound(What::Tenant)));
    database.close().await;
}

pub(super) async fn usage_audit_and_idempotency(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let used = |day, amount| quotas::Usage {
        day,
        metric: "seconds".to_owned(),
        amount,
    };
    quotas::add_usage(&database, &a, &[used(2, 5), used(1, 1)])
        .await
        .expect("counted");
    quotas::add_usage(&database, &a, &[used(2, 7)]).await.expect("counted");
    assert_eq!(
        quotas::usage(&database, &a, 1, 3).await,
        Ok(vec![used(1, 1), used(2, 12)])
    );
    assert_eq!(quotas::usage(&database, &a, 2, 3).await, Ok(vec![used(2, 12)]));
    assert!(matches!(
        quotas::usage(&database, &a, 0, 367).await,
        Err(Error::Invalid("days", _))
    ));

    let entry = audit::NewEntry {
        at: 3,
        actor: "k1".to_owned(),
        action: "route.delete".to_owned(),
        object: "+1*".to_owned(),
        detail: String::new(),
    };
    assert_eq!(audit::append(&database, &a, &entry).await, Ok(1));
    assert_eq!(audit::append(&database, &a, &entry).await, Ok(2));
    assert_eq!(
        audit::append(&database, &id("none"), &entry).await,
        Err(Error::NotFound(What::Tenant))
    );
    let noted = audit::list(&database, &a, &Paging::default()).await.expect("entries");
    assert_eq!(
        noted.items[1],
        audit::Entry {
            sequence: 1,
            content: entry
        }
    );

    let begin = async |request, now| idempotency::begin(&database, &a, ("key", &[request; 32]), 100, now).await;
    assert_eq!(begin(1, 1).await, Ok(Begun::New));
    assert_eq!(begin(1, 2).await, Ok(Begun::Running));
    assert_eq!(begin(2, 2).await, Ok(Begun::Other));
    idempotency::give_up(&database, &a, "key").await.expect("given up");
    assert_eq!(begin(1, 3).await, Ok(Begun::New));
    idempotency::finish(&database, &a, "key", (201, b"{}"), 200)
        .await
        .expect("kept");
    let twice = idempotency::finish(&database, &a, "key", (500, b""), 200).await;
    assert_eq!(twice, Err(Error::NotFound(What::IdempotencyKey)));
    assert_eq!(begin(1, 199).await, Ok(Begun::Done(201, b"{}".to_vec())));
    assert_eq!(begin(2, 200).await, Ok(Begun::New), "the old one expired");
    assert_eq!(idempotency::forget_expired(&database, 99).await, Ok(0));
    assert_eq!(idempotency::forget_expired(&database, 100).await, Ok(1));
    database.close().await;
}
