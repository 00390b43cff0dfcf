//! What the desks of several nodes know of one another: devices that are registered at other nodes are clients here too, calls of an
//! identity at another node make it busy here, and what is said of an identity counts at all of them. Values go in and out; not here:
//! how they travel, and which of two nodes is right (`patchcord_control::locations`, `patchcord_control::parts`).

use super::{PresenceDesk, cut, identity};
use patchcord_control::ids::Tenant;
use patchcord_control::presence::{ClientId, Identity, LEASE_MAX, PresenceError, Registration, Status};
use patchcord_sip::{Flow, Target, Transport, Uri};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Clients of other nodes have numbers from here on; the registrar of this one counts from 1.
const OF_OTHERS: u64 = 1 << 63;

/// Calls of one instance, and calls that ring, that are counted one by one; who has more is no busier.
const COUNTED_MAX: u32 = 1_000;

/// How a device is reached that is registered at another node: through the border of that node. `Debug` leaves all of it out.
#[derive(Clone, PartialEq, Eq)]
pub struct WayElsewhere {
    /// What it registered: the Request-URI.
    pub contact: Uri,
    /// The Path that its node gave it (RFC 3327), a Route value.
    pub path: String,
    /// The door of its node for other nodes.
    pub door: SocketAddr,
    /// What the certificate there shows: the name of the node.
    pub node: Arc<str>,
    /// Whether it is offered what browsers want.
    pub is_browser: bool,
}

impl fmt::Debug for WayElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WayElsewhere")
    }
}

impl WayElsewhere {
    /// Where an INVITE to it is sent.
    pub(crate) fn target(&self) -> Target {
        Target {
            flow: Flow {
                transport: Transport::Node,
                peer: self.door,
                connection: None,
            },
            name: Some(self.node.clone()),
        }
    }
}

/// A device that is registered at another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Which of its identity's, the same wherever it registers.
    pub instance: Arc<str>,
    /// What it calls itself.
    pub agent: Arc<str>,
    /// The node.
    pub node: Arc<str>,
    /// Where that is.
    pub region: Arc<str>,
    /// What it said of itself.
    pub status: Status,
    /// How to reach it; none if its node passes nothing on.
    pub way: Option<WayElsewhere>,
}

/// What this node alone knows of an identity beside its devices: what others are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Legs {
    /// Calls, by the instance that is in them; none: it is not known which.
    pub calls: BTreeMap<Option<Arc<str>>, u32>,
    /// Calls that ring at it.
    pub ringing: u32,
}

impl Legs {
    fn is_nothing(&self) -> bool {
        self.calls.is_empty() && self.ringing == 0
    }
}

/// Something of this node that others are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToOthers {
    /// Legs of an identity, all that there are here.
    Legs(Identity, Legs),
    /// This was said of the identity itself, or no longer.
    Word(Identity, Option<Status>),
    /// A client that is registered here has said something else of itself.
    Status(Identity, Arc<str>, Status),
}

/// A device of another node as a client of this desk.
#[derive(Debug)]
struct Away {
    client: ClientId,
    device: Elsewhere,
}

/// Calls of an identity at other nodes, by the instance that is in them.
#[derive(Debug, Default)]
struct Counted {
    /// Of each call, the client that it was counted at.
    calls: BTreeMap<Option<Arc<str>>, Vec<Option<ClientId>>>,
    ringing: u32,
}

/// Legs that began at a client of this desk, and whose instance that was then.
#[derive(Debug, Default)]
struct Here {
    legs: Legs,
    instances: BTreeMap<ClientId, (Arc<str>, u32)>,
}

/// All of it. Empty on a node that is alone.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// By identity and instance. Bounded by the clients that presence takes.
    away: BTreeMap<(Identity, Arc<str>), Away>,
    last: u64,
    counted: BTreeMap<Identity, Counted>,
    /// What this node is called; none: it is alone, and nobody takes what is to be told.
    pub(super) node: Option<Arc<str>>,
    here: BTreeMap<Identity, Here>,
    /// Identities with other legs than were told.
    changed: BTreeSet<Identity>,
    /// Words and statuses to be told, the newest of each.
    words: BTreeMap<Identity, Option<Status>>,
    statuses: BTreeMap<(Identity, Arc<str>), Status>,
}

impl PresenceDesk {
    /// A desk that has others beside it: what they are to be told is kept until [`PresenceDesk::poll_to_others`] takes it. `node` is
    /// this node's name, which stands in the name of a device that gives itself none.
    pub fn among_others(node: &str) -> Self {
        let others = Others {
            node: Some(node.into()),
            ..Others::default()
        };
        Self {
            others,
            ..Self::default()
        }
    }

