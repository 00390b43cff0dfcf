//! Random worlds, each from a seed, and what holds in all of them.

use super::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Chance from a seed.
pub(super) struct Chance(ChaCha12Rng);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// Less than this.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn services() -> Vec<Service> {
        let recognise = Service::Recognise(Language::new("en").expect("a tag"));
        vec![
            say("en"),
            say("de"),
            recognise,
            transcode(Codec::Pcma, Codec::Opus),
            transcode(Codec::Pcmu, Codec::Opus),
            transcode(Codec::Pcma, Codec::Pcmu),
            Service::Record,
            Service::Mix,
            Service::Capture,
            Service::Stream,
        ]
    }

    /// Up to so many regions and nodes; some are full, draining or overloaded, some ways are cut, some regions prohibited.
    pub(super) fn world(&mut self, regions: usize, nodes: usize) -> World {
        let mut world = World::empty();
        let regions = 1 + self.below(regions);
        let nodes = 2 + self.below(nodes - 1);
        for number in 0..nodes {
            let name = format!("r{}-{number}", self.below(regions));
            let mut services = Self::services();
            services.retain(|_| self.below(3) == 0);
            world.node(&name, &services);
            let node = world.nodes.last_mut().expect("it was just made");
            node.load = Load::new(self.below(100) as f64 / 100.0);
            if self.one_in(10) {
                node.standing = Standing::Draining;
            }
            for offer in &mut node.offers {
                offer.capacity = 1 + self.below(8) as u32;
                offer.in_use = self.below(offer.capacity as usize + 1) as u32;
            }
        }
        world.core = vec![region("r0")];
        for one in 0..regions {
            for other in one + 1..regions {
                self.way(&mut world, one, other);
            }
        }
        if self.one_in(3) {
            let mut rule = Rule::new(Scope::Tenant);
            rule.prohibited.insert(region(&format!("r{}", self.below(regions))));
            if self.one_in(2) {
                rule.scope = Scope::End(Arc::from("e1"));
            }
            world.rules.push(rule);
        }
        world
    }

    fn way(&mut self, world: &mut World, one: usize, other: usize) {
        let (one, other) = (region(&format!("r{one}")), region(&format!("r{other}")));
        let quality = Quality {
            round_trip_us: self.below(300_000) as u32,
            jitter_us: self.below(10_000) as u32,
            loss_ppm: self.below(10_000) as u32,
        };
        let money = self.below(5_000) as u32;
        world.links.expect(&one, &other, quality, money).expect("there is room");
        if self.one_in(8) {
            world.links.passage(&one, &other, Passage::Cut).expect("there is room");
        }
    }

    /// Up to so many ends, and something that is needed.
    pub(super) fn talk(&mut self, world: &mut World, ends: usize) {
        let names: Vec<NodeId> = world.nodes.iter().map(|node| node.id.clone()).collect();
        for number in 0..1 + self.below(ends) {
            let mut instances = Vec::new();
            for place in 0..1 + self.below(2) {
                let mut codecs = vec![Codec::Opus, Codec::Pcma, Codec::Pcmu];
                codecs.rotate_left(self.below(3));
                codecs.truncate(1 + self.below(2));
                instances.push(Instance {
                    name: Arc::from(format!("i{place}")),
                    gateway: names[self.below(names.len())].clone(),
                    codecs,
                    reach: if self.one_in(2) { Reach::Direct } else { Reach::Gateway },
                });
            }
            world.talk.ends.push(end(&format!("e{number}"), instances));
        }
        self.needs(world);
    }

    pub(super) fn needs(&mut self, world: &mut World) {
        let mut services = Self::services();
        services.retain(|service| !matches!(service, Service::Transcode(_)) && self.below(4) == 0);
        services.truncate(3);
        world.need(&services);
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.below(place + 1));
        }
    }
}

