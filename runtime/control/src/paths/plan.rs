//! A plan: where media goes, where each service runs, what changes against the plan before, and why. Not how that is carried out.

use super::codecs::Codec;
use super::cost::{Costs, Score};
use super::explain::Explanation;
use super::services::Service;
use crate::regions::{NodeId, Region};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// How far media goes (RR-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// It stays in one region.
    Local,
    /// It crosses regions, to reach ends or services.
    MultiRegional,
    /// It goes from client to client, without us.
    PeerToPeer,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::MultiRegional => "multi-regional",
            Self::PeerToPeer => "peer to peer",
        })
    }
}

/// How hops hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// There are none.
    Direct,
    /// Each with the next one. Of one end: there and back.
    Chain,
    /// All with the mixer, which is the hop with this index.
    Star(usize),
}

/// An end, as it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndAt {
    /// Its name.
    pub end: Arc<str>,
    /// The instance that was taken.
    pub instance: Arc<str>,
    /// Where it comes in.
    pub gateway: NodeId,
    /// The gateway's region.
    pub region: Region,
    /// What it speaks.
    pub codec: Codec,
}

/// A node that media passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Which.
    pub node: NodeId,
    /// Where it is.
    pub region: Region,
    /// What runs there, in the path.
    pub services: Vec<Service>,
}

/// A copy of what is heard, for a service beside the path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Branch {
    /// What it is for.
    pub service: Service,
    /// The node of the path that makes the copy.
    pub from: NodeId,
    /// The node where the service runs. It may be the same.
    pub at: NodeId,
    /// That node's region.
    pub region: Region,
    /// Where a recording is tunnelled to from there while it is made, if that is another region: the core region whose store keeps it
    /// (MM-4). None while nothing gets through to any: then what was written waits in the spool.
    pub tunnel: Option<Region>,
}

/// How far the signalling is. No media goes there for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signalling {
    /// The node that holds it.
    pub anchor: NodeId,
    /// Between it and the first end's gateway, in microseconds; none if the node is gone.
    pub one_way_us: Option<u64>,
}

/// Where media goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How far it goes.
    pub mode: Mode,
    /// How the hops hang together.
    pub shape: Shape,
    /// The ends, in the order of the conversation.
    pub ends: Vec<EndAt>,
    /// The nodes that media passes. Of a chain in order, a node as often as it is passed; of a star the gateways in the order of the
    /// ends, the mixer (named again if it is one of them), and other services in the path.
    pub hops: Vec<Hop>,
    /// Copies, in the order of services.
    pub branches: Vec<Branch>,
    /// What the ways between gateways add to the delay of speech, between the two ends that are furthest apart, one way, in
    /// microseconds. Not: the ends' own ways to their gateways, jitter buffers and packets.
    pub one_way_us: u64,
    /// What was compared.
    pub score: Score,
    /// The cost by component.
    pub costs: Costs,
    /// Where the signalling is.
    pub signalling: Option<Signalling>,
    /// What is done to get here from the plan before, in an order in which nothing is taken away before what replaces it is there.
    pub moves: Vec<Move>,
    /// Why.
    pub explanation: Explanation,
}

/// One step from a plan to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Media begins to pass this node.
    Enter(NodeId),
    /// A service starts in the path.
    Start(Service, NodeId),
    /// Media begins to go between these.
    Connect(NodeId, NodeId),
    /// A copy begins.
    Branch(Branch),
    /// An end comes in at another gateway, or with another instance, or with another codec; or it is new.
    Attach(EndAt),
    /// Media goes in another way.
    Become(Mode),
    /// An end is no longer there.
    Detach(Arc<str>),
    /// A copy ends.
    Unbranch(Branch),
    /// Media goes no longer between these.
    Disconnect(NodeId, NodeId),
    /// A service in the path ends.
    Stop(Service, NodeId),
    /// Media no longer passes this node.
    Leave(NodeId),
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enter(node) => write!(f, "media enters {node}"),
            Self::Start(service, node) => write!(f, "{service} starts at {node}"),
            Self::Connect(one, other) => write!(f, "{one} and {other} are connected"),
            Self::Branch(branch) => write!(f, "{} has a copy from {} at {}", branch.service, branch.from, branch.at),
            Self::Attach(at) => write!(f, "{} is at {} with {}", at.end, at.gateway, at.codec),
            Self::Become(mode) => write!(f, "media is {mode}"),
            Self::Detach(end) => write!(f, "{end} is gone"),
            Self::Unbranch(branch) => write!(
                f,
                "{} has no copy from {} at {} any more",
                branch.service, branch.from, branch.at
            ),
            Self::Disconnect(one, other) => write!(f, "{one} and {other} are parted"),
            Self::Stop(service, node) => write!(f, "{service} ends at {node}"),
            Self::Leave(node) => write!(f, "media leaves {node}"),
        }
    }
}

