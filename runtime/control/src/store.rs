//! What tenants keep beyond a call: entries by key, with versions, times to live and limits. Pure: whoever holds it says what
//! time it is, and makes the changes durable. Not here: how a handler asks, and where the entries lie.

use crate::ids::Tenant;
use crate::private::Private;
use crate::words::{Error, Expected, LimitName, StoreAction, StoreEntry, StoreReply, Swapped};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Bytes of a key at most.
pub const KEY_BYTES: usize = 256;
/// Bytes of a value at most.
pub const VALUE_BYTES: usize = 65_536;
/// The longest that an entry can be given to live: 366 days.
pub const TTL_MS_MAX: u64 = 366 * 24 * 3_600 * 1_000;

/// How much one tenant may keep. What goes over it is refused, and what is there stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// Entries.
    pub entries: usize,
    /// Bytes of all keys and values.
    pub bytes: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            entries: 10_000,
            bytes: 16 * 1024 * 1024,
        }
    }
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Any bytes.
    pub value: Private<Vec<u8>>,
    /// No other change of the store has it.
    pub version: u64,
    /// When it expires, in milliseconds since 1970; none: never.
    pub until_ms: Option<u64>,
}

/// What became of a key: the entry that is there now, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub tenant: Tenant,
    /// Where.
    pub key: Private<String>,
    /// What is there now.
    pub now: Option<Kept>,
}

/// The entries of all tenants.
#[derive(Debug, Default)]
pub struct Store {
    limits: StoreLimits,
    last_version: u64,
    tenants: HashMap<Tenant, Shelf>,
}

/// The entries of one tenant.
#[derive(Debug, Default)]
struct Shelf {
    entries: BTreeMap<String, Kept>,
    /// Of all keys and values.
    bytes: usize,
    /// What expires, the next first.
    expiring: BTreeSet<(u64, String)>,
}

