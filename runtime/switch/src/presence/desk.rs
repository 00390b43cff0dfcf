//! The desk that knows who can be reached: registrations are clients of their user, what clients say of themselves is kept by
//! their instance, and legs make their party busy. A core without clock and lock; the node shares one among its shards, and a
//! world of the simulator has one. The rules of presence themselves are `control`'s.

mod others;

pub use others::{Elsewhere, Legs, ToOthers, WayElsewhere};

use super::{LegOf, OnCall, PresenceAsk, PresenceTold, client_of, name_in};
use others::Others;
use patchcord_control::ids::Tenant;
use patchcord_control::presence::{
    Availability, ClientId, Identity, LEASE_MAX, LEASE_MIN, NAME_BYTES, Presence, PresenceError, Reach, Registration,
    Status, Told, View, WatcherId,
};
use patchcord_control::private::Private;
use patchcord_control::words::{Error, PresenceAction, PresenceReply, PresenceView};
use patchcord_sip::{Binding, LocationChange, Transport, by_device};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Watchers of one tenant at the same time: handlers, readers of the API, and telephones that subscribe.
pub const WATCHERS_OF_A_TENANT: usize = 20_000;
/// Statuses that are kept for instances. With one more, that of the instance that left first is forgotten.
const SAID_MAX: usize = 200_000;
/// How long the status of an instance is kept after it left.
const SAID_KEPT: Duration = Duration::from_secs(24 * 3_600);
/// What a client is called that does not say.
const UNNAMED: &str = "telephone";

/// Whether something that was said changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceSaid {
    /// Of a client that is registered.
    Now,
    /// It is kept for when the client registers.
    Kept,
}

/// A client application where it is registered.
#[derive(Debug, Clone)]
pub struct InstanceView {
    /// Its instance, or that of its registration.
    pub instance: Arc<str>,
    /// What it calls itself.
    pub agent: Option<Arc<str>>,
    /// How it is reached.
    pub transport: Transport,
    /// From where it registered.
    pub address: SocketAddr,
    /// Since when it has been registered without a break.
    pub since: Instant,
    /// When that ends unless it is renewed.
    pub until: Instant,
    /// Its address of record.
    pub aor: Arc<str>,
}

/// Whose it is, and of which instance.
type Key = (Identity, Arc<str>);

/// What an instance said of itself.
#[derive(Debug)]
struct Said {
    status: Status,
    /// Since when it has not been registered.
    left: Option<Instant>,
}

/// A client of an address of record.
#[derive(Debug)]
struct Known {
    client: ClientId,
    view: InstanceView,
}

/// Who can be reached on a node.
#[derive(Debug, Default)]
pub struct PresenceDesk {
    presence: Presence,
    /// By tenant and address of record. As large as the registrar.
    known: BTreeMap<(Arc<str>, Arc<str>), Vec<Known>>,
    /// At most [`SAID_MAX`].
    said: BTreeMap<Key, Said>,
    /// Those of instances that left, the first of them first.
    left: BTreeSet<(Instant, Key)>,
    /// Whose each watcher is.
    watchers: BTreeMap<WatcherId, Tenant>,
    /// How many each tenant has.
    watching: BTreeMap<Tenant, usize>,
    last_watcher: u64,
    /// Registrations that are no client: their identity, or the node, has as many as it may.
    not_clients: u64,
    /// What is known of other nodes, and told to them.
    others: Others,
}

fn identity(tenant: &Tenant, name: &str) -> Result<Identity, PresenceError> {
    Identity::new(tenant.clone(), name)
}

impl PresenceDesk {
    /// Somebody registered, renewed, or left.
    pub fn located(&mut self, now: Instant, change: &LocationChange) {
        let Ok(who) = identity(&Tenant(change.tenant.to_string()), name_in(&change.aor)) else {
            self.not_clients += change.bindings.len() as u64;
            return;
        };
        self.forget_said(now);
        let place = (change.tenant.clone(), change.aor.clone());
        let mut before = self.known.remove(&place).unwrap_or_default();
        let mut after = Vec::new();
        let devices = by_device(&change.bindings);
        let stays = |known: &Known| devices.iter().any(|ways| client_of(ways) == Some(known.client));
        for gone in before.extract_if(.., |known| !stays(known)) {
            self.leave(now, &who, &gone);
        }
        for ways in &devices {
            let Some(client) = client_of(ways) else { continue };
            let known = before.iter().position(|known| known.client == client);
            let since = known.map_or(now, |at| before[at].view.since);
            let known = Known {
                client,
                view: instance(ways, (client, since), &change.aor, self.others.node.as_deref()),
            };
            match self.renew(now, &who, &known) {
                Ok(()) => after.push(known),
                Err(_) => self.not_clients += 1,
            }
        }
        if !after.is_empty() {
            self.known.insert(place, after);
        }
    }

