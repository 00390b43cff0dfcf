//! The limits of this crate and the few things its owner chooses. Not per-session settings: those are in a
//! [`Plan`](crate::Plan).

use std::time::Duration;

/// Samples a second of everything in here.
pub const SAMPLE_RATE: u32 = 8_000;
/// Samples of a tick: 20 ms.
pub const FRAME_SAMPLES: usize = 160;
/// The time of a tick, and of a packet we send unless the far end wants others.
pub const FRAME: Duration = Duration::from_millis(20);
/// Groups the sessions are spread over by their number, so that a thread working in slices of 5 ms ticks each session
/// every 20 ms.
pub const PHASES: usize = 4;
/// Largest packet handed to [`Sink::send`](crate::Sink::send), and the largest received one that is read; longer ones
/// count as malformed.
pub const MAX_PACKET_BYTES: usize = 1_500;
/// Longest payload that is relayed: 40 ms of L16 at 16 kHz, or the largest frame of Opus. A longer one is dropped and
/// counted.
pub const MAX_RELAYED_BYTES: usize = 1_280;
/// Longest sound of a packet that is relayed. One of a packet that is longer is dropped and counted.
pub const MAX_RELAYED_MS: u32 = 120;
/// Segments of one prompt; a longer one is not played and ends with [`PlayEnd::Refused`](crate::PlayEnd::Refused).
pub const MAX_SEGMENTS: usize = 64;
/// Keys waiting to be sent by one session; those above it are refused.
pub const MAX_KEY_PRESSES: usize = 128;
/// Largest WAV file that is read.
pub const MAX_WAV_BYTES: usize = 64 * 1024 * 1024;
/// Longest clip a WAV file may hold.
pub const MAX_CLIP_SECONDS: u32 = 600;

/// What the owner of an engine chooses.
#[derive(Debug, Clone)]
pub struct Config {
    /// Sessions open at the same time; one more is refused with [`Refusal::Full`](crate::Refusal::Full).
    pub max_sessions: usize,
    /// How long after its opening, or after its plan named another remote address, a session may settle on a source
    /// other than that address (a far end behind NAT). Zero: never.
    pub latch_window: Duration,
    /// Smallest mean time between two RTCP reports of a session; RFC 3550 wants 5 s.
    pub rtcp_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_sessions: 4_000,
            latch_window: Duration::from_secs(10),
            rtcp_interval: Duration::from_secs(5),
        }
    }
}
