//! Who can be reached: identities with their client applications and what each says of itself, the calls they are in, and who is told
//! when that changes. Pure: whoever holds it says what time it is. Not here: tokens and who may publish or watch, the channels, and
//! the calls themselves.
//!
//! An **identity** has client applications on devices; each has a status of its own, and the identity's is the best of them
//! (available, busy, do not disturb, unavailable, in this order). Who is in a call is busy, whatever was published, unless it asked not
//! to be disturbed. A client is unavailable once nobody has heard of it for its lease. Beside its clients, somebody may have said
//! something of the identity itself (an operator, an application): of the two the worse counts, so that this can keep callers
//! away, and cannot make a telephone ring that is not there.
//!
//! **Watchers are told of changes alone, and of many at once.** The first change opens a window of [`WINDOW`]; when it closes, each
//! watcher has one message with all identities it watches that are not what they were told to be before. What changed and changed
//! back is no change. While nothing changes, nothing is said and nothing is due.

mod account;
mod reach;
mod status;
mod wire;

pub use reach::{Policy, Reach, WhenBusy};
pub use status::{Availability, ClientView, Reason, Status, TEXT_BYTES, View};
pub use wire::TENANT_BYTES;
pub(crate) use wire::{
    IDENTITY_BYTES, NONE_BEFORE, STATUS_BYTES, read_identity, read_status, write_identity, write_status,
};

use crate::ids::Tenant;
use account::{Account, Client};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long changes are gathered for one message.
pub const WINDOW: Duration = Duration::from_millis(100);
/// The shortest and the longest lease.
pub const LEASE_MIN: Duration = Duration::from_secs(5);
/// See [`LEASE_MIN`].
pub const LEASE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Client applications of one identity at the same time: ten telephones of it may register, as many browsers, and some more.
pub const CLIENTS_MAX: usize = 32;
/// Identities that one watcher watches.
pub const WATCHED_MAX: usize = 1_000;
/// Watchers on a node.
pub const WATCHERS_MAX: usize = 100_000;
/// Identities that a node knows: those with a client, a call, a watcher or a status of their own.
pub const IDENTITIES_MAX: usize = 500_000;
/// Of these, of one tenant: so that one that watches everybody leaves room for the others.
pub const IDENTITIES_OF_TENANT_MAX: usize = 100_000;
/// Bytes of an identity's, a device's or an application's name.
pub const NAME_BYTES: usize = 256;

/// Somebody who can be reached by name. Cheap to copy. `Debug` leaves the name out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Arc<(Tenant, String)>);

impl Identity {
    /// The identity of this name.
    ///
    /// # Errors
    /// The name is empty or longer than [`NAME_BYTES`].
    pub fn new(tenant: Tenant, name: &str) -> Result<Self, PresenceError> {
        Ok(Self(Arc::new((tenant, checked(name)?.to_owned()))))
    }

    /// Whose.
    pub fn tenant(&self) -> &Tenant {
        &self.0.0
    }

    /// Its name in the tenant.
    pub fn name(&self) -> &str {
        &self.0.1
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/<private>", self.tenant())
    }
}

fn checked(name: &str) -> Result<&str, PresenceError> {
    match name.len() {
        1..=NAME_BYTES => Ok(name),
        _ => Err(PresenceError::Name),
    }
}

/// A client application while it is registered. Whoever registers it chooses the number, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// Somebody who is told of changes. Whoever watches chooses the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatcherId(pub u64);

/// A client application that registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its number.
    pub client: ClientId,
    /// Who it is for.
    pub identity: Identity,
    /// The device it runs on, 1 to [`NAME_BYTES`].
    pub device: String,
    /// The application, 1 to [`NAME_BYTES`]: there may be several on one device.
    pub app: String,
    /// What it says of itself.
    pub status: Status,
    /// How long it counts after it was heard of last.
    pub lease: Duration,
}

/// Why something is not done. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceError {
    /// A name is empty or too long.
    Name,
    /// The free text is too long.
    Text,
    /// The lease is shorter or longer than allowed.
    Lease,
    /// The identity has as many clients as it may.
    Clients,
    /// Somebody watches more identities than it may.
    Watched,
    /// There are as many watchers as there may be.
    Watchers,
    /// The node knows as many identities as it may, of the tenant or at all.
    Identities,
    /// There is no such client; its lease may have run out.
    NoSuchClient,
    /// The client's number is in use.
    SameClient,
    /// An identity of another tenant is watched.
    OtherTenant,
}

