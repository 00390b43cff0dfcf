//! PIDF that a telephone publishes of itself (RFC 3903, RFC 3863), as far as presence has a place for it: whether it is open, the
//! first activity of RFC 4480 that counts here, and a note. What an unknown element says is left out.

use patchcord_control::presence::{Availability, Reason, Status, TEXT_BYTES};
use patchcord_sip::{Reply, Request, SUBSCRIPTION_LONGEST, SUBSCRIPTION_SHORTEST};
use std::time::Duration;

const PIDF: &str = "application/pidf+xml";
/// Bytes of a document; a longer one is refused with 413.
const DOCUMENT_BYTES: usize = 16 * 1024;

/// What is published.
pub(super) struct Published {
    /// None: what was said is still so.
    pub(super) status: Option<Status>,
    /// The tag of what it changes, if it changes something.
    pub(super) changes: Option<String>,
    pub(super) lasts: Duration,
}

/// Reads a PUBLISH.
///
/// # Errors
/// The answer that refuses it: 400, 413, 415, 423, 489.
pub(super) fn read(request: &Request) -> Result<Published, Reply> {
    let event = request.headers.first("Event").unwrap_or_default();
    if !event
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("presence")
    {
        return Err(Reply::new(489).with("Allow-Events", "presence"));
    }
    let lasts = lasts(request)?;
    let changes = request.headers.first("SIP-If-Match").map(|tag| tag.trim().to_owned());
    if lasts.is_zero() || (request.body.is_empty() && changes.is_some()) {
        let status = lasts.is_zero().then(|| Status::new(Availability::Available));
        return Ok(Published { status, changes, lasts });
    }
    let kind = request.headers.first("Content-Type").unwrap_or_default();
    if !kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case(PIDF)
    {
        return Err(Reply::new(415).with("Accept", PIDF));
    }
    if request.body.len() > DOCUMENT_BYTES {
        return Err(Reply::new(413));
    }
    let text = std::str::from_utf8(&request.body).map_err(|_| Reply::new(400))?;
    let status = status(text).ok_or_else(|| Reply::new(400))?;
    Ok(Published {
        status: Some(status),
        changes,
        lasts,
    })
}

fn lasts(request: &Request) -> Result<Duration, Reply> {
    let Some(text) = request.headers.first("Expires") else {
        return Ok(SUBSCRIPTION_LONGEST);
    };
    let seconds = text.trim().parse::<u32>().map_err(|_| Reply::new(400))?;
    let lasts = Duration::from_secs(seconds.into());
    if !lasts.is_zero() && lasts < SUBSCRIPTION_SHORTEST {
        let least = SUBSCRIPTION_SHORTEST.as_secs().to_string();
        return Err(Reply::new(423).with("Min-Expires", least));
    }
    Ok(lasts.min(SUBSCRIPTION_LONGEST))
}

/// What a document says; none if it is no PIDF.
pub(super) fn status(document: &str) -> Option<Status> {
    let basic = element(document, "basic")?.trim().to_ascii_lowercase();
    let open = match basic.as_str() {
        "open" => true,
        "closed" => false,
        _ => return None,
    };
    let does = |activity: &str| is_there(document, activity);
    let busy = ["busy", "meeting", "appointment", "performance", "presentation"]
        .into_iter()
        .any(does);
    let (availability, reason) = match open {
        true if does("on-the-phone") => (Availability::Busy, Some(Reason::OnACall)),
        true if busy => (Availability::Busy, None),
        true if does("away") || does("meal") => (Availability::Busy, Some(Reason::AwayShort)),
        true => (Availability::Available, None),
        false if busy || does("on-the-phone") => (Availability::DoNotDisturb, None),
        false if does("vacation") || does("holiday") => (Availability::Unavailable, Some(Reason::AwayLong)),
        false if does("away") || does("meal") => (Availability::Unavailable, Some(Reason::AwayShort)),
        false => (Availability::Unavailable, None),
    };
    let note = element(document, "note").map(plain).unwrap_or_default();
    Some(Status {
        availability,
        reason,
        text: note[..note.floor_char_boundary(TEXT_BYTES)].to_owned().into(),
    })
}

/// The tags of a document: name without prefix, and where what follows begins.
fn tags(document: &str) -> impl Iterator<Item = (&str, usize)> {
    document.match_indices('<').filter_map(|(at, _)| {
        let tag = &document[at + 1..];
        let end = tag.find('>')?;
        let name = tag[..end].split([' ', '\t', '\r', '\n', '/']).next()?;
        let name = name.rsplit(':').next()?;
        Some((name, at + 1 + end + 1))
    })
}

/// The text of the first element of a name.
fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, begin) = tags(document).find(|(known, _)| *known == name)?;
    let text = &document[begin..];
    Some(&text[..text.find('<')?])
}

fn is_there(document: &str, name: &str) -> bool {
    tags(document).any(|(known, _)| known == name)
}

/// A text without the escapes of XML.
fn plain(text: &str) -> String {
    let text = text.trim();
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests;
