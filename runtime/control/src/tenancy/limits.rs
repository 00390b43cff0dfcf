//! The limits of a tenant, their names, and what is said of one that is reached.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Stands for a limit that is none.
const NONE: u64 = u64::MAX;

/// What a tenant may use of the node. None: as much as there is. 0 allows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Calls alive at the same time, those that came in and those that were placed. One more is refused; one that goes on
    /// with another handler is not.
    pub calls_at_once: Option<u32>,
    /// New calls a second, those that came in and those that were placed: size of a bucket that fills by so many a second.
    pub new_calls_per_second: Option<u32>,
    /// Wasm fuel a minute of all its instances: size of a bucket that fills by so much a minute. With an empty one new
    /// calls are refused, and turns wait, at most [`FUEL_WAIT`](super::FUEL_WAIT).
    pub fuel_per_minute: Option<u64>,
    /// Bytes: what all its instances may have of linear memory, whether they use it or not.
    pub memory_bytes: Option<u64>,
    /// Requests of its handlers to web servers: size of a bucket that fills by so many a minute.
    pub http_per_minute: Option<u32>,
    /// Bytes that its handlers send to web servers and receive from them: size of a bucket that fills by so many a minute. A
    /// request may leave a debt, since nobody knows how long its answer is; until it is paid, none is sent.
    pub http_bytes_per_minute: Option<u64>,
    /// Bytes of recordings that are kept. One that begins when so much is there is refused.
    pub recording_bytes: Option<u64>,
}

/// The limits by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// [`Limits::calls_at_once`].
    CallsAtOnce,
    /// [`Limits::new_calls_per_second`].
    NewCalls,
    /// [`Limits::fuel_per_minute`].
    Fuel,
    /// [`Limits::memory_bytes`].
    Memory,
    /// [`Limits::http_per_minute`].
    Http,
    /// [`Limits::http_bytes_per_minute`].
    HttpBytes,
    /// [`Limits::recording_bytes`].
    Recordings,
    /// The money of a day, which the ledger keeps ([`crate::ledger`]).
    Spend,
    /// [`MAX_TENANTS`](super::MAX_TENANTS).
    Tenants,
}

impl Limit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Limit; 9] = [
        Limit::CallsAtOnce,
        Limit::NewCalls,
        Limit::Fuel,
        Limit::Memory,
        Limit::Http,
        Limit::HttpBytes,
        Limit::Recordings,
        Limit::Spend,
        Limit::Tenants,
    ];

    /// The name in the configuration, metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Limit::CallsAtOnce => "calls_at_once",
            Limit::NewCalls => "new_calls_per_second",
            Limit::Fuel => "fuel_per_minute",
            Limit::Memory => "memory",
            Limit::Http => "http_per_minute",
            Limit::HttpBytes => "http_bytes_per_minute",
            Limit::Recordings => "recordings",
            Limit::Spend => "spend_per_day",
            Limit::Tenants => "tenants",
        }
    }
}

/// Why a tenant gets no more of something. Nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// So many calls at once.
    TooManyCalls {
        /// The limit.
        most: u32,
    },
    /// So many new calls a second.
    TooFast {
        /// The limit.
        per_second: u32,
    },
    /// The minute's fuel is used.
    FuelUsed {
        /// The limit.
        per_minute: u64,
        /// How long until there is some again, in milliseconds.
        wait_ms: u64,
    },
    /// So much memory for all instances.
    NoMemory {
        /// The limit in bytes.
        most: u64,
    },
    /// So many requests to web servers a minute.
    TooManyRequests {
        /// The limit.
        per_minute: u32,
    },
    /// So many bytes to web servers and from them a minute.
    TooManyBytes {
        /// The limit.
        per_minute: u64,
    },
    /// The money of the day is spent or set aside.
    MoneySpent {
        /// The limit, in millionths of the currency.
        micros: u64,
    },
    /// So much is recorded.
    RecordingsFull {
        /// The limit in bytes.
        most: u64,
    },
    /// The node knows so many tenants.
    TooManyTenants {
        /// The limit.
        most: usize,
    },
}

