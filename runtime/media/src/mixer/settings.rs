//! What the owner of a room chooses, what it is told, and the limits.

/// Most legs of a room.
pub const MAX_LEGS: usize = 4_096;
/// Most pairs of whisperer and listener in a room.
pub const MAX_WHISPERS: usize = 256;

/// Samples a second of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Narrow band: G.711.
    Hz8000,
    /// Wide band: G.722.
    Hz16000,
    /// Super-wide band.
    Hz24000,
    /// Full band: Opus.
    Hz48000,
}

impl Rate {
    pub(super) const COUNT: usize = 4;
    pub(super) const ALL: [Rate; Rate::COUNT] = [Rate::Hz8000, Rate::Hz16000, Rate::Hz24000, Rate::Hz48000];

    /// Samples a second.
    pub const fn hertz(self) -> u32 {
        match self {
            Rate::Hz8000 => 8_000,
            Rate::Hz16000 => 16_000,
            Rate::Hz24000 => 24_000,
            Rate::Hz48000 => 48_000,
        }
    }

    /// Samples of 20 ms.
    pub const fn frame(self) -> usize {
        self.hertz() as usize / 50
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// What the owner of a room chooses.
#[derive(Debug, Clone)]
pub struct MixerConfig {
    /// Places, 1 to [`MAX_LEGS`].
    pub max_legs: usize,
    /// Only so many of the loudest are mixed, and none below -60 dBFS; who is keeps its place until somebody 3 dB louder
    /// has none. None: whoever says anything.
    pub loudest: Option<u16>,
}

impl Default for MixerConfig {
    fn default() -> Self {
        Self {
            max_legs: 1_000,
            loudest: None,
        }
    }
}

/// A leg of a room. It stays unknown to others and to later legs in the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegKey {
    pub(super) place: u32,
    pub(super) birth: u32,
}

/// What a leg does in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// It hears and is heard.
    Talks,
    /// It hears.
    ListensOnly,
}

/// Whether what a leg says is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mute {
    /// By nobody, also if it whispers; it does not count as speaking.
    Muted,
    /// By the room.
    Heard,
}

/// A direction of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the leg to the room.
    ToRoom,
    /// From the room to the leg.
    FromRoom,
}

/// Why a room did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MixerRefusal {
    /// All places are taken, or the configuration has none.
    Full,
    /// No such leg, or no longer.
    NoSuchLeg,
    /// The frame is not 20 ms at the leg's rate.
    WrongLength,
    /// A gain outside its range.
    Gain,
    /// More than [`MAX_WHISPERS`] pairs.
    TooManyWhispers,
}

/// What happened in a room. Louder than -45 dBFS, and 9 dB above a line's own noise, is speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixerEvent {
    /// A leg has spoken for 60 ms.
    Speaking {
        /// Who.
        leg: LegKey,
        /// The caller's number of the tick.
        tick: u64,
    },
    /// A leg has said nothing for 400 ms, was muted, or left.
    Quiet {
        /// Who.
        leg: LegKey,
        /// The caller's number of the tick.
        tick: u64,
    },
    /// Another leg is the speaker: the speaker went quiet, or another was 3 dB louder for 300 ms.
    Speaker {
        /// The loudest of those who speak; none if nobody does.
        leg: Option<LegKey>,
        /// The caller's number of the tick.
        tick: u64,
    },
}
