//! From a way that was found to a plan that can be shown: hops, codecs, delays, and the explanation.

use super::choose::{Form, Found, Stop};
use super::codecs::{Codec, Speech, between};
use super::cost::INSIDE_US;
use super::ends::Reach;
use super::explain::{Considered, Explanation, Reason, Subject, compared};
use super::ground::{Ground, Stations, Wanted, transcode};
use super::judge::{judge, steps};
use super::plan::{Branch, EndAt, Hop, Mode, Plan, Shape, Signalling};
use super::policy::PeerToPeer;
use super::services::Service;
use super::snapshot::{Place, Where};
use super::survey::{Asked, Survey};
use crate::regions::NodeId;

/// The plan of a way that is legal on its ground. Its moves and its explanation are still empty.
pub(super) fn plan_of(ground: &Ground<'_>, found: &Found, branches: Vec<Branch>) -> Plan {
    let tally = judge(ground, found).expect("what was found is legal where it was found");
    debug_assert_eq!(tally.score(), found.score, "the search and the judge have one model");
    let (hops, hub) = hops(ground, found);
    let within = hops.iter().all(|hop| hop.region == hops[0].region);
    Plan {
        mode: match found.form {
            Form::Direct => Mode::PeerToPeer,
            Form::Chain | Form::Star if within => Mode::Local,
            Form::Chain | Form::Star => Mode::MultiRegional,
        },
        shape: match found.form {
            Form::Direct => Shape::Direct,
            Form::Chain => Shape::Chain,
            Form::Star => Shape::Star(hub),
        },
        ends: ends(ground, found),
        hops,
        branches,
        one_way_us: one_way(ground, found),
        score: tally.score(),
        costs: tally.costs,
        signalling: ground.conversation.anchor.as_ref().map(|anchor| Signalling {
            anchor: anchor.clone(),
            one_way_us: ground
                .snapshot
                .node_of(anchor)
                .map(|node| between_nodes(ground, found.gates[0].0, node)),
        }),
        moves: Vec::new(),
        explanation: Explanation::default(),
    }
}

/// The nodes in order, and where the mixer is among them.
fn hops(ground: &Ground<'_>, found: &Found) -> (Vec<Hop>, usize) {
    if found.form == Form::Direct {
        return (Vec::new(), 0);
    }
    let mut hops: Vec<Hop> = Vec::with_capacity(found.gates.len() + found.stops.len());
    let gate = |(node, _): &(Place, u8)| (*node, Vec::new());
    let stop = |stop: &Stop| (stop.node, services(ground, found, stop));
    let mut nodes: Vec<(Place, Vec<Service>)> = Vec::new();
    let hub = match found.form {
        Form::Star => {
            nodes.extend(found.gates.iter().map(gate));
            nodes.extend(found.stops.iter().map(stop));
            found.gates.len()
        }
        Form::Direct | Form::Chain => {
            nodes.extend(found.gates.first().map(gate));
            nodes.extend(found.stops.iter().map(stop));
            nodes.extend(found.gates.get(1).map(gate));
            0
        }
    };
    let mut last: Option<Place> = None;
    for (node, services) in nodes {
        // What a chain does at one node without leaving it is one hop. A star names ends and mixer one by one.
        match hops
            .last_mut()
            .filter(|_| found.form == Form::Chain && last == Some(node))
        {
            Some(hop) => hop.services.extend(services),
            None => {
                let placed = ground.snapshot.node(node);
                hops.push(Hop {
                    node: placed.id.clone(),
                    region: ground.snapshot.region(placed.region).clone(),
                    services,
                });
            }
        }
        last = Some(node);
    }
    (hops, hub)
}

/// What a stop does, by name.
fn services(ground: &Ground<'_>, found: &Found, stop: &Stop) -> Vec<Service> {
    let mut services = Vec::new();
    for (bit, wanted) in found.wanted.iter().enumerate() {
        if stop.set >> bit & 1 == 0 {
            continue;
        }
        services.push(match wanted {
            Wanted::Service(service) => service.clone(),
            Wanted::Transcoding(_) => {
                let (first, second) = transcoded(ground, wanted, stop.node).expect("the stop was found for it");
                transcode(first, second)
            }
        });
    }
    services
}

fn transcoded(ground: &Ground<'_>, wanted: &Wanted, node: Place) -> Option<(Codec, Codec)> {
    ground.wanted_at(wanted, node).ok()?.1
}

