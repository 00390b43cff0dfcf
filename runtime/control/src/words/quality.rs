//! The contract's words for how a leg sounds. `wit/` is the source; see there for units.

use crate::record::MediaCounters;

/// How a leg sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// What we hear of the far end.
    pub received: SoundQuality,
    /// What the far end hears of us.
    pub sent: SoundQuality,
    /// There and back.
    pub round_trip_ms: Option<u32>,
}

/// How the sound of one direction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundQuality {
    /// Of a thousand packets.
    pub lost_permille: u16,
    /// Microseconds.
    pub jitter_us: u64,
    /// 100 to 450.
    pub mos_hundredths: Option<u16>,
}

impl From<&MediaCounters> for Quality {
    fn from(counted: &MediaCounters) -> Self {
        let received = counted.packets_in.saturating_add_signed(counted.lost.max(0));
        Self {
            received: SoundQuality {
                lost_permille: permille(counted.lost, received),
                jitter_us: counted.jitter_us,
                mos_hundredths: counted.mos_hundredths,
            },
            sent: SoundQuality {
                lost_permille: permille(counted.remote_lost, counted.packets_out),
                jitter_us: counted.remote_jitter_us,
                mos_hundredths: counted.remote_mos_hundredths,
            },
            round_trip_ms: counted.round_trip_us.map(|us| (us / 1_000) as u32),
        }
    }
}

fn permille(lost: i64, of: u64) -> u16 {
    let lost = lost.max(0).unsigned_abs();
    (lost.saturating_mul(1_000) / of.max(1)).min(1_000) as u16
}
