//! Who is calling, and who says so: signed caller identity (STIR/SHAKEN), and identity headers by trust of the peer.
//!
//! Signing and verifying are pure: the clock is an argument, a certificate is fetched by whoever holds the sockets.
//! [`Signer`] makes an Identity header, [`Verification`] takes a request's headers to a [`Verdict`] and asks for at
//! most one certificate file at a time, [`verify`] is the same for one token whose certificates are at hand.
//! [`privacy`] needs no signature at all. Not here: revocation lists, `mky`, `div` and `rph` tokens (such a token is
//! passed over as RFC 8224 4.1 wants), nor any HTTP.
//!
//! RFC 8224 (Identity), RFC 8225 (PASSporT), RFC 8226 (certificates), RFC 8588 (SHAKEN), RFC 3323 and 3325 (privacy).

mod authority;
mod base64;
mod cache;
mod certificate;
mod chain;
mod date;
mod number;
mod passport;
pub mod privacy;
mod read;
mod sign;
#[cfg(test)]
mod tests;
mod token;
mod url;
mod verdict;
mod verification;
mod verify;

pub use cache::{CacheLimits, CertificateCache};
pub use certificate::CertificateFault;
pub use chain::{CertificateChain, TrustRoots};
pub use date::{date_of_unix_seconds, unix_seconds_of_date};
pub use number::{Number, Party};
pub use passport::{Attestation, OriginId};
pub use sign::{Signer, SignerFault};
pub use token::Token;
pub use url::{CertificateUrl, HostRule, LiteralRule, UrlFault, UrlRules, is_public};
pub use verdict::{Reason, Refusal, Verdict};
pub use verification::{FetchFailure, Moment, Output, Policy, Verification};
pub use verify::{Call, FRESHNESS_S, verify};

/// Bytes in one Identity header's value. A longer one is [`Reason::TooLong`] and not looked into.
pub const IDENTITY_BYTES: usize = 4 * 1024;
/// Identity headers of one request that are looked at. Further ones are ignored.
pub const IDENTITY_HEADERS: usize = 4;
/// Parameters of one Identity header. One more and it is [`Reason::Malformed`].
pub const IDENTITY_PARAMETERS: usize = 16;
/// Destinations in one token. More, when read, is [`Reason::Claims`]; when signed, [`SignerFault::Destinations`].
pub const DESTINATIONS: usize = 16;
/// Digits in a canonical number. A longer one is no number (E.164 has 15; TNAuthList allows as many).
pub const NUMBER_DIGITS: usize = 15;
/// Bytes in a SIP address inside a token. A longer one is [`Reason::Claims`].
pub const ADDRESS_BYTES: usize = 256;
/// Bytes in a certificate URL. A longer one is [`UrlFault::TooLong`].
pub const URL_BYTES: usize = 512;
/// Certificates in one fetched file. One more and the file is [`CertificateFault::TooMany`].
pub const CHAIN_CERTIFICATES: usize = 4;
/// Bytes in one fetched file. The fetcher stops there; more is [`CertificateFault::TooLong`].
pub const CHAIN_BYTES: usize = 32 * 1024;
/// Bytes in one certificate. More is [`CertificateFault::TooLong`].
pub const CERTIFICATE_BYTES: usize = 8 * 1024;
/// Extensions in one certificate. More is [`CertificateFault::Malformed`].
pub const CERTIFICATE_EXTENSIONS: usize = 32;
/// Entries of one certificate's TNAuthList. More is [`CertificateFault::Malformed`].
pub const AUTHORITY_ENTRIES: usize = 256;
/// Trust roots. More is [`CertificateFault::TooMany`].
pub const TRUST_ROOTS: usize = 64;
/// Bytes in the file of trust roots. More is [`CertificateFault::TooLong`].
pub const TRUST_BYTES: usize = 256 * 1024;