fn ends(ground: &Ground<'_>, found: &Found) -> Vec<EndAt> {
    let codecs = codecs(ground, found);
    let mut ends = Vec::with_capacity(found.gates.len());
    for ((end, (node, instance)), codec) in ground.conversation.ends.iter().zip(&found.gates).zip(codecs) {
        let placed = ground.snapshot.node(*node);
        ends.push(EndAt {
            end: end.name.clone(),
            instance: end.instances[usize::from(*instance)].name.clone(),
            gateway: placed.id.clone(),
            region: ground.snapshot.region(placed.region).clone(),
            codec,
        });
    }
    ends
}

/// What each end speaks. An end of its own, or at a mixer: what it likes best.
fn codecs(ground: &Ground<'_>, found: &Found) -> Vec<Codec> {
    let spoken: Vec<&[Codec]> = ground
        .conversation
        .ends
        .iter()
        .zip(&found.gates)
        .map(|(end, (_, instance))| end.instances[usize::from(*instance)].codecs.as_slice())
        .collect();
    let (Form::Direct | Form::Chain, [first, second]) = (found.form, spoken.as_slice()) else {
        return spoken.iter().map(|codecs| codecs[0]).collect();
    };
    let pairs = match between(first, second) {
        Speech::Same(codec) => return vec![codec, codec],
        Speech::Either(pairs) => pairs,
    };
    for stop in &found.stops {
        for (bit, wanted) in found.wanted.iter().enumerate() {
            let here = stop.set >> bit & 1 == 1;
            if let Some((first, second)) = here.then(|| transcoded(ground, wanted, stop.node)).flatten() {
                return vec![first, second];
            }
        }
    }
    // Transcoding that is needed by name does it.
    let named = |(first, second): &&(Codec, Codec)| found.wanted.contains(&Wanted::Service(transcode(*first, *second)));
    let (first, second) = pairs
        .iter()
        .find(named)
        .expect("ends without a common codec are transcoded between");
    vec![*first, *second]
}

/// See [`Plan::one_way_us`].
fn one_way(ground: &Ground<'_>, found: &Found) -> u64 {
    match found.form {
        Form::Direct => between_nodes(ground, found.gates[0].0, found.gates[1].0),
        Form::Chain => steps(found)
            .into_iter()
            .map(|(one, other)| between_nodes(ground, one, other))
            .sum(),
        Form::Star => {
            let hub = found.stops[0].node;
            let legs = found.gates.iter().map(|(gate, _)| between_nodes(ground, *gate, hub));
            let mut legs: Vec<u64> = legs.collect();
            legs.sort_unstable();
            legs.iter().rev().take(2).sum()
        }
    }
}

fn between_nodes(ground: &Ground<'_>, one: Place, other: Place) -> u64 {
    let (from, to) = (ground.snapshot.node(one).region, ground.snapshot.node(other).region);
    match () {
        () if one == other => 0,
        () if from == to => INSIDE_US,
        () => u64::from(ground.snapshot.way(from, to).quality.round_trip_us / 2),
    }
}

