//! What a way is worth that is there already, or that somebody else thought of: whether it is legal, and its cost by component. The
//! search agrees with it: what the search found is judged again before it becomes a plan.

use super::choose::{Form, Found, direct};
use super::cost::{Costs, Score};
use super::explain::Reason;
use super::ground::{Gate, Ground, Tally};
use super::snapshot::Place;

/// The ways between nodes that a found way takes, in order. Ways from a node to itself are none.
pub(super) fn steps(found: &Found) -> Vec<(Place, Place)> {
    let gates = found.gates.iter().map(|(node, _)| *node);
    let stops = found.stops.iter().map(|stop| stop.node);
    let steps: Vec<(Place, Place)> = match found.form {
        Form::Direct => Vec::new(),
        Form::Star => {
            let hub = found.stops[0].node;
            let legs = gates.map(|gate| (gate, hub));
            legs.chain(stops.skip(1).map(|side| (hub, side))).collect()
        }
        Form::Chain => {
            let mut gates = gates;
            let nodes: Vec<Place> = gates.next().into_iter().chain(stops).chain(gates).collect();
            nodes.windows(2).map(|two| (two[0], two[1])).collect()
        }
    };
    steps.into_iter().filter(|(one, other)| one != other).collect()
}

/// What a way costs on this ground.
///
/// # Errors
/// Why it is not legal: the first reason that is found.
pub(super) fn judge(ground: &Ground<'_>, found: &Found) -> Result<Tally, Reason> {
    let mut tally = Tally::default();
    let mut gates = Vec::with_capacity(found.gates.len());
    for (end, (node, instance)) in found.gates.iter().enumerate() {
        let (place, costs) = ground.gate(end, *instance)?;
        if place != *node {
            return Err(Reason::NodeGone);
        }
        let known = &ground.conversation.ends[end].instances[usize::from(*instance)];
        gates.push(Gate {
            instance: *instance,
            node: place,
            region: ground.snapshot.node(place).region,
            reach: known.reach,
            score: Score::points(&costs),
        });
        if found.form != Form::Direct {
            tally.add(priced(costs));
        }
    }
    if found.form == Form::Direct {
        return match gates.as_slice() {
            [one, other] => direct(ground, one, other).ok_or(Reason::PolicyRefuses),
            _ => Err(Reason::NotTwoEnds),
        };
    }
    for stop in &found.stops {
        for (bit, wanted) in found.wanted.iter().enumerate() {
            if stop.set >> bit & 1 == 1 {
                tally.add(priced(ground.wanted_at(wanted, stop.node)?.0));
            }
        }
    }
    for (one, other) in steps(found) {
        tally.add(ground.step_tally(one, other)?);
    }
    Ok(tally)
}

fn priced(costs: Costs) -> Tally {
    Tally {
        costs,
        ..Tally::default()
    }
}
