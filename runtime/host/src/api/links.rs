//! Links that give the sound of one recording to whoever has them, for a time, without a key: HMAC-SHA256 over whose it is, which,
//! and until when. The key comes from the one that seals secrets; on a node without that, it is made at each start, and links of
//! an earlier one are void.

use crate::encoding::{from_hex, hex};
use aws_lc_rs::hmac;
use patchcord_control::ids::{RecordingId, Tenant};
use std::fmt;

/// What signs links.
pub(crate) struct LinkKey(hmac::Key);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey")
    }
}

/// What a link gives, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) recording: RecordingId,
    /// Seconds since 1970.
    pub(crate) expires: u64,
}

impl Link<'_> {
    /// No two links have the same text: a tenant's name is last, and nothing before it can hold a line end.
    fn text(&self) -> String {
        format!("recording\n{}\n{}\n{}", self.recording, self.expires, self.tenant)
    }
}

impl LinkKey {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    /// 64 hexadecimal digits.
    pub(crate) fn sign(&self, link: &Link<'_>) -> String {
        let tag = hmac::sign(&self.0, link.text().as_bytes());
        hex(tag.as_ref())
    }

    /// Whether this is its signature. How much of it is right takes no time to say.
    pub(crate) fn has_signed(&self, link: &Link<'_>, signature: &str) -> bool {
        let tag = from_hex::<32>(signature);
        let verified = tag.map(|tag| hmac::verify(&self.0, link.text().as_bytes(), &tag));
        verified.is_some_and(|verified| verified.is_ok())
    }
}

#[cfg(test)]
mod tests;
