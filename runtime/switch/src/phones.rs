//! Registered phones: REGISTER requests into bindings, and users into the ways their phones are reached. One shard keeps the
//! registrar; the others mirror what it learns.

use crate::io::Output;
use crate::presence::{client_of, name_in};
use crate::shard::Shard;
use patchcord_control::ids::Tenant;
use patchcord_control::presence::ClientId;
use patchcord_sip::{CLIENTS_DOMAIN, ExchangeId, Flow, LocationChange, Method, Origin, Owner, Request, Target, Uri};
use std::net::SocketAddr;
use std::time::Instant;

/// A device of a user where it can be reached.
pub(crate) struct Phone {
    pub(crate) client: ClientId,
    /// The Request-URI.
    pub(crate) contact: Uri,
    pub(crate) target: Target,
    /// Route values of a request to it.
    pub(crate) routes: Vec<String>,
}

/// A request outside a dialog that nobody here takes.
const NOT_ALLOWED: u16 = 405;

impl Shard {
    /// A request outside a dialog: REGISTER, SUBSCRIBE or PUBLISH of a user, as the gate has found out.
    pub(crate) fn outside(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        (request, flow): (&Request, Flow),
        origin: &Origin,
    ) {
        match request.method {
            Method::Subscribe => return self.subscribe(now, exchange, (request, flow), origin),
            Method::Publish => return self.publish(now, exchange, (request, flow), origin),
            _ => {}
        }
        let (tenant, aor, until) = match origin {
            Origin::User { aor, tenant } => (tenant, aor.clone(), None),
            Origin::Client(proven) => (&proven.tenant, proven.aor(), Some(proven.expires_at)),
            Origin::Trunk(_) | Origin::Anyone => return self.not_allowed(now, exchange),
        };
        let Some(registrar) = self.registrar.as_mut() else {
            return self.not_allowed(now, exchange);
        };
        let aor = &aor;
        let registered = registrar.register(now, flow, Owner { tenant, aor, until }, request);
        if let Some(change) = registered.change {
            self.location_changed(change);
        }
        // Refused only if the transaction has timed out in the same breath.
        let _ = self.sip.reply(now, exchange, registered.reply);
    }

    fn not_allowed(&mut self, now: Instant, exchange: ExchangeId) {
        let _ = self.sip.reply(now, exchange, patchcord_sip::Reply::new(NOT_ALLOWED));
    }

    /// A connection is gone, and with it every phone that was reached over it.
    pub(crate) fn flow_failed(&mut self, flow: Flow) {
        let Some(registrar) = self.registrar.as_mut() else {
            return;
        };
        for change in registrar.flow_failed(flow) {
            self.location_changed(change);
        }
    }

    pub(crate) fn registrations_expire(&mut self, now: Instant) {
        let Some(registrar) = self.registrar.as_mut() else {
            return;
        };
        if registrar.wake_at().is_none_or(|at| at > now) {
            return;
        }
        for change in registrar.expire(now) {
            self.location_changed(change);
        }
    }

    fn location_changed(&mut self, change: LocationChange) {
        self.mirror(change.clone());
        self.outputs.push_back(Output::Location(change));
    }

    /// Takes over what the registrar has learned. A mirror that is full goes without: its users are unavailable here.
    pub(crate) fn mirror(&mut self, change: LocationChange) {
        if self.sip.gate_mut().is_some_and(|gate| gate.apply(change).is_err()) {
            self.counts.locations_lost += 1;
        }
    }

    /// The phones of a user, at its desk and in its browsers: of each device the best binding.
    pub(crate) fn phones_of(&self, now: Instant, tenant: &Tenant, user: &str) -> Vec<Phone> {
        let Some(gate) = self.sip.gate() else {
            return Vec::new();
        };
        let in_browsers = format!("{}@{CLIENTS_DOMAIN}", name_in(user));
        let addresses = self.address_of(tenant, user).into_iter().chain([in_browsers]);
        let mut phones = Vec::new();
        for aor in addresses {
            let devices = gate.location().devices(now, &tenant.0, &aor);
            phones.extend(devices.iter().filter_map(|ways| {
                let best = ways.first()?;
                Some(Phone {
                    client: client_of(ways)?,
                    contact: best.contact.clone(),
                    target: Target::from(best.flow),
                    routes: best.path.clone(),
                })
            }));
        }
        phones
    }

    /// The address of record of a tenant's user, by its name or its whole address; none if it can only be in browsers.
    fn address_of(&self, tenant: &Tenant, name: &str) -> Option<String> {
        let domains = self.directory.as_ref()?.domains(tenant);
        match name.split_once('@') {
            Some((_, domain)) => domains.iter().any(|known| **known == *domain).then(|| name.to_owned()),
            None => domains.first().map(|domain| format!("{name}@{domain}")),
        }
    }

    /// The name of a tenant's user that an address means, if it means one.
    pub(crate) fn local_user(&self, tenant: &Tenant, uri: &Uri) -> Option<String> {
        let directory = self.directory.as_ref()?;
        let user = uri.user()?;
        let domain = uri.host().to_ascii_lowercase();
        if domain == CLIENTS_DOMAIN {
            return Some(user.to_owned());
        }
        let ours = directory.domains(tenant).iter().any(|known| **known == *domain) || self.is_our_host(uri);
        directory.has_user(tenant, user).then_some(()).filter(|()| ours)?;
        Some(user.to_owned())
    }

    /// Whether an address leads to this node itself: no port means whichever a phone knows us by.
    pub(crate) fn is_our_host(&self, uri: &Uri) -> bool {
        let listeners = &self.config.sip.listeners;
        let port = |door: SocketAddr| uri.port().is_none_or(|port| port == door.port());
        uri.ip().is_some_and(|ip| {
            listeners
                .iter()
                .any(|door| door.address.ip() == ip && port(door.address))
        })
    }

    /// The host that stands in From of our own requests.
    pub(crate) fn domain(&self) -> String {
        if let Some(domain) = &self.config.domain {
            return domain.clone();
        }
        match self.config.sip.listeners.first().map(|door| door.address.ip()) {
            Some(std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
            Some(ip) => ip.to_string(),
            None => "localhost".to_owned(),
        }
    }
}
