//! `From`, `To`, `Contact`, `Record-Route`: a display name, an address and header parameters. RFC 3261 20.10, 25.1.
//! Lenient in one thing: an unquoted display name may hold any text, since real phones send such.

use std::fmt;

use crate::headers::top_level;
use crate::parse::Fault;
use crate::uri::{Uri, locate};

/// A parsed name-addr or addr-spec. `Debug` leaves name and address out.
#[derive(Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name, unquoted and unescaped.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// Header parameters in order (`tag`, `expires`, `+sip.instance`...), values as written.
    pub params: Vec<(String, Option<String>)>,
}

/// The pieces of a name-addr, borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Pieces<'a> {
    display: &'a str,
    pub(crate) uri: &'a str,
    params: &'a str,
}

impl NameAddr {
    /// An address without name and parameters.
    pub fn new(uri: Uri) -> Self {
        Self {
            display: None,
            uri,
            params: Vec::new(),
        }
    }

    /// Reads one value (not a comma-separated list).
    ///
    /// # Errors
    /// The fault: unbalanced quotes or brackets, no address, an address that is none.
    pub fn parse(value: &str) -> Result<Self, Fault> {
        let pieces = Pieces::of(value)?;
        let display = match pieces.display {
            "" => None,
            name => Some(unquote(name)),
        };
        let params = pieces
            .params()
            .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
            .collect();
        Ok(Self {
            display,
            uri: Uri::parse(pieces.uri)?,
            params,
        })
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&str> {
        self.param("tag")
    }

    /// A header parameter's value, empty if it has none. Names ignore case.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.display {
            let escaped = name
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace(['\r', '\n'], " ");
            write!(f, "\"{escaped}\" ")?;
        }
        write!(f, "<{}>", self.uri)?;
        for (name, value) in &self.params {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameAddr({:?})", self.uri)
    }
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(value: &'a str) -> Result<Self, Fault> {
        let value = value.trim_ascii();
        if !quotes_balance(value) {
            return Err(Fault::Quotes);
        }
        match open_angle(value) {
            Some(open) => {
                let close = memchr::memchr(b'>', &value.as_bytes()[open..])
                    .map(|at| open + at)
                    .ok_or(Fault::Address)?;
                let tail = value[close + 1..].trim_ascii();
                if !tail.is_empty() && !tail.starts_with(';') {
                    return Err(Fault::Address);
                }
                let display = value[..open].trim_ascii();
                Ok(Self {
                    display,
                    uri: value[open + 1..close].trim_ascii(),
                    params: tail,
                })
            }
            // Without brackets every parameter belongs to the header, and `?` or `,` may not stand in the address.
            None => {
                let cut = memchr::memchr(b';', value.as_bytes()).unwrap_or(value.len());
                let uri = value[..cut].trim_ascii();
                if uri.contains([',', '?']) {
                    return Err(Fault::Address);
                }
                Ok(Self {
                    display: "",
                    uri,
                    params: &value[cut..],
                })
            }
        }
    }

    /// Checks the address without copying it.
    pub(crate) fn check(self) -> Result<Self, Fault> {
        locate(self.uri)?;
        Ok(self)
    }

    pub(crate) fn params(self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        params(self.params)
    }

    pub(crate) fn tag(self) -> Option<&'a str> {
        self.params()
            .find(|(name, _)| name.eq_ignore_ascii_case("tag"))
            .and_then(|(_, value)| value)
    }
}

/// Header parameters: `;name=value;flag;quoted="a;b"`, white space around separators allowed.
pub(crate) fn params(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = top_level(text, b';');
        rest = cut.map(|at| &text[at + 1..]);
        Some(text[..cut.unwrap_or(text.len())].trim_ascii())
    })
    .filter(|part| !part.is_empty())
    .map(|part| match part.split_once('=') {
        Some((name, value)) => (name.trim_ascii(), Some(value.trim_ascii())),
        None => (part, None),
    })
}

/// The first `<` outside quotes.
fn open_angle(value: &str) -> Option<usize> {
    top_level(value, b'<')
}

fn quotes_balance(value: &str) -> bool {
    if memchr::memchr(b'"', value.as_bytes()).is_none() {
        return true;
    }
    let (mut quoted, mut escaped) = (false, false);
    for byte in value.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

fn unquote(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return name.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for letter in inner.chars() {
        if letter == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests;
