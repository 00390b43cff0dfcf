//! Messages as bytes, for whatever carries them between nodes. What a change is made of is written where the change is
//! ([`Wire`]); here is the rest. Not here: compression, secrecy, and who may send.
//!
//! A byte for the format, a byte for what it is about, the head, and then the changes, each of which may leave out what it has in common
//! with the one before. Numbers are seven bits to a byte, the lowest first, so that small ones are short; texts have their length
//! before them. **What is read is held to every limit before memory is taken for it**: bytes from anywhere give a
//! message that could have been made, or an error that says what is wrong and where. A node of another format reads nothing.

mod fields;

pub use fields::{Fault, Input, Out, WireError};
pub(crate) use fields::{IP_BYTES, NUMBER_BYTES, WORD_BYTES, text_bytes};

use super::{Body, CHANGES_PER_MESSAGE, Message, PARTS_MAX};
use crate::regions::{NODE_BYTES, NodeId, REGION_BYTES, Region};

/// The format of this release.
pub const FORMAT: u8 = 1;
/// Bytes of a message. None is longer: 64 of the longest changes have 352 KiB.
pub const MESSAGE_BYTES: usize = 512 << 10;
/// Bytes of all but the changes, at most: format and kind, writer, region, incarnation, number, body, and the numbers of a part.
const HEAD_BYTES: usize =
    2 + text_bytes(NODE_BYTES) + text_bytes(REGION_BYTES) + 2 * NUMBER_BYTES + 1 + 4 * NUMBER_BYTES;
/// Incarnations, numbers and sequences that a message may speak of: one more can always be counted.
const COUNTED_MAX: u64 = 1 << 62;

/// A change that can be written and read.
pub trait Wire: Sized {
    /// What the change is about, to tell messages of different cores apart.
    const KIND: u8;
    /// Bytes of the longest.
    const LARGEST: usize;

    /// Writes it. The change before it in the message has what need not be repeated.
    fn write(&self, before: Option<&Self>, out: &mut Out);

    /// Reads what was written.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn read(before: Option<&Self>, input: &mut Input<'_>) -> Result<Self, WireError>;
}

impl<C: Wire> Message<C> {
    /// The message as bytes, at most [`MESSAGE_BYTES`].
    pub fn to_bytes(&self) -> Vec<u8> {
        const { assert!(HEAD_BYTES + CHANGES_PER_MESSAGE * C::LARGEST <= MESSAGE_BYTES) };
        let mut out = Out::default();
        out.byte(FORMAT);
        out.byte(C::KIND);
        out.text(self.from.as_str());
        out.text(self.region.as_str());
        out.number(self.incarnation);
        out.number(self.number);
        match &self.body {
            Body::Beat { sequence } => {
                out.byte(0);
                out.number(*sequence);
            }
            Body::Changes { first, changes } => {
                out.byte(1);
                out.number(*first);
                write_all(changes, &mut out);
            }
            Body::Part {
                through,
                part,
                parts,
                entries,
            } => {
                out.byte(2);
                out.number(*through);
                out.number(u64::from(*part));
                out.number(u64::from(*parts));
                write_all(entries, &mut out);
            }
            Body::Ask => out.byte(3),
            Body::Left => out.byte(4),
        }
        out.into_bytes()
    }

    /// The message of these bytes.
    ///
    /// # Errors
    /// They are none of this format about this, or something in it is out of its range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Input::new(bytes);
        if bytes.len() > MESSAGE_BYTES {
            return Err(input.fault("a message", Fault::Long(bytes.len(), MESSAGE_BYTES)));
        }
        match input.byte("the format")? {
            FORMAT => {}
            other => return Err(input.fault("the format", Fault::Choice(other, FORMAT))),
        }
        let kind = input.byte("what the message is about")?;
        if kind != C::KIND {
            return Err(input.fault("what the message is about", Fault::Choice(kind, C::KIND)));
        }
        let message = Self {
            from: input.value("the writer", NODE_BYTES, NodeId::new)?,
            region: input.value("its region", REGION_BYTES, Region::new)?,
            incarnation: input.number("its incarnation", COUNTED_MAX)?,
            number: input.number("the number of the message", COUNTED_MAX)?,
            body: read_body(&mut input)?,
        };
        input.end()?;
        Ok(message)
    }
}

fn read_body<C: Wire>(input: &mut Input<'_>) -> Result<Body<C>, WireError> {
    Ok(match input.choice("the body", 4)? {
        0 => Body::Beat {
            sequence: input.number("the last sequence", COUNTED_MAX)?,
        },
        1 => {
            let first = input.number("the first sequence", COUNTED_MAX)?;
            let changes = read_all(input)?;
            Body::Changes { first, changes }
        }
        2 => {
            let through = input.number("the sequence of a whole", COUNTED_MAX)?;
            let part = input.number("the number of a part", u64::from(PARTS_MAX) - 1)? as u32;
            let parts = input.number("how many parts there are", u64::from(PARTS_MAX))? as u32;
            if part >= parts {
                let why = Fault::Value(format!("it is {part} of {parts}; parts are numbered from 0"));
                return Err(input.fault("the number of a part", why));
            }
            let entries = read_all(input)?;
            Body::Part {
                through,
                part,
                parts,
                entries,
            }
        }
        3 => Body::Ask,
        _ => Body::Left,
    })
}

fn write_all<C: Wire>(changes: &[C], out: &mut Out) {
    debug_assert!(
        changes.len() <= CHANGES_PER_MESSAGE,
        "the outbox makes messages of no more changes"
    );
    out.number(changes.len() as u64);
    let mut before = None;
    for change in changes {
        change.write(before, out);
        before = Some(change);
    }
}

fn read_all<C: Wire>(input: &mut Input<'_>) -> Result<Vec<C>, WireError> {
    let many = input.number("how many changes there are", CHANGES_PER_MESSAGE as u64)?;
    let mut changes = Vec::new();
    for _ in 0..many {
        let change = C::read(changes.last(), input)?;
        changes.push(change);
    }
    Ok(changes)
}

#[cfg(test)]
pub(crate) mod tests;
