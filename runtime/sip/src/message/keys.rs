//! Bodies of INFO that tell a key: `Signal=5` and `Duration=160` lines (`application/dtmf-relay`), or the bare key
//! (`application/dtmf`). Written and read leniently, as gateways do; no RFC describes them.

use super::Request;

/// The event number of a hook flash (RFC 4733 3.2 names 0 to 16).
pub(crate) const FLASH: u8 = 16;

/// Lines looked at.
const LINES: usize = 8;

/// What an INFO says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Info {
    /// Nothing: a sign of life.
    Empty,
    Key {
        event: u8,
        duration_ms: u32,
    },
    /// A type we know, but no key in it.
    Unreadable,
    /// A type we do not know.
    Other,
}

/// Reads the body of an INFO.
pub(crate) fn read(request: &Request) -> Info {
    if request.body.is_empty() {
        return Info::Empty;
    }
    let kind = request.headers.first("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(&request.body).unwrap_or_default();
    let found = if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        relay(text)
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        // Some send the lines of the other type under this name.
        event_of(text.trim_ascii())
            .map(|event| (event, 0))
            .or_else(|| relay(text))
    } else {
        return Info::Other;
    };
    match found {
        Some((event, duration_ms)) => Info::Key { event, duration_ms },
        None => Info::Unreadable,
    }
}

fn relay(text: &str) -> Option<(u8, u32)> {
    let (mut event, mut duration_ms) = (None, 0);
    for line in text.lines().take(LINES) {
        let Some((name, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        match name.trim_ascii() {
            name if name.eq_ignore_ascii_case("Signal") => event = event_of(value.trim_ascii()),
            name if name.eq_ignore_ascii_case("Duration") => duration_ms = value.trim_ascii().parse().unwrap_or(0),
            _ => {}
        }
    }
    event.map(|event| (event, duration_ms))
}

fn event_of(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        [b'*'] => Some(10),
        [b'#'] => Some(11),
        [letter @ b'A'..=b'D'] => Some(letter - b'A' + 12),
        [letter @ b'a'..=b'd'] => Some(letter - b'a' + 12),
        [b'1', digit @ b'0'..=b'6'] => Some(digit - b'0' + 10),
        [b'!'] => Some(FLASH),
        _ if text.eq_ignore_ascii_case("hf") || text.eq_ignore_ascii_case("flash") => Some(FLASH),
        _ => None,
    }
}

/// A body of `application/dtmf-relay`. `event` is at most [`FLASH`].
pub(crate) fn write(event: u8, duration_ms: u32) -> String {
    const SIGNALS: &[u8; 17] = b"0123456789*#ABCD!";
    let signal = char::from(SIGNALS[usize::from(event.min(FLASH))]);
    format!("Signal={signal}\r\nDuration={duration_ms}\r\n")
}

#[cfg(test)]
mod tests;
