//! How long packets are: what a far end wants (`a=ptime` and `a=maxptime`, RFC 8866 section 6.4), and what of it a codec can
//! say.

use crate::{Codec, MAX_RELAYED_BYTES, MAX_RELAYED_MS};

/// The time of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PacketTime {
    /// 10 ms.
    Ms10,
    /// 20 ms, which every far end takes that says nothing else (RFC 3551 section 4.2).
    #[default]
    Ms20,
    /// 30 ms.
    Ms30,
    /// 40 ms.
    Ms40,
    /// 50 ms.
    Ms50,
    /// 60 ms.
    Ms60,
}

/// How long the packets to a far end are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketTimes {
    /// Those of our own sound; where the codec cannot say so much in one packet, the longest that it can.
    pub own: PacketTime,
    /// Those coded anew in a bridge leave as they come, but in several pieces where they are longer than so many ms.
    pub most_ms: u32,
}

impl Default for PacketTimes {
    fn default() -> Self {
        Self {
            own: PacketTime::default(),
            most_ms: MAX_RELAYED_MS,
        }
    }
}

impl PacketTime {
    /// All of them, the shortest first.
    pub const ALL: [PacketTime; 6] = [
        PacketTime::Ms10,
        PacketTime::Ms20,
        PacketTime::Ms30,
        PacketTime::Ms40,
        PacketTime::Ms50,
        PacketTime::Ms60,
    ];

    /// The longest one of at most so many ms, or the shortest there is.
    pub fn at_most(ms: u32) -> PacketTime {
        let fits = |time: &PacketTime| time.ms() <= ms;
        PacketTime::ALL.into_iter().rev().find(fits).unwrap_or(PacketTime::Ms10)
    }

    /// In milliseconds.
    pub fn ms(self) -> u32 {
        10 * (1 + self as u32)
    }

    /// Samples of a packet of our own in a codec.
    pub(crate) fn samples_in(self, codec: Codec) -> usize {
        let samples = |time: PacketTime| (codec.rate().hertz() / 1_000 * time.ms()) as usize;
        let fits = |time: &PacketTime| *time <= self && codec.packs(samples(*time), MAX_RELAYED_BYTES);
        let longest = PacketTime::ALL.into_iter().rev().find(fits);
        samples(longest.expect("every codec says 10 ms"))
    }
}

#[cfg(test)]
mod tests;
