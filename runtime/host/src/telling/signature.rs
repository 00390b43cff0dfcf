//! How a webhook is signed (`wit/webhooks.md`): HMAC-SHA256 over the time, the address, and the parameters, sorted. The body is the
//! sorted parameters as they were signed.

use aws_lc_rs::hmac;
use std::fmt::Write;

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
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    let body = encoded.collect::<Vec<_>>().join("&");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}\n{url}\n{body}").as_bytes());
    let mut signature = format!("t={at},v1=");
    for byte in tag.as_ref() {
        // A string takes everything.
        let _ = write!(signature, "{byte:02x}");
    }
    Signed { body, signature }
}

/// RFC 3986 section 2.1: all but unreserved signs as `%` and two upper-case digits.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
