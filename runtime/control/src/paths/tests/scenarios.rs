//! The scenarios of the requirements: which way media goes, and that nothing else makes it go elsewhere.

use super::*;

#[test]
fn two_ends_of_a_region_stay_there_though_signalling_is_elsewhere() {
    // RR-13 (1), RR-14: both in us, which is not the core.
    let mut world = World::three();
    world.node("us-b", &[]);
    world.between(vec![phone("us-a")], vec![phone("us-b")]);
    let plan = world.plan().unwrap();
    assert_eq!((plan.mode, shown(&plan).as_str()), (Mode::Local, "us-a > us-b"));
    assert_eq!((plan.score.borders(), plan.one_way_us), (0, INSIDE_US));
    let signalling = plan.signalling.expect("there is an anchor");
    assert_eq!((signalling.anchor, signalling.one_way_us), (id("eu-a"), Some(80_000)));
}

#[test]
fn the_anchor_has_no_influence() {
    let mut world = World::three();
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    let mut plans = Vec::new();
    for anchor in [None, Some("eu-a"), Some("us-a"), Some("ap-a"), Some("eu-gone")] {
        world.talk.anchor = anchor.map(id);
        let mut plan = world.plan().unwrap();
        plan.signalling = None;
        plans.push(plan);
    }
    assert!(plans.iter().all(|plan| *plan == plans[0]));
}

#[test]
fn ends_of_two_regions_are_connected_directly() {
    // RR-14: 1 and 2, neither the core. The way over the core would be 200 ms.
    let mut world = World::three();
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    let plan = world.plan().unwrap();
    assert_eq!((plan.mode, shown(&plan).as_str()), (Mode::MultiRegional, "us-a > ap-a"));
    assert_eq!((plan.score.borders(), plan.one_way_us), (1, 90_000));
    // And even where two good hops are shorter than a bad one: a border is a border (RR-11).
    world.way("us", "ap", 400);
    assert_eq!(world.hops(), "us-a > ap-a");
}

#[test]
fn one_end_in_the_core_is_connected_with_it() {
    let mut world = World::three();
    world.between(vec![phone("eu-a")], vec![phone("us-a")]);
    assert_eq!(world.hops(), "eu-a > us-a");
}

#[test]
fn speech_that_is_only_elsewhere_pulls_media_through_there_and_back() {
    // RR-16, MM-3: and once there is some at home, it stays there.
    let mut world = World::three();
    world.node("us-b", &[]);
    world.between(vec![phone("us-a")], vec![phone("us-b")]);
    world.need(&[say("en")]);
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > eu-m [say (en)] > us-b");
    assert_eq!(
        (plan.mode, plan.score.borders(), plan.one_way_us),
        (Mode::MultiRegional, 2, 160_000)
    );
    world.need(&[]);
    assert_eq!(world.hops(), "us-a > us-b");
    world.need(&[say("en")]);
    world.node("us-t", &[say("en")]);
    assert_eq!(world.hops(), "us-a > us-t [say (en)] > us-b");
    // Another language is another service.
    world.need(&[say("de")]);
    assert!(matches!(world.plan(), Err(NoPath::Service { .. })));
}

#[test]
fn a_service_at_the_gateway_itself_needs_no_hop() {
    let mut world = World::three();
    world.at("us-a").offers = vec![Offer {
        service: say("en"),
        capacity: 10,
        in_use: 9,
    }];
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en")]);
    let plan = world.plan().unwrap();
    assert_eq!((shown(&plan).as_str(), plan.one_way_us), ("us-a [say (en)]", 0));
    assert!(plan.ways().is_empty());
}

#[test]
fn one_end_goes_to_what_it_needs_and_no_further() {
    // RR-17, MM-8: a caller in a region that has a gateway and nothing else.
    let mut world = World::three();
    world.talk.ends = vec![end("anna", vec![phone("ap-a")])];
    assert_eq!(world.hops(), "ap-a");
    world.need(&[say("en")]);
    let plan = world.plan().unwrap();
    assert_eq!(
        (shown(&plan).as_str(), plan.one_way_us),
        ("ap-a > eu-m [say (en)]", 120_000)
    );
    world.node("us-t", &[say("en")]);
    assert_eq!(world.hops(), "ap-a > us-t [say (en)]");
}

