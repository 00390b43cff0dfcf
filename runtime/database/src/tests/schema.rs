//! The schema: from older ones, not from newer ones, and once.

use super::{handler, id};
use crate::value::values;
use crate::{Database, Error, calls, migrations, sinks, tenants};

pub(super) async fn an_older_schema_is_brought_up_to_date_with_its_rows(url: &str) {
    let old = Database::connect(url).await.expect("connected");
    old.migrate(1).await.expect("the first step alone");
    let tenant = id("old");
    tenants::create(&old, &tenant, "From before", 1)
        .await
        .expect("a tenant");
    handler(&old, &tenant, "desk").await;
    let call = super::life::call("c1", 10);
    let only = calls::Batch {
        calls: vec![call.clone()],
        ..calls::Batch::default()
    };
    calls::write(&old, &tenant, &only).await.expect("a call");
    let leg = super::life::leg("c1", 1);
    let legs = calls::Batch {
        legs: vec![leg.clone()],
        ..calls::Batch::default()
    };
    assert!(matches!(
        calls::write(&old, &tenant, &legs).await,
        Err(Error::Unavailable(_))
    ));
    old.close().await;

    let new = Database::open(url).await.expect("migrated");
    assert_eq!(calls::get(&new, &tenant, "c1").await, Ok(call));
    assert_eq!(
        crate::handlers::get(&new, &tenant, "desk")
            .await
            .expect("kept")
            .last_version,
        2
    );
    calls::write(&new, &tenant, &legs)
        .await
        .expect("a leg, which the first schema had no table for");
    sinks::create(&new, &tenant, ("crm", 1), &super::life::sink(), 1)
        .await
        .expect("a webhook with a secret, for which the first schema had no place");
    new.close().await;
    let again = Database::open(url).await.expect("nothing left to do");
    let page = calls::legs(&again, &tenant, "c1", &crate::Paging::default()).await;
    assert_eq!(page.expect("legs").items, [leg]);
    again.close().await;
}

pub(super) async fn a_newer_schema_is_refused(url: &str) {
    let database = Database::open(url).await.expect("opened");
    let mut transaction = database.begin().await.expect("begun");
    let newer = migrations::NEWEST + 1;
    transaction
        .execute(migrations::DONE, values![newer])
        .await
        .expect("from the future");
    transaction.commit().await.expect("committed");
    database.close().await;
    let refused = Database::open(url).await.map(|_| ());
    assert_eq!(refused, Err(Error::NewerSchema(newer, migrations::NEWEST)));
}

pub(super) async fn nodes_that_start_together_migrate_once(url: &str) {
    let (one, other) = tokio::join!(Database::open(url), Database::open(url));
    let (one, other) = (one.expect("opened"), other.expect("opened too"));
    tenants::create(&one, &id("a"), "A", 1).await.expect("a tenant");
    assert_eq!(tenants::get(&other, &id("a")).await.expect("seen by both").name, "A");
    one.close().await;
    other.close().await;
}
