//! What is remembered, what is forgotten first, and that no more is held than allowed.

use super::*;
use patchcord_control::ids::Tenant;
use patchcord_switch::ToSpeak;
use std::time::Duration;

fn text(number: usize) -> Arc<ToSpeak> {
    of_tenant("default", number)
}

fn of_tenant(tenant: &str, number: usize) -> Arc<ToSpeak> {
    Arc::new(ToSpeak {
        tenant: Tenant(tenant.to_owned()),
        piece: format!("{number:03}").into(),
        language: None,
        voice: None,
    })
}

fn sound() -> Arc<Clip> {
    Arc::new(Clip::from_samples(&[7; 1_000]))
}

#[allow(clippy::disallowed_methods, reason = "what is remembered for ever does not ask")]
fn now() -> Instant {
    Instant::now()
}

fn room_for(count: usize) -> Cache<ToSpeak> {
    Cache::new(count * bytes(&*text(0), &sound()))
}

#[test]
fn the_least_lately_used_is_forgotten_first() {
    let mut cache = room_for(3);
    (0..3).for_each(|number| cache.put(&text(number), &sound(), None));
    assert!(cache.get(&text(0), now()).is_some());
    cache.put(&text(3), &sound(), None);
    let known: Vec<usize> = (0..4)
        .filter(|number| cache.get(&text(*number), now()).is_some())
        .collect();
    assert_eq!(known, [0, 2, 3]);
    assert_eq!(cache.held, cache.most);
}

#[test]
fn a_sound_is_that_of_all_it_depends_on() {
    let mut cache = room_for(9);
    cache.put(&text(1), &sound(), None);
    assert!(cache.get(&of_tenant("other", 1), now()).is_none());
    for other in [
        ToSpeak {
            language: Some("de".to_owned()),
            ..(*text(1)).clone()
        },
        ToSpeak {
            voice: Some("f3".to_owned()),
            ..(*text(1)).clone()
        },
    ] {
        assert!(cache.get(&other, now()).is_none());
    }
}

#[test]
fn what_is_larger_than_all_room_drives_nothing_out() {
    let mut cache = room_for(2);
    cache.put(&text(1), &sound(), None);
    cache.put(&text(2), &Arc::new(Clip::from_samples(&[7; 3_000])), None);
    assert!(cache.get(&text(1), now()).is_some() && cache.get(&text(2), now()).is_none());
    cache.put(&text(1), &sound(), None);
    assert_eq!((cache.sounds.len(), cache.order.len()), (1, 1));
    let mut nothing = Cache::new(0);
    nothing.put(&text(1), &sound(), None);
    assert!(nothing.get(&text(1), now()).is_none());
}

#[test]
fn what_is_not_fresh_any_more_is_forgotten_and_gives_its_room_back() {
    let mut cache = room_for(1);
    let until = now() + Duration::from_secs(60);
    cache.put(&text(1), &sound(), Some(until));
    assert!(cache.get(&text(1), until - Duration::from_millis(1)).is_some());
    assert!(cache.get(&text(1), until).is_none());
    assert_eq!(cache.held, 0);
}
