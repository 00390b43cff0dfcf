//! Which handler a called address belongs to: an ordered list, the first match counts.

use crate::ids::Tenant;

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
