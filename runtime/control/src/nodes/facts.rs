//! What a node says of itself. Each value is checked once, where it is made. Not here: when it is told.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Things that a node offers.
pub const CAPABILITIES_MAX: usize = 64;
/// Bytes of the word for one.
pub const WORD_BYTES: usize = 64;
/// Bytes of the address of its API.
pub const URL_BYTES: usize = 256;

/// Why a value is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAFact {
    /// The word for something offered is empty, too long, or has other than printable ASCII.
    Word,
    /// It is offered already.
    Twice,
    /// More is offered than [`CAPABILITIES_MAX`].
    Capabilities,
    /// The address of the API is empty, too long, or has other than printable ASCII.
    Url,
}

impl fmt::Display for NotAFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word => write!(
                f,
                "the word for what a node offers has 1 to {WORD_BYTES} printable ASCII characters without spaces"
            ),
            Self::Twice => f.write_str("a node offers each thing once, with one capacity"),
            Self::Capabilities => write!(f, "a node offers at most {CAPABILITIES_MAX} things; leave some out"),
            Self::Url => write!(
                f,
                "the address of an API has 1 to {URL_BYTES} printable ASCII characters without spaces"
            ),
        }
    }
}

impl std::error::Error for NotAFact {}

/// Something that a node offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    word: Arc<str>,
    capacity: u32,
    load: u32,
}

impl Capability {
    /// The word for it.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// How much of it at once.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How much of that is taken.
    pub fn load(&self) -> u32 {
        self.load
    }

    /// How much is left.
    pub fn room(&self) -> u32 {
        self.capacity.saturating_sub(self.load)
    }
}

/// Whether a node takes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duty {
    /// It does.
    #[default]
    Open,
    /// It goes on with what it has, until that is over.
    Draining,
}

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    sip: Option<SocketAddr>,
    api: Option<Arc<str>>,
    /// In the order of their words.
    capabilities: Vec<Capability>,
    duty: Duty,
}

impl Facts {
    /// Of a node that takes SIP of other nodes here.
    pub fn sip_at(mut self, address: SocketAddr) -> Self {
        self.sip = Some(address);
        self
    }

    /// Of a node whose API is here.
    ///
    /// # Errors
    /// [`NotAFact::Url`].
    pub fn api_at(mut self, url: &str) -> Result<Self, NotAFact> {
        self.api = Some(checked(url, URL_BYTES, NotAFact::Url)?);
        Ok(self)
    }

    /// Of a node that also offers this, so much of it at once, of which so much is taken.
    ///
    /// # Errors
    /// [`NotAFact::Word`], [`NotAFact::Twice`], [`NotAFact::Capabilities`].
    pub fn offering(mut self, word: &str, capacity: u32, load: u32) -> Result<Self, NotAFact> {
        let offered = Capability {
            word: checked(word, WORD_BYTES, NotAFact::Word)?,
            capacity,
            load,
        };
        let Err(place) = self.place(word) else {
            return Err(NotAFact::Twice);
        };
        if self.capabilities.len() >= CAPABILITIES_MAX {
            return Err(NotAFact::Capabilities);
        }
        self.capabilities.insert(place, offered);
        Ok(self)
    }

    /// Of a node that takes more or does not.
    pub fn on_duty(mut self, duty: Duty) -> Self {
        self.duty = duty;
        self
    }

    /// Where it takes SIP of other nodes, if it does.
    pub fn sip(&self) -> Option<SocketAddr> {
        self.sip
    }

    /// Where its API is, if it has one.
    pub fn api(&self) -> Option<&str> {
        self.api.as_deref()
    }

    /// All that it offers, by word.
    pub fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// Something that it offers.
    pub fn capability(&self, word: &str) -> Option<&Capability> {
        self.place(word).map(|place| &self.capabilities[place]).ok()
    }

    /// Whether it takes more.
    pub fn duty(&self) -> Duty {
        self.duty
    }

    fn place(&self, word: &str) -> Result<usize, usize> {
        self.capabilities.binary_search_by(|offered| (*offered.word).cmp(word))
    }

    /// Whether two are the same but for loads.
    pub(super) fn is_but_for_loads(&self, other: &Self) -> bool {
        let known = |facts: &Self| (facts.sip, facts.api.clone(), facts.duty);
        let fixed = |facts: &Self| -> Vec<(Arc<str>, u32)> {
            let all = facts.capabilities.iter();
            all.map(|offered| (offered.word.clone(), offered.capacity)).collect()
        };
        known(self) == known(other) && fixed(self) == fixed(other)
    }
}

fn checked(text: &str, longest: usize, error: NotAFact) -> Result<Arc<str>, NotAFact> {
    let is_good = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_good { Ok(Arc::from(text)) } else { Err(error) }
}
