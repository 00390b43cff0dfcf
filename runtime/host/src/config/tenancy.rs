//! What tenants may use of the node: `[tenants]` for all of them, and the same keys in a `[[tenant]]` for one. What is in
//! neither is limited by the node alone. Not here: calls out and money, which are limits of the tenant's own section only.
//!
//! ```toml
//! [tenants]
//! calls_at_once = 100              # in and out; one more gets 486
//! new_calls_per_second = 10        # in and out; one more gets 480
//! fuel_per_minute = 60_000_000_000 # instructions of its handlers; without any left new calls get 480, and turns wait
//! memory_mib = 1024                # that its handlers may have together
//! http_per_minute = 600            # requests to web servers
//! http_mib_per_minute = 100        # what they send and are answered
//! recordings_mib = 10_000          # that are kept
//! ```

use super::reader::{ConfigError, Table};
use super::{CALLS_MAX, NAME, calling, name};
use patchcord_control::ids::Tenant;
use patchcord_control::tenancy::{Limits, Tenancy};
use std::time::Instant;

/// The keys there are, in either section.
pub(super) const KEYS: &[&str] = &[
    "calls_at_once",
    "new_calls_per_second",
    "fuel_per_minute",
    "memory_mib",
    "http_per_minute",
    "http_mib_per_minute",
    "recordings_mib",
];
/// New calls a second at most: more than a node answers.
const NEW_CALLS_MAX: u64 = 10_000;
/// With less, a single turn of a handler could use up what there is for an hour.
const FUEL_MIN: u64 = 100_000_000;
/// Far more than a machine runs in a minute.
const FUEL_MAX: u64 = 1_000_000_000_000_000;
/// Memory at most: a tebibyte.
const MEMORY_MIB_MAX: u64 = 1_048_576;
/// Requests a minute at most.
const HTTP_MAX: u64 = 10_000_000;
/// What requests carry in a minute at most: a tebibyte.
const HTTP_MIB_MAX: u64 = 1_048_576;
/// Recordings at most: a pebibyte.
const RECORDINGS_MIB_MAX: u64 = 1_073_741_824;
const MIB: u64 = 1024 * 1024;

/// Reads both sections; `memory_mib` of the node is what one handler may have.
pub(super) fn read(root: &Table<'_>, instance: &patchcord_guest::Limits) -> Result<Tenancy, ConfigError> {
    let usual = limits(&root.section("tenants", KEYS)?, Limits::default(), instance)?;
    let tenancy = Tenancy::new(Instant::now(), usual);
    for table in root.sections("tenant", &calling::keys())? {
        let tenant = Tenant(table.required("name", NAME, name)?);
        let own = limits(&table, usual, instance)?;
        tenancy
            .set_limits(&tenant, own)
            .map_err(|why| table.wrong("name", &why.to_string()))?;
    }
    Ok(tenancy)
}

fn limits(table: &Table<'_>, usual: Limits, instance: &patchcord_guest::Limits) -> Result<Limits, ConfigError> {
    let small = |key, most: u64| -> Result<Option<u32>, ConfigError> {
        Ok(table.number(key, 1..=most)?.map(|value| value as u32))
    };
    let memory = table.number("memory_mib", 1..=MEMORY_MIB_MAX)?.map(|mib| mib * MIB);
    if memory.is_some_and(|memory| memory < instance.memory_bytes) {
        let least = instance.memory_bytes / MIB;
        let sentence = format!("no handler could run: one may have {least} MiB by [limits], so give at least that");
        return Err(table.wrong("memory_mib", &sentence));
    }
    let recordings = table
        .number("recordings_mib", 1..=RECORDINGS_MIB_MAX)?
        .map(|mib| mib * MIB);
    Ok(Limits {
        calls_at_once: small("calls_at_once", CALLS_MAX)?.or(usual.calls_at_once),
        new_calls_per_second: small("new_calls_per_second", NEW_CALLS_MAX)?.or(usual.new_calls_per_second),
        fuel_per_minute: table
            .number("fuel_per_minute", FUEL_MIN..=FUEL_MAX)?
            .or(usual.fuel_per_minute),
        memory_bytes: memory.or(usual.memory_bytes),
        http_per_minute: small("http_per_minute", HTTP_MAX)?.or(usual.http_per_minute),
        http_bytes_per_minute: table
            .number("http_mib_per_minute", 1..=HTTP_MIB_MAX)?
            .map(|mib| mib * MIB)
            .or(usual.http_bytes_per_minute),
        recording_bytes: recordings.or(usual.recording_bytes),
    })
}

#[cfg(test)]
mod tests;
