//! One certificate, read: who signed whom with which key, until when, and for what. RFC 5280 4, RFC 8226. Strict where
//! a choice would weaken the chain: version 3, P-256 keys, ECDSA with SHA-256, no unknown critical extension, no
//! extension twice. A certificate with JWTClaimConstraints is refused, because they are not enforced here.

use std::fmt;

use der::Tag;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};

use super::authority::Authority;
use super::read::{Elements, NotDer, explicit, implicit, time};
use crate::identity::{CERTIFICATE_BYTES, CERTIFICATE_EXTENSIONS};

/// Why certificates are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// A file or certificate over its limit of bytes.
    TooLong,
    /// More certificates than the limit.
    TooMany,
    /// No certificate in the file.
    Empty,
    /// Not PEM, not DER, or not a version 3 certificate.
    Malformed,
    /// A key other than P-256, or a signature other than ECDSA with SHA-256.
    Algorithm,
    /// A critical extension, or a constraint on claims, that is not known here.
    Extension,
    /// Before or after its time.
    Period,
    /// Used as what it is not: a signer that is a certification authority or may not sign, an issuer that is none.
    Usage,
    /// Below an issuer that allows fewer certificates beneath it.
    PathLength,
    /// A signature between certificates that does not fit.
    Signature,
    /// It leads to no trusted root.
    Untrusted,
}

/// A certificate. `Debug` tells nothing of it.
#[derive(Clone)]
pub(super) struct Certificate {
    signed: Box<[u8]>,
    signature: Signature,
    issuer: Box<[u8]>,
    subject: Box<[u8]>,
    key: VerifyingKey,
    not_before: u64,
    not_after: u64,
    extensions: Extensions,
}

/// What the extensions say.
#[derive(Clone, Default)]
struct Extensions {
    /// `Some` for a certification authority: how many authorities may stand below it.
    authority_depth: Option<u8>,
    /// Bit 0: may sign data. Bit 5: may sign certificates. `None`: anything.
    key_usage: Option<u8>,
    numbers: Option<Authority>,
}

/// No limit was written.
const ANY_DEPTH: u8 = u8::MAX;
/// `digitalSignature` and `keyCertSign`, as they stand in the first octet of KeyUsage.
const SIGN_DATA: u8 = 0x80;
const SIGN_CERTIFICATES: u8 = 0x04;

/// AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 3.2), and SubjectPublicKeyInfo of an uncompressed P-256 point up
/// to the point (RFC 5480 2).
const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const P256_POINT: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const TN_AUTH_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.26");
const CLAIM_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.27");
const ENHANCED_CLAIM_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.33");

impl From<NotDer> for CertificateFault {
    fn from(_: NotDer) -> Self {
        Self::Malformed
    }
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> Result<Self, CertificateFault> {
        if der.len() > CERTIFICATE_BYTES {
            return Err(CertificateFault::TooLong);
        }
        let mut outer = Elements::of(der, Tag::Sequence)?;
        let signed = outer.next_raw()?;
        let algorithm = outer.next_raw()?;
        let signature = outer.next::<BitStringRef<'_>>()?;
        outer.end()?;

        let mut inner = Elements::of(signed, Tag::Sequence)?;
        read_version(&mut inner)?;
        inner.open(Tag::Integer)?;
        if algorithm != ECDSA_SHA256 || inner.next_raw()? != ECDSA_SHA256 {
            return Err(CertificateFault::Algorithm);
        }
        let issuer = inner.next_raw()?;
        let mut period = inner.open(Tag::Sequence)?;
        let (not_before, not_after) = (time(&mut period)?, time(&mut period)?);
        period.end()?;
        let subject = inner.next_raw()?;
        let key = read_key(inner.next_raw()?)?;
        // Unique identifiers of issuer and subject: obsolete, without meaning for a chain.
        for obsolete in [implicit(1), implicit(2)] {
            if inner.next_is(obsolete) {
                inner.next_raw()?;
            }
        }
        let extensions = read_extensions(&mut inner)?;
        inner.end()?;

        let signature = signature.as_bytes().ok_or(CertificateFault::Malformed)?;
        Ok(Self {
            signed: signed.into(),
            signature: Signature::from_der(signature).map_err(|_| CertificateFault::Malformed)?,
            issuer: issuer.into(),
            subject: subject.into(),
            key,
            not_before,
            not_after,
            extensions,
        })
    }

    pub(super) fn key(&self) -> &VerifyingKey {
        &self.key
    }

    pub(super) fn numbers(&self) -> Option<&Authority> {
        self.extensions.numbers.as_ref()
    }

