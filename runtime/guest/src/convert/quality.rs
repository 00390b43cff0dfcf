//! Conversions of how a leg sounds.

use crate::bindings::patchcord::handler::call;
use patchcord_control::words;

impl From<words::Quality> for call::Quality {
    fn from(it: words::Quality) -> Self {
        Self {
            received: it.received.into(),
            sent: it.sent.into(),
            round_trip_ms: it.round_trip_ms,
        }
    }
}

impl From<words::SoundQuality> for call::SoundQuality {
    fn from(it: words::SoundQuality) -> Self {
        Self {
            lost_permille: it.lost_permille,
            jitter_us: it.jitter_us,
            mos_hundredths: it.mos_hundredths,
        }
    }
}
