//! SIP over a stream: bytes in any portions to whole messages, each as long as its Content-Length says (RFC 3261 18.3), and
//! the line ends between them that keep a connection alive (RFC 5626 3.5.1). Not here: what a message means, sockets, or
//! how long a peer may take; the host measures that by [`Framer::pending`].
//!
//! A datagram that is wrong harms itself; a stream whose framing is in doubt can hide one message in another. So the first
//! doubt ends the stream: a [`FramingError`], and nothing after it.

use std::fmt;

use crate::headers::is_header;
use crate::parse::is_token;

/// Pongs that may be awaited at once. A host that sends more pings than this without an answer should have given up.
const PONGS_DUE: u8 = 8;

/// What a stream carries.
#[derive(Clone, PartialEq, Eq)]
pub enum Framed {
    /// One whole message, start line to the last byte of its body.
    Message(Vec<u8>),
    /// A double line end between messages: the peer asks whether the connection lives. Answer with [`PONG`].
    Ping,
    /// The single line end that answers a ping of ours, see [`Framer::expect_pong`].
    Pong,
}

/// The answer to [`Framed::Ping`].
pub const PONG: &[u8] = b"\r\n";
/// What asks the peer whether the connection lives; announce it with [`Framer::expect_pong`].
pub const PING: &[u8] = b"\r\n\r\n";

impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What a message says is private.
            Self::Message(bytes) => write!(f, "Message({} bytes)", bytes.len()),
            Self::Ping => f.write_str("Ping"),
            Self::Pong => f.write_str("Pong"),
        }
    }
}

/// Why it is not clear where a message ends, or that one began. The connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FramingError {
    /// The first line is no request line and no status line of SIP.
    NotSip,
    /// A carriage return or line feed alone before the body: others may see the head end elsewhere.
    BareLineEnd,
    /// No Content-Length, which a stream must have (RFC 3261 20.14).
    NoContentLength,
    /// Content-Length is not a plain number.
    ContentLength,
    /// More than one Content-Length, even if they agree.
    RepeatedContentLength,
    /// The message is, or says it is, longer than the limit.
    TooLong,
}

impl FramingError {
    /// Every error, in a stable order, for counting.
    pub const ALL: [FramingError; 6] = [
        Self::NotSip,
        Self::BareLineEnd,
        Self::NoContentLength,
        Self::ContentLength,
        Self::RepeatedContentLength,
        Self::TooLong,
    ];
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSip => "the first line is not SIP",
            Self::BareLineEnd => "a line does not end with carriage return and line feed",
            Self::NoContentLength => "Content-Length is missing",
            Self::ContentLength => "Content-Length is not a number",
            Self::RepeatedContentLength => "Content-Length stands more than once",
            Self::TooLong => "the message is too long",
        })
    }
}

impl std::error::Error for FramingError {}

/// Cuts one direction of a stream into messages. Push what was read, then take items until there are none.
///
/// It holds the unfinished message and what was pushed last, so never more than the limit and one portion; between
/// messages it holds nothing. After an error it takes and gives nothing more.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    /// What was pushed and is not given out yet, from `start`.
    bytes: Bytes,
    place: Place,
    /// A line end came that is the first half of a ping, or stands before a message.
    half_ping: bool,
    pongs_due: u8,
}

/// Where in the stream it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Between,
    /// In a head; offsets are from the message's first byte.
    Head {
        /// Where the line begins that is being read.
        line: usize,
        /// No line feed stands between there and here.
        scanned: usize,
    },
    /// Behind a head that says the message has so many bytes in all.
    Body {
        message: usize,
    },
    Closed,
}

