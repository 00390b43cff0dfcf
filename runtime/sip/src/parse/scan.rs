//! The two loops of the parser: the start line, and the lines of the header block.

use std::ops::Range;

use super::{Fault, Malformed, is_token, note};
use crate::headers::Headers;
use crate::limits::HEADER_FIELDS;
use crate::method::Method;
use crate::uri::Uri;

/// A start line and how many bytes it takes with its line end.
pub(super) struct Start {
    pub(super) kind: Kind,
    pub(super) len: usize,
}

pub(super) enum Kind {
    Request { method: Method, uri: Uri },
    Response { status: u16, reason: String },
}

/// The header fields and where the body begins.
pub(super) struct Block {
    pub(super) headers: Headers,
    pub(super) body_at: usize,
}

/// Reads the start line. A Request-URI that is no address, an odd version and stray spaces are faults of a message that
/// can still be answered; anything else that does not fit is an error.
pub(super) fn start_line(text: &[u8]) -> Result<(Start, Option<Malformed>), Malformed> {
    let unreadable = Malformed {
        why: Fault::StartLine,
        at: 0,
    };
    let (line, len) = line_at(text, 0).ok_or(unreadable)?;
    let line = std::str::from_utf8(&text[line]).map_err(|_| unreadable)?;
    if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
        return status_line(line, len).map(|start| (start, None)).ok_or(unreadable);
    }
    let (method, rest) = line.split_once(' ').ok_or(unreadable)?;
    let (uri, version) = rest.rsplit_once(' ').ok_or(unreadable)?;
    if method.is_empty() || !method.bytes().all(is_token) {
        return Err(unreadable);
    }
    let mut fault = None;
    let (uri, version) = match (uri, version) {
        // White space after the version, as `trws` of RFC 4475 has it: still clear what is meant, yet not allowed.
        (_, "") => {
            note(&mut fault, Fault::StartLine, 0);
            rest.trim_ascii_end().rsplit_once(' ').ok_or(unreadable)?
        }
        other => other,
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let is_sip = version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"));
        if !is_sip {
            return Err(unreadable);
        }
        note(&mut fault, Fault::Version, 0);
    }
    let uri = Uri::parse(uri).or_else(|_| {
        note(&mut fault, Fault::RequestUri, 0);
        Uri::parse("unusable:").map_err(|_| unreadable)
    })?;
    Ok((
        Start {
            kind: Kind::Request {
                method: Method::of_token(method),
                uri,
            },
            len,
        },
        fault,
    ))
}

fn status_line(line: &str, len: usize) -> Option<Start> {
    let (version, rest) = line.split_once(' ')?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let three_digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let status: u16 = code
        .parse()
        .ok()
        .filter(|status| three_digits && (100..700).contains(status))?;
    let kind = Kind::Response {
        status,
        reason: reason.to_owned(),
    };
    version.eq_ignore_ascii_case("SIP/2.0").then_some(Start { kind, len })
}

/// Reads the header lines that begin at `start`, up to the empty line. Unreadable lines are faults and left out.
pub(super) fn lines(text: &[u8], start: usize, fault: &mut Option<Malformed>) -> Block {
    let (head_end, body_at) = match end_of_headers(text, start) {
        Some((end, body)) => (end, body),
        None => {
            note(fault, Fault::NoEmptyLine, text.len());
            (text.len(), text.len())
        }
    };
    let mut headers = Headers::over(text[start..head_end].to_vec());
    let mut at = 0;
    let block_len = head_end - start;
    while at < block_len {
        let (line, next) = logical_line(&mut headers, at);
        if headers.len() == HEADER_FIELDS {
            note(fault, Fault::TooManyFields, start + at);
            break;
        }
        match split_field(&headers.buffer()[line.clone()]) {
            Some((name, value)) => {
                let shift = |range: Range<usize>| line.start + range.start..line.start + range.end;
                headers.add_parsed(shift(name), shift(value));
            }
            None => note(fault, Fault::HeaderLine, start + at),
        }
        at = next;
    }
    Block { headers, body_at }
}

/// The line at `at` without its line end, and where the next one begins. CRLF is the rule, a bare LF is understood.
fn line_at(text: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let end = at + memchr::memchr(b'\n', &text[at..])?;
    let content_end = if end > at && text[end - 1] == b'\r' {
        end - 1
    } else {
        end
    };
    Some((at..content_end, end + 1))
}

/// Where the header lines end (after the last one's line end) and where the body begins.
fn end_of_headers(text: &[u8], start: usize) -> Option<(usize, usize)> {
    let mut at = start;
    loop {
        let (line, next) = line_at(text, at)?;
        if line.is_empty() {
            return Some((at, next));
        }
        at = next;
    }
}

/// A header line with its folded continuations joined in place.
fn logical_line(headers: &mut Headers, at: usize) -> (Range<usize>, usize) {
    let text = headers.buffer();
    let whole = (at..text.len(), text.len());
    let (mut line, mut next) = line_at(text, at).unwrap_or(whole);
    let mut folded = false;
    while text.get(next).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        folded = true;
        let (continuation, after) = line_at(text, next).unwrap_or((next..text.len(), text.len()));
        (line.end, next) = (continuation.end, after);
    }
    if folded {
        headers.blank_line_ends(line.clone());
    }
    (line, next)
}

/// Name and value of `name : value`, relative to the line.
fn split_field(line: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let colon = memchr::memchr(b':', line)?;
    let name_len = line[..colon].trim_ascii_end().len();
    if name_len == 0 || !line[..name_len].iter().copied().all(is_token) {
        return None;
    }
    let after = &line[colon + 1..];
    let start = line.len() - after.trim_ascii_start().len();
    let end = start + line[start..].trim_ascii_end().len();
    Some((0..name_len, start..end))
}
