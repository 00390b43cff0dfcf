//! Certificates fetched before, by address, for a while: good ones, and failures for a shorter while so that a dead or
//! hostile server is not asked for every call. A value without a clock; RFC 8224 6.2 allows it, revocation limits it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::chain::CertificateChain;
use super::url::CertificateUrl;
use super::verdict::Reason;

/// How much a cache holds, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Addresses. When full, the one that would expire first makes room; at least one is held.
    pub entries: usize,
    /// How long certificates are used without asking again.
    pub ttl: Duration,
    /// How long a failure is taken for granted.
    pub failure_ttl: Duration,
}

/// The cache.
#[derive(Clone, Debug)]
pub struct CertificateCache {
    limits: CacheLimits,
    entries: BTreeMap<CertificateUrl, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    until: Instant,
    content: Result<CertificateChain, Reason>,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            entries: 512,
            ttl: Duration::from_secs(3600),
            failure_ttl: Duration::from_secs(30),
        }
    }
}

impl CertificateCache {
    /// An empty cache.
    pub fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            entries: BTreeMap::new(),
        }
    }

    /// What is known about an address now.
    ///
    /// # Errors
    /// `Some(Err)` is a failure of a moment ago.
    pub fn get(&self, url: &CertificateUrl, now: Instant) -> Option<Result<&CertificateChain, Reason>> {
        let entry = self.entries.get(url).filter(|entry| now < entry.until)?;
        Some(entry.content.as_ref().map_err(|reason| *reason))
    }

    /// Keeps what was fetched, or that it failed. Also for a file that comes after its call has gone on without it.
    pub fn insert(&mut self, url: CertificateUrl, content: Result<CertificateChain, Reason>, now: Instant) {
        let ttl = match content {
            Ok(_) => self.limits.ttl,
            Err(_) => self.limits.failure_ttl,
        };
        if !self.entries.contains_key(&url) {
            self.make_room(now);
        }
        let until = now + ttl;
        self.entries.insert(url, Entry { until, content });
    }

    /// How many addresses are held, expired ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < self.limits.entries.max(1) {
            return;
        }
        self.entries.retain(|_, entry| now < entry.until);
        while self.entries.len() >= self.limits.entries.max(1) {
            let first = self.entries.iter().min_by_key(|(_, entry)| entry.until);
            let Some(url) = first.map(|(url, _)| url.clone()) else {
                return;
            };
            self.entries.remove(&url);
        }
    }
}

#[cfg(test)]
mod tests;
