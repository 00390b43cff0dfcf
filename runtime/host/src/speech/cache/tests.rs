//! What is remembered, what is forgotten first, and that no more is held than allowed.

use super::*;
use patchcord_control::ids::Tenant;

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

fn room_for(count: usize) -> Cache {
    Cache::new(count * bytes(&text(0), &sound()))
}

#[test]
fn the_least_lately_used_is_forgotten_first() {
    let mut cache = room_for(3);
    (0..3).for_each(|number| cache.put(&text(number), &sound()));
    assert!(cache.get(&text(0)).is_some());
    cache.put(&text(3), &sound());
    let known: Vec<usize> = (0..4).filter(|number| cache.get(&text(*number)).is_some()).collect();
    assert_eq!(known, [0, 2, 3]);
    assert_eq!(cache.held, cache.most);
}

#[test]
fn a_sound_is_that_of_all_it_depends_on() {
    let mut cache = room_for(9);
    cache.put(&text(1), &sound());
    assert!(cache.get(&of_tenant("other", 1)).is_none());
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
        assert!(cache.get(&other).is_none());
    }
}

#[test]
fn what_is_larger_than_all_room_drives_nothing_out() {
    let mut cache = room_for(2);
    cache.put(&text(1), &sound());
    cache.put(&text(2), &Arc::new(Clip::from_samples(&[7; 3_000])));
    assert!(cache.get(&text(1)).is_some() && cache.get(&text(2)).is_none());
    cache.put(&text(1), &sound());
    assert_eq!((cache.sounds.len(), cache.order.len()), (1, 1));
    let mut nothing = Cache::new(0);
    nothing.put(&text(1), &sound());
    assert!(nothing.get(&text(1)).is_none());
}