/// What must hold of any plan in the world that it was made in.
fn check(world: &World, plan: &Plan) {
    let node = |name: &NodeId| world.nodes.iter().find(|node| node.id == *name).expect("it is there");
    let prohibited = |region: &Region| world.rules.iter().any(|rule| rule.prohibited.contains(region));
    let ruled = world.rules.iter().all(|rule| rule.scope == Scope::Tenant) || world.talk.ends.len() > 1;
    for (end, at) in world.talk.ends.iter().zip(&plan.ends) {
        let instance = end
            .instances
            .iter()
            .find(|instance| instance.name == at.instance)
            .expect("one of its own");
        assert!(end.name == at.end && instance.gateway == at.gateway && instance.codecs.contains(&at.codec));
        assert!(!ruled || !prohibited(&at.region));
    }
    assert_eq!(plan.ends.len(), world.talk.ends.len());
    for hop in &plan.hops {
        assert_eq!(node(&hop.node).region, hop.region);
        assert!(!ruled || !prohibited(&hop.region), "{}", shown(plan));
    }
    let mut active: Vec<Service> = plan.hops.iter().flat_map(|hop| hop.services.clone()).collect();
    active.retain(|service| !matches!(service, Service::Transcode(_)));
    active.sort_unstable();
    assert_eq!(active, world.talk.needed(Class::Active), "{}", shown(plan));
    let passive: Vec<Service> = plan.branches.iter().map(|branch| branch.service.clone()).collect();
    assert_eq!(passive, world.talk.needed(Class::Passive));
    for (one, other) in plan.ways() {
        let (one, other) = (&plan.hops[one].region, &plan.hops[other].region);
        let cut = world.links.seen(world.now, one, other).passage == Passage::Cut;
        assert!(one == other || !cut, "{}", shown(plan));
    }
    let borders = plan
        .ways()
        .into_iter()
        .filter(|(one, other)| plan.hops[*one].region != plan.hops[*other].region);
    let crossed = borders.count() as u32;
    match plan.mode {
        Mode::PeerToPeer => assert!(world.talk.needs.is_empty() && plan.hops.is_empty()),
        Mode::Local => assert!(crossed == 0 && plan.score.borders() == 0),
        Mode::MultiRegional => assert!(crossed > 0 && plan.score.borders() == crossed),
    }
    assert_eq!(plan.costs.total(), plan.score.cost());
    assert!(plan.explanation.considered.len() <= 2 * FOUND_MAX + 1 && plan.explanation.refused.len() <= REFUSED_MAX);
    let chosen = plan
        .explanation
        .considered
        .iter()
        .filter(|considered| considered.rejected.is_none());
    assert_eq!(chosen.count(), 1);
}

/// Whether all that a new plan places has room: what is kept may be full of itself.
fn has_room(world: &World, plan: &Plan) {
    let placed = plan
        .hops
        .iter()
        .flat_map(|hop| hop.services.iter().map(move |service| (service, &hop.node)));
    let beside = plan.branches.iter().map(|branch| (&branch.service, &branch.at));
    for (service, name) in placed.chain(beside) {
        let node = world.nodes.iter().find(|node| node.id == *name).expect("it is there");
        let offer = node
            .offers
            .iter()
            .find(|offer| offer.service == *service)
            .expect("it is offered");
        let open = node.standing == Standing::Open && node.load.thousandths() < OVERLOAD;
        assert!(open && offer.in_use < offer.capacity, "{service} at {name}");
    }
}

#[test]
fn plans_are_legal_the_same_each_time_and_in_whatever_order_nodes_come() {
    let mut paths = 0;
    for seed in 0..2_000 {
        let mut chance = Chance::new(seed);
        let mut world = chance.world(8, 30);
        chance.talk(&mut world, 4);
        let plan = world.plan();
        if let Ok(plan) = &plan {
            check(&world, plan);
            has_room(&world, plan);
            paths += 1;
        }
        chance.shuffle(&mut world.nodes);
        assert_eq!(world.plan(), plan, "seed {seed}");
    }
    assert!(paths > 1_000, "{paths}");
}

