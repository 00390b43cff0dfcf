//! One press is one key, whichever ways it comes.

use super::*;

fn key(event: u8) -> Key {
    Key::from_event(event).expect("a key")
}

#[test]
fn keys_in_the_sound_count_until_one_is_told_by_info() {
    let (mut keys, now) = (KeysFrom::default(), Instant::now());
    let at = |ms| now + Duration::from_millis(ms);
    assert_eq!(keys.sound(at(0), key(1)), Some(key(1)));
    assert_eq!(keys.sound(at(200), key(1)), Some(key(1)));
    assert_eq!(keys.info(at(300), key(1)), None, "the sound has told it");
    assert_eq!(keys.info(at(400), key(1)), Some(key(1)));
    assert_eq!(keys.sound(at(410), key(1)), None, "INFO has told it");
    assert_eq!(keys.info(at(500), key(2)), Some(key(2)));
}

#[test]
fn an_info_that_tells_another_key_or_comes_late_is_news() {
    let now = Instant::now();
    let mut keys = KeysFrom::default();
    keys.sound(now, key(1));
    assert_eq!(keys.info(now, key(2)), Some(key(2)));
    let mut keys = KeysFrom::default();
    keys.sound(now, key(1));
    assert_eq!(keys.info(now + SAME_KEY, key(1)), Some(key(1)));
}
