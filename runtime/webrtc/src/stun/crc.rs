//! The checksum of FINGERPRINT (ITU-T V.42, RFC 8489 section 14.7), eight bits at a time by a table.

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 0 {
                value >> 1
            } else {
                value >> 1 ^ 0xedb8_8320
            };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// Of bytes.
pub(super) fn of(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |value, byte| {
        value >> 8 ^ TABLE[usize::from(value as u8 ^ byte)]
    })
}
