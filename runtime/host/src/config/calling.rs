//! What tenants may call: `[[tenant]]` with its dial plan, numbers, destinations, hosts and limits; and everything of the
//! file that concerns calls in and out, brought together. A tenant that is not named calls its own users only.

use super::phones::{self, Phones, domain};
use super::reader::{ConfigError, Table, nearest};
use super::trunks::{self, Carrier, network};
use super::{CALLS_MAX, NAME, api, name, tenancy};
use crate::node::{NodeConfig, WatchedTrunk};
use patchcord_control::destinations::{
    Destinations, HostPattern, HostRule, Hosts, Micros, Permission, Price, Rule, ShortRule,
};
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::{Ledger, LedgerSettings, TenantLimits};
use patchcord_control::numbers::{Bare, Code, DialPlan, E164, Home, PlanSettings, Prefix};
use patchcord_control::policy::CallerIds;
use patchcord_control::trunks::Trunks;
use patchcord_sip::{GateConfig, RegistrarConfig, Strangers};
use patchcord_switch::{CallingOut, Outgoing, Users};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const KEYS: &[&str] = &[
    "name",
    "country",
    "national_prefix",
    "min_digits",
    "max_digits",
    "area_code",
    "international_prefixes",
    "bare",
    "emergency",
    "short",
    "numbers",
    "verified",
    "caller_id",
    "hosts",
    "calls",
    "calls_per_second",
    "calls_per_hour",
    "calls_per_destination",
    "spend_per_day",
    "destination",
];

/// Every key of a `[[tenant]]`.
pub(super) fn keys() -> Vec<&'static str> {
    [KEYS, tenancy::KEYS].concat()
}

/// Everything about who may call in and what may be called.
#[derive(Debug, Clone)]
pub struct Calling {
    /// Domain of users and of From.
    pub domain: Option<String>,
    /// Who may come in: users, peers of trunks, strangers.
    pub gate: GateConfig,
    /// How registrations are kept.
    pub registrar: RegistrarConfig,
    /// Users, for the directory.
    pub users: Users,
    tenants: HashMap<Tenant, CallingOut>,
    limits: LedgerSettings,
    carriers: Vec<Carrier>,
}

impl Calling {
    /// Fresh books; the tenants' day has lasted `into_day` at `start`.
    ///
    /// # Panics
    /// Never: the settings were tried when the file was read.
    pub fn ledger(&self, start: Instant, into_day: Duration) -> Ledger {
        Ledger::new(self.limits.clone(), start, into_day).expect("limits that were tried when read")
    }

    /// Books that go on, with the limits as they were read again.
    ///
    /// # Panics
    /// Never: the settings were tried when the file was read.
    pub fn renewed(&self, ledger: &Ledger) -> Ledger {
        ledger
            .renewed(self.limits.clone())
            .expect("limits that were tried when read")
    }

    /// What calls out need, with these books.
    ///
    /// # Panics
    /// Never: the settings were tried when the file was read.
    pub fn outgoing(&self, ledger: Ledger) -> Outgoing {
        let choices = self.carriers.iter().map(|carrier| carrier.choice.clone()).collect();
        Outgoing {
            tenants: self.tenants.clone(),
            trunks: Trunks::new(choices).expect("trunks that were tried when read"),
            hosts: self
                .carriers
                .iter()
                .map(|carrier| (carrier.choice.name.clone(), carrier.host.clone()))
                .collect(),
            ledger: Some(Arc::new(ledger)),
        }
    }

    /// The trunks to watch.
    pub(super) fn trunks(&self) -> Vec<WatchedTrunk> {
        self.carriers.iter().map(|carrier| carrier.watched.clone()).collect()
    }
}

