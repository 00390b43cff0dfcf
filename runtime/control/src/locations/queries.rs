//! What is registered: by endpoint, by gateway, by tenant, by region, and what changed since. Every question about endpoints names
//! the tenant. Not here: which instance rings first.

use super::facts::{Endpoint, Instance};
use super::feed::Notice;
use super::{INSTANCES_MAX, Registrar};
use crate::ids::Tenant;
use crate::regions::{NodeId, Region};
use crate::replica::{ALLOWANCE, ME, Missed};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Endpoints of one page.
pub const PAGE_MAX: usize = 1_000;

/// An instance, and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// Its gateway.
    pub node: &'a NodeId,
    /// The region of that.
    pub region: &'a Region,
    /// How often it came, as far as its gateway knew.
    pub epoch: u32,
    /// All that is said of it.
    pub instance: &'a Instance,
    /// When it ends unless something is heard of it.
    pub until: Instant,
}

/// Some endpoints of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// Each with its instances, in the order of their names.
    pub endpoints: Vec<(&'a str, Vec<Found<'a>>)>,
    /// The name to ask with for the next page; none: this is the last.
    pub next: Option<&'a str>,
}

impl Registrar {
    /// Where an endpoint is reached: at most [`INSTANCES_MAX`], in the order of the instances' names, which is the same at all nodes.
    pub fn instances<'a>(&'a self, tenant: &Tenant, endpoint: &str) -> impl Iterator<Item = Found<'a>> + use<'a> {
        let counting = self.table.counting_of(tenant, endpoint);
        counting.take(INSTANCES_MAX).map(|id| self.found(id))
    }

    /// What is lost with a node, in no order; nothing if it is not there.
    pub fn of_node<'a>(&'a self, node: &NodeId) -> impl Iterator<Item = (Endpoint, Found<'a>)> + use<'a> {
        let writer = self.peers.find(node);
        let all = writer.into_iter().flat_map(|writer| self.table.of_writer(writer));
        let counts = |id: &u32| {
            let instance = &self.table.entry(*id).instance.id;
            self.table.first(&self.table.endpoint_of(*id), instance) == Some(*id)
        };
        all.filter(counts)
            .map(|id| (self.table.endpoint_of(id), self.found(id)))
    }

    /// All that counts at other nodes, in no order: for who missed notices.
    pub fn elsewhere(&self) -> impl Iterator<Item = (Endpoint, Found<'_>)> {
        let others = self.peers.here().filter(|writer| *writer != ME);
        others.flat_map(|writer| self.of_node(self.peers.name(writer)))
    }

    /// The endpoints of a tenant after one, by name: at most `most`, and never more than [`PAGE_MAX`].
    pub fn page(&self, tenant: &Tenant, after: Option<&str>, most: usize) -> Page<'_> {
        let most = most.clamp(1, PAGE_MAX);
        let mut rest = self.table.after(tenant, after);
        let of = |(name, counting)| {
            let counting = Iterator::take(counting, INSTANCES_MAX);
            (name, counting.map(|id| self.found(id)).collect())
        };
        let endpoints: Vec<(&str, Vec<Found<'_>>)> = rest.by_ref().take(most).map(of).collect();
        let last = endpoints.last().map(|(name, _)| *name);
        let next = rest.next().and(last);
        Page { endpoints, next }
    }

    /// How many instances are registered in each region. For operators: tenants are not told apart.
    pub fn regions(&self) -> BTreeMap<Region, usize> {
        let mut regions = BTreeMap::new();
        for writer in self.peers.here() {
            let counting = self.table.counting(writer);
            if counting > 0 {
                *regions.entry(self.peers.region(writer).clone()).or_default() += counting;
            }
        }
        regions
    }

    /// Registrations, those that do not count among them.
    pub fn registrations(&self) -> usize {
        self.table.len()
    }

    /// Registrations of a tenant.
    pub fn of_tenant(&self, tenant: &Tenant) -> usize {
        self.table.of_tenant(tenant)
    }

    /// What became of instances after a notice that was read; 0: from the first. Of all tenants: each notice says whose it is.
    ///
    /// # Errors
    /// Some are not kept any more.
    pub fn since(&self, sequence: u64) -> Result<impl Iterator<Item = &Notice>, Missed> {
        self.feed.since(sequence)
    }

    /// The newest notice; 0: there is none.
    pub fn newest(&self) -> u64 {
        self.feed.newest()
    }

    fn found(&self, id: u32) -> Found<'_> {
        let entry = self.table.entry(id);
        let until = match entry.writer {
            ME => self.own.get(&id).map(super::gateway::Own::until),
            // What other nodes count longer is not the instance's.
            _ => self.leases.until(id).map(|until| until - ALLOWANCE),
        };
        Found {
            node: self.peers.name(entry.writer),
            region: self.peers.region(entry.writer),
            epoch: entry.epoch,
            instance: &entry.instance,
            until: until.unwrap_or(self.now),
        }
    }

    /// How long an instance still counts if nothing is heard of it.
    pub fn left(&self, found: &Found<'_>) -> Duration {
        found.until.saturating_duration_since(self.now)
    }
}
