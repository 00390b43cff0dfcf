//! The search: of all legal ways for a conversation's media, the best. Exact, and bounded.
//!
//! A conversation of one or two ends is a **chain**: from one gateway through the services in the path to the other (or, for one end, to
//! the last of them, and back the same way). With a mixer it is a **star**: each gateway, and each other service in the path, has a way of
//! its own to the mixer. Two ends that need nothing of us may also go **direct**.
//!
//! **Why regions are enough.** All ways between two regions cost the same, and what a service costs at a node does not depend on the rest
//! of the path. So a chain that stops at some node of a region for a set of services can stop at the best node there for that set as
//! well; only gateways are themselves. A chain that passes a node twice is beaten by one that does everything there the first time.
//!
//! **What it costs.** With `R` regions, `K` services in the path (transcoding or the mixer included), `I` instances an end and `E` ends: to
//! read the offers of `N` nodes, `N * 2^K`; a chain, `3^K * R^2` for each instance of the first end and each set of codecs; a star,
//! `(R * 2^K + E * I) * (E * I + K * R)`. All are bounded by the limits of this module, and times [`super::REGION_RULES_MAX`] to the power
//! of two where regions have rules of their own.

use super::codecs::{Codec, Speech, between};
use super::cost::Score;
use super::ends::Reach;
use super::ground::{Gate, Ground, Mask, Stations, Tally, Wanted};
use super::policy::PeerToPeer;
use super::services::Service;
use super::snapshot::{Place, Where};
use super::{FOUND_MAX, K_MAX};

/// How the parts of a way hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Direct,
    Chain,
    /// The first stop is the mixer.
    Star,
}

/// A node on the way, and which of what is wanted it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stop {
    pub(super) node: Place,
    pub(super) set: Mask,
}

/// A way that was found. Of two with the same score the smaller is taken, so that the order in which nodes are listed does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) score: Score,
    pub(super) form: Form,
    /// Of each end its gateway and which instance it is.
    pub(super) gates: Vec<(Place, u8)>,
    pub(super) stops: Vec<Stop>,
    /// What the sets of the stops are of.
    pub(super) wanted: Vec<Wanted>,
}

/// The best that were found, at most [`FOUND_MAX`].
#[derive(Debug, Default)]
pub(super) struct Best {
    pub(super) found: Vec<Found>,
    /// How many more there were.
    pub(super) left_off: u32,
}

impl Best {
    pub(super) fn add(&mut self, found: Found) {
        let Err(place) = self.found.binary_search(&found) else {
            return;
        };
        if place < FOUND_MAX {
            self.found.insert(place, found);
        } else {
            self.left_off += 1;
        }
        if self.found.len() > FOUND_MAX {
            self.found.pop();
            self.left_off += 1;
        }
    }
}

/// All ways over this ground for what is needed in the path, the best first.
pub(super) fn search(ground: &Ground<'_>, active: &[Service], best: &mut Best) {
    if ground.gates.iter().any(Vec::is_empty) {
        return;
    }
    let wanted: Vec<Wanted> = active.iter().cloned().map(Wanted::Service).collect();
    if let Some(mix) = active.iter().position(|service| *service == Service::Mix) {
        return star(ground, &Stations::new(ground, wanted), mix, best);
    }
    let [first, rest @ ..] = ground.gates.as_slice() else {
        return;
    };
    match rest {
        [] => {
            let stations = Stations::new(ground, wanted);
            for gate in first {
                Chain::new(ground, &stations, gate).alone(best);
            }
        }
        [second] => pairs(ground, wanted, first, second, best),
        _ => unreachable!("three ends and more have a mixer among what they need"),
    }
}

/// Whether, and how well, two clients reach each other without us.
pub(super) fn direct(ground: &Ground<'_>, one: &Gate, other: &Gate) -> Option<Tally> {
    let can = one.reach == Reach::Direct && other.reach == Reach::Direct;
    let may = ground.policy.peer_to_peer == PeerToPeer::Allowed;
    (can && may).then(|| match one.region == other.region {
        true => Tally::default(),
        false => ground.way_tally(one.region, other.region),
    })
}

/// Instances of two ends that need one of the same pairs of codecs between them, or none.
type Group<'g> = (Vec<(Codec, Codec)>, Vec<(&'g Gate, &'g Gate)>);