impl fmt::Display for PresenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(
                f,
                "names of identities, devices and applications have 1 to {NAME_BYTES} bytes"
            ),
            Self::Text => write!(f, "the text of a status has at most {TEXT_BYTES} bytes"),
            Self::Lease => write!(f, "a lease is {} to {} s", LEASE_MIN.as_secs(), LEASE_MAX.as_secs()),
            Self::Clients => write!(
                f,
                "an identity has at most {CLIENTS_MAX} clients; one has to leave first"
            ),
            Self::Watched => write!(f, "at most {WATCHED_MAX} identities are watched at once; watch fewer"),
            Self::Watchers => write!(f, "{WATCHERS_MAX} others watch already; try again later"),
            Self::Identities => write!(
                f,
                "{IDENTITIES_OF_TENANT_MAX} identities of the tenant, or {IDENTITIES_MAX} of all, are known already; try again later"
            ),
            Self::NoSuchClient => f.write_str("no such client is registered; register again"),
            Self::SameClient => f.write_str("a client of this number is registered already"),
            Self::OtherTenant => f.write_str("identities of one tenant are watched at once, those of the watcher"),
        }
    }
}

impl std::error::Error for PresenceError {}

/// One message to a watcher: what is new, each identity once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// To whom.
    pub watcher: WatcherId,
    /// In the order of their names; shared by all who are told.
    pub views: Vec<Arc<View>>,
}

/// All who can be reached, and all who watch.
#[derive(Debug, Default)]
pub struct Presence {
    accounts: BTreeMap<Identity, Account>,
    /// How many of them each tenant has.
    of_tenants: BTreeMap<Tenant, usize>,
    /// Of each registered client.
    clients: BTreeMap<ClientId, Identity>,
    /// When leases run out, the next first.
    leases: BTreeSet<(Instant, ClientId)>,
    watchers: BTreeMap<WatcherId, Vec<Identity>>,
    /// Those who are told of ringing too.
    hear_ringing: BTreeSet<WatcherId>,
    /// Identities that may not be what was told, and when that is looked at.
    touched: BTreeSet<Identity>,
    window: Option<Instant>,
    outputs: VecDeque<Told>,
}

impl Presence {
    /// Registers a client application: from now on it counts.
    ///
    /// # Errors
    /// What is wrong with it; [`PresenceError::Clients`], [`PresenceError::Identities`], [`PresenceError::SameClient`].
    pub fn register(&mut self, now: Instant, registration: Registration) -> Result<(), PresenceError> {
        let Registration {
            client,
            identity,
            device,
            app,
            status,
            lease,
        } = registration;
        checked(&device)?;
        checked(&app)?;
        status.check()?;
        if !(LEASE_MIN..=LEASE_MAX).contains(&lease) {
            return Err(PresenceError::Lease);
        }
        if self.clients.contains_key(&client) {
            return Err(PresenceError::SameClient);
        }
        let account = self.account(&identity)?;
        if account.clients.len() >= CLIENTS_MAX {
            return Err(PresenceError::Clients);
        }
        let until = now + lease;
        account.clients.insert(
            client,
            Client {
                device,
                app,
                status,
                lease,
                until,
                changed: now,
                calls: 0,
                idle_since: now,
            },
        );
        self.leases.insert((until, client));
        self.clients.insert(client, identity.clone());
        self.touch(now, &identity);
        Ok(())
    }

    /// A client says something else of itself. To say the same again only renews the lease.
    ///
    /// # Errors
    /// [`PresenceError::Text`], [`PresenceError::NoSuchClient`].
    pub fn publish(&mut self, now: Instant, client: ClientId, status: Status) -> Result<(), PresenceError> {
        status.check()?;
        self.heard(now, client)?;
        let identity = self.clients[&client].clone();
        let known = self.client(&identity, client);
        if known.status != status {
            known.status = status;
            known.changed = now;
            self.touch(now, &identity);
        }
        Ok(())
    }

    /// A client was heard of, and counts for so long from now on.
    ///
    /// # Errors
    /// [`PresenceError::Lease`], [`PresenceError::NoSuchClient`].
    pub fn renew(&mut self, now: Instant, client: ClientId, lease: Duration) -> Result<(), PresenceError> {
        if !(LEASE_MIN..=LEASE_MAX).contains(&lease) {
            return Err(PresenceError::Lease);
        }
        let identity = self.clients.get(&client).ok_or(PresenceError::NoSuchClient)?.clone();
        self.client(&identity, client).lease = lease;
        self.heard(now, client)
    }

    /// Somebody says something of the identity itself, or no longer: see the module's words for what it does.
    ///
    /// # Errors
    /// [`PresenceError::Text`], [`PresenceError::Identities`].
    pub fn set(&mut self, now: Instant, identity: &Identity, status: Option<Status>) -> Result<(), PresenceError> {
        status.as_ref().map_or(Ok(()), Status::check)?;
        let account = self.account(identity)?;
        account.own = status;
        self.touch(now, identity);
        Ok(())
    }

