//! API keys: whose they are and what they may do. Only their hashes are kept: a key is 256 random bits, so a plain SHA-256 of it
//! cannot be undone, and looking a hash up tells nobody anything about the keys.

use crate::encoding::{from_hex, hex};
use aws_lc_rs::digest::{SHA256, digest};
use patchcord_control::ids::Tenant;
use patchcord_database::keys::{self, Scope as Stored};
use patchcord_database::{Database, Error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at everything of its tenant.
    Read,
    /// Place and change calls; deploy handlers and lead calls to them.
    Write,
    /// Keys, secrets, sub-accounts, permissions of handlers.
    Admin,
    /// Make access tokens for clients.
    Clients,
    /// Tenants as such, their numbers and quotas. Only a key of the configuration has it.
    Operator,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Self::Read, Self::Write, Self::Admin, Self::Clients, Self::Operator];
    /// Those of a key that says nothing of them: all but the operator's.
    pub const USUAL: [Scope; 4] = [Self::Read, Self::Write, Self::Admin, Self::Clients];

    /// As the database has it; none of what no key there can have.
    pub(crate) fn stored(self) -> Option<Stored> {
        match self {
            Self::Read => Some(Stored::Read),
            Self::Write => Some(Stored::Write),
            Self::Admin => Some(Stored::Admin),
            Self::Clients => Some(Stored::Clients),
            Self::Operator => None,
        }
    }

    /// Its name in configuration and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Clients => "clients",
            Self::Operator => "operator",
        }
    }
}

impl From<Stored> for Scope {
    fn from(it: Stored) -> Self {
        match it {
            Stored::Read => Self::Read,
            Stored::Write => Self::Write,
            Stored::Admin => Self::Admin,
            Stored::Clients => Self::Clients,
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
    /// What the signatures of its access tokens are checked with; none: it can make none.
    pub token_key: Option<[u8; 32]>,
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
        f.write_str(&hex(&self.0))
    }
}

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The hash itself.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }
}

/// A new key and its hash. The key is shown once, and kept by whoever uses it.
///
/// # Errors
/// The system has no randomness.
pub fn new_key() -> Result<(String, KeyHash), getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    let key = format!("pck_{}", hex(&bytes));
    let hash = KeyHash::of(&key);
    Ok((key, hash))
}

/// The keys that a node knows: those of its configuration, and those of the database.
pub(crate) struct Keys {
    fixed: HashMap<KeyHash, ApiKey>,
    database: Database,
}

impl Keys {
    pub(crate) fn new(keys: &[ApiKey], database: Database) -> Self {
        Self {
            fixed: keys.iter().map(|key| (key.hash, key.clone())).collect(),
            database,
        }
    }

    /// Whose key this is, if anybody's and if it counts at this time.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub(crate) async fn find(&self, key: &str, now: i64) -> Result<Option<ApiKey>, Error> {
        let hash = KeyHash::of(key);
        if let Some(key) = self.fixed.get(&hash) {
            return Ok(Some(key.clone()));
        }
        let found = keys::authenticate(&self.database, hash.bytes(), now).await;
        let (tenant, key) = match found {
            Ok(found) => found,
            Err(Error::NotFound(_)) => return Ok(None),
            Err(other) => return Err(other),
        };
        Ok(Some(ApiKey {
            name: key.name,
            tenant: Tenant(tenant.as_str().to_owned()),
            scopes: key.scopes.into_iter().map(Into::into).collect(),
            hash,
            token_key: None,
        }))
    }
}
