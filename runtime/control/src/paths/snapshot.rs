//! All that a plan is made from, at one moment, indexed: nodes by name, services by what they are, ways between regions as a table. It
//! never changes; the next moment has a snapshot of its own, and many plans are made from each.

use super::links::{Links, Passage, Seen};
use super::services::{KINDS, Load, Node, Service, Standing};
use super::{NODES_MAX, OFFERS_MAX, REGIONS_MAX};
use crate::regions::{NodeId, Region};
use std::collections::BTreeMap;
use std::fmt;
use std::mem::size_of;
use std::time::Instant;

/// From this load on, in thousandths, a node serves nobody new: what is left is for those it has.
pub const OVERLOAD: u16 = 950;

/// A node's place in the order of their names, less than [`NODES_MAX`].
pub(super) type Place = u16;
/// A region's place in the order of their names, less than [`REGIONS_MAX`].
pub(super) type Where = u8;

/// A node, without what it offers.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) id: NodeId,
    pub(super) region: Where,
    pub(super) load: Load,
    pub(super) standing: Standing,
}

/// A service at a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    pub(super) node: Place,
    /// The worse of the node's and the service's own.
    pub(super) load: Load,
    pub(super) room: Room,
}

/// Whether a service of a node can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    /// All of it is in use.
    Full,
    /// The node as a whole has too much to do.
    Overloaded,
    /// The node goes away.
    Draining,
}

/// See the module's words.
#[derive(Debug, Clone)]
pub struct Snapshot {
    regions: Vec<Region>,
    nodes: Vec<Placed>,
    /// In the order of nodes.
    offers: BTreeMap<Service, Vec<Offered>>,
    /// Of each region, a bit for each kind of service that an open node there has.
    equipment: Vec<u8>,
    /// From each region to each.
    ways: Vec<Seen>,
    core: Vec<Where>,
}

