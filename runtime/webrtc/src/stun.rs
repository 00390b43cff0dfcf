//! STUN messages as ICE has them (RFC 8489, RFC 8445 section 16): Binding only, with the short-term credential. Reading borrows and
//! judges the form; whether a message is signed is asked separately, since that costs more. Nothing here knows a candidate or a time.

mod crc;
mod writing;

pub(crate) use writing::Writer;

use aws_lc_rs::{constant_time, hmac};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const HEADER: usize = 20;
const COOKIE: u32 = 0x2112_a442;
const BINDING: u16 = 1;
/// Bytes of a signature (HMAC-SHA1).
const SIGNATURE: usize = 20;
/// What the checksum is mixed with, so that it is not the one of another protocol ("STUN").
const FINGERPRINT_MASK: u32 = 0x5354_554e;
/// Attributes that we had to understand and did not, of which an answer names at most so many.
const UNKNOWN_NAMED: usize = 4;

/// Numbers of attributes.
mod attribute {
    pub(super) const USERNAME: u16 = 0x0006;
    pub(super) const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub(super) const ERROR_CODE: u16 = 0x0009;
    pub(super) const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub(super) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub(super) const PRIORITY: u16 = 0x0024;
    pub(super) const USE_CANDIDATE: u16 = 0x0025;
    pub(super) const FINGERPRINT: u16 = 0x8028;
    pub(super) const ICE_CONTROLLED: u16 = 0x8029;
    pub(super) const ICE_CONTROLLING: u16 = 0x802a;
    /// From here on an attribute may be passed over by who does not know it.
    pub(super) const OPTIONAL: u16 = 0x8000;
}

/// Ties an answer to its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransactionId(pub(crate) [u8; 12]);

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Wants an answer.
    Request,
    /// Wants none.
    Indication,
    /// It went well.
    Success,
    /// It did not.
    Error,
}

/// Who decides which pair is used (RFC 8445 section 6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one who decides.
    Controlling,
    /// The other.
    Controlled,
}

/// Why bytes are no STUN message that ICE could use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StunError {
    /// It is not even the form of one.
    NotStun,
    /// The length in the header is not that of the datagram.
    WrongLength,
    /// Another method than Binding.
    NotBinding,
    /// An attribute goes beyond the end, or is not what it should be: its number.
    BadAttribute(u16),
    /// The checksum is another one.
    WrongChecksum,
}

/// A key to sign with: of a password, made once.
#[derive(Clone)]
pub(crate) struct Key(hmac::Key);

impl Key {
    /// Of a short-term credential (RFC 8489 section 9.1.1).
    pub(crate) fn new(password: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()))
    }

    /// Over the first bytes of a message, as if the signature were its last attribute.
    fn sign(&self, message: &[u8]) -> hmac::Tag {
        let length = message.len() - HEADER + 4 + SIGNATURE;
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&message[..2]);
        context.update(&(length as u16).to_be_bytes());
        context.update(&message[4..]);
        context.sign()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(<secret>)")
    }
}

/// A message as it came.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) class: Class,
    pub(crate) transaction: TransactionId,
    /// Whom it is for and whom from, with a colon between.
    pub(crate) username: Option<&'a str>,
    /// Of the candidate that the far end found by this question.
    pub(crate) priority: Option<u32>,
    /// Whether the far end wants this pair.
    pub(crate) use_candidate: bool,
    /// What the far end takes itself for, and its tie-breaker.
    pub(crate) role: Option<(Role, u64)>,
    /// Where the far end sees us.
    pub(crate) mapped: Option<SocketAddr>,
    /// Why not.
    pub(crate) error: Option<u16>,
    unknown: [u16; UNKNOWN_NAMED],
    unknown_count: usize,
    /// Where the signature begins.
    signed: Option<usize>,
    bytes: &'a [u8],
}

