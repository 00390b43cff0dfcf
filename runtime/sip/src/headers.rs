//! Header fields, lossless: order, case, unknown names and raw bytes are kept. Folded lines are joined (the CR and LF
//! of a fold become spaces, RFC 3261 7.3.1). Not a map: repeated fields stay repeated. Compact names are RFC 3261 7.3.3.

use std::fmt;
use std::ops::Range;

/// The header fields of one message: one buffer and the ranges of names and values in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    buffer: Vec<u8>,
    fields: Vec<Spans>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Spans {
    name: Range<u32>,
    value: Range<u32>,
}

/// One header field as it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written, compact or long.
    pub name: &'a str,
    /// The value without surrounding white space. Not always UTF-8.
    pub value: &'a [u8],
}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.fields.iter().map(|spans| Field {
            name: self.name_of(spans),
            value: self.bytes_of(&spans.value),
        })
    }

    /// How many fields there are (a field with several comma-separated values counts once).
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The raw values of every field called `name` (long form; compact forms match too, case is ignored).
    pub fn raw<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields
            .iter()
            .filter(move |spans| is_header(self.bytes_of(&spans.name), name))
            .map(|spans| self.bytes_of(&spans.value))
    }

    /// The values of every field called `name` that are UTF-8. One field is one item, commas are not split.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.raw(name).filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of `name`, if it is UTF-8.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.raw(name).next().and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The members of a comma-separated list over all fields called `name`, trimmed, quotes respected.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values(name).flat_map(split_commas).filter(|item| !item.is_empty())
    }

    /// Appends a field. CR and LF in name or value become spaces, so that neither can add a line.
    pub fn push(&mut self, name: &str, value: &str) {
        let start = self.buffer.len();
        let no_line_end = |byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
        self.buffer.extend(name.bytes().map(no_line_end));
        let middle = self.buffer.len();
        self.buffer.extend(value.bytes().map(no_line_end));
        let end = self.buffer.len();
        self.fields.push(Spans {
            name: span(start, middle),
            value: span(middle, end),
        });
    }

    /// For the parser: takes the header block as it came; `add_parsed` then names the ranges.
    pub(crate) fn over(buffer: Vec<u8>) -> Self {
        Self {
            buffer,
            fields: Vec::with_capacity(24),
        }
    }

    pub(crate) fn add_parsed(&mut self, name: Range<usize>, value: Range<usize>) {
        self.fields.push(Spans {
            name: span(name.start, name.end),
            value: span(value.start, value.end),
        });
    }

    /// Joins a folded line: blanks the line ends inside `range`.
    pub(crate) fn blank_line_ends(&mut self, range: Range<usize>) {
        for byte in &mut self.buffer[range] {
            if matches!(*byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }

    /// Where name and value of each field stand in the buffer.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let wide = |range: &Range<u32>| range.start as usize..range.end as usize;
        self.fields
            .iter()
            .map(move |spans| (wide(&spans.name), wide(&spans.value)))
    }

    pub(crate) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    fn name_of(&self, spans: &Spans) -> &str {
        std::str::from_utf8(self.bytes_of(&spans.name)).expect("names are tokens, checked when they were added")
    }

    fn bytes_of(&self, range: &Range<u32>) -> &[u8] {
        &self.buffer[range.start as usize..range.end as usize]
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} fields)", self.fields.len())
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({}, {} bytes)", self.name, self.value.len())
    }
}

/// Whether a name as written is the header called `long`.
pub(crate) fn is_header(written: &[u8], long: &str) -> bool {
    match written {
        [letter] => {
            compact_form(long) == Some(letter.to_ascii_lowercase()) || written.eq_ignore_ascii_case(long.as_bytes())
        }
        _ => written.len() == long.len() && written.eq_ignore_ascii_case(long.as_bytes()),
    }
}

/// Splits at commas outside quotes and angle brackets, trimming each part.
pub(crate) fn split_commas(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let cut = top_level(text, b',');
        rest = cut.map(|at| &text[at + 1..]);
        Some(text[..cut.unwrap_or(text.len())].trim_ascii())
    })
}

/// The white space of SIP's LWS once lines are joined.
pub(crate) const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Where `wanted` first stands outside quotes and angle brackets.
pub(crate) fn top_level(text: &str, wanted: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    // Most values hold no quotes and brackets.
    if memchr::memchr2(b'"', b'<', bytes).is_none() {
        return memchr::memchr(wanted, bytes);
    }
    let (mut quoted, mut escaped, mut angled) = (false, false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match byte {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if byte == wanted && !angled {
            return Some(at);
        } else {
            match byte {
                b'"' if !angled => quoted = true,
                b'<' => angled = true,
                b'>' => angled = false,
                _ => {}
            }
        }
    }
    None
}

fn span(start: usize, end: usize) -> Range<u32> {
    let fit = |at: usize| u32::try_from(at).expect("a header block is far below 4 GiB: parse and push are limited");
    fit(start)..fit(end)
}

/// The registered compact forms (IANA, RFC 3261, 3515, 3891 and kin).
fn compact_form(long: &str) -> Option<u8> {
    const FORMS: [(&str, u8); 20] = [
        ("Via", b'v'),
        ("From", b'f'),
        ("To", b't'),
        ("Call-ID", b'i'),
        ("Contact", b'm'),
        ("Content-Length", b'l'),
        ("Content-Type", b'c'),
        ("Content-Encoding", b'e'),
        ("Supported", b'k'),
        ("Subject", b's'),
        ("Allow-Events", b'u'),
        ("Event", b'o'),
        ("Refer-To", b'r'),
        ("Referred-By", b'b'),
        ("Session-Expires", b'x'),
        ("Accept-Contact", b'a'),
        ("Reject-Contact", b'j'),
        ("Request-Disposition", b'd'),
        ("Identity", b'y'),
        ("Identity-Info", b'n'),
    ];
    FORMS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(long))
        .map(|(_, letter)| *letter)
}

#[cfg(test)]
mod tests;
