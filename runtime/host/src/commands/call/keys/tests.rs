//! Scripts, and a finger that follows them.

use super::*;

const MS: Duration = Duration::from_millis(1);

fn finger(script: &str) -> (Finger, Instant) {
    let now = Instant::now();
    let mut finger = Finger::new(script.parse().unwrap());
    finger.answered(now);
    (finger, now)
}

#[test]
fn scripts_are_read() {
    use Step::{Pause, Press, PromptOver};
    let steps = |text: &str| text.parse::<Script>().unwrap().0;
    assert_eq!(steps("1,2#"), [PromptOver, Press('1'), Pause, Press('2'), Press('#')]);
    assert_eq!(steps(",a"), [Pause, Press('A')]);
    assert_eq!(steps("w1w2"), [PromptOver, Press('1'), PromptOver, Press('2')]);
}

#[test]
fn what_is_no_key_is_named() {
    for (text, says) in [("1x", "'x'"), ("1 2", "' '"), ("", "no key"), (",,", "no key")] {
        let why = text.parse::<Script>().unwrap_err();
        assert!(why.contains(says), "{text:?}: {why}");
    }
    assert!("1".repeat(300).parse::<Script>().unwrap_err().contains("256"));
}

#[test]
fn nothing_is_pressed_before_the_answer() {
    let mut finger = Finger::new(",1".parse().unwrap());
    let now = Instant::now();
    assert_eq!(finger.due(), None);
    assert_eq!(finger.press(now + 60_000 * MS), None);
    finger.answered(now);
    assert_eq!(finger.due(), Some(now + PAUSE));
}

#[test]
fn a_key_waits_for_the_end_of_the_prompt() {
    let (mut finger, start) = finger("1");
    let mut now = start;
    let mut pressed = None;
    // Silence, a prompt with a short breath in it, silence.
    for frame in 0..200 {
        let sound = (50..80).contains(&frame) || (100..150).contains(&frame);
        now = start + 20 * MS * frame;
        finger.heard(now, if sound { Level::Sound } else { Level::Quiet });
        pressed = finger.press(now);
        if pressed.is_some() {
            break;
        }
    }
    assert_eq!(pressed, Some('1'));
    assert_eq!(now - start, 150 * 20 * MS + QUIET);
}

#[test]
fn without_a_prompt_the_key_is_pressed_in_the_end() {
    let (mut finger, start) = finger("1");
    for frame in 0..499 {
        let now = start + 20 * MS * frame;
        finger.heard(now, Level::Quiet);
        assert_eq!(finger.press(now), None, "after {frame} frames");
    }
    assert_eq!(finger.press(start + PROMPT_MAX), Some('1'));
}

#[test]
fn keys_in_a_row_keep_their_distance_and_commas_wait() {
    let (mut finger, start) = finger(",1,2#");
    assert_eq!(finger.press(start + PAUSE), Some('1'));
    assert_eq!(finger.press(start + PAUSE), None);
    assert_eq!(finger.unpressed(), "2#");
    let second = start + PAUSE + HELD + GAP + PAUSE;
    assert_eq!(finger.due(), Some(second));
    assert_eq!(finger.press(second - MS), None);
    assert_eq!(finger.press(second), Some('2'));
    assert_eq!(finger.press(second), None);
    assert_eq!(finger.press(second + HELD + GAP), Some('#'));
    assert_eq!((finger.due(), finger.unpressed()), (None, String::new()));
}
