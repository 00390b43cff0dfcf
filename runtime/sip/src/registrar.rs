//! The registrar: REGISTER requests of users that [`crate::Gate`] has let in, turned into bindings and a reply. RFC 3261
//! 10, with several flows of one phone (RFC 5626), proxies on the way (RFC 3327) and addresses of one device (RFC 5627).
//! Not authentication, and not a dialer: who wants to reach a user reads [`Location`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::flow::Flow;
use crate::limits::{BINDINGS, CONTACTS_PER_USER};
use crate::message::Request;
use crate::outside::Reply;

mod contact;
mod location;

pub use contact::address_of_record;
pub use location::{Binding, BindingId, Full, Location, LocationChange, by_device};

use contact::{Contact, Wanted, Wish, same_contact, supports};

/// The extensions a REGISTER may require.
const SUPPORTED: [&str; 3] = ["path", "outbound", "gruu"];

/// How registrations are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrarConfig {
    /// Less is refused with 423. Default: 60 s.
    pub shortest: Duration,
    /// For a contact that names no time. Default: 1 hour.
    pub usual: Duration,
    /// More is cut to this. Default: 2 hours.
    pub longest: Duration,
    /// Bindings held at once. Above it a new one is refused with 503. Default: [`BINDINGS`].
    pub bindings: usize,
    /// How often at least a phone that uses outbound sends something over a stream (RFC 5626 4.4.1). Default: 120 s.
    pub stream_keep_alive: Duration,
    /// The same for datagrams: shorter than the memory of address translators. Default: 25 s.
    pub datagram_keep_alive: Duration,
}

impl Default for RegistrarConfig {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(60),
            usual: Duration::from_secs(3600),
            longest: Duration::from_secs(7200),
            bindings: BINDINGS,
            stream_keep_alive: Duration::from_secs(120),
            datagram_keep_alive: Duration::from_secs(25),
        }
    }
}

/// Whose registration it is, as authenticated.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// The tenant.
    pub tenant: &'a Arc<str>,
    /// The address of record, `user@domain`.
    pub aor: &'a Arc<str>,
    /// When all its registrations end, however long it asks for. `None`: no sooner than they would.
    pub until: Option<Instant>,
}

/// What a REGISTER led to.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The reply to send.
    pub reply: Reply,
    /// What others have to learn. `None`: nothing changed.
    pub change: Option<LocationChange>,
}

impl From<Reply> for Registered {
    fn from(reply: Reply) -> Self {
        Self { reply, change: None }
    }
}

/// Keeps where users are reached.
#[derive(Debug)]
pub struct Registrar {
    config: RegistrarConfig,
    location: Location,
    next_binding: u64,
}

impl Registrar {
    /// A registrar that holds nothing yet.
    pub fn new(config: RegistrarConfig) -> Self {
        Self {
            location: Location::new(config.bindings),
            config,
            next_binding: 1,
        }
    }

    /// Carries out a REGISTER that came over `flow` and is authenticated as its owner's: whole or not at all.
    pub fn register(&mut self, now: Instant, flow: Flow, owner: Owner<'_>, request: &Request) -> Registered {
        let required: Vec<_> = request.headers.list("Require").collect();
        let unknown = |tag: &&str| !SUPPORTED.iter().any(|known| known.eq_ignore_ascii_case(tag));
        let unknown: Vec<_> = required.into_iter().filter(unknown).collect();
        if !unknown.is_empty() {
            return Reply::new(420).with("Unsupported", unknown.join(", ")).into();
        }
        let mut wanted = match Wanted::read(request, &self.config) {
            Ok(wanted) => wanted,
            Err(reply) => return reply.into(),
        };
        if let Some(until) = owner.until {
            wanted.cut(until.saturating_duration_since(now));
        }
        let before: Vec<_> = self.location.bindings(now, owner.tenant, owner.aor).cloned().collect();
        let after = match &wanted.wish {
            Wish::Query => None,
            Wish::RemoveAll => Some(without_all(&before, &wanted)),
            Wish::Contacts(_) => Some(self.updated(now, flow, before.clone(), &wanted)),
        };
        let change = match after {
            None => None,
            Some(Err(reply)) => return reply.into(),
            Some(Ok(bindings)) => {
                let change = LocationChange {
                    tenant: owner.tenant.clone(),
                    aor: owner.aor.clone(),
                    bindings,
                };
                if self.location.apply(change.clone()).is_err() {
                    return full().into();
                }
                Some(change)
            }
        };
        let reply = self.reply(now, flow, owner, request, &wanted);
        Registered { reply, change }
    }

