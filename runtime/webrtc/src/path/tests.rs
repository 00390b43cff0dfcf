//! The first bytes of what may come.

use super::*;

#[test]
fn a_datagram_is_told_by_its_first_bytes() {
    let kinds = [
        (&[0u8, 1][..], Some(Kind::Stun)),
        (&[3], Some(Kind::Stun)),
        (&[4], None),
        (&[16], None),
        (&[20], Some(Kind::Dtls)),
        (&[22, 254, 253], Some(Kind::Dtls)),
        (&[63], Some(Kind::Dtls)),
        (&[64], None),
        (&[127], None),
        (&[128, 111], Some(Kind::Rtp)),
        (&[0x80, 0x80 | 111], Some(Kind::Rtp)),
        (&[0x80, 200], Some(Kind::Rtcp)),
        (&[0x81, 201], Some(Kind::Rtcp)),
        (&[0x80, 223], Some(Kind::Rtcp)),
        (&[0x80, 224], Some(Kind::Rtp)),
        (&[191, 0], Some(Kind::Rtp)),
        (&[192, 0], None),
        (&[128], None),
        (&[], None),
    ];
    for (bytes, kind) in kinds {
        assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
    }
}
