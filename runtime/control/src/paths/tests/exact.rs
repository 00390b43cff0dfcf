//! A solver that tries everything, written without a look at the search: nodes one by one, in every order. On small worlds both agree.

use super::random::Chance;
use super::*;

/// Borders, cost, impairment.
type Sum = (u32, u64, u64);

fn plus(one: Sum, other: Sum) -> Sum {
    (one.0 + other.0, one.1 + other.1, one.2 + other.2)
}

struct Solver<'w> {
    world: &'w World,
    least: Option<Sum>,
}

impl Solver<'_> {
    fn region_ok(&self, node: &Node) -> bool {
        let ends = &self.world.talk.ends;
        self.world.rules.iter().all(|rule| {
            let applies = match &rule.scope {
                Scope::Tenant => true,
                Scope::End(name) => ends.iter().any(|end| end.name == *name),
                Scope::Region(_) => panic!("not in these worlds"),
            };
            !applies || !rule.prohibited.contains(&node.region)
        })
    }

    fn hop(&self, one: &Node, other: &Node) -> Option<Sum> {
        if one.id == other.id {
            return Some((0, 0, 0));
        }
        if one.region == other.region {
            return Some((0, 500, 500));
        }
        let seen = self.world.links.seen(self.world.now, &one.region, &other.region);
        let quality = seen.quality;
        let delay = u64::from(quality.round_trip_us / 2);
        let bad = delay + u64::from(quality.jitter_us) * 2 + u64::from(quality.loss_ppm) * 5;
        (seen.passage == Passage::Open).then_some((1, bad + u64::from(seen.milli_units), bad))
    }

    fn load(load: Load) -> u64 {
        let share = u64::from(load.thousandths());
        20_000 * share * share / 1_000_000
    }

    fn gate(&self, instance: &Instance) -> Option<(&Node, Sum)> {
        let node = self.world.nodes.iter().find(|node| node.id == instance.gateway)?;
        if !self.region_ok(node) {
            return None;
        }
        let mut kinds: Vec<u32> = Vec::new();
        for other in &self.world.nodes {
            let counts = other.region == node.region && other.standing == Standing::Open;
            let offers = other.offers.iter().filter(|offer| counts && offer.capacity > 0);
            kinds.extend(offers.map(|offer| offer.service.kind()));
        }
        kinds.sort_unstable();
        kinds.dedup();
        let lacks = 4_000 * (7 - kinds.len() as u64) / 7;
        let busy = match node.standing {
            Standing::Open => Self::load(node.load),
            Standing::Draining => 70_000,
        };
        Some((node, (0, busy + lacks, 0)))
    }

    fn serve(&self, node: &Node, service: &Service) -> Option<u64> {
        let offer = node.offers.iter().find(|offer| offer.service == *service)?;
        let open = node.standing == Standing::Open && node.load.thousandths() < 950;
        let has_room = open && offer.in_use < offer.capacity && self.region_ok(node);
        has_room.then(|| Self::load(node.load.max(Load::of(offer.in_use, offer.capacity))))
    }

    /// Any of these services at a node; transcoding costs more.
    fn serve_any(&self, node: &Node, any: &[Service]) -> Option<Sum> {
        let costs = any.iter().filter_map(|service| self.serve(node, service));
        let implied = if any.len() > 1 || matches!(any, [Service::Transcode(_)]) {
            10_000
        } else {
            0
        };
        Some((0, costs.min()? + implied, 0))
    }

    fn enter(&mut self, sum: Sum) {
        self.least = Some(self.least.map_or(sum, |least| least.min(sum)));
    }

    fn solve(&mut self) {
        let mut chosen: Vec<&Instance> = Vec::new();
        self.instances(&mut chosen);
    }

    fn instances<'i>(&mut self, chosen: &mut Vec<&'i Instance>)
    where
        Self: 'i,
    {
        let world = self.world;
        let Some(end) = world.talk.ends.get(chosen.len()) else {
            return self.ways(chosen);
        };
        for instance in &end.instances {
            // The borrow is of the world, which outlives the solver.
            let mut longer: Vec<&Instance> = chosen.to_vec();
            longer.push(instance);
            self.instances(&mut longer);
        }
    }

    fn ways(&mut self, chosen: &[&Instance]) {
        let gates: Option<Vec<(&Node, Sum)>> = chosen.iter().map(|instance| self.gate(instance)).collect();
        let Some(gates) = gates.map(|gates| {
            gates
                .into_iter()
                .map(|(node, sum)| (node.clone(), sum))
                .collect::<Vec<_>>()
        }) else {
            return;
        };
        let gates: Vec<(&Node, Sum)> = gates.iter().map(|(node, sum)| (node, *sum)).collect();
        let mut needs: Vec<Vec<Service>> = self
            .world
            .talk
            .needed(Class::Active)
            .into_iter()
            .map(|one| vec![one])
            .collect();
        let base = gates.iter().fold((0, 0, 0), |sum, gate| plus(sum, gate.1));
        if let Some(mix) = needs.iter().position(|any| any[0] == Service::Mix) {
            needs.remove(mix);
            return self.stars(&gates, base, &needs);
        }
        if let [one, other] = chosen {
            let common = one.codecs.iter().any(|codec| other.codecs.contains(codec));
            if !common {
                let pairs = one
                    .codecs
                    .iter()
                    .flat_map(|a| other.codecs.iter().map(|b| transcode(*a, *b)));
                needs.push(pairs.collect());
            } else if self.world.talk.needs.is_empty() && one.reach == Reach::Direct && other.reach == Reach::Direct {
                let mut sum = (0, 0, 0);
                if gates[0].0.region != gates[1].0.region {
                    let seen = self
                        .world
                        .links
                        .seen(self.world.now, &gates[0].0.region, &gates[1].0.region);
                    let bad = u64::from(seen.quality.round_trip_us / 2)
                        + u64::from(seen.quality.jitter_us) * 2
                        + u64::from(seen.quality.loss_ppm) * 5;
                    sum = (1, bad + u64::from(seen.milli_units), bad);
                }
                self.enter(sum);
            }
        }
        self.chains(gates[0].0, gates.get(1).map(|gate| gate.0), base, &needs);
    }

    /// Every order, every node.
    fn chains(&mut self, at: &Node, last: Option<&Node>, so_far: Sum, left: &[Vec<Service>]) {
        if left.is_empty() {
            let end = last.map_or(Some((0, 0, 0)), |last| self.hop(at, last));
            if let Some(hop) = end {
                self.enter(plus(so_far, hop));
            }
            return;
        }
        for place in 0..left.len() {
            let mut rest = left.to_vec();
            let any = rest.remove(place);
            for node in &self.world.nodes {
                if let (Some(hop), Some(serving)) = (self.hop(at, node), self.serve_any(node, &any)) {
                    self.chains(node, last, plus(plus(so_far, hop), serving), &rest);
                }
            }
        }
    }

    fn stars(&mut self, gates: &[(&Node, Sum)], base: Sum, sides: &[Vec<Service>]) {
        for hub in &self.world.nodes {
            let Some(mixing) = self.serve(hub, &Service::Mix) else {
                continue;
            };
            let legs: Option<Vec<Sum>> = gates.iter().map(|(gate, _)| self.hop(gate, hub)).collect();
            let sides: Option<Vec<Sum>> = sides
                .iter()
                .map(|any| {
                    let at = |node: &Node| Some(plus(self.hop(hub, node)?, self.serve_any(node, any)?));
                    self.world.nodes.iter().filter_map(at).min()
                })
                .collect();
            if let (Some(legs), Some(sides)) = (legs, sides) {
                let sum = legs.into_iter().chain(sides).fold(plus(base, (0, mixing, 0)), plus);
                self.enter(sum);
            }
        }
    }
}

