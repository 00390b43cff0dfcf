//! SRTP and SRTCP (RFC 3711) with AES in counter mode and HMAC-SHA1, or with AES-GCM (RFC 7714), in place and without an allocation.
//! Keys are given; how they were agreed on (SDES, RFC 4568; DTLS, RFC 5764) is not our matter.
//!
//! A packet that is not authentic, or came before, changes nothing. The rollover counter of each sender is kept here: of
//! the few that a far end may send as, the newest ones.

mod context;
mod gcm;
mod keys;

use crate::rtp::HEADER_BYTES;
use context::{Received, Sent};
use gcm::GcmKeys;
use keys::{CipherKeys, Which};
use std::fmt;

/// Bytes of the longest master key and its salt.
pub const SRTP_KEY_BYTES: usize = 44;
/// Longest that a packet grows by: SRTCP's index, and GCM's tag.
pub(crate) const MAX_TRAILER: usize = INDEX_BYTES + gcm::TAG;

/// In counter mode SRTCP is always signed at full length (RFC 4568 section 6.2).
const RTCP_TAG: usize = 10;
const INDEX_BYTES: usize = 4;
/// The part of RTCP that stays readable: the head and the sender.
const RTCP_HEAD: usize = 8;
/// Says that an SRTCP packet is encrypted, not only signed.
const ENCRYPTED: u32 = 1 << 31;

