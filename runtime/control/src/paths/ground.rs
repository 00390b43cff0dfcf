//! A snapshot as one conversation may use it under one policy: which gateways and services are open to it, what each hop and each
//! service costs. Not which are taken.

use super::codecs::Codec;
use super::cost::{Costs, Score, impairment};
use super::ends::{Conversation, Reach};
use super::explain::Reason;
use super::links::Passage;
use super::policy::{Allowed, Policy};
use super::services::{Load, Service, Standing};
use super::snapshot::{Offered, Place, Room, Snapshot, Where};

/// A set of services of one conversation, a bit for each.
pub(super) type Mask = u8;

/// What a path needs in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wanted {
    Service(Service),
    /// Any of these pairs, of the first end's codec and the second's, the best liked first.
    Transcoding(Vec<(Codec, Codec)>),
}

/// What the plan before this one has, so that it is not taken for others'.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(pub(super) Vec<(Service, Place)>);

impl Held {
    fn has(&self, service: &Service, node: Place) -> bool {
        self.0.iter().any(|(held, at)| held == service && *at == node)
    }
}

/// What a search may not change.
#[derive(Debug, Clone, Default)]
pub(super) struct Pins {
    /// The instance of each end, where it is settled.
    pub(super) instances: Vec<Option<u8>>,
    /// Services, and where they stay.
    pub(super) services: Vec<(Service, Place)>,
}

impl Pins {
    /// Whether it stays elsewhere. Transcoding stays where any is.
    fn moves(&self, service: &Service, node: Place) -> bool {
        let transcodes = |service: &Service| matches!(service, Service::Transcode(_));
        let same = |pinned: &Service| pinned == service || (transcodes(pinned) && transcodes(service));
        self.services.iter().any(|(pinned, at)| same(pinned) && *at != node)
    }
}

/// A gateway that an end may come in at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    pub(super) instance: u8,
    pub(super) node: Place,
    pub(super) region: Where,
    pub(super) reach: Reach,
    pub(super) score: Score,
}

/// The sum of parts, which is more than their score: it can be shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) borders: u32,
    pub(super) costs: Costs,
    pub(super) impairment: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.borders += other.borders;
        self.costs += other.costs;
        self.impairment += other.impairment;
    }

    pub(super) fn score(&self) -> Score {
        Score::new(self.borders, &self.costs, self.impairment)
    }
}

