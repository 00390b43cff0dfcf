//! The table of who is reached where, as a value: the registrar's own, and the mirrors of it that other shards keep by
//! [`LocationChange`]s. Not a dialer: it does not know which of several bindings to try when. RFC 3261 10, RFC 5626 7.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::contact::unescaped;
use crate::flow::Flow;
use crate::limits::EXPIRIES_PER_CALL;
use crate::uri::Uri;

/// Names a binding as long as it is refreshed, whatever its contact becomes. Never used again by the same registrar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BindingId(pub u64);

/// One way to a user's device. `Debug` leaves addresses out.
#[derive(Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its name.
    pub id: BindingId,
    /// The Request-URI to use.
    pub contact: Uri,
    /// Where to send: the way the REGISTER came. The contact's own address may lie behind an address translator.
    pub flow: Flow,
    /// Route values to put into a request, in order.
    pub path: Vec<String>,
    /// The device, a URN; the same over all its flows.
    pub instance: Option<Arc<str>>,
    /// Which of the device's flows, if it keeps several (RFC 5626).
    pub reg_id: Option<u32>,
    /// The user's preference in thousandths, 1000 the most.
    pub q: u16,
    /// When it ends unless refreshed.
    pub expires_at: Instant,
    /// When it was refreshed last.
    pub refreshed_at: Instant,
    /// What the device calls itself.
    pub user_agent: Option<Arc<str>>,
    pub(super) call_id: Arc<str>,
    pub(super) cseq: u32,
}

impl Binding {
    /// As it stands in the 200 to a REGISTER. With an address of record: with a public GRUU for it (RFC 5627 5.3).
    pub(super) fn as_contact(&self, now: Instant, gruu_of: Option<&Arc<str>>) -> String {
        let left = self.expires_at.saturating_duration_since(now);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let mut text = format!("<{}>;expires={seconds}", self.contact);
        if self.q < 1000 {
            text.push_str(&format!(";q=0.{:03}", self.q));
        }
        if let Some(instance) = &self.instance {
            text.push_str(&format!(";+sip.instance=\"<{instance}>\""));
            if let Some(aor) = gruu_of {
                text.push_str(&format!(";pub-gruu=\"{}\"", gruu(aor, instance)));
            }
        }
        if let Some(reg_id) = self.reg_id {
            text.push_str(&format!(";reg-id={reg_id}"));
        }
        text
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binding({:?}, {:?}, q {})", self.id, self.flow, self.q)
    }
}

/// All bindings of one user after a change. `Debug` leaves the user out.
#[derive(Clone, PartialEq, Eq)]
pub struct LocationChange {
    /// The tenant.
    pub tenant: Arc<str>,
    /// The address of record, `user@domain`.
    pub aor: Arc<str>,
    /// What there is now. Empty: the user is gone.
    pub bindings: Vec<Binding>,
}

impl fmt::Debug for LocationChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocationChange({} bindings)", self.bindings.len())
    }
}

/// The table would hold more bindings than it may. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table of registrations is full")
    }
}

impl std::error::Error for Full {}

/// Tenant and address of record.
type Key = (Arc<str>, Arc<str>);

/// Who is reached where. `Debug` tells only how much it holds.
pub struct Location {
    limit: usize,
    count: usize,
    tenants: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Vec<Binding>>>,
    /// The earliest end among each user's bindings.
    expiries: BTreeSet<(Instant, Key)>,
    flows: BTreeMap<Flow, BTreeSet<Key>>,
    /// How many bindings come from each address.
    sources: BTreeMap<IpAddr, usize>,
}

impl Location {
    /// A table for at most `limit` bindings.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            count: 0,
            tenants: BTreeMap::new(),
            expiries: BTreeSet::new(),
            flows: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// The bindings of a user that have not expired: the most preferred first, of equals the one refreshed last.
    pub fn bindings(&self, now: Instant, tenant: &str, aor: &str) -> impl Iterator<Item = &Binding> {
        let all = self.tenants.get(tenant).and_then(|users| users.get(aor));
        all.into_iter()
            .flatten()
            .filter(move |binding| binding.expires_at > now)
    }

    /// The same by device, as [`by_device`].
    pub fn devices(&self, now: Instant, tenant: &str, aor: &str) -> Vec<Vec<&Binding>> {
        by_device(self.bindings(now, tenant, aor))
    }

    /// The bindings of one device of a user, by the `gr` parameter of its GRUU as it stands in an address.
    pub fn by_gruu(&self, now: Instant, tenant: &str, aor: &str, gr: &str) -> Vec<&Binding> {
        let Some(wanted) = unescaped(gr) else {
            return Vec::new();
        };
        self.bindings(now, tenant, aor)
            .filter(|binding| binding.instance.as_deref() == Some(&wanted))
            .collect()
    }

    /// Whether a user is registered over this very flow.
    pub fn is_on_flow(&self, now: Instant, flow: Flow, tenant: &str, aor: &str) -> bool {
        self.bindings(now, tenant, aor).any(|binding| binding.flow == flow)
    }

    /// Whether anybody is registered from this address. Bindings that expired a moment ago may still count.
    pub fn knows_source(&self, ip: IpAddr) -> bool {
        self.sources.contains_key(&ip.to_canonical())
    }

    /// Every way somebody is registered over: what a host keeps alive (RFC 5626 4.4), and whose end it tells.
    pub fn flows(&self) -> impl Iterator<Item = Flow> {
        self.flows.keys().copied()
    }