/// How packets are encrypted and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 4568 section 6.2): key of 16 bytes, salt of 14.
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`; the same lengths.
    Tag32,
    /// `AEAD_AES_128_GCM` (RFC 7714): key of 16 bytes, salt of 12.
    Gcm128,
    /// `AEAD_AES_256_GCM` (RFC 7714): key of 32 bytes, salt of 12.
    Gcm256,
}

impl SrtpSuite {
    /// Its name in the registry of SRTP protection profiles and of crypto suites.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Tag32 => "AES_CM_128_HMAC_SHA1_32",
            Self::Gcm128 => "AEAD_AES_128_GCM",
            Self::Gcm256 => "AEAD_AES_256_GCM",
        }
    }

    /// Bytes of a master key, and of its salt.
    #[must_use]
    pub fn key_and_salt(self) -> (usize, usize) {
        match self {
            Self::Tag80 | Self::Tag32 => (16, 14),
            Self::Gcm128 => (16, 12),
            Self::Gcm256 => (32, 12),
        }
    }
}

/// A master key, its salt behind it, and nothing behind that for a suite with shorter ones. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SrtpKey(pub [u8; SRTP_KEY_BYTES]);

impl SrtpKey {
    /// Of a suite; none if it is not as long as the suite's key and salt.
    #[must_use]
    pub fn new(suite: SrtpSuite, key_and_salt: &[u8]) -> Option<Self> {
        let (key, salt) = suite.key_and_salt();
        let mut bytes = [0; SRTP_KEY_BYTES];
        bytes.get_mut(..key_and_salt.len())?.copy_from_slice(key_and_salt);
        (key_and_salt.len() == key + salt).then_some(Self(bytes))
    }
}

/// How a session's packets are protected, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SrtpKeys {
    /// For both directions.
    pub suite: SrtpSuite,
    /// Of what is sent.
    pub send: SrtpKey,
    /// Of what is received.
    pub receive: SrtpKey,
}

/// The protection of RTP or RTCP in one direction.
enum Protection {
    /// Counter mode, and a tag of so many bytes.
    Counter(CipherKeys, usize),
    Gcm(GcmKeys),
}

impl Protection {
    fn new(suite: SrtpSuite, master: &SrtpKey, which: Which) -> Self {
        let tag = match (suite, which) {
            (SrtpSuite::Gcm128 | SrtpSuite::Gcm256, _) => return Self::Gcm(GcmKeys::new(suite, master, which)),
            (SrtpSuite::Tag32, Which::Rtp) => 4,
            (SrtpSuite::Tag80 | SrtpSuite::Tag32, _) => RTCP_TAG,
        };
        Self::Counter(CipherKeys::new(master, which), tag)
    }

    fn tag(&self) -> usize {
        match self {
            Self::Counter(_, tag) => *tag,
            Self::Gcm(_) => gcm::TAG,
        }
    }
}

/// A session's protection. Packets are whole datagrams; their buffers are the caller's.
pub struct Srtp {
    keys: SrtpKeys,
    rtp_out: Protection,
    rtcp_out: Protection,
    rtp_in: Protection,
    rtcp_in: Protection,
    sent: Sent,
    received: Received,
}

impl Srtp {
    /// With keys that were just agreed on.
    #[must_use]
    pub fn new(keys: SrtpKeys) -> Self {
        let of = |key: &SrtpKey, which| Protection::new(keys.suite, key, which);
        Self {
            rtp_out: of(&keys.send, Which::Rtp),
            rtcp_out: of(&keys.send, Which::Rtcp),
            rtp_in: of(&keys.receive, Which::Rtp),
            rtcp_in: of(&keys.receive, Which::Rtcp),
            keys,
            sent: Sent::default(),
            received: Received::default(),
        }
    }

    /// Other keys; what is known of a direction whose key stays is kept.
    pub(crate) fn update(&mut self, keys: SrtpKeys) {
        if keys == self.keys {
            return;
        }
        let mut next = Srtp::new(keys);
        if keys.send == self.keys.send {
            next.sent = std::mem::take(&mut self.sent);
        }
        if keys.receive == self.keys.receive {
            next.received = std::mem::take(&mut self.received);
        }
        *self = next;
    }

    /// Protects an RTP packet without extensions or contributing sources, which is the first `length` bytes; its new
    /// length. The buffer has 20 bytes more.
    pub fn protect_rtp(&mut self, packet: &mut [u8], length: usize) -> usize {
        let (ssrc, sequence) = (word(packet, 8), u16::from_be_bytes([packet[2], packet[3]]));
        let index = self.sent.rtp_index(sequence);
        match &self.rtp_out {
            Protection::Counter(keys, tag) => {
                keys.encrypt(ssrc, index, &mut packet[HEADER_BYTES..length]);
                let signature = keys.sign(&packet[..length], (index >> 16) as u32);
                packet[length..length + tag].copy_from_slice(&signature[..*tag]);
            }
            Protection::Gcm(keys) => {
                let (header, secret) = packet[..length].split_at_mut(HEADER_BYTES);
                let tag = keys.seal(&keys.nonce(ssrc, index), header, secret);
                packet[length..length + gcm::TAG].copy_from_slice(&tag);
            }
        }
        length + self.rtp_out.tag()
    }

    /// Protects an RTCP packet; as for RTP.
    pub fn protect_rtcp(&mut self, packet: &mut [u8], length: usize) -> usize {
        let ssrc = word(packet, 4);
        let index = self.sent.next_rtcp_index();
        let stated = index | ENCRYPTED;
        match &self.rtcp_out {
            Protection::Counter(keys, tag) => {
                keys.encrypt(ssrc, index.into(), &mut packet[RTCP_HEAD..length]);
                let signature = keys.sign(&packet[..length], stated);
                let trailer = &mut packet[length..length + INDEX_BYTES + tag];
                trailer[..INDEX_BYTES].copy_from_slice(&stated.to_be_bytes());
                trailer[INDEX_BYTES..].copy_from_slice(&signature[..*tag]);
            }
            Protection::Gcm(keys) => {
                let (head, secret) = packet[..length].split_at_mut(RTCP_HEAD);
                let tag = keys.seal(&keys.nonce(ssrc, index.into()), &stated_head(head, stated), secret);
                let trailer = &mut packet[length..length + gcm::TAG + INDEX_BYTES];
                trailer[..gcm::TAG].copy_from_slice(&tag);
                trailer[gcm::TAG..].copy_from_slice(&stated.to_be_bytes());
            }
        }
        length + INDEX_BYTES + self.rtcp_out.tag()
    }

    /// Makes an RTP packet readable in place; its length without what protected it. None for one that is not authentic or came before:
    /// nothing of this session is changed then, and what stands in the packet is of no use.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let length = packet.len().checked_sub(self.rtp_in.tag())?;
        let header = header_length(&packet[..length])?;
        let (ssrc, sequence) = (word(packet, 8), u16::from_be_bytes([packet[2], packet[3]]));
        let index = self.received.rtp_index(ssrc, sequence)?;
        let (packet, tag) = packet.split_at_mut(length);
        match &self.rtp_in {
            Protection::Counter(keys, _) => {
                if !keys.is_signed(packet, (index >> 16) as u32, tag) {
                    return None;
                }
                keys.encrypt(ssrc, index, &mut packet[header..]);
            }
            Protection::Gcm(keys) => {
                let (header, secret) = packet.split_at_mut(header);
                keys.open(&keys.nonce(ssrc, index), header, secret, tag)?;
            }
        }
        self.received.rtp_came(ssrc, index);
        Some(length)
    }

    /// The same for RTCP.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let tag = self.rtcp_in.tag();
        let length = packet
            .len()
            .checked_sub(INDEX_BYTES + tag)
            .filter(|length| *length >= RTCP_HEAD)?;
        let (packet, trailer) = packet.split_at_mut(length);
        // The index stands before the tag in one, behind it in the other.
        let (stated, tag) = match &self.rtcp_in {
            Protection::Counter(..) => (word(trailer, 0), &trailer[INDEX_BYTES..]),
            Protection::Gcm(_) => (word(trailer, tag), &trailer[..tag]),
        };
        let (index, is_encrypted) = (stated & !ENCRYPTED, stated & ENCRYPTED != 0);
        let ssrc = word(packet, 4);
        if !self.received.is_new_rtcp(ssrc, index) {
            return None;
        }
        match &self.rtcp_in {
            Protection::Counter(keys, _) => {
                if !keys.is_signed(packet, stated, tag) {
                    return None;
                }
                if is_encrypted {
                    keys.encrypt(ssrc, index.into(), &mut packet[RTCP_HEAD..]);
                }
            }
            Protection::Gcm(keys) => {
                // One that is signed only would need a copy to be signed as a whole; no browser sends it (RFC 8827 section 6.5).
                let (head, secret) = packet.split_at_mut(RTCP_HEAD);
                let head = stated_head(head, stated);
                is_encrypted.then_some(())?;
                keys.open(&keys.nonce(ssrc, index.into()), &head, secret, tag)?;
            }
        }
        self.received.rtcp_came(ssrc, index);
        Some(length)
    }
}

/// What GCM signs of RTCP beside the secret part: the head, and what is stated behind it all (RFC 7714 section 9.2).
fn stated_head(head: &[u8], stated: u32) -> [u8; RTCP_HEAD + INDEX_BYTES] {
    let mut signed = [0; RTCP_HEAD + INDEX_BYTES];
    signed[..RTCP_HEAD].copy_from_slice(head);
    signed[RTCP_HEAD..].copy_from_slice(&stated.to_be_bytes());
    signed
}

/// Bytes of an RTP packet before its payload, which are not encrypted (nor is padding looked at, which is); none if it is
/// no RTP or they do not fit in it.
fn header_length(packet: &[u8]) -> Option<usize> {
    let first = *packet.first().filter(|first| **first >> 6 == 2)?;
    let sources = HEADER_BYTES + usize::from(first & 0x0f) * 4;
    let length = if first & 0x10 == 0 {
        sources
    } else {
        let words = packet.get(sources + 2..sources + 4)?;
        sources + 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4
    };
    (length <= packet.len()).then_some(length)
}

/// Four bytes of a packet; the caller has made sure that they are there.
fn word(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]])
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SrtpKey(<secret>)")
    }
}

impl fmt::Debug for Srtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Srtp({:?})", self.keys.suite)
    }
}

#[cfg(test)]
mod tests;