#[test]
fn services_of_three_regions_are_one_chain_with_the_fewest_borders() {
    let mut world = World::three();
    world.node("us-c", &[Service::Capture]);
    world.node("ap-s", &[say("de")]);
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    world.need(&[say("de"), Service::Capture]);
    assert_eq!(world.hops(), "us-a > us-c [capture] > ap-s [say (de)] > ap-a");
    // The core does both, but is two borders away from either.
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en"), Service::Capture]);
    assert_eq!(world.hops(), "us-a > eu-m [say (en), capture] > us-a");
    // Unless the core is short of one of them: then each where it is.
    let full = world
        .at("eu-m")
        .offers
        .iter_mut()
        .find(|offer| offer.service == Service::Capture);
    full.expect("the core has it").capacity = 0;
    assert_eq!(world.hops(), "us-a > us-c [capture] > eu-m [say (en)] > us-a");
}

#[test]
fn a_recording_is_a_branch_and_the_conversation_goes_its_way() {
    // MM-4 to MM-6, MM-9: recorded nearby, tunnelled to the core, and nobody hears it.
    let mut world = World::three();
    world.node("us-r", &[Service::Record]);
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    let before = world.plan().unwrap();
    assert!(before.branches.is_empty());
    world.need(&[Service::Record]);
    let plan = world.plan().unwrap();
    assert!(plan.same_way(&before) && plan.one_way_us == before.one_way_us && plan.score == before.score);
    let branch = Branch {
        service: Service::Record,
        from: id("us-a"),
        at: id("us-r"),
        region: region("us"),
        tunnel: Some(region("eu")),
    };
    assert_eq!(plan.branches, [branch]);
    // Without one nearby the copy itself goes to the core, from the end that is nearer to it.
    world.at("us-r").standing = Standing::Draining;
    let plan = world.plan().unwrap();
    assert!(plan.same_way(&before));
    let branch = &plan.branches[0];
    assert_eq!(
        (branch.from.as_str(), branch.at.as_str(), &branch.tunnel),
        ("us-a", "eu-m", &None)
    );
}

#[test]
fn a_copy_and_a_service_in_the_path_are_settled_each_for_itself() {
    // MM-6: one service beside the path elsewhere, another in it at home.
    let mut world = World::three();
    world.node("us-t", &[say("en")]);
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en"), Service::Record]);
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > us-t [say (en)] > us-a");
    assert_eq!((plan.mode, plan.branches[0].at.as_str()), (Mode::Local, "eu-m"));
    // Recognition is beside the path, unless it is asked to be in it.
    let recognise = Service::Recognise(Language::new("EN").unwrap());
    world.need(std::slice::from_ref(&recognise));
    assert_eq!(world.plan().unwrap().score.borders(), 0);
    world.talk.needs = vec![Need::in_the_path(recognise).unwrap()];
    assert_eq!(world.plan().unwrap().score.borders(), 2);
    assert!(Need::in_the_path(Service::Record).is_none());
}

#[test]
fn ends_without_a_common_codec_are_transcoded_on_the_way_or_nearby() {
    let mut world = World::three();
    world.between(vec![browser("us-a")], vec![phone("us-a")]);
    // Only the core can.
    assert_eq!(world.hops(), "us-a > eu-m [transcode (PCMA and opus)] > us-a");
    world.node("us-x", &[transcode(Codec::Opus, Codec::Pcma)]);
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > us-x [transcode (PCMA and opus)] > us-a");
    assert_eq!((plan.ends[0].codec, plan.ends[1].codec), (Codec::Opus, Codec::Pcma));
    assert!(plan.costs.transcoding > 0);
    // An instance that needs none is preferred.
    world.talk.ends[0].instances.push(phone("us-a"));
    let plan = world.plan().unwrap();
    assert_eq!((shown(&plan).as_str(), plan.ends[0].codec), ("us-a", Codec::Pcma));
}

#[test]
fn of_common_codecs_the_one_both_like_best() {
    let mut world = World::three();
    let mut one = phone("us-a");
    one.codecs = vec![Codec::Opus, Codec::G722, Codec::Pcma];
    let mut other = phone("us-a");
    other.codecs = vec![Codec::Pcmu, Codec::G722, Codec::Pcma];
    world.between(vec![one], vec![other]);
    let plan = world.plan().unwrap();
    assert_eq!((plan.ends[0].codec, plan.ends[1].codec), (Codec::G722, Codec::G722));
}

