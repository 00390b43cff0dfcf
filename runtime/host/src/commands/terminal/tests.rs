//! Words for sizes and times.

use super::*;

#[test]
fn sizes_are_in_words() {
    assert_eq!(size(0), "0 bytes");
    assert_eq!(size(1_023), "1023 bytes");
    assert_eq!(size(1_024), "1.0 KiB");
    assert_eq!(size(49_357), "48.2 KiB");
    assert_eq!(size(64 * 1024 * 1024), "64.0 MiB");
}

#[test]
fn times_are_in_words() {
    assert_eq!(time(Duration::from_micros(640)), "640 us");
    assert_eq!(time(Duration::from_micros(12_540)), "12.5 ms");
    assert_eq!(time(Duration::from_millis(3_200)), "3.20 s");
}

#[test]
fn plain_text_stays_plain() {
    assert_eq!(Paint::Plain.red("busy"), "busy");
    assert_eq!(Paint::Colours.red("busy"), "\x1b[31mbusy\x1b[0m");
}
