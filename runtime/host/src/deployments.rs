//! What tenants have deployed: the handlers in the versions that serve, and what leads to them. It is read from the database when
//! the node starts and whenever it was changed, a tenant at a time; together with what the configuration names it is the directory
//! that calls begin with. Calls that run keep theirs.
//!
//! Not here: the API that changes the database, and what a directory is (`switch::directory`).

mod loading;
mod permissions;
mod quotas;
mod reading;
mod receiving;
mod shown;

pub(crate) use loading::Loader;
pub(crate) use permissions::{Permission, asked_for, covered};
pub(crate) use quotas::{METRICS, SPENT, TenantLimits};
pub(crate) use reading::{fallback_text, read_fallback};
pub(crate) use receiving::{Receivers, sealed_for};

use reading::all;

use crate::cluster::{Notice, Others};
use crate::node::time_of_day;
use crate::shard_threads::{Inbox, Order};
use crate::telling::READERS;
use patchcord_control::destinations::Micros;
use patchcord_control::events::{EventKinds, Subscription};
use patchcord_control::ids::Tenant;
use patchcord_control::policy::CallerIds;
use patchcord_control::route::{Route, Routes};
use patchcord_database::tenants::{self, Tenant as Account, TenantState};
use patchcord_database::{Database, Error, LIMIT_MAX, Paging, recordings};
use patchcord_switch::{Candidate, Directory, Program};
use serde::{Deserialize, Serialize};
use shown::Shown;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A version on a share of the calls.
#[derive(Debug, Clone)]
pub(crate) struct Tried {
    pub(crate) version: i64,
    pub(crate) percent: u8,
    pub(crate) candidate: Arc<Candidate>,
}

/// A handler that calls can reach.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    /// The version that serves, or serves the rest.
    pub(crate) serving: Arc<Program>,
    pub(crate) tried: Option<Tried>,
}

impl Deployed {
    /// The program that was made of a module, if one of its versions is of it.
    fn of_module(&self, hash: &str) -> Option<&Arc<Program>> {
        let tried = self.tried.as_ref().map(|tried| tried.candidate.program());
        let mut both = std::iter::once(&self.serving).chain(tried);
        both.find(|program| program.module().hash() == hash)
    }
}

/// What one tenant has deployed.
#[derive(Debug, Clone, Default)]
pub(crate) struct OfTenant {
    pub(crate) handlers: BTreeMap<String, Deployed>,
    pub(crate) routes: Vec<Route>,
    pub(crate) numbers: Vec<(String, Route)>,
    /// What it may show when it calls.
    pub(crate) shown: Shown,
    /// What it may spend in a day, if there is a quota of it.
    pub(crate) spend_per_day: Option<Micros>,
    pub(crate) receivers: Receivers,
}

/// What was changed of a tenant's: no more than that is read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Changed {
    /// Perhaps whether it may have anything; all is read, also of its sub-accounts.
    Account,
    /// A handler of this name: which versions serve, or what they are granted.
    Handler(String),
    Routes,
    /// Numbers that it has, or caller ids.
    Numbers,
    Receivers,
    /// A secret, which any handler or event sink may have been granted.
    Secrets,
    Quotas,
}

#[derive(Debug, Default)]
struct Known {
    /// What the configuration names.
    base: Option<Directory>,
    tenants: BTreeMap<Tenant, OfTenant>,
    /// What had been spent on the day the node started, of those who have no books yet.
    spent: BTreeMap<Tenant, Micros>,
    /// Those of whom not all is known that there is: one who is suspended, or whose last reading failed. The next one is whole.
    partly: BTreeSet<Tenant>,
}

impl Known {
    fn set(&mut self, tenant: Tenant, read: Read) {
        match read {
            Read::Whole(of_tenant) => {
                self.partly.remove(&tenant);
                self.tenants.insert(tenant, of_tenant);
            }
            Read::Suspended => {
                self.tenants.insert(tenant.clone(), OfTenant::default());
                self.partly.insert(tenant);
            }
        }
    }
}

/// What is known of a tenant once it was read.
enum Read {
    Whole(OfTenant),
    /// It, or the account it is below, may have nothing for now.
    Suspended,
}

/// All that is deployed on a node.
pub(crate) struct Deployments {
    database: Database,
    loader: Loader,
    limits: TenantLimits,
    shards: Vec<Inbox>,
    /// Whose routes count for calls that are nobody else's.
    home: Tenant,
    known: Mutex<Known>,
    /// One reads at a time, so that what was read later counts.
    reading: tokio::sync::Mutex<()>,
    /// Who has to hear of changes.
    others: Option<Arc<Others>>,
}

