//! What can go wrong, for all functions: one enum. Not here: what HTTP makes of it.

use std::fmt;

/// What a function gives.
pub type Result<T> = std::result::Result<T, Error>;

words! {
    /// The kinds of objects, as errors name them.
    What {
        /// An account or sub-account.
        Tenant = "tenant",
        /// An API key.
        Key = "key",
        /// An uploaded module.
        Module = "module",
        /// A handler.
        Handler = "handler",
        /// A version of a handler.
        Version = "version",
        /// A route.
        Route = "route",
        /// The rollout of a handler.
        Rollout = "rollout",
        /// A number of a tenant.
        Number = "number",
        /// A caller id that a tenant proves.
        CallerId = "caller id",
        /// A sealed secret.
        Secret = "secret",
        /// A webhook or an event sink.
        Sink = "webhook or event sink",
        /// The record of a call.
        Call = "call",
        /// A recording.
        Recording = "recording",
        /// A quota.
        Quota = "quota",
        /// The answer kept for an idempotency key.
        IdempotencyKey = "idempotency key",
    }
}

/// Why a function did not do it. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The tenant has no such object; perhaps another tenant has.
    NotFound(What),
    /// The name is taken.
    Exists(What),
    /// It was changed since; the revision it has now.
    Conflict(What, i64),
    /// Other objects need it.
    InUse(What),
    /// A version imports what nobody granted yet.
    Held,
    /// Longer, larger or more than is allowed: of what, and the limit (bytes or pieces).
    Limit(&'static str, i64),
    /// An argument that cannot be: which, and what would be right.
    Invalid(&'static str, &'static str),
    /// The schema is newer than this program: its number and the newest known one.
    NewerSchema(i64, i64),
    /// A row that this program cannot have written: where.
    Damaged(&'static str),
    /// The database cannot be reached, is too slow, or refuses; its words, without values.
    Unavailable(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(what) => write!(f, "there is no such {}", what.as_str()),
            Self::Exists(what) => write!(f, "there is such a {} already", what.as_str()),
            Self::Conflict(what, revision) => write!(
                f,
                "the {} was changed since it was read: it is at revision {revision}",
                what.as_str()
            ),
            Self::InUse(what) => write!(f, "the {} is in use", what.as_str()),
            Self::Held => write!(f, "the version imports what was not granted: grant it first"),
            Self::Limit(what, most) => write!(f, "{what}: at most {most}"),
            Self::Invalid(what, right) => write!(f, "{what}: {right}"),
            Self::NewerSchema(found, known) => write!(
                f,
                "the database has schema {found}, this program knows up to {known}: use a newer program"
            ),
            Self::Damaged(place) => write!(f, "a row of {place} cannot be read"),
            Self::Unavailable(why) => write!(f, "the database cannot be used: {why}"),
        }
    }
}

impl std::error::Error for Error {}
