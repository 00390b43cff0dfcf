//! What a tenant may call, and how: its dial plan, destinations, caller ids, hosts, and the trunks that carry numbers. The
//! decisions are `control`'s; here they are brought together for one call (toll fraud: nothing is sent before all agree).

use crate::identity::{Signing, to_sign};
use crate::locate::{Stop, Way};
use crate::shard::Shard;
use patchcord_control::call::{NotLocated, Presented};
use patchcord_control::destinations::{Destinations, HostVerdict, Hosts, Micros, Price, Verdict};
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::{Attempt, Ledger, LedgerLimit, Permit, Refused, Urgency};
use patchcord_control::numbers::{DialPlan, Number, Prefix};
use patchcord_control::policy::{self, CallerIds, Party, Privacy, Trust, Wanted};
use patchcord_control::trunks::{Choice, NoTrunk, Trunks};
use patchcord_control::words;
use patchcord_sip::{Credentials, NameAddr, Target, Uri};
use rand_chacha::rand_core::Rng;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// With less money left for a call than this pays for, it is not placed.
const LEAST: Duration = Duration::from_secs(30);

/// Why a host is not called.
const NOT_AMONG: &str = "this host is not among those that the tenant may call";

/// What one tenant may call.
#[derive(Debug, Clone)]
pub struct CallingOut {
    /// How what is dialled becomes a number.
    pub plan: DialPlan,
    /// Which numbers.
    pub destinations: Destinations,
    /// What may be shown, but for what the tenant has by the API.
    pub caller_ids: CallerIds,
    /// Which hosts.
    pub hosts: Hosts,
}

/// A trunk's place in signalling.
#[derive(Debug, Clone)]
pub struct TrunkHost {
    /// Host, port and parameters of the Request-URI, as in `carrier.example:5060;transport=tls`.
    pub host: String,
    /// Where it is before anything was looked up or registered; none if its host is a name.
    pub targets: Vec<Target>,
    /// For its challenges.
    pub credentials: Option<Credentials>,
    /// Domain of From; the node's own without it.
    pub from_domain: Option<String>,
    /// Whether calls over it are signed.
    pub signing: Signing,
}

/// Everything about calls that go out.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// By tenant; a tenant that is not here may call its own users only.
    pub tenants: HashMap<Tenant, CallingOut>,
    /// The choice among trunks.
    pub trunks: Trunks,
    /// Their places, by name.
    pub hosts: HashMap<Arc<str>, TrunkHost>,
    /// Limits shared by all shards; without one no number is called.
    pub ledger: Option<Arc<Ledger>>,
}

impl Outgoing {
    /// Whether a trunk belongs to our trust domain (RFC 3325); one that is not known does not.
    pub(crate) fn trust(&self, trunk: &str) -> Trust {
        self.trunks
            .get(trunk)
            .map_or(Trust::Untrusted, |trunk| trunk.caller.trust)
    }
}

/// A number that may be called, and what it costs.
struct Allowed {
    destination: Option<Prefix>,
    price: Price,
    urgency: Urgency,
}

impl Shard {
    /// The trunk that would carry a number, if one does.
    pub(crate) fn trunk_of_number(&mut self, tenant: &Tenant, dialled: &str, from: &Presented) -> Option<Arc<str>> {
        let directory = self.directory.clone()?;
        let calling = directory.outgoing.tenants.get(tenant)?;
        let number = calling.plan.read(dialled).ok()?;
        let ids = directory.caller_ids(tenant).unwrap_or(&calling.caller_ids);
        let caller = permitted(calling, ids, from).ok()?;
        let choices = directory
            .outgoing
            .trunks
            .choose(tenant, &number, &caller, self.random.next_u64());
        Some(choices.ok()?.swap_remove(0).trunk)
    }