impl Deployments {
    /// Nothing yet: see [`Deployments::read_all`].
    pub(crate) fn new(
        database: Database,
        (loader, limits, shards): (Loader, TenantLimits, Vec<Inbox>),
        (home, others): (Tenant, Option<Arc<Others>>),
    ) -> Self {
        Self {
            database,
            loader,
            limits,
            shards,
            home,
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            others,
        }
    }

    pub(crate) fn loader(&self) -> &Loader {
        &self.loader
    }

    /// What the configuration names, from now on.
    pub(crate) fn set_base(&self, base: Directory) {
        let mut known = self.lock();
        // Once for each tenant: its books go on when the configuration is read again.
        if let Some(ledger) = base.ledger() {
            let now = Instant::now();
            known.spent.retain(|tenant, spent| {
                ledger.add_spent(now, tenant, *spent);
                ledger.usage(now, tenant).is_none()
            });
        }
        known.base = Some(base);
        self.publish(&known);
    }

    /// Whether the configuration names this handler of a tenant: then it cannot be deployed.
    pub(crate) fn is_fixed(&self, tenant: &Tenant, handler: &str) -> bool {
        let known = self.lock();
        known
            .base
            .as_ref()
            .is_some_and(|base| base.has_handler(tenant, handler))
    }

    /// The handlers of a tenant that the configuration names, and the hashes of their modules.
    pub(crate) fn fixed(&self, tenant: &Tenant) -> Vec<(String, String)> {
        let known = self.lock();
        let base = known.base.iter().flat_map(|base| base.handlers(tenant));
        let mut all: Vec<_> = base
            .map(|program| (program.name().to_owned(), program.module().hash().to_owned()))
            .collect();
        all.sort();
        all
    }

    /// How many are told of the calls of a tenant because the configuration says so.
    pub(crate) fn fixed_receivers(&self, tenant: &Tenant) -> usize {
        let known = self.lock();
        let told = known.base.iter().flat_map(|base| base.told(tenant));
        told.filter(|one| *one.name != *READERS).count()
    }

    /// A handler that calls can reach.
    pub(crate) fn deployed(&self, tenant: &Tenant, handler: &str) -> Option<Deployed> {
        self.lock().tenants.get(tenant)?.handlers.get(handler).cloned()
    }

    /// What a tenant may show when it calls, as calls that begin now find it; none if it may call no numbers.
    pub(crate) fn caller_ids(&self, tenant: &Tenant) -> Option<CallerIds> {
        let known = self.lock();
        let base = known.base.as_ref().filter(|base| base.calls_numbers(tenant))?;
        let more = known.tenants.get(tenant).and_then(|of| of.shown.with(base, tenant));
        more.or_else(|| base.caller_ids(tenant).cloned())
    }

    /// A recording of a tenant was deleted: others may take its place.
    pub(crate) fn recording_deleted(&self, tenant: &Tenant, bytes: u64) {
        self.limits.recording_deleted(tenant, bytes);
    }

