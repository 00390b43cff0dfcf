//! Lists in pages, and what chooses from them.

use super::{life, two_tenants};
use crate::calls::{Batch, Filter, Status};
use crate::{Cursor, Database, Error, LIMIT_MAX, Paging, TenantId, calls, handlers};

async fn write(database: &Database, tenant: &TenantId, calls: Vec<calls::Call>) {
    let batch = Batch {
        calls,
        ..Batch::default()
    };
    calls::write(database, tenant, &batch).await.expect("written");
}

pub(super) async fn pages_neither_repeat_nor_skip_while_rows_come_and_go(url: &str) {
    let (database, a, b) = two_tenants(url).await;
    // Three calls begin in each millisecond.
    let start: Vec<_> = (0..30).map(|n| life::call(&format!("c{n:02}"), 100 + n / 3)).collect();
    write(&database, &a, start.clone()).await;
    write(&database, &b, vec![life::call("c05", 101)]).await;
    let (mut seen, mut after, mut round) = (Vec::new(), None, 0);
    loop {
        let paging = Paging::new(4, after).expect("paging");
        let page = calls::list(&database, &a, &Filter::default(), &paging)
            .await
            .expect("a page");
        assert!(page.items.len() <= 4);
        seen.extend(page.items.into_iter().map(|call| call.id));
        // Newer calls come, and one that was seen goes.
        round += 1;
        write(&database, &a, vec![life::call(&format!("new{round}"), 500 + round)]).await;
        calls::delete(&database, &a, seen.last().expect("the last one"))
            .await
            .expect("removed");
        let Some(next) = page.next else { break };
        after = Some(Cursor::parse(&next.text()).expect("its own text"));
    }
    let expected: Vec<_> = start.iter().rev().map(|call| call.id.clone()).collect();
    assert_eq!(seen, expected);
    for name in ["é", "Z", "a", "B", "~", "z"] {
        handlers::create(&database, &a, name, 1).await.expect("a handler");
    }
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let paging = Paging::new(1, after).expect("paging");
        let page = handlers::list(&database, &a, &paging).await.expect("a page");
        names.extend(page.items.into_iter().map(|handler| handler.name));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(names, ["B", "Z", "a", "z", "~", "é"], "by bytes, in both databases");
    database.close().await;
}

pub(super) async fn filters_choose_calls(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    let mut some: Vec<_> = (0..4).map(|n| life::call(&format!("c{n}"), 10 + n)).collect();
    some[1].from = "sip:else@example.com".to_owned();
    some[2].to = "sip:else@example.com".to_owned();
    some[2].status = Status::Busy;
    some[3].handler = Some("desk".to_owned());
    some[3].parent = Some("c0".to_owned());
    write(&database, &a, some).await;
    let chosen = async |filter: Filter| -> Vec<String> {
        let page = calls::list(&database, &a, &filter, &Paging::default())
            .await
            .expect("a page");
        page.items.into_iter().map(|call| call.id).collect()
    };
    let other = || Some("sip:else@example.com".to_owned());
    let one = |set: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filter
    };
    assert_eq!(chosen(Filter::default()).await, ["c3", "c2", "c1", "c0"]);
    assert_eq!(chosen(one(&|filter| filter.from = other())).await, ["c1"]);
    assert_eq!(chosen(one(&|filter| filter.to = other())).await, ["c2"]);
    assert_eq!(chosen(one(&|filter| filter.status = Some(Status::Busy))).await, ["c2"]);
    assert_eq!(
        chosen(one(&|filter| filter.handler = Some("desk".to_owned()))).await,
        ["c3"]
    );
    assert_eq!(
        chosen(one(&|filter| filter.parent = Some("c0".to_owned()))).await,
        ["c3"]
    );
    let mut between = one(&|filter| filter.started_from = Some(11));
    between.started_before = Some(13);
    assert_eq!(chosen(between.clone()).await, ["c2", "c1"]);
    between.status = Some(Status::Completed);
    assert_eq!(chosen(between).await, ["c1"]);
    let injected = one(&|filter| filter.from = Some("' OR '1'='1".to_owned()));
    assert_eq!(chosen(injected).await, [""; 0]);
    database.close().await;
}

pub(super) async fn wrong_cursors_and_limits_are_refused(url: &str) {
    let (database, a, _) = two_tenants(url).await;
    for text in [
        "",
        "x",
        "zz",
        "616",
        "6120",
        "é0",
        &"61".repeat(2_000),
        &Cursor::at(1, "a").text()[1..],
    ] {
        assert!(
            matches!(Cursor::parse(text), Err(Error::Invalid("cursor", _))),
            "{text}"
        );
    }
    for limit in [0, LIMIT_MAX + 1] {
        assert!(
            matches!(Paging::new(limit, None), Err(Error::Invalid("limit", _))),
            "{limit}"
        );
    }
    // A cursor of another list is a place like any other: nothing of others comes of it.
    let strange = Paging::new(LIMIT_MAX, Some(Cursor::at(i64::MIN, "' OR 1=1 --"))).expect("paging");
    let page = calls::list(&database, &a, &Filter::default(), &strange)
        .await
        .expect("a page");
    assert_eq!((page.items.len(), page.next), (0, None));
    database.close().await;
}
