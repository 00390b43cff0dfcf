//! What passes from one session to another when they are bridged. One direction at a time: both ways are two relays,
//! early media is one. Plain values; how they are placed in the target's stream is in `out_stream`.

use crate::{Codec, Law, SessionId, g711};
use std::fmt;

/// What becomes of keys the far end presses while its sound is relayed. They are reported either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayKeys {
    /// They go to the target as telephone events, if it has a payload type for them; else they are dropped.
    Pass,
    /// They stay here. A key that comes as tones is silence to the target, but for less than its first 25 ms, which is too
    /// short to be one (ITU-T Q.24).
    Keep,
}

/// What a relayed packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayContent {
    /// Sound.
    Sound(Codec),
    /// Sound in which a key is heard that stays on its side: the target puts as much silence in its place.
    Hushed(Codec),
    /// A telephone event (RFC 4733).
    Event {
        /// Units a second of its duration.
        clock: u32,
    },
    /// No sound but noise from now on, so many dB below overload (RFC 3389): the target makes it itself.
    Noise(u8),
    /// Something that is not passed on. It is said so that the target's numbering has no hole in its place.
    Nothing,
}

/// Everything about a relayed packet but its payload. Made by an engine, not by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayHead {
    /// The session that received it.
    pub from: SessionId,
    /// Changes whenever the far end begins a new stream: numbers and timestamps mean something else then.
    pub stream: u32,
    /// Its number without wrapping.
    pub number: u64,
    /// As received, in units of `clock`, without wrapping.
    pub timestamp: u64,
    /// Units a second of `timestamp`.
    pub clock: u32,
    /// As received.
    pub marker: bool,
    /// What it is.
    pub content: RelayContent,
}

/// A packet on its way from one session to another: handed to [`Sink::relay`](crate::Sink::relay) by the engine that
/// received it, if the target is in another, which takes it by [`Engine::relayed`](crate::Engine::relayed).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Relayed<'a> {
    /// Everything else about it.
    pub head: RelayHead,
    /// At most [`MAX_RELAYED_BYTES`](crate::MAX_RELAYED_BYTES); a longer one is dropped and counted.
    pub payload: &'a [u8],
}

impl fmt::Debug for Relayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payload may be a key or what somebody says.
        write!(f, "Relayed {{ head: {:?}, payload: <private> }}", self.head)
    }
}

/// Where a session's received packets go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) to: SessionId,
    pub(crate) keys: RelayKeys,
    /// The opening of the target, once it was met in this engine: a later session of the same number is another's.
    pub(crate) birth: Option<u64>,
}

impl RelayHead {
    /// The same packet as a stream of another clock counts.
    pub(crate) fn at_clock(self, clock: u32) -> RelayHead {
        if clock == self.clock {
            return self;
        }
        RelayHead {
            timestamp: (u128::from(self.timestamp) * u128::from(clock) / u128::from(self.clock.max(1))) as u64,
            clock,
            ..self
        }
    }

    /// Its timestamp as it is in a packet.
    pub(crate) fn wrapped(&self) -> u32 {
        self.timestamp as u32
    }
}

/// Writes sound of G.711 in its other law. Both slices are equally long.
pub(crate) fn recode(to: Law, payload: &[u8], out: &mut [u8]) {
    let table = match to {
        Law::Pcma => &g711::PCMU_TO_PCMA,
        Law::Pcmu => &g711::PCMA_TO_PCMU,
    };
    for (out, &byte) in out.iter_mut().zip(payload) {
        *out = table[usize::from(byte)];
    }
}
