//! What a version may do beyond its call: the interfaces that reach others or keep something, the web servers it may ask, and the
//! secrets it may read. A version that asks for what none before it was granted is held until somebody grants it.

use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_guest::Module;
use std::fmt;

/// Interfaces that a module may import without being granted anything: they reach nobody but the caller, and keep nothing.
const OF_ANYBODY: [&str; 11] = [
    "types", "call", "play", "gather", "wait", "clock", "random", "log", "room", "inbox", "events",
];
const HTTP: &str = "http:";
const SECRET: &str = "secret:";

/// One line of the list of permissions. Its text is what the API shows and the database keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// An interface of the contract, such as `dial`.
    Interface(String),
    /// Web servers below an address.
    Http(String),
    /// A secret of the tenant.
    Secret(String),
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => f.write_str(name),
            Self::Http(url) => write!(f, "{HTTP}{url}"),
            Self::Secret(name) => write!(f, "{SECRET}{name}"),
        }
    }
}

impl Permission {
    /// Back from its text.
    pub(crate) fn read(text: &str) -> Self {
        if let Some(url) = text.strip_prefix(HTTP) {
            return Self::Http(url.to_owned());
        }
        match text.strip_prefix(SECRET) {
            Some(name) => Self::Secret(name.to_owned()),
            None => Self::Interface(text.to_owned()),
        }
    }
}

/// The interfaces that a module imports and must be granted, in order.
pub(crate) fn permissions_of(module: &Module) -> Vec<String> {
    let short = |full: &str| {
        let name = full.split_once('/').map_or(full, |(_, name)| name);
        name.split_once('@').map_or(name, |(name, _)| name).to_owned()
    };
    let imports = module.imports().iter().map(|import| short(&import.interface));
    let mut all: Vec<_> = imports.filter(|name| !OF_ANYBODY.contains(&name.as_str())).collect();
    all.sort();
    all.dedup();
    all
}

/// All that a version asks for, in order and each once.
///
/// # Errors
/// The address that is none.
pub(crate) fn asked_for(interfaces: &[String], http: &[String], secrets: &[String]) -> Result<Vec<Permission>, String> {
    let interfaces = interfaces.iter().cloned().map(Permission::Interface);
    let mut all: Vec<_> = interfaces
        .chain(secrets.iter().cloned().map(Permission::Secret))
        .collect();
    for url in http {
        HttpUrl::parse(url).map_err(|_| url.clone())?;
        all.push(Permission::Http(url.clone()));
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// Whether what was granted covers a permission: the same, or, of web servers, an address above it.
pub(crate) fn covered(granted: &[Permission], wanted: &Permission) -> bool {
    granted.iter().any(|one| match (one, wanted) {
        (Permission::Http(above), Permission::Http(below)) => allows(above, below),
        (one, wanted) => one == wanted,
    })
}

/// Whether who may ask below one address may ask below another: as it is held when a handler asks.
fn allows(above: &str, below: &str) -> bool {
    let allowed = |above| HttpUrl::parse(below).is_ok_and(|below| HttpAllow::Below(vec![above]).allows(&below));
    HttpUrl::parse(above).is_ok_and(allowed)
}

#[cfg(test)]
mod tests;
