//! `message/sipfrag`: the status line in a NOTIFY about a transfer. RFC 3420, RFC 3515 2.4.5. Only the status is read.

use crate::print::reason;

/// The status of a fragment that begins with a status line.
pub(crate) fn status(body: &[u8]) -> Option<u16> {
    let line = body.split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.split_ascii_whitespace();
    let version = words.next()?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    words.next()?.parse().ok().filter(|status| (100..=699).contains(status))
}

/// A fragment that holds a status line.
pub(crate) fn write(status: u16) -> Vec<u8> {
    format!("SIP/2.0 {status} {}\r\n", reason(status)).into_bytes()
}

#[cfg(test)]
mod tests;
