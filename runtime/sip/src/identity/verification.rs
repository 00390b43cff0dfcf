//! From a request's Identity headers to a verdict, with the certificate fetched by somebody else in between.
//! RFC 8224 6.2. One header after the other until one is valid; one deadline over all fetches together.
//!
//! [`Verification::start`] answers at once or asks for a file; then [`Verification::fetched`], or
//! [`Verification::woken`] at [`Verification::wake_at`]. Two calls that ask for one address are two requests: the
//! fetcher may join them.

use std::time::{Duration, Instant};

use super::cache::CertificateCache;
use super::chain::{CertificateChain, TrustRoots};
use super::passport::Claims;
use super::token::Token;
use super::url::{CertificateUrl, UrlRules};
use super::verdict::{Reason, Verdict};
use super::verify::{Call, FRESHNESS_S, claimed, proven};
use crate::headers::Headers;
use crate::identity::IDENTITY_HEADERS;

/// How tokens are judged.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whom to believe.
    pub roots: TrustRoots,
    /// Where certificates may come from.
    pub urls: UrlRules,
    /// How far `iat` and Date may lie from now, in seconds.
    pub freshness_s: u64,
    /// How long one verification may wait for all its fetches together.
    pub fetch_timeout: Duration,
}

impl Policy {
    /// These roots, and the usual limits: any public https host, 60 s, 2 s.
    pub fn new(roots: TrustRoots) -> Self {
        Self {
            roots,
            urls: UrlRules::default(),
            freshness_s: FRESHNESS_S,
            fetch_timeout: Duration::from_secs(2),
        }
    }
}

/// Now, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For deadlines.
    pub at: Instant,
    /// For dates: seconds since 1970.
    pub unix_s: u64,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Get this file with one GET, at most [`crate::identity::CHAIN_BYTES`] of it, no redirect, and only from addresses
    /// that [`crate::identity::is_public`] unless the rules say otherwise. Then call [`Verification::fetched`].
    Fetch {
        /// The address.
        url: CertificateUrl,
    },
    /// The end.
    Verdict(Verdict),
}

/// Why there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// No address for the name, or only ones that may not be asked.
    Unresolved,
    /// No connection, or it broke, or TLS failed.
    Unreachable,
    /// A status other than 200.
    Status(u16),
    /// More bytes than allowed.
    TooLong,
    /// Too late.
    TimedOut,
    /// It was not asked for: too many files are being fetched. Says nothing about the address, so nothing is kept.
    Busy,
}

/// One request's verification.
#[derive(Clone, Debug)]
pub struct Verification {
    call: Call,
    /// Not yet looked at, the next one last.
    rest: Vec<Token>,
    waiting: Option<Waiting>,
    deadline: Option<Instant>,
    /// What was wrong with the first token that was.
    fault: Option<Reason>,
}

#[derive(Clone)]
struct Waiting {
    token: Token,
    claims: Claims,
    url: CertificateUrl,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({:?})", self.url)
    }
}

impl Verification {
    /// Begins with a request's headers, of which at most [`IDENTITY_HEADERS`] Identity values are looked at.
    pub fn start(
        headers: &Headers,
        call: Call,
        policy: &Policy,
        cache: &CertificateCache,
        now: Moment,
    ) -> (Self, Output) {
        let mut fault = None;
        let mut rest = Vec::new();
        for value in headers.list("Identity").take(IDENTITY_HEADERS) {
            match Token::parse(value) {
                Ok(token) => rest.push(token),
                // Not for us: another kind of token has another reader.
                Err(Reason::Extension) => {}
                Err(reason) => fault = fault.or(Some(reason)),
            }
        }
        rest.reverse();
        let mut this = Self {
            call,
            rest,
            waiting: None,
            deadline: None,
            fault,
        };
        let output = this.advance(policy, cache, now);
        (this, output)
    }

    /// The file asked for, or why there is none. `None` if nothing is awaited any more: the verdict has been given.
    pub fn fetched(
        &mut self,
        file: Result<&[u8], FetchFailure>,
        policy: &Policy,
        cache: &mut CertificateCache,
        now: Moment,
    ) -> Option<Output> {
        let waiting = self.waiting.take()?;
        let chain = match file {
            Ok(bytes) => CertificateChain::read(bytes).map_err(Reason::Certificate),
            Err(_) => Err(Reason::Fetch),
        };
        let proof = match &chain {
            Ok(chain) => proven(&waiting.token, &waiting.claims, chain, &policy.roots, now.unix_s),
            Err(reason) => Err(*reason),
        };
        if file != Err(FetchFailure::Busy) {
            cache.insert(waiting.url, chain, now.at);
        }
        Some(match proof {
            Ok(verdict) => self.end(verdict),
            Err(reason) => {
                self.fault = self.fault.or(Some(reason));
                self.advance(policy, cache, now)
            }
        })
    }

    /// When to call [`Self::woken`]. `None` while nothing is awaited.
    pub fn wake_at(&self) -> Option<Instant> {
        self.waiting.as_ref().and(self.deadline)
    }

    /// The deadline has passed: the awaited file counts as not to be had. `None` before that.
    pub fn woken(&mut self, cache: &mut CertificateCache, now: Moment) -> Option<Output> {
        self.wake_at().filter(|deadline| *deadline <= now.at)?;
        let waiting = self.waiting.take()?;
        cache.insert(waiting.url, Err(Reason::Fetch), now.at);
        Some(self.end(Verdict::Invalid(self.fault.unwrap_or(Reason::Fetch))))
    }

    /// Takes tokens until one is valid, one needs a file, or none is left.
    fn advance(&mut self, policy: &Policy, cache: &CertificateCache, now: Moment) -> Output {
        while let Some(token) = self.rest.pop() {
            match self.judge(token, policy, cache, now) {
                Ok(Output::Verdict(verdict)) => return self.end(verdict),
                Ok(fetch) => return fetch,
                Err(reason) => self.fault = self.fault.or(Some(reason)),
            }
        }
        let verdict = self.fault.map_or(Verdict::NoSignature, Verdict::Invalid);
        self.end(verdict)
    }

    fn judge(
        &mut self,
        token: Token,
        policy: &Policy,
        cache: &CertificateCache,
        now: Moment,
    ) -> Result<Output, Reason> {
        let claims = claimed(&token, &self.call, policy.freshness_s, now.unix_s)?;
        let url = token.certificate_url(&policy.urls).map_err(Reason::Url)?;
        if let Some(known) = cache.get(&url, now.at) {
            return proven(&token, &claims, known?, &policy.roots, now.unix_s).map(Output::Verdict);
        }
        self.deadline.get_or_insert(now.at + policy.fetch_timeout);
        self.waiting = Some(Waiting {
            token,
            claims,
            url: url.clone(),
        });
        Ok(Output::Fetch { url })
    }

    fn end(&mut self, verdict: Verdict) -> Output {
        self.rest.clear();
        self.deadline = None;
        Output::Verdict(verdict)
    }
}

#[cfg(test)]
mod tests;