/// Reads all of it for a node whose own parts are known; `tenants` are those with handlers.
pub(super) fn read(
    root: &Table<'_>,
    sip: &Table<'_>,
    node: &NodeConfig,
    tenants: &[&Tenant],
) -> Result<Calling, ConfigError> {
    let phones: Phones = phones::read(root, sip, &host_of(node))?;
    let carriers = trunks::read(root, phones.domain.as_deref(), node)?;
    let names: Vec<&str> = carriers.iter().map(|carrier| &*carrier.choice.name).collect();
    api::paced_trunks(root, &names)?;
    let mut gate = phones.gate;
    gate.peers = carriers.iter().flat_map(|carrier| carrier.peers.clone()).collect();
    if gate.users.is_empty() && carriers.is_empty() && gate.strangers == Strangers::Drop {
        let sentence = "nobody could call: there is no [[user]] and no [[trunk]], and strangers are dropped: add one, \
                        or set strangers = \"answer\"";
        return Err(sip.wrong("strangers", sentence));
    }
    let mut limits = LedgerSettings::default();
    let mut calling = HashMap::new();
    for table in root.sections("tenant", &keys())? {
        let tenant = Tenant(table.required("name", NAME, name)?);
        let (out, of_tenant) = one(&table, &tenant)?;
        limits.tenants.push(of_tenant);
        if calling.insert(tenant, out).is_some() {
            return Err(table.wrong("name", "there is a tenant of this name above: give another name"));
        }
    }
    known_tenants(root, tenants, &calling, &phones.tenants)?;
    limits.trunks = carriers.iter().map(|carrier| carrier.limits.clone()).collect();
    let wrong = |key, why: String| root.wrong(key, &why);
    Ledger::new(limits.clone(), Instant::now(), Duration::ZERO).map_err(|why| wrong("tenant", why.to_string()))?;
    Trunks::new(carriers.iter().map(|it| it.choice.clone()).collect())
        .map_err(|why| wrong("trunk", why.to_string()))?;
    Ok(Calling {
        domain: phones.domain,
        gate,
        registrar: phones.registrar,
        users: phones.users,
        tenants: calling,
        limits,
        carriers,
    })
}

/// The host that phones know without a domain, as it stands in a URI.
fn host_of(node: &NodeConfig) -> String {
    match node.sip.advertise.unwrap_or(node.sip.listen).ip() {
        IpAddr::V6(address) => format!("[{address}]"),
        address @ IpAddr::V4(_) => address.to_string(),
    }
}

/// A user's tenant is one that has a handler or a section.
fn known_tenants(
    root: &Table<'_>,
    handlers: &[&Tenant],
    sections: &HashMap<Tenant, CallingOut>,
    used: &[Tenant],
) -> Result<(), ConfigError> {
    let known = || handlers.iter().copied().chain(sections.keys());
    let Some(stranger) = used.iter().find(|tenant| !known().any(|it| it == *tenant)) else {
        return Ok(());
    };
    let hint = match nearest(&stranger.0, known().map(|it| it.0.as_str())) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => "add a [[tenant]] or a [[handler]] of it".to_owned(),
    };
    Err(root.wrong("user", &format!("there is no tenant {:?}: {hint}", stranger.0)))
}

fn one(table: &Table<'_>, tenant: &Tenant) -> Result<(CallingOut, TenantLimits), ConfigError> {
    let plan = plan(table)?;
    let (rules, short) = destinations(table)?;
    let prefixes: Vec<Prefix> = rules.iter().map(|rule| rule.prefix).collect();
    let costs = |permission: &Permission| matches!(permission, Permission::Allow(price) if price.per_minute.0 > 0);
    let has_price =
        rules.iter().any(|rule| costs(&rule.permission)) || short.iter().any(|rule| costs(&rule.permission));
    let spend = table.money("spend_per_day")?;
    if has_price && spend.is_none() {
        let sentence = "it is missing: a destination has a price, so give what may be spent in a day, such as 50";
        return Err(table.wrong("spend_per_day", sentence));
    }
    let destinations = Destinations::new(rules, short).map_err(|why| table.wrong("destination", &why.to_string()))?;
    let number = |key| table.list(key, "a number such as \"+4930123456\"", |text| E164::parse(text).ok());
    let default = table.parsed("caller_id", "one of the numbers", |text| E164::parse(text).ok())?;
    let caller_ids = CallerIds::new(number("numbers")?, number("verified")?, default)
        .map_err(|why| table.wrong("caller_id", &why.to_string()))?;
    let right = "a host such as \"sip.example.com\", \"*.example.com\", \"10.0.0.0/8\", or \"any-public\"";
    let hosts = Hosts::new(table.list("hosts", right, host)?).map_err(|why| table.wrong("hosts", &why.to_string()))?;
    let limit = |key, usual: u64, most: u64| -> Result<u32, ConfigError> {
        Ok(table.number(key, 1..=most)?.unwrap_or(usual) as u32)
    };
    let per_second = limit("calls_per_second", 5, 10_000)?;
    let limits = TenantLimits {
        tenant: tenant.clone(),
        concurrent: limit("calls", 30, CALLS_MAX)?,
        per_second,
        burst: per_second,
        per_hour: limit("calls_per_hour", 500, 1_000_000)?,
        spend_per_day: spend.unwrap_or(Micros(0)),
        destinations: prefixes,
        per_destination: limit("calls_per_destination", 100, 65_535)? as u16,
    };
    Ok((
        CallingOut {
            plan,
            destinations,
            caller_ids,
            hosts,
        },
        limits,
    ))
}

