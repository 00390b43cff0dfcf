//! Ogg pages (RFC 3533 section 6), written and read.

/// Bytes of a page's head without its lacing table.
const HEAD: usize = 27;
/// Largest page there can be.
pub const OGG_PAGE_BYTES: usize = HEAD + 255 + 255 * 255;
/// Lacing values of a page.
const MAX_LACES: usize = 255;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Which page of its stream one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    First,
    Middle,
}

/// Writes a page of whole packets, together at most 255 times 255 bytes.
pub(super) fn write_page(
    kind: Kind,
    granule: u64,
    (serial, number): (u32, u32),
    packets: &[Vec<u8>],
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let laces: Vec<u8> = packets
        .iter()
        .flat_map(|packet| {
            let full = std::iter::repeat_n(255, packet.len() / 255);
            full.chain(std::iter::once((packet.len() % 255) as u8))
        })
        .collect();
    assert!(laces.len() <= MAX_LACES, "a second of packets fits in a page");
    out.extend(b"OggS\0");
    out.push(if kind == Kind::First { FIRST } else { 0 });
    out.extend(granule.to_le_bytes());
    out.extend(serial.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend([0; 4]);
    out.push(laces.len() as u8);
    out.extend(laces);
    packets.iter().for_each(|packet| out.extend(packet));
    sign(&mut out[start..]);
}

/// A page that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OggPage {
    /// All of its bytes.
    pub length: usize,
    /// Of these, before its packets.
    pub head: usize,
    /// Its granule position.
    pub granule: u64,
}

impl OggPage {
    /// The page at the beginning of these bytes; none if it is not whole, or damaged.
    pub fn read(bytes: &[u8]) -> Option<OggPage> {
        let fixed = bytes.first_chunk::<HEAD>().filter(|head| head.starts_with(b"OggS\0"))?;
        let laces = bytes.get(HEAD..HEAD + usize::from(fixed[26]))?;
        let head = HEAD + laces.len();
        let length = head + laces.iter().map(|lace| usize::from(*lace)).sum::<usize>();
        let mut page = bytes.get(..length)?.to_vec();
        let stated: [u8; 4] = page[22..26].try_into().expect("four bytes");
        page[22..26].fill(0);
        (checksum(&page).to_le_bytes() == stated).then_some(OggPage {
            length,
            head,
            granule: u64::from_le_bytes(fixed[6..14].try_into().expect("eight bytes")),
        })
    }

    /// Makes a page, of which these are all bytes, the last of its stream, ending at this granule position.
    pub fn end(page: &mut [u8], granule: u64) {
        page[5] |= LAST;
        page[6..14].copy_from_slice(&granule.to_le_bytes());
        sign(page);
    }
}

fn sign(page: &mut [u8]) {
    page[22..26].fill(0);
    let sum = checksum(page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
}

/// CRC-32 with the polynomial 0x04c11db7, neither reflected nor inverted.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| {
        (sum << 8) ^ CHECKSUMS[usize::from((sum >> 24) as u8 ^ byte)]
    })
}

static CHECKSUMS: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let (mut sum, mut bit) = ((n as u32) << 24, 0);
        while bit < 8 {
            sum = if sum & 0x8000_0000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x04c1_1db7
            };
            bit += 1;
        }
        table[n] = sum;
        n += 1;
    }
    table
};
