//! From the signer's certificate to a trusted root. RFC 5280 6.1 without policies, name constraints and revocation.
//! The signer's certificate comes first in the file, the others in any order; the root itself may be left out.

use std::fmt;

use super::base64;
use super::certificate::{Certificate, CertificateFault};
use super::number::Party;
use super::sign::Signer;
use crate::identity::{CHAIN_BYTES, CHAIN_CERTIFICATES, TRUST_BYTES, TRUST_ROOTS};

/// A fetched file: the signer's certificate and those above it, read but not yet believed.
#[derive(Clone)]
pub struct CertificateChain {
    signer: Certificate,
    others: Vec<Certificate>,
}

/// The certificates that are believed without asking: the roots of the SHAKEN authorities one trusts.
#[derive(Clone, Default)]
pub struct TrustRoots(Vec<Certificate>);

impl CertificateChain {
    /// Reads PEM, or one certificate in DER.
    ///
    /// # Errors
    /// Over a limit, empty, or a certificate that cannot be used.
    pub fn read(bytes: &[u8]) -> Result<Self, CertificateFault> {
        let mut all = read_all(bytes, CHAIN_BYTES, CHAIN_CERTIFICATES)?.into_iter();
        Ok(Self {
            signer: all.next().ok_or(CertificateFault::Empty)?,
            others: all.collect(),
        })
    }

    /// Whether this is the certificate of the signer's key: worth asking before the first call is signed.
    pub fn belongs_to(&self, signer: &Signer) -> bool {
        self.signer.key() == signer.public_key()
    }

    pub(super) fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// Walks from the signer up to a root. Each step takes the first certificate that may stand there, so it takes at
    /// most as many steps as there are certificates.
    ///
    /// # Errors
    /// The signer's own fault, or what is wrong with the issuer that came closest.
    pub fn validate(&self, roots: &TrustRoots, now: u64) -> Result<(), CertificateFault> {
        self.path(roots, now).map(|_| ())
    }

    /// Whether each certificate on the way that lists numbers lists this caller's.
    pub(super) fn path_permits(&self, roots: &TrustRoots, now: u64, caller: &Party) -> Result<bool, CertificateFault> {
        let path = self.path(roots, now)?;
        Ok(path
            .iter()
            .filter_map(|certificate| certificate.numbers())
            .all(|list| list.permits(caller)))
    }

    fn path<'a>(&'a self, roots: &'a TrustRoots, now: u64) -> Result<Vec<&'a Certificate>, CertificateFault> {
        self.signer.is_current(now)?;
        self.signer.may_sign_tokens()?;
        let mut path = vec![&self.signer];
        let mut below = 0;
        loop {
            let last = path[path.len() - 1];
            let mut fault = CertificateFault::Untrusted;
            match step(last, &roots.0, &[], below, now) {
                Ok(root) => {
                    path.push(root);
                    return Ok(path);
                }
                Err(Some(closer)) => fault = closer,
                Err(None) => {}
            }
            let next = match step(last, &self.others, &path, below, now) {
                Ok(next) => next,
                Err(closer) => return Err(closer.unwrap_or(fault)),
            };
            if !next.is_self_issued() {
                below += 1;
            }
            path.push(next);
        }
    }
}

impl TrustRoots {
    /// Reads PEM: one root or many.
    ///
    /// # Errors
    /// Over a limit, empty, or a certificate that cannot be used.
    pub fn read(bytes: &[u8]) -> Result<Self, CertificateFault> {
        let all = read_all(bytes, TRUST_BYTES, TRUST_ROOTS)?;
        if all.is_empty() {
            Err(CertificateFault::Empty)
        } else {
            Ok(Self(all))
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is trusted, so that no token is valid.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for CertificateChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateChain({} certificates)", 1 + self.others.len())
    }
}

impl fmt::Debug for TrustRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoots({})", self.0.len())
    }
}

/// The issuer of `last` among `candidates`, none of `used`. `Err(None)` if none has the name.
fn step<'a>(
    last: &Certificate,
    candidates: &'a [Certificate],
    used: &[&Certificate],
    below: u8,
    now: u64,
) -> Result<&'a Certificate, Option<CertificateFault>> {
    let mut fault = None;
    for candidate in candidates {
        if !last.is_issued_by(candidate) || used.iter().any(|used| used.is(candidate)) {
            continue;
        }
        let fit = candidate
            .may_issue(below)
            .and_then(|()| candidate.is_current(now))
            .and_then(|()| last.is_signed_by(candidate));
        match fit {
            Ok(()) => return Ok(candidate),
            Err(found) => fault = Some(found),
        }
    }
    Err(fault)
}

fn read_all(bytes: &[u8], bytes_max: usize, certificates_max: usize) -> Result<Vec<Certificate>, CertificateFault> {
    if bytes.len() > bytes_max {
        return Err(CertificateFault::TooLong);
    }
    // A DER certificate begins with SEQUENCE in two length octets.
    if bytes.starts_with(b"\x30\x82") {
        return Ok(vec![Certificate::read(bytes)?]);
    }
    let mut all = Vec::new();
    for block in base64::blocks(bytes, "CERTIFICATE") {
        if all.len() == certificates_max {
            return Err(CertificateFault::TooMany);
        }
        let der = block.map_err(|_| CertificateFault::Malformed)?;
        all.push(Certificate::read(&der)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
