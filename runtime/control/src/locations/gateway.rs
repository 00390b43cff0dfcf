//! What a gateway does for the instances that are connected to it: it registers them, renews what it said, and takes it back. Not
//! here: what other gateways say.

use super::facts::{Before, Endpoint, Instance, InstanceId, Network, Place, Profile, State};
use super::table::{Put, Table};
use super::way::Way;
use super::{
    Change, Dropped, GATEWAY_MAX, INSTANCES_MAX, LEASE_MAX, LEASE_MIN, OF_TENANT_MAX, Output, REGISTRATIONS_MAX,
    Registrar, Registration,
};
use crate::presence::{Availability, Status, TEXT_BYTES};
use crate::regions::NodeId;
use crate::replica::ME;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An instance that connects to this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Whose.
    pub endpoint: Endpoint,
    /// Which.
    pub instance: InstanceId,
    /// What it is.
    pub profile: Arc<Profile>,
    /// Where from.
    pub network: Network,
    /// Kilobits a second that it can take; 0: not known.
    pub bandwidth_kbps: u32,
    /// Where on Earth, if it says.
    pub place: Option<Place>,
    /// Now, in milliseconds since 1970. For people: nothing is decided by it.
    pub at_ms: u64,
    /// How somebody is at it.
    pub state: State,
    /// What it says of itself; none: what is known that it said, at whichever gateway, and else that it is available.
    pub status: Option<Status>,
    /// How another node reaches it, if this one has a border.
    pub way: Option<Way>,
    /// How long it counts after it was heard of, [`LEASE_MIN`] to [`LEASE_MAX`].
    pub lease: Duration,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The epoch it was given.
    pub epoch: u32,
    /// The gateway where it was registered until now, if at another one.
    pub was_at: Option<NodeId>,
}

/// Something else is said of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// How somebody is at it.
    State(State),
    /// It is on another network, and still connected here.
    Network {
        /// Now, in milliseconds since 1970.
        at_ms: u64,
        /// Which.
        network: Network,
    },
    /// Kilobits a second that it can take.
    Bandwidth(u32),
    /// Where on Earth.
    Place(Option<Place>),
    /// What it says of itself.
    Status(Status),
    /// How another node reaches it.
    Way(Option<Way>),
}

/// Why something is not done. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The lease is shorter or longer than allowed.
    Lease,
    /// The text of the status is too long.
    Status,
    /// The endpoint has as many instances as it may.
    Instances,
    /// This gateway has as many as it may.
    Gateway,
    /// The tenant has as many registrations as it may.
    OfTenant,
    /// The node knows as many registrations as it may.
    Registrations,
    /// The instance is not registered at this gateway; it may have expired, or be at another.
    NotHere,
    /// The node has left, or another has its name.
    Closed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lease => write!(f, "a lease is {} to {} s", LEASE_MIN.as_secs(), LEASE_MAX.as_secs()),
            Self::Status => write!(f, "the text of a status has at most {TEXT_BYTES} bytes"),
            Self::Instances => write!(
                f,
                "an endpoint has at most {INSTANCES_MAX} instances; one has to leave first"
            ),
            Self::Gateway => write!(
                f,
                "a gateway has at most {GATEWAY_MAX} instances; connect to another one"
            ),
            Self::OfTenant => write!(f, "a tenant has at most {OF_TENANT_MAX} registrations"),
            Self::Registrations => write!(
                f,
                "{REGISTRATIONS_MAX} registrations are known already; try again later"
            ),
            Self::NotHere => f.write_str("the instance is not registered at this gateway; register it again"),
            Self::Closed => f.write_str("this node registers nobody any more; connect to another one"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The lease of an instance of this gateway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    lease: Duration,
    until: Instant,
    /// Until when it counts by what others were told.
    told: Instant,
}

impl Own {
    fn new(now: Instant, lease: Duration) -> Self {
        let until = now + lease;
        Self {
            lease,
            until,
            told: until,
        }
    }

