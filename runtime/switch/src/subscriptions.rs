//! Telephones with lamps: users, and clients whose token allows it, who subscribe to how others of their tenant are (RFC 6665). The
//! subscriptions are `sip`'s, how somebody is the desk's; here they are brought together, and whom a user may watch is decided. And what
//! a telephone publishes of itself (RFC 3903). Not here: what a token allows, which the gate asks.

mod published;

use crate::io::Query;
use crate::presence::{Asker, PresenceAsk, PresenceTold, client_of, name_in};
use crate::shard::Shard;
use patchcord_control::ids::Tenant;
use patchcord_control::presence::{Availability, Reason, Status, View};
use patchcord_sip::{
    Activity, Basic, CLIENTS_DOMAIN, ExchangeId, Flow, Notice, Notifier, Origin, Owner, Person, Reply, Request,
    SubscriptionId, Uri,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Not of those who may.
const FORBIDDEN: u16 = 403;
/// Nobody has this name.
const NOT_FOUND: u16 = 404;

/// There is no publication of this tag (RFC 3903 6).
const NO_SUCH_PUBLICATION: u16 = 412;

/// Who is watched by a subscription.
struct Watched {
    /// What the desk was asked.
    query: Query,
    /// Its address, as documents name it.
    entity: String,
}

/// The subscriptions of a shard, and what waits for answers.
#[derive(Default)]
pub(crate) struct Subscriptions {
    pub(crate) notifier: Notifier,
    /// As many as the notifier has.
    watched: BTreeMap<SubscriptionId, Watched>,
    /// NOTIFY requests under way: one of each subscription.
    notices: BTreeMap<ExchangeId, SubscriptionId>,
}

/// A user of ours, as the gate has found out. A client publishes in messages of the gateway's.
fn user_of(origin: &Origin) -> Option<(&Arc<str>, &Arc<str>)> {
    match origin {
        Origin::User { aor, tenant } => Some((tenant, aor)),
        Origin::Client(_) | Origin::Trunk(_) | Origin::Anyone => None,
    }
}

impl Shard {
    /// SUBSCRIBE: of a user or a client to one of its tenant, or in the dialog of a subscription.
    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        (request, flow): (&Request, Flow),
        origin: &Origin,
    ) {
        let reply = match request.tag_of_to() {
            Some(_) => match self.subscriptions.notifier.renew(now, flow, request) {
                Ok((reply, notice)) => {
                    let _ = self.sip.reply(now, exchange, reply);
                    return self.send_notices(now, notice);
                }
                Err(reply) => reply,
            },
            None => match self.new_subscription(now, exchange, (request, flow), origin) {
                Ok(()) => return,
                Err(reply) => reply,
            },
        };
        // Refused only if the transaction has timed out in the same breath.
        let _ = self.sip.reply(now, exchange, reply);
    }

    fn new_subscription(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        (request, flow): (&Request, Flow),
        origin: &Origin,
    ) -> Result<(), Reply> {
        let (tenant, aor, until) = match origin {
            Origin::User { aor, tenant } => (tenant, aor.clone(), None),
            Origin::Client(proven) => (&proven.tenant, proven.aor(), Some(proven.expires_at)),
            Origin::Trunk(_) | Origin::Anyone => return Err(Reply::new(FORBIDDEN)),
        };
        let tenant_of = Tenant(tenant.to_string());
        let name = match origin {
            // Of an identity of its tenant, whatever domain it names, as with whom it calls; the gate has seen that its token has it.
            Origin::Client(_) => request.uri.user().ok_or_else(|| Reply::new(NOT_FOUND))?.to_owned(),
            _ => self.watchable(&tenant_of, &request.uri)?,
        };
        let tag = self.sip.tag_of(exchange).unwrap_or_default().to_owned();
        let aor = &aor;
        let watcher = (Owner { tenant, aor, until }, tag.as_str());
        let (reply, id) = self.subscriptions.notifier.subscribe(now, flow, request, watcher)?;
        // The answer first: what is told follows it.
        let _ = self.sip.reply(now, exchange, reply);
        let entity = format!("sip:{name}@{}", request.uri.host());
        let identities = vec![name.into()];
        let ringing = self.subscriptions.notifier.is_of_calls(id);
        let watch = PresenceAsk::Watch { identities, ringing };
        let query = self.ask_presence(tenant_of, Asker::Subscription(id), watch);
        self.subscriptions.watched.insert(id, Watched { query, entity });
        Ok(())
    }

    /// The user that an address means, if users of this tenant may watch it.
    fn watchable(&self, tenant: &Tenant, uri: &Uri) -> Result<String, Reply> {
        if let Some(name) = self.local_user(tenant, uri) {
            return Ok(name);
        }
        let domain = uri.host().to_ascii_lowercase();
        let domains = self.directory.as_ref().map(|directory| directory.domains(tenant));
        let ours = domains.is_some_and(|domains| domains.iter().any(|known| **known == *domain));
        Err(Reply::new(
            match ours || self.is_our_host(uri) || domain == CLIENTS_DOMAIN {
                true => NOT_FOUND,
                false => FORBIDDEN,
            },
        ))
    }

    /// The desk says how somebody is who is watched by a subscription, or that it will not.
    pub(crate) fn subscription_told(&mut self, now: Instant, id: SubscriptionId, told: PresenceTold) {
        let Some(watched) = self.subscriptions.watched.get(&id) else {
            return;
        };
        let notice = match told {
            PresenceTold::News(views) => views.first().and_then(|view| {
                let person = person(watched.entity.clone(), view);
                self.subscriptions.notifier.news(now, id, person)
            }),
            _ => {
                let nobody = View {
                    name: Arc::from(""),
                    status: Status::new(Availability::Unavailable),
                    calls: 0,
                    ringing: 0,
                    clients: Vec::new(),
                };
                // As much as can be said, and that it is the last.
                let person = person(watched.entity.clone(), &nobody);
                let first = self.subscriptions.notifier.end(now, id);
                first.or_else(|| self.subscriptions.notifier.news(now, id, person))
            }
        };
        self.send_notices(now, notice);
        self.forget_subscription(id);
    }

    /// A NOTIFY was answered, or will not be; false if it is none.
    pub(crate) fn notice_answered(&mut self, now: Instant, exchange: ExchangeId, status: Option<u16>) -> bool {
        let Some(id) = self.subscriptions.notices.remove(&exchange) else {
            return false;
        };
        let next = self.subscriptions.notifier.answered(now, id, status);
        self.send_notices(now, next);
        self.forget_subscription(id);
        true
    }

    pub(crate) fn subscriptions_flow_failed(&mut self, flow: Flow) {
        for id in self.subscriptions.notifier.flow_failed(flow) {
            self.forget_subscription(id);
        }
    }

    pub(crate) fn subscriptions_deadline(&mut self, now: Instant) {
        if self.subscriptions.notifier.wake_at().is_none_or(|at| at > now) {
            return;
        }
        let notices = self.subscriptions.notifier.deadline(now);
        self.send_notices(now, notices);
        let gone = |id: &&SubscriptionId| !self.subscriptions.notifier.has(**id);
        let gone: Vec<_> = self.subscriptions.watched.keys().filter(gone).copied().collect();
        for id in gone {
            self.forget_subscription(id);
        }
    }

    fn send_notices(&mut self, now: Instant, notices: impl IntoIterator<Item = Notice>) {
        for notice in notices {
            let id = notice.subscription;
            match self.sip.tell_subscriber(now, notice) {
                Ok(exchange) => {
                    self.subscriptions.notices.insert(exchange, id);
                }
                // No room: as if it had not been answered.
                Err(_) => {
                    self.subscriptions.notifier.answered(now, id, None);
                    self.forget_subscription(id);
                }
            }
        }
    }

    /// Whoever was watched by a subscription that is over is watched no more.
    fn forget_subscription(&mut self, id: SubscriptionId) {
        if self.subscriptions.notifier.has(id) {
            return;
        }
        if let Some(watched) = self.subscriptions.watched.remove(&id) {
            self.leave_watch(watched.query);
        }
    }

    /// PUBLISH of a user for itself (RFC 3903), as PIDF: what its telephone says of itself.
    pub(crate) fn publish(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        (request, flow): (&Request, Flow),
        origin: &Origin,
    ) {
        let reply = self.published(now, (request, flow), origin);
        let _ = self.sip.reply(now, exchange, reply.unwrap_or_else(|refused| refused));
    }

    fn published(&mut self, now: Instant, (request, flow): (&Request, Flow), origin: &Origin) -> Result<Reply, Reply> {
        let (tenant, aor) = user_of(origin).ok_or_else(|| Reply::new(FORBIDDEN))?;
        let name = name_in(aor).to_owned();
        let tenant_of = Tenant(tenant.to_string());
        if self.watchable(&tenant_of, &request.uri)? != name {
            return Err(Reply::new(FORBIDDEN));
        }
        let wanted = published::read(request)?;
        let devices = self.sip.gate().map(|gate| gate.location().devices(now, tenant, aor));
        let here = devices
            .into_iter()
            .flatten()
            .find(|ways| ways.iter().any(|binding| binding.flow == flow));
        // A telephone that is not registered has nothing that would ring, so nothing to say of it.
        let client = here
            .and_then(|ways| client_of(&ways))
            .ok_or_else(|| Reply::new(FORBIDDEN))?;
        // A telephone has one publication, so its tag is always the same.
        let tag = format!("{:x}", client.0);
        if wanted.changes.is_some_and(|changes| changes != tag) {
            return Err(Reply::new(NO_SUCH_PUBLICATION));
        }
        if let Some(status) = wanted.status {
            let ask = PresenceAsk::Publish {
                aor: aor.to_string(),
                client,
                status,
            };
            self.ask_presence(tenant_of, Asker::Nobody, ask);
        }
        Ok(Reply::new(200)
            .with("SIP-ETag", tag)
            .with("Expires", wanted.lasts.as_secs().to_string()))
    }
}

/// How somebody is, in the words of documents.
fn person(entity: String, view: &View) -> Person {
    let Status {
        availability,
        reason,
        text,
    } = &view.status;
    let (basic, activity) = match availability {
        Availability::Available => (Basic::Open, None),
        Availability::Busy if *reason == Some(Reason::OnACall) => (Basic::Open, Some(Activity::OnThePhone)),
        Availability::Busy => (Basic::Open, Some(Activity::Busy)),
        Availability::DoNotDisturb => (Basic::Closed, Some(Activity::Busy)),
        Availability::Unavailable if reason.is_some() => (Basic::Closed, Some(Activity::Away)),
        Availability::Unavailable => (Basic::Closed, None),
    };
    Person {
        entity,
        basic,
        activity,
        note: text.reveal().clone(),
        calls: view.calls,
        ringing: view.ringing,
    }
}

#[cfg(test)]
mod tests;
