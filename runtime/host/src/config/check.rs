//! What no single key can show: whether the parts of a configuration go together.

use super::reader::{ConfigError, Table, nearest};
use super::{CALLS, CALLS_MAX, Handler, name, tenant};
use crate::api::{ApiConfig, ProofHandler};
use crate::certificates::TlsFiles;
use crate::node::NodeConfig;
use crate::ports::pairs_in;
use patchcord_control::route::{Pattern, Route};
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

/// A value and where it stands.
pub(super) struct Placed<'a, T> {
    pub(super) value: T,
    pub(super) table: Table<'a>,
}

/// Phones must be told one address of the kind the socket has.
pub(super) fn reachable(section: &Table<'_>, listen: IpAddr, advertise: Option<IpAddr>) -> Result<(), ConfigError> {
    let told = advertise.unwrap_or(listen);
    if told.is_unspecified() {
        let sentence = format!(
            "phones cannot send to {told}: give the address that reaches this machine, such as \"203.0.113.5\""
        );
        return Err(section.wrong("advertise", &sentence));
    }
    if told.is_ipv4() != listen.is_ipv4() {
        let sentence = format!("{told} and the socket's {listen} are not both IPv4 or both IPv6: give two of a kind");
        return Err(section.wrong("advertise", &sentence));
    }
    Ok(())
}

/// Phones are told one address of each kind.
pub(super) fn one_of_a_kind(section: &Table<'_>, told: &[SocketAddr]) -> Result<(), ConfigError> {
    let v4 = told.iter().filter(|address| address.is_ipv4()).count();
    if v4 > 1 || told.len() - v4 > 1 {
        return Err(section.wrong("advertise", "give one address, or one IPv4 and one IPv6"));
    }
    Ok(())
}

/// TLS needs a certificate, and an authority for clients needs TLS.
pub(super) fn certificate_for_tls(section: &Table<'_>, tls: &TlsFiles) -> Result<(), ConfigError> {
    for key in ["tls", "wss"] {
        if section.has(key) && tls.identity.is_none() {
            return Err(section.wrong(key, "this needs a certificate: give files in certificate and key"));
        }
    }
    if tls.client_ca.is_some() && !section.has("tls") && !section.has("wss") {
        return Err(section.wrong(
            "client_ca",
            "nobody shows a certificate without tls or wss: give one of them",
        ));
    }
    Ok(())
}

/// Calls at the same time: every one needs a pair of ports, so without a word there are as many as there are pairs, up to a limit.
pub(super) fn calls(node: &NodeConfig, limits: &Table<'_>) -> Result<usize, ConfigError> {
    let pairs = pairs_in(&node.media.ports);
    let Some(wanted) = limits.number("calls", 1..=CALLS_MAX)? else {
        // No pair at all is told when the ports are bound.
        return Ok(pairs.clamp(1, CALLS));
    };
    let wanted = wanted as usize;
    if wanted <= pairs {
        return Ok(wanted);
    }
    let (first, last) = (node.media.ports.start(), node.media.ports.end());
    let sentence = format!(
        "{wanted} calls need as many port pairs and {first}-{last} has {pairs}: lower [limits] calls, or give more [media] ports"
    );
    Err(limits.wrong("calls", &sentence))
}

/// Handlers are there and named once; every route leads to one and can be reached. Where there is an API all may be deployed by it.
pub(super) fn routes_lead_somewhere(
    root: &Table<'_>,
    (handlers, routes): (&[Placed<'_, Handler>], &[Placed<'_, Route>]),
    has_api: bool,
) -> Result<(), ConfigError> {
    if has_api && handlers.is_empty() && routes.is_empty() {
        return Ok(());
    }
    if handlers.is_empty() {
        return Err(root.wrong("handler", "there is none: add a [[handler]] with its name and module"));
    }
    // With an API others may lead to them, or the platform itself.
    if routes.is_empty() && !has_api {
        return Err(root.wrong(
            "route",
            "there is none, so no call would be taken: add a [[route]] with to = \"*\"",
        ));
    }
    let mut known = HashSet::new();
    for Placed { value, table } in handlers {
        if !known.insert((value.tenant.0.as_str(), value.name.as_str())) {
            return Err(table.wrong(
                "name",
                &format!("there is a handler {:?} above: give another name", value.name),
            ));
        }
    }
    let mut taken: Vec<&Pattern> = Vec::new();
    for Placed { value, table } in routes {
        let fallbacks = value.fallbacks.iter().map(|fallback| ("fallback", &fallback.handler));
        let unknown = std::iter::once(("handler", &value.handler))
            .chain(fallbacks)
            .find(|(_, name)| !known.contains(&(value.tenant.0.as_str(), name.as_str())));
        if let Some((key, name)) = unknown {
            let names = known
                .iter()
                .filter(|(tenant, _)| *tenant == value.tenant.0)
                .map(|(_, name)| *name);
            let hint = match nearest(name, names) {
                Some(name) => format!("did you mean {name:?}?"),
                None => "add a [[handler]] of that name".to_owned(),
            };
            let sentence = format!("tenant {:?} has no handler {name:?}: {hint}", value.tenant.0);
            return Err(table.wrong(key, &sentence));
        }
        if taken
            .iter()
            .any(|before| **before == Pattern::Any || **before == value.to)
        {
            let sentence = "a route above takes all of these calls: put this one before it, or remove it";
            return Err(table.wrong("to", sentence));
        }
        taken.push(&value.to);
    }
    Ok(())
}

/// The handler that proves caller ids is one of the configuration's, and there is an API to ask by.
pub(super) fn caller_ids(
    root: &Table<'_>,
    handlers: &[Placed<'_, Handler>],
    api: Option<&mut ApiConfig>,
) -> Result<(), ConfigError> {
    let section = root.section("caller_ids", &["handler", "tenant"])?;
    let Some(handler) = section.parsed("handler", "the name of a [[handler]]", name)? else {
        return match section.has("tenant") {
            true => Err(section.wrong("handler", "it is missing: give the name of a [[handler]]")),
            false => Ok(()),
        };
    };
    let tenant = tenant(&section)?;
    let api = api.ok_or_else(|| section.wrong("handler", "it is of no use without [api] listen"))?;
    let known = handlers.iter().map(|placed| &placed.value);
    let named = || known.clone().filter(|known| known.tenant == tenant);
    if !named().any(|known| known.name == handler) {
        let hint = match nearest(&handler, named().map(|known| known.name.as_str())) {
            Some(name) => format!("did you mean {name:?}?"),
            None => "add a [[handler]] of that name".to_owned(),
        };
        let sentence = format!("tenant {:?} has no handler {handler:?}: {hint}", tenant.0);
        return Err(section.wrong("handler", &sentence));
    }
    api.caller_ids = Some(ProofHandler { tenant, handler });
    Ok(())
}
