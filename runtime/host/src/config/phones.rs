//! Who has a phone here, and what happens to everybody else: `[[user]]`, `[gate]`, `[registration]` and the keys of
//! `[sip]` that go with them. Not the trunks' peers.

use super::reader::{ConfigError, Table};
use super::{NAME, name, tenant};
use patchcord_control::ids::Tenant;
use patchcord_sip::{Algorithm, CallsOfRegistered, GateConfig, RegistrarConfig, Secret, Strangers, User};
use patchcord_switch::Users;
use std::collections::HashSet;
use std::time::Duration;

/// Keys of `[sip]` that are read here.
pub(super) const SIP_KEYS: &[&str] = &["domain", "strangers", "registered", "digest"];
const DOMAIN: &str = "a host name such as \"office.example\"";
/// The longest time of a registration: a day.
const REGISTRATION_S_MAX: u64 = 86_400;

/// Everything about phones.
#[derive(Debug, Clone)]
pub(super) struct Phones {
    pub(super) domain: Option<String>,
    pub(super) gate: GateConfig,
    pub(super) registrar: RegistrarConfig,
    pub(super) users: Users,
    pub(super) tenants: Vec<Tenant>,
}

/// A host name or an address, in lower case.
pub(super) fn domain(text: &str) -> Option<String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    ((1..=253).contains(&text.len()) && text.chars().all(fine)).then(|| text.to_ascii_lowercase())
}

/// Reads users and the gate; `address` is the host that phones know without a domain.
pub(super) fn read(root: &Table<'_>, sip: &Table<'_>, address: &str) -> Result<Phones, ConfigError> {
    let own = sip.parsed("domain", DOMAIN, domain)?;
    let mut gate = gate(root)?;
    gate.authentication.realm = own.clone().unwrap_or_else(|| "patchcord".to_owned());
    gate.aliases = own.iter().map(|domain| (address.to_owned(), domain.clone())).collect();
    let right = "\"drop\", \"refuse\" or \"answer\"";
    gate.strangers = sip.parsed("strangers", right, strangers)?.unwrap_or_default();
    let offered = sip.list("digest", "\"sha-256\" or \"md5\"", algorithm)?;
    if !offered.is_empty() {
        gate.authentication.algorithms = offered;
    }
    let right = "\"challenge\", \"trust-streams\" or \"trust-flow\"";
    gate.calls_of_registered = sip.parsed("registered", right, registered)?.unwrap_or_default();
    let fallback = own.clone().unwrap_or_else(|| address.to_owned());
    let (mut users, mut tenants, mut seen) = (Users::default(), Vec::new(), HashSet::new());
    for table in root.sections("user", &["name", "password", "ha1", "tenant", "domain"])? {
        let user = user(&table, &fallback)?;
        if !seen.insert(user.aor.clone()) {
            return Err(table.wrong(
                "name",
                "there is a user of this name and domain above: give another name",
            ));
        }
        let tenant = Tenant(user.tenant.to_string());
        let domain = user.aor.rsplit_once('@').map_or("", |(_, domain)| domain);
        users.add(&tenant, &user.username, domain);
        tenants.push(tenant);
        gate.users.push(user);
    }
    Ok(Phones {
        domain: own,
        gate,
        registrar: registrar(&root.section("registration", &["shortest_s", "usual_s", "longest_s"])?)?,
        users,
        tenants,
    })
}

fn user(table: &Table<'_>, fallback: &str) -> Result<User, ConfigError> {
    let username = table.required("name", NAME, name)?;
    let domain = table
        .parsed("domain", DOMAIN, domain)?
        .unwrap_or_else(|| fallback.to_owned());
    let secret = match (table.secret("password")?, table.secret("ha1")?) {
        (Some(password), None) => Secret::password(&password),
        (None, Some(hash)) => Secret::ha1(&[&hash]).ok_or_else(|| {
            table.wrong(
                "ha1",
                "this is no hash: give 32 (MD5) or 64 (SHA-256) hexadecimal digits of name:realm:password",
            )
        })?,
        (Some(_), Some(_)) => return Err(table.wrong("ha1", "there is a password too: give one of both")),
        (None, None) => {
            let sentence = "it is missing: give a text, \"env:NAME\" or \"file:PATH\", or a ha1 instead";
            return Err(table.wrong("password", sentence));
        }
    };
    Ok(User {
        tenant: tenant(table)?.0.into(),
        aor: format!("{username}@{domain}").into(),
        username,
        secret,
    })
}

fn gate(root: &Table<'_>) -> Result<GateConfig, ConfigError> {
    let section = root.section(
        "gate",
        &[
            "requests_per_minute",
            "requests_burst",
            "failures_per_minute",
            "failures_burst",
            "lockout_s",
        ],
    )?;
    let mut gate = GateConfig::default();
    for (key, value) in [
        ("requests_per_minute", &mut gate.requests.per_minute),
        ("requests_burst", &mut gate.requests.burst),
        ("failures_per_minute", &mut gate.failures.per_minute),
        ("failures_burst", &mut gate.failures.burst),
    ] {
        if let Some(number) = section.number(key, 1..=1_000_000)? {
            *value = number as u32;
        }
    }
    gate.lockout = section.seconds("lockout_s", 1..=86_400)?.unwrap_or(gate.lockout);
    Ok(gate)
}

fn registrar(section: &Table<'_>) -> Result<RegistrarConfig, ConfigError> {
    let default = RegistrarConfig::default();
    let read = |key, usual: Duration| -> Result<Duration, ConfigError> {
        Ok(section.seconds(key, 1..=REGISTRATION_S_MAX)?.unwrap_or(usual))
    };
    let registrar = RegistrarConfig {
        shortest: read("shortest_s", default.shortest)?,
        usual: read("usual_s", default.usual)?,
        longest: read("longest_s", default.longest)?,
        ..default
    };
    if registrar.shortest > registrar.usual || registrar.usual > registrar.longest {
        let sentence = "give shortest_s, usual_s and longest_s so that none is above the next";
        return Err(section.wrong("usual_s", sentence));
    }
    Ok(registrar)
}

fn strangers(text: &str) -> Option<Strangers> {
    match text {
        "drop" => Some(Strangers::Drop),
        "refuse" => Some(Strangers::Refuse),
        "answer" => Some(Strangers::Accept),
        _ => None,
    }
}

/// Phones that know MD5 only give up when SHA-256 is offered beside it.
fn algorithm(text: &str) -> Option<Algorithm> {
    match text {
        "sha-256" => Some(Algorithm::Sha256),
        "md5" => Some(Algorithm::Md5),
        _ => None,
    }
}

fn registered(text: &str) -> Option<CallsOfRegistered> {
    match text {
        "challenge" => Some(CallsOfRegistered::Challenge),
        "trust-streams" => Some(CallsOfRegistered::TrustStreams),
        "trust-flow" => Some(CallsOfRegistered::TrustFlows),
        _ => None,
    }
}
