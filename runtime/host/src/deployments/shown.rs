//! The numbers that a tenant may show when it calls: those the configuration names, those it has by the API, and those it
//! proved to be its own. Not here: the proof, and what a trunk makes of a number.

use patchcord_control::ids::Tenant;
use patchcord_control::numbers::E164;
use patchcord_control::policy::CallerIds;
use patchcord_switch::Directory;

/// Those that the database has of a tenant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    pub(crate) own: Vec<E164>,
    pub(crate) verified: Vec<E164>,
    /// The one that it has chosen to show where nothing is said.
    pub(crate) default: Option<E164>,
}

impl Shown {
    /// All that the tenant may show; none: what the configuration says and nothing else.
    pub(super) fn with(&self, base: &Directory, tenant: &Tenant) -> Option<CallerIds> {
        if self.own.is_empty() && self.verified.is_empty() && self.default.is_none() {
            return None;
        }
        let configured = base.caller_ids(tenant).cloned().unwrap_or_default();
        let own = self.own.iter().copied();
        let verified = self.verified.iter().copied();
        let all = configured.with(own, verified, None);
        let chosen = all.and_then(|all| {
            // One that it lost meanwhile is not shown.
            let default = self.default.filter(|number| all.has(number));
            all.with([], [], default)
        });
        match chosen {
            Ok(chosen) => Some(chosen),
            Err(why) => {
                tracing::error!(%tenant, %why, "what this tenant has by the API is not shown");
                None
            }
        }
    }
}

/// A number of the database; one written without `+` has its country's code all the same.
pub(crate) fn read_number(text: &str) -> Option<E164> {
    E164::parse(text).or_else(|_| E164::parse(&format!("+{text}"))).ok()
}

#[cfg(test)]
mod tests;
