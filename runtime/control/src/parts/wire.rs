//! What a node tells of identities as bytes. Not here: the message around it.

use super::{Change, Entry, LEGS_MAX, Said, WORD_KEPT, Word};
use crate::locations::{INSTANCE_WIRE_BYTES, InstanceId, read_instance, write_instance};
use crate::presence::{
    IDENTITY_BYTES, Identity, STATUS_BYTES, read_identity, read_status, write_identity, write_status,
};
use crate::regions::{NODE_BYTES, NodeId};
use crate::replica::{Input, NUMBER_BYTES, Out, WORD_BYTES, Wire, WireError, text_bytes};
use std::collections::BTreeMap;
use std::time::Duration;

const LEGS_BYTES: usize = 2 * WORD_BYTES + LEGS_MAX * (INSTANCE_WIRE_BYTES + WORD_BYTES);
const SAID_BYTES: usize = text_bytes(NODE_BYTES) + NUMBER_BYTES + STATUS_BYTES + WORD_BYTES;
/// What a change is: the identity is gone, or calls with one of these.
const GONE: u8 = 0;
const CALLS: u8 = 1;
const CALLS_AND_STATUS: u8 = 2;
const CALLS_AND_NO_LONGER: u8 = 3;

impl Change {
    fn identity(&self) -> &Identity {
        match self {
            Self::Put(Entry { identity, .. }) | Self::Remove(identity) => identity,
        }
    }
}

impl Wire for Change {
    const KIND: u8 = b'p';
    const LARGEST: usize = 1 + IDENTITY_BYTES + WORD_BYTES + LEGS_BYTES + SAID_BYTES;

    fn write(&self, before: Option<&Self>, out: &mut Out) {
        let entry = match self {
            Self::Put(entry) => Some(entry),
            Self::Remove(_) => None,
        };
        let word = entry.and_then(|entry| entry.word.as_ref());
        out.byte(match (entry, word.map(|word| &word.said.status)) {
            (None, _) => GONE,
            (Some(_), None) => CALLS,
            (Some(_), Some(Some(_))) => CALLS_AND_STATUS,
            (Some(_), Some(None)) => CALLS_AND_NO_LONGER,
        });
        write_identity(self.identity(), before.map(Self::identity), out);
        if let Some(entry) = entry {
            out.number(u64::from(entry.ringing));
            write_legs(&entry.legs, out);
        }
        if let (Some(Word { by, said }), Some(entry)) = (word, entry) {
            out.text(by.as_str());
            out.number(said.at_ms);
            match &said.status {
                Some(status) => write_status(status, out),
                None => out.duration(entry.left),
            }
        }
    }

    fn read(before: Option<&Self>, input: &mut Input<'_>) -> Result<Self, WireError> {
        let kind = input.choice("a change", CALLS_AND_NO_LONGER)?;
        let identity = read_identity(before.map(Self::identity), input)?;
        if kind == GONE {
            return Ok(Self::Remove(identity));
        }
        let ringing = input.word("calls that ring")?;
        let legs = read_legs(input)?;
        let (mut word, mut left) = (None, Duration::ZERO);
        if kind != CALLS {
            let by = input.value("where something was said", NODE_BYTES, NodeId::new)?;
            let at_ms = input.number("when something was said", u64::MAX)?;
            let status = match kind {
                CALLS_AND_STATUS => Some(read_status(input)?),
                _ => {
                    left = input.duration("how long a word is kept", WORD_KEPT)?;
                    None
                }
            };
            let said = Said { at_ms, status };
            word = Some(Word { by, said });
        }
        Ok(Self::Put(Entry {
            identity,
            legs,
            ringing,
            word,
            left,
        }))
    }
}

/// Calls at no instance, then those at each.
fn write_legs(legs: &BTreeMap<Option<InstanceId>, u32>, out: &mut Out) {
    out.number(legs.get(&None).copied().unwrap_or_default().into());
    let named = || {
        legs.iter()
            .filter_map(|(instance, calls)| Some((instance.as_ref()?, calls)))
    };
    out.number(named().count() as u64);
    for (instance, calls) in named() {
        write_instance(instance, out);
        out.number(u64::from(*calls));
    }
}

/// Those without calls are left out.
fn read_legs(input: &mut Input<'_>) -> Result<BTreeMap<Option<InstanceId>, u32>, WireError> {
    let mut legs = BTreeMap::from([(None, input.word("calls")?)]);
    for _ in 0..input.number("how many instances have calls", LEGS_MAX as u64)? {
        let instance = read_instance(input)?;
        legs.insert(Some(instance), input.word("calls")?);
    }
    legs.retain(|_, calls| *calls > 0);
    Ok(legs)
}

#[cfg(test)]
mod tests;
