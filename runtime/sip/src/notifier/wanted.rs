//! What a SUBSCRIBE asks for, read and checked.

use std::time::{Duration, Instant};

use super::{Package, SUBSCRIPTION_LONGEST, SUBSCRIPTION_SHORTEST};
use crate::message::Request;
use crate::outside::Reply;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) package: Package,
    /// As it is said back.
    pub(super) event: String,
    /// Where NOTIFY goes: the address of the Contact.
    pub(super) contact: String,
    /// Zero: it ends, or is told once.
    pub(super) lasts: Duration,
    pub(super) cseq: u32,
}

impl Wanted {
    /// Reads it.
    ///
    /// # Errors
    /// The answer that refuses it.
    pub(super) fn read(request: &Request) -> Result<Self, Reply> {
        let text = request.headers.first("Event").unwrap_or_default().trim();
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let Some(package) = Package::of(name) else {
            return Err(Reply::new(489).with("Allow-Events", Package::ALLOWED));
        };
        let id = parts.find(|part| part.to_ascii_lowercase().starts_with("id="));
        let event = match id {
            Some(id) => format!("{};{id}", package.name()),
            None => package.name().to_owned(),
        };
        if !accepts(request, package) {
            return Err(Reply::new(406).with("Accept", super::document::kind(package)));
        }
        let (Ok(contact), Ok(cseq)) = (request.contact(), request.cseq()) else {
            return Err(Reply::new(400));
        };
        Ok(Self {
            package,
            event,
            contact: contact.uri.to_string(),
            lasts: lasts(request)?,
            cseq: cseq.number,
        })
    }

    /// The same, but that it ends by then at the latest.
    pub(super) fn until(mut self, now: Instant, end: Option<Instant>) -> Self {
        if let Some(end) = end {
            self.lasts = self.lasts.min(end.saturating_duration_since(now));
        }
        self
    }
}

/// Whether the documents of a package are taken. Who names none takes those (RFC 3856 6.7, RFC 4235 3.6).
fn accepts(request: &Request, package: Package) -> bool {
    let mut named = request.headers.list("Accept").peekable();
    if named.peek().is_none() {
        return true;
    }
    named.any(|item| {
        let kind = item.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == super::document::kind(package) || kind == "*/*" || kind == "application/*"
    })
}

fn lasts(request: &Request) -> Result<Duration, Reply> {
    let Some(text) = request.headers.first("Expires") else {
        return Ok(SUBSCRIPTION_LONGEST);
    };
    let Ok(seconds) = text.trim().parse::<u32>() else {
        return Err(Reply::new(400));
    };
    let lasts = Duration::from_secs(seconds.into());
    match lasts {
        Duration::ZERO => Ok(lasts),
        short if short < SUBSCRIPTION_SHORTEST => {
            let least = SUBSCRIPTION_SHORTEST.as_secs().to_string();
            Err(Reply::new(423).with("Min-Expires", least))
        }
        other => Ok(other.min(SUBSCRIPTION_LONGEST)),
    }
}
