//! The registrations of all writers as they lie in memory, and which of several of one instance counts. Compact, since a node holds
//! a million: a registration is known by a number, texts that repeat are kept once, and lists are links between numbers. Not
//! here: leases, messages, and who is told.

use super::facts::{Endpoint, Instance, InstanceId, Profile};
use super::name::Name;
use super::slab::Slab;
use crate::ids::Tenant;
use crate::presence::{Availability, Status};
use crate::regions::NodeId;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

/// No number.
const NONE: u32 = u32::MAX;
/// Profiles are looked through for those that nobody has when there are this many, and then twice what was left.
const PROFILES_FIRST_SWEEP: usize = 256;

/// What one writer says of one instance.
pub(super) struct Entry {
    /// Of the endpoint.
    name: Name,
    pub(super) instance: Instance,
    tenant: u32,
    pub(super) writer: u32,
    pub(super) epoch: u32,
    /// The next of the endpoint: ordered by instance, and of one instance the one that counts first.
    next: u32,
    /// Where it is among those of its writer.
    place: u32,
}

/// What there is of one tenant.
struct Shelf {
    tenant: Arc<Tenant>,
    /// The first entry of each endpoint.
    endpoints: BTreeMap<Name, u32>,
    entries: usize,
}

#[derive(Default)]
struct Writer {
    name: Option<NodeId>,
    /// All of it, in no order.
    entries: Vec<u32>,
    /// How many of them count.
    counting: usize,
}

/// What became of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing that anybody sees.
    None,
    /// It is there now.
    Came,
    /// It is elsewhere, or otherwise.
    Changed,
    /// It is not there any more.
    Gone,
}

/// What came of a writer's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Put {
    /// The number of the entry.
    pub(super) id: u32,
    /// What changed for others.
    pub(super) turn: Turn,
    /// Whether nothing else is said of the endpoint, by anybody.
    pub(super) is_alone: bool,
}

/// The registrations.
pub(super) struct Table {
    entries: Slab<Entry>,
    tenants: HashMap<Arc<Tenant>, u32>,
    shelves: Slab<Shelf>,
    writers: Vec<Writer>,
    profiles: HashSet<Arc<Profile>>,
    sweep_at: usize,
    /// What most instances say of themselves.
    available: Arc<Status>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            entries: Slab::default(),
            tenants: HashMap::new(),
            shelves: Slab::default(),
            writers: Vec::new(),
            profiles: HashSet::new(),
            sweep_at: 0,
            available: Arc::new(Status::new(Availability::Available)),
        }
    }
}

impl Table {
    /// A writer has this name from now on.
    pub(super) fn name(&mut self, writer: u32, name: &NodeId) {
        if self.writers.len() <= writer as usize {
            self.writers.resize_with(writer as usize + 1, Writer::default);
        }
        let known = &mut self.writers[writer as usize];
        if known.name.as_ref() != Some(name) {
            debug_assert!(
                known.entries.is_empty(),
                "nothing is left of a writer whose number is used again"
            );
            known.name = Some(name.clone());
        }
    }