impl Store {
    /// An empty one.
    pub fn new(limits: StoreLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Does something at a key of a tenant. `now_ms` is the time of day in milliseconds since 1970. What it changed is to be
    /// made durable before the reply is told.
    ///
    /// # Errors
    /// `Limit` where the tenant's entries or bytes would be over it, `Invalid` for a number that is none.
    pub fn act(
        &mut self,
        now_ms: u64,
        tenant: &Tenant,
        key: &str,
        action: &StoreAction,
    ) -> (Result<StoreReply, Error>, Option<Change>) {
        if let Some(shelf) = self.tenants.get_mut(tenant) {
            shelf.expire(now_ms);
        }
        let there = self.tenants.get(tenant).and_then(|shelf| shelf.entries.get(key));
        let until = |ttl_ms: &Option<u64>| ttl_ms.map(|ttl| now_ms.saturating_add(ttl));
        let (value, until_ms) = match action {
            StoreAction::Get => return (Ok(StoreReply::Entry(there.map(entry))), None),
            StoreAction::Delete if there.is_none() => return (Ok(StoreReply::Deleted(false)), None),
            StoreAction::Delete => {
                let change = self.put(tenant, key, None);
                return (Ok(StoreReply::Deleted(true)), Some(change));
            }
            StoreAction::Swap { expected, .. } if !is_expected(*expected, there) => {
                let version = there.map(|kept| kept.version);
                return (Ok(StoreReply::Swapped(Swapped::Conflict(version))), None);
            }
            StoreAction::Set { value, ttl_ms } | StoreAction::Swap { value, ttl_ms, .. } => {
                (value.clone(), until(ttl_ms))
            }
            StoreAction::Add { by, ttl_ms } => match sum(there, *by) {
                Ok(sum) => {
                    let until_ms = there.map_or_else(|| until(ttl_ms), |kept| kept.until_ms);
                    (sum.to_string().into_bytes().into(), until_ms)
                }
                Err(error) => return (Err(error), None),
            },
        };
        if let Err(error) = self.room(tenant, key, value.reveal()) {
            return (Err(error), None);
        }
        self.last_version += 1;
        let version = self.last_version;
        let reply = match action {
            StoreAction::Swap { .. } => StoreReply::Swapped(Swapped::Done(version)),
            StoreAction::Add { .. } => StoreReply::Sum(number(value.reveal()).unwrap_or_default()),
            _ => StoreReply::Version(version),
        };
        let kept = Kept {
            value,
            version,
            until_ms,
        };
        (Ok(reply), Some(self.put(tenant, key, Some(kept))))
    }

    /// Takes over a change that was made durable before.
    pub fn restore(&mut self, change: Change) {
        let version = change.now.as_ref().map_or(0, |kept| kept.version);
        self.last_version = self.last_version.max(version);
        self.put(&change.tenant, change.key.reveal(), change.now);
    }

    /// Versions up to this one were given, whether or not anything has them now.
    pub fn restore_version(&mut self, version: u64) {
        self.last_version = self.last_version.max(version);
    }

    /// The last version that was given.
    pub fn last_version(&self) -> u64 {
        self.last_version
    }

    /// Everything that is kept, each as the change that brought it here.
    pub fn entries(&self) -> impl Iterator<Item = Change> {
        self.tenants.iter().flat_map(|(tenant, shelf)| {
            shelf.entries.iter().map(|(key, kept)| Change {
                tenant: tenant.clone(),
                key: key.clone().into(),
                now: Some(kept.clone()),
            })
        })
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        self.tenants.values().map(|shelf| shelf.bytes).sum()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.tenants.values().map(|shelf| shelf.entries.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a value finds room.
    fn room(&self, tenant: &Tenant, key: &str, value: &[u8]) -> Result<(), Error> {
        let shelf = self.tenants.get(tenant);
        let before = shelf.and_then(|shelf| shelf.entries.get(key));
        let (entries, bytes) = shelf.map_or((0, 0), |shelf| (shelf.entries.len(), shelf.bytes));
        let freed = before.map_or(0, |kept| size(key, kept.value.reveal()));
        let over = |name, asked: usize, allowed: usize| match asked > allowed {
            true => Err(Error::Limit {
                name,
                allowed: allowed as u64,
                asked: asked as u64,
            }),
            false => Ok(()),
        };
        let entries = entries + usize::from(before.is_none());
        over(LimitName::StoreEntries, entries, self.limits.entries)?;
        let bytes = bytes - freed + size(key, value);
        over(LimitName::StoreBytes, bytes, self.limits.bytes)
    }

    fn put(&mut self, tenant: &Tenant, key: &str, now: Option<Kept>) -> Change {
        let shelf = self.tenants.entry(tenant.clone()).or_default();
        shelf.remove(key);
        if let Some(kept) = &now {
            shelf.bytes += size(key, kept.value.reveal());
            shelf.entries.insert(key.to_owned(), kept.clone());
            shelf
                .expiring
                .extend(kept.until_ms.map(|until| (until, key.to_owned())));
        }
        if shelf.entries.is_empty() {
            self.tenants.remove(tenant);
        }
        Change {
            tenant: tenant.clone(),
            key: key.to_owned().into(),
            now,
        }
    }
}

impl Shelf {
    fn remove(&mut self, key: &str) {
        if let Some(kept) = self.entries.remove(key) {
            self.bytes -= size(key, kept.value.reveal());
            if let Some(until) = kept.until_ms {
                self.expiring.remove(&(until, key.to_owned()));
            }
        }
    }

    /// Removes what has expired; each entry once.
    fn expire(&mut self, now_ms: u64) {
        while let Some((_, key)) = self.expiring.first().filter(|(until, _)| *until <= now_ms).cloned() {
            self.remove(&key);
        }
    }
}

fn entry(kept: &Kept) -> StoreEntry {
    StoreEntry {
        value: kept.value.clone(),
        version: kept.version,
    }
}

fn is_expected(expected: Expected, there: Option<&Kept>) -> bool {
    match expected {
        Expected::Absent => there.is_none(),
        Expected::Version(version) => there.is_some_and(|kept| kept.version == version),
    }
}

fn size(key: &str, value: &[u8]) -> usize {
    key.len() + value.len()
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn sum(there: Option<&Kept>, by: i64) -> Result<i64, Error> {
    let invalid = |argument: &str, reason: &str| Error::Invalid {
        argument: argument.to_owned(),
        reason: reason.to_owned(),
    };
    let before = match there {
        None => 0,
        Some(kept) => number(kept.value.reveal())
            .ok_or_else(|| invalid("key", "what is kept there is no number of 64 bits in decimal digits"))?,
    };
    before
        .checked_add(by)
        .ok_or_else(|| invalid("by", "the sum has more than 64 bits"))
}

#[cfg(test)]
mod tests;
