//! The desk of a node, with a real clock and no node.

use super::*;
use crate::shard_threads::{Heard, INBOX};
use patchcord_control::presence::WhenBusy;
use patchcord_control::presence::{Availability, Reason};
use patchcord_sip::Flow;

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn says(availability: Availability, text: &str) -> Status {
    Status {
        text: text.to_owned().into(),
        ..Status::new(availability)
    }
}

#[tokio::test]
async fn a_reader_is_told_how_all_are_and_then_the_newest_of_what_changed() {
    let (_thread, desk) = start(&[], &Arc::default(), None).expect("a thread");
    let acme = tenant("acme");
    let mut reader = desk.watch(&acme, ["bob", "alice"]).expect("there is room");
    let first = reader.next().await;
    let names: Vec<&str> = first.iter().map(|view| &*view.name).collect();
    assert_eq!(names, ["alice", "bob"]);
    assert!(
        first
            .iter()
            .all(|view| view.status.availability == Availability::Unavailable)
    );

    for text in ["one", "two", "three"] {
        let away = Status {
            reason: Some(Reason::AwayLong),
            ..says(Availability::Unavailable, text)
        };
        desk.set(&acme, "bob", Some(away)).expect("it may be said");
    }
    let news = reader.next().await;
    let told: Vec<(&str, &str)> = news
        .iter()
        .map(|view| (&*view.name, view.status.text.reveal().as_str()))
        .collect();
    assert_eq!(told, [("bob", "three")]);
}

#[tokio::test]
async fn tenants_do_not_see_each_other_and_a_reader_that_is_dropped_is_forgotten() {
    let (_thread, desk) = start(&[], &Arc::default(), None).expect("a thread");
    let (acme, other) = (tenant("acme"), tenant("other"));
    desk.set(&acme, "bob", Some(says(Availability::Busy, "in a meeting")))
        .expect("it may be said");
    let (view, said) = desk.view(&other, "bob").expect("a name");
    assert_eq!((view.status, said), (Status::new(Availability::Unavailable), None));
    let reader = desk.watch(&acme, ["bob"]).expect("there is room");
    assert_eq!(desk.shared.lock().desk.sizes().0, 1);
    drop(reader);
    assert_eq!(desk.shared.lock().desk.sizes().0, 0);
    assert!(desk.shared.lock().told.is_empty());
}

fn told(outbox: &crate::shard_threads::Outbox) -> Option<(Query, PresenceTold)> {
    loop {
        match outbox.heard(Duration::from_secs(20))? {
            Heard::Presence(query, told) => return Some((query, told)),
            _ => continue,
        }
    }
}

#[test]
fn a_shard_is_answered_at_once_and_told_what_it_watches_by_its_inbox() {
    let (inbox, outbox) = Inbox::new();
    let (_thread, desk) = start(&[inbox], &Arc::default(), None).expect("a thread");
    let acme = tenant("acme");
    let reach = PresenceAsk::Reach {
        identity: "bob".to_owned().into(),
        when_busy: WhenBusy::Ring,
    };
    let answer = desk.ask((0, Query(1)), &acme, &reach);
    assert!(matches!(answer, Some(PresenceTold::Reach(..))), "{answer:?}");
    let watch = PresenceAsk::Watch {
        identities: vec!["bob".to_owned().into()],
        ringing: false,
    };
    assert_eq!(desk.ask((0, Query(2)), &acme, &watch), None);
    let Some((Query(2), PresenceTold::News(views))) = told(&outbox) else {
        panic!("first how bob is");
    };
    assert_eq!(views.len(), 1);
    let away = says(Availability::Unavailable, "on holiday");
    desk.set(&acme, "bob", Some(away.clone())).expect("it may be said");
    let Some((Query(2), PresenceTold::News(views))) = told(&outbox) else {
        panic!("then what changed");
    };
    assert_eq!(views[0].status, away);
    desk.leave((0, Query(2)));
    let inner = desk.shared.lock();
    assert_eq!((inner.desk.sizes().0, inner.told.len(), inner.asked.len()), (0, 0, 0));
}

#[test]
fn a_shard_without_room_is_told_the_newest_as_soon_as_it_has_some() {
    let (inbox, outbox) = Inbox::new();
    let (_thread, desk) = start(std::slice::from_ref(&inbox), &Arc::default(), None).expect("a thread");
    let acme = tenant("acme");
    let flow = Flow::udp(([127, 0, 0, 1], 5060).into());
    for _ in 0..INBOX {
        inbox.send_failed(flow);
    }
    let watch = PresenceAsk::Watch {
        identities: vec!["bob".to_owned().into()],
        ringing: false,
    };
    assert_eq!(desk.ask((0, Query(1)), &acme, &watch), None);
    desk.set(&acme, "bob", Some(says(Availability::Unavailable, "gone")))
        .expect("it may be said");
    assert_eq!(desk.shared.lock().late.len(), 1);
    let newest = std::iter::from_fn(|| told(&outbox)).find_map(|(_, told)| match told {
        PresenceTold::News(views) => Some(views[0].status.text.reveal().clone()).filter(|text| text == "gone"),
        _ => None,
    });
    assert_eq!(newest.as_deref(), Some("gone"));
}
