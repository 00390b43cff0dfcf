//! When a session sends RTCP, and the round trip it learns (RFC 3550 sections 6.2, 6.3 and 6.4.1). A call has two
//! parties, so the interval is the minimum, spread at random; nothing of the rules for crowds is needed.

use crate::random::Random;
use crate::rtcp::Block;
use std::time::{Duration, Instant};

/// What RFC 3550 section 6.3.1 divides by, because spreading alone would make the mean too short.
const COMPENSATION: f64 = 1.218_28;
/// A measured round trip above this is nonsense.
const MAX_ROUND_TRIP: u32 = 60 << 16;

/// A session's clock for reports.
#[derive(Debug, Clone)]
pub(crate) struct RtcpClock {
    interval: Duration,
    due: Option<Instant>,
    /// Time in the last sender report heard, and when it came.
    last_report: Option<(u32, Instant)>,
    /// Our packets out at the last report and at the one before it.
    sent_before: [u64; 2],
}

impl RtcpClock {
    /// Not running until its first tick.
    pub(crate) fn new(interval: Duration) -> Self {
        Self {
            interval,
            due: None,
            last_report: None,
            sent_before: [0; 2],
        }
    }

    /// Whether a report is due now; sets the time of the next one. The first comes after about half an interval.
    pub(crate) fn due(&mut self, now: Instant, random: &mut Random) -> bool {
        let spread = (0.5 + random.fraction()) / COMPENSATION;
        let Some(due) = self.due else {
            self.due = Some(now + self.interval.mul_f64(spread / 2.0));
            return false;
        };
        if now < due {
            return false;
        }
        self.due = Some(now + self.interval.mul_f64(spread));
        true
    }

    /// Whether we sent RTP since the report before the last, which makes us a sender; call it once a report.
    pub(crate) fn is_sender(&mut self, packets_out: u64) -> bool {
        let sender = packets_out > self.sent_before[1];
        self.sent_before = [packets_out, self.sent_before[0]];
        sender
    }

    /// A sender report came.
    pub(crate) fn heard_sender(&mut self, time: u32, now: Instant) {
        self.last_report = Some((time, now));
    }

    /// Last report and delay for a report block of ours; both 0 if none came.
    pub(crate) fn echo(&self, now: Instant) -> (u32, u32) {
        self.last_report.map_or((0, 0), |(time, at)| {
            let delay = now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000;
            (time, u32::try_from(delay).unwrap_or(u32::MAX))
        })
    }
}

/// NTP format of a time since the engine began. RFC 3550 allows any epoch; a year of ours is far from wrapping.
pub(crate) fn ntp(since_start: Duration) -> u64 {
    // One second more, because a report time of 0 means "none".
    ((since_start.as_secs() + 1) << 32) | ((u64::from(since_start.subsec_nanos()) << 32) / 1_000_000_000)
}

/// The round trip a block about us tells, in microseconds.
pub(crate) fn round_trip_us(ntp_now: u64, block: &Block) -> Option<u64> {
    let elapsed = ((ntp_now >> 16) as u32)
        .wrapping_sub(block.last_report)
        .checked_sub(block.delay)?;
    (block.last_report != 0 && elapsed < MAX_ROUND_TRIP).then(|| u64::from(elapsed) * 1_000_000 / 65_536)
}