    pub(super) fn entry(&self, id: u32) -> &Entry {
        &self.entries[id]
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub(super) fn profiles(&self) -> usize {
        self.profiles.len()
    }

    pub(super) fn of_tenant(&self, tenant: &Tenant) -> usize {
        self.tenants.get(tenant).map_or(0, |shelf| self.shelves[*shelf].entries)
    }

    pub(super) fn endpoint_of(&self, id: u32) -> Endpoint {
        let Entry { tenant, name, .. } = &self.entries[id];
        Endpoint {
            tenant: self.shelves[*tenant].tenant.clone(),
            name: name.clone(),
        }
    }

    /// All of a writer, in no order.
    pub(super) fn of_writer(&self, writer: u32) -> impl Iterator<Item = u32> {
        let all = self.writers.get(writer as usize);
        all.into_iter().flat_map(|writer| writer.entries.iter().copied())
    }

    /// How many of a writer count.
    pub(super) fn counting(&self, writer: u32) -> usize {
        self.writers.get(writer as usize).map_or(0, |writer| writer.counting)
    }

    /// Everything of an endpoint, the entry that counts first for each instance.
    fn list(&self, head: u32) -> impl Iterator<Item = u32> {
        let some = |id: u32| (id != NONE).then_some(id);
        std::iter::successors(some(head), move |id| some(self.entries[*id].next))
    }

    fn head(&self, tenant: &Tenant, name: &[u8]) -> u32 {
        let shelf = self.tenants.get(tenant).map(|shelf| &self.shelves[*shelf]);
        shelf
            .and_then(|shelf| shelf.endpoints.get(name))
            .copied()
            .unwrap_or(NONE)
    }

    /// The entries of an endpoint that count, one for each instance, by the names of those.
    pub(super) fn counting_of<'a>(&'a self, tenant: &Tenant, name: &str) -> impl Iterator<Item = u32> + use<'a> {
        self.counting_from(self.head(tenant, name.as_bytes()))
    }

    fn counting_from(&self, head: u32) -> impl Iterator<Item = u32> {
        let mut before: Option<&InstanceId> = None;
        self.list(head).filter(move |id| {
            let instance = &self.entries[*id].instance.id;
            before.replace(instance) != Some(instance)
        })
    }

    /// The same of the endpoints of a tenant after one, with their names.
    pub(super) fn after<'a>(
        &'a self,
        tenant: &Tenant,
        after: Option<&str>,
    ) -> impl Iterator<Item = (&'a str, impl Iterator<Item = u32>)> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_bytes()));
        let shelf = self.tenants.get(tenant).map(|shelf| &self.shelves[*shelf]);
        let endpoints = shelf
            .into_iter()
            .flat_map(move |shelf| shelf.endpoints.range::<[u8], _>((from, Bound::Unbounded)));
        endpoints.map(|(name, head)| (name.as_str(), self.counting_from(*head)))
    }

    /// What a writer says of an instance.
    pub(super) fn find(&self, endpoint: &Endpoint, instance: &InstanceId, writer: u32) -> Option<u32> {
        let head = self.head(&endpoint.tenant, endpoint.name.as_bytes());
        self.among(head, instance, writer)
    }

    fn among(&self, head: u32, instance: &InstanceId, writer: u32) -> Option<u32> {
        self.list(head).find(|id| {
            let entry = &self.entries[*id];
            entry.writer == writer && entry.instance.id == *instance
        })
    }

    /// The entry that counts for an instance.
    pub(super) fn first(&self, endpoint: &Endpoint, instance: &InstanceId) -> Option<u32> {
        self.first_from(self.head(&endpoint.tenant, endpoint.name.as_bytes()), instance)
    }

    fn first_from(&self, head: u32, instance: &InstanceId) -> Option<u32> {
        self.list(head).find(|id| self.entries[*id].instance.id == *instance)
    }

    /// The greatest epoch of an instance that is known; 0: none is.
    pub(super) fn epoch(&self, endpoint: &Endpoint, instance: &InstanceId) -> u32 {
        // The first has it: that is what the order is.
        self.first(endpoint, instance).map_or(0, |id| self.entries[id].epoch)
    }

    /// A writer says this of an instance.
    pub(super) fn put(&mut self, writer: u32, endpoint: &Endpoint, epoch: u32, mut instance: Instance) -> Put {
        instance.profile = self.profile(instance.profile);
        if instance.status == self.available {
            instance.status = self.available.clone();
        }
        let tenant = self.shelf(&endpoint.tenant);
        let head = self.shelves[tenant].endpoints.get(&endpoint.name);
        let head = head.copied().unwrap_or(NONE);
        let before = self.first_from(head, &instance.id);
        let at = self.among(head, &instance.id, writer);
        if let Some(id) = at.filter(|id| self.entries[*id].epoch == epoch) {
            let entry = &mut self.entries[id];
            let is_new = entry.instance != instance;
            if is_new {
                entry.instance = instance;
            }
            let turn = match is_new && before == Some(id) {
                true => Turn::Changed,
                false => Turn::None,
            };
            let is_alone = self.is_alone(head);
            return Put { id, turn, is_alone };
        }
        let (id, rest) = match at {
            Some(id) => {
                let rest = self.unlink(head, id);
                let entry = &mut self.entries[id];
                (entry.epoch, entry.instance) = (epoch, instance);
                (id, rest)
            }
            None => {
                let name = endpoint.name.clone();
                (self.add(tenant, writer, name, epoch, instance), head)
            }
        };
        let first = self.link(rest, id);
        self.set_head(tenant, &endpoint.name, head, first);
        let now = self.first_from(first, &self.entries[id].instance.id);
        self.recount(before, now);
        let turn = match before {
            None => Turn::Came,
            Some(_) if now == Some(id) || before == Some(id) => Turn::Changed,
            Some(_) => Turn::None,
        };
        let is_alone = self.is_alone(first);
        Put { id, turn, is_alone }
    }

    /// An entry goes. Its endpoint and instance, and what that changes for others.
    pub(super) fn remove(&mut self, id: u32) -> (Endpoint, InstanceId, Turn) {
        let endpoint = self.endpoint_of(id);
        let tenant = self.entries[id].tenant;
        let head = self.shelves[tenant].endpoints[&endpoint.name];
        let before = self.first_from(head, &self.entries[id].instance.id);
        let first = self.unlink(head, id);
        let entry = self.entries.remove(id);
        let now = self.first_from(first, &entry.instance.id);
        self.set_head(tenant, &endpoint.name, head, first);
        let shelf = &mut self.shelves[tenant];
        shelf.entries -= 1;
        if shelf.entries == 0 {
            self.shelves.remove(tenant);
            self.tenants.remove(endpoint.tenant());
        }
        let of_writer = &mut self.writers[entry.writer as usize].entries;
        of_writer.swap_remove(entry.place as usize);
        if let Some(moved) = of_writer.get(entry.place as usize) {
            self.entries[*moved].place = entry.place;
        }
        if before == Some(id) {
            self.writers[entry.writer as usize].counting -= 1;
            self.recount(None, now);
        }
        let turn = match (before == Some(id), now) {
            (false, _) => Turn::None,
            (true, None) => Turn::Gone,
            (true, Some(_)) => Turn::Changed,
        };
        (endpoint, entry.instance.id, turn)
    }

    fn recount(&mut self, before: Option<u32>, now: Option<u32>) {
        if before == now {
            return;
        }
        if let Some(id) = before {
            let writer = self.entries[id].writer;
            self.writers[writer as usize].counting -= 1;
        }
        if let Some(id) = now {
            let writer = self.entries[id].writer;
            self.writers[writer as usize].counting += 1;
        }
    }

    fn add(&mut self, tenant: u32, writer: u32, name: Name, epoch: u32, instance: Instance) -> u32 {
        self.shelves[tenant].entries += 1;
        let place = self.writers[writer as usize].entries.len() as u32;
        let id = self.entries.insert(Entry {
            name,
            instance,
            tenant,
            writer,
            epoch,
            next: NONE,
            place,
        });
        self.writers[writer as usize].entries.push(id);
        id
    }

    fn shelf(&mut self, tenant: &Arc<Tenant>) -> u32 {
        if let Some(shelf) = self.tenants.get(tenant) {
            return *shelf;
        }
        let shelf = self.shelves.insert(Shelf {
            tenant: tenant.clone(),
            endpoints: BTreeMap::new(),
            entries: 0,
        });
        self.tenants.insert(tenant.clone(), shelf);
        shelf
    }

    /// The list of an endpoint begins elsewhere, or is empty now.
    fn set_head(&mut self, tenant: u32, name: &Name, before: u32, head: u32) {
        let endpoints = &mut self.shelves[tenant].endpoints;
        match head {
            NONE => {
                endpoints.remove(name);
            }
            head if head != before => {
                endpoints.insert(name.clone(), head);
            }
            _ => {}
        }
    }

    fn is_alone(&self, head: u32) -> bool {
        self.entries[head].next == NONE
    }

    /// Whether an entry stands before another of the same endpoint.
    fn is_before(&self, one: u32, other: u32) -> bool {
        let (a, b) = (&self.entries[one], &self.entries[other]);
        let order = a.instance.id.cmp(&b.instance.id);
        // No common clock: who knows of more comings counts, and the name decides between two who knew of equally many.
        let name = |entry: &Entry| &self.writers[entry.writer as usize].name;
        let order = order.then_with(|| b.epoch.cmp(&a.epoch));
        order.then_with(|| name(b).cmp(name(a))).is_lt()
    }

    /// An entry comes into a list. The head of that then.
    fn link(&mut self, head: u32, id: u32) -> u32 {
        let before = self.list(head).take_while(|other| self.is_before(*other, id)).last();
        let (next, head) = match before {
            None => (head, id),
            Some(before) => (std::mem::replace(&mut self.entries[before].next, id), head),
        };
        self.entries[id].next = next;
        head
    }

    /// An entry leaves a list. The head of that then.
    fn unlink(&mut self, head: u32, id: u32) -> u32 {
        let next = self.entries[id].next;
        let before = self.list(head).find(|other| self.entries[*other].next == id);
        match before {
            None => next,
            Some(before) => {
                self.entries[before].next = next;
                head
            }
        }
    }

    /// The one that is kept of all equal ones.
    fn profile(&mut self, profile: Arc<Profile>) -> Arc<Profile> {
        if let Some(known) = self.profiles.get(&profile) {
            return known.clone();
        }
        if self.profiles.len() >= self.sweep_at {
            self.profiles.retain(|profile| Arc::strong_count(profile) > 1);
            self.sweep_at = (self.profiles.len() * 2).max(PROFILES_FIRST_SWEEP);
        }
        self.profiles.insert(profile.clone());
        profile
    }
}