    /// The ways of a number: one leg, tried over one trunk after the other; over `first`, if it carries the number, before others.
    pub(crate) fn ways_to_number(
        &mut self,
        now: Instant,
        tenant: &Tenant,
        dialled: &str,
        (from, first): (&Presented, Option<Arc<str>>),
    ) -> Result<Vec<Way>, NotLocated> {
        let directory = self.directory.clone().ok_or(NotLocated::NotFound)?;
        let outgoing = &directory.outgoing;
        let Some(calling) = outgoing.tenants.get(tenant) else {
            return forbidden("this tenant may not call numbers");
        };
        let number = calling.plan.read(dialled).map_err(|_| NotLocated::NotFound)?;
        let allowed = allow(&calling.destinations, &number)?;
        let ids = directory.caller_ids(tenant).unwrap_or(&calling.caller_ids);
        let caller = permitted(calling, ids, from)?;
        let seed = self.random.next_u64();
        let mut choices = match outgoing.trunks.choose(tenant, &number, &caller, seed) {
            Ok(choices) => choices,
            Err(NoTrunk::NoRoute) => return Err(NotLocated::Unreachable),
            Err(why) => return forbidden(&why.to_string()),
        };
        if let Some(at) = first.and_then(|first| choices.iter().position(|choice| choice.trunk == first)) {
            choices[..=at].rotate_right(1);
        }
        let Some(ledger) = outgoing.ledger.as_ref() else {
            return forbidden("no limits are configured for calls that go out");
        };
        let (permit, first) = self.reserve(now, (ledger, tenant), &choices, &allowed)?;
        let stops: VecDeque<Stop> = choices[first..]
            .iter()
            .flat_map(|choice| self.stops(outgoing, choice, &number, from))
            .collect();
        if stops.is_empty() {
            return Err(NotLocated::Unreachable);
        }
        Ok(vec![Way {
            stops,
            routes: Vec::new(),
            asked: Vec::new(),
            permit: Some(permit),
            party: None,
        }])
    }

    /// A place in the limits of the tenant and of the first trunk that has one.
    fn reserve(
        &mut self,
        now: Instant,
        (ledger, tenant): (&Ledger, &Tenant),
        choices: &[Choice],
        allowed: &Allowed,
    ) -> Result<(Permit, usize), NotLocated> {
        let mut reason = String::new();
        for (place, choice) in choices.iter().enumerate() {
            let attempt = Attempt {
                tenant,
                trunk: Some(&choice.trunk),
                destination: allowed.destination.as_ref(),
                price: allowed.price,
                longest: self.config.call.call_duration,
                least: LEAST,
                urgency: allowed.urgency,
            };
            match ledger.reserve(now, &attempt) {
                Ok(permit) => return Ok((permit, place)),
                Err(refused) => {
                    reason = refused.to_string();
                    let Refused::Limit { limit, allowed, .. } = refused else {
                        break;
                    };
                    if limit == LedgerLimit::TenantSpend {
                        self.no_money(now, tenant, Micros(allowed));
                    }
                    if !limit.is_of_trunk() {
                        break;
                    }
                }
            }
        }
        forbidden(&reason)
    }

    /// Whoever runs the node hears that a tenant's money of the day is spent.
    fn no_money(&mut self, now: Instant, tenant: &Tenant, limit: Micros) {
        if let Ok(share) = self.share_of(tenant) {
            let refused = share.no_money(limit);
            self.limited(now, tenant, refused);
        }
    }

    /// The places of one trunk, best first.
    fn stops(&self, outgoing: &Outgoing, choice: &Choice, number: &Number, from: &Presented) -> Vec<Stop> {
        let Some(host) = outgoing.hosts.get(&choice.trunk) else {
            return Vec::new();
        };
        let Ok(uri) = Uri::parse(&format!("sip:{}@{}", choice.number.reveal(), host.host)) else {
            return Vec::new();
        };
        let live = self.trunk_targets.get(&choice.trunk);
        let targets = live.filter(|live| !live.is_empty()).unwrap_or(&host.targets);
        let trust = outgoing.trust(&choice.trunk);
        let (from, headers) = self.caller_over(host, choice, (from, trust));
        let signed = to_sign(host.signing, &choice.caller, number);
        let stop = |target: &Target| Stop {
            uri: uri.clone(),
            target: target.clone(),
            from: from.clone(),
            headers: headers.clone(),
            signed: signed.clone(),
            trunk: Some(choice.trunk.clone()),
            credentials: host.credentials.clone(),
            is_browser: false,
        };
        targets.iter().map(stop).collect()
    }

    /// From and the headers that go with it, as a trunk is told them.
    fn caller_over(
        &self,
        host: &TrunkHost,
        choice: &Choice,
        (from, trust): (&Presented, Trust),
    ) -> (NameAddr, Vec<(String, String)>) {
        let domain = host.from_domain.clone().unwrap_or_else(|| self.domain());
        let caller = &choice.caller;
        let anonymous = || format!("sip:{}@{}", policy::ANONYMOUS_USER, policy::ANONYMOUS_HOST);
        let shown = caller
            .from
            .as_ref()
            .map(|user| format!("sip:{}@{domain}", user.reveal()));
        let uri = Uri::parse(&shown.unwrap_or_else(anonymous))
            .or_else(|_| Uri::parse(&anonymous()))
            .expect("a constant that is an address");
        let name = from.name.as_ref().map(|name| name.reveal().clone());
        let display = match caller.privacy {
            Privacy::Shown => name.filter(|name| !name.is_empty()),
            Privacy::Withheld => Some("Anonymous".to_owned()),
        };
        let mut headers = Vec::new();
        if let Some(asserted) = &caller.asserted {
            let identity = format!("<sip:{}@{domain}>", asserted.reveal());
            headers.push(("P-Asserted-Identity".to_owned(), identity));
        }
        // Whoever is not trusted was told no number that it would have to keep (RFC 3325 section 7).
        if caller.privacy == Privacy::Withheld && trust == Trust::Trusted {
            headers.push(("Privacy".to_owned(), "id".to_owned()));
        }
        let from = NameAddr {
            display,
            ..NameAddr::new(uri)
        };
        (from, headers)
    }

