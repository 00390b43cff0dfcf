//! Which length comes of which wish.

use super::*;

#[test]
fn a_wish_is_met_by_the_longest_that_is_not_longer() {
    for (ms, met) in [
        (0, 10),
        (9, 10),
        (10, 10),
        (19, 10),
        (20, 20),
        (29, 20),
        (45, 40),
        (59, 50),
        (60, 60),
        (u32::MAX, 60),
    ] {
        assert_eq!(PacketTime::at_most(ms).ms(), met, "{ms} ms");
    }
    assert_eq!(PacketTime::ALL.map(PacketTime::ms), [10, 20, 30, 40, 50, 60]);
}

#[test]
fn a_codec_says_the_longest_it_can() {
    let said = |codec: Codec| PacketTime::ALL.map(|time| time.samples_in(codec) as u32 * 1_000 / codec.rate().hertz());
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::L16Narrow] {
        assert_eq!(said(codec), [10, 20, 30, 40, 50, 60], "{codec:?}");
    }
    assert_eq!(
        said(Codec::Opus),
        [10, 20, 20, 40, 40, 60],
        "it has frames of these alone"
    );
    assert_eq!(
        said(Codec::L16Wide),
        [10, 20, 30, 40, 40, 40],
        "more does not fit in a packet"
    );
}