    /// Reads what every tenant has deployed, and what it has used and keeps from before; when the node starts.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn read_all(&self) -> Result<(), Error> {
        let _alone = self.reading.lock().await;
        let accounts = all!(|paging| tenants::all(&self.database, &paging));
        let mut all = Vec::new();
        let mut spent = BTreeMap::new();
        for account in &accounts {
            let tenant = tenant_of(account);
            let kept = recordings::bytes(&self.database, &account.id).await?;
            let kept = u64::try_from(kept).unwrap_or_default();
            self.limits.recordings_kept(&tenant, kept);
            let today = quotas::spent_today(&self.database, &account.id).await?;
            spent.extend(today.map(|today| (tenant.clone(), today)));
            all.push((tenant, self.read(account, &Changed::Account).await?));
        }
        let mut known = self.lock();
        known.spent = spent;
        known.tenants.clear();
        for (tenant, read) in all {
            known.set(tenant, read);
        }
        self.publish(&known);
        Ok(())
    }

    /// Something of a tenant's was changed through this node: it is read again, here and by the other nodes of the cluster. Calls that
    /// begin from now on find it. Nodes with one database that are in no cluster hear nothing of each other.
    ///
    /// # Errors
    /// The database cannot be read. What was known before still counts, and the next reading is whole.
    pub(crate) async fn read_again(&self, tenant: &Tenant, changed: &Changed) -> Result<(), Error> {
        let read = self.reread(tenant, changed).await;
        if let Some(others) = &self.others {
            others.tell(&Notice::of(tenant, changed)).await;
        }
        read
    }

    /// Reads everything again, because changes may have been missed.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn reread_all(&self) -> Result<(), Error> {
        let accounts = all!(|paging| tenants::all(&self.database, &paging));
        for account in accounts {
            self.reread(&tenant_of(&account), &Changed::Account).await?;
        }
        Ok(())
    }

    /// Reads again what was changed of a tenant's; calls that begin from now on find it.
    ///
    /// # Errors
    /// The database cannot be read. What was known before still counts, and the next reading is whole.
    pub(crate) async fn reread(&self, tenant: &Tenant, changed: &Changed) -> Result<(), Error> {
        let _alone = self.reading.lock().await;
        // Until it has been read.
        let was_whole = self.lock().partly.insert(tenant.clone());
        let id = crate::database::tenant_id(tenant)?;
        let account = tenants::get(&self.database, &id).await?;
        let changed = if was_whole { changed } else { &Changed::Account };
        let mut all = vec![(tenant.clone(), self.read(&account, changed).await?)];
        if *changed == Changed::Account {
            let below = all!(|paging| tenants::children(&self.database, &id, &paging));
            for account in &below {
                all.push((tenant_of(account), self.read(account, changed).await?));
            }
        }
        let mut known = self.lock();
        for (tenant, read) in all {
            known.set(tenant, read);
        }
        self.publish(&known);
        Ok(())
    }

    async fn read(&self, account: &Account, changed: &Changed) -> Result<Read, Error> {
        let parent = match &account.parent {
            Some(parent) => Some(tenants::get(&self.database, parent).await?),
            None => None,
        };
        let active = |account: &Account| account.state == TenantState::Active;
        if !active(account) || !parent.as_ref().is_none_or(active) {
            return Ok(Read::Suspended);
        }
        let tenant = tenant_of(account);
        let before = self.lock().tenants.get(&tenant).cloned();
        // Of one who was not known before nothing can be kept.
        let changed = if before.is_some() { changed } else { &Changed::Account };
        let mut before = before.unwrap_or_default();
        if matches!(changed, Changed::Account | Changed::Quotas) {
            let quotas = patchcord_database::quotas::list(&self.database, &account.id).await?;
            self.limits.set(&tenant, &quotas);
            before.spend_per_day = quotas::spend_per_day(&quotas);
        }
        let read = reading::of_tenant(&self.database, &self.loader, &account.id, (before, changed)).await?;
        Ok(Read::Whole(read))
    }

    /// Gives the directory to the shards.
    fn publish(&self, known: &Known) {
        let Some(base) = &known.base else { return };
        if let Some(ledger) = base.ledger() {
            for (tenant, of) in &known.tenants {
                ledger.set_spend_per_day(tenant, of.spend_per_day);
            }
        }
        let directory = Arc::new(self.directory(base, &known.tenants));
        // That of the event sinks is the last: a call that names a sink finds it there.
        for shard in self.shards.iter().rev() {
            shard.order(Order::Directory(directory.clone()));
        }
    }

    fn directory(&self, base: &Directory, tenants: &BTreeMap<Tenant, OfTenant>) -> Directory {
        let mut directory = base.clone();
        let mut routes: Routes = base.routes().clone().with_home(self.home.clone());
        for (tenant, deployed) in tenants {
            for handler in deployed.handlers.values() {
                let tried = handler.tried.as_ref().map(|tried| tried.candidate.clone());
                directory = directory.with_deployed(tenant, handler.serving.clone(), tried);
            }
            for route in &deployed.routes {
                routes = routes.with_route(route.clone());
            }
            for (number, route) in &deployed.numbers {
                routes = routes.with_number(number, route.clone());
            }
            if let Some(ids) = deployed.shown.with(base, tenant) {
                directory = directory.with_caller_ids(tenant, ids);
            }
            if !directory.is_told(tenant, READERS) {
                directory = directory.with_subscription(Arc::new(readers(tenant)));
            }
            for subscription in &deployed.receivers.subscriptions {
                directory = directory.with_subscription(subscription.clone());
            }
            for sink in deployed.receivers.sinks.values() {
                directory = directory.with_sink(sink.clone());
            }
        }
        directory.with_routes(routes)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing is left half done in it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tenant_of(account: &Account) -> Tenant {
    Tenant(account.id.as_str().to_owned())
}

/// Whoever has a key of a tenant may read its events.
fn readers(tenant: &Tenant) -> Subscription {
    Subscription {
        tenant: tenant.clone(),
        handlers: None,
        kinds: EventKinds::ALL,
        name: READERS.into(),
        webhook: None,
    }
}

/// The time of day in milliseconds since 1970, as the database has it.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(time_of_day().millis()).unwrap_or(i64::MAX)
}
