//! The one thing that is read of a far end's certificate (RFC 5280): its public key, which is on P-256 or P-384. Who it says it is, and
//! until when, counts for nothing; the fingerprint does.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Header, Reader, SliceReader, Tag, Tagged};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// The curve of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

/// The key in a certificate (DER): its curve and its point. None for another kind of key, or what is no certificate.
pub(super) fn public_key(certificate: &[u8]) -> Option<(Curve, &[u8])> {
    let mut outer = SliceReader::new(certificate).ok()?;
    let mut body = enter(&mut outer, certificate)?;
    // Version (which may be missing), serial number, algorithm, issuer, validity, subject.
    let mut before = 6;
    if !body.peek_tag().ok()?.is_context_specific() {
        before -= 1;
    }
    for _ in 0..before {
        AnyRef::decode(&mut body).ok()?;
    }
    let key = AnyRef::decode(&mut body)
        .ok()
        .filter(|key| key.tag() == Tag::Sequence)?;
    let mut key = SliceReader::new(key.value()).ok()?;
    let algorithm = AnyRef::decode(&mut key).ok()?;
    let point = BitStringRef::decode(&mut key).ok()?.as_bytes()?;
    let mut algorithm = SliceReader::new(algorithm.value()).ok()?;
    if ObjectIdentifier::decode(&mut algorithm).ok()? != EC_PUBLIC_KEY {
        return None;
    }
    match ObjectIdentifier::decode(&mut algorithm).ok()? {
        P256 => Some((Curve::P256, point)),
        P384 => Some((Curve::P384, point)),
        _ => None,
    }
}

/// Into the certificate, and there into the part that is signed.
fn enter<'a>(outer: &mut SliceReader<'a>, certificate: &'a [u8]) -> Option<SliceReader<'a>> {
    Header::decode(outer).ok().filter(|head| head.tag == Tag::Sequence)?;
    let start = usize::try_from(outer.position()).ok()?;
    let mut rest = SliceReader::new(certificate.get(start..)?).ok()?;
    let body = AnyRef::decode(&mut rest)
        .ok()
        .filter(|body| body.tag() == Tag::Sequence)?;
    SliceReader::new(body.value()).ok()
}
