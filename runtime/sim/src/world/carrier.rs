//! The world outside the office: numbers that lead to phones, each over a trunk of its own, and the users of the office.
//! Everything a directory needs for calls that go out, with limits that no test reaches by accident.

use super::{DOMAIN, TENANT};
use patchcord_control::destinations::{Destinations, Hosts, Micros, Permission, Price, Rule};
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::{Ledger, LedgerSettings, TenantLimits, TrunkLimits};
use patchcord_control::numbers::{DialPlan, E164, NumberFormat, PlanSettings, Prefix};
use patchcord_control::policy::{Accepts, CallerIds, CallerRules, Trust};
use patchcord_control::trunks::{Codes, Owner, Trunk, Trunks};
use patchcord_sip::Flow;
use patchcord_switch::{CallingOut, Outgoing, Signing, TrunkHost, Users};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The number that calls out show: of the range reserved for fiction.
const OWN_NUMBER: &str = "+12025550199";
/// Calls at one time, and a second.
const PLENTY: u32 = 10_000;

/// A telephone number and the phone that answers it.
#[derive(Clone, PartialEq, Eq)]
pub struct NumberAt {
    /// With its plus.
    pub number: String,
    /// The phone's signalling.
    pub at: SocketAddr,
}

impl std::fmt::Debug for NumberAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NumberAt(<private>)")
    }
}

/// Users of [`TENANT`] in [`DOMAIN`].
pub fn users<'a>(names: impl IntoIterator<Item = &'a str>) -> Users {
    let tenant = Tenant(TENANT.to_owned());
    let mut users = Users::default();
    for name in names {
        users.add(&tenant, name, DOMAIN);
    }
    users
}

/// Calls out of [`TENANT`], which may call any number and any host: these numbers have a trunk, others have none. `base` is
/// the world's beginning. None if one is no E.164 number or stands there twice.
pub fn way_out(numbers: &[NumberAt], base: Instant) -> Option<Outgoing> {
    let tenant = Tenant(TENANT.to_owned());
    let name = |place: usize| -> Arc<str> { format!("trunk-{place}").into() };
    let prefixes: Option<Vec<Prefix>> = numbers
        .iter()
        .map(|number| E164::parse(&number.number).ok().and(Prefix::new(&number.number)))
        .collect();
    let prefixes = prefixes?;
    let trunks = prefixes
        .iter()
        .enumerate()
        .map(|(place, prefix)| trunk(name(place), *prefix));
    let hosts = numbers.iter().enumerate().map(|(place, number)| {
        let host = TrunkHost {
            host: number.at.to_string(),
            targets: vec![Flow::udp(number.at).into()],
            credentials: None,
            from_domain: None,
            signing: Signing::No,
        };
        (name(place), host)
    });
    // By their first digit all numbers are allowed; by name these, or fraud rules could stand in the way.
    let zones = ('1'..='9').filter_map(|digit| Prefix::new(&digit.to_string()));
    let allowed: Vec<Prefix> = zones.chain(prefixes.iter().copied()).collect();
    let limits = LedgerSettings {
        tenants: vec![tenant_limits(&tenant, &allowed)],
        trunks: (0..numbers.len()).map(|place| trunk_limits(name(place))).collect(),
    };
    Some(Outgoing {
        tenants: [(tenant, calling_out(&allowed)?)].into(),
        trunks: Trunks::new(trunks.collect()).ok()?,
        hosts: hosts.collect(),
        ledger: Some(Arc::new(Ledger::new(limits, base, Duration::ZERO).ok()?)),
    })
}

fn calling_out(prefixes: &[Prefix]) -> Option<CallingOut> {
    let rule = |prefix: &Prefix| Rule {
        prefix: *prefix,
        name: prefix.digits().into(),
        permission: Permission::Allow(Price::per_minute(1)),
    };
    let own = E164::parse(OWN_NUMBER).ok()?;
    Some(CallingOut {
        plan: DialPlan::new(PlanSettings::default()).ok()?,
        destinations: Destinations::new(prefixes.iter().map(rule).collect(), Vec::new()).ok()?,
        caller_ids: CallerIds::new(vec![own], Vec::new(), Some(own)).ok()?,
        hosts: Hosts::any(),
    })
}

fn trunk(name: Arc<str>, prefix: Prefix) -> Trunk {
    Trunk {
        name,
        owner: Owner::Shared,
        prefixes: vec![prefix],
        codes: Codes::Neither,
        priority: 1,
        weight: 1,
        called: NumberFormat::default(),
        caller: CallerRules {
            accepts: Accepts::Any,
            substitute: None,
            trust: Trust::Untrusted,
            format: NumberFormat::default(),
        },
        retry_on: Vec::new(),
    }
}

fn tenant_limits(tenant: &Tenant, prefixes: &[Prefix]) -> TenantLimits {
    TenantLimits {
        tenant: tenant.clone(),
        concurrent: PLENTY,
        per_second: PLENTY,
        burst: PLENTY,
        per_hour: PLENTY,
        spend_per_day: Micros(1_000_000_000),
        destinations: prefixes.to_vec(),
        per_destination: u16::MAX,
    }
}

fn trunk_limits(trunk: Arc<str>) -> TrunkLimits {
    TrunkLimits {
        trunk,
        concurrent: PLENTY,
        per_second: PLENTY,
        burst: PLENTY,
    }
}
