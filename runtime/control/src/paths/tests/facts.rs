//! What is known of ways and nodes, and what is refused of it.

use super::*;

fn heard(round_trip_us: u32, jitter_us: u32, loss_ppm: u32) -> Quality {
    Quality {
        round_trip_us,
        jitter_us,
        loss_ppm,
    }
}

#[test]
fn a_measurement_counts_in_full_then_fades_to_what_is_expected() {
    let World { now, mut links, .. } = World::empty();
    let (us, eu) = (region("us"), region("eu"));
    assert_eq!(links.seen(now, &us, &eu).quality, Quality::UNKNOWN);
    links.expect(&eu, &us, heard(100_000, 1_000, 0), 7).unwrap();
    links.heard(now, &us, &eu, heard(200_000, 3_000, 10_000)).unwrap();
    let after = |seconds| links.seen(now + Duration::from_secs(seconds), &eu, &us);
    assert_eq!(after(10).quality, heard(200_000, 3_000, 10_000));
    assert_eq!(after(65).quality, heard(150_000, 2_000, 5_000));
    assert_eq!(
        (after(120).quality, after(9_999).milli_units),
        (heard(100_000, 1_000, 0), 7)
    );
}

#[test]
fn measurements_are_smoothed_until_they_are_stale() {
    let World { now, mut links, .. } = World::empty();
    let (us, eu) = (region("us"), region("eu"));
    links.heard(now, &us, &eu, heard(100_000, 0, 0)).unwrap();
    links.heard(now, &us, &eu, heard(180_000, 4_000, 400)).unwrap();
    assert_eq!(links.seen(now, &us, &eu).quality, heard(120_000, 1_000, 100));
    let later = now + STALE;
    links.heard(later, &us, &eu, heard(50_000, 0, 0)).unwrap();
    assert_eq!(links.seen(later, &us, &eu).quality, heard(50_000, 0, 0));
}

#[test]
fn a_way_is_as_good_as_its_worse_direction() {
    let World { now, mut links, .. } = World::empty();
    let (us, eu) = (region("us"), region("eu"));
    links.heard(now, &us, &eu, heard(100_000, 9_000, 0)).unwrap();
    links.heard(now, &eu, &us, heard(90_000, 1_000, 20_000)).unwrap();
    let both = heard(100_000, 9_000, 20_000);
    assert_eq!(links.seen(now, &us, &eu).quality, both);
    assert_eq!(links.seen(now, &eu, &us).quality, both);
    links.forget(&us);
    assert_eq!(links.seen(now, &us, &eu).quality, Quality::UNKNOWN);
}

#[test]
fn what_is_beyond_belief_is_bounded_and_what_is_beyond_the_table_refused() {
    let World { now, mut links, .. } = World::empty();
    let (us, eu) = (region("us"), region("eu"));
    assert_eq!(
        links.heard(now, &us, &us, heard(1, 1, 1)),
        Err(LinkError::WithinARegion)
    );
    links.heard(now, &us, &eu, heard(u32::MAX, u32::MAX, u32::MAX)).unwrap();
    let most = heard(MICROS_MAX, MICROS_MAX, PPM_MAX);
    assert_eq!(links.seen(now, &us, &eu).quality, most);
    for number in 1..LINKS_MAX {
        let other = region(&format!("r{number}"));
        links.passage(&us, &other, Passage::Open).unwrap();
    }
    let refused = links.passage(&us, &region("one-more"), Passage::Cut).unwrap_err();
    assert!(refused.to_string().contains("2016 pairs"), "{refused}");
    links.passage(&us, &eu, Passage::Cut).unwrap();
    assert_eq!(links.seen(now, &us, &eu).passage, Passage::Cut);
}