    fn renew(&mut self, now: Instant, who: &Identity, known: &Known) -> Result<(), PresenceError> {
        let lease = known
            .view
            .until
            .saturating_duration_since(now)
            .clamp(LEASE_MIN, LEASE_MAX);
        if self.presence.renew(now, known.client, lease).is_ok() {
            return Ok(());
        }
        let key = (who.clone(), known.view.instance.clone());
        let said = self.said.get_mut(&key);
        let status = said.as_ref().map(|said| said.status.clone());
        if let Some(at) = said.and_then(|said| said.left.take()) {
            self.left.remove(&(at, key));
        }
        let app = known.view.agent.as_deref().unwrap_or(UNNAMED);
        self.presence.register(
            now,
            Registration {
                client: known.client,
                identity: who.clone(),
                device: cut(&known.view.instance),
                app: cut(app),
                status: status.unwrap_or_else(|| Status::new(Availability::Available)),
                lease,
            },
        )
    }

    fn leave(&mut self, now: Instant, who: &Identity, gone: &Known) {
        self.presence.leave(now, gone.client);
        let key = (who.clone(), gone.view.instance.clone());
        if let Some(said) = self.said.get_mut(&key)
            && said.left.is_none()
        {
            said.left = Some(now);
            self.left.insert((now, key));
        }
    }

    /// A client says something of itself, by its instance. One that is not registered is heard as soon as it is.
    ///
    /// # Errors
    /// The name or the text is out of its range.
    pub fn publish(
        &mut self,
        now: Instant,
        (tenant, name): (&Tenant, &str),
        instance: &str,
        status: Status,
    ) -> Result<PresenceSaid, PresenceError> {
        let who = identity(tenant, name)?;
        if instance.is_empty() || instance.len() > NAME_BYTES {
            return Err(PresenceError::Name);
        }
        let clients: Vec<ClientId> = self
            .clients(tenant, name)
            .filter(|known| &*known.view.instance == instance)
            .map(|known| known.client)
            .collect();
        // Of nobody: only what was said is looked at.
        if clients.is_empty() {
            status.check()?;
        }
        for client in &clients {
            self.presence.publish(now, *client, status.clone())?;
        }
        self.forget_said(now);
        let key: Key = (who, Arc::from(instance));
        if !clients.is_empty() {
            self.share_status(&key.0, &key.1, &status);
        }
        let left = clients.is_empty().then_some(now);
        if let Some(before) = self.said.insert(key.clone(), Said { status, left })
            && let Some(at) = before.left
        {
            self.left.remove(&(at, key.clone()));
        }
        if let Some(at) = left {
            self.left.insert((at, key));
        }
        match clients.is_empty() {
            true => Ok(PresenceSaid::Kept),
            false => Ok(PresenceSaid::Now),
        }
    }

    /// Somebody says something of the identity itself, or no longer.
    ///
    /// # Errors
    /// The name or the text is out of its range; the node knows as many identities as it may.
    pub fn set(
        &mut self,
        now: Instant,
        (tenant, name): (&Tenant, &str),
        status: Option<Status>,
    ) -> Result<(), PresenceError> {
        let who = identity(tenant, name)?;
        self.presence.set(now, &who, status.clone())?;
        self.share_word(&who, status.as_ref());
        Ok(())
    }

    /// What was said of the identity itself.
    pub fn set_status(&self, (tenant, name): (&Tenant, &str)) -> Option<Status> {
        self.presence.set_status(&identity(tenant, name).ok()?).cloned()
    }

    /// How an identity is now.
    ///
    /// # Errors
    /// The name is out of its range.
    pub fn view(&self, (tenant, name): (&Tenant, &str)) -> Result<View, PresenceError> {
        Ok(self.presence.view(&identity(tenant, name)?))
    }