    /// What was said of the identity itself.
    pub fn set_status(&self, identity: &Identity) -> Option<&Status> {
        self.accounts.get(identity)?.own.as_ref()
    }

    /// A client was heard of: its lease begins anew.
    ///
    /// # Errors
    /// [`PresenceError::NoSuchClient`].
    pub fn heard(&mut self, now: Instant, client: ClientId) -> Result<(), PresenceError> {
        let identity = self.clients.get(&client).ok_or(PresenceError::NoSuchClient)?.clone();
        let known = self.client(&identity, client);
        let before = std::mem::replace(&mut known.until, now + known.lease);
        let until = known.until;
        self.leases.remove(&(before, client));
        self.leases.insert((until, client));
        Ok(())
    }

    /// A client is gone. Nothing happens if it is not registered.
    pub fn leave(&mut self, now: Instant, client: ClientId) {
        let Some(identity) = self.clients.remove(&client) else {
            return;
        };
        let account = self.accounts.get_mut(&identity).expect("a client's identity is known");
        let left = account
            .clients
            .remove(&client)
            .expect("an identity has the clients that name it");
        self.leases.remove(&(left.until, client));
        // Calls go on without it: they are the identity's.
        account.calls += left.calls;
        self.touch(now, &identity);
    }

    /// A leg of an identity begins, at one of its clients if that is known.
    ///
    /// # Errors
    /// [`PresenceError::Identities`].
    pub fn call_began(
        &mut self,
        now: Instant,
        identity: &Identity,
        client: Option<ClientId>,
    ) -> Result<(), PresenceError> {
        let account = self.account(identity)?;
        match client.and_then(|client| account.clients.get_mut(&client)) {
            Some(client) => client.calls += 1,
            None => account.calls += 1,
        }
        self.touch(now, identity);
        Ok(())
    }

    /// A leg that began is over.
    pub fn call_over(&mut self, now: Instant, identity: &Identity, client: Option<ClientId>) {
        let Some(account) = self.accounts.get_mut(identity) else {
            return;
        };
        match client.and_then(|client| account.clients.get_mut(&client)) {
            Some(client) => {
                client.calls = client.calls.saturating_sub(1);
                client.idle_since = now;
            }
            None => {
                account.calls = account.calls.saturating_sub(1);
                for client in account.clients.values_mut() {
                    client.idle_since = now;
                }
            }
        }
        self.touch(now, identity);
    }

    /// A call rings at an identity.
    ///
    /// # Errors
    /// [`PresenceError::Identities`].
    pub fn rings(&mut self, now: Instant, identity: &Identity) -> Result<(), PresenceError> {
        self.account(identity)?.ringing += 1;
        self.touch(now, identity);
        Ok(())
    }

    /// One that rang does not any more: it was answered, say.
    pub fn rings_no_more(&mut self, now: Instant, identity: &Identity) {
        if let Some(account) = self.accounts.get_mut(identity) {
            account.ringing = account.ringing.saturating_sub(1);
            self.touch(now, identity);
        }
    }

    /// Somebody who watches is told of ringing too, until it watches no more.
    pub fn hear_ringing(&mut self, watcher: WatcherId) {
        if self.watchers.contains_key(&watcher) {
            self.hear_ringing.insert(watcher);
        }
    }

    /// Somebody watches these identities, instead of those it watched before, and is told at once what they were last told to be.
    ///
    /// # Errors
    /// [`PresenceError::Watched`], [`PresenceError::Watchers`], [`PresenceError::OtherTenant`], [`PresenceError::Identities`]:
    /// it then watches what it watched before.
    pub fn watch(&mut self, watcher: WatcherId, tenant: &Tenant, who: &[Identity]) -> Result<(), PresenceError> {
        let wanted: BTreeSet<&Identity> = who.iter().collect();
        if wanted.len() > WATCHED_MAX {
            return Err(PresenceError::Watched);
        }
        if !self.watchers.contains_key(&watcher) && self.watchers.len() >= WATCHERS_MAX {
            return Err(PresenceError::Watchers);
        }
        if wanted.iter().any(|identity| identity.tenant() != tenant) {
            return Err(PresenceError::OtherTenant);
        }
        let new = wanted.iter().filter(|identity| !self.accounts.contains_key(**identity));
        self.room_for(tenant, new.count())?;
        let before = self.watchers.remove(&watcher).unwrap_or_default();
        let mut views = Vec::with_capacity(wanted.len());
        let mut watched = Vec::with_capacity(wanted.len());
        for identity in wanted {
            // The name that is kept already, so that ten thousand watchers share it.
            let known = self
                .accounts
                .get_key_value(identity)
                .map_or(identity, |(known, _)| known);
            let known = known.clone();
            let account = self.account(identity).expect("there is room: it was just counted");
            account.watchers.insert(watcher);
            views.push(account.told.clone());
            watched.push(known);
        }
        for identity in before {
            if watched.binary_search(&identity).is_err() {
                self.unwatched(&identity, watcher);
            }
        }
        self.watchers.insert(watcher, watched);
        self.outputs.push_back(Told { watcher, views });
        Ok(())
    }