impl Framer {
    /// A framer of a new connection. `limit`: bytes of a message, head and body; one that is longer is an error.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: Bytes::default(),
            place: Place::Between,
            half_ping: false,
            pongs_due: 0,
        }
    }

    /// Takes what was read from the stream. Take the items before the next push; what is held is bounded only then.
    pub fn push(&mut self, portion: &[u8]) {
        if self.place != Place::Closed {
            self.bytes.push(portion);
        }
    }

    /// Says that [`PING`] was sent: the next single line end between messages is its [`Framed::Pong`].
    pub fn expect_pong(&mut self) {
        self.pongs_due = self.pongs_due.saturating_add(1).min(PONGS_DUE);
    }

    /// Bytes of a message whose end has not come. While this is not zero, a peer that sends nothing holds memory: the host
    /// bounds how long it may.
    pub fn pending(&self) -> usize {
        self.bytes.rest().len()
    }

    fn between(&mut self) -> Step {
        match self.bytes.rest() {
            [] => {
                self.bytes = Bytes::default();
                Step::Wait
            }
            [b'\r'] => Step::Wait,
            [b'\r', b'\n', ..] => {
                self.bytes.take(2);
                self.line_end()
            }
            [b'\r' | b'\n', ..] => Step::Fail(FramingError::BareLineEnd),
            [first, ..] if !is_token(*first) => Step::Fail(FramingError::NotSip),
            _ => {
                self.half_ping = false;
                self.place = Place::Head { line: 0, scanned: 0 };
                Step::Go
            }
        }
    }

    /// A line end between messages. RFC 3261 7.5 allows them before a message, so a single one asks nothing.
    fn line_end(&mut self) -> Step {
        if self.pongs_due > 0 {
            self.pongs_due -= 1;
            return Step::Give(Framed::Pong);
        }
        self.half_ping = !self.half_ping;
        if self.half_ping {
            Step::Go
        } else {
            Step::Give(Framed::Ping)
        }
    }

    fn head(&mut self, line: usize, scanned: usize) -> Step {
        let rest = self.bytes.rest();
        let Some(feed) = memchr::memchr(b'\n', &rest[scanned..]).map(|at| scanned + at) else {
            if rest.len() > self.limit {
                return Step::Fail(FramingError::TooLong);
            }
            self.place = Place::Head {
                line,
                scanned: rest.len(),
            };
            return Step::Wait;
        };
        let Some(text) = rest[line..feed].strip_suffix(b"\r") else {
            return Step::Fail(FramingError::BareLineEnd);
        };
        if memchr::memchr(b'\r', text).is_some() {
            return Step::Fail(FramingError::BareLineEnd);
        }
        if line == 0 && !is_start_line(text) {
            return Step::Fail(FramingError::NotSip);
        }
        let behind = feed + 1;
        if text.is_empty() {
            return self.head_ends(behind);
        }
        self.place = Place::Head {
            line: behind,
            scanned: behind,
        };
        Step::Go
    }

    fn head_ends(&mut self, head: usize) -> Step {
        let message = content_length(&self.bytes.rest()[..head]).and_then(|body| {
            let message = head.checked_add(body).filter(|message| *message <= self.limit);
            message.ok_or(FramingError::TooLong)
        });
        match message {
            Ok(message) => {
                self.place = Place::Body { message };
                Step::Go
            }
            Err(why) => Step::Fail(why),
        }
    }

    fn body(&mut self, message: usize) -> Step {
        match self.bytes.rest().get(..message) {
            None => Step::Wait,
            Some(whole) => {
                let whole = whole.to_vec();
                self.bytes.take(message);
                self.place = Place::Between;
                Step::Give(Framed::Message(whole))
            }
        }
    }
}

impl Iterator for Framer {
    type Item = Result<Framed, FramingError>;

    /// The next item that is complete; none until more is pushed. An error comes once and is the last item.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let step = match self.place {
                Place::Between => self.between(),
                Place::Head { line, scanned } => self.head(line, scanned),
                Place::Body { message } => self.body(message),
                Place::Closed => Step::Wait,
            };
            match step {
                Step::Go => {}
                Step::Wait => return None,
                Step::Give(framed) => return Some(Ok(framed)),
                Step::Fail(why) => {
                    self.place = Place::Closed;
                    self.bytes = Bytes::default();
                    return Some(Err(why));
                }
            }
        }
    }
}

/// What one look at the bytes led to. `Go`: some were used, look again.
enum Step {
    Go,
    Wait,
    Give(Framed),
    Fail(FramingError),
}

/// Bytes that are taken from the front without moving the others each time.
#[derive(Default)]
struct Bytes {
    held: Vec<u8>,
    start: usize,
}

impl Bytes {
    fn rest(&self) -> &[u8] {
        &self.held[self.start..]
    }

    fn take(&mut self, count: usize) {
        self.start += count;
    }

    fn push(&mut self, portion: &[u8]) {
        self.held.drain(..self.start);
        self.start = 0;
        self.held.extend_from_slice(portion);
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.rest().len())
    }
}

/// Whether a line can be a request line or a status line, whatever its version: a wrong version is answered, not hung up.
fn is_start_line(line: &[u8]) -> bool {
    let is_sip = |word: &[u8]| word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    let last = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next();
    is_sip(line) || last.is_some_and(|word| word.len() < line.len() && is_sip(word))
}

/// The one Content-Length of a head. The value may stand on a continuation line (RFC 3261 7.3.1).
fn content_length(head: &[u8]) -> Result<usize, FramingError> {
    let mut found: Option<Vec<u8>> = None;
    let mut in_it = false;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        if let Some(b' ' | b'\t') = line.first() {
            if let Some(value) = found.as_mut().filter(|_| in_it) {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
            continue;
        }
        let value = memchr::memchr(b':', line)
            .filter(|colon| is_header(line[..*colon].trim_ascii_end(), "Content-Length"))
            .map(|colon| line[colon + 1..].to_vec());
        in_it = value.is_some();
        if in_it && std::mem::replace(&mut found, value).is_some() {
            return Err(FramingError::RepeatedContentLength);
        }
    }
    let value = found.ok_or(FramingError::NoContentLength)?;
    let digits = value.trim_ascii();
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number = plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten();
    number.ok_or(FramingError::ContentLength)
}

#[cfg(test)]
mod tests;
