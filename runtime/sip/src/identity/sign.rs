//! Signing an outgoing call: the Identity header of a SHAKEN token. RFC 8224 4.1 and 6.1, RFC 8588. Deterministic
//! (RFC 6979), so that no random source is needed. Whether the caller deserves the attestation is the caller's business.

use std::fmt;

use p256::SecretKey;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey, signature::Signer as _};

use sha2::{Digest, Sha256};

use super::base64;
use super::number::{Number, Party};
use super::passport::{Attestation, Claims, Extension, OriginId, Protected};
use super::token::signing_input;
use super::url::{CertificateUrl, UrlFault, UrlRules};
use crate::identity::DESTINATIONS;

/// Holds the key of a signing certificate and the address of that certificate. `Debug` shows neither.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    x5u: Box<str>,
}

/// Why there is no signer or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerFault {
    /// No PEM block `PRIVATE KEY` (PKCS#8) or `EC PRIVATE KEY` (SEC1), or one that is not a P-256 key.
    Key,
    /// The certificate's address is none that a verifier would fetch.
    Url(UrlFault),
    /// No destination, or more than [`DESTINATIONS`].
    Destinations,
}

impl Signer {
    /// From a private key in PEM, and the address under which its certificates are published.
    ///
    /// # Errors
    /// No usable key, or an address that `rules` refuse.
    pub fn from_pem(key: &[u8], x5u: &str, rules: &UrlRules) -> Result<Self, SignerFault> {
        let url = CertificateUrl::check(x5u, rules).map_err(SignerFault::Url)?;
        Ok(Self {
            key: read_key(key).ok_or(SignerFault::Key)?,
            x5u: url.as_str().into(),
        })
    }

    /// The value of an Identity header that says: `orig` calls `dest`, now (unix seconds).
    ///
    /// # Errors
    /// No destination or too many.
    pub fn sign(
        &self,
        now: u64,
        orig: &Number,
        dest: &[Number],
        attest: Attestation,
        origid: OriginId,
    ) -> Result<String, SignerFault> {
        if !(1..=DESTINATIONS).contains(&dest.len()) {
            return Err(SignerFault::Destinations);
        }
        let protected = Protected {
            extension: Extension::Shaken,
            x5u: self.x5u.to_string(),
        };
        let claims = Claims {
            iat: now,
            orig: Party::Number(orig.clone()),
            dest: dest.iter().cloned().map(Party::Number).collect(),
            shaken: Some((attest, origid)),
        };
        let input = signing_input(&protected, &claims);
        let signature: Signature = self.key.sign(input.as_bytes());
        let signature = base64::encode_url(&signature.to_bytes());
        Ok(format!("{input}.{signature};info=<{}>;alg=ES256;ppt=shaken", self.x5u))
    }

    /// Where a customer's calls enter the network (RFC 8588 5): always the same for one name and key, and nothing that a
    /// stranger can trace back to the name. A UUID of version 8 (RFC 9562).
    pub fn origin_of(&self, customer: &str) -> OriginId {
        let mut hash = Sha256::new();
        hash.update(b"patchcord origid");
        hash.update(self.key.to_bytes());
        hash.update(customer.as_bytes());
        let digest = hash.finalize();
        let bits = digest[..16].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        OriginId::new(bits & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62)
    }

    /// The public half, to compare with the certificate.
    pub(super) fn public_key(&self) -> &VerifyingKey {
        self.key.verifying_key()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(...)")
    }
}

/// The first readable key. `openssl ecparam -genkey` puts an `EC PARAMETERS` block before it.
fn read_key(pem: &[u8]) -> Option<SigningKey> {
    let pkcs8 = base64::blocks(pem, "PRIVATE KEY").map(|block| (block, false));
    let sec1 = base64::blocks(pem, "EC PRIVATE KEY").map(|block| (block, true));
    let (block, is_sec1) = pkcs8.chain(sec1).next()?;
    let der = block.ok()?;
    let key = match is_sec1 {
        true => SecretKey::from_sec1_der(&der).ok()?,
        false => p256::pkcs8::DecodePrivateKey::from_pkcs8_der(&der).ok()?,
    };
    Some(SigningKey::from(key))
}

#[cfg(test)]
mod tests;
