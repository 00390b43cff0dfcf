//! How a leg sounds, as the handler is told.

use super::*;
use crate::words::{Quality, SoundQuality};

#[test]
fn a_leg_says_how_it_sounds_once_that_was_measured() {
    let mut bench = Bench::answered();
    let quality = |bench: &mut Bench| match bench.ask(Ask::Quality { leg: CALLER }) {
        Some(Answer::Quality(quality)) => quality,
        other => panic!("{other:?}"),
    };
    assert_eq!(quality(&mut bench), None);
    let counted = MediaCounters {
        packets_in: 950,
        packets_out: 1_000,
        lost: 50,
        jitter_us: 7_000,
        mos_hundredths: Some(412),
        remote_lost: 2_000,
        remote_jitter_us: 900,
        remote_mos_hundredths: None,
        round_trip_us: Some(61_900),
        ..MediaCounters::default()
    };
    bench.leg(LegSignal::Quality(counted));
    let expected = Quality {
        received: SoundQuality {
            lost_permille: 50,
            jitter_us: 7_000,
            mos_hundredths: Some(412),
        },
        sent: SoundQuality {
            // A far end may report nonsense.
            lost_permille: 1_000,
            jitter_us: 900,
            mos_hundredths: None,
        },
        round_trip_ms: Some(61),
    };
    assert_eq!(quality(&mut bench), Some(expected));
    // More duplicates than losses are no loss, and nothing received is no division by nothing.
    let none = MediaCounters {
        lost: -3,
        ..MediaCounters::default()
    };
    bench.leg(LegSignal::Quality(none));
    assert_eq!(quality(&mut bench).map(|it| it.received.lost_permille), Some(0));
}
