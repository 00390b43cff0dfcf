//! A message that is changed in a few lines and else goes on as it came, byte for byte, body included. What is mended
//! on the way is only what would let one message hide in another on a stream (RFC 3261 18.3): bare line ends in the head,
//! what follows the body, and a Content-Length that is missing or repeated.

use std::ops::Range;

use crate::headers::{Headers, is_header, split_commas, top_level};

/// What becomes of one header field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Keep,
    Gone,
    /// So many bytes of the value's front go.
    Cut(usize),
    Value(String),
}

/// One message and its changes. Fields are known by their number in [`Headers`].
pub(super) struct Edit<'a> {
    start_line: &'a [u8],
    block: &'a [u8],
    headers: &'a Headers,
    body: &'a [u8],
    changes: Vec<Change>,
    /// Lines that go in before all others.
    top: String,
}

impl<'a> Edit<'a> {
    /// `bytes` is what `headers` and `body` were read from, without a fault.
    pub(super) fn new(bytes: &'a [u8], headers: &'a Headers, body: &'a [u8]) -> Self {
        let skipped = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let text = &bytes[skipped..];
        let start = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
        let (start_line, rest) = text.split_at(start);
        Self {
            start_line,
            // Joining folded lines changes no length, so places in the parsed block are places in the text.
            block: &rest[..headers.buffer().len().min(rest.len())],
            headers,
            body,
            changes: vec![Change::Keep; headers.len()],
            top: String::new(),
        }
    }

    /// Adds a line above those that came, below those that were added before.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        for part in [name, ": ", value, "\r\n"] {
            self.top.push_str(part);
        }
    }

    /// Takes every field of this name out.
    pub(super) fn remove(&mut self, name: &str) {
        for (number, field) in self.headers.iter().enumerate() {
            if is_header(field.name.as_bytes(), name) {
                self.changes[number] = Change::Gone;
            }
        }
    }

    /// Puts a value in place of the first field's of this name, or adds one.
    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.number_of(name) {
            Some(number) => self.changes[number] = Change::Value(value),
            None => self.add(name, &value),
        }
    }

    /// Takes the first `count` members out of the comma-separated list that all fields of this name make together.
    pub(super) fn pop(&mut self, name: &str, count: usize) {
        let mut left = count;
        let fields = self.headers.iter().enumerate();
        for (number, field) in fields.filter(|(_, field)| is_header(field.name.as_bytes(), name)) {
            if left == 0 {
                return;
            }
            let Ok(value) = std::str::from_utf8(field.value) else {
                continue;
            };
            let members = split_commas(value).filter(|item| !item.is_empty()).count();
            if members <= left {
                left -= members;
                self.changes[number] = Change::Gone;
            } else {
                self.changes[number] = Change::Cut(place_of(value, left));
                left = 0;
            }
        }
    }

    /// The message as it is now.
    pub(super) fn finish(self) -> Vec<u8> {
        let room = self.start_line.len() + self.top.len() + self.block.len() + self.body.len();
        let mut out = Vec::with_capacity(room + 64);
        copy_lines(&mut out, self.start_line);
        out.extend_from_slice(self.top.as_bytes());
        let keeps_length = self.has_good_length();
        let mut fields = self.headers.spans().enumerate().peekable();
        while let Some((number, (name, value))) = fields.next() {
            let end = fields.peek().map_or(self.block.len(), |(_, (next, _))| next.start);
            if keeps_length || !is_header(&self.block[name.clone()], "Content-Length") {
                self.copy_field(&mut out, number, name.start..end, value);
            }
        }
        if !keeps_length {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.body);
        out
    }

    fn copy_field(&self, out: &mut Vec<u8>, number: usize, line: Range<usize>, value: Range<usize>) {
        match &self.changes[number] {
            Change::Keep => copy_lines(out, &self.block[line]),
            Change::Gone => {}
            Change::Cut(front) => {
                copy_lines(out, &self.block[line.start..value.start]);
                copy_lines(out, &self.block[value.start + front..line.end]);
            }
            Change::Value(text) => {
                copy_lines(out, &self.block[line.start..value.start]);
                copy_lines(out, text.as_bytes());
                copy_lines(out, &self.block[value.end..line.end]);
            }
        }
    }

    /// Whether exactly one Content-Length stands there, on one line, and tells the body's length.
    fn has_good_length(&self) -> bool {
        let mut lengths = self
            .headers
            .spans()
            .filter(|(name, _)| is_header(&self.block[name.clone()], "Content-Length"));
        let Some((name, value)) = lengths.next() else {
            return false;
        };
        // A fold between name and colon is understood here, and not by whoever cuts a stream into messages.
        let is_folded = memchr::memchr2(b'\r', b'\n', &self.block[name.start..value.end]).is_some();
        let text = std::str::from_utf8(&self.block[value]).ok();
        let length = text.and_then(|text| text.parse().ok());
        length == Some(self.body.len()) && !is_folded && lengths.next().is_none()
    }

    fn number_of(&self, name: &str) -> Option<usize> {
        let mut fields = self.headers.iter();
        fields.position(|field| is_header(field.name.as_bytes(), name))
    }
}

/// Where the member with this number begins, counting those that are not empty. The end if there are fewer.
fn place_of(list: &str, number: usize) -> usize {
    let (mut at, mut seen) = (0, 0);
    loop {
        let rest = &list[at..];
        let cut = top_level(rest, b',');
        let member = &rest[..cut.unwrap_or(rest.len())];
        if !member.trim_ascii().is_empty() {
            if seen == number {
                return at + (member.len() - member.trim_ascii_start().len());
            }
            seen += 1;
        }
        match cut {
            Some(cut) => at += cut + 1,
            None => return list.len(),
        }
    }
}

/// Copies lines of a head. A line feed without its carriage return gets one, a carriage return alone becomes a space.
fn copy_lines(out: &mut Vec<u8>, mut text: &[u8]) {
    while let Some(at) = memchr::memchr2(b'\r', b'\n', text) {
        out.extend_from_slice(&text[..at]);
        text = match &text[at..] {
            [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => {
                out.extend_from_slice(b"\r\n");
                rest
            }
            rest => {
                out.push(b' ');
                &rest[1..]
            }
        };
    }
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests;