#[test]
fn of_several_instances_those_that_cross_the_fewest_regions() {
    // RR-5, RR-11: an idle way of 1 ms does not make up for a border.
    let mut world = World::three();
    world.way("us", "eu", 1);
    world.at("us-a").load = Load::new(0.9);
    world.between(vec![phone("us-a")], vec![phone("eu-a"), phone("us-a"), phone("ap-a")]);
    let plan = world.plan().unwrap();
    assert_eq!(plan.ends[1].gateway, id("us-a"));
    // Where all cross one, the cheaper.
    world.between(vec![phone("us-a")], vec![phone("ap-a"), phone("eu-a")]);
    assert_eq!(world.plan().unwrap().ends[1].gateway, id("eu-a"));
}

#[test]
fn clients_go_without_us_only_where_all_of_it_allows() {
    // RR-13 (3).
    let mut world = World::three();
    world.between(vec![browser("us-a")], vec![browser("ap-a")]);
    let plan = world.plan().unwrap();
    assert_eq!(
        (plan.mode, plan.shape, plan.hops.len()),
        (Mode::PeerToPeer, Shape::Direct, 0)
    );
    assert_eq!((plan.one_way_us, plan.ends[0].codec), (90_000, Codec::Opus));
    let refusal = |world: &World| {
        let plan = world.plan().expect("there is a path");
        assert_ne!(plan.mode, Mode::PeerToPeer);
        let refused = plan.explanation.refused.iter();
        let mut reasons = refused.filter(|refused| refused.subject == Subject::PeerToPeer);
        reasons
            .next()
            .map(|refused| refused.reason.to_string())
            .unwrap_or_default()
    };
    world.need(&[Service::Record]);
    assert_eq!(refusal(&world), "record needs media at a node");
    world.need(&[]);
    let mut refuses = Rule::new(Scope::End(Arc::from("bert")));
    refuses.peer_to_peer = PeerToPeer::Refused;
    world.rules = vec![refuses];
    assert_eq!(refusal(&world), "a rule refuses media from client to client");
    world.rules.clear();
    world.talk.ends[1].instances[0].reach = Reach::Gateway;
    assert_eq!(refusal(&world), "bert cannot go without its gateway");
    world.between(vec![browser("us-a")], vec![browser("ap-a")]);
    world.talk.ends[1].instances[0].codecs = vec![Codec::Pcma];
    assert_eq!(refusal(&world), "the ends share no codec");
}

#[test]
fn three_ends_are_mixed_where_it_crosses_least() {
    // RR-18, MM-10: each leg is its own.
    let mut world = World::three();
    world.talk.ends = vec![
        end("anna", vec![phone("us-a")]),
        end("bert", vec![phone("us-a")]),
        end("carl", vec![browser("ap-a")]),
    ];
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > us-a > ap-a > eu-m [mix]");
    assert_eq!(
        (plan.shape, plan.score.borders(), plan.one_way_us),
        (Shape::Star(3), 3, 200_000)
    );
    world.node("us-m", &[Service::Mix]);
    world.need(&[say("en")]);
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > us-a > ap-a > us-m [mix] > eu-m [say (en)]");
    assert_eq!((plan.score.borders(), plan.one_way_us), (2, 90_500));
    assert_eq!(plan.ways(), [(0, 3), (1, 3), (2, 3), (4, 3)]);
    // A mixer at somebody's gateway.
    world.at("us-a").offers = vec![Offer {
        service: Service::Mix,
        capacity: 4,
        in_use: 0,
    }];
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > us-a > ap-a > us-a [mix] > eu-m [say (en)]");
    assert_eq!(plan.ways(), [(2, 3), (4, 3)]);
}

#[test]
fn if_the_gain_is_negligible_the_better_equipped_region_is_taken() {
    // MM-12: 3 ms nearer is nothing against a region that has all; 40 ms is.
    let mut world = World::three();
    world.node("de-a", &[]);
    world.way("de", "us", 77);
    world.between(vec![phone("us-a")], vec![phone("de-a"), phone("eu-a")]);
    assert_eq!(world.plan().unwrap().ends[1].gateway, id("eu-a"));
    world.way("de", "us", 40);
    assert_eq!(world.plan().unwrap().ends[1].gateway, id("de-a"));
}