    /// Whether it names `issuer` as its issuer. Names are compared byte by byte.
    pub(super) fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject
    }

    /// Whether issuer and subject are one name, so that it does not count for the path length (RFC 5280 6.1).
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether both are the same certificate.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.signed == other.signed && self.signature == other.signature
    }

    pub(super) fn is_signed_by(&self, issuer: &Self) -> Result<(), CertificateFault> {
        let checked = issuer.key.verify(&self.signed, &self.signature);
        checked.map_err(|_| CertificateFault::Signature)
    }

    /// `now` in unix seconds.
    pub(super) fn is_current(&self, now: u64) -> Result<(), CertificateFault> {
        if (self.not_before..=self.not_after).contains(&now) {
            Ok(())
        } else {
            Err(CertificateFault::Period)
        }
    }

    /// Whether it may sign tokens: no authority, and for signatures.
    pub(super) fn may_sign_tokens(&self) -> Result<(), CertificateFault> {
        let may = self.extensions.key_usage.is_none_or(|bits| bits & SIGN_DATA != 0);
        if may && self.extensions.authority_depth.is_none() {
            Ok(())
        } else {
            Err(CertificateFault::Usage)
        }
    }

    /// Whether it may issue a certificate with `below` authorities beneath itself.
    pub(super) fn may_issue(&self, below: u8) -> Result<(), CertificateFault> {
        let may = self
            .extensions
            .key_usage
            .is_none_or(|bits| bits & SIGN_CERTIFICATES != 0);
        match self.extensions.authority_depth {
            Some(depth) if may && below <= depth => Ok(()),
            Some(_) if may => Err(CertificateFault::PathLength),
            _ => Err(CertificateFault::Usage),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(...)")
    }
}

fn read_version(inner: &mut Elements<'_>) -> Result<(), CertificateFault> {
    let mut version = inner.open(explicit(0))?;
    let number = version.next::<u8>()?;
    version.end()?;
    if number == 2 {
        Ok(())
    } else {
        Err(CertificateFault::Malformed)
    }
}

fn read_key(info: &[u8]) -> Result<VerifyingKey, CertificateFault> {
    let point = info.strip_prefix(P256_POINT).ok_or(CertificateFault::Algorithm)?;
    VerifyingKey::from_sec1_bytes(point).map_err(|_| CertificateFault::Algorithm)
}

fn read_extensions(inner: &mut Elements<'_>) -> Result<Extensions, CertificateFault> {
    let mut found = Extensions::default();
    if !inner.next_is(explicit(3)) {
        return Ok(found);
    }
    let mut wrapper = inner.open(explicit(3))?;
    let mut list = wrapper.open(Tag::Sequence)?;
    wrapper.end()?;
    let mut seen = Vec::new();
    while !list.is_empty() {
        if seen.len() == CERTIFICATE_EXTENSIONS {
            return Err(CertificateFault::Malformed);
        }
        let mut extension = list.open(Tag::Sequence)?;
        let kind = extension.next::<ObjectIdentifier>()?;
        let critical = extension.next_is(Tag::Boolean) && extension.next::<bool>()?;
        let value = extension.next::<OctetStringRef<'_>>()?;
        extension.end()?;
        if seen.contains(&kind) {
            return Err(CertificateFault::Malformed);
        }
        seen.push(kind);
        found.take(kind, value.as_bytes(), critical)?;
    }
    Ok(found)
}

impl Extensions {
    fn take(&mut self, kind: ObjectIdentifier, value: &[u8], critical: bool) -> Result<(), CertificateFault> {
        match kind {
            KEY_USAGE => {
                let bits = AnyRef::try_from(value).map_err(NotDer::from)?;
                let bits: BitStringRef<'_> = bits.try_into().map_err(NotDer::from)?;
                self.key_usage = Some(bits.raw_bytes().first().copied().unwrap_or(0));
            }
            BASIC_CONSTRAINTS => self.authority_depth = read_constraints(value)?,
            TN_AUTH_LIST => self.numbers = Some(Authority::read(value)?),
            CLAIM_CONSTRAINTS | ENHANCED_CLAIM_CONSTRAINTS => return Err(CertificateFault::Extension),
            // Every policy will do: which ones matter is a contract between operators, their roots are chosen for it.
            CERTIFICATE_POLICIES => {}
            _ if critical => return Err(CertificateFault::Extension),
            _ => {}
        }
        Ok(())
    }
}

/// `SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }`.
fn read_constraints(value: &[u8]) -> Result<Option<u8>, NotDer> {
    let mut fields = Elements::of(value, Tag::Sequence)?;
    let is_authority = fields.next_is(Tag::Boolean) && fields.next::<bool>()?;
    let depth = match fields.next_is(Tag::Integer) {
        true => fields.next::<u8>()?,
        false => ANY_DEPTH,
    };
    fields.end()?;
    Ok(is_authority.then_some(depth))
}

#[cfg(test)]
mod tests;