impl<'a> Message<'a> {
    /// # Errors
    /// What is wrong with its form.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, StunError> {
        let header = bytes.first_chunk::<HEADER>().ok_or(StunError::NotStun)?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        if kind & 0xc000 != 0 || header[4..8] != COOKIE.to_be_bytes() {
            return Err(StunError::NotStun);
        }
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if length % 4 != 0 || HEADER + length != bytes.len() {
            return Err(StunError::WrongLength);
        }
        if (kind & 0x3e00) >> 2 | (kind & 0x00e0) >> 1 | kind & 0x000f != BINDING {
            return Err(StunError::NotBinding);
        }
        let mut transaction = [0; 12];
        transaction.copy_from_slice(&header[8..]);
        let mut message = Self {
            class: match kind & 0x0110 {
                0x0000 => Class::Request,
                0x0010 => Class::Indication,
                0x0100 => Class::Success,
                _ => Class::Error,
            },
            transaction: TransactionId(transaction),
            username: None,
            priority: None,
            use_candidate: false,
            role: None,
            mapped: None,
            error: None,
            unknown: [0; UNKNOWN_NAMED],
            unknown_count: 0,
            signed: None,
            bytes,
        };
        message.read_attributes()?;
        Ok(message)
    }

    fn read_attributes(&mut self) -> Result<(), StunError> {
        let bytes = self.bytes;
        let mut at = HEADER;
        while let Some(head) = bytes.get(at..at + 4) {
            let (kind, length) = (
                u16::from_be_bytes([head[0], head[1]]),
                usize::from(u16::from_be_bytes([head[2], head[3]])),
            );
            let bad = StunError::BadAttribute(kind);
            let value = bytes.get(at + 4..at + 4 + length).ok_or(bad)?;
            if kind == attribute::FINGERPRINT {
                let stated = u32::from_be_bytes(value.try_into().map_err(|_| bad)?);
                let is_last = at + 8 == bytes.len();
                if !is_last || stated != crc::of(&bytes[..at]) ^ FINGERPRINT_MASK {
                    return Err(StunError::WrongChecksum);
                }
            } else if self.signed.is_none() {
                // What follows the signature is not covered by it and counts for nothing (RFC 8489 section 14.5).
                self.read_attribute(kind, value, at).ok_or(bad)?;
            }
            at += 4 + length.next_multiple_of(4);
        }
        Ok(())
    }

    /// None if it is not what it should be.
    fn read_attribute(&mut self, kind: u16, value: &'a [u8], at: usize) -> Option<()> {
        match kind {
            attribute::USERNAME => self.username = Some(std::str::from_utf8(value).ok()?),
            attribute::PRIORITY => self.priority = Some(u32::from_be_bytes(value.try_into().ok()?)),
            attribute::USE_CANDIDATE => self.use_candidate = true,
            attribute::ICE_CONTROLLED => {
                self.role = Some((Role::Controlled, u64::from_be_bytes(value.try_into().ok()?)));
            }
            attribute::ICE_CONTROLLING => {
                self.role = Some((Role::Controlling, u64::from_be_bytes(value.try_into().ok()?)));
            }
            attribute::XOR_MAPPED_ADDRESS => self.mapped = Some(self.read_address(value)?),
            attribute::ERROR_CODE => {
                let [_, _, hundreds, rest] = *value.first_chunk()?;
                self.error = Some(u16::from(hundreds & 7) * 100 + u16::from(rest));
            }
            attribute::MESSAGE_INTEGRITY => {
                self.signed = Some(at).filter(|_| value.len() == SIGNATURE);
                self.signed?;
            }
            attribute::UNKNOWN_ATTRIBUTES => {}
            kind if kind < attribute::OPTIONAL => {
                if let Some(place) = self.unknown.get_mut(self.unknown_count) {
                    *place = kind;
                    self.unknown_count += 1;
                }
            }
            _ => {}
        }
        Some(())
    }

    fn read_address(&self, value: &[u8]) -> Option<SocketAddr> {
        let [_, family, high, low] = *value.first_chunk()?;
        let port = u16::from_be_bytes([high, low]) ^ (COOKIE >> 16) as u16;
        let ip = match family {
            1 => {
                let bits = u32::from_be_bytes(value.get(4..)?.try_into().ok()?);
                IpAddr::V4(Ipv4Addr::from_bits(bits ^ COOKIE))
            }
            2 => {
                let bits = u128::from_be_bytes(value.get(4..)?.try_into().ok()?);
                IpAddr::V6(Ipv6Addr::from_bits(bits ^ wide_mask(self.transaction)))
            }
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// Whether it is signed by who knows this key.
    pub(crate) fn is_signed_with(&self, key: &Key) -> bool {
        let Some(at) = self.signed else {
            return false;
        };
        let signature = &self.bytes[at + 4..at + 4 + SIGNATURE];
        constant_time::verify_slices_are_equal(key.sign(&self.bytes[..at]).as_ref(), signature).is_ok()
    }

    /// Attributes that we would have to understand, a few of them.
    pub(crate) fn unknown(&self) -> &[u16] {
        &self.unknown[..self.unknown_count]
    }
}

/// Whom a request is for: what stands before the colon of its USERNAME. A look at bytes of which nothing is known yet; none for what is
/// no request or has no such name.
pub(crate) fn addressee(bytes: &[u8]) -> Option<&str> {
    if bytes.first_chunk::<2>() != Some(&[0, 1]) || bytes.get(4..8)? != COOKIE.to_be_bytes() {
        return None;
    }
    let mut at = HEADER;
    // Browsers have it first; whoever hides it behind many attributes is not looked for.
    for _ in 0..8 {
        let [a, b, c, d] = *bytes.get(at..)?.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([c, d]));
        if u16::from_be_bytes([a, b]) == attribute::USERNAME {
            let name = std::str::from_utf8(bytes.get(at + 4..at + 4 + length)?).ok()?;
            return name.split_once(':').map(|(ours, _)| ours);
        }
        at += 4 + length.next_multiple_of(4);
    }
    None
}

/// Which question an answer is to; none for what is no answer.
pub(crate) fn answered(bytes: &[u8]) -> Option<TransactionId> {
    let header = bytes.first_chunk::<HEADER>()?;
    if header[0] != 1 || header[4..8] != COOKIE.to_be_bytes() {
        return None;
    }
    let mut transaction = [0; 12];
    transaction.copy_from_slice(&header[8..]);
    Some(TransactionId(transaction))
}

/// What an IPv6 address is mixed with (RFC 8489 section 14.2).
fn wide_mask(transaction: TransactionId) -> u128 {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(&transaction.0);
    u128::from_be_bytes(mask)
}

#[cfg(test)]
mod tests;