/// Why this way, of all that were found. `verdict` says why something better was not taken, which happens only where a plan is kept.
pub(super) fn explain(
    asked: &Asked<'_>,
    survey: &Survey<'_>,
    ground: &Ground<'_>,
    chosen: &Found,
    verdict: &dyn Fn(&Found) -> Option<Reason>,
) -> Explanation {
    let mut explanation = Explanation {
        considered_left_off: survey.left_off,
        ..Explanation::default()
    };
    let mut considered: Vec<(&Found, &Ground<'_>)> = Vec::new();
    for (found, number) in &survey.found {
        if found != chosen {
            considered.push((found, &survey.grounds[*number]));
        }
    }
    let elsewhere = elsewhere(ground, chosen);
    considered.extend(elsewhere.iter().map(|found| (found, ground)));
    considered.push((chosen, ground));
    considered.sort_by(|one, other| one.0.cmp(other.0));
    considered.dedup_by(|one, other| one.0 == other.0);
    for (found, ground) in considered {
        let Ok(tally) = judge(ground, found) else {
            continue;
        };
        let plain = || compared(found.score, chosen.score);
        explanation.considered.push(Considered {
            mode: mode(ground, found),
            nodes: nodes(ground, found),
            score: tally.score(),
            costs: tally.costs,
            rejected: (found != chosen).then(|| verdict(found).unwrap_or_else(plain)),
        });
    }
    refusals(asked, ground, &mut explanation);
    explanation
}

/// The chosen chain with one service somewhere else: at the best node of each other region that has it.
fn elsewhere(ground: &Ground<'_>, chosen: &Found) -> Vec<Found> {
    let mut others = Vec::new();
    if chosen.form != Form::Chain {
        return others;
    }
    for (bit, wanted) in chosen.wanted.iter().enumerate() {
        let set = 1 << bit;
        let alone = Stations::new(ground, vec![wanted.clone()]);
        let place = chosen.stops.iter().position(|stop| stop.set & set != 0);
        let place = place.expect("all that is wanted is done somewhere");
        let here = ground.snapshot.node(chosen.stops[place].node).region;
        for region in alone.having(1).iter().filter(|region| **region != here) {
            if others.len() == super::FOUND_MAX {
                return others;
            }
            let mut other = chosen.clone();
            other.stops[place].set &= !set;
            let (node, _) = alone.best(*region, 1);
            other.stops.insert(place + 1, Stop { node, set });
            other.stops.retain(|stop| stop.set != 0);
            if let Ok(tally) = judge(ground, &other) {
                other.score = tally.score();
                others.push(other);
            }
        }
    }
    others
}

fn mode(ground: &Ground<'_>, found: &Found) -> Mode {
    let stops = found.stops.iter().map(|stop| stop.node);
    let all = found.gates.iter().map(|(node, _)| *node).chain(stops);
    let regions: Vec<Where> = all.map(|node| ground.snapshot.node(node).region).collect();
    match found.form {
        Form::Direct => Mode::PeerToPeer,
        Form::Chain | Form::Star if regions.iter().all(|region| *region == regions[0]) => Mode::Local,
        Form::Chain | Form::Star => Mode::MultiRegional,
    }
}

fn nodes(ground: &Ground<'_>, found: &Found) -> Vec<NodeId> {
    match found.form {
        Form::Direct => {
            let gates = found.gates.iter();
            gates.map(|(node, _)| ground.snapshot.node(*node).id.clone()).collect()
        }
        Form::Chain | Form::Star => hops(ground, found).0.into_iter().map(|hop| hop.node).collect(),
    }
}

/// What could not be part of any plan: instances and services, and clients without us.
fn refusals(asked: &Asked<'_>, ground: &Ground<'_>, explanation: &mut Explanation) {
    if let Some(reason) = not_direct(ground) {
        explanation.refuse(Subject::PeerToPeer, reason);
    }
    for (number, end) in ground.conversation.ends.iter().enumerate() {
        for (place, instance) in end.instances.iter().enumerate() {
            // At most INSTANCES_MAX.
            if let Err(reason) = ground.gate(number, place as u8) {
                let subject = Subject::Instance {
                    end: end.name.clone(),
                    instance: instance.name.clone(),
                };
                explanation.refuse(subject, reason);
            }
        }
    }
    for service in asked.active.iter().chain(&asked.passive) {
        for offered in ground.snapshot.offering(service) {
            if let Err(reason) = ground.serving(service, *offered) {
                let subject = Subject::ServiceAt {
                    service: service.clone(),
                    node: ground.snapshot.node(offered.node).id.clone(),
                };
                explanation.refuse(subject, reason);
            }
        }
    }
}

/// Why clients cannot go without us; none: they can.
fn not_direct(ground: &Ground<'_>) -> Option<Reason> {
    let [one, other] = ground.conversation.ends.as_slice() else {
        return Some(Reason::NotTwoEnds);
    };
    if let Some(need) = ground.conversation.needs.first() {
        return Some(Reason::NeedsMedia(need.service().clone()));
    }
    if ground.policy.peer_to_peer == PeerToPeer::Refused {
        return Some(Reason::PolicyRefuses);
    }
    for end in [one, other] {
        if end.instances.iter().all(|instance| instance.reach == Reach::Gateway) {
            return Some(Reason::NotDirect(end.name.clone()));
        }
    }
    let share = |first: &[Codec], second: &[Codec]| matches!(between(first, second), Speech::Same(_));
    let able = |end: &'_ super::ends::End| -> Vec<Vec<Codec>> {
        let direct = end.instances.iter().filter(|instance| instance.reach == Reach::Direct);
        direct.map(|instance| instance.codecs.clone()).collect()
    };
    let (ones, others) = (able(one), able(other));
    let common = ones
        .iter()
        .any(|first| others.iter().any(|second| share(first, second)));
    (!common).then_some(Reason::NoCommonCodec)
}
