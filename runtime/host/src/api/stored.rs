//! What all that is kept in the database has in common: revisions as ETags, pages, and what its errors are to a client.

use super::endpoint::{Asked, Reply, is_known};
use super::problem::{Code, Problem};
use crate::deployments::{Changed, now_ms};
use crate::records::rfc3339;
use hyper::StatusCode;
use hyper::header::{ETAG, IF_MATCH};
use patchcord_control::ids::Tenant;
use patchcord_control::words::UnixTime;
use patchcord_database::{Cursor, Error, LIMIT_DEFAULT, LIMIT_MAX, Paging, TenantId};
use serde::Serialize;
use std::fmt::Display;

/// How often a change is tried that names no revision, while others change the same thing.
const TRIES: usize = 5;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(Code::NotFound, text),
            Error::Exists(_) => Self::new(Code::Exists, text),
            Error::Conflict(..) => Self::new(Code::ChangedMeanwhile, text),
            Error::InUse(_) => Self::new(Code::InUse, text),
            Error::Held => Self::new(Code::PermissionsHeld, text),
            Error::Limit(what, _) => Self::of_field(Code::Refused, what, text),
            Error::Invalid(what, _) => Self::of_field(Code::Refused, what, text),
            Error::NewerSchema(..) | Error::Damaged(_) | Error::Unavailable(_) => {
                tracing::error!(why = text, "the database could not be used for the API");
                Self::new(Code::Unavailable, "the database cannot be used now; try again")
            }
        }
    }
}

impl Asked {
    /// Whose key it is, as the database names it.
    pub(crate) fn tenant(&self) -> Result<TenantId, Problem> {
        Ok(crate::database::tenant_id(&self.key.tenant)?)
    }

    /// Which page is asked for.
    pub(crate) fn paging(&self) -> Result<Paging, Problem> {
        let limit = |text: &str| text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let limit = self.parsed("limit", "a number from 1 to 1000", limit)?;
        let after = |text: &str| Cursor::parse(text).ok();
        let after = self.parsed("cursor", "the next_cursor of a page before", after)?;
        Ok(Paging::new(limit.unwrap_or(LIMIT_DEFAULT), after)?)
    }

    /// A step of the path that was a name in braces, by its place.
    pub(crate) fn step(&self, place: usize) -> &str {
        self.path.get(place).map_or("", String::as_str)
    }

    /// The revision that a change is made from; none if it does not matter.
    fn if_match(&self) -> Result<Option<i64>, Problem> {
        let Some(value) = self.headers.get(IF_MATCH) else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        // What stands behind the revision is of no account to a change.
        let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let revision = tag.and_then(|tag| tag.split('-').next()?.parse().ok());
        // One that was never a revision is surely not this one's.
        Ok(Some(revision.unwrap_or(-1)))
    }

    /// From which revisions a change is tried.
    pub(crate) fn tries(&self) -> Result<Tries, Problem> {
        Ok(Tries {
            named: self.if_match()?,
            left: TRIES,
        })
    }

    /// An object that has a revision, unless the client has it already.
    pub(crate) fn revised(&self, revision: impl Display, shown: &impl Serialize) -> Reply {
        let etag = format!("\"{revision}\"");
        if is_known(&self.headers, &etag) {
            let mut unchanged = Reply::nothing();
            unchanged.status = StatusCode::NOT_MODIFIED;
            return unchanged.with(ETAG, etag);
        }
        Reply::json(StatusCode::OK, shown).with(ETAG, etag)
    }

    /// Something that this tenant has deployed was changed: calls that begin from now on find it.
    pub(crate) async fn deployed_anew(&self, changed: &Changed) -> Result<(), Problem> {
        self.deployed_anew_of(&self.key.tenant, changed).await
    }

    /// The same of another tenant.
    pub(crate) async fn deployed_anew_of(&self, tenant: &Tenant, changed: &Changed) -> Result<(), Problem> {
        Ok(self.office.deployments.read_again(tenant, changed).await?)
    }

    /// The time that rows are written with.
    pub(crate) fn now(&self) -> i64 {
        now_ms()
    }
}

/// The tries of one change: from the revision that the client names, or else from whichever there is, a few times.
pub(crate) struct Tries {
    pub(crate) named: Option<i64>,
    left: usize,
}

impl Tries {
    /// What a try came to; none: it is to be tried again.
    pub(crate) fn came_to<T>(&mut self, done: Result<T, Error>) -> Result<Option<T>, Problem> {
        self.left -= 1;
        match done {
            Err(Error::Conflict(..)) if self.named.is_none() && self.left > 0 => Ok(None),
            other => Ok(Some(other?)),
        }
    }
}

/// Changes something from its revision, as [`Tries`] says: which one it has now, and the change from one.
macro_rules! change {
    ($asked:expr, $current:expr, |$from:ident| $change:expr) => {
        async {
            let mut tries = $asked.tries()?;
            loop {
                let $from = match tries.named {
                    Some(named) => named,
                    None => $current,
                };
                if let Some(done) = tries.came_to($change)? {
                    break Ok::<_, Problem>(done);
                }
            }
        }
        .await
    };
}
pub(crate) use change;

/// Milliseconds since 1970 as the API shows them.
pub(crate) fn time(ms: i64) -> String {
    let ms = u64::try_from(ms).unwrap_or_default();
    rfc3339(UnixTime {
        seconds: ms / 1_000,
        nanoseconds: (ms % 1_000) as u32 * 1_000_000,
    })
}

/// The cursor of the next page.
pub(crate) fn next(cursor: Option<&Cursor>) -> Option<String> {
    cursor.map(Cursor::text)
}

/// A name that stands in paths and in configuration: letters, digits, `-` and `_`, at most 64.
pub(crate) fn name(field: &str, text: &str) -> Result<(), Problem> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=64).contains(&text.len()) && text.chars().all(fine) {
        return Ok(());
    }
    let right = format!("{field}: give a name of letters, digits, `-` and `_`, at most 64 of them");
    Err(Problem::of_field(Code::Refused, field, right))
}
