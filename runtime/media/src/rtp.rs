//! RTP packets, read and written (RFC 3550 section 5.1, extension 5.3.1). Only their shape; what a stream of them means
//! is in `reception`.

/// Bytes of a header without contributing sources.
pub(crate) const HEADER_BYTES: usize = 12;

/// What is in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) header: Header,
    /// Without contributing sources, extension and padding; may be empty.
    pub(crate) payload: &'a [u8],
}

/// The fields of a header that we read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

/// Reads a packet; none if it is no RTP of version 2 or its parts do not fit in it.
pub(crate) fn parse(bytes: &[u8]) -> Option<Packet<'_>> {
    let (fixed, mut rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    rest = rest.get(usize::from(fixed[0] & 0x0f) * 4..)?;
    if fixed[0] & 0x10 != 0 {
        let (head, after) = rest.split_first_chunk::<4>()?;
        rest = after.get(usize::from(u16::from_be_bytes([head[2], head[3]])) * 4..)?;
    }
    if fixed[0] & 0x20 != 0 {
        let padding = usize::from(*rest.last()?);
        if padding == 0 {
            return None;
        }
        rest = rest.get(..rest.len().checked_sub(padding)?)?;
    }
    let header = Header {
        marker: fixed[1] & 0x80 != 0,
        payload_type: fixed[1] & 0x7f,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
    };
    Some(Packet { header, payload: rest })
}

/// Whether a datagram on a port shared by both is RTCP (RFC 5761 section 4).
pub(crate) fn looks_like_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

impl Header {
    /// The header's bytes.
    pub(crate) fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = 0x80;
        bytes[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests;
