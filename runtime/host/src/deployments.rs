//! What tenants have deployed: the handlers in the versions that serve, and what leads to them. It is read from the database when
//! the node starts and whenever it was changed, a tenant at a time; together with what the configuration names it is the directory
//! that calls begin with. Calls that run keep theirs.
//!
//! Not here: the API that changes the database, and what a directory is (`switch::directory`).

mod loading;
mod permissions;
mod quotas;
mod reading;
mod shown;

pub(crate) use loading::Loader;
pub(crate) use permissions::{Permission, asked_for, covered};
pub(crate) use quotas::{METRICS, SPENT, TenantLimits};
pub(crate) use reading::{fallback_text, read_fallback};

use crate::node::time_of_day;
use crate::shard_threads::{Inbox, Order};
use crate::telling::READERS;
use patchcord_control::destinations::Micros;
use patchcord_control::events::{EventKinds, Subscription};
use patchcord_control::ids::Tenant;
use patchcord_control::policy::CallerIds;
use patchcord_control::route::{Route, Routes};
use patchcord_database::tenants::{Tenant as Account, TenantState};
use patchcord_database::{Database, Error, Paging, recordings};
use patchcord_switch::{Candidate, Directory, Program};
use shown::Shown;
use std::collections::BTreeMap;
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
}

#[derive(Debug, Default)]
struct Known {
    /// What the configuration names.
    base: Option<Directory>,
    tenants: BTreeMap<Tenant, OfTenant>,
    /// What had been spent on the day the node started.
    spent: BTreeMap<Tenant, Micros>,
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
}

impl Deployments {
    /// Nothing yet: see [`Deployments::read_all`].
    pub(crate) fn new(
        database: Database,
        (loader, limits, shards): (Loader, TenantLimits, Vec<Inbox>),
        home: Tenant,
    ) -> Self {
        Self {
            database,
            loader,
            limits,
            shards,
            home,
            known: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn loader(&self) -> &Loader {
        &self.loader
    }

    /// What the configuration names, from now on.
    pub(crate) fn set_base(&self, base: Directory) {
        let mut known = self.lock();
        // Its books are new.
        if let Some(ledger) = base.ledger() {
            let now = Instant::now();
            known
                .spent
                .iter()
                .for_each(|(tenant, spent)| ledger.add_spent(now, tenant, *spent));
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
        let mut after = None;
        let (mut all, mut spent) = (BTreeMap::new(), BTreeMap::new());
        loop {
            let paging = Paging::new(patchcord_database::LIMIT_MAX, after)?;
            let page = patchcord_database::tenants::all(&self.database, &paging).await?;
            for account in page.items {
                let tenant = Tenant(account.id.as_str().to_owned());
                let read = self.read_tenant(&account).await?;
                let kept = recordings::bytes(&self.database, &account.id).await?;
                self.limits
                    .recordings_kept(&tenant, u64::try_from(kept).unwrap_or_default());
                let today = quotas::spent_today(&self.database, &account.id).await?;
                spent.extend(today.map(|today| (tenant.clone(), today)));
                all.insert(tenant, read);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let mut known = self.lock();
        known.tenants = all;
        known.spent = spent;
        self.publish(&known);
        Ok(())
    }

    /// Reads again what a tenant has deployed; calls that begin from now on find it.
    ///
    /// # Errors
    /// The database cannot be read. What was known before still counts.
    pub(crate) async fn read_again(&self, tenant: &Tenant) -> Result<(), Error> {
        let _alone = self.reading.lock().await;
        let id = crate::database::tenant_id(tenant)?;
        let account = patchcord_database::tenants::get(&self.database, &id).await?;
        let read = self.read_tenant(&account).await?;
        let mut known = self.lock();
        known.tenants.insert(tenant.clone(), read);
        self.publish(&known);
        Ok(())
    }

    /// Nothing of one that is suspended, or whose account is.
    async fn read_tenant(&self, account: &Account) -> Result<OfTenant, Error> {
        let parent = match &account.parent {
            Some(parent) => Some(patchcord_database::tenants::get(&self.database, parent).await?),
            None => None,
        };
        let active = |account: &Account| account.state == TenantState::Active;
        if !active(account) || !parent.as_ref().is_none_or(active) {
            return Ok(OfTenant::default());
        }
        let tenant = Tenant(account.id.as_str().to_owned());
        let quotas = patchcord_database::quotas::list(&self.database, &account.id).await?;
        self.limits.set(&tenant, &quotas);
        let before = self.lock().tenants.get(&tenant).cloned().unwrap_or_default();
        let read = reading::of_tenant(&self.database, &self.loader, &account.id, before).await?;
        Ok(OfTenant {
            spend_per_day: quotas::spend_per_day(&quotas),
            ..read
        })
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
        for shard in &self.shards {
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
        }
        directory.with_routes(routes)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing is left half done in it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has a key of a tenant may read its events.
fn readers(tenant: &Tenant) -> Subscription {
    Subscription {
        tenant: tenant.clone(),
        handlers: None,
        kinds: EventKinds::ALL,
        name: READERS.into(),
    }
}

/// The time of day in milliseconds since 1970, as the database has it.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(time_of_day().millis()).unwrap_or(i64::MAX)
}