    /// Takes over a change: the user's bindings are then those of the change.
    ///
    /// # Errors
    /// The table is full; it stays as it was.
    pub fn apply(&mut self, change: LocationChange) -> Result<(), Full> {
        let users = self.tenants.get(&change.tenant);
        let before = users.and_then(|users| users.get(&change.aor)).map_or(0, Vec::len);
        // What makes the table smaller is always taken.
        if change.bindings.len() > before && self.count - before + change.bindings.len() > self.limit {
            return Err(Full);
        }
        self.replace((change.tenant, change.aor), change.bindings);
        Ok(())
    }

    /// Everything there is, for a mirror that begins later.
    pub fn all(&self) -> impl Iterator<Item = LocationChange> {
        self.tenants.iter().flat_map(|(tenant, users)| {
            users.iter().map(|(aor, bindings)| LocationChange {
                tenant: tenant.clone(),
                aor: aor.clone(),
                bindings: bindings.clone(),
            })
        })
    }

    /// How many bindings it holds.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Drops what has expired, at most [`EXPIRIES_PER_CALL`] users at a time, and tells what is left of them.
    pub fn expire(&mut self, now: Instant) -> Vec<LocationChange> {
        let mut changes = Vec::new();
        while changes.len() < EXPIRIES_PER_CALL {
            let due = self.expiries.first().filter(|(at, _)| *at <= now);
            let Some((_, key)) = due.cloned() else { break };
            changes.push(self.keep(key, |binding| binding.expires_at > now));
        }
        changes
    }

    /// When [`Location::expire`] is due.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// Drops the bindings of a stream that is gone.
    pub(super) fn drop_flow(&mut self, flow: Flow) -> Vec<LocationChange> {
        if !flow.transport.is_reliable() {
            return Vec::new();
        }
        let keys = self.flows.get(&flow).cloned().unwrap_or_default();
        let drop_from = |key| self.keep(key, |binding| binding.flow != flow);
        keys.into_iter().map(drop_from).collect()
    }

    fn keep(&mut self, key: Key, keeps: impl FnMut(&Binding) -> bool) -> LocationChange {
        let users = self.tenants.get(&key.0);
        let mut bindings = users.and_then(|users| users.get(&key.1)).cloned().unwrap_or_default();
        bindings.retain(keeps);
        self.replace(key.clone(), bindings.clone());
        LocationChange {
            tenant: key.0,
            aor: key.1,
            bindings,
        }
    }

    /// Sets a user's bindings and keeps every index in step.
    fn replace(&mut self, key: Key, mut bindings: Vec<Binding>) {
        let users = self.tenants.entry(key.0.clone()).or_default();
        let old = users.remove(&key.1).unwrap_or_default();
        self.forget(&key, &old);
        bindings.sort_by_key(|binding| (std::cmp::Reverse(binding.q), std::cmp::Reverse(binding.refreshed_at)));
        self.count += bindings.len();
        for binding in &bindings {
            self.flows.entry(binding.flow).or_default().insert(key.clone());
            *self.sources.entry(source(binding)).or_default() += 1;
        }
        if let Some(first) = bindings.iter().map(|binding| binding.expires_at).min() {
            self.expiries.insert((first, key.clone()));
        }
        let users = self.tenants.entry(key.0.clone()).or_default();
        if !bindings.is_empty() {
            users.insert(key.1, bindings);
        } else if users.is_empty() {
            self.tenants.remove(&key.0);
        }
    }

    fn forget(&mut self, key: &Key, old: &[Binding]) {
        self.count -= old.len();
        for binding in old {
            if let Some(keys) = self.flows.get_mut(&binding.flow) {
                keys.remove(key);
                if keys.is_empty() {
                    self.flows.remove(&binding.flow);
                }
            }
            if let Some(bindings) = self.sources.get_mut(&source(binding)) {
                *bindings -= 1;
                if *bindings == 0 {
                    self.sources.remove(&source(binding));
                }
            }
        }
        if let Some(first) = old.iter().map(|binding| binding.expires_at).min() {
            self.expiries.remove(&(first, key.clone()));
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({} of {} bindings)", self.count, self.limit)
    }
}

/// Bindings of one user by device: each inner list holds the ways to one device, of which one is to be used and the next only if
/// that fails (RFC 5626 7).
pub fn by_device<'a>(bindings: impl IntoIterator<Item = &'a Binding>) -> Vec<Vec<&'a Binding>> {
    let mut devices: Vec<Vec<&Binding>> = Vec::new();
    for binding in bindings {
        let same = |ways: &&mut Vec<&Binding>| {
            let flows = binding.reg_id.is_some() && ways.iter().all(|known| known.reg_id.is_some());
            flows && ways.iter().all(|known| known.instance == binding.instance)
        };
        match devices.iter_mut().find(same) {
            Some(ways) => ways.push(binding),
            None => devices.push(vec![binding]),
        }
    }
    devices
}

fn source(binding: &Binding) -> IpAddr {
    binding.flow.peer.ip().to_canonical()
}

/// The public GRUU of a device: its user's address with the device as `gr` (RFC 5627 4.1).
fn gruu(aor: &str, instance: &str) -> String {
    let (user, host) = aor.split_once('@').unwrap_or((aor, ""));
    format!("sip:{}@{host};gr={}", percent(user), percent(instance))
}

/// Escapes what may stand neither in a user part nor in a parameter.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' | b'+' | b':' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests;
