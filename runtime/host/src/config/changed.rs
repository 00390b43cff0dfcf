//! Which parts of a configuration count as soon as it is read again, and which after a restart.

/// Read again while a node runs. All else stays as it was at the start; of a tenant, that is what its calls inside may use.
const TAKEN_OVER: [&str; 6] = ["handler", "route", "secret", "user", "trunk", "tenant"];
/// Of `[sip]`: who may call without a password.
const TAKEN_OVER_OF_SIP: [&str; 2] = ["strangers", "registered"];

/// The sections that differ and that count after a restart; none of a text that is no TOML, which was refused before.
pub(crate) fn waits_for_restart(before: &str, now: &str) -> Vec<String> {
    let read = |text: &str| toml::from_str::<toml::Table>(text).unwrap_or_default();
    let (before, now) = (stays(read(before)), stays(read(now)));
    let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let differs = |name: &&&String| before.get(**name) != now.get(**name);
    names.iter().filter(differs).map(ToString::to_string).collect()
}

/// Without what is taken over.
fn stays(mut root: toml::Table) -> toml::Table {
    root.retain(|name, _| !TAKEN_OVER.contains(&name));
    if let Some(sip) = root.get_mut("sip").and_then(toml::Value::as_table_mut) {
        sip.retain(|name, _| !TAKEN_OVER_OF_SIP.contains(&name));
    }
    root
}

#[cfg(test)]
mod tests;
