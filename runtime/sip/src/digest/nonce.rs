//! Nonces that nobody else can make and that need no table: the time, a number and a keyed hash over both and the
//! peer's address (RFC 7616 5.4). And the one table there is: which uses of a nonce have been seen.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::hex;
use crate::keyed::{Keyed, equal_in_constant_time};
use crate::limits::NONCES_IN_USE;

/// Digits of the time, of the number and of the hash in a nonce.
const TIME: usize = 12;
const NUMBER: usize = 8;
const MARK: usize = 32;

/// A nonce of ours: when it was made and which one of then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Made {
    ms: u64,
    number: u32,
}

/// Makes nonces and recognises them.
pub(super) struct Mint {
    key: Keyed,
    origin: Instant,
    made: u32,
}

impl Mint {
    pub(super) fn new(now: Instant, key: [u8; 32]) -> Self {
        Self {
            key: Keyed::new(&key),
            origin: now,
            made: 0,
        }
    }

    pub(super) fn make(&mut self, now: Instant, peer: IpAddr) -> String {
        self.made = self.made.wrapping_add(1);
        let made = Made {
            ms: self.ms(now),
            number: self.made,
        };
        self.print(made, peer)
    }

    /// Which nonce this is, if it is ours and was made for this peer at most `lifetime` ago.
    pub(super) fn read(&self, now: Instant, nonce: &str, peer: IpAddr, lifetime: Duration) -> Option<Made> {
        if nonce.len() != TIME + NUMBER + MARK || !nonce.is_ascii() {
            return None;
        }
        let made = Made {
            ms: u64::from_str_radix(&nonce[..TIME], 16).ok()?,
            number: u32::from_str_radix(&nonce[TIME..TIME + NUMBER], 16).ok()?,
        };
        let ours = equal_in_constant_time(self.print(made, peer).as_bytes(), nonce.as_bytes());
        let age = self.ms(now).checked_sub(made.ms)?;
        (ours && u128::from(age) <= lifetime.as_millis()).then_some(made)
    }

    fn print(&self, made: Made, peer: IpAddr) -> String {
        let address = match peer.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        let mark = self.keyed_hash(&[&made.ms.to_be_bytes(), &made.number.to_be_bytes(), &address]);
        format!("{:012x}{:08x}{}", made.ms, made.number, hex(&mark[..MARK / 2]))
    }

    fn ms(&self, at: Instant) -> u64 {
        // 48 bits of milliseconds are 8,900 years.
        at.saturating_duration_since(self.origin).as_millis() as u64 & ((1 << (TIME * 4)) - 1)
    }

    pub(super) fn keyed_hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.key.hash(parts)
    }
}

/// Which uses of which nonce have been seen: only nonces that a right answer came with are here, at most
/// [`NONCES_IN_USE`]. When full the oldest is forgotten and every nonce as old counts as stale, so nothing that was
/// forgotten can be used again.
#[derive(Default)]
pub(super) struct Uses {
    seen: BTreeMap<Made, Window>,
    /// Nonces up to this one are stale.
    forgotten: Option<Made>,
}

/// The highest count seen and the 64 below it: datagrams may overtake each other.
#[derive(Default)]
struct Window {
    highest: u32,
    below: u64,
}

impl Uses {
    /// Notes a use. False: seen before, or too old to tell.
    pub(super) fn note(&mut self, made: Made, count: u32) -> bool {
        if self.forgotten.is_some_and(|forgotten| made <= forgotten) {
            return false;
        }
        let is_new = self.seen.entry(made).or_default().note(count);
        if self.seen.len() > NONCES_IN_USE
            && let Some((oldest, _)) = self.seen.pop_first()
        {
            self.forgotten = self.forgotten.max(Some(oldest));
        }
        is_new
    }

    /// Forgets the nonces older than `lifetime`.
    pub(super) fn forget_before(&mut self, mint: &Mint, now: Instant, lifetime: Duration) {
        let now_ms = u128::from(mint.ms(now));
        while let Some(entry) = self.seen.first_entry() {
            if u128::from(entry.key().ms) + lifetime.as_millis() >= now_ms {
                break;
            }
            entry.remove();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }
}

impl Window {
    /// A count of 0 stands for the answer without one (RFC 2069).
    fn note(&mut self, count: u32) -> bool {
        // Bit 0 of `below` is `highest` itself; a fresh window has seen nothing.
        if count > self.highest {
            let by = count - self.highest;
            self.below = self.below.checked_shl(by).unwrap_or(0);
            self.highest = count;
        }
        let bit = 1_u64.checked_shl(self.highest - count).unwrap_or(0);
        let is_new = bit != 0 && self.below & bit == 0;
        self.below |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests;
