//! For servers that receive webhooks: whether one is genuine, and what it says. Works natively; a handler has no use for it.
//!
//! ```
//! use patchcord::webhook::{self, FIVE_MINUTES};
//!
//! # fn now() -> u64 { 1_795_741_203 }
//! let secret = "a-secret-that-signs";
//! let url = "https://crm.example.com/calls?x=1"; // as it stands in Patchcord's configuration
//! let body = "at-ms=1000500&call-id=call_07&data=a%26b%3D%C3%BC%20~&event=custom&name=order-paid";
//! let header = "t=1795741200,v1=561bc318366381ffbbc7886ba08955b4b4f305344800b1deb40c10c2e41cbe82";
//! let event = webhook::verify(secret, url, body, header, now(), FIVE_MINUTES)?;
//! assert_eq!(event.get("name"), Some("order-paid"));
//! # Ok::<(), webhook::NotGenuine>(())
//! ```

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// The name of the header that carries the signature.
pub const HEADER: &str = "Patchcord-Signature";
/// How far the time of a signature may be off, in seconds.
pub const FIVE_MINUTES: u64 = 300;

/// Why a webhook is not believed. Answer 400 or 401 and do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotGenuine {
    /// The header is not `t=…,v1=…`.
    NoSignature,
    /// The signature is too old, or from the future: somebody may send it a second time.
    Stale {
        /// The time it was made at, in seconds since 1970.
        signed_at: u64,
    },
    /// The body is not of the form that is sent.
    NotAForm,
    /// The signature does not hold: another secret, another address, or something was changed.
    Wrong,
}

impl fmt::Display for NotGenuine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignature => write!(f, "{HEADER} is not \"t=<seconds>,v1=<64 hex digits>\""),
            Self::Stale { signed_at } => write!(f, "the signature is of {signed_at} s, too far from now"),
            Self::NotAForm => f.write_str("the body is no percent-encoded form"),
            Self::Wrong => {
                f.write_str("the signature does not hold: is it the right secret, and the address as configured?")
            }
        }
    }
}

impl std::error::Error for NotGenuine {}

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Whether a webhook is genuine: its body as it came, the value of its [`HEADER`], and the time now in seconds since 1970, from
/// which the time of the signature may be `tolerance` seconds off. `url` is the address as it stands in Patchcord's
/// configuration, not as a proxy has made it.
///
/// # Errors
/// Why it is not believed.
pub fn verify(
    secret: &str,
    url: &str,
    body: &str,
    header: &str,
    now: u64,
    tolerance: u64,
) -> Result<Parameters, NotGenuine> {
    let (signed_at, signature) = read(header).ok_or(NotGenuine::NoSignature)?;
    if now.abs_diff(signed_at) > tolerance {
        return Err(NotGenuine::Stale { signed_at });
    }
    let mut parameters = decoded(body).ok_or(NotGenuine::NotAForm)?;
    parameters.sort();
    let pairs = parameters
        .iter()
        .map(|(name, value)| encoded(name) + "=" + &encoded(value));
    let pairs = pairs.collect::<Vec<_>>().join("&");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{signed_at}\n{url}\n{pairs}").as_bytes());
    // In constant time.
    mac.verify_slice(&signature).map_err(|_| NotGenuine::Wrong)?;
    Ok(Parameters(parameters))
}

fn read(header: &str) -> Option<(u64, [u8; 32])> {
    let (time, signature) = header.trim().strip_prefix("t=")?.split_once(",v1=")?;
    if signature.len() != 64 || !signature.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&signature[2 * place..2 * place + 2], 16).ok()?;
    }
    Some((time.parse().ok()?, bytes))
}

fn decoded(body: &str) -> Option<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((plain(name)?, plain(value)?))
    };
    body.split('&').map(pair).collect()
}

/// Percent-encoding undone; `+` is a blank, as forms of browsers have it.
fn plain(text: &str) -> Option<String> {
    let (mut bytes, mut out) = (text.bytes(), Vec::with_capacity(text.len()));
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                (digit(bytes.next()?)? * 16 + digit(bytes.next()?)?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests;
