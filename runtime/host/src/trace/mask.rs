//! A SIP message for eyes that must not see who called whom: values that are not known to be harmless are replaced, and the
//! parts by which an engineer follows a dialog (tags, branches) stay. Pure.

use std::fmt::Write as _;

/// What stands for a private value.
pub const PRIVATE: &str = "<private>";

/// Header fields whose values name nobody, long and compact.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-encoding",
    "allow",
    "allow-events",
    "u",
    "content-disposition",
    "content-encoding",
    "e",
    "content-length",
    "l",
    "content-type",
    "c",
    "cseq",
    "date",
    "event",
    "o",
    "expires",
    "max-forwards",
    "mime-version",
    "min-expires",
    "min-se",
    "privacy",
    "proxy-require",
    "rack",
    "reason",
    "refer-sub",
    "request-disposition",
    "d",
    "require",
    "retry-after",
    "rseq",
    "server",
    "session-expires",
    "x",
    "subscription-state",
    "supported",
    "k",
    "timestamp",
    "unsupported",
    "user-agent",
];

/// Parameters that stay of a value that is private.
const KEPT: &[&str] = &["tag", "branch", "transport", "expires", "early-only"];

/// Attributes of a session description that name an address or a secret.
const SECRET_ATTRIBUTES: &[&str] = &["candidate", "crypto", "fingerprint", "ice-ufrag", "ice-pwd", "rtcp", "ssrc", "msid", "key-mgmt"];

/// Whether private values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// They are.
    Everything,
    /// They are replaced by [`PRIVATE`].
    Harmless,
}

/// A message as lines of text.
pub fn lines(message: &[u8], show: Show) -> Vec<String> {
    let text = String::from_utf8_lossy(message);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let plain = |line: &str| printable(line);
    if show == Show::Everything {
        let body = body.lines().map(plain);
        return head.lines().map(plain).chain(std::iter::once(String::new()).chain(body)).collect();
    }
    let mut found: Vec<String> = Vec::new();
    let mut private = false;
    let mut is_sdp = false;
    for (number, line) in head.lines().enumerate() {
        if number == 0 {
            found.push(start(line));
        } else if line.starts_with([' ', '\t']) {
            // A continuation is as private as what it continues.
            found.push(format!("  {}", if private { PRIVATE.to_owned() } else { printable(line.trim()) }));
        } else {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let known = name.trim().to_ascii_lowercase();
            private = !HARMLESS.contains(&known.as_str());
            is_sdp |= matches!(&*known, "content-type" | "c") && value.to_ascii_lowercase().contains("application/sdp");
            let value = if private { parameters(value) } else { printable(value.trim()) };
            found.push(format!("{}: {value}", printable(name.trim())));
        }
    }
    found.push(String::new());
    if is_sdp {
        found.extend(body.lines().map(session_line));
    } else if !body.is_empty() {
        found.push(format!("<{} bytes>", body.len()));
    }
    found
}

/// Method or status stay, the address goes.
fn start(line: &str) -> String {
    if line.starts_with("SIP/") {
        return printable(line);
    }
    let method = line.split(' ').next().unwrap_or_default();
    let version = line.rsplit(' ').next().unwrap_or_default();
    format!("{} {PRIVATE} {}", printable(method), printable(version))
}

/// A private value: of it, only parameters that name nobody.
fn parameters(value: &str) -> String {
    let mut text = PRIVATE.to_owned();
    // Behind the address; parameters of the address itself stand within the brackets.
    let behind = value.rsplit_once('>').map_or(value, |(_, behind)| behind);
    for parameter in behind.split(';').skip(1) {
        let (name, is) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = name.trim().to_ascii_lowercase();
        let plain = is.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+".contains(&byte));
        // A tag may be anything, and some phones put their address in it.
        if KEPT.contains(&name.as_str()) && plain && !is.contains('@') {
            let _ = write!(text, ";{name}");
            if !is.is_empty() {
                let _ = write!(text, "={is}");
            }
        }
    }
    text
}

fn session_line(line: &str) -> String {
    let harmless = match line.as_bytes() {
        [b'v' | b't' | b'm' | b'b', b'=', ..] => true,
        [b'a', b'=', ..] => {
            let name = line[2..].split(':').next().unwrap_or_default();
            !SECRET_ATTRIBUTES.contains(&name)
        }
        _ => false,
    };
    if harmless {
        return printable(line);
    }
    let kind = line.split('=').next().filter(|kind| kind.len() == 1).unwrap_or("?");
    format!("{kind}={PRIVATE}")
}

/// Nothing that a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests;