    /// A device is registered at another node, or something else is known of it.
    ///
    /// # Errors
    /// A name is out of its range, or there are as many clients of the identity, or identities, as there may be. Then it is no client.
    pub fn came_elsewhere(
        &mut self,
        now: Instant,
        (tenant, name): (&Tenant, &str),
        device: Elsewhere,
    ) -> Result<(), PresenceError> {
        let who = identity(tenant, name)?;
        let key = (who.clone(), device.instance.clone());
        if let Some(away) = self.others.away.get_mut(&key) {
            let same = away.device.status == device.status;
            let client = away.client;
            away.device = device.clone();
            return match same {
                true => Ok(()),
                false => self.presence.publish(now, client, device.status),
            };
        }
        let client = ClientId(OF_OTHERS + self.others.last);
        self.presence.register(
            now,
            Registration {
                client,
                identity: who,
                device: cut(&device.instance),
                app: cut(&device.agent),
                status: device.status.clone(),
                // Its node says when it goes, and whoever carries that here says when the node goes.
                lease: LEASE_MAX,
            },
        )?;
        self.others.last += 1;
        self.others.away.insert(key, Away { client, device });
        Ok(())
    }

    /// A device is registered at another node no more.
    pub fn gone_elsewhere(&mut self, now: Instant, (tenant, name): (&Tenant, &str), instance: &str) {
        let Ok(who) = identity(tenant, name) else { return };
        if let Some(away) = self.others.away.remove(&(who, Arc::from(instance))) {
            self.presence.leave(now, away.client);
        }
    }

    /// Nothing is known any more of devices at other nodes: whoever says so tells all of them anew.
    pub fn forget_elsewhere(&mut self, now: Instant) {
        for away in std::mem::take(&mut self.others.away).into_values() {
            self.presence.leave(now, away.client);
        }
    }

    /// Other nodes have these legs of an identity, all together.
    pub fn legs_elsewhere(&mut self, now: Instant, (tenant, name): (&Tenant, &str), legs: &Legs) {
        let Ok(who) = identity(tenant, name) else { return };
        let mut counted = self.others.counted.remove(&who).unwrap_or_default();
        let known: BTreeSet<Option<Arc<str>>> = counted.calls.keys().chain(legs.calls.keys()).cloned().collect();
        for instance in known {
            let wanted = legs.calls.get(&instance).copied().unwrap_or_default();
            let wanted = wanted.min(COUNTED_MAX) as usize;
            let client = instance.as_deref().and_then(|instance| self.client_at(&who, instance));
            let at = counted.calls.entry(instance.clone()).or_default();
            while at.len() < wanted && self.presence.call_began(now, &who, client).is_ok() {
                at.push(client);
            }
            while at.len() > wanted {
                let client = at.pop().flatten();
                self.presence.call_over(now, &who, client);
            }
            if at.is_empty() {
                counted.calls.remove(&instance);
            }
        }
        let ringing = legs.ringing.min(COUNTED_MAX);
        while counted.ringing < ringing && self.presence.rings(now, &who).is_ok() {
            counted.ringing += 1;
        }
        while counted.ringing > ringing {
            self.presence.rings_no_more(now, &who);
            counted.ringing -= 1;
        }
        if !counted.calls.is_empty() || counted.ringing > 0 {
            self.others.counted.insert(who, counted);
        }
    }

    /// Somebody at another node said something of an identity itself, and that is the newest.
    ///
    /// # Errors
    /// As [`PresenceDesk::set`].
    pub fn word_elsewhere(
        &mut self,
        now: Instant,
        (tenant, name): (&Tenant, &str),
        status: Option<Status>,
    ) -> Result<(), PresenceError> {
        self.presence.set(now, &identity(tenant, name)?, status)
    }

    /// A device that is registered here came in at another node and counts there: here it is no client any more, until it
    /// registers again.
    pub fn moved_away(&mut self, now: Instant, (tenant, name): (&Tenant, &str), instance: &str) {
        let of_it = |known: &&super::Known| &*known.view.instance == instance;
        let clients: Vec<ClientId> = self
            .clients(tenant, name)
            .filter(of_it)
            .map(|known| known.client)
            .collect();
        for client in clients {
            self.presence.leave(now, client);
        }
    }

    /// The devices of an identity at other nodes.
    pub fn devices_elsewhere(&self, (tenant, name): (&Tenant, &str)) -> Vec<Elsewhere> {
        match identity(tenant, name) {
            Ok(who) => self.away_of(&who).map(|away| away.device.clone()).collect(),
            Err(_) => Vec::new(),
        }
    }

