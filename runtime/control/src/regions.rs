//! Where things are: the names of regions and of the nodes in them. What nodes offer, and what a path costs, is elsewhere.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Bytes of a region's name, at most.
pub const REGION_BYTES: usize = 32;
/// Bytes of a node's name, at most.
pub const NODE_BYTES: usize = 64;

/// A place with nodes close to each other, such as `eu1`. A clone shares its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// One process of one region, such as `eu1-a`: its name is its own in the whole cluster. A clone shares its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl Region {
    /// The region of this name.
    ///
    /// # Errors
    /// It is not 1 to [`REGION_BYTES`] of `a-z`, `0-9` and `-`, with a letter first.
    pub fn new(name: &str) -> Result<Self, NotAName> {
        checked(name, REGION_BYTES, "a region").map(Self)
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NodeId {
    /// The node of this name.
    ///
    /// # Errors
    /// It is not 1 to [`NODE_BYTES`] of `a-z`, `0-9` and `-`, with a letter first.
    pub fn new(name: &str) -> Result<Self, NotAName> {
        checked(name, NODE_BYTES, "a node").map(Self)
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The same for both, and also for the subjects of a message bus: no dots, no capitals.
fn checked(name: &str, longest: usize, whose: &'static str) -> Result<Arc<str>, NotAName> {
    let may_stand = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    match begins && name.len() <= longest && name.bytes().all(may_stand) {
        true => Ok(Arc::from(name)),
        false => Err(NotAName { whose, longest }),
    }
}

/// Why a text names no region or node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAName {
    whose: &'static str,
    longest: usize,
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whose, longest } = self;
        write!(
            f,
            "the name of {whose} is a letter and then letters, digits and `-`, all small, at most {longest} in all"
        )
    }
}

impl std::error::Error for NotAName {}

impl FromStr for Region {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::new(text)
    }
}

impl FromStr for NodeId {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        Self::new(text)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
