//! Finds the session description in a body: plain, or one part of a multipart one (RFC 5621). Nothing else is read.

use std::ops::Range;

use crate::address::params;
use crate::headers::Headers;

/// What a body is to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionBody {
    /// Empty, or optional to understand and not SDP.
    None,
    /// SDP at this range of the body.
    Sdp(Range<usize>),
    /// A type or encoding that is not understood: 415.
    Unsupported,
}

/// Parts of a multipart body that are looked at; SDP further down is not found and the request gets 415.
const PARTS: usize = 16;

pub(crate) fn session(headers: &Headers, body: &[u8]) -> SessionBody {
    if body.is_empty() {
        return SessionBody::None;
    }
    if headers
        .list("Content-Encoding")
        .any(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return SessionBody::Unsupported;
    }
    let Some(kind) = headers.first("Content-Type") else {
        // Some gateways leave the type out; the version line tells.
        return if body.starts_with(b"v=") {
            SessionBody::Sdp(0..body.len())
        } else {
            SessionBody::Unsupported
        };
    };
    let found = if is_type(kind, "application/sdp") {
        Some(0..body.len())
    } else if media_type(kind)
        .get(..10)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("multipart/"))
    {
        sdp_part(kind, body)
    } else {
        None
    };
    match found {
        Some(range) => SessionBody::Sdp(range),
        None if is_optional(headers) => SessionBody::None,
        None => SessionBody::Unsupported,
    }
}

fn is_optional(headers: &Headers) -> bool {
    headers.first("Content-Disposition").is_some_and(|value| {
        params(value).any(|(name, value)| name.eq_ignore_ascii_case("handling") && value == Some("optional"))
    })
}

fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim_ascii()
}

fn is_type(value: &str, wanted: &str) -> bool {
    media_type(value).eq_ignore_ascii_case(wanted)
}

fn sdp_part(kind: &str, body: &[u8]) -> Option<Range<usize>> {
    let boundary = params(kind)
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?
        .1?
        .trim_matches('"');
    if boundary.is_empty() {
        return None;
    }
    let delimiter = format!("--{boundary}");
    let mut starts = memchr::memmem::find_iter(body, delimiter.as_bytes()).take(PARTS + 1);
    let mut start = starts.next()? + delimiter.len();
    for next in starts {
        if let Some(range) = part_if_sdp(body, start..next.max(start)) {
            return Some(range);
        }
        start = next + delimiter.len();
    }
    None
}

fn part_if_sdp(body: &[u8], part: Range<usize>) -> Option<Range<usize>> {
    let text = &body[part.clone()];
    let head = memchr::memmem::find(text, b"\r\n\r\n")?;
    let is_sdp = text[..head].split(|byte| *byte == b'\n').any(|line| {
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else {
            return false;
        };
        crate::headers::is_header(name.trim_ascii().as_bytes(), "Content-Type") && is_type(value, "application/sdp")
    });
    // The line end before the delimiter belongs to the delimiter.
    let content = part.start + head + 4..part.end;
    let trimmed = body[content.clone()]
        .strip_suffix(b"\r\n")
        .map_or(content.end, |rest| content.start + rest.len());
    is_sdp.then_some(content.start..trimmed)
}
