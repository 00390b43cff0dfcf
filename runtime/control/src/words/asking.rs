//! The contract's words for requests to web servers. `wit/` is the source; see there for ranges.

use crate::private::Private;
use std::fmt;

/// How a web server is asked (RFC 9110 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpMethod {
    /// Give it.
    Get,
    /// Give what is before it.
    Head,
    /// Take this.
    Post,
    /// Put this in its place.
    Put,
    /// Change it so.
    Patch,
    /// Remove it.
    Delete,
}

impl HttpMethod {
    /// As it stands in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A header of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHeader {
    /// Any case.
    pub name: String,
    /// What the handler gives.
    pub value: Private<String>,
    /// The secret that follows it, by its name.
    pub secret: Option<String>,
}

impl HttpHeader {
    /// Whether it is one of those that say who asks, by something that only they have.
    pub fn proves_who_asks(&self) -> bool {
        let proofs = ["authorization", "cookie", "x-api-key", "x-auth-token"];
        proofs.iter().any(|proof| self.name.eq_ignore_ascii_case(proof))
    }
}

/// A request to a web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// How.
    pub method: HttpMethod,
    /// Where.
    pub url: Private<String>,
    /// In the handler's order.
    pub headers: Vec<HttpHeader>,
    /// What is sent with it.
    pub body: Option<Private<Vec<u8>>>,
    /// The longest it may take.
    pub timeout_ms: u32,
}

/// What a web server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// 200 to 599.
    pub status: u16,
    /// Name in lower case, and value.
    pub headers: Vec<(String, Private<String>)>,
    /// What came with it.
    pub body: Private<Vec<u8>>,
}

/// Why there is no answer of a web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoResponse {
    /// None came in time.
    TimedOut,
    /// It is larger than allowed.
    TooLarge,
    /// Nobody took the connection, or there is no address that may be asked.
    Refused,
    /// The connection broke, or what came is no HTTP.
    Failed,
    /// There are as many requests under way as there may be.
    Overloaded,
}

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "none came in time",
            Self::TooLarge => "it is larger than allowed",
            Self::Refused => "nobody took the connection, or it has no address that may be asked",
            Self::Failed => "the connection broke, its certificate is wrong, or what came is no HTTP",
            Self::Overloaded => "as many requests are under way as there may be",
        })
    }
}