impl Refused {
    /// Which limit it was.
    pub fn limit(self) -> Limit {
        match self {
            Refused::TooManyCalls { .. } => Limit::CallsAtOnce,
            Refused::TooFast { .. } => Limit::NewCalls,
            Refused::FuelUsed { .. } => Limit::Fuel,
            Refused::NoMemory { .. } => Limit::Memory,
            Refused::TooManyRequests { .. } => Limit::Http,
            Refused::TooManyBytes { .. } => Limit::HttpBytes,
            Refused::MoneySpent { .. } => Limit::Spend,
            Refused::RecordingsFull { .. } => Limit::Recordings,
            Refused::TooManyTenants { .. } => Limit::Tenants,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::TooManyCalls { most } => {
                write!(
                    f,
                    "the tenant has {most} calls at once, as many as it may; end one, or raise calls_at_once"
                )
            }
            Refused::TooFast { per_second } => write!(
                f,
                "the tenant has begun {per_second} calls within a second, as many as it may; try again in a second, or raise \
                 new_calls_per_second"
            ),
            Refused::FuelUsed { per_minute, wait_ms } => write!(
                f,
                "the tenant's handlers have used their {per_minute} of fuel a minute; there is some again in {wait_ms} ms; \
                 look for a handler that computes without end, or raise fuel_per_minute"
            ),
            Refused::NoMemory { most } => write!(
                f,
                "the tenant's handlers may have {most} bytes of memory together, and those that run have them; end a call, or \
                 raise memory_mib"
            ),
            Refused::TooManyRequests { per_minute } => write!(
                f,
                "the tenant's handlers have sent {per_minute} requests to web servers within a minute, as many as they may; \
                 send fewer, or raise http_per_minute"
            ),
            Refused::TooManyBytes { per_minute } => write!(
                f,
                "the tenant's handlers have sent and received {per_minute} bytes by requests to web servers within a minute, as \
                 many as they may; ask for less, or raise http_bytes_per_minute"
            ),
            Refused::MoneySpent { micros } => write!(
                f,
                "the tenant has spent or set aside its {micros} millionths of a day; wait until tomorrow (UTC), or raise \
                 spend_per_day"
            ),
            Refused::RecordingsFull { most } => write!(
                f,
                "the tenant keeps {most} bytes of recordings, as many as it may; delete some, or raise recordings_mib"
            ),
            Refused::TooManyTenants { most } => write!(f, "the node knows {most} tenants, as many as it may"),
        }
    }
}

impl std::error::Error for Refused {}

/// Limits that are replaced while they are held to.
#[derive(Debug)]
pub(super) struct Bounds([AtomicU64; Limit::ALL.len()]);

impl Bounds {
    pub(super) fn new(limits: Limits) -> Self {
        let bounds = Self(std::array::from_fn(|_| AtomicU64::new(NONE)));
        bounds.set(limits);
        bounds
    }

    pub(super) fn set(&self, limits: Limits) {
        let small = |limit: Option<u32>| limit.map(u64::from);
        for (limit, value) in [
            (Limit::CallsAtOnce, small(limits.calls_at_once)),
            (Limit::NewCalls, small(limits.new_calls_per_second)),
            (Limit::Fuel, limits.fuel_per_minute),
            (Limit::Memory, limits.memory_bytes),
            (Limit::Http, small(limits.http_per_minute)),
            (Limit::HttpBytes, limits.http_bytes_per_minute),
            (Limit::Recordings, limits.recording_bytes),
        ] {
            self.0[limit as usize].store(value.unwrap_or(NONE), Relaxed);
        }
    }

    /// As it is now.
    pub(super) fn get(&self, limit: Limit) -> Option<u64> {
        Some(self.0[limit as usize].load(Relaxed)).filter(|value| *value != NONE)
    }

    /// The same for a limit that was set from 32 bits.
    pub(super) fn small(&self, limit: Limit) -> Option<u32> {
        let value = self.get(limit)?;
        Some(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// All of them.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            calls_at_once: self.small(Limit::CallsAtOnce),
            new_calls_per_second: self.small(Limit::NewCalls),
            fuel_per_minute: self.get(Limit::Fuel),
            memory_bytes: self.get(Limit::Memory),
            http_per_minute: self.small(Limit::Http),
            http_bytes_per_minute: self.get(Limit::HttpBytes),
            recording_bytes: self.get(Limit::Recordings),
        }
    }
}
