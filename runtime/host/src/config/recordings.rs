//! The section `[recordings]`: the folder that recordings are written in, and the object store they are sent to. Without it
//! they stay in a folder beside the end records.
//!
//! ```toml
//! [recordings]
//! folder = "recordings"
//! store = "s3://bucket/prefix"     # each becomes prefix/<tenant>/<recording>.wav or .ogg, and is removed here
//! endpoint = "https://s3.example.org"   # the server; without it Amazon's of the region
//! region = "eu-central-1"          # that requests are signed for; "us-east-1" if nothing is said
//! access_key = "env:STORE_KEY"     # or "file:PATH", as every secret; read at the start
//! secret_key = "file:store.secret"
//! roots = "store.pem"              # authorities of the server; without it those of the system
//! waiting_mib = 10240              # what may wait here while the store does not take it; then recordings are refused
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use crate::recordings::sending::StoreConfig;
use crate::records::RecordsTo;
use crate::web::WebAddress;
use std::path::{Path, PathBuf};

/// The keys there are.
pub(super) const KEYS: &[&str] = &[
    "folder",
    "store",
    "endpoint",
    "region",
    "access_key",
    "secret_key",
    "roots",
    "waiting_mib",
];
/// Keys that mean nothing without a store.
const OF_STORE: [&str; 6] = ["endpoint", "region", "access_key", "secret_key", "roots", "waiting_mib"];
/// Space for what waits if nothing is said: 90 hours of one voice as WAV.
const WAITING_MIB: u64 = 10_240;
/// At most: a hundred tebibytes.
const WAITING_MIB_MAX: u64 = 104_857_600;
/// Longest prefix: S3 allows names of 1,024 bytes.
const PREFIX_BYTES_MAX: usize = 512;

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(
    section: &Table<'_>,
    records: &RecordsTo,
    file: &Path,
) -> Result<(PathBuf, Option<StoreConfig>), ConfigError> {
    Ok((folder(section, records, file)?, store(section, file)?))
}

/// Beside the end records, if nothing is said.
fn folder(section: &Table<'_>, records: &RecordsTo, file: &Path) -> Result<PathBuf, ConfigError> {
    let folder = section.parsed("folder", "a folder such as \"recordings\"", |path| {
        (!path.is_empty()).then(|| beside(file, path))
    })?;
    let near = match records {
        RecordsTo::File(cdr) => cdr.as_path(),
        RecordsTo::Stdout | RecordsTo::Nowhere => file,
    };
    Ok(folder.unwrap_or_else(|| beside(near, "recordings")))
}

fn store(section: &Table<'_>, file: &Path) -> Result<Option<StoreConfig>, ConfigError> {
    let right = "a bucket and a prefix such as \"s3://recordings/office\"";
    let Some((bucket, prefix)) = section.parsed("store", right, bucket)? else {
        return match OF_STORE.iter().find(|key| section.has(key)) {
            Some(key) => Err(section.wrong(key, "it means nothing without store = \"s3://bucket/prefix\"")),
            None => Ok(None),
        };
    };
    let right = "an address such as \"https://s3.example.org\", without a password in it";
    let endpoint = section.parsed("endpoint", right, |text| {
        WebAddress::parse(text).filter(|_| !text.contains(['?', '#']))
    })?;
    let region = section.parsed("region", "a region such as \"eu-central-1\"", region)?;
    let secret = |key| match section.secret(key)? {
        Some(secret) => Ok(secret.into()),
        None => Err(section.wrong(key, "it is missing: give it as \"env:NAME\" or as \"file:PATH\"")),
    };
    let roots = section.parsed("roots", "a PEM file such as \"roots.pem\"", |text| {
        (!text.is_empty()).then(|| beside(file, text))
    })?;
    let waiting_mib = section.number("waiting_mib", 1..=WAITING_MIB_MAX)?;
    Ok(Some(StoreConfig {
        bucket,
        prefix,
        endpoint,
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        access_key: secret("access_key")?,
        secret_key: secret("secret_key")?,
        roots,
        waiting_bytes: waiting_mib.unwrap_or(WAITING_MIB) * 1024 * 1024,
    }))
}

/// A bucket by the rules of S3, and a prefix of plain steps.
fn bucket(text: &str) -> Option<(String, object_store::path::Path)> {
    let text = text.strip_prefix("s3://")?;
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    let of_buckets = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let of_prefixes = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.', '/'].contains(&c);
    let fits = (3..=63).contains(&bucket.len())
        && bucket.chars().all(of_buckets)
        && prefix.len() <= PREFIX_BYTES_MAX
        && prefix.chars().all(of_prefixes);
    let prefix = object_store::path::Path::parse(prefix).ok()?;
    fits.then(|| (bucket.to_owned(), prefix))
}

fn region(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ((1..=64).contains(&text.len()) && text.chars().all(fits)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