#[test]
fn the_search_agrees_with_a_solver_that_tries_everything() {
    let (mut paths, mut none, mut cost, mut least) = (0, 0, 0, 0);
    for seed in 0..1_500 {
        let mut chance = Chance::new(seed);
        let mut world = chance.world(4, 6);
        chance.talk(&mut world, 3);
        // Copies have no part in the score.
        world.talk.needs.retain(|need| need.class() == Class::Active);
        world.talk.needs.truncate(2);
        let mut solver = Solver {
            world: &world,
            least: None,
        };
        solver.solve();
        match (world.plan(), solver.least) {
            (Ok(plan), Some(sum)) => {
                let found = (plan.score.borders(), plan.score.cost(), plan.score.impairment());
                assert_eq!(found, sum, "seed {seed}: {}\n{}", shown(&plan), plan.explanation);
                (paths, cost, least) = (paths + 1, cost + found.1, least + sum.1);
            }
            (Err(_), None) => none += 1,
            (Ok(plan), None) => panic!("seed {seed}: there is no path, and yet: {}", shown(&plan)),
            (Err(why), Some(sum)) => panic!("seed {seed}: there is one of {sum:?}, and yet: {why}"),
        }
    }
    let ratio = cost as f64 / least as f64;
    println!("{paths} worlds with a path, {none} without; cost of the search to that of the solver: {ratio:.6}");
    assert!(
        paths > 500 && none > 50,
        "the worlds are of both kinds: {paths}, {none}"
    );
}