impl Plan {
    /// The ways between hops, by their indexes; both ways each. Not between two hops at the same node.
    pub fn ways(&self) -> Vec<(usize, usize)> {
        let pairs: Vec<(usize, usize)> = match self.shape {
            Shape::Direct => Vec::new(),
            Shape::Chain => (1..self.hops.len()).map(|hop| (hop - 1, hop)).collect(),
            Shape::Star(hub) => (0..self.hops.len())
                .filter(|hop| *hop != hub)
                .map(|hop| (hop, hub))
                .collect(),
        };
        let apart = |(one, other): &(usize, usize)| self.hops[*one].node != self.hops[*other].node;
        pairs.into_iter().filter(apart).collect()
    }

    /// The regions that the conversation passes, branches apart.
    pub fn regions(&self) -> BTreeSet<Region> {
        self.hops.iter().map(|hop| hop.region.clone()).collect()
    }

    /// Whether the conversation itself goes the same way: branches, costs and words apart.
    pub fn same_way(&self, other: &Self) -> bool {
        self.mode == other.mode && self.shape == other.shape && self.ends == other.ends && self.hops == other.hops
    }

    fn nodes(&self) -> BTreeSet<&NodeId> {
        self.hops.iter().map(|hop| &hop.node).collect()
    }

    fn services(&self) -> BTreeSet<(&Service, &NodeId)> {
        self.hops
            .iter()
            .flat_map(|hop| hop.services.iter().map(move |service| (service, &hop.node)))
            .collect()
    }

    fn connections(&self) -> BTreeSet<(&NodeId, &NodeId)> {
        let named = |(one, other): (usize, usize)| {
            let (one, other) = (&self.hops[one].node, &self.hops[other].node);
            (one.min(other), one.max(other))
        };
        self.ways().into_iter().map(named).collect()
    }
}

/// What is done to get from one plan to another; from none, all of it.
pub(super) fn moves(before: Option<&Plan>, after: &Plan) -> Vec<Move> {
    let mut moves = Vec::new();
    let nothing = BTreeSet::new();
    let (nodes, nodes_before) = (after.nodes(), before.map_or_else(BTreeSet::new, Plan::nodes));
    let (services, services_before) = (after.services(), before.map_or_else(BTreeSet::new, Plan::services));
    let (ways, ways_before) = (
        after.connections(),
        before.map_or_else(BTreeSet::new, Plan::connections),
    );
    let branches: BTreeSet<&Branch> = after.branches.iter().collect();
    let branches_before = before.map_or(nothing, |plan| plan.branches.iter().collect());
    let ends_before: &[EndAt] = before.map_or(&[], |plan| &plan.ends);

    moves.extend(nodes.difference(&nodes_before).map(|node| Move::Enter((*node).clone())));
    let started = services.difference(&services_before);
    moves.extend(started.map(|(service, node)| Move::Start((*service).clone(), (*node).clone())));
    let connected = ways.difference(&ways_before);
    moves.extend(connected.map(|(one, other)| Move::Connect((*one).clone(), (*other).clone())));
    moves.extend(
        branches
            .difference(&branches_before)
            .map(|branch| Move::Branch((*branch).clone())),
    );
    moves.extend(
        after
            .ends
            .iter()
            .filter(|at| !ends_before.contains(at))
            .cloned()
            .map(Move::Attach),
    );
    if before.is_none_or(|plan| plan.mode != after.mode) {
        moves.push(Move::Become(after.mode));
    }
    let gone = |before: &&EndAt| !after.ends.iter().any(|at| at.end == before.end);
    moves.extend(ends_before.iter().filter(gone).map(|at| Move::Detach(at.end.clone())));
    moves.extend(
        branches_before
            .difference(&branches)
            .map(|branch| Move::Unbranch((*branch).clone())),
    );
    let parted = ways_before.difference(&ways);
    moves.extend(parted.map(|(one, other)| Move::Disconnect((*one).clone(), (*other).clone())));
    let ended = services_before.difference(&services);
    moves.extend(ended.map(|(service, node)| Move::Stop((*service).clone(), (*node).clone())));
    moves.extend(nodes_before.difference(&nodes).map(|node| Move::Leave((*node).clone())));
    moves
}