fn plan(table: &Table<'_>) -> Result<DialPlan, ConfigError> {
    let text = |key| table.parsed(key, "digits", |text| Some(text.to_owned()));
    let texts = |key| table.list(key, "digits", |text| Some(text.to_owned()));
    let digits = |key, usual: u64| -> Result<u8, ConfigError> { Ok(table.number(key, 1..=15)?.unwrap_or(usual) as u8) };
    let home = match text("country")? {
        None => None,
        Some(country_code) => Some(Home {
            max_digits: digits("max_digits", 15_u64.saturating_sub(country_code.len() as u64))?,
            min_digits: digits("min_digits", 4)?,
            national_prefix: text("national_prefix")?,
            area_code: text("area_code")?,
            country_code,
        }),
    };
    let right = "\"refused\", \"national\", \"local\" or \"international\"";
    let bare = table.parsed("bare", right, |text| match text {
        "refused" => Some(Bare::Refused),
        "national" => Some(Bare::National),
        "local" => Some(Bare::Local),
        "international" => Some(Bare::International),
        _ => None,
    })?;
    let settings = PlanSettings {
        home,
        international_prefixes: texts("international_prefixes")?,
        bare: bare.unwrap_or_default(),
        emergency: texts("emergency")?,
        short: texts("short")?,
        rewrites: Vec::new(),
    };
    DialPlan::new(settings).map_err(|why| {
        let key = if why.setting == "country_code" {
            "country"
        } else {
            why.setting
        };
        table.wrong(key, &format!("give {}", why.right))
    })
}

fn destinations(table: &Table<'_>) -> Result<(Vec<Rule>, Vec<ShortRule>), ConfigError> {
    let (mut rules, mut short) = (Vec::new(), Vec::new());
    for rule in table.sections("destination", &["prefix", "code", "name", "allow", "price"])? {
        let prefix = rule.parsed("prefix", "the beginning of numbers such as \"+49\"", Prefix::new)?;
        let code = rule.parsed("code", "a short code such as \"115\"", Code::new)?;
        let name: Arc<str> = rule
            .required("name", "a name for records such as \"Germany\"", |text| {
                Some(text.to_owned())
            })?
            .into();
        let allows = rule.parsed("allow", "\"yes\" or \"no\"", |text| match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        })?;
        let permission = match (allows.unwrap_or(true), rule.money("price")?) {
            (true, Some(price)) => Permission::Allow(Price { per_minute: price }),
            (true, None) => {
                let sentence = "it is missing: give what a minute costs, such as 0.02, or 0";
                return Err(rule.wrong("price", sentence));
            }
            (false, _) => Permission::Deny,
        };
        match (prefix, code) {
            (Some(prefix), None) => rules.push(Rule {
                prefix,
                name,
                permission,
            }),
            (None, Some(code)) => short.push(ShortRule { code, name, permission }),
            _ => {
                return Err(rule.wrong(
                    "prefix",
                    "give either a prefix such as \"+49\" or a code such as \"115\"",
                ));
            }
        }
    }
    Ok((rules, short))
}

fn host(text: &str) -> Option<HostRule> {
    let pattern = if text == "any-public" {
        HostPattern::AnyPublic
    } else if let Some(below) = text.strip_prefix("*.") {
        HostPattern::Below(domain(below)?)
    } else if let Some((address, bits)) = network(text) {
        HostPattern::Network { address, bits }
    } else {
        HostPattern::Name(domain(text)?)
    };
    Some(HostRule {
        pattern,
        name: text.into(),
    })
}
