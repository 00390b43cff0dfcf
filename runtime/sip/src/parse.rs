//! Bytes to messages. Never panics, reads every byte at most a few times, copies the header block once. RFC 3261 7, 25;
//! framing as RFC 3261 18.3 says for datagrams: Content-Length shorter than the rest: the rest is ignored.
//! Not here: what a message means. Only what no element may overlook (Via, From, To, Call-ID, CSeq) is checked.

use std::fmt;

use crate::address::Pieces;
use crate::headers::{Headers, is_header, split_commas};
use crate::limits::MESSAGE_BYTES;
use crate::message::{Message, Request, Response, split_cseq};
use crate::method::Method;
use crate::uri::Uri;
use crate::via::Via;

mod scan;

use scan::{lines, start_line};

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Only line ends: a keep-alive, not a message.
    KeepAlive,
    /// Above [`MESSAGE_BYTES`].
    TooLong,
    /// More than [`crate::limits::HEADER_FIELDS`] fields.
    TooManyFields,
    /// Neither a request line nor a status line.
    StartLine,
    /// A SIP version other than 2.0.
    Version,
    /// The Request-URI is not an address.
    RequestUri,
    /// A header line without a name or colon.
    HeaderLine,
    /// The empty line after the headers is missing.
    NoEmptyLine,
    /// Content-Length is not a number, or two differ.
    ContentLength,
    /// Content-Length is larger than what came.
    ShortBody,
    /// A mandatory field is missing.
    Missing(&'static str),
    /// A field that may stand once stands twice.
    Repeated(&'static str),
    /// An unusable Via.
    Via,
    /// An unusable CSeq.
    CSeq,
    /// CSeq names another method than the request line.
    MethodMismatch,
    /// Quotes do not balance.
    Quotes,
    /// Not an address.
    Address,
    /// Max-Forwards is not a number.
    MaxForwards,
    /// Bytes that are not UTF-8 where text is needed.
    Encoding,
}

/// A datagram that is no acceptable message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub why: Fault,
    /// Byte offset of the line it was seen on; 0 where no single place is to blame.
    pub at: usize,
}

/// Parses one datagram.
///
/// # Errors
/// The first fault found. The endpoint still answers such a request with 400 if it can.
pub fn parse(datagram: &[u8]) -> Result<Message, Malformed> {
    let (message, fault) = read(datagram)?;
    match fault {
        None => Ok(message),
        Some(fault) => Err(fault),
    }
}

/// The Call-ID of a datagram by a fast scan of its lines, for choosing a shard. `None` if there is none before the
/// body. Says nothing about whether the message is acceptable.
pub fn peek_call_id(datagram: &[u8]) -> Option<&[u8]> {
    let mut at = memchr::memchr(b'\n', datagram)? + 1;
    while at < datagram.len() {
        let end = memchr::memchr(b'\n', &datagram[at..]).map_or(datagram.len(), |len| at + len);
        let line = &datagram[at..end];
        match line.first()? {
            b'\r' if line.len() == 1 => return None,
            b'c' | b'C' | b'i' | b'I' => {
                if let Some(colon) = memchr::memchr(b':', line)
                    && is_header(line[..colon].trim_ascii(), "Call-ID")
                {
                    return Some(line[colon + 1..].trim_ascii()).filter(|id| !id.is_empty());
                }
            }
            _ => {}
        }
        at = end + 1;
    }
    None
}

/// A message as far as it can be read, and the first fault in it, if any. `Err` only where nothing can be made of it.
pub(crate) fn read(datagram: &[u8]) -> Result<(Message, Option<Malformed>), Malformed> {
    if datagram.len() > MESSAGE_BYTES {
        return Err(Malformed {
            why: Fault::TooLong,
            at: 0,
        });
    }
    // RFC 3261 7.5: empty lines before the start line are ignored.
    let skipped = datagram.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let text = &datagram[skipped..];
    if text.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return Err(Malformed {
            why: Fault::KeepAlive,
            at: 0,
        });
    }
    let (start, mut fault) = start_line(text)?;
    let mut block = lines(text, start.len, &mut fault);
    let body = body(&block.headers, &text[block.body_at..], &mut fault);
    let message = match start.kind {
        scan::Kind::Request { method, uri } => {
            check_request(&method, &uri, &block.headers, &mut fault);
            Message::Request(Request {
                method,
                uri,
                headers: std::mem::take(&mut block.headers),
                body,
            })
        }
        scan::Kind::Response { status, reason } => {
            check_common(&block.headers, &mut fault);
            Message::Response(Response {
                status,
                reason,
                headers: std::mem::take(&mut block.headers),
                body,
            })
        }
    };
    Ok((
        message,
        fault.map(|found| Malformed {
            at: found.at + skipped,
            ..found
        }),
    ))
}

