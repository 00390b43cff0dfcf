//! Writing STUN messages: attributes one after the other, then the signature and the checksum.

use super::{BINDING, COOKIE, Class, FINGERPRINT_MASK, HEADER, Key, Role, TransactionId, attribute, crc, wide_mask};
use std::net::{IpAddr, SocketAddr};

/// Room for what ICE says, so that it grows once at most.
const USUAL_BYTES: usize = 128;

/// A message that is being written.
pub(crate) struct Writer {
    pub(super) bytes: Vec<u8>,
    transaction: TransactionId,
}

impl Writer {
    /// Without attributes.
    pub(crate) fn new(class: Class, transaction: TransactionId) -> Self {
        let class: u16 = match class {
            Class::Request => 0x0000,
            Class::Indication => 0x0010,
            Class::Success => 0x0100,
            Class::Error => 0x0110,
        };
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        bytes.extend_from_slice(&(BINDING | class).to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&COOKIE.to_be_bytes());
        bytes.extend_from_slice(&transaction.0);
        Self { bytes, transaction }
    }

    /// Any attribute.
    pub(crate) fn put(&mut self, kind: u16, value: &[u8]) {
        self.bytes.extend_from_slice(&kind.to_be_bytes());
        self.bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// Whom it is for, and whom from.
    pub(crate) fn username(mut self, theirs: &str, ours: &str) -> Self {
        self.put(attribute::USERNAME, format!("{theirs}:{ours}").as_bytes());
        self
    }

    /// Of the candidate that the far end finds by this.
    pub(crate) fn priority(mut self, priority: u32) -> Self {
        self.put(attribute::PRIORITY, &priority.to_be_bytes());
        self
    }

    /// The pair is wanted.
    pub(crate) fn use_candidate(mut self) -> Self {
        self.put(attribute::USE_CANDIDATE, &[]);
        self
    }

    /// What we take ourselves for.
    pub(crate) fn role(mut self, role: Role, tie_breaker: u64) -> Self {
        let kind = match role {
            Role::Controlling => attribute::ICE_CONTROLLING,
            Role::Controlled => attribute::ICE_CONTROLLED,
        };
        self.put(kind, &tie_breaker.to_be_bytes());
        self
    }

    /// Where we see the far end.
    pub(crate) fn mapped(mut self, address: SocketAddr) -> Self {
        let mut value = Vec::with_capacity(20);
        let family = if address.is_ipv4() { 1 } else { 2 };
        value.extend_from_slice(&[0, family]);
        value.extend_from_slice(&(address.port() ^ (COOKIE >> 16) as u16).to_be_bytes());
        match address.ip() {
            IpAddr::V4(ip) => value.extend_from_slice(&(ip.to_bits() ^ COOKIE).to_be_bytes()),
            IpAddr::V6(ip) => value.extend_from_slice(&(ip.to_bits() ^ wide_mask(self.transaction)).to_be_bytes()),
        }
        self.put(attribute::XOR_MAPPED_ADDRESS, &value);
        self
    }

    /// Why not.
    pub(crate) fn error(mut self, code: u16, reason: &str) -> Self {
        let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
        value.extend_from_slice(reason.as_bytes());
        self.put(attribute::ERROR_CODE, &value);
        self
    }

    /// What we did not understand.
    pub(crate) fn unknown(mut self, kinds: &[u16]) -> Self {
        let value: Vec<u8> = kinds.iter().flat_map(|kind| kind.to_be_bytes()).collect();
        self.put(attribute::UNKNOWN_ATTRIBUTES, &value);
        self
    }

    /// Signed, with the checksum.
    pub(crate) fn sign(mut self, key: &Key) -> Vec<u8> {
        let signature = key.sign(&self.bytes);
        self.put(attribute::MESSAGE_INTEGRITY, signature.as_ref());
        self.state_length(8);
        let sum = crc::of(&self.bytes) ^ FINGERPRINT_MASK;
        self.put(attribute::FINGERPRINT, &sum.to_be_bytes());
        self.bytes
    }

    /// What is there, and so many bytes that will follow.
    pub(super) fn state_length(&mut self, more: usize) {
        let length = (self.bytes.len() - HEADER + more) as u16;
        self.bytes[2..4].copy_from_slice(&length.to_be_bytes());
    }
}