/// Chains of two ends: instances are taken together that need the same of a transcoder.
fn pairs(ground: &Ground<'_>, wanted: Vec<Wanted>, first: &[Gate], second: &[Gate], best: &mut Best) {
    let instances = |end: usize| &ground.conversation.ends[end].instances;
    let codecs = |end: usize, gate: &Gate| instances(end)[usize::from(gate.instance)].codecs.as_slice();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in first {
        for other in second {
            let (pairs, same) = match between(codecs(0, one), codecs(1, other)) {
                Speech::Same(_) => (Vec::new(), true),
                Speech::Either(pairs) => (pairs, false),
            };
            let alone = same && ground.conversation.needs.is_empty() && ground.pins.is_none();
            if let Some(tally) = alone.then(|| direct(ground, one, other)).flatten() {
                best.add(Found {
                    score: tally.score(),
                    form: Form::Direct,
                    gates: vec![(one.node, one.instance), (other.node, other.instance)],
                    stops: Vec::new(),
                    wanted: Vec::new(),
                });
            }
            match groups.iter_mut().find(|(known, _)| *known == pairs) {
                Some((_, combinations)) => combinations.push((one, other)),
                None => groups.push((pairs, vec![(one, other)])),
            }
        }
    }
    for (pairs, combinations) in groups {
        let stations = Stations::new(ground, with_transcoding(wanted.clone(), pairs));
        let mut chain: Option<Chain<'_, '_>> = None;
        for (one, other) in combinations {
            if chain.as_ref().is_none_or(|chain| !std::ptr::eq(chain.gate, one)) {
                chain = Some(Chain::new(ground, &stations, one));
            }
            let chain = chain.as_ref().expect("it was just made");
            chain.to(other, best);
        }
    }
}

/// What is wanted beside what is needed where ends share no codec. A pair that is needed by name does for both.
pub(super) fn with_transcoding(mut wanted: Vec<Wanted>, pairs: Vec<(Codec, Codec)>) -> Vec<Wanted> {
    let named = |pair: &(Codec, Codec)| wanted.contains(&Wanted::Service(super::ground::transcode(pair.0, pair.1)));
    if !pairs.is_empty() && !pairs.iter().any(named) {
        wanted.push(Wanted::Transcoding(pairs));
    }
    assert!(wanted.len() <= K_MAX, "the limit on needs leaves room for transcoding");
    wanted
}

/// The best chain from a gateway to each region with each set of services done on the way.
struct Chain<'g, 'a> {
    ground: &'g Ground<'a>,
    stations: &'g Stations,
    gate: &'g Gate,
    /// What the gateway itself can do, of each set.
    own: Vec<Score>,
    /// Of each set that is done, of each region where the last stop is.
    reached: Vec<Reached>,
}

#[derive(Debug, Clone, Copy)]
struct Reached {
    score: Score,
    /// What the last stop did.
    here: Mask,
    /// Where the stop before it was; none: it was the gateway, which did all the rest.
    before: Option<Where>,
}

const NOT_REACHED: Reached = Reached {
    score: Score::NEVER,
    here: 0,
    before: None,
};

impl<'g, 'a> Chain<'g, 'a> {
    fn new(ground: &'g Ground<'a>, stations: &'g Stations, gate: &'g Gate) -> Self {
        let sets = usize::from(stations.all()) + 1;
        let mut chain = Self {
            ground,
            stations,
            gate,
            own: stations.at(ground, gate.node),
            reached: vec![NOT_REACHED; sets * ground.snapshot.regions().len()],
        };
        for done in 0..=stations.all() {
            let own = chain.own[usize::from(done)];
            if own.is_possible() {
                chain.go_on(done, gate.score + own, gate.region, None);
            }
            for region in 0..ground.snapshot.regions().len() as Where {
                let score = chain.reached[chain.index(done, region)].score;
                if score.is_possible() {
                    chain.go_on(done, score, region, Some(region));
                }
            }
        }
        chain
    }

    fn index(&self, done: Mask, region: Where) -> usize {
        usize::from(done) * self.ground.snapshot.regions().len() + usize::from(region)
    }

    /// One stop more, at each region that does some of what is left.
    fn go_on(&mut self, done: Mask, score: Score, from: Where, before: Option<Where>) {
        let left = self.stations.all() & !done;
        let mut here = left;
        while here != 0 {
            for region in self.stations.having(here) {
                let (_, serving) = self.stations.best(*region, here);
                let sum = score + self.ground.hop(from, *region) + serving;
                let index = self.index(done | here, *region);
                if sum < self.reached[index].score {
                    self.reached[index] = Reached {
                        score: sum,
                        here,
                        before,
                    };
                }
            }
            here = (here - 1) & left;
        }
    }