    /// The next thing that others are to be told; none if they know all.
    pub fn poll_to_others(&mut self) -> Option<ToOthers> {
        if let Some((who, word)) = self.others.words.pop_first() {
            return Some(ToOthers::Word(who, word));
        }
        if let Some(((who, instance), status)) = self.others.statuses.pop_first() {
            return Some(ToOthers::Status(who, instance, status));
        }
        let who = self.others.changed.pop_first()?;
        let legs = self.others.here.get(&who).map(|here| here.legs.clone());
        let legs = legs.unwrap_or_default();
        if legs.is_nothing() {
            self.others.here.remove(&who);
        }
        Some(ToOthers::Legs(who, legs))
    }

    /// The ways to those of these clients that are at other nodes.
    pub(super) fn ways_elsewhere(&self, who: &Identity, clients: &[ClientId]) -> Vec<(ClientId, WayElsewhere)> {
        let way = |away: &Away| Some((away.client, away.device.way.clone()?));
        let rings = self.away_of(who).filter(|away| clients.contains(&away.client));
        rings.filter_map(way).collect()
    }

    fn away_of<'a>(&'a self, who: &Identity) -> impl Iterator<Item = &'a Away> {
        let who = who.clone();
        let first = (who.clone(), Arc::from(""));
        let of_it = move |(key, _): &(&(Identity, Arc<str>), &Away)| key.0 == who;
        self.others.away.range(first..).take_while(of_it).map(|(_, away)| away)
    }

    /// The client that an instance is here, wherever it is registered.
    fn client_at(&self, who: &Identity, instance: &str) -> Option<ClientId> {
        let here = self.clients(who.tenant(), who.name());
        let here = here.filter(|known| &*known.view.instance == instance);
        let here = here.map(|known| known.client).next();
        here.or_else(|| {
            let key = (who.clone(), Arc::from(instance));
            self.others.away.get(&key).map(|away| away.client)
        })
    }

    fn instance_at(&self, who: &Identity, client: ClientId) -> Option<Arc<str>> {
        let here = self.clients(who.tenant(), who.name());
        let here = here.filter(|known| known.client == client);
        let here = here.map(|known| known.view.instance.clone()).next();
        here.or_else(|| {
            let away = self.away_of(who).find(|away| away.client == client)?;
            Some(away.device.instance.clone())
        })
    }

    /// A leg of this node rings, or does no more.
    pub(super) fn share_ringing(&mut self, who: &Identity, begins: bool) {
        if self.others.node.is_none() {
            return;
        }
        let here = self.others.here.entry(who.clone()).or_default();
        here.legs.ringing = match begins {
            true => here.legs.ringing + 1,
            false => here.legs.ringing.saturating_sub(1),
        };
        self.others.changed.insert(who.clone());
    }

    /// A leg of this node begins, or is over.
    pub(super) fn share_call(&mut self, who: &Identity, client: Option<ClientId>, begins: bool) {
        if self.others.node.is_none() {
            return;
        }
        let now = client.and_then(|client| self.instance_at(who, client));
        let here = self.others.here.entry(who.clone()).or_default();
        // The instance that was counted when the leg began, whatever the client is by now.
        let known = client.and_then(|client| here.instances.get_mut(&client));
        let instance = match (known, begins) {
            (Some((instance, legs)), true) => {
                *legs += 1;
                Some(instance.clone())
            }
            (Some((instance, legs)), false) => {
                *legs -= 1;
                let (instance, legs) = (instance.clone(), *legs);
                if let Some(client) = client.filter(|_| legs == 0) {
                    here.instances.remove(&client);
                }
                Some(instance)
            }
            (None, true) => {
                if let (Some(client), Some(instance)) = (client, &now) {
                    here.instances.insert(client, (instance.clone(), 1));
                }
                now
            }
            (None, false) => None,
        };
        let calls = here.legs.calls.entry(instance.clone()).or_default();
        *calls = match begins {
            true => *calls + 1,
            false => calls.saturating_sub(1),
        };
        if *calls == 0 {
            here.legs.calls.remove(&instance);
        }
        self.others.changed.insert(who.clone());
    }

    /// Somebody said something of an identity itself at this node.
    pub(super) fn share_word(&mut self, who: &Identity, status: Option<&Status>) {
        if self.others.node.is_some() {
            self.others.words.insert(who.clone(), status.cloned());
        }
    }

    /// A client of this node said something of itself.
    pub(super) fn share_status(&mut self, who: &Identity, instance: &Arc<str>, status: &Status) {
        if self.others.node.is_some() {
            let key = (who.clone(), instance.clone());
            self.others.statuses.insert(key, status.clone());
        }
    }
}

#[cfg(test)]
mod tests;
