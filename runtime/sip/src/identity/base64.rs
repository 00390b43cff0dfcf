//! Base64 in its two dresses: URL-safe without padding for tokens (RFC 7515 2), and PEM blocks for keys and
//! certificates (RFC 7468). Text around and between PEM blocks is skipped, since real files have it.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The URL-safe alphabet, no padding, nothing else.
pub(super) fn decode_url(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

pub(super) fn encode_url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// A PEM block that cannot be read: no end, or not Base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadBlock;

/// The contents of the PEM blocks called `label`, in order. Blocks of other names are passed over.
pub(super) fn blocks<'a>(pem: &'a [u8], label: &'a str) -> impl Iterator<Item = Result<Vec<u8>, BadBlock>> + 'a {
    let mut rest = pem;
    std::iter::from_fn(move || {
        loop {
            let begin = memchr::memmem::find(rest, BEGIN)?;
            let after = &rest[begin + BEGIN.len()..];
            let name_end = memchr::memmem::find(after, DASHES)?;
            let (name, body) = (&after[..name_end], &after[name_end + DASHES.len()..]);
            let Some(end) = memchr::memmem::find(body, END) else {
                rest = &[];
                return (name == label.as_bytes()).then_some(Err(BadBlock));
            };
            let close = &body[end + END.len()..];
            rest = close;
            if name == label.as_bytes() {
                let closed = close.starts_with(name) && close[name.len()..].starts_with(DASHES);
                return Some(if closed { content(&body[..end]) } else { Err(BadBlock) });
            }
        }
    })
}

fn content(body: &[u8]) -> Result<Vec<u8>, BadBlock> {
    let dense: Vec<u8> = body
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let text = std::str::from_utf8(&dense).map_err(|_| BadBlock)?;
    Base64::decode_vec(text).map_err(|_| BadBlock)
}

#[cfg(test)]
mod tests;
