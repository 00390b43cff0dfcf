//! The names of nodes and regions as the border writes them into tokens and headers: text that is checked once. Not
//! what they mean: whoever runs the cluster knows that.

use std::fmt;
use std::sync::Arc;

/// Bytes of a node's name, at most.
pub const NODE_BYTES: usize = 64;
/// Bytes of a region's name, at most.
pub const REGION_BYTES: usize = 32;

/// A node of the cluster. A clone shares its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

/// A region of the cluster. A clone shares its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// A text that names no node or no region: it is empty, longer than so many bytes, or has other bytes than `a-z`, `0-9`,
/// `-` and `.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadName {
    /// Bytes it may have.
    pub longest: usize,
}

impl NodeName {
    /// The node of this name.
    ///
    /// # Errors
    /// It is not 1 to [`NODE_BYTES`] of `a-z`, `0-9`, `-` and `.`.
    pub fn new(name: &str) -> Result<Self, BadName> {
        checked(name, NODE_BYTES).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// The region of this name.
    ///
    /// # Errors
    /// It is not 1 to [`REGION_BYTES`] of `a-z`, `0-9`, `-` and `.`.
    pub fn new(name: &str) -> Result<Self, BadName> {
        checked(name, REGION_BYTES).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Nothing that would have to be escaped, wherever it is written.
fn checked(name: &str, longest: usize) -> Result<Arc<str>, BadName> {
    let may_stand = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let is_good = !name.is_empty() && name.len() <= longest && name.bytes().all(may_stand);
    is_good.then(|| Arc::from(name)).ok_or(BadName { longest })
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name has 1 to {} of a-z, 0-9, - and .", self.longest)
    }
}

impl std::error::Error for BadName {}
