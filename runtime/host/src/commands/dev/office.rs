//! The office that `dev` comes with: three users whose phones may register, and every host for calls out. No trunk: a
//! number needs a carrier, and a carrier a configuration file.

use patchcord_control::destinations::{Destinations, Hosts, Micros};
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::{Ledger, LedgerSettings, TenantLimits};
use patchcord_control::numbers::{DialPlan, PlanSettings};
use patchcord_control::policy::CallerIds;
use patchcord_control::trunks::Trunks;
use patchcord_host::encoding::hex;
use patchcord_sip::{Algorithm, GateConfig, Secret, Strangers, User};
use patchcord_switch::{CallingOut, Outgoing, Users};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who may register.
pub(super) const USERS: [&str; 3] = ["alice", "bob", "carol"];
/// Everybody's password on this machine alone; where others can reach the node it is a random one.
const PASSWORD: &str = "patchcord";
/// Calls out at one time, a second and an hour: more than a developer makes by hand.
const PLENTY: u32 = 1_000;

/// The users of a node, and how they prove who they are.
pub(super) struct Office {
    pub(super) password: String,
    domain: String,
    tenant: Tenant,
}

impl Office {
    /// The office of a node at this address; `random` makes the password if others can reach it.
    pub(super) fn at(address: IpAddr, tenant: &str, random: [u8; 6]) -> Self {
        let password = if address.is_loopback() {
            PASSWORD.to_owned()
        } else {
            hex(&random)
        };
        let domain = match address {
            IpAddr::V6(address) => format!("[{address}]"),
            IpAddr::V4(address) => address.to_string(),
        };
        Self {
            password,
            domain,
            tenant: Tenant(tenant.to_owned()),
        }
    }

    /// Users authenticate; everybody else may call as before.
    pub(super) fn gate(&self) -> GateConfig {
        let user = |name: &&str| User {
            tenant: self.tenant.0.as_str().into(),
            aor: format!("{name}@{}", self.domain).into(),
            username: (*name).to_owned(),
            secret: Secret::password(&self.password),
        };
        let mut gate = GateConfig {
            users: USERS.iter().map(user).collect(),
            strangers: Strangers::Welcome,
            ..GateConfig::default()
        };
        // Old phones give up when they are offered anything else beside it.
        gate.authentication.algorithms = vec![Algorithm::Md5];
        gate
    }

    /// For the directory.
    pub(super) fn users(&self) -> Users {
        let mut users = Users::default();
        for name in USERS {
            users.add(&self.tenant, name, &self.domain);
        }
        users
    }

    /// Any host may be called, on this machine too.
    pub(super) fn outgoing(&self) -> Outgoing {
        let out = CallingOut {
            plan: DialPlan::new(PlanSettings::default()).expect("the default plan is one"),
            destinations: Destinations::default(),
            caller_ids: CallerIds::default(),
            hosts: Hosts::any(),
        };
        let limits = TenantLimits {
            tenant: self.tenant.clone(),
            concurrent: PLENTY,
            per_second: PLENTY,
            burst: PLENTY,
            per_hour: PLENTY,
            spend_per_day: Micros(0),
            destinations: Vec::new(),
            per_destination: u16::MAX,
        };
        let settings = LedgerSettings {
            tenants: vec![limits],
            trunks: Vec::new(),
        };
        let ledger = Ledger::new(settings, Instant::now(), Duration::ZERO).expect("limits above zero are accepted");
        Outgoing {
            tenants: [(self.tenant.clone(), out)].into(),
            trunks: Trunks::default(),
            hosts: std::collections::HashMap::new(),
            ledger: Some(Arc::new(ledger)),
        }
    }
}
