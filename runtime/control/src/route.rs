//! Which handler a called address belongs to: the operator's ordered list, where the first match counts, and what tenants made of
//! their own numbers and names.

use crate::ids::Tenant;
use crate::words::Breakage;
use std::collections::HashMap;
use std::sync::Arc;

/// Fallbacks of a route, at most.
pub const FALLBACKS_MAX: usize = 8;

/// A handler that takes over a call whose handler broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// Its name, of the same tenant.
    pub handler: String,
    /// For what it takes over.
    pub on: Vec<Breakage>,
}

/// Who is called, as a route may name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Anybody.
    Any,
    /// This user part, case as given.
    User(String),
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Who is called.
    pub to: Pattern,
    /// Whose number it is.
    pub tenant: Tenant,
    /// The handler's name.
    pub handler: String,
    /// Who takes over if it breaks, in this order; one that breaks itself is followed by those after it. At most
    /// [`FALLBACKS_MAX`].
    pub fallbacks: Arc<[Fallback]>,
}

impl Route {
    /// A route without fallbacks.
    pub fn new(to: Pattern, tenant: Tenant, handler: impl Into<String>) -> Self {
        Self {
            to,
            tenant,
            handler: handler.into(),
            fallbacks: Arc::default(),
        }
    }
}

/// All routes of a node: the operator's, in order, and those that tenants made, which never get calls of others.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    fixed: Vec<Route>,
    /// Each number is of one tenant.
    numbers: HashMap<String, Route>,
    tenants: HashMap<Tenant, OfTenant>,
    home: Option<Tenant>,
}

/// What a tenant made.
#[derive(Debug, Clone, Default)]
struct OfTenant {
    users: HashMap<String, Route>,
    any: Option<Route>,
}

impl Routes {
    /// The operator's routes, in the order they are tried.
    pub fn new(fixed: Vec<Route>) -> Self {
        Self {
            fixed,
            ..Self::default()
        }
    }

    /// The same with the tenant whose routes count for calls that are nobody else's.
    #[must_use]
    pub fn with_home(self, home: Tenant) -> Self {
        Self {
            home: Some(home),
            ..self
        }
    }

    /// The same with a number that leads to a handler, whoever calls it.
    #[must_use]
    pub fn with_number(mut self, number: &str, route: Route) -> Self {
        self.numbers.insert(number.to_owned(), route);
        self
    }

    /// The same with a route that a tenant made: it counts for calls of its own only.
    #[must_use]
    pub fn with_route(mut self, route: Route) -> Self {
        let own = self.tenants.entry(route.tenant.clone()).or_default();
        match &route.to {
            Pattern::Any => own.any = Some(route),
            Pattern::User(user) => {
                own.users.insert(user.clone(), route);
            }
        }
        self
    }

    /// A route that leads to a tenant's handler, the operator's before those that tenants made.
    pub fn of_handler(&self, tenant: &Tenant, handler: &str) -> Option<&Route> {
        let own = self.tenants.get(tenant);
        let users = own.into_iter().flat_map(|own| own.users.values().chain(&own.any));
        let made = self.numbers.values().chain(users);
        let leads = |route: &&Route| route.tenant == *tenant && route.handler == handler;
        let fixed = self.fixed.iter().find(leads);
        // Tables have no order; the same one has to be found each time.
        fixed.or_else(|| {
            made.filter(leads)
                .min_by_key(|route| route.fallbacks.iter().map(|one| &one.handler).collect::<Vec<_>>())
        })
    }

    /// The route of a call to this user; none if nobody has this number. `tenant` is whose call it is, if that is known.
    /// What names the user comes before what takes anybody, and the operator's routes before those of tenants.
    pub fn find(&self, user: &str, tenant: Option<&Tenant>) -> Option<&Route> {
        let fixed = self.fixed.iter().find(|route| match &route.to {
            Pattern::Any => true,
            Pattern::User(wanted) => wanted == user,
        });
        let names_it = |route: &&Route| route.to != Pattern::Any;
        let own = tenant
            .or(self.home.as_ref())
            .and_then(|tenant| self.tenants.get(tenant));
        fixed
            .filter(names_it)
            .or_else(|| self.numbers.get(user))
            .or_else(|| own?.users.get(user))
            .or(fixed)
            .or_else(|| own?.any.as_ref())
    }
}

#[cfg(test)]
mod tests;
