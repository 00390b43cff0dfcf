//! What a verification finds, and which SIP response says so. RFC 8224 6.2.2, RFC 8588. Only names and numbers: the
//! call's policy decides whether a call is refused for it.

use std::fmt;

use super::certificate::CertificateFault;
use super::passport::{Attestation, OriginId};
use super::url::UrlFault;

/// The outcome of verifying a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A trusted certificate signed exactly this caller and this destination just now.
    Valid {
        /// What the signer knows of the caller. `None` for a token without SHAKEN claims.
        attestation: Option<Attestation>,
        /// Where the call entered the signer's network. `None` for a token without SHAKEN claims.
        origid: Option<OriginId>,
    },
    /// There is a token, and it proves nothing.
    Invalid(Reason),
    /// There is no token of a kind known here.
    NoSignature,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The header is longer than [`super::IDENTITY_BYTES`].
    TooLong,
    /// Not `token;info=<...>`: missing or doubled parameters, not three parts, not Base64, a signature of another size,
    /// header and token of different kinds.
    Malformed,
    /// An algorithm other than ES256, `none` included.
    Algorithm,
    /// The token's `typ` is not `passport`.
    Type,
    /// A kind of token (`ppt`), or a critical header, that is not known here. [`super::Verification`] passes over it.
    Extension,
    /// The claims cannot be used: not JSON, missing, doubled, of the wrong type or over a limit.
    Claims,
    /// A compact token needs a Date header, and there is none that can be read.
    NoDate,
    /// `iat` or Date lies outside the freshness window.
    Stale,
    /// The token names another caller.
    Caller,
    /// The token names other destinations.
    Destination,
    /// The certificate's address may not be fetched, or header and token name different ones.
    Url(UrlFault),
    /// The certificate could not be fetched, in time.
    Fetch,
    /// The certificates could not be read, or lead to no trusted root.
    Certificate(CertificateFault),
    /// The certificate was not issued for this caller (TNAuthList).
    Authority,
    /// The signature is not by the certificate's key over these bytes.
    Signature,
}

/// The response of RFC 8224 for a request that policy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// 403 Stale Date.
    StaleDate,
    /// 428 Use Identity Header.
    UseIdentityHeader,
    /// 436 Bad Identity Info.
    BadIdentityInfo,
    /// 437 Unsupported Credential.
    UnsupportedCredential,
    /// 438 Invalid Identity Header.
    InvalidIdentityHeader,
}

impl Verdict {
    /// The response for it if policy wants a valid signature. `None` for a valid one.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Valid { .. } => None,
            Self::Invalid(reason) => Some(reason.refusal()),
            Self::NoSignature => Some(Refusal::UseIdentityHeader),
        }
    }

    /// The value of the `verstat` parameter that phones show (3GPP 24.229 7.2A.20).
    pub fn verstat(&self) -> &'static str {
        match self {
            Self::Valid { .. } => "TN-Validation-Passed",
            Self::Invalid(_) => "TN-Validation-Failed",
            Self::NoSignature => "No-TN-Validation",
        }
    }
}

impl Reason {
    /// The response for it.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Stale => Refusal::StaleDate,
            Self::Url(_) | Self::Fetch => Refusal::BadIdentityInfo,
            Self::Algorithm | Self::Certificate(_) | Self::Authority => Refusal::UnsupportedCredential,
            Self::TooLong
            | Self::Malformed
            | Self::Type
            | Self::Extension
            | Self::Claims
            | Self::NoDate
            | Self::Caller
            | Self::Destination
            | Self::Signature => Refusal::InvalidIdentityHeader,
        }
    }
}

/// A sentence's end for a person: what does not hold. No number, no address.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the Identity header is too long",
            Self::Malformed => "the Identity header cannot be read",
            Self::Algorithm => "it is signed with an algorithm other than ES256",
            Self::Type => "the token is not a passport",
            Self::Extension => "this kind of token is not known",
            Self::Claims => "the token's claims cannot be used",
            Self::NoDate => "a compact token needs a Date header",
            Self::Stale => "the token is too old, or from the future",
            Self::Caller => "the token names another caller",
            Self::Destination => "the token names another destination",
            Self::Url(UrlFault::Mismatch) => "header and token name different certificates",
            Self::Url(_) => "the certificate's address may not be asked",
            Self::Fetch => "the certificate could not be fetched in time",
            Self::Certificate(CertificateFault::Untrusted) => "the certificate leads to no trusted authority",
            Self::Certificate(CertificateFault::Period) => "the certificate is expired or not valid yet",
            Self::Certificate(_) => "the certificate cannot be used",
            Self::Authority => "the certificate was not issued for this caller",
            Self::Signature => "the signature is not by the certificate's key",
        })
    }
}

impl Refusal {
    /// The status code.
    pub fn status(self) -> u16 {
        match self {
            Self::StaleDate => 403,
            Self::UseIdentityHeader => 428,
            Self::BadIdentityInfo => 436,
            Self::UnsupportedCredential => 437,
            Self::InvalidIdentityHeader => 438,
        }
    }

    /// The reason phrase.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::StaleDate => "Stale Date",
            Self::UseIdentityHeader => "Use Identity Header",
            Self::BadIdentityInfo => "Bad Identity Info",
            Self::UnsupportedCredential => "Unsupported Credential",
            Self::InvalidIdentityHeader => "Invalid Identity Header",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status(), self.phrase())
    }
}
