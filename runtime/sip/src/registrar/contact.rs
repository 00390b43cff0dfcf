//! What a REGISTER asks for, read and checked; and when two contacts are the same. RFC 3261 10.2, 10.3, 19.1.4, RFC 3327,
//! RFC 5626 6. Not what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use super::RegistrarConfig;
use crate::address::NameAddr;
use crate::limits::{CONTACT_BYTES, CONTACTS_PER_USER, INSTANCE_BYTES, ROUTE_SET, USER_AGENT_BYTES};
use crate::message::Request;
use crate::outside::Reply;
use crate::uri::{Scheme, Uri};

/// One REGISTER's wishes.
pub(super) struct Wanted {
    pub(super) wish: Wish,
    pub(super) path: Vec<String>,
    pub(super) call_id: Arc<str>,
    pub(super) cseq: u32,
    pub(super) user_agent: Option<Arc<str>>,
    /// Some contact is a flow of RFC 5626.
    pub(super) is_outbound: bool,
}

pub(super) enum Wish {
    /// No Contact: only tell what there is.
    Query,
    /// `*`
    RemoveAll,
    /// At most [`CONTACTS_PER_USER`].
    Contacts(Vec<Contact>),
}

pub(super) struct Contact {
    pub(super) uri: Uri,
    pub(super) instance: Option<Arc<str>>,
    pub(super) reg_id: Option<u32>,
    /// In thousandths.
    pub(super) q: u16,
    /// Zero: remove it.
    pub(super) lasts: Duration,
}

impl Wanted {
    /// Reads a REGISTER, or gives the refusal.
    pub(super) fn read(request: &Request, config: &RegistrarConfig) -> Result<Self, Reply> {
        let bad = || Reply::new(400);
        let call_id = request.call_id().ok_or_else(bad)?;
        let cseq = request.cseq().map_err(|_| bad())?.number;
        let path: Vec<_> = request
            .headers
            .list("Path")
            .take(ROUTE_SET + 1)
            .map(str::to_owned)
            .collect();
        let readable = |value: &String| NameAddr::parse(value).is_ok();
        if path.len() > ROUTE_SET || !path.iter().all(readable) {
            return Err(bad());
        }
        let mut wish = wish(request, config)?;
        let is_outbound = outbound(request, &path, &mut wish)?;
        Ok(Self {
            wish,
            path,
            call_id: call_id.into(),
            cseq,
            user_agent: request
                .headers
                .first("User-Agent")
                .map(|text| cut(text, USER_AGENT_BYTES).into()),
            is_outbound,
        })
    }

    /// No registration is longer than this.
    pub(super) fn cut(&mut self, longest: Duration) {
        if let Wish::Contacts(contacts) = &mut self.wish {
            contacts
                .iter_mut()
                .for_each(|contact| contact.lasts = contact.lasts.min(longest));
        }
    }
}

fn wish(request: &Request, config: &RegistrarConfig) -> Result<Wish, Reply> {
    let bad = || Reply::new(400);
    let unusable = request
        .headers
        .raw("Contact")
        .any(|value| std::str::from_utf8(value).is_err());
    let values: Vec<_> = request.headers.list("Contact").take(CONTACTS_PER_USER + 1).collect();
    let expires = request.headers.first("Expires");
    match values[..] {
        _ if unusable => Err(bad()),
        [] => Ok(Wish::Query),
        ["*"] if expires.map(seconds) == Some(Some(0)) => Ok(Wish::RemoveAll),
        _ if values.contains(&"*") => Err(bad()),
        _ if values.len() > CONTACTS_PER_USER => Err(Reply::new(403)),
        _ => values
            .iter()
            .map(|value| Contact::read(value, expires, config))
            .collect::<Result<_, _>>()
            .map(Wish::Contacts),
    }
}

impl Contact {
    fn read(value: &str, expires: Option<&str>, config: &RegistrarConfig) -> Result<Self, Reply> {
        let bad = || Reply::new(400);
        if value.len() > CONTACT_BYTES {
            return Err(bad());
        }
        let contact = NameAddr::parse(value).map_err(|_| bad())?;
        if !matches!(contact.uri.scheme(), Scheme::Sip | Scheme::Sips) || contact.uri.has_headers() {
            return Err(bad());
        }
        let written = contact.param("expires").or(expires);
        let lasts = match written.and_then(seconds) {
            Some(seconds) => Duration::from_secs(seconds),
            None => config.usual,
        };
        if !lasts.is_zero() && lasts < config.shortest {
            return Err(Reply::new(423).with("Min-Expires", config.shortest.as_secs().to_string()));
        }
        let instance = contact.param("+sip.instance").and_then(instance);
        Ok(Self {
            reg_id: instance.as_ref().and(contact.param("reg-id")).and_then(reg_id),
            instance: instance.map(Into::into),
            q: contact.param("q").and_then(thousandths).unwrap_or(1000),
            lasts: lasts.min(config.longest),
            uri: contact.uri,
        })
    }
}

