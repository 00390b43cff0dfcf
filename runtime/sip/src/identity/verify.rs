//! One token against one call: is it about this caller and this destination, of just now, and signed by a certificate
//! that may? RFC 8224 6.2 and 4.1.1. The cheap questions come first, so that nothing is fetched for a stale token.

use super::chain::{CertificateChain, TrustRoots};
use super::date::unix_seconds_of_date;
use super::number::Party;
use super::passport::Claims;
use super::token::Token;
use super::verdict::{Reason, Verdict};
use crate::message::Request;

/// How far `iat` and Date may lie from now, either way, in seconds (RFC 8224 6.2.1).
pub const FRESHNESS_S: u64 = 60;

/// What a token has to be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who is shown as the caller: From, or P-Asserted-Identity where that is believed and shown instead.
    pub caller: Party,
    /// The To header.
    pub destination: Party,
    /// The Date header in unix seconds, if there is one.
    pub date: Option<u64>,
}

impl Call {
    /// From, To and Date of a request. `None` if From or To stand for nothing that can be signed.
    pub fn of_request(request: &Request) -> Option<Self> {
        Some(Self {
            caller: Party::of(&request.from().ok()?.uri)?,
            destination: Party::of(&request.to().ok()?.uri)?,
            date: request.headers.first("Date").and_then(unix_seconds_of_date),
        })
    }
}

/// Verifies one token whose certificates are at hand. `now` in unix seconds, `freshness_s` usually [`FRESHNESS_S`].
pub fn verify(
    token: &Token,
    chain: &CertificateChain,
    roots: &TrustRoots,
    call: &Call,
    freshness_s: u64,
    now: u64,
) -> Verdict {
    match claimed(token, call, freshness_s, now).and_then(|claims| proven(token, &claims, chain, roots, now)) {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::Invalid(reason),
    }
}

/// What the token says, if it is about this call and fresh.
pub(super) fn claimed(token: &Token, call: &Call, freshness_s: u64, now: u64) -> Result<Claims, Reason> {
    let claims = match token.claims() {
        Some(claims) => claims.clone(),
        None => Claims::rebuilt(call.date.ok_or(Reason::NoDate)?, &call.caller, &call.destination),
    };
    let stale = |time: u64| time.abs_diff(now) > freshness_s;
    if stale(claims.iat) || call.date.is_some_and(stale) {
        return Err(Reason::Stale);
    }
    if claims.orig != call.caller {
        return Err(Reason::Caller);
    }
    if !claims.dest.contains(&call.destination) {
        return Err(Reason::Destination);
    }
    Ok(claims)
}

/// The verdict, if a trusted certificate stands behind the claims.
pub(super) fn proven(
    token: &Token,
    claims: &Claims,
    chain: &CertificateChain,
    roots: &TrustRoots,
    now: u64,
) -> Result<Verdict, Reason> {
    // First, because a forged token then costs one verification and not one for each certificate.
    if !token.is_signed_by(chain.signer().key(), claims) {
        return Err(Reason::Signature);
    }
    let permitted = chain.path_permits(roots, now, &claims.orig);
    if !permitted.map_err(Reason::Certificate)? {
        return Err(Reason::Authority);
    }
    Ok(Verdict::Valid {
        attestation: claims.shaken.map(|(level, _)| level),
        origid: claims.shaken.map(|(_, id)| id),
    })
}

#[cfg(test)]
mod tests;