    /// Whether a tenant may call a SIP address; the reason if not.
    pub(crate) fn allowed_address(&self, tenant: &Tenant, uri: &Uri) -> Result<(), String> {
        let calling = self.directory.as_ref().and_then(|it| it.outgoing.tenants.get(tenant));
        match calling.map(|calling| calling.hosts.judge(uri.host())) {
            Some(HostVerdict::Allowed(_)) => Ok(()),
            Some(HostVerdict::DeniedSpecial(_)) => Err("this host is not on the public internet".to_owned()),
            Some(HostVerdict::DeniedByDefault | HostVerdict::Malformed) | None => Err(NOT_AMONG.to_owned()),
        }
    }

    /// Of the places that an allowed host led to, those that the tenant may call: a name says nothing about the network
    /// its addresses are in.
    pub(crate) fn allowed_targets(&self, tenant: &Tenant, uri: &Uri, targets: Vec<Target>) -> Vec<Target> {
        let calling = self.directory.as_ref().and_then(|it| it.outgoing.tenants.get(tenant));
        let Some(hosts) = calling.map(|calling| &calling.hosts) else {
            return Vec::new();
        };
        let HostVerdict::Allowed(rule) = hosts.judge(uri.host()) else {
            return Vec::new();
        };
        let fine = |target: &Target| {
            let address = target.flow.peer.ip();
            matches!(hosts.judge_resolved(rule, address), HostVerdict::Allowed(_))
        };
        targets.into_iter().filter(fine).collect()
    }
}

fn forbidden<T>(reason: &str) -> Result<T, NotLocated> {
    Err(NotLocated::Forbidden(reason.to_owned()))
}

/// Whether the tenant's rules let a number be called.
fn allow(destinations: &Destinations, number: &Number) -> Result<Allowed, NotLocated> {
    let allowed = |destination, price| {
        Ok(Allowed {
            destination,
            price,
            urgency: Urgency::Ordinary,
        })
    };
    match destinations.judge(number) {
        Verdict::Emergency => Ok(Allowed {
            destination: None,
            price: Price::default(),
            urgency: Urgency::Emergency,
        }),
        Verdict::Allowed { rule, price } => allowed(Some(rule.prefix), price),
        Verdict::AllowedShort { price, .. } => allowed(None, price),
        Verdict::Denied(rule) => forbidden(&format!("the rule {:?} denies this destination", rule.name)),
        Verdict::DeniedShort(rule) => forbidden(&format!("the rule {:?} denies this code", rule.name)),
        Verdict::DeniedRisky(range) => forbidden(&format!("{} numbers are known for fraud", range.name)),
        Verdict::DeniedByDefault => forbidden("no rule allows this destination"),
    }
}

/// The caller id that may be shown.
fn permitted(calling: &CallingOut, ids: &CallerIds, from: &Presented) -> Result<policy::CallerId, NotLocated> {
    let read = |text: &str| match calling.plan.read(text) {
        Ok(Number::E164(number)) => Some(number),
        _ => None,
    };
    let party = from.caller.as_ref().map(|caller| Party {
        number: read(caller.reveal()),
        privacy: from.privacy,
    });
    let wanted = match &from.id {
        words::CallerId::Anonymous => Wanted::Anonymous,
        words::CallerId::Caller if party.is_none_or(|party| party.number.is_none()) => Wanted::Default,
        words::CallerId::Caller => Wanted::Callers,
        words::CallerId::Number(number) => match read(number.reveal()) {
            Some(number) => Wanted::Number(number),
            None => return forbidden("the caller id is no telephone number"),
        },
    };
    let parties: Vec<Party> = party.into_iter().collect();
    let permitted: Result<policy::CallerId, _> = ids.permit(wanted, &parties);
    permitted.or_else(|why| forbidden(&why.to_string()))
}
