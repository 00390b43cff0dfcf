//! How a webhook is signed (`wit/webhooks.md`): HMAC-SHA256 over the time, the address, and the parameters, sorted. The body is the
//! sorted parameters as they were signed.

use crate::encoding::{hex, percent};
use aws_lc_rs::hmac;

/// The header that carries the signature.
pub(super) const HEADER: &str = "patchcord-signature";

/// A body that is signed.
pub(super) struct Signed {
    pub(super) body: String,
    /// The header's value.
    pub(super) signature: String,
}

/// Signs what is sent to an address at a time, in seconds since 1970.
pub(super) fn sign(secret: &str, url: &str, parameters: &[(&str, String)], at: u64) -> Signed {
    let mut sorted: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    sorted.sort_unstable();
    let encoded = sorted
        .into_iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    let body = encoded.collect::<Vec<_>>().join("&");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}\n{url}\n{body}").as_bytes());
    let signature = format!("t={at},v1={}", hex(tag.as_ref()));
    Signed { body, signature }
}

#[cfg(test)]
mod tests;
