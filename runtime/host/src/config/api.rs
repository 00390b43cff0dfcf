//! The API: `[api]` says where, `[[api_key]]` who may ask.
//!
//! ```toml
//! [api]
//! listen = "127.0.0.1:8080"
//! certificate = "chain.pem"        # with key: the API and the console by https; loaded again when they change
//! key = "key.pem"
//!
//! [outbound]                       # how fast calls of a tenant are placed; what is too fast waits
//! calls_per_second = 10
//! at_once = 100
//! waiting = 10000
//!
//! [[outbound.trunk]]               # calls over a trunk are placed no faster than this, whoever's they are; others are not held up
//! name = "carrier"
//! calls_per_second = 2
//!
//! [caller_ids]                     # numbers that tenants prove to be theirs, by a call of this handler of the operator's
//! handler = "caller-id"            # a [[handler]]; tenant = "..." if it is not the default's
//!
//! [[api_key]]                      # `patchcord key` makes one and prints these lines
//! name = "ci"
//! sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"   # of the key; the key itself stands nowhere
//! token_key = "d75a9801…"          # what access tokens made with it are checked with; without it it makes none
//! scopes = ["read", "write", "admin", "clients"]   # the default; "operator" looks after tenants and their numbers
//! ```

use super::reader::{ConfigError, Table, nearest};
use super::{ADDRESS, NAME, TENANT, database, name, sip, tenant};
use crate::api::{ApiConfig, ApiKey, KeyHash, Scope, usual_outbound};
use crate::encoding::from_hex;
use crate::telling::READERS;
use patchcord_control::events::{EventKinds, Subscription};
use patchcord_control::ids::Tenant;
use patchcord_control::outbound::{OutboundSettings, Pace, WAITING_MAX};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

/// Calls a second of one tenant at most.
const PACE_MAX: u64 = 1_000;
const TRUNK_KEYS: &[&str] = &["name", "calls_per_second"];
/// Keys at most.
const KEYS_MAX: usize = 1_000;

/// The API, if there is one.
pub(super) fn read(root: &Table<'_>, file: &Path) -> Result<Option<ApiConfig>, ConfigError> {
    let section = root.section("api", &["listen", "certificate", "key"])?;
    let keys = keys(root)?;
    let listen = section.parsed("listen", ADDRESS, |text| text.parse().ok())?;
    match listen {
        Some(listen) if keys.is_empty() => {
            let sentence =
                format!("nobody could ask at {listen}: make a key with `patchcord key` and add its [[api_key]]");
            Err(section.wrong("listen", &sentence))
        }
        Some(listen) => Ok(Some(ApiConfig {
            listen,
            tls: sip::identity(&section, file)?,
            keys,
            outbound: outbound(root)?,
            database: database::read(&root.section("database", database::KEYS)?, file)?,
            home: Tenant(TENANT.to_owned()),
            caller_ids: None,
        })),
        None if root.has("database") => Err(root.wrong("database", "a database is of no use without [api] listen")),
        None if !keys.is_empty() => Err(root.wrong("api_key", "keys are of no use without [api] listen")),
        None => Ok(None),
    }
}

/// How fast calls are placed.
fn outbound(root: &Table<'_>) -> Result<OutboundSettings, ConfigError> {
    let section = root.section("outbound", &["calls_per_second", "at_once", "waiting", "trunk"])?;
    let mut usual = usual_outbound();
    if let Some(pace) = section.number("calls_per_second", 1..=PACE_MAX)? {
        let per_second = pace as u32;
        usual.tenant.pace = Pace {
            per_second,
            burst: per_second,
        };
    }
    if let Some(at_once) = section.number("at_once", 1..=super::CALLS_MAX)? {
        usual.tenant.at_once = at_once as usize;
    }
    if let Some(waiting) = section.number("waiting", 1..=WAITING_MAX as u64)? {
        usual.tenant.waiting = waiting as usize;
        usual.waiting = usual.waiting.max(usual.tenant.waiting);
    }
    for table in section.sections("trunk", TRUNK_KEYS)? {
        let right = "a whole number from 1 to 1000";
        let pace = table.number("calls_per_second", 1..=PACE_MAX)?;
        let per_second =
            pace.ok_or_else(|| table.wrong("calls_per_second", &format!("it is missing: give {right}")))?;
        let per_second = per_second as u32;
        let burst = per_second;
        let trunk = Arc::from(table.required("name", "the name of a [[trunk]]", name)?);
        if usual.trunks.insert(trunk, Pace { per_second, burst }).is_some() {
            return Err(table.wrong("name", "there is a pace of this trunk above"));
        }
    }
    Ok(usual)
}

/// Trunks whose pace is limited are among those there are.
pub(super) fn paced_trunks(root: &Table<'_>, trunks: &[&str]) -> Result<(), ConfigError> {
    let section = root.section("outbound", &["calls_per_second", "at_once", "waiting", "trunk"])?;
    for table in section.sections("trunk", TRUNK_KEYS)? {
        let paced = table.required("name", "the name of a [[trunk]]", name)?;
        if trunks.contains(&paced.as_str()) {
            continue;
        }
        let hint = match nearest(&paced, trunks.iter().copied()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "add a [[trunk]] of that name".to_owned(),
        };
        return Err(table.wrong("name", &format!("there is no trunk {paced:?}: {hint}")));
    }
    Ok(())
}

fn keys(root: &Table<'_>) -> Result<Vec<ApiKey>, ConfigError> {
    let tables = root.sections("api_key", &["name", "tenant", "sha256", "scopes", "token_key"])?;
    if tables.len() > KEYS_MAX {
        return Err(root.wrong("api_key", &format!("give at most {KEYS_MAX} of them")));
    }
    let mut hashes = HashSet::new();
    let read = |table: Table<'_>| {
        let right = "the SHA-256 of the key in hex, as `patchcord key` prints it";
        let public = "64 hex digits, as `patchcord key` prints them";
        let scope = |text: &str| Scope::ALL.into_iter().find(|scope| scope.name() == text);
        let scopes = table.parsed_list(
            "scopes",
            "\"read\", \"write\", \"admin\", \"clients\" or \"operator\"",
            scope,
        )?;
        let key = ApiKey {
            name: table.required("name", NAME, name)?,
            tenant: tenant(&table)?,
            scopes: if scopes.is_empty() {
                Scope::USUAL.to_vec()
            } else {
                scopes
            },
            hash: table.required("sha256", right, KeyHash::parse)?,
            token_key: table.parsed("token_key", public, from_hex)?,
        };
        if !hashes.insert(key.hash) {
            return Err(table.wrong("sha256", "another [[api_key]] has the same key"));
        }
        Ok(key)
    };
    tables.into_iter().map(read).collect()
}

/// Whoever has a key may read events.
pub(super) fn readers(api: Option<&ApiConfig>) -> Vec<Subscription> {
    let tenants: BTreeSet<Tenant> = api
        .into_iter()
        .flat_map(|api| &api.keys)
        .filter(|key| key.scopes.contains(&Scope::Read))
        .map(|key| key.tenant.clone())
        .collect();
    let reads = |tenant| Subscription {
        tenant,
        handlers: None,
        kinds: EventKinds::ALL,
        name: READERS.into(),
        webhook: None,
    };
    tenants.into_iter().map(reads).collect()
}

#[cfg(test)]
mod tests;