    /// The stops up to this one, the first first: what the gateway does itself, if anything, is one of them.
    fn stops(&self, done: Mask, last: Option<Where>) -> Vec<Stop> {
        let (mut done, mut at) = (done, last);
        let mut stops = Vec::with_capacity(self.stations.wanted.len());
        while let Some(region) = at {
            let reached = self.reached[self.index(done, region)];
            let (node, _) = self.stations.best(region, reached.here);
            stops.push(Stop {
                node,
                set: reached.here,
            });
            done &= !reached.here;
            at = reached.before;
        }
        if done != 0 {
            stops.push(Stop {
                node: self.gate.node,
                set: done,
            });
        }
        stops.reverse();
        stops
    }

    /// Where a chain may end with so much done: at the gateway itself, or at a last stop in each region.
    fn ends(&self, done: Mask) -> impl Iterator<Item = (Score, Option<Where>)> {
        let own = (self.gate.score + self.own[usize::from(done)], None);
        let regions = 0..self.ground.snapshot.regions().len() as Where;
        let stopped = regions.map(move |region| (self.reached[self.index(done, region)].score, Some(region)));
        std::iter::once(own)
            .chain(stopped)
            .filter(|(score, _)| score.is_possible())
    }

    /// The best for one end, out and back.
    fn alone(&self, best: &mut Best) {
        let all = self.stations.all();
        let Some((score, last)) = self.ends(all).min() else {
            return;
        };
        best.add(Found {
            score,
            form: Form::Chain,
            gates: vec![(self.gate.node, self.gate.instance)],
            stops: self.stops(all, last),
            wanted: self.stations.wanted.clone(),
        });
    }

    /// The best to another end's gateway, which does what is left for it.
    fn to(&self, other: &Gate, best: &mut Best) {
        let all = self.stations.all();
        let theirs = self.stations.at(self.ground, other.node);
        let mut least: Option<(Score, Mask, Option<Where>)> = None;
        for done in 0..=all {
            let left = theirs[usize::from(all & !done)];
            if !left.is_possible() {
                continue;
            }
            for (score, last) in self.ends(done) {
                let hop = match last {
                    None => self.ground.step(self.gate.node, other.node),
                    Some(region) => self.ground.hop(region, other.region),
                };
                let sum = score + hop + left + other.score;
                if sum.is_possible() && least.is_none_or(|least| (sum, done, last) < least) {
                    least = Some((sum, done, last));
                }
            }
        }
        let Some((score, done, last)) = least else {
            return;
        };
        let mut stops = self.stops(done, last);
        if done != all {
            stops.push(Stop {
                node: other.node,
                set: all & !done,
            });
        }
        best.add(Found {
            score,
            form: Form::Chain,
            gates: vec![(self.gate.node, self.gate.instance), (other.node, other.instance)],
            stops,
            wanted: self.stations.wanted.clone(),
        });
    }
}

/// The best star around each mixer that is the best of its region for some set of services, or somebody's gateway.
fn star(ground: &Ground<'_>, stations: &Stations, mix: usize, best: &mut Best) {
    let mix: Mask = 1 << mix;
    let mut hubs: Vec<Place> = ground.gates.iter().flatten().map(|gate| gate.node).collect();
    for set in (1..=stations.all()).filter(|set| set & mix != 0) {
        hubs.extend(stations.having(set).iter().map(|region| stations.best(*region, set).0));
    }
    hubs.sort_unstable();
    hubs.dedup();
    for hub in hubs {
        if let Some(found) = around(ground, stations, mix, hub) {
            best.add(found);
        }
    }
}

fn around(ground: &Ground<'_>, stations: &Stations, mix: Mask, hub: Place) -> Option<Found> {
    let own = stations.at(ground, hub);
    let region = ground.snapshot.node(hub).region;
    let mut score = own[usize::from(mix)];
    let mut gates = Vec::with_capacity(ground.gates.len());
    for open in &ground.gates {
        let nearest = open
            .iter()
            .map(|gate| (gate.score + ground.step(gate.node, hub), gate.node, gate.instance));
        let (least, node, instance) = nearest.min()?;
        score = score + least;
        gates.push((node, instance));
    }
    let mut stops = vec![Stop { node: hub, set: mix }];
    for bit in (0..stations.wanted.len()).map(|bit| 1 << bit).filter(|bit| *bit != mix) {
        let side = stations.having(bit).iter().map(|there| {
            let (node, serving) = stations.best(*there, bit);
            (serving + ground.hop(region, *there), node)
        });
        let (least, node) = side.chain([(own[usize::from(bit)], hub)]).min()?;
        score = score + least;
        match node == hub {
            true => stops[0].set |= bit,
            false => stops.push(Stop { node, set: bit }),
        }
    }
    score.is_possible().then(|| Found {
        score,
        form: Form::Star,
        gates,
        stops,
        wanted: stations.wanted.clone(),
    })
}
