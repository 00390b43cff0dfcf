//! From the rows of a tenant to what its calls find. A handler whose module cannot be loaded, because the contract went on without
//! it say, serves no calls, and that is logged; the others do.

use super::loading::Loader;
use super::permissions::Permission;
use super::shown::{Shown, read_number};
use super::{Changed, Deployed, OfTenant, Tried};
use patchcord_control::grants::Grants;
use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_control::ids::Tenant;
use patchcord_control::route::{Fallback, Pattern, Route};
use patchcord_control::words::Breakage;
use patchcord_database::numbers::{self, Number};
use patchcord_database::rollouts::{self, Rollout, SHARE_MAX};
use patchcord_database::{
    Database, Error, LIMIT_MAX, Paging, TenantId, caller_ids, handlers, modules, routes, secrets, versions,
};
use patchcord_switch::{Candidate, Program, TakeOut, Trial};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When a version that is tried is taken out: at a tenth of failures, of at least twenty calls.
const TAKE_OUT: TakeOut = TakeOut {
    failing_percent: 10,
    calls: 20,
};

/// Whose rows, and what they are made into.
pub(super) struct Reader<'r> {
    pub(super) database: &'r Database,
    pub(super) loader: &'r Loader,
    pub(super) id: &'r TenantId,
    pub(super) tenant: Tenant,
    /// What was read the last time: what has not changed is kept, compiled code and failures of a trial alike.
    pub(super) before: OfTenant,
}

/// What a tenant has deployed, from what was known before and what was changed since.
pub(super) async fn of_tenant(
    database: &Database,
    loader: &Loader,
    id: &TenantId,
    (before, changed): (OfTenant, &Changed),
) -> Result<OfTenant, Error> {
    let mut now = before.clone();
    let reader = Reader {
        database,
        loader,
        id,
        tenant: Tenant(id.as_str().to_owned()),
        before,
    };
    match changed {
        Changed::Account => {
            let numbers = reader.numbers().await?;
            now = OfTenant {
                handlers: reader.handlers().await?,
                routes: reader.routes().await?,
                shown: reader.shown(&numbers).await?,
                numbers: reader.led(numbers),
                receivers: reader.receivers().await?,
                spend_per_day: now.spend_per_day,
            }
        }
        Changed::Handler(name) => match reader.handler(name).await? {
            Some(handler) => drop(now.handlers.insert(name.clone(), handler)),
            None => drop(now.handlers.remove(name)),
        },
        Changed::Routes => now.routes = reader.routes().await?,
        Changed::Numbers => {
            let numbers = reader.numbers().await?;
            now.shown = reader.shown(&numbers).await?;
            now.numbers = reader.led(numbers);
        }
        Changed::Receivers => now.receivers = reader.receivers().await?,
        Changed::Secrets => {
            now.handlers = reader.handlers().await?;
            now.receivers = reader.receivers().await?;
        }
        Changed::Quotas => {}
    }
    Ok(now)
}

/// All pages of a list; `$page` reads one.
macro_rules! all {
    (|$paging:ident| $page:expr) => {{
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let $paging = Paging::new(LIMIT_MAX, after)?;
            let read = $page.await?;
            items.extend(read.items);
            match read.next {
                Some(next) => after = Some(next),
                None => break items,
            }
        }
    }};
}
pub(super) use all;