/// See the module's words.
pub(super) struct Ground<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) conversation: &'a Conversation,
    pub(super) policy: Policy,
    pub(super) held: &'a Held,
    pub(super) pins: Option<&'a Pins>,
    /// Of each end, in the order of nodes.
    pub(super) gates: Vec<Vec<Gate>>,
    hops: Vec<Score>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        conversation: &'a Conversation,
        policy: Policy,
        held: &'a Held,
        pins: Option<&'a Pins>,
    ) -> Self {
        let mut ground = Self {
            snapshot,
            conversation,
            policy,
            held,
            pins,
            gates: Vec::with_capacity(conversation.ends.len()),
            hops: Vec::new(),
        };
        ground.hops = ground.table();
        for end in 0..conversation.ends.len() {
            let gates = ground.open_gates(end);
            ground.gates.push(gates);
        }
        ground
    }

    fn table(&self) -> Vec<Score> {
        let count = self.snapshot.regions().len() as Where;
        let mut hops = Vec::with_capacity(usize::from(count) * usize::from(count));
        for one in 0..count {
            for other in 0..count {
                let seen = self.snapshot.way(one, other);
                hops.push(match () {
                    () if one == other => Score::inside(&self.policy.weights),
                    () if seen.passage == Passage::Cut => Score::NEVER,
                    () => Score::way(seen, &self.policy.weights),
                });
            }
        }
        hops
    }

    fn open_gates(&self, end: usize) -> Vec<Gate> {
        let pinned = self.pins.and_then(|pins| pins.instances.get(end).copied().flatten());
        let instances = &self.conversation.ends[end].instances;
        let mut gates = Vec::with_capacity(instances.len());
        for (number, instance) in instances.iter().enumerate() {
            // At most INSTANCES_MAX.
            let number = number as u8;
            let Ok((node, costs)) = self.gate(end, number) else {
                continue;
            };
            if pinned.is_some_and(|pinned| pinned != number) {
                continue;
            }
            gates.push(Gate {
                instance: number,
                node,
                region: self.snapshot.node(node).region,
                reach: instance.reach,
                score: Score::points(&costs),
            });
        }
        gates.sort_unstable_by_key(|gate| (gate.node, gate.instance));
        gates
    }

    /// An instance's gateway, and what it costs to come in there.
    pub(super) fn gate(&self, end: usize, instance: u8) -> Result<(Place, Costs), Reason> {
        let instance = &self.conversation.ends[end].instances[usize::from(instance)];
        let place = self.snapshot.node_of(&instance.gateway).ok_or(Reason::NodeGone)?;
        let node = self.snapshot.node(place);
        self.allowed(node.region)?;
        let busy = match node.standing {
            Standing::Open => Costs::load(node.load, &self.policy.weights),
            Standing::Draining => Costs::load(Load::FULL, &self.policy.weights) + Costs::draining(),
        };
        let preference = Costs::preference(self.policy.preferred(node.region));
        Ok((place, busy + preference + Costs::equipment(self.snapshot, node.region)))
    }

    /// Whether the plan before this one has a service there.
    pub(super) fn holds(&self, service: &Service, node: Place) -> bool {
        self.held.has(service, node)
    }

    /// Whether media may pass a region.
    pub(super) fn allowed(&self, region: Where) -> Result<(), Reason> {
        match self.policy.allowed(region) {
            Allowed::Yes => Ok(()),
            Allowed::Prohibited => Err(Reason::RegionProhibited(self.snapshot.region(region).clone())),
            Allowed::Outside => Err(Reason::RegionOutside(self.snapshot.region(region).clone())),
        }
    }

    /// Between a node and another one.
    pub(super) fn hop(&self, one: Where, other: Where) -> Score {
        self.hops[usize::from(one) * self.snapshot.regions().len() + usize::from(other)]
    }

    /// Between two nodes, which may be the same one.
    pub(super) fn step(&self, one: Place, other: Place) -> Score {
        match one == other {
            true => Score::default(),
            false => self.hop(self.snapshot.node(one).region, self.snapshot.node(other).region),
        }
    }

    /// The same as a sum that can be shown.
    pub(super) fn step_tally(&self, one: Place, other: Place) -> Result<Tally, Reason> {
        let (from, to) = (self.snapshot.node(one).region, self.snapshot.node(other).region);
        if one == other {
            return Ok(Tally::default());
        }
        if from == to {
            return Ok(Tally {
                borders: 0,
                costs: Costs::inside(&self.policy.weights),
                impairment: super::cost::INSIDE_US,
            });
        }
        let seen = self.snapshot.way(from, to);
        if seen.passage == Passage::Cut {
            return Err(Reason::Cut(
                self.snapshot.region(from).clone(),
                self.snapshot.region(to).clone(),
            ));
        }
        Ok(self.way_tally(from, to))
    }

    /// Between two regions, whether it is cut for us or not: clients who go without us have ways of their own.
    pub(super) fn way_tally(&self, from: Where, to: Where) -> Tally {
        let seen = self.snapshot.way(from, to);
        Tally {
            borders: 1,
            costs: Costs::way(seen, &self.policy.weights),
            impairment: impairment(seen),
        }
    }

    /// What it costs to have a service at a node that offers it.
    pub(super) fn serving(&self, service: &Service, offered: Offered) -> Result<Costs, Reason> {
        let region = self.snapshot.node(offered.node).region;
        self.allowed(region)?;
        match offered.room {
            Room::Free => {}
            Room::Full if self.held.has(service, offered.node) => {}
            Room::Full => return Err(Reason::ServiceFull),
            Room::Overloaded => return Err(Reason::NodeOverloaded),
            Room::Draining => return Err(Reason::NodeDraining),
        }
        if self.pins.is_some_and(|pins| pins.moves(service, offered.node)) {
            return Err(Reason::StaysElsewhere);
        }
        Ok(Costs::load(offered.load, &self.policy.weights) + Costs::preference(self.policy.preferred(region)))
    }

    /// What it costs to have what is wanted at a node, and which pair of codecs where it is transcoding.
    pub(super) fn wanted_at(&self, wanted: &Wanted, node: Place) -> Result<(Costs, Option<(Codec, Codec)>), Reason> {
        let at = |service: &Service| {
            let offered = self.snapshot.offered(service, node).ok_or(Reason::NotOffered)?;
            self.serving(service, offered)
        };
        match wanted {
            Wanted::Service(service) => Ok((at(service)?, None)),
            Wanted::Transcoding(pairs) => {
                let mut why = Reason::NotOffered;
                let mut best: Option<(Costs, (Codec, Codec))> = None;
                for (first, second) in pairs {
                    match at(&transcode(*first, *second)) {
                        Ok(costs) if best.is_none_or(|(least, _)| costs.total() < least.total()) => {
                            best = Some((costs, (*first, *second)));
                        }
                        Ok(_) | Err(Reason::NotOffered) => {}
                        Err(reason) => why = reason,
                    }
                }
                let (costs, pair) = best.ok_or(why)?;
                Ok((costs + Costs::transcoding(), Some(pair)))
            }
        }
    }
}

