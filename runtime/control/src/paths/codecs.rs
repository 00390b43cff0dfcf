//! Codecs as path planning knows them: by name, in sets, and in pairs that something can transcode between. Not how they sound, and not
//! how they are negotiated.

use std::fmt;

/// A codec that an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// G.711 with µ-law, 8 kHz.
    Pcmu,
    /// G.711 with A-law, 8 kHz.
    Pcma,
    /// G.722, 16 kHz.
    G722,
    /// Opus (RFC 6716), up to 48 kHz.
    Opus,
}

impl Codec {
    /// All of them, in the order of their names in a [`CodecPair`].
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        })
    }
}

/// Two codecs between which something transcodes, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodecPair {
    one: Codec,
    other: Codec,
}

impl CodecPair {
    /// The pair of these, in whatever order. None if they are the same: nothing is transcoded then.
    pub fn new(one: Codec, other: Codec) -> Option<Self> {
        (one != other).then(|| Self {
            one: one.min(other),
            other: one.max(other),
        })
    }

    /// Both of them, in the order of [`Codec::ALL`].
    pub fn codecs(self) -> (Codec, Codec) {
        (self.one, self.other)
    }
}

impl fmt::Display for CodecPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.one, self.other)
    }
}

/// What two ends speak together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Speech {
    /// Both speak this one, and like it best.
    Same(Codec),
    /// They share none: any of these pairs would do (the first end's codec, then the second's), the best liked first.
    Either(Vec<(Codec, Codec)>),
}

/// What the ends of these preferences speak. Of codecs that both know, the one whose places in the two lists sum to least; then the
/// one that the first end likes better.
pub(super) fn between(first: &[Codec], second: &[Codec]) -> Speech {
    let mut pairs: Vec<(usize, usize, Codec, Codec)> = Vec::with_capacity(first.len() * second.len());
    for (place, one) in first.iter().enumerate() {
        for (there, other) in second.iter().enumerate() {
            pairs.push((place + there, place, *one, *other));
        }
    }
    pairs.sort_unstable();
    match pairs.iter().find(|(_, _, one, other)| one == other) {
        Some((_, _, codec, _)) => Speech::Same(*codec),
        None => Speech::Either(pairs.iter().map(|(_, _, one, other)| (*one, *other)).collect()),
    }
}
