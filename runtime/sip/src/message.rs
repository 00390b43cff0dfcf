//! Requests and responses. Lossless: what was parsed prints again byte for byte (folds joined, Content-Length set from
//! the body). Typed views are made on demand. `Debug` tells sizes only: messages hold numbers and addresses.

use std::fmt;

use crate::address::{NameAddr, Pieces};
use crate::headers::{Headers, WHITE};
use crate::method::Method;
use crate::parse::Fault;
use crate::uri::Uri;
use crate::via::Via;

mod body;
pub(crate) mod fragment;
pub(crate) mod keys;

pub(crate) use body::SessionBody;

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The Request-URI.
    pub uri: Uri,
    /// The header fields.
    pub headers: Headers,
    /// The body, empty if none.
    pub body: Vec<u8>,
}

/// A response.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// 100..=699.
    pub status: u16,
    /// The reason phrase as received, possibly empty.
    pub reason: String,
    /// The header fields.
    pub headers: Headers,
    /// The body, empty if none.
    pub body: Vec<u8>,
}

/// A CSeq value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31.
    pub number: u32,
    /// The method of the request it counts.
    pub method: Method,
}

macro_rules! typed_views {
    ($kind:ty) => {
        impl $kind {
            /// The From header.
            ///
            /// # Errors
            /// Missing, not UTF-8, or not an address.
            pub fn from(&self) -> Result<NameAddr, Fault> {
                NameAddr::parse(self.headers.first("From").ok_or(Fault::Missing("From"))?)
            }

            /// The To header.
            ///
            /// # Errors
            /// Missing, not UTF-8, or not an address.
            pub fn to(&self) -> Result<NameAddr, Fault> {
                NameAddr::parse(self.headers.first("To").ok_or(Fault::Missing("To"))?)
            }

            /// The first Contact.
            ///
            /// # Errors
            /// Missing, not UTF-8, or not an address.
            pub fn contact(&self) -> Result<NameAddr, Fault> {
                NameAddr::parse(
                    self.headers
                        .list("Contact")
                        .next()
                        .ok_or(Fault::Missing("Contact"))?,
                )
            }

            /// The topmost Via.
            ///
            /// # Errors
            /// Missing, not UTF-8, or unusable.
            pub fn via(&self) -> Result<Via<'_>, Fault> {
                Via::parse(self.headers.first("Via").ok_or(Fault::Missing("Via"))?)
            }

            /// The Call-ID, if there is one.
            pub fn call_id(&self) -> Option<&str> {
                self.headers.first("Call-ID").filter(|id| !id.is_empty())
            }

            /// The CSeq header.
            ///
            /// # Errors
            /// Missing, or not a number below 2^31 and a method.
            pub fn cseq(&self) -> Result<CSeq, Fault> {
                let (number, method) = split_cseq(self.headers.first("CSeq").ok_or(Fault::Missing("CSeq"))?)?;
                Ok(CSeq {
                    number,
                    method: Method::of_token(method),
                })
            }

            /// The values of every field called `name` that are UTF-8 (long name; compact forms match, case is
            /// ignored). [`Headers::raw`] gives all of them as bytes.
            pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
                self.headers.values(name)
            }

            /// The SDP of the body: the body itself or the `application/sdp` part of a multipart one. `None` if the
            /// body is empty or holds no SDP.
            pub fn sdp(&self) -> Option<&[u8]> {
                match body::session(&self.headers, &self.body) {
                    SessionBody::Sdp(range) => Some(&self.body[range]),
                    SessionBody::None | SessionBody::Unsupported => None,
                }
            }

            /// The tag of the From header.
            pub(crate) fn tag_of_from(&self) -> Option<&str> {
                Pieces::of(self.headers.first("From")?).ok()?.tag()
            }

            /// The tag of the To header.
            pub fn tag_of_to(&self) -> Option<&str> {
                Pieces::of(self.headers.first("To")?).ok()?.tag()
            }
        }
    };
}

typed_views!(Request);
typed_views!(Response);

impl Request {
    pub(crate) fn session_body(&self) -> SessionBody {
        body::session(&self.headers, &self.body)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Request({}, {} fields, {} body bytes)",
            self.method,
            self.headers.len(),
            self.body.len()
        )
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Response({}, {} fields, {} body bytes)",
            self.status,
            self.headers.len(),
            self.body.len()
        )
    }
}

/// `number method`, the number below 2^31 (RFC 3261 8.1.1.5).
pub(crate) fn split_cseq(value: &str) -> Result<(u32, &str), Fault> {
    let (number, method) = value.split_once(WHITE).ok_or(Fault::CSeq)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::CSeq);
    }
    let number: u32 = number.parse().map_err(|_| Fault::CSeq)?;
    let method = method.trim_ascii();
    if number >= 1 << 31 || method.is_empty() || !method.bytes().all(crate::parse::is_token) {
        return Err(Fault::CSeq);
    }
    Ok((number, method))
}

#[cfg(test)]
mod tests;