/// The service that passes sound between two codecs.
pub(super) fn transcode(first: Codec, second: Codec) -> Service {
    Service::Transcode(super::codecs::CodecPair::new(first, second).expect("pairs of one codec need no transcoding"))
}

/// The best node of each region for each set of what is wanted.
pub(super) struct Stations {
    pub(super) wanted: Vec<Wanted>,
    /// Of each region, of each set.
    best: Vec<(Place, Score)>,
    /// Of each set, the regions that have it at one node.
    having: Vec<Vec<Where>>,
}

impl Stations {
    pub(super) fn new(ground: &Ground<'_>, wanted: Vec<Wanted>) -> Self {
        let sets = 1 << wanted.len();
        let mut stations = Self {
            best: vec![(0, Score::NEVER); ground.snapshot.regions().len() * sets],
            having: vec![Vec::new(); sets],
            wanted,
        };
        let lists: Vec<Vec<(Place, Score)>> = stations.wanted.iter().map(|wanted| serving(ground, wanted)).collect();
        let mut at = vec![0; lists.len()];
        // All lists are in the order of nodes: each round takes the next node with all that it has.
        loop {
            let heads = lists.iter().zip(&at).filter_map(|(list, at)| list.get(*at));
            let Some(node) = heads.map(|(node, _)| *node).min() else {
                break;
            };
            let mut scores = [Score::NEVER; 8];
            for (bit, list) in lists.iter().enumerate() {
                if let Some((_, score)) = list.get(at[bit]).filter(|(head, _)| *head == node) {
                    scores[bit] = *score;
                    at[bit] += 1;
                }
            }
            stations.enter(ground.snapshot.node(node).region, node, &scores[..lists.len()]);
        }
        for set in 1..sets {
            let regions = 0..ground.snapshot.regions().len() as Where;
            // Less than 2^K_MAX.
            let has = |region: &Where| stations.best(*region, set as Mask).1.is_possible();
            stations.having[set] = regions.filter(has).collect();
        }
        stations
    }

    fn enter(&mut self, region: Where, node: Place, scores: &[Score]) {
        let sets = 1_usize << scores.len();
        for set in 1..sets {
            let bits = (0..scores.len()).filter(|bit| set >> bit & 1 == 1);
            let sum = bits.fold(Score::default(), |sum, bit| sum + scores[bit]);
            let best = &mut self.best[usize::from(region) * sets + set];
            if sum < best.1 {
                *best = (node, sum);
            }
        }
    }

    /// All of what is wanted.
    pub(super) fn all(&self) -> Mask {
        // Less than 2^K_MAX.
        ((1_u16 << self.wanted.len()) - 1) as Mask
    }

    pub(super) fn best(&self, region: Where, set: Mask) -> (Place, Score) {
        self.best[usize::from(region) * (1 << self.wanted.len()) + usize::from(set)]
    }

    pub(super) fn having(&self, set: Mask) -> &[Where] {
        &self.having[usize::from(set)]
    }

    /// What a node has of what is wanted: of each set the score, impossible for what it has not.
    pub(super) fn at(&self, ground: &Ground<'_>, node: Place) -> Vec<Score> {
        let one = |wanted: &Wanted| match ground.wanted_at(wanted, node) {
            Ok((costs, _)) => Score::points(&costs),
            Err(_) => Score::NEVER,
        };
        let scores: Vec<Score> = self.wanted.iter().map(one).collect();
        let sets = 1_usize << scores.len();
        let sum = |set: usize| {
            let bits = (0..scores.len()).filter(|bit| set >> bit & 1 == 1);
            bits.fold(Score::default(), |sum, bit| sum + scores[bit])
        };
        (0..sets).map(sum).collect()
    }
}

/// The nodes where something wanted can be had, in their order.
fn serving(ground: &Ground<'_>, wanted: &Wanted) -> Vec<(Place, Score)> {
    match wanted {
        Wanted::Service(service) => ground
            .snapshot
            .offering(service)
            .iter()
            .filter_map(|offered| Some((offered.node, Score::points(&ground.serving(service, *offered).ok()?))))
            .collect(),
        Wanted::Transcoding(pairs) => {
            let lists = pairs
                .iter()
                .map(|(first, second)| ground.snapshot.offering(&transcode(*first, *second)));
            let mut nodes: Vec<Place> = lists.flatten().map(|offered| offered.node).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let scored = |node: Place| Some((node, Score::points(&ground.wanted_at(wanted, node).ok()?.0)));
            nodes.into_iter().filter_map(scored).collect()
        }
    }
}
