//! The verbs that ask a node by its API: which node, with which key, and what they share in showing its answers.

pub(crate) mod caller_ids;
pub(crate) mod calls;
pub(crate) mod deploy;
pub(crate) mod login;
pub(crate) mod logs;
pub(crate) mod numbers;
pub(crate) mod rollout;
pub(crate) mod secrets;
pub(crate) mod tenants;
pub(crate) mod token;
pub(crate) mod trace;
pub(crate) mod usage;
pub(crate) mod webhooks;

use anyhow::{Context, Result};
use hyper::Method;
use patchcord_host::api_client::{ApiClient, Sent};
pub(crate) use patchcord_host::encoding::percent as encoded;
use serde_json::Value;
use std::path::PathBuf;

/// Which node is asked, and by whom.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Node {
    /// The node's API, such as https://pbx.example.com; else what `patchcord login` kept
    #[arg(long, value_name = "URL", env = "PATCHCORD_SERVER", global = true)]
    server: Option<String>,
    /// The API key; else the one of `patchcord login`. Better in the environment than on the command line
    #[arg(
        long,
        value_name = "KEY",
        env = "PATCHCORD_KEY",
        hide_env_values = true,
        global = true
    )]
    key: Option<String>,
    /// A file with the authority that certified the node, if this system does not know it
    #[arg(long, value_name = "FILE", env = "PATCHCORD_ROOTS", global = true)]
    roots: Option<PathBuf>,
}

impl Node {
    /// The API key, and the tenant that it was found to be of when it was kept.
    pub(crate) fn api_key(&self) -> Result<(String, Option<String>)> {
        if let Some(key) = &self.key {
            return Ok((key.clone(), None));
        }
        let kept = login::kept()?.context("there is no API key: `patchcord login` keeps it, or set PATCHCORD_KEY")?;
        Ok((kept.key, kept.tenant))
    }

    /// The way to it.
    pub(crate) fn client(&self) -> Result<ApiClient> {
        let kept = login::kept()?;
        let kept = kept.as_ref();
        let server = self.server.as_ref().or(kept.map(|kept| &kept.server));
        let key = self.key.as_ref().or(kept.map(|kept| &kept.key));
        let roots = self.roots.clone().or(kept.and_then(|kept| kept.roots.clone()));
        let what_to_do = "`patchcord login` keeps it, or set PATCHCORD_SERVER and PATCHCORD_KEY";
        let server = server.with_context(|| format!("which node is meant? {what_to_do}"))?;
        let key = key.with_context(|| format!("there is no API key: {what_to_do}"))?;
        ApiClient::new(server, key, roots)
    }
}

pub(crate) fn get(client: &ApiClient, path: &str) -> Result<Value> {
    client.ask(Method::GET, path, Sent::Nothing)
}

pub(crate) fn put(client: &ApiClient, path: &str, body: Value) -> Result<Value> {
    client.ask(Method::PUT, path, Sent::Json(body))
}

pub(crate) fn post(client: &ApiClient, path: &str, body: Option<Value>) -> Result<Value> {
    client.ask(Method::POST, path, body.map_or(Sent::Nothing, Sent::Json))
}

pub(crate) fn delete(client: &ApiClient, path: &str) -> Result<Value> {
    client.ask(Method::DELETE, path, Sent::Nothing)
}

/// All pages of a list.
pub(crate) fn all(client: &ApiClient, path: &str, field: &str) -> Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    let sign = if path.contains('?') { '&' } else { '?' };
    loop {
        let mut page = get(client, &format!("{path}{sign}limit=1000{cursor}"))?;
        if let Value::Array(found) = page[field].take() {
            items.extend(found);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => return Ok(items),
        }
    }
}

/// A field as text; nothing if it is not there.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// Strings of a list, for people.
pub(crate) fn words(value: &Value) -> String {
    let list = value.as_array().into_iter().flatten();
    let all: Vec<_> = list.filter_map(Value::as_str).collect();
    if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    }
}

/// Columns for people, padded to the longest of each; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