#[test]
fn services_beside_the_path_never_change_it() {
    let mut compared = 0;
    for seed in 0..2_000 {
        let mut chance = Chance::new(seed);
        let mut world = chance.world(8, 30);
        chance.talk(&mut world, 4);
        let mut rule = Rule::new(Scope::Tenant);
        rule.peer_to_peer = PeerToPeer::Refused;
        world.rules.push(rule);
        let Ok(with) = world.plan() else {
            continue;
        };
        world.talk.needs.retain(|need| need.class() == Class::Active);
        let without = world.plan().expect("less is needed");
        assert!(with.same_way(&without) && with.score == without.score, "seed {seed}");
        assert_eq!(with.one_way_us, without.one_way_us);
        compared += usize::from(!with.branches.is_empty());
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn a_better_node_never_makes_it_worse() {
    for seed in 0..1_000 {
        let mut chance = Chance::new(seed);
        let mut world = chance.world(8, 30);
        chance.talk(&mut world, 4);
        let before = world.plan();
        let place = chance.below(world.nodes.len());
        let name = format!("{}-better", world.nodes[place].region);
        world.node(&name, &Chance::services());
        if let Ok(before) = before {
            let after = world.plan().expect("there was a path before");
            assert!(
                after.score <= before.score,
                "seed {seed}: {:?} {:?}",
                after.score,
                before.score
            );
        }
    }
}

#[test]
fn noise_does_not_make_paths_flap() {
    let mut moved = 0;
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let mut world = chance.world(8, 30);
        chance.talk(&mut world, 4);
        let names = world.snapshot().regions().to_vec();
        let truth = |one: &Region, other: &Region| world.links.seen(world.now, one, other).quality;
        let mut pairs = Vec::new();
        for (place, one) in names.iter().enumerate() {
            pairs.extend(
                names[place + 1..]
                    .iter()
                    .map(|other| (one.clone(), other.clone(), truth(one, other))),
            );
        }
        let rules = Rules::new(world.rules.clone()).expect("there are few");
        let (mut keeper, mut ways) = (Keeper::default(), Vec::<Plan>::new());
        for _ in 0..600 {
            world.now += Duration::from_secs(1);
            for (one, other, truth) in &pairs {
                // Up to 30 % more or less of everything.
                let mut noisy = |value: u32| (u64::from(value) * (700 + chance.below(601) as u64) / 1_000) as u32;
                let quality = Quality {
                    round_trip_us: noisy(truth.round_trip_us),
                    jitter_us: noisy(truth.jitter_us),
                    loss_ppm: noisy(truth.loss_ppm),
                };
                world
                    .links
                    .heard(world.now, one, other, quality)
                    .expect("there is room");
            }
            let snapshot = world.snapshot();
            let Ok(verdict) = keeper.look(world.now, world.question(&snapshot, &rules)) else {
                break;
            };
            if ways.last().is_none_or(|last| !last.same_way(verdict.plan)) {
                ways.push(verdict.plan.clone());
            }
        }
        for (place, way) in ways.iter().enumerate() {
            let again = ways[..place].iter().any(|before| before.same_way(way));
            assert!(!again, "seed {seed}: back at {}", shown(way));
        }
        assert!(ways.len() <= 3, "seed {seed}: {} ways in ten minutes", ways.len());
        moved += ways.len().saturating_sub(1);
    }
    println!("{moved} moves of 60 paths in ten noisy minutes");
}

#[test]
fn fuzz_a_kept_plan_is_legal_and_never_crosses_more_than_a_new_one() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let mut world = chance.world(6, 20);
        chance.talk(&mut world, 4);
        let all = world.nodes.clone();
        let mut keeper = Keeper::default();
        for step in 0..40 {
            world.now += Duration::from_millis(chance.below(5_000) as u64);
            change(&mut chance, &mut world, &all);
            let (snapshot, rules) = (
                world.snapshot(),
                Rules::new(world.rules.clone()).expect("there are few"),
            );
            let question = world.question(&snapshot, &rules);
            let new = plan(question);
            let before = keeper.plan().cloned();
            match keeper.look(world.now, question) {
                Ok(verdict) => {
                    check(&world, verdict.plan);
                    let new_borders = new.map_or(u32::MAX, |new| new.score.borders());
                    assert!(verdict.plan.score.borders() <= new_borders, "seed {seed}, step {step}");
                    let still = before.is_some_and(|before| {
                        before.same_way(verdict.plan) && before.branches == verdict.plan.branches
                    });
                    assert_eq!(verdict.plan.moves.is_empty(), still, "seed {seed}, step {step}");
                }
                Err(why) => assert!(new.is_err(), "seed {seed}, step {step}: {why}"),
            }
        }
    }
}

/// Something else is there, or needed.
fn change(chance: &mut Chance, world: &mut World, all: &[Node]) {
    match chance.below(5) {
        0 => {
            let place = chance.below(world.nodes.len());
            if world.nodes.len() > 1 {
                world.nodes.remove(place);
            }
        }
        1 => {
            let back = &all[chance.below(all.len())];
            if world.nodes.iter().all(|node| node.id != back.id) {
                world.nodes.push(back.clone());
            }
        }
        2 => chance.needs(world),
        3 => {
            let place = chance.below(world.nodes.len());
            world.nodes[place].load = Load::new(chance.below(100) as f64 / 100.0);
        }
        _ => {
            let place = chance.below(world.nodes.len());
            let full = chance.one_in(2);
            for offer in &mut world.nodes[place].offers {
                offer.in_use = if full { offer.capacity } else { 0 };
            }
        }
    }
}
