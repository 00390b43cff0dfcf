//! How records stand in a journal: each with its length and a checksum, so that a file cut off anywhere, or damaged, reads
//! up to its last whole record. What a record says is not known here.

/// How a journal begins; the last byte is the version.
pub(super) const MAGIC: &[u8; 7] = b"PCJRNL\n";
/// Bytes of the length of a record at most: three times seven bits.
const LENGTH_BYTES: usize = 3;
const SUM_BYTES: usize = 4;
/// Bytes of one record at most.
pub(super) const RECORD_BYTES: usize = 512 * 1024;

const _: () = assert!(RECORD_BYTES < 1 << (7 * LENGTH_BYTES), "its length has room");

/// Writes a record that `fill` writes. Its length is known only then, so room is left before it and taken back.
///
/// # Errors
/// The record is longer than [`RECORD_BYTES`]; then nothing was written.
pub(super) fn write(to: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), TooLong> {
    let start = to.len();
    to.resize(start + LENGTH_BYTES + SUM_BYTES, 0);
    let body = to.len();
    fill(to);
    let length = to.len() - body;
    if length > RECORD_BYTES {
        to.truncate(start);
        return Err(TooLong);
    }
    let sum = crc32(&to[body..]);
    let (mut at, mut rest) = (start, length);
    loop {
        let more = rest > 0x7f;
        to[at] = (rest & 0x7f) as u8 | if more { 0x80 } else { 0 };
        at += 1;
        rest >>= 7;
        if !more {
            break;
        }
    }
    to[at..at + SUM_BYTES].copy_from_slice(&sum.to_le_bytes());
    at += SUM_BYTES;
    to.copy_within(body.., at);
    to.truncate(at + length);
    Ok(())
}

/// A record longer than it may be.
pub(super) struct TooLong;

/// Why no further record can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end here.
    End,
    /// They end in the middle of a record.
    Cut,
    /// A record that is longer than any may be, or whose checksum is another.
    Damaged,
}

/// The next record of `bytes` and what follows it.
pub(super) fn read(bytes: &[u8]) -> Result<(&[u8], &[u8]), Stop> {
    if bytes.is_empty() {
        return Err(Stop::End);
    }
    let (mut length, mut at) = (0, 0);
    loop {
        let byte = *bytes.get(at).ok_or(Stop::Cut)?;
        length |= usize::from(byte & 0x7f) << (7 * at);
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if at == LENGTH_BYTES {
            return Err(Stop::Damaged);
        }
    }
    if length > RECORD_BYTES {
        return Err(Stop::Damaged);
    }
    let rest = &bytes[at..];
    let (sum, rest) = rest.split_first_chunk::<SUM_BYTES>().ok_or(Stop::Cut)?;
    let (body, rest) = rest.split_at_checked(length).ok_or(Stop::Cut)?;
    if crc32(body) != u32::from_le_bytes(*sum) {
        return Err(Stop::Damaged);
    }
    Ok((body, rest))
}

/// CRC-32 as in ISO 3309, the checksum of Ethernet and gzip.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |sum, byte| (sum >> 8) ^ TABLE[usize::from(sum as u8 ^ byte)])
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut place = 0;
    while place < 256 {
        let mut value = place as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ 0xedb8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[place] = value;
        place += 1;
    }
    table
};

#[cfg(test)]
mod tests;