    /// Somebody watches no more.
    pub fn unwatch(&mut self, watcher: WatcherId) {
        self.hear_ringing.remove(&watcher);
        for identity in self.watchers.remove(&watcher).unwrap_or_default() {
            self.unwatched(&identity, watcher);
        }
    }

    /// How an identity is now, whatever was told of it. One that nobody knows is unavailable.
    pub fn view(&self, identity: &Identity) -> View {
        match self.accounts.get(identity) {
            Some(account) => account.view(identity),
            None => Account::new(identity).view(identity),
        }
    }

    /// Time passed: leases run out, and changes are told.
    pub fn deadline(&mut self, now: Instant) {
        while let Some((_, client)) = self.leases.first().copied().filter(|(until, _)| *until <= now) {
            self.leave(now, client);
        }
        if self.window.is_some_and(|at| at <= now) {
            self.window = None;
            self.tell();
        }
    }

    /// The next message; none when all was told.
    pub fn poll(&mut self) -> Option<Told> {
        self.outputs.pop_front()
    }

    /// When [`Presence::deadline`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        let lease = self.leases.first().map(|(until, _)| *until);
        [lease, self.window].into_iter().flatten().min()
    }

    /// Identities that are known.
    pub fn identities(&self) -> usize {
        self.accounts.len()
    }

    /// Watchers.
    pub fn watchers(&self) -> usize {
        self.watchers.len()
    }

    fn room_for(&self, tenant: &Tenant, more: usize) -> Result<(), PresenceError> {
        let of_tenant = self.of_tenants.get(tenant).copied().unwrap_or_default();
        let full = self.accounts.len() + more > IDENTITIES_MAX || of_tenant + more > IDENTITIES_OF_TENANT_MAX;
        match more > 0 && full {
            true => Err(PresenceError::Identities),
            false => Ok(()),
        }
    }

    fn account(&mut self, identity: &Identity) -> Result<&mut Account, PresenceError> {
        if !self.accounts.contains_key(identity) {
            self.room_for(identity.tenant(), 1)?;
            *self.of_tenants.entry(identity.tenant().clone()).or_default() += 1;
        }
        let new = || Account::new(identity);
        Ok(self.accounts.entry(identity.clone()).or_insert_with(new))
    }

    fn client(&mut self, identity: &Identity, client: ClientId) -> &mut Client {
        let account = self.accounts.get_mut(identity).expect("a client's identity is known");
        account
            .clients
            .get_mut(&client)
            .expect("an identity has the clients that name it")
    }

    fn touch(&mut self, now: Instant, identity: &Identity) {
        self.touched.insert(identity.clone());
        self.window.get_or_insert(now + WINDOW);
    }

    /// One message for each watcher of what changed.
    fn tell(&mut self) {
        let mut news: BTreeMap<WatcherId, Vec<Arc<View>>> = BTreeMap::new();
        for identity in std::mem::take(&mut self.touched) {
            let Some(account) = self.accounts.get_mut(&identity) else {
                continue;
            };
            let view = account.view(&identity);
            if view != *account.told {
                let ringing = view.ringing;
                let before = std::mem::replace(&mut account.told, Arc::new(view));
                let only_ringing = View {
                    ringing,
                    ..(*before).clone()
                } == *account.told;
                let hears = |watcher: &&WatcherId| !only_ringing || self.hear_ringing.contains(watcher);
                for watcher in account.watchers.iter().filter(hears) {
                    news.entry(*watcher).or_default().push(account.told.clone());
                }
            }
            self.forget_if_idle(&identity);
        }
        let told = news.into_iter().map(|(watcher, views)| Told { watcher, views });
        self.outputs.extend(told);
    }

    fn unwatched(&mut self, identity: &Identity, watcher: WatcherId) {
        if let Some(account) = self.accounts.get_mut(identity) {
            account.watchers.remove(&watcher);
        }
        if !self.touched.contains(identity) {
            self.forget_if_idle(identity);
        }
    }

    /// What nobody uses and nobody watches is not kept.
    fn forget_if_idle(&mut self, identity: &Identity) {
        if !self.accounts.get(identity).is_some_and(Account::is_idle) {
            return;
        }
        self.accounts.remove(identity);
        if let Some(count) = self.of_tenants.get_mut(identity.tenant()) {
            *count -= 1;
            if *count == 0 {
                self.of_tenants.remove(identity.tenant());
            }
        }
    }
}

#[cfg(test)]
mod tests;
