//! The section `[web_requests]`: how handlers ask web servers. Which servers, each `[[handler]]` says; without that, none.
//!
//! ```toml
//! [web_requests]
//! networks = "public"              # or "any": servers in private networks too, where a handler's `http` names them
//! roots = "servers.pem"            # authorities of the servers; without it those of the system
//! at_once = 256                    # requests under way at the same time
//! at_once_of_tenant = 64           # of these, of one tenant
//!
//! [[handler]]
//! name = "lookup"
//! module = "lookup.wasm"
//! http = ["https://crm.example.com/api/"]     # what lies below this address, and nothing else
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use crate::web_requests::WebRequestsConfig;
use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_sip::identity::LiteralRule;
use std::path::Path;

/// The keys there are.
pub(super) const KEYS: &[&str] = &["networks", "roots", "at_once", "at_once_of_tenant"];
/// Requests under way at most: each is a connection, and up to 256 KiB.
const AT_ONCE_MAX: u64 = 4_096;
/// Addresses of one handler at most.
const ALLOW_MAX: usize = 64;

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<WebRequestsConfig, ConfigError> {
    let usual = WebRequestsConfig::default();
    let networks = section.parsed("networks", "\"public\" or \"any\"", |text| match text {
        "public" => Some(LiteralRule::Public),
        "any" => Some(LiteralRule::Any),
        _ => None,
    })?;
    let roots = section.parsed("roots", "a PEM file such as \"roots.pem\"", |text| {
        (!text.is_empty()).then(|| beside(file, text))
    })?;
    let at_once = section.number("at_once", 1..=AT_ONCE_MAX)?;
    let of_tenant = section.number("at_once_of_tenant", 1..=AT_ONCE_MAX)?;
    Ok(WebRequestsConfig {
        networks: networks.unwrap_or(usual.networks),
        roots,
        at_once: at_once.map_or(usual.at_once, |count| count as usize),
        at_once_of_tenant: of_tenant.map_or(usual.at_once_of_tenant, |count| count as usize),
    })
}

/// Which servers the table of a handler lets it ask.
pub(super) fn allowed(handler: &Table<'_>) -> Result<HttpAllow, ConfigError> {
    let right = "an address such as \"https://crm.example.com/api/\", which allows all below it";
    let allow = handler.parsed_list("http", right, |text| HttpUrl::parse(text).ok())?;
    if allow.len() > ALLOW_MAX {
        return Err(handler.wrong("http", &format!("give at most {ALLOW_MAX} of them")));
    }
    Ok(HttpAllow::Below(allow))
}