    /// Where the clients of an identity are registered.
    pub fn instances(&self, (tenant, name): (&Tenant, &str)) -> Vec<InstanceView> {
        self.clients(tenant, name).map(|known| known.view.clone()).collect()
    }

    /// The instance of a client, by the address of record and the way it registered.
    pub fn instance_of(&self, tenant: &Tenant, aor: &str, client: ClientId) -> Option<Arc<str>> {
        let place = (Arc::from(tenant.0.as_str()), Arc::from(aor));
        let known = self.known.get(&place)?.iter().find(|known| known.client == client)?;
        Some(known.view.instance.clone())
    }

    fn clients<'a>(&'a self, tenant: &Tenant, name: &'a str) -> impl Iterator<Item = &'a Known> {
        let tenant: Arc<str> = tenant.0.as_str().into();
        // Names of one user in its domains stand side by side: `name@`, and whatever follows.
        let first = (tenant.clone(), Arc::from(format!("{name}@")));
        let of_it = move |(place, _): &(&(Arc<str>, Arc<str>), _)| {
            place.0 == tenant && place.1.strip_prefix(name).is_some_and(|rest| rest.starts_with('@'))
        };
        let known = self.known.range(first..).take_while(of_it);
        known
            .filter(move |(place, _)| name_in(&place.1) == name)
            .flat_map(|(_, known)| known)
    }

    /// A leg of an identity begins, or is over.
    pub fn on_call(&mut self, now: Instant, of: &OnCall) {
        let Ok(who) = identity(&of.tenant, of.identity.reveal()) else {
            return;
        };
        match of.what {
            // A node that knows as many identities as it may does without this one.
            LegOf::Rings => drop(self.presence.rings(now, &who)),
            LegOf::RingsNoMore => self.presence.rings_no_more(now, &who),
            LegOf::Began => drop(self.presence.call_began(now, &who, of.client)),
            LegOf::Over => self.presence.call_over(now, &who, of.client),
        }
        match of.what {
            LegOf::Rings => self.share_ringing(&who, true),
            LegOf::RingsNoMore => self.share_ringing(&who, false),
            LegOf::Began => self.share_call(&who, of.client, true),
            LegOf::Over => self.share_call(&who, of.client, false),
        }
    }

    /// Answers a shard. What is watched has its own function.
    pub fn ask(&mut self, now: Instant, tenant: &Tenant, ask: &PresenceAsk) -> PresenceTold {
        match ask {
            PresenceAsk::Reach {
                identity: name,
                when_busy,
            } => match identity(tenant, name.reveal()) {
                Ok(who) => {
                    let reach = self.presence.reach(&who, *when_busy);
                    let elsewhere = match &reach {
                        Reach::Ring(clients) => self.ways_elsewhere(&who, clients),
                        Reach::Unavailable(_) => Vec::new(),
                    };
                    PresenceTold::Reach(reach, elsewhere)
                }
                Err(_) => {
                    let nobody = Reach::Unavailable(Status::new(Availability::Unavailable));
                    PresenceTold::Reach(nobody, Vec::new())
                }
            },
            PresenceAsk::Do(action) => {
                let done = self.carry_out(now, tenant, action);
                PresenceTold::Done(done.map_err(|why| Error::Unavailable(why.to_string())))
            }
            PresenceAsk::Publish { aor, client, status } => {
                let instance = self.instance_of(tenant, aor, *client);
                let said = match instance {
                    Some(instance) => self.publish(now, (tenant, name_in(aor)), &instance, status.clone()),
                    None => Err(PresenceError::NoSuchClient),
                };
                let said = said.map(|_| PresenceReply::Said);
                PresenceTold::Done(said.map_err(|why| Error::Unavailable(why.to_string())))
            }
            PresenceAsk::Watch { .. } => PresenceTold::NotWatched("it is to be watched by `watch`".to_owned()),
        }
    }