    /// When something is to be done: nothing is left, or others have to be told that there is more.
    fn due(&self) -> Instant {
        match self.until > self.told {
            true => self.told.checked_sub(self.lease / 2).unwrap_or(self.told),
            false => self.until,
        }
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

/// What this gateway says, with what is left of the leases.
pub(super) fn everything(now: Instant, table: &Table, own: &HashMap<u32, Own>) -> Vec<Change> {
    let all = table.of_writer(ME).map(|id| {
        let entry = table.entry(id);
        Change::Put(Registration {
            endpoint: table.endpoint_of(id),
            epoch: entry.epoch,
            instance: entry.instance.clone(),
            lease: own[&id].until.saturating_duration_since(now),
        })
    });
    all.collect()
}

fn check(status: Option<&Status>) -> Result<(), Refusal> {
    status.map_or(Ok(()), Status::check).map_err(|_| Refusal::Status)
}

impl Registrar {
    /// An instance connected to this gateway: from now on it is reached here and nowhere else.
    ///
    /// # Errors
    /// All but [`Refusal::NotHere`].
    pub fn register(&mut self, now: Instant, arrival: Arrival) -> Result<Registered, Refusal> {
        self.now = now;
        let Arrival {
            endpoint,
            instance: id,
            profile,
            network,
            bandwidth_kbps,
            place,
            at_ms,
            state,
            status,
            way,
            lease,
        } = arrival;
        self.admit(&endpoint, &id, lease)?;
        check(status.as_ref())?;
        let mut instance = Instance {
            id,
            profile,
            network,
            bandwidth_kbps,
            place,
            connected_at_ms: at_ms,
            state,
            status: Arc::new(Status::new(Availability::Available)),
            way,
            history: None,
        };
        let mut was_at = None;
        if let Some(before) = self.table.first(&endpoint, &instance.id) {
            let entry = self.table.entry(before);
            instance.status = entry.instance.status.clone();
            let node = self.peers.name(entry.writer);
            was_at = (entry.writer != ME).then(|| node.clone());
            instance.history = entry.instance.history.clone();
            if was_at.is_some() || entry.instance.network != instance.network {
                instance.was(Before {
                    until_ms: at_ms,
                    node: node.clone(),
                    region: self.peers.region(entry.writer).clone(),
                    network: entry.instance.network.clone(),
                });
            }
        }
        if let Some(status) = status {
            instance.status = Arc::new(status);
        }
        let epoch = self.table.epoch(&endpoint, &instance.id).saturating_add(1);
        self.put_own(now, &endpoint, epoch, instance, Own::new(now, lease));
        Ok(Registered { epoch, was_at })
    }

    /// An instance was heard of, and counts for so long from now on.
    ///
    /// # Errors
    /// [`Refusal::Lease`], [`Refusal::NotHere`].
    pub fn renew(
        &mut self,
        now: Instant,
        endpoint: &Endpoint,
        instance: &InstanceId,
        lease: Duration,
    ) -> Result<(), Refusal> {
        self.now = now;
        let id = self.here(endpoint, instance)?;
        let own = self.own.get_mut(&id).expect("an entry of this gateway has a lease");
        if !(LEASE_MIN..=LEASE_MAX).contains(&lease) {
            return Err(Refusal::Lease);
        }
        (own.lease, own.until) = (lease, now + lease);
        self.tell_if_due(now, id);
        Ok(())
    }

    /// Something else is said of an instance. To say the same again does nothing.
    ///
    /// # Errors
    /// [`Refusal::NotHere`], [`Refusal::Status`].
    pub fn update(
        &mut self,
        now: Instant,
        endpoint: &Endpoint,
        instance: &InstanceId,
        update: Update,
    ) -> Result<(), Refusal> {
        self.now = now;
        let id = self.here(endpoint, instance)?;
        let entry = self.table.entry(id);
        let epoch = entry.epoch;
        let mut after = entry.instance.clone();
        match update {
            Update::State(state) => after.state = state,
            Update::Bandwidth(kbps) => after.bandwidth_kbps = kbps,
            Update::Place(place) => after.place = place,
            Update::Status(status) => {
                check(Some(&status))?;
                after.status = Arc::new(status);
            }
            Update::Way(way) => after.way = way,
            Update::Network { at_ms, network } if network != after.network => {
                let network = std::mem::replace(&mut after.network, network);
                after.was(Before {
                    until_ms: at_ms,
                    node: self.peers.name(ME).clone(),
                    region: self.peers.region(ME).clone(),
                    network,
                });
            }
            Update::Network { .. } => {}
        }
        if after != entry.instance {
            let own = self.own[&id];
            self.put_own(now, endpoint, epoch, after, own);
        }
        Ok(())
    }

    /// An instance left. Nothing happens if it is not registered here.
    pub fn leave(&mut self, now: Instant, endpoint: &Endpoint, instance: &InstanceId) {
        self.now = now;
        if let Ok(id) = self.here(endpoint, instance) {
            self.take_back(id);
        }
    }

    /// The node leaves, with all that is registered at it: the others are told once, and nothing more after that.
    pub fn shut(&mut self, now: Instant) {
        self.now = now;
        let all: Vec<u32> = self.table.of_writer(ME).collect();
        for id in all {
            self.forget(id);
        }
        self.outbox.leave();
    }

    fn admit(&self, endpoint: &Endpoint, instance: &InstanceId, lease: Duration) -> Result<(), Refusal> {
        if !self.outbox.is_open() {
            return Err(Refusal::Closed);
        }
        if !(LEASE_MIN..=LEASE_MAX).contains(&lease) {
            return Err(Refusal::Lease);
        }
        let is_known = self.table.first(endpoint, instance).is_some();
        let others = || self.table.counting_of(endpoint.tenant(), endpoint.name()).count();
        if !is_known && others() >= INSTANCES_MAX {
            return Err(Refusal::Instances);
        }
        if self.table.find(endpoint, instance, ME).is_some() {
            return Ok(());
        }
        if self.own.len() >= GATEWAY_MAX {
            return Err(Refusal::Gateway);
        }
        if self.table.of_tenant(endpoint.tenant()) >= OF_TENANT_MAX {
            return Err(Refusal::OfTenant);
        }
        match self.table.len() >= self.most {
            true => Err(Refusal::Registrations),
            false => Ok(()),
        }
    }

    fn here(&self, endpoint: &Endpoint, instance: &InstanceId) -> Result<u32, Refusal> {
        self.table.find(endpoint, instance, ME).ok_or(Refusal::NotHere)
    }

    fn put_own(&mut self, now: Instant, endpoint: &Endpoint, epoch: u32, instance: Instance, mut own: Own) {
        own.told = own.until;
        self.outbox.publish(Change::Put(Registration {
            endpoint: endpoint.clone(),
            epoch,
            instance: instance.clone(),
            lease: own.until.saturating_duration_since(now),
        }));
        let name = instance.id.clone();
        let Put { id, turn, .. } = self.table.put(ME, endpoint, epoch, instance);
        self.leases.set(id, own.due());
        self.own.insert(id, own);
        self.tell(endpoint.clone(), name, turn);
    }

    /// A lease of this gateway may be over for others, or for good.
    fn tell_if_due(&mut self, now: Instant, id: u32) {
        let own = self.own.get_mut(&id).expect("an entry of this gateway has a lease");
        if own.until > own.told && own.due() <= now {
            own.told = own.until;
            let lease = own.until.saturating_duration_since(now);
            self.outbox.publish(Change::Renew {
                endpoint: self.table.endpoint_of(id),
                instance: self.table.entry(id).instance.id.clone(),
                lease,
            });
        }
        self.leases.set(id, own.due());
    }

    /// A lease of this gateway was looked at.
    pub(super) fn own_expired(&mut self, now: Instant, id: u32) {
        match self.own[&id].until <= now {
            true => self.drop_own(id, Dropped::Expired),
            false => self.tell_if_due(now, id),
        }
    }

    /// An instance of this gateway is registered no more, which its connection has to learn.
    pub(super) fn drop_own(&mut self, id: u32, why: Dropped) {
        let endpoint = self.table.endpoint_of(id);
        let instance = self.table.entry(id).instance.id.clone();
        self.outputs.push_back(Output::Drop {
            endpoint,
            instance,
            why,
        });
        self.take_back(id);
    }

    fn take_back(&mut self, id: u32) {
        self.outbox.publish(Change::Remove {
            endpoint: self.table.endpoint_of(id),
            instance: self.table.entry(id).instance.id.clone(),
        });
        self.forget(id);
    }

    /// An entry goes, of whomever.
    pub(super) fn forget(&mut self, id: u32) {
        self.leases.clear(id);
        self.own.remove(&id);
        let (endpoint, instance, turn) = self.table.remove(id);
        self.tell(endpoint, instance, turn);
    }
}
