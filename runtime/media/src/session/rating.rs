//! What a session's counters say about how its call sounds, both ways.

use crate::quality::{Impairment, Line, burst_ratio};
use crate::reception::Reception;
use crate::{Counters, FRAME};
use std::time::Duration;

/// A receiver's buffer holds a packet, and what packets come late by: jitter is a mean, and most come within three times it.
const JITTERS: u64 = 3;

/// The counters with both estimates.
pub(super) fn rated(counted: Counters, reception: &Reception) -> Counters {
    let (lost, holes) = reception.holes();
    let expected = reception.expected();
    let received = Line {
        loss: part(counted.lost, expected),
        burst: burst_ratio(lost, holes, expected),
        delay: delay(&counted, counted.jitter_us),
        impairment: Impairment::G711,
    };
    let sent = Line {
        loss: part(counted.remote_lost, counted.packets_out),
        // Reports do not tell it.
        burst: 1.0,
        delay: delay(&counted, counted.remote_jitter_us),
        impairment: Impairment::G711,
    };
    let reported = counted.packets_out > 0 && counted.rtcp_in > 0;
    Counters {
        mos_hundredths: if expected > 0 { hundredths(&received) } else { 0 },
        remote_mos_hundredths: if reported { hundredths(&sent) } else { 0 },
        ..counted
    }
}

fn hundredths(line: &Line) -> u16 {
    (line.mos() * 100.0).round() as u16
}

fn part(lost: i64, expected: u64) -> f64 {
    lost.max(0) as f64 / expected.max(1) as f64
}

/// From mouth to ear: a packet's length, half of the round trip as far as it is known, and the receiver's buffer.
fn delay(counted: &Counters, jitter_us: u64) -> Duration {
    FRAME + FRAME + Duration::from_micros((counted.round_trip_us / 2).saturating_add(jitter_us.saturating_mul(JITTERS)))
}