impl Reader<'_> {
    async fn handlers(&self) -> Result<BTreeMap<String, Deployed>, Error> {
        let named = all!(|paging| handlers::list(self.database, self.id, &paging));
        let mut deployed = BTreeMap::new();
        for handler in named {
            if let Some(one) = self.handler(&handler.name).await? {
                deployed.insert(handler.name, one);
            }
        }
        Ok(deployed)
    }

    /// One of them; none if it has no calls.
    async fn handler(&self, name: &str) -> Result<Option<Deployed>, Error> {
        match rollouts::get(self.database, self.id, name).await {
            Ok(rollout) => self.deployed(name, &rollout).await,
            Err(Error::NotFound(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn deployed(&self, name: &str, rollout: &Rollout) -> Result<Option<Deployed>, Error> {
        let before = self.before.handlers.get(name);
        let (serving, tried) = match rollout.previous {
            Some(previous) if rollout.share < SHARE_MAX => (previous, Some(rollout.version)),
            _ => (rollout.version, None),
        };
        let Some(program) = self.program(name, serving, before).await? else {
            return Ok(None);
        };
        let percent = (rollout.share / (SHARE_MAX / 100)) as u8;
        let tried = match tried.filter(|_| percent > 0) {
            Some(version) => self.tried(name, (version, percent), before).await?,
            None => None,
        };
        Ok(Some(Deployed {
            serving: program,
            tried,
        }))
    }

    async fn tried(
        &self,
        name: &str,
        (version, percent): (i64, u8),
        before: Option<&Deployed>,
    ) -> Result<Option<Tried>, Error> {
        let Some(program) = self.program(name, version, before).await? else {
            return Ok(None);
        };
        let known = before.and_then(|before| before.tried.as_ref());
        let same =
            |tried: &&Tried| (tried.version, tried.percent) == (version, percent) && tried.candidate.runs(&program);
        if let Some(same) = known.filter(same) {
            return Ok(Some(same.clone()));
        }
        let trial = Trial::Share {
            percent,
            take_out: TAKE_OUT,
        };
        Ok(Some(Tried {
            version,
            percent,
            candidate: Arc::new(Candidate::new(self.tenant.clone(), program, trial)),
        }))
    }

    /// A version ready to run, with what it is granted; none if it cannot.
    async fn program(&self, name: &str, number: i64, before: Option<&Deployed>) -> Result<Option<Arc<Program>>, Error> {
        let version = versions::get(self.database, self.id, name, number).await?;
        let permissions: Vec<_> = version
            .content
            .granted
            .iter()
            .map(|text| Permission::read(text))
            .collect();
        let grants = self.grants(&permissions).await?;
        let hash = &version.content.module;
        if let Some(program) = before.and_then(|before| before.of_module(hash)) {
            if program.grants().is_some_and(|granted| **granted == grants) {
                return Ok(Some(program.clone()));
            }
            return Ok(Some(Arc::new(program.granted(name, Arc::new(grants)))));
        }
        let bytes = modules::bytes(self.database, self.id, hash).await?;
        match self.loader.load(name, bytes).await {
            Ok(program) => Ok(Some(Arc::new(program.granted(name, Arc::new(grants))))),
            Err(why) => {
                tracing::error!(tenant = %self.tenant, handler = name, version = number, why = why.0, "this version cannot be run and serves no calls");
                Ok(None)
            }
        }
    }

    pub(super) async fn grants(&self, permissions: &[Permission]) -> Result<Grants, Error> {
        let (mut grants, mut servers) = (Grants::default(), Vec::new());
        for permission in permissions {
            match permission {
                Permission::Interface(_) => {}
                Permission::Http(url) => servers.extend(HttpUrl::parse(url).ok()),
                Permission::Secret(name) => grants = self.with_secret(grants, name).await?,
            }
        }
        let allowed = match servers.is_empty() {
            true => HttpAllow::default(),
            false => HttpAllow::Below(servers),
        };
        Ok(grants.with_http(allowed))
    }

    /// One that is not there, or cannot be opened, is not granted: the handler is told when it asks for it.
    async fn with_secret(&self, grants: Grants, name: &str) -> Result<Grants, Error> {
        let sealed = match secrets::sealed(self.database, self.id, name).await {
            Ok(sealed) => sealed,
            Err(Error::NotFound(_)) => return Ok(grants),
            Err(other) => return Err(other),
        };
        let opened = self
            .loader
            .sealing()
            .and_then(|key| key.open((&self.tenant, name), &sealed));
        let with = opened.and_then(|value| grants.clone().with_secret(name, &value).ok());
        if with.is_none() {
            tracing::error!(tenant = %self.tenant, secret = name, "this secret was sealed with another key: set it again");
        }
        Ok(with.unwrap_or(grants))
    }

    async fn routes(&self) -> Result<Vec<Route>, Error> {
        let rows = all!(|paging| routes::list(self.database, self.id, None, &paging));
        let route = |row: routes::Route| Route {
            to: match row.pattern.as_str() {
                "*" => Pattern::Any,
                user => Pattern::User(user.to_owned()),
            },
            tenant: self.tenant.clone(),
            handler: row.handler,
            fallbacks: row.fallbacks.iter().filter_map(|text| read_fallback(text)).collect(),
        };
        Ok(rows.into_iter().map(route).collect())
    }

    async fn numbers(&self) -> Result<Vec<Number>, Error> {
        Ok(all!(|paging| numbers::list(self.database, self.id, &paging)))
    }

    /// Where its numbers lead.
    fn led(&self, numbers: Vec<Number>) -> Vec<(String, Route)> {
        let led = numbers.into_iter().filter_map(|row| {
            let to = Pattern::User(row.number.clone());
            Some((row.number, Route::new(to, self.tenant.clone(), row.handler?)))
        });
        led.collect()
    }

    /// What it may show when it calls.
    async fn shown(&self, numbers: &[Number]) -> Result<Shown, Error> {
        let asked = all!(|paging| caller_ids::list(self.database, self.id, &paging));
        let proved = asked.iter().filter(|one| one.verified_at.is_some());
        let default = caller_ids::default(self.database, self.id).await?;
        Ok(Shown {
            own: numbers.iter().filter_map(|one| read_number(&one.number)).collect(),
            verified: proved.filter_map(|one| read_number(&one.number)).collect(),
            default: default.as_deref().and_then(read_number),
        })
    }
}

/// A fallback as the database keeps it: the handler, and what it takes over for, as in `plain:trap,budget`.
pub(crate) fn fallback_text(fallback: &Fallback) -> String {
    let kinds: Vec<_> = fallback.on.iter().map(|kind| kind.name()).collect();
    format!("{}:{}", fallback.handler, kinds.join(","))
}

/// Back from its text.
pub(crate) fn read_fallback(text: &str) -> Option<Fallback> {
    let (handler, kinds) = text.split_once(':')?;
    let kind = |name: &str| Breakage::ALL.into_iter().find(|kind| kind.name() == name);
    Some(Fallback {
        handler: handler.to_owned(),
        on: kinds.split(',').map(kind).collect::<Option<_>>()?,
    })
}
