//! Addresses of WebSocket servers that sound may be streamed to, and which of them an operator allows. Nothing is allowed
//! that is not named.

use std::fmt;

/// Bytes of an address at most.
pub const STREAM_URL_BYTES: usize = 2_048;

/// The address of a WebSocket server (RFC 6455 section 3). Its `Debug` shows no path: a token may be in it.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamUrl {
    secure: bool,
    /// Lower case; an IPv6 address without its brackets.
    host: String,
    port: u16,
    /// Begins with `/`; the query is not part of it.
    path: String,
    query: Option<String>,
}

impl StreamUrl {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, for a person to read.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        Self::read(text, ("ws", "wss"), "it begins with neither ws:// nor wss://")
    }

    /// Reads one of these schemes, the second of which is secure.
    pub(crate) fn read(text: &str, (plain, secured): (&str, &str), other: &'static str) -> Result<Self, &'static str> {
        if text.len() > STREAM_URL_BYTES {
            return Err("it is longer than 2,048 bytes");
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte))
        {
            return Err("a letter in it cannot stand in an address; write it with %");
        }
        let (secure, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(plain) => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(secured) => (true, rest),
            _ => return Err(other),
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        let (host, port) = host_and_port(authority)?;
        let path = if path.is_empty() { "/" } else { path };
        if path.split('/').any(is_dots) {
            return Err("its path leads through . or ..");
        }
        Ok(Self {
            secure,
            host,
            port: port.unwrap_or(if secure { 443 } else { 80 }),
            path: path.to_owned(),
            query,
        })
    }

    /// Whether it is protected by TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// A name or an IP address, lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Which port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Path and query as in a request. Private.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    pub(crate) fn is_below(&self, allowed: &StreamUrl) -> bool {
        let place = |it: &StreamUrl| (it.secure, it.port);
        let path = match allowed.path.ends_with('/') {
            true => self.path.starts_with(&allowed.path),
            false => self.path == allowed.path,
        };
        place(self) == place(allowed) && self.host == allowed.host && path
    }
}

impl fmt::Debug for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without path and query.
impl fmt::Display for StreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}/", self.authority())
    }
}

/// Which servers may be streamed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamAllow(Vec<StreamUrl>);

impl StreamAllow {
    /// These: an address whose path ends with `/` allows all below it, one with another path that path alone. Queries do not
    /// count.
    pub fn new(allowed: Vec<StreamUrl>) -> Self {
        Self(allowed)
    }

    /// Whether a server is among them.
    pub fn allows(&self, url: &StreamUrl) -> bool {
        self.0.iter().any(|allowed| url.is_below(allowed))
    }
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    if authority.contains('@') {
        return Err("a user and a password cannot stand in it");
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, rest)) => match v6.parse::<std::net::Ipv6Addr>() {
            Ok(address) => (address.to_string(), rest),
            Err(_) => return Err("what is in its brackets is no IPv6 address"),
        },
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if host.is_empty() || !host.chars().all(fine) {
                return Err("it names no host");
            }
            (host.to_ascii_lowercase(), port)
        }
    };
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => match port.parse() {
            Ok(port) if port > 0 => Ok((host, Some(port))),
            _ => Err("its port is not 1 to 65,535"),
        },
        _ => Err("its port is not 1 to 65,535"),
    }
}

/// `.` or `..`, also if it is written with `%2e`.
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests;