/// RFC 3261 token characters.
pub(crate) fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'!' | b'%' | b'*')
            || matches!(byte as u8, b'_' | b'+' | b'`' | b'\'' | b'~');
        byte += 1;
    }
    table
};

/// Remembers the first fault.
pub(crate) fn note(fault: &mut Option<Malformed>, why: Fault, at: usize) {
    fault.get_or_insert(Malformed { why, at });
}

fn body(headers: &Headers, rest: &[u8], fault: &mut Option<Malformed>) -> Vec<u8> {
    let mut length = None;
    for value in headers.raw("Content-Length") {
        let number = std::str::from_utf8(value)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        match number.and_then(|text| text.parse::<usize>().ok()) {
            Some(number) if length.is_none_or(|known| known == number) => length = Some(number),
            _ => note(fault, Fault::ContentLength, 0),
        }
    }
    match length {
        Some(length) if length > rest.len() => {
            note(fault, Fault::ShortBody, 0);
            rest.to_vec()
        }
        Some(length) => rest[..length].to_vec(),
        None => rest.to_vec(),
    }
}

fn check_request(method: &Method, uri: &Uri, headers: &Headers, fault: &mut Option<Malformed>) {
    if uri.has_headers() {
        note(fault, Fault::RequestUri, 0);
    }
    if let Some(counted) = check_common(headers, fault)
        && counted != method.as_str()
    {
        note(fault, Fault::MethodMismatch, 0);
    }
    if let Some(hops) = headers.raw("Max-Forwards").next()
        && !is_hop_count(hops)
    {
        note(fault, Fault::MaxForwards, 0);
    }
}

/// 0 to 255, leading zeros allowed (RFC 3261 20.22).
fn is_hop_count(value: &[u8]) -> bool {
    let number = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    number
        .and_then(|text| text.parse::<u32>().ok())
        .is_some_and(|number| number <= 255)
}

/// The fields no message may lack. Returns the method named by CSeq.
fn check_common<'a>(headers: &'a Headers, fault: &mut Option<Malformed>) -> Option<&'a str> {
    let mut problem = |why| note(fault, why, 0);
    for name in ["From", "To"] {
        match single(headers, name) {
            Ok(value) => {
                if let Err(why) = Pieces::of(value).and_then(Pieces::check) {
                    problem(why);
                }
            }
            Err(why) => problem(why),
        }
    }
    if let Err(why) = single(headers, "Call-ID") {
        problem(why);
    }
    let via = headers.raw("Via").next().ok_or(Fault::Missing("Via"));
    let via = via.and_then(|value| std::str::from_utf8(value).map_err(|_| Fault::Encoding));
    if let Err(why) = via.and_then(|value| split_commas(value).try_for_each(|one| Via::parse(one).map(drop))) {
        problem(why);
    }
    match single(headers, "CSeq").and_then(split_cseq) {
        Ok((_, method)) => Some(method),
        Err(why) => {
            problem(why);
            None
        }
    }
}

fn single<'a>(headers: &'a Headers, name: &'static str) -> Result<&'a str, Fault> {
    let mut values = headers.raw(name);
    let value = values
        .next()
        .filter(|value| !value.is_empty())
        .ok_or(Fault::Missing(name))?;
    if values.next().is_some() {
        return Err(Fault::Repeated(name));
    }
    std::str::from_utf8(value)
        .map(|text| text.trim_ascii())
        .map_err(|_| Fault::Encoding)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeepAlive => "keep-alive, not a message",
            Self::TooLong => "message too long",
            Self::TooManyFields => "too many header fields",
            Self::StartLine => "unreadable start line",
            Self::Version => "unsupported SIP version",
            Self::RequestUri => "unusable Request-URI",
            Self::HeaderLine => "unreadable header line",
            Self::NoEmptyLine => "no empty line after the headers",
            Self::ContentLength => "unusable Content-Length",
            Self::ShortBody => "body shorter than Content-Length",
            Self::Missing(name) => return write!(f, "missing {name}"),
            Self::Repeated(name) => return write!(f, "repeated {name}"),
            Self::Via => "unusable Via",
            Self::CSeq => "unusable CSeq",
            Self::MethodMismatch => "CSeq names another method",
            Self::Quotes => "unbalanced quotes",
            Self::Address => "unusable address",
            Self::MaxForwards => "unusable Max-Forwards",
            Self::Encoding => "text that is not UTF-8",
        })
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (near byte {})", self.why, self.at)
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests;