    fn carry_out(
        &mut self,
        now: Instant,
        tenant: &Tenant,
        action: &PresenceAction,
    ) -> Result<PresenceReply, PresenceError> {
        let all = |names: &[Private<String>]| -> Result<Vec<Identity>, PresenceError> {
            names.iter().map(|name| identity(tenant, name.reveal())).collect()
        };
        match action {
            PresenceAction::Get { identities } => {
                let views = all(identities)?
                    .iter()
                    .map(|who| PresenceView::from(&self.presence.view(who)))
                    .collect();
                Ok(PresenceReply::Views(views))
            }
            PresenceAction::Set { identity: name, status } => {
                self.set(now, (tenant, name.reveal()), status.clone())?;
                Ok(PresenceReply::Said)
            }
            PresenceAction::Pick { candidates, policy } => {
                let among = all(candidates)?;
                let picked = self.presence.pick(&among, *policy);
                Ok(PresenceReply::Picked(picked.map(|who| who.name().to_owned().into())))
            }
        }
    }

    /// Somebody is told from now on: at once how they are, then what changes.
    ///
    /// # Errors
    /// A name is out of its range, or there are as many watchers, of the tenant or at all, as there may be.
    pub fn watch<'a>(
        &mut self,
        tenant: &Tenant,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<WatcherId, PresenceError> {
        let who: Vec<Identity> = names
            .into_iter()
            .map(|name| identity(tenant, name))
            .collect::<Result<_, _>>()?;
        let watching = self.watching.get(tenant).copied().unwrap_or_default();
        if watching >= WATCHERS_OF_A_TENANT {
            return Err(PresenceError::Watchers);
        }
        let watcher = WatcherId(self.last_watcher + 1);
        self.presence.watch(watcher, tenant, &who)?;
        self.last_watcher = watcher.0;
        self.watchers.insert(watcher, tenant.clone());
        self.watching.insert(tenant.clone(), watching + 1);
        Ok(watcher)
    }

    /// Somebody who watches is told of calls that ring too.
    pub fn hear_ringing(&mut self, watcher: WatcherId) {
        self.presence.hear_ringing(watcher);
    }

    /// Somebody is told no more.
    pub fn unwatch(&mut self, watcher: WatcherId) {
        let Some(tenant) = self.watchers.remove(&watcher) else {
            return;
        };
        self.presence.unwatch(watcher);
        if let Some(count) = self.watching.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                self.watching.remove(&tenant);
            }
        }
    }

    /// Time passed.
    pub fn deadline(&mut self, now: Instant) {
        self.presence.deadline(now);
    }

    /// The next message to a watcher; none when all was told.
    pub fn poll(&mut self) -> Option<Told> {
        self.presence.poll()
    }

    /// When [`PresenceDesk::deadline`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        self.presence.wake_at()
    }

    /// Registrations that could not become clients, since the beginning.
    pub fn not_clients(&self) -> u64 {
        self.not_clients
    }

    /// Watchers and identities that are known.
    pub fn sizes(&self) -> (usize, usize) {
        (self.watchers.len(), self.presence.identities())
    }

    fn forget_said(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) >= SAID_KEPT;
        while let Some((at, _)) = self.left.first()
            && (is_old(*at) || self.said.len() >= SAID_MAX)
        {
            if let Some((_, key)) = self.left.pop_first() {
                self.said.remove(&key);
            }
        }
    }
}

/// The name of a device in its identity: its own, or one of the registration, which is another's at another node.
pub fn instance_name(ways: &[&Binding], node: Option<&str>) -> Option<Arc<str>> {
    let client = client_of(ways)?;
    let own = ways.first().and_then(|best| best.instance.clone());
    Some(own.unwrap_or_else(|| match node {
        Some(node) => format!("registration {} at {node}", client.0).into(),
        None => format!("registration {}", client.0).into(),
    }))
}

/// A device as it is registered: by its best binding.
fn instance(
    ways: &[&Binding],
    (client, since): (ClientId, Instant),
    aor: &Arc<str>,
    node: Option<&str>,
) -> InstanceView {
    let best = ways.first().expect("a device has a binding");
    InstanceView {
        instance: instance_name(ways, node).unwrap_or_else(|| format!("registration {}", client.0).into()),
        agent: best.user_agent.clone(),
        transport: best.flow.transport,
        address: best.flow.peer,
        since,
        until: ways
            .iter()
            .map(|binding| binding.expires_at)
            .max()
            .unwrap_or(best.expires_at),
        aor: aor.clone(),
    }
}

/// As much of a text as a name may have, and something where nothing is.
fn cut(text: &str) -> String {
    match text {
        "" => UNNAMED.to_owned(),
        text => text[..text.floor_char_boundary(NAME_BYTES)].to_owned(),
    }
}

#[cfg(test)]
mod tests;