/// Whether outbound is used. Without the phone's support a reg-id means nothing; with it, a proxy nearest to the phone
/// that does not support it makes the flow useless: 439.
fn outbound(request: &Request, path: &[String], wish: &mut Wish) -> Result<bool, Reply> {
    let Wish::Contacts(contacts) = wish else {
        return Ok(false);
    };
    if !supports(request, "outbound") {
        contacts.iter_mut().for_each(|contact| contact.reg_id = None);
        return Ok(false);
    }
    let flows = contacts.iter().filter(|contact| contact.reg_id.is_some());
    let (all, lasting) = (
        flows.clone().count(),
        flows.filter(|contact| !contact.lasts.is_zero()).count(),
    );
    if lasting > 1 {
        return Err(Reply::new(400));
    }
    let has_proxies = request.headers.list("Via").nth(1).is_some();
    let nearest = path.last().and_then(|value| NameAddr::parse(value).ok());
    if all > 0 && has_proxies && nearest.is_none_or(|nearest| nearest.uri.param("ob").is_none()) {
        return Err(Reply::new(439));
    }
    Ok(all > 0)
}

/// Whether the sender supports an extension.
pub(super) fn supports(request: &Request, tag: &str) -> bool {
    let tags = request.headers.list("Supported").chain(request.headers.list("Require"));
    tags.into_iter().any(|found| found.eq_ignore_ascii_case(tag))
}

/// Delta seconds; more than fits is as much as fits. `None`: not a number.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse::<u32>().unwrap_or(u32::MAX).into())
}

/// 1 up to 2^31-1 (RFC 5626 4.2).
fn reg_id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| (1..1 << 31).contains(number))
}

/// `0.5` as 500. `None`: not a q value.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1000),
        _ => None,
    }
}

/// The URN inside `"<...>"`.
fn instance(text: &str) -> Option<&str> {
    let urn = text.strip_prefix("\"<")?.strip_suffix(">\"")?;
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"\\".contains(&byte);
    (!urn.is_empty() && urn.len() <= INSTANCE_BYTES && urn.bytes().all(plain)).then_some(urn)
}

/// The beginning of a text, at most `bytes` long.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The address of record an address means: `user@host`, unescaped, the host in lower case (RFC 3261 10.3 step 5).
/// `None`: it has no user, another scheme, or escapes that are no text.
pub fn address_of_record(uri: &Uri) -> Option<String> {
    if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) {
        return None;
    }
    let user = unescaped(uri.user()?)?;
    // A number may carry parameters of its own (RFC 3261 19.1.6); they do not name another user.
    let user = user.split(';').next().unwrap_or_default();
    let plain = !user.is_empty() && !user.contains(|letter: char| letter.is_control() || letter == '@');
    plain.then(|| format!("{user}@{}", uri.host().to_ascii_lowercase()))
}

/// The text with its `%41` turned into letters. `None`: they are no UTF-8.
pub(super) fn unescaped(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escape = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex_pair(*high, *low).map(|byte| (byte, after)),
            _ => None,
        };
        match escape {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

/// Whether two contacts are the same address (RFC 3261 19.1.4).
pub(super) fn same_contact(one: &Uri, other: &Uri) -> bool {
    let user = |uri: &Uri| {
        uri.user()
            .map(|user| unescaped(user).unwrap_or_else(|| user.to_owned()))
    };
    one.scheme() == other.scheme()
        && one.port() == other.port()
        && one.host().eq_ignore_ascii_case(other.host())
        && user(one) == user(other)
        && params_agree(one, other)
        && params_agree(other, one)
}

/// Parameters that stand in both must be equal, and some must stand in both.
fn params_agree(one: &Uri, other: &Uri) -> bool {
    const IN_BOTH: [&str; 5] = ["transport", "user", "ttl", "method", "maddr"];
    one.params().all(|(name, value)| match other.param(name) {
        Some(found) => found.eq_ignore_ascii_case(value.unwrap_or_default()),
        None => !IN_BOTH.iter().any(|must| must.eq_ignore_ascii_case(name)),
    })
}

#[cfg(test)]
mod tests;
