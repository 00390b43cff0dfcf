//! What the operator grants a handler beyond its call: secrets by name, and which web servers it may ask. Not here: where secrets
//! come from.

use crate::http_urls::HttpAllow;
use crate::private::Private;
use std::collections::BTreeMap;

/// The shortest that a secret may be, in bytes: a shorter one would be found in texts that do not hold it.
pub const SECRET_BYTES_MIN: usize = 8;
/// The longest, in bytes.
pub const SECRET_BYTES_MAX: usize = 4_096;
/// Secrets of one handler at most.
pub const SECRETS_MAX: usize = 64;
/// What stands in a log in the place of a secret.
const IN_A_LOG: &str = "<secret>";

/// What a handler is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    secrets: BTreeMap<String, Private<String>>,
    http: HttpAllow,
}

/// Why a text can be no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSecret;

impl Grants {
    /// The same with one secret more.
    ///
    /// # Errors
    /// One that is too short or too long, or has other signs than those of ASCII that can be printed: it could not be kept
    /// out of journals.
    pub fn with_secret(mut self, name: &str, value: &str) -> Result<Self, NoSecret> {
        let fits = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&value.len());
        if !fits || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(NoSecret);
        }
        self.secrets.insert(name.to_owned(), value.to_owned().into());
        Ok(self)
    }

    /// The same with web servers that may be asked, in place of others.
    #[must_use]
    pub fn with_http(self, http: HttpAllow) -> Self {
        Self { http, ..self }
    }

    /// Which web servers may be asked.
    pub fn http(&self) -> &HttpAllow {
        &self.http
    }

    /// The secret of a name.
    pub fn secret(&self, name: &str) -> Option<&Private<String>> {
        self.secrets.get(name)
    }

    /// All secrets, to be kept out of something.
    pub fn secrets(&self) -> impl Iterator<Item = &Private<String>> {
        self.secrets.values()
    }

    /// A text for a log: without the secrets in it.
    pub fn for_a_log(&self, text: &str) -> String {
        let hidden = |text: String, secret: &Private<String>| text.replace(secret.reveal(), IN_A_LOG);
        self.secrets.values().fold(text.to_owned(), hidden)
    }
}

#[cfg(test)]
mod tests;
