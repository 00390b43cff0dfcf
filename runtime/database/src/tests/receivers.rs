//! Who is told what happens: webhooks and event sinks, from the first to the last.

use super::life::sink;
use super::two_tenants;
use crate::{Error, Paging, What, modules, sinks};

pub(super) async fn webhooks_and_event_sinks(url: &str) {
    use sinks::SinkKind::{Module, Webhook};
    let (database, a, _) = two_tenants(url).await;
    for number in 0..3 {
        sinks::create(&database, &a, (&format!("s{number}"), 4), &sink(), 1)
            .await
            .expect("a webhook");
    }
    let of_module = sinks::SinkContent {
        target: sinks::SinkTarget::Module {
            hash: super::hash('a'),
            granted: vec!["http".to_owned(), "secret:token".to_owned()],
        },
        ..sink()
    };
    let early = sinks::create(&database, &a, ("billing", 4), &of_module, 1).await;
    assert_eq!(early, Err(Error::NotFound(What::Module)));
    modules::put(&database, &a, &super::module('a'), b"wasm")
        .await
        .expect("a module");
    sinks::create(&database, &a, ("billing", 4), &of_module, 1)
        .await
        .expect("an event sink");
    let taken = sinks::create(&database, &a, ("billing", 9), &sink(), 1).await;
    assert_eq!(taken, Err(Error::Exists(What::Sink)));
    let full = sinks::create(&database, &a, ("more", 4), &sink(), 1).await;
    assert_eq!(full, Err(Error::Limit("webhook or event sink", 4)), "of both kinds");
    let needed = modules::delete(&database, &a, &super::hash('a')).await;
    assert_eq!(needed, Err(Error::InUse(What::Module)));

    let paused = sinks::SinkContent {
        state: sinks::SinkState::Paused,
        events: vec![],
        handlers: vec![],
        ..sink()
    };
    assert_eq!(sinks::update(&database, &a, ("s0", 1), &paused).await, Ok(2));
    assert_eq!(
        sinks::update(&database, &a, ("s0", 1), &paused).await,
        Err(Error::Conflict(What::Sink, 2))
    );
    let found = sinks::get(&database, &a, Webhook, "s0").await.expect("it");
    assert_eq!(found.content, paused);
    let found = sinks::get(&database, &a, Module, "billing").await.expect("it");
    assert_eq!(found.content, of_module);
    let none = Err(Error::NotFound(What::Sink));
    assert_eq!(
        sinks::update(&database, &a, ("billing", 1), &sink()).await.map(|_| ()),
        none,
        "it stays of its kind"
    );
    assert_eq!(sinks::get(&database, &a, Module, "s0").await.map(|_| ()), none);
    assert_eq!(sinks::delete(&database, &a, Module, "s0").await, none);
    sinks::delete(&database, &a, Webhook, "s0").await.expect("removed");
    let ids = |page: crate::Page<sinks::Sink>| page.items.into_iter().map(|one| one.id).collect::<Vec<_>>();
    let webhooks = sinks::list(&database, &a, Webhook, &Paging::default()).await;
    assert_eq!(ids(webhooks.expect("webhooks")), ["s1", "s2"]);
    let of_modules = sinks::list(&database, &a, Module, &Paging::default()).await;
    assert_eq!(ids(of_modules.expect("event sinks")), ["billing"]);
    sinks::delete(&database, &a, Module, "billing").await.expect("removed");
    modules::delete(&database, &a, &super::hash('a'))
        .await
        .expect("nothing needs it");
    database.close().await;
}
