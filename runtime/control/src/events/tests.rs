//! Kinds, subscriptions, and what is not shown of a webhook.

use super::*;

#[test]
fn kinds_are_told_apart_and_named_once() {
    let names: std::collections::BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), EventKind::ALL.len());
    for kind in EventKind::ALL {
        assert!(EventKinds::ALL.has(kind));
        let one = EventKinds::of(&[kind]);
        let held: Vec<_> = EventKind::ALL.into_iter().filter(|other| one.has(*other)).collect();
        assert_eq!(held, [kind]);
    }
    assert!(!EventKind::ALL.iter().any(|kind| EventKinds::of(&[]).has(*kind)));
    let without = EventKinds::ALL.without(EventKind::Custom);
    let left = EventKind::ALL.into_iter().filter(|kind| without.has(*kind)).count();
    assert!(!without.has(EventKind::Custom) && left == EventKind::ALL.len() - 1);
}

#[test]
fn a_subscription_is_for_its_tenant_and_its_handlers() {
    let (ours, others) = (Tenant("ours".to_owned()), Tenant("others".to_owned()));
    let all = Subscription {
        tenant: ours.clone(),
        handlers: None,
        kinds: EventKinds::ALL,
        name: "crm".into(),
        webhook: None,
    };
    assert!(all.is_for(&ours, "support") && !all.is_for(&others, "support"));
    let some = Subscription {
        handlers: Some(vec!["support".to_owned()]),
        ..all
    };
    assert!(some.is_for(&ours, "support") && !some.is_for(&ours, "sales") && !some.is_for(&others, "support"));
}

#[test]
fn the_address_and_the_secret_of_a_webhook_are_not_shown() {
    let webhook = SubscribedWebhook {
        url: HttpUrl::parse("https://hooks.example/token-1234/x").expect("an address"),
        written: "https://hooks.example/token-1234/x".to_owned().into(),
        secret: "sixteen letters.".to_owned().into(),
    };
    let of_tenant = Subscription {
        tenant: Tenant("t".to_owned()),
        handlers: None,
        kinds: EventKinds::ALL,
        name: "t/crm".into(),
        webhook: Some(Arc::new(webhook)),
    };
    let shown = format!("{of_tenant:?} {:?}", of_tenant.receiver());
    assert!(
        shown.contains("hooks.example") && !shown.contains("token") && !shown.contains("letters"),
        "{shown}"
    );
}
