//! Words of the ladder and of the measurement.

use super::*;
use patchcord_sim::phone::Refusal;

#[test]
fn what_happens_has_words() {
    let words = |happened: Event| event(&happened, Paint::Plain).unwrap();
    assert_eq!(words(Event::Progress { status: 180 }), "<- 180 ringing");
    assert_eq!(words(Event::Answered), "<- 200 answered");
    assert_eq!(
        words(Event::Ended {
            end: End::ByFarEnd,
            counters: None
        }),
        "<- BYE, ended by the other side"
    );
    assert_eq!(
        words(Event::Ended {
            end: End::Refused { status: 486 },
            counters: None
        }),
        "<- 486 busy"
    );
    assert!(words(Event::Refused(Refusal::NoTelephoneEvents)).contains("no telephone events"));
    assert_eq!(event(&Event::KeySent, Paint::Plain), None);
}

#[test]
fn a_recording_is_told_as_stretches() {
    let tone: Vec<i16> = (0..8_000)
        .map(|n| (5_000.0 * (std::f64::consts::TAU * 440.0 * f64::from(n) / 8_000.0).sin()) as i16)
        .collect();
    let text = heard(&[vec![0; 8_000], tone].concat(), Paint::Plain);
    assert!(
        text.starts_with("heard 2.00 s:\n  at    1.00 s for   1.00 s  tone 440 Hz, level -1"),
        "{text}"
    );
    assert!(heard(&[0; 800], Paint::Plain).contains("0.10 s of silence"));
}