    /// The bindings as they are to be after the wishes of a REGISTER.
    fn updated(
        &mut self,
        now: Instant,
        flow: Flow,
        mut known: Vec<Binding>,
        wanted: &Wanted,
    ) -> Result<Vec<Binding>, Reply> {
        let Wish::Contacts(contacts) = &wanted.wish else {
            return Ok(known);
        };
        let mut fresh: Vec<Binding> = Vec::new();
        for contact in contacts {
            let same_device = |binding: &Binding| {
                let same = binding.instance == contact.instance && binding.reg_id == contact.reg_id;
                contact.instance.is_some() && same
            };
            let same = |binding: &Binding| same_device(binding) || same_contact(&binding.contact, &contact.uri);
            if known.iter().any(|binding| same(binding) && is_newer(binding, wanted)) {
                return Err(out_of_order());
            }
            // A phone that moved leaves its old address behind, and its new one may have been another's.
            let before = known.iter().find(|binding| same_device(binding));
            let before = before.or_else(|| known.iter().find(|binding| same(binding)));
            let id = before.map(|binding| binding.id);
            known.retain(|binding| !same(binding));
            fresh.retain(|binding| !same_contact(&binding.contact, &contact.uri));
            if contact.lasts.is_zero() {
                continue;
            }
            let id = id.unwrap_or_else(|| self.new_id());
            fresh.push(binding(now, flow, id, contact, wanted));
        }
        fresh.append(&mut known);
        match fresh.len() > CONTACTS_PER_USER {
            true => Err(Reply::new(403)),
            false => Ok(fresh),
        }
    }

    fn new_id(&mut self) -> BindingId {
        let id = BindingId(self.next_binding);
        self.next_binding += 1;
        id
    }

    /// 200 with every binding of the owner (RFC 3261 10.3 step 8).
    fn reply(&self, now: Instant, flow: Flow, owner: Owner<'_>, request: &Request, wanted: &Wanted) -> Reply {
        let mut reply = Reply::new(200);
        let wants_gruu = supports(request, "gruu");
        for binding in self.location.bindings(now, owner.tenant, owner.aor) {
            reply = reply.with("Contact", binding.as_contact(now, wants_gruu.then_some(owner.aor)));
        }
        if supports(request, "path") {
            for path in &wanted.path {
                reply = reply.with("Path", path);
            }
        }
        if wanted.is_outbound {
            let every = match flow.transport.is_reliable() {
                true => self.config.stream_keep_alive,
                false => self.config.datagram_keep_alive,
            };
            reply = reply.with("Require", "outbound");
            reply = reply.with("Flow-Timer", every.as_secs().to_string());
        }
        reply.with("Supported", SUPPORTED.join(", "))
    }

    /// Drops the bindings of a stream that is gone. Nothing happens for datagrams: an error there may be forged.
    pub fn flow_failed(&mut self, flow: Flow) -> Vec<LocationChange> {
        self.location.drop_flow(flow)
    }

    /// Drops what has expired, at most [`crate::limits::EXPIRIES_PER_CALL`] users at a time.
    pub fn expire(&mut self, now: Instant) -> Vec<LocationChange> {
        self.location.expire(now)
    }

    /// When [`Registrar::expire`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        self.location.next_expiry()
    }

    /// What is registered.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

fn binding(now: Instant, flow: Flow, id: BindingId, contact: &Contact, wanted: &Wanted) -> Binding {
    Binding {
        id,
        contact: contact.uri.clone(),
        flow,
        path: wanted.path.clone(),
        instance: contact.instance.clone(),
        reg_id: contact.reg_id,
        q: contact.q,
        expires_at: now + contact.lasts,
        refreshed_at: now,
        user_agent: wanted.user_agent.clone(),
        call_id: wanted.call_id.clone(),
        cseq: wanted.cseq,
    }
}

/// Whether a binding was made by this REGISTER or a later one of the same phone (RFC 3261 10.3 steps 6 and 7).
fn is_newer(binding: &Binding, wanted: &Wanted) -> bool {
    binding.call_id == wanted.call_id && binding.cseq >= wanted.cseq
}

/// `Contact: *` takes all bindings away, unless one of them is newer.
fn without_all(before: &[Binding], wanted: &Wanted) -> Result<Vec<Binding>, Reply> {
    match before.iter().any(|binding| is_newer(binding, wanted)) {
        true => Err(out_of_order()),
        false => Ok(Vec::new()),
    }
}

fn out_of_order() -> Reply {
    Reply::new(500)
}

fn full() -> Reply {
    Reply::new(503).with("Retry-After", "60")
}

#[cfg(test)]
mod tests;
