//! What media may need on its way, and what nodes offer of it. Not which node is chosen.

use super::codecs::CodecPair;
use crate::regions::{NodeId, Region};
use crate::speech::is_language;
use std::fmt;
use std::sync::Arc;

/// A language's tag (BCP 47) in small letters, such as `en-us`. A clone shares its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(Arc<str>);

impl Language {
    /// The language of this tag, in small or capital letters. None if it is not a tag ([`is_language`]).
    pub fn new(tag: &str) -> Option<Self> {
        is_language(tag).then(|| Self(Arc::from(tag.to_ascii_lowercase())))
    }

    /// Its tag, in small letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that media needs done to it, or that is done with a copy of it. Nodes decode whatever a leg speaks for services of
/// their own, so only [`Service::Transcode`] asks about codecs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Speaks texts in this language.
    Say(Language),
    /// Writes down, or understands, what is said in this language.
    Recognise(Language),
    /// Passes sound on between two ends that have no codec in common.
    Transcode(CodecPair),
    /// Records.
    Record,
    /// Lets several hear each other.
    Mix,
    /// Takes keys of cards and the like out of the sound.
    Capture,
    /// Carries sound to and from a server of the tenant.
    Stream,
}

/// How many kinds of service there are, whatever the language or the codecs.
pub(super) const KINDS: u32 = 7;

impl Service {
    /// Its kind, less than [`KINDS`].
    pub(super) fn kind(&self) -> u32 {
        match self {
            Self::Say(_) => 0,
            Self::Recognise(_) => 1,
            Self::Transcode(_) => 2,
            Self::Record => 3,
            Self::Mix => 4,
            Self::Capture => 5,
            Self::Stream => 6,
        }
    }

    /// What it is unless somebody says otherwise. A recognition or a stream that only listens is passive.
    pub fn usual_class(&self) -> Class {
        match self {
            Self::Say(_) | Self::Transcode(_) | Self::Mix | Self::Capture => Class::Active,
            Self::Recognise(_) | Self::Record | Self::Stream => Class::Passive,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(language) => write!(f, "say ({})", language.as_str()),
            Self::Recognise(language) => write!(f, "recognise ({})", language.as_str()),
            Self::Transcode(pair) => write!(f, "transcode ({pair})"),
            Self::Record => f.write_str("record"),
            Self::Mix => f.write_str("mix"),
            Self::Capture => f.write_str("capture"),
            Self::Stream => f.write_str("stream"),
        }
    }
}

/// Where a service is (MM-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// In the path: it may change what is heard, and what it takes is heard as delay.
    Active,
    /// Beside the path: it has a copy, and can neither change nor slow the conversation.
    Passive,
}

/// A service that a conversation needs now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    service: Service,
    class: Class,
}

impl Need {
    /// This service, where it usually is.
    pub fn new(service: Service) -> Self {
        let class = service.usual_class();
        Self { service, class }
    }

    /// This service in the path: a recognition that interrupts, a stream that answers. None for what never is: a recording.
    pub fn in_the_path(service: Service) -> Option<Self> {
        (service != Service::Record).then_some(Self {
            service,
            class: Class::Active,
        })
    }

    /// What is needed.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Where.
    pub fn class(&self) -> Class {
        self.class
    }
}

/// A share of what could be, in thousandths: 0 is idle, 1,000 is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Load(u16);

impl Load {
    /// No more fits.
    pub const FULL: Self = Self(1_000);

    /// From a share of 0 to 1. What is more counts as 1, less as 0; what is no number counts as full, since nobody knows.
    pub fn new(share: f64) -> Self {
        match share.is_nan() {
            true => Self::FULL,
            // In range by the clamp.
            false => Self((share.clamp(0.0, 1.0) * 1_000.0).round() as u16),
        }
    }

    /// So many in use of so many. Of none, it is full.
    pub fn of(in_use: u32, capacity: u32) -> Self {
        match capacity {
            0 => Self::FULL,
            _ => Self((u64::from(in_use) * 1_000 / u64::from(capacity)).min(1_000) as u16),
        }
    }

    /// In thousandths.
    pub fn thousandths(self) -> u16 {
        self.0
    }
}

/// A service that a node has, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What.
    pub service: Service,
    /// How many conversations it serves at the same time.
    pub capacity: u32,
    /// How many of them it has.
    pub in_use: u32,
}

/// Whether a node takes on more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Open,
    /// It goes away: no service of it is used any more. An end whose connection it holds is still spoken to over it.
    Draining,
}

/// A node as its registry knows it. One that is not in the snapshot is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub id: NodeId,
    /// Where it is.
    pub region: Region,
    /// Of the machine as a whole.
    pub load: Load,
    /// Whether it takes on more.
    pub standing: Standing,
    /// What it has. At most [`super::OFFERS_MAX`].
    pub offers: Vec<Offer>,
}
