//! The name of a tenant, first key of every table. Not here: what a tenant is (`tenants`).

use crate::error::{Error, Result};
use std::fmt;

/// Bytes of a tenant's name.
pub const TENANT_ID_MAX: usize = 64;

/// A tenant: 1 to 64 of letters, digits, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

impl TenantId {
    /// # Errors
    /// [`Error::Invalid`] if it is empty, too long or has other characters.
    pub fn new(id: &str) -> Result<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if id.is_empty() || id.len() > TENANT_ID_MAX || !id.bytes().all(fits) {
            return Err(Error::Invalid("tenant", "1 to 64 of letters, digits, `-`, `_` and `.`"));
        }
        Ok(Self(id.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
