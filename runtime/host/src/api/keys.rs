//! API keys: whose they are and what they may do. Only their hashes are kept: a key is 256 random bits, so a plain SHA-256 of it
//! cannot be undone, and looking a hash up tells nobody anything about the keys.

use aws_lc_rs::digest::{SHA256, digest};
use patchcord_control::ids::Tenant;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at everything of its tenant.
    Read,
    /// Place and change calls.
    Write,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 2] = [Self::Read, Self::Write];

    /// Its name in configuration and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A key, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is called: by whom it is used, say.
    pub name: String,
    /// Whose it is.
    pub tenant: Tenant,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its SHA-256.
    pub hash: KeyHash,
}

/// The SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash")
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// A new key and its hash. The key is shown once, and kept by whoever uses it.
///
/// # Errors
/// The system has no randomness.
pub fn new_key() -> Result<(String, KeyHash), getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = format!("pck_{digits}");
    let hash = KeyHash::of(&key);
    Ok((key, hash))
}

/// The keys of a node.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<KeyHash, ApiKey>);

impl Keys {
    pub(crate) fn new(keys: &[ApiKey]) -> Self {
        Self(keys.iter().map(|key| (key.hash, key.clone())).collect())
    }

    /// Whose key this is, if anybody's.
    pub(crate) fn find(&self, key: &str) -> Option<&ApiKey> {
        self.0.get(&KeyHash::of(key))
    }
}
