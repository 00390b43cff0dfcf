//! SRTP and SRTCP (RFC 3711) with AES in counter mode and HMAC-SHA1, in place and without an allocation. Keys are given; how
//! they were agreed on (SDES, RFC 4568) is not our matter.
//!
//! A packet that is not authentic, or came before, changes nothing. The rollover counter of each sender is kept here: of
//! the few that a far end may send as, the newest ones.

mod context;
mod keys;

use crate::rtp::HEADER_BYTES;
use context::{Received, Sent};
use keys::{CipherKeys, Which};
use std::fmt;

/// Bytes of a master key and its salt.
pub const SRTP_KEY_BYTES: usize = 30;
/// Longest that a packet grows by: SRTCP's index and tag.
pub(crate) const MAX_TRAILER: usize = INDEX_BYTES + RTCP_TAG;

/// SRTCP is always signed at full length (RFC 4568 section 6.2).
const RTCP_TAG: usize = 10;
const INDEX_BYTES: usize = 4;
/// The part of RTCP that stays readable: the head and the sender.
const RTCP_HEAD: usize = 8;
/// Says that an SRTCP packet is encrypted, not only signed.
const ENCRYPTED: u32 = 1 << 31;

/// How packets are encrypted and signed (RFC 4568 section 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    Tag32,
}

/// A master key and its salt. Its `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SrtpKey(pub [u8; SRTP_KEY_BYTES]);

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

/// A session's protection.
pub(crate) struct Srtp {
    keys: SrtpKeys,
    tag: usize,
    rtp_out: CipherKeys,
    rtcp_out: CipherKeys,
    rtp_in: CipherKeys,
    rtcp_in: CipherKeys,
    sent: Sent,
    received: Received,
}

impl Srtp {
    /// With keys that were just agreed on.
    pub(crate) fn new(keys: SrtpKeys) -> Self {
        Self {
            tag: match keys.suite {
                SrtpSuite::Tag80 => 10,
                SrtpSuite::Tag32 => 4,
            },
            rtp_out: CipherKeys::new(&keys.send, Which::Rtp),
            rtcp_out: CipherKeys::new(&keys.send, Which::Rtcp),
            rtp_in: CipherKeys::new(&keys.receive, Which::Rtp),
            rtcp_in: CipherKeys::new(&keys.receive, Which::Rtcp),
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
    /// length. The buffer has [`MAX_TRAILER`] bytes more.
    pub(crate) fn protect_rtp(&mut self, packet: &mut [u8], length: usize) -> usize {
        let (ssrc, sequence) = (word(packet, 8), u16::from_be_bytes([packet[2], packet[3]]));
        let index = self.sent.rtp_index(sequence);
        self.rtp_out.encrypt(ssrc, index, &mut packet[HEADER_BYTES..length]);
        let roc = (index >> 16) as u32;
        let tag = self.rtp_out.sign(&packet[..length], roc);
        packet[length..length + self.tag].copy_from_slice(&tag[..self.tag]);
        length + self.tag
    }

    /// Protects an RTCP packet; as for RTP.
    pub(crate) fn protect_rtcp(&mut self, packet: &mut [u8], length: usize) -> usize {
        let ssrc = word(packet, 4);
        let index = self.sent.next_rtcp_index();
        self.rtcp_out
            .encrypt(ssrc, index.into(), &mut packet[RTCP_HEAD..length]);
        let stated = index | ENCRYPTED;
        packet[length..length + INDEX_BYTES].copy_from_slice(&stated.to_be_bytes());
        let tag = self.rtcp_out.sign(&packet[..length], stated);
        let length = length + INDEX_BYTES;
        packet[length..length + RTCP_TAG].copy_from_slice(&tag[..RTCP_TAG]);
        length + RTCP_TAG
    }

    /// Makes an RTP packet readable in place; its length without what protected it. None, and nothing changed, for one that
    /// is not authentic or came before.
    pub(crate) fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let length = packet.len().checked_sub(self.tag)?;
        let header = header_length(&packet[..length])?;
        let (ssrc, sequence) = (word(packet, 8), u16::from_be_bytes([packet[2], packet[3]]));
        let index = self.received.rtp_index(ssrc, sequence)?;
        let (signed, tag) = packet.split_at(length);
        if !self.rtp_in.is_signed(signed, (index >> 16) as u32, tag) {
            return None;
        }
        self.received.rtp_came(ssrc, index);
        self.rtp_in.encrypt(ssrc, index, &mut packet[header..length]);
        Some(length)
    }

    /// The same for RTCP.
    pub(crate) fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let length = packet
            .len()
            .checked_sub(MAX_TRAILER)
            .filter(|length| *length >= RTCP_HEAD)?;
        let stated = word(packet, length);
        let (signed, trailer) = packet.split_at(length);
        let index = stated & !ENCRYPTED;
        let ssrc = word(packet, 4);
        let is_new = self.received.is_new_rtcp(ssrc, index);
        if !is_new || !self.rtcp_in.is_signed(signed, stated, &trailer[INDEX_BYTES..]) {
            return None;
        }
        self.received.rtcp_came(ssrc, index);
        if stated & ENCRYPTED != 0 {
            self.rtcp_in.encrypt(ssrc, index.into(), &mut packet[RTCP_HEAD..length]);
        }
        Some(length)
    }
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
