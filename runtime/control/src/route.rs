//! Which handler a called address belongs to: an ordered list, the first match counts.

use crate::ids::Tenant;
use crate::words::Breakage;
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

/// All routes of a node, in order.
#[derive(Debug, Clone, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Routes in the order they are tried.
    pub fn new(routes: Vec<Route>) -> Self {
        Self(routes)
    }

    /// The first route for a called user; none if nobody has this number.
    pub fn find(&self, user: &str) -> Option<&Route> {
        self.0.iter().find(|route| match &route.to {
            Pattern::Any => true,
            Pattern::User(wanted) => wanted == user,
        })
    }
}

#[cfg(test)]
mod tests;
