//! Caller ids: proved by their code, given up, limited, and shown by default.

use super::two_tenants;
use crate::caller_ids::{self, Asking, Proof, State};
use crate::{Error, Paging, What, numbers};

pub(super) fn asking<'a>(number: &'a str, code_hash: &'a [u8; 32], call: &'a str) -> Asking<'a> {
    Asking {
        number,
        code_hash,
        call,
        expires_at: 100,
    }
}

pub(super) async fn caller_ids_are_proved_by_their_code(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let ask = async |byte, call, now| caller_ids::ask(&database, &a, asking("+1", &[byte; 32], call), now).await;
    let prove = async |byte, call, now| caller_ids::prove(&database, &a, (call, &[byte; 32]), now).await;
    let state = async |now| {
        let one = caller_ids::get(&database, &a, "+1").await.expect("a caller id");
        one.state(now)
    };
    assert_eq!(prove(1, "c1", 5).await, Err(Error::NotFound(What::CallerId)));
    ask(1, "c1", 1).await.expect("asked");
    assert_eq!((state(99).await, state(100).await), (State::Pending, State::Failed));
    assert_eq!(prove(1, "c1", 100).await, Ok(Proof::Over), "too late");
    for _ in 1..caller_ids::TRIES_MAX {
        assert_eq!(prove(2, "c1", 5).await, Ok(Proof::Wrong));
    }
    assert_eq!(prove(2, "c1", 5).await, Ok(Proof::Over), "the last try");
    assert_eq!(prove(1, "c1", 5).await, Ok(Proof::Over), "one more");
    assert_eq!(state(5).await, State::Failed);
    ask(3, "c2", 2).await.expect("asked anew");
    assert_eq!(
        prove(3, "c1", 5).await,
        Err(Error::NotFound(What::CallerId)),
        "by the old call"
    );
    assert_eq!(prove(1, "c2", 5).await, Ok(Proof::Wrong), "the old code");
    caller_ids::over(&database, &a, "c2", 6).await.expect("over");
    assert_eq!(
        (state(6).await, prove(3, "c2", 6).await),
        (State::Failed, Ok(Proof::Over))
    );
    ask(4, "c3", 3).await.expect("asked once more");
    assert_eq!(prove(4, "c3", 7).await, Ok(Proof::Right));
    caller_ids::over(&database, &a, "c3", 8).await.expect("over");
    let all = caller_ids::list(&database, &a, &Paging::default())
        .await
        .expect("caller ids");
    assert_eq!(
        (all.items[0].verified_at, all.items[0].state(1_000)),
        (Some(7), State::Verified)
    );
    assert_eq!(ask(5, "c4", 4).await, Err(Error::Exists(What::CallerId)));
    caller_ids::delete(&database, &a, "+1").await.expect("removed");
    let gone = caller_ids::get(&database, &a, "+1").await;
    assert_eq!(gone, Err(Error::NotFound(What::CallerId)));
    database.close().await;
}

pub(super) async fn a_phone_is_not_rung_too_often(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    let ask = async |tenant, number: &str, now| {
        let call = format!("c{now}");
        caller_ids::ask(&database, tenant, asking(number, &[1; 32], &call), now).await
    };
    for now in 1..=caller_ids::ASKINGS_OF_NUMBER_MAX {
        let tenant = if now % 2 == 0 { &a } else { &b };
        ask(tenant, "+1", now).await.expect("asked");
    }
    let most = caller_ids::ASKINGS_OF_NUMBER_MAX;
    let too_often = Err(Error::Limit(caller_ids::NUMBER_ASKINGS, most));
    assert_eq!(ask(&a, "+1", 50).await, too_often, "whoever asks");
    // What is forgotten counts all the same.
    caller_ids::delete(&database, &a, "+1").await.expect("removed");
    assert_eq!(ask(&a, "+1", 51).await, too_often);
    let later = caller_ids::ASKINGS_MS + 1;
    ask(&a, "+1", later).await.expect("an hour after the first");
    assert_eq!(ask(&a, "+1", later).await, too_often, "and the others are not that old");

    for number in 1..caller_ids::ASKINGS_OF_TENANT_MAX - 2 {
        ask(&a, &format!("+2{number:03}"), later).await.expect("asked");
    }
    let full = caller_ids::ASKINGS_OF_TENANT_MAX;
    let asked = ask(&a, "+3", later).await;
    assert_eq!(asked, Err(Error::Limit(caller_ids::TENANT_ASKINGS, full)));
    ask(&b, "+3", later).await.expect("another tenant's limit is its own");
    database.close().await;
}

pub(super) async fn a_number_is_shown_by_default_until_it_is_gone(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    numbers::create(&database, &a, "+1", None, 1).await.expect("a number");
    let default = async |tenant| caller_ids::default(&database, tenant).await;
    let set = async |number| caller_ids::set_default(&database, &a, number).await;
    assert_eq!(default(&a).await, Ok(None));
    set(Some("+1")).await.expect("chosen");
    assert_eq!(
        (default(&a).await, default(&b).await),
        (Ok(Some("+1".to_owned())), Ok(None))
    );
    assert!(matches!(set(Some("")).await, Err(Error::Invalid("number", _))));
    numbers::delete(&database, &a, "+1").await.expect("given back");
    assert_eq!(default(&a).await, Ok(None));
    caller_ids::ask(&database, &a, asking("+2", &[1; 32], "c1"), 1)
        .await
        .expect("asked");
    set(Some("+2")).await.expect("chosen");
    caller_ids::delete(&database, &a, "+2").await.expect("forgotten");
    assert_eq!(default(&a).await, Ok(None));
    set(Some("+3")).await.expect("chosen");
    set(None).await.expect("none");
    assert_eq!(default(&a).await, Ok(None));
    let nobody = super::id("nobody");
    assert_eq!(
        caller_ids::default(&database, &nobody).await,
        Err(Error::NotFound(What::Tenant))
    );
    database.close().await;
}
