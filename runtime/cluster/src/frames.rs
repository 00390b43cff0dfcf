//! What nodes write to each other, byte for byte: entries, requests, answers and changes. All begin with the number of the
//! format; whatever has another is not read. Numbers are big-endian. The host's own bytes stand last and are not looked at.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use patchcord_control::regions::{NodeId, Region};
use std::time::Duration;

/// The format of this release.
const FORMAT: u8 = 1;
/// Topics there are: a place for each in an entry.
pub(crate) const TOPICS: usize = 2;

/// A node's entry in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) incarnation: u64,
    /// What it told last in each topic, as of its renewal before this one: what is under way is no gap.
    pub(crate) heads: [u64; TOPICS],
    pub(crate) region: Region,
    pub(crate) bytes: Bytes,
}

impl Entry {
    pub(crate) fn write(&self) -> Bytes {
        let region = self.region.as_str().as_bytes();
        let mut out = BytesMut::with_capacity(32 + region.len() + self.bytes.len());
        out.put_u8(FORMAT);
        out.put_u64(self.incarnation);
        for head in self.heads {
            out.put_u64(head);
        }
        short_text(&mut out, region);
        out.put_slice(&self.bytes);
        out.freeze()
    }

    pub(crate) fn read(mut bytes: Bytes) -> Option<Self> {
        format(&mut bytes)?;
        let incarnation = bytes.try_get_u64().ok()?;
        let mut heads = [0; TOPICS];
        for head in &mut heads {
            *head = bytes.try_get_u64().ok()?;
        }
        let region = Region::new(&read_short_text(&mut bytes)?).ok()?;
        Some(Self {
            incarnation,
            heads,
            region,
            bytes,
        })
    }
}

/// A request, also one for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// How long its answer is waited for.
    pub(crate) patience: Duration,
    pub(crate) from: NodeId,
    pub(crate) bytes: Bytes,
}

impl Request {
    pub(crate) fn write(&self) -> Bytes {
        let from = self.from.as_str().as_bytes();
        let mut out = BytesMut::with_capacity(8 + from.len() + self.bytes.len());
        out.put_u8(FORMAT);
        out.put_u32(u32::try_from(self.patience.as_millis()).unwrap_or(u32::MAX));
        short_text(&mut out, from);
        out.put_slice(&self.bytes);
        out.freeze()
    }

    pub(crate) fn read(mut bytes: Bytes) -> Option<Self> {
        format(&mut bytes)?;
        let patience = Duration::from_millis(bytes.try_get_u32().ok()?.into());
        let from = NodeId::new(&read_short_text(&mut bytes)?).ok()?;
        Some(Self { patience, from, bytes })
    }
}

/// A piece of an answer, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A piece, by its number from 0; more follow.
    Piece(u32, Bytes),
    /// The last piece.
    Last(u32, Bytes),
    /// As many requests are being answered as may be.
    Busy,
    /// Whoever took it let it fall.
    Unanswered,
    /// The answer is longer than may be: its bytes.
    TooLarge(u64),
}

impl Answer {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(FORMAT);
        match self {
            Self::Piece(number, bytes) | Self::Last(number, bytes) => {
                out.reserve(5 + bytes.len());
                out.put_u8(u8::from(matches!(self, Self::Last(..))));
                out.put_u32(*number);
                out.put_slice(bytes);
            }
            Self::Busy => out.put_u8(2),
            Self::Unanswered => out.put_u8(3),
            Self::TooLarge(bytes) => {
                out.put_u8(4);
                out.put_u64(*bytes);
            }
        }
        out.freeze()
    }

    pub(crate) fn read(mut bytes: Bytes) -> Option<Self> {
        format(&mut bytes)?;
        Some(match bytes.try_get_u8().ok()? {
            0 => Self::Piece(bytes.try_get_u32().ok()?, bytes),
            1 => Self::Last(bytes.try_get_u32().ok()?, bytes),
            2 => Self::Busy,
            3 => Self::Unanswered,
            4 => Self::TooLarge(bytes.try_get_u64().ok()?),
            _ => return None,
        })
    }
}

/// A change, or a snapshot: bytes as of a number of the node's own sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) incarnation: u64,
    pub(crate) sequence: u64,
    pub(crate) bytes: Bytes,
}

/// Bytes before the host's own.
pub(crate) const NUMBERED_HEAD: usize = 17;

impl Numbered {
    pub(crate) fn write(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(NUMBERED_HEAD + self.bytes.len());
        out.put_u8(FORMAT);
        out.put_u64(self.incarnation);
        out.put_u64(self.sequence);
        out.put_slice(&self.bytes);
        out.freeze()
    }

    pub(crate) fn read(mut bytes: Bytes) -> Option<Self> {
        format(&mut bytes)?;
        Some(Self {
            incarnation: bytes.try_get_u64().ok()?,
            sequence: bytes.try_get_u64().ok()?,
            bytes,
        })
    }
}

fn format(bytes: &mut Bytes) -> Option<()> {
    (bytes.try_get_u8().ok()? == FORMAT).then_some(())
}

/// Names of nodes and regions have at most 64 bytes.
fn short_text(out: &mut BytesMut, text: &[u8]) {
    out.put_u8(u8::try_from(text.len()).expect("names are short"));
    out.put_slice(text);
}

fn read_short_text(bytes: &mut Bytes) -> Option<String> {
    let length = usize::from(bytes.try_get_u8().ok()?);
    if length > bytes.len() {
        return None;
    }
    String::from_utf8(bytes.split_to(length).to_vec()).ok()
}

#[cfg(test)]
mod tests;