#[test]
fn a_snapshot_has_limits_and_names_each_node_once() {
    let mut world = World::empty();
    let refused = |world: &World| {
        let made = Snapshot::new(world.now, &world.nodes, &world.links, &world.core);
        made.unwrap_err().to_string()
    };
    world.node("us-a", &[Service::Mix]);
    world.node("us-a", &[]);
    assert_eq!(
        refused(&world),
        "two nodes have the name us-a; each has its own in the cluster"
    );
    world.nodes.pop();
    world.node("us-b", &[Service::Mix, Service::Record, Service::Mix]);
    assert_eq!(refused(&world), "us-b offers mix twice; add the capacities up");
    world.nodes.pop();
    let languages: Vec<Service> = (0..=OFFERS_MAX).map(|number| say(&format!("en-{number}"))).collect();
    world.node("us-b", &languages);
    assert_eq!(refused(&world), "us-b offers 65 services; at most 64 are read");
    world.nodes.clear();
    for number in 0..=REGIONS_MAX {
        world.node(&format!("r{number}-a"), &[]);
    }
    assert_eq!(refused(&world), "at most 64 regions are planned with, not 65");
    world.nodes.clear();
    for number in 0..=NODES_MAX {
        world.node(&format!("us-{number}"), &[]);
    }
    assert_eq!(refused(&world), "at most 4096 nodes are planned with, not 4097");
}

#[test]
fn what_cannot_be_planned_is_refused_with_what_would_be_right() {
    let mut world = World::three();
    let refused = |world: &World| world.plan().unwrap_err().to_string();
    assert_eq!(refused(&world), "a conversation has 1 to 16 ends, not 0");
    world.talk.ends = (0..=ENDS_MAX)
        .map(|number| end(&format!("e{number}"), vec![phone("us-a")]))
        .collect();
    assert_eq!(refused(&world), "a conversation has 1 to 16 ends, not 17");
    world.talk.ends = vec![end("anna", vec![phone("us-a")]), end("anna", vec![phone("us-a")])];
    assert_eq!(refused(&world), "two ends have the name anna; give each its own");
    world.between(vec![phone("us-a")], vec![]);
    assert_eq!(refused(&world), "the end bert has 1 to 8 instances, not 0");
    world.between(vec![phone("us-a"), phone("us-a")], vec![phone("us-a")]);
    assert_eq!(
        refused(&world),
        "two instances of the end anna have one name; give each its own"
    );
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.talk.ends[1].instances[0].codecs.clear();
    assert_eq!(refused(&world), "each instance of the end bert speaks 1 to 4 codecs");
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    let languages: Vec<Service> = ["de", "en", "fr", "it"].map(say).to_vec();
    world.need(&languages);
    assert_eq!(refused(&world), "at most 3 services are in a path, not 4");
    // The same twice is one.
    world.need(&[say("en"), say("en"), say("en"), say("EN")]);
    assert!(world.plan().is_ok());
    let heard: Vec<Service> = (0..=PASSIVE_MAX)
        .map(|number| Service::Recognise(Language::new(&format!("en-{number}")).unwrap()))
        .collect();
    world.need(&heard);
    assert_eq!(refused(&world), "at most 8 services are beside a path, not 9");
}

#[test]
fn loads_languages_and_pairs_are_read_strictly() {
    assert_eq!(Load::new(0.25).thousandths(), 250);
    assert_eq!(Load::new(-1.0), Load::default());
    assert_eq!(
        (Load::new(7.0), Load::new(f64::NAN), Load::of(0, 0)),
        (Load::FULL, Load::FULL, Load::FULL)
    );
    assert_eq!(Load::of(3, 4).thousandths(), 750);
    assert_eq!(Language::new("en-US").unwrap().as_str(), "en-us");
    assert!(Language::new("English!").is_none());
    assert_eq!(
        CodecPair::new(Codec::Opus, Codec::Pcmu),
        CodecPair::new(Codec::Pcmu, Codec::Opus)
    );
    assert!(CodecPair::new(Codec::G722, Codec::G722).is_none());
}

#[test]
fn a_cost_is_shown_by_component() {
    let mut world = World::three();
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    world
        .links
        .expect(&region("us"), &region("ap"), heard(180_000, 2_000, 1_000), 3_000)
        .unwrap();
    let costs = world.plan().unwrap().costs;
    // Two regions without any service; 90 ms; twice 2 ms; 5 ms for a thousandth; 3 units.
    assert_eq!(
        costs.to_string(),
        "110.0 ms (latency 90.0, jitter 4.0, loss 5.0, money 3.0, equipment 8.0)"
    );
    assert_eq!(Costs::default().to_string(), "0.0 ms");
}
