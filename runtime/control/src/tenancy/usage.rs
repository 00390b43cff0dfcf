//! What tenants have used, as numbers that only grow.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What a tenant has used since the start of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Calls begun.
    pub calls: u64,
    /// How long its calls lasted, in milliseconds; each is counted when it is over.
    pub call_ms: u64,
    /// Wasm fuel.
    pub fuel: u64,
    /// Requests to web servers.
    pub http_requests: u64,
    /// Bytes that went to web servers and came from them.
    pub http_bytes: u64,
    /// Bytes of recordings that were kept.
    pub recording_bytes: u64,
    /// What calls out have cost, in millionths of the currency.
    pub spend_micros: u64,
}

impl Usage {
    /// The metrics by name, each in its unit. Seconds are whole ones: keep the [`Usage`] itself from one writing to the
    /// next, and nothing is lost by that.
    pub fn metrics(&self) -> [(&'static str, u64); 7] {
        [
            ("calls", self.calls),
            ("call_ms", self.call_ms),
            ("fuel", self.fuel),
            ("http_requests", self.http_requests),
            ("http_bytes", self.http_bytes),
            ("recording_bytes", self.recording_bytes),
            ("spend_micros", self.spend_micros),
        ]
    }

    /// What was used after an earlier look.
    pub fn since(&self, earlier: &Usage) -> Usage {
        Usage {
            calls: self.calls.saturating_sub(earlier.calls),
            call_ms: self.call_ms.saturating_sub(earlier.call_ms),
            fuel: self.fuel.saturating_sub(earlier.fuel),
            http_requests: self.http_requests.saturating_sub(earlier.http_requests),
            http_bytes: self.http_bytes.saturating_sub(earlier.http_bytes),
            recording_bytes: self.recording_bytes.saturating_sub(earlier.recording_bytes),
            spend_micros: self.spend_micros.saturating_sub(earlier.spend_micros),
        }
    }
}

/// What a tenant has at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InUse {
    /// Calls alive.
    pub calls: u64,
    /// Memory that its instances may have.
    pub memory_bytes: u64,
    /// Bytes of recordings that are kept.
    pub recording_bytes: u64,
}

/// The counters of a [`Usage`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) calls: AtomicU64,
    pub(super) call_ms: AtomicU64,
    pub(super) fuel: AtomicU64,
    pub(super) http_requests: AtomicU64,
    pub(super) http_bytes: AtomicU64,
    pub(super) recording_bytes: AtomicU64,
    pub(super) spend_micros: AtomicU64,
}

impl Counters {
    pub(super) fn look(&self) -> Usage {
        Usage {
            calls: self.calls.load(Relaxed),
            call_ms: self.call_ms.load(Relaxed),
            fuel: self.fuel.load(Relaxed),
            http_requests: self.http_requests.load(Relaxed),
            http_bytes: self.http_bytes.load(Relaxed),
            recording_bytes: self.recording_bytes.load(Relaxed),
            spend_micros: self.spend_micros.load(Relaxed),
        }
    }
}