#[test]
fn load_moves_services_and_a_full_or_overloaded_node_serves_nobody_new() {
    // RR-20.
    let mut world = World::three();
    world.node("us-s", &[say("en")]);
    world.node("us-t", &[say("en")]);
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en")]);
    assert_eq!(world.hops(), "us-a > us-s [say (en)] > us-a");
    world.at("us-s").load = Load::new(0.6);
    assert_eq!(world.hops(), "us-a > us-t [say (en)] > us-a");
    world.at("us-t").offers[0].in_use = 100;
    assert_eq!(world.hops(), "us-a > us-s [say (en)] > us-a");
    world.at("us-s").load = Load::new(0.97);
    let plan = world.plan().unwrap();
    assert_eq!(shown(&plan), "us-a > eu-m [say (en)] > us-a");
    let words = plan.explanation.to_string();
    assert!(words.contains("say (en) at us-s: its node is overloaded"), "{words}");
    assert!(
        words.contains("say (en) at us-t: all of the service there is in use"),
        "{words}"
    );
}

#[test]
fn the_explanation_names_what_was_not_taken_and_why() {
    let mut world = World::three();
    world.node("ap-s", &[say("en")]);
    world.between(vec![phone("us-a"), phone("ap-a")], vec![phone("us-a")]);
    world.need(&[say("en")]);
    let plan = world.plan().unwrap();
    let chosen: Vec<&Considered> = plan
        .explanation
        .considered
        .iter()
        .filter(|one| one.rejected.is_none())
        .collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(
        (chosen[0].score, chosen[0].costs.total()),
        (plan.score, plan.score.cost())
    );
    let words = plan.explanation.to_string();
    assert!(words.contains("multi-regional: ap-a ap-s us-a; borders 1, "), "{words}");
    assert!(
        words.contains("us-a eu-m us-a; borders 2") && words.contains("crosses 1 more borders"),
        "{words}"
    );
    assert!(
        words.contains("ap-a eu-m us-a; borders 2"),
        "a service elsewhere: {words}"
    );
}

#[test]
fn what_is_missing_is_said_and_where_it_would_be() {
    let mut world = World::three();
    world.between(vec![phone("us-a")], vec![phone("mx-a"), phone("us-x")]);
    let why = world.plan().unwrap_err().to_string();
    assert_eq!(
        why,
        "the end bert has no gateway that may be used: mx-a: its node is gone; us-x: its node is gone"
    );
    world.between(vec![phone("us-a")], vec![phone("us-a")]);
    world.need(&[say("en")]);
    world.at("eu-m").offers[0].in_use = 100;
    let why = world.plan().unwrap_err().to_string();
    assert_eq!(
        why,
        "say (en) can be had nowhere: eu: all of the service there is in use"
    );
    world.need(&[say("fr")]);
    let why = world.plan().unwrap_err().to_string();
    assert_eq!(why, "say (fr) can be had nowhere: no region has it");
    world.need(&[Service::Record]);
    world.at("eu-m").standing = Standing::Draining;
    let why = world.plan().unwrap_err().to_string();
    assert_eq!(why, "record can be had nowhere: eu: its node is draining");
    world.need(&[]);
    world.between(vec![phone("us-a")], vec![browser("us-a")]);
    let why = world.plan().unwrap_err().to_string();
    let wanted = "one end speaks PCMA, the other opus, and nothing transcodes between them: eu: its node is draining";
    assert_eq!(why, wanted);
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    let cut = world.links.passage(&region("ap"), &region("us"), Passage::Cut);
    cut.expect("there is room");
    let why = world.plan().unwrap_err().to_string();
    assert_eq!(why, "ends and services do not reach each other: cut between ap and us");
}

#[test]
fn a_way_that_is_cut_is_not_used_and_a_service_elsewhere_goes_around() {
    let mut world = World::three();
    world.links.passage(&region("us"), &region("ap"), Passage::Cut).unwrap();
    world.between(vec![phone("us-a")], vec![phone("ap-a")]);
    world.need(&[say("en")]);
    assert_eq!(world.hops(), "us-a > eu-m [say (en)] > ap-a");
}