/// Why there is no snapshot of this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotError {
    /// More than [`NODES_MAX`].
    Nodes(usize),
    /// More than [`REGIONS_MAX`].
    Regions(usize),
    /// A node offers more than [`OFFERS_MAX`] services.
    Offers(NodeId, usize),
    /// Two nodes have this name.
    SameNode(NodeId),
    /// A node offers this twice.
    SameOffer(NodeId, Service),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(count) => write!(f, "at most {NODES_MAX} nodes are planned with, not {count}"),
            Self::Regions(count) => write!(f, "at most {REGIONS_MAX} regions are planned with, not {count}"),
            Self::Offers(node, count) => write!(f, "{node} offers {count} services; at most {OFFERS_MAX} are read"),
            Self::SameNode(node) => write!(f, "two nodes have the name {node}; each has its own in the cluster"),
            Self::SameOffer(node, service) => write!(f, "{node} offers {service} twice; add the capacities up"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl Snapshot {
    /// What is there now: nodes in any order, ways as they are known at this moment, and the core regions, where recordings end up.
    /// A core region without a node does not count.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn new(now: Instant, nodes: &[Node], links: &Links, core: &[Region]) -> Result<Self, SnapshotError> {
        if nodes.len() > NODES_MAX {
            return Err(SnapshotError::Nodes(nodes.len()));
        }
        let mut order: Vec<&Node> = nodes.iter().collect();
        order.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        if let Some(twice) = order.windows(2).find(|two| two[0].id == two[1].id) {
            return Err(SnapshotError::SameNode(twice[0].id.clone()));
        }
        let mut regions: Vec<Region> = Vec::new();
        for node in &order {
            if let Err(place) = regions.binary_search(&node.region) {
                regions.insert(place, node.region.clone());
            }
        }
        if regions.len() > REGIONS_MAX {
            return Err(SnapshotError::Regions(regions.len()));
        }
        let mut snapshot = Self {
            nodes: Vec::with_capacity(order.len()),
            offers: BTreeMap::new(),
            equipment: vec![0; regions.len()],
            ways: ways(now, &regions, links),
            core: Vec::new(),
            regions,
        };
        snapshot.core = core.iter().filter_map(|region| snapshot.region_of(region)).collect();
        snapshot.core.sort_unstable();
        snapshot.core.dedup();
        for node in order {
            snapshot.place(node)?;
        }
        Ok(snapshot)
    }

    fn place(&mut self, node: &Node) -> Result<(), SnapshotError> {
        if node.offers.len() > OFFERS_MAX {
            return Err(SnapshotError::Offers(node.id.clone(), node.offers.len()));
        }
        // In range by the limits that were checked.
        let place = self.nodes.len() as Place;
        let region = self.region_of(&node.region).expect("regions were made from nodes");
        for offer in &node.offers {
            // Found by reference first: names of languages are shared by the nodes that offer them.
            let list = match self.offers.contains_key(&offer.service) {
                true => self.offers.get_mut(&offer.service).expect("it was just found"),
                false => self.offers.entry(offer.service.clone()).or_default(),
            };
            if list.last().is_some_and(|last| last.node == place) {
                return Err(SnapshotError::SameOffer(node.id.clone(), offer.service.clone()));
            }
            let room = match node.standing {
                Standing::Draining => Room::Draining,
                Standing::Open if node.load.thousandths() >= OVERLOAD => Room::Overloaded,
                Standing::Open if offer.in_use >= offer.capacity => Room::Full,
                Standing::Open => Room::Free,
            };
            list.push(Offered {
                node: place,
                load: node.load.max(Load::of(offer.in_use, offer.capacity)),
                room,
            });
            // What is full for now is equipment still: a region does not become another place by the minute.
            if node.standing == Standing::Open && offer.capacity > 0 {
                self.equipment[usize::from(region)] |= 1 << offer.service.kind();
            }
        }
        self.nodes.push(Placed {
            id: node.id.clone(),
            region,
            load: node.load,
            standing: node.standing,
        });
        Ok(())
    }

    /// The regions with nodes, in the order of their names.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// What it takes of memory, in bytes, beside names that are shared with whoever made it.
    pub fn bytes(&self) -> usize {
        let lists = self.offers.values().map(|list| list.capacity() * size_of::<Offered>());
        let keyed = self.offers.len() * (size_of::<Service>() + size_of::<Vec<Offered>>());
        size_of::<Self>()
            + self.regions.capacity() * size_of::<Region>()
            + self.nodes.capacity() * size_of::<Placed>()
            + self.ways.capacity() * size_of::<Seen>()
            + self.equipment.capacity()
            + self.core.capacity()
            + keyed
            + lists.sum::<usize>()
    }

    pub(super) fn region_of(&self, region: &Region) -> Option<Where> {
        // In range by the limit.
        self.regions.binary_search(region).ok().map(|place| place as Where)
    }

    pub(super) fn region(&self, place: Where) -> &Region {
        &self.regions[usize::from(place)]
    }

    pub(super) fn node_of(&self, id: &NodeId) -> Option<Place> {
        // In range by the limit.
        self.nodes
            .binary_search_by(|node| node.id.cmp(id))
            .ok()
            .map(|place| place as Place)
    }

    pub(super) fn node(&self, place: Place) -> &Placed {
        &self.nodes[usize::from(place)]
    }

    /// Who offers a service, in the order of nodes, whether it can be had or not.
    pub(super) fn offering(&self, service: &Service) -> &[Offered] {
        self.offers.get(service).map_or(&[], Vec::as_slice)
    }

    /// A service at a node, if it has it at all.
    pub(super) fn offered(&self, service: &Service, node: Place) -> Option<Offered> {
        let list = self.offering(service);
        let found = list.binary_search_by_key(&node, |offered| offered.node);
        found.map(|place| list[place]).ok()
    }

    /// The way between two regions.
    pub(super) fn way(&self, one: Where, other: Where) -> &Seen {
        &self.ways[usize::from(one) * self.regions.len() + usize::from(other)]
    }

    /// How many kinds of service a region is without.
    pub(super) fn lacks(&self, region: Where) -> u32 {
        KINDS - u32::from(self.equipment[usize::from(region)]).count_ones()
    }

    pub(super) fn core(&self) -> &[Where] {
        &self.core
    }
}

/// From each region to each. What is within a region is never looked up here.
fn ways(now: Instant, regions: &[Region], links: &Links) -> Vec<Seen> {
    let within = Seen {
        quality: super::links::Quality {
            round_trip_us: 0,
            jitter_us: 0,
            loss_ppm: 0,
        },
        milli_units: 0,
        passage: Passage::Open,
    };
    let count = regions.len();
    let mut ways = vec![within; count * count];
    for one in 0..count {
        for other in one + 1..count {
            let seen = links.seen(now, &regions[one], &regions[other]);
            ways[one * count + other] = seen;
            ways[other * count + one] = seen;
        }
    }
    ways
}
