//! Addresses of web servers that handlers may ask, and which of them an operator allows. Nothing is allowed that is not named.

use crate::stream_urls::StreamUrl;
use std::fmt;

/// The address of something a web server has. Its `Debug` shows no path: a token may be in it.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(StreamUrl);

impl HttpUrl {
    /// Reads one: http or https, at most 2,048 bytes, without a user and a fragment.
    ///
    /// # Errors
    /// What is wrong with it, for a person to read.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let schemes = ("http", "https");
        StreamUrl::read(text, schemes, "it begins with neither http:// nor https://").map(Self)
    }

    /// Whether it is protected by TLS.
    pub fn is_secure(&self) -> bool {
        self.0.is_secure()
    }

    /// A name or an IP address, lower case, without brackets.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// Which port.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Host and port as in a `Host` header: the port only where it is not the usual one.
    pub fn authority(&self) -> String {
        let all = self.0.authority();
        let usual = if self.is_secure() { ":443" } else { ":80" };
        all.strip_suffix(usual).map_or(all.clone(), str::to_owned)
    }

    /// Path and query as in a request. Private.
    pub fn target(&self) -> String {
        self.0.target()
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure() { "https" } else { "http" };
        write!(f, "{scheme}://{}/", self.authority())
    }
}

/// Which web servers a handler may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAllow {
    /// These: an address whose path ends with `/` allows all below it, one with another path that path alone. Queries do not
    /// count.
    Below(Vec<HttpUrl>),
    /// All: where nobody is asked in truth, as in a simulation.
    Everywhere,
}

impl Default for HttpAllow {
    fn default() -> Self {
        Self::Below(Vec::new())
    }
}

impl HttpAllow {
    /// Whether an address is among them.
    pub fn allows(&self, url: &HttpUrl) -> bool {
        match self {
            Self::Below(allowed) => allowed.iter().any(|allowed| url.0.is_below(&allowed.0)),
            Self::Everywhere => true,
        }
    }
}

#[cfg(test)]
mod tests;
