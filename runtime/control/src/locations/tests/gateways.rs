//! What gateways do for their instances, rule by rule.

use super::*;
use crate::presence::{Availability, Reason, Status, TEXT_BYTES};
use crate::replica::{ALLOWANCE, Body};

const TWO: [(&str, &str); 2] = [("eu1-a", "eu1"), ("us1-a", "us1")];

#[test]
fn an_instance_is_found_at_every_node_with_all_that_is_said_of_it() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    let mut arrival = arrival(&ann, "laptop");
    arrival.place = Some(Place::new(52.5163, 13.3777).expect("it is on Earth"));
    assert_eq!(
        nodes.register(0, arrival.clone()),
        Registered { epoch: 1, was_at: None }
    );
    for node in &nodes.all {
        let found: Vec<_> = node.instances(ann.tenant(), "ann").collect();
        let [found] = &found[..] else {
            panic!("one instance, not {found:?}")
        };
        assert_eq!((found.node.as_str(), found.region.as_str()), ("eu1-a", "eu1"));
        let Instance {
            profile,
            network: from,
            bandwidth_kbps,
            place,
            history,
            state,
            connected_at_ms,
            ..
        } = found.instance;
        assert_eq!((profile, from), (&arrival.profile, &network(1)));
        assert_eq!((*bandwidth_kbps, *state, history), (2_000, State::Active, &None));
        assert_eq!(*connected_at_ms, 1_000);
        let place = place.expect("it said where");
        assert_eq!((place.latitude(), place.longitude()), (52.5, 13.4));
        assert_eq!(node.left(found), LEASE);
    }
}

#[test]
fn tenants_do_not_see_each_other() {
    let mut nodes = Nodes::new(&TWO);
    nodes.register(0, arrival(&endpoint("ann"), "laptop"));
    let other = Endpoint::new(tenant("other"), "ann").expect("a name");
    nodes.register(0, arrival(&other, "laptop"));
    for node in &nodes.all {
        assert_eq!(node.instances(&tenant("acme"), "ann").count(), 1);
        assert_eq!(node.page(&tenant("other"), None, 10).endpoints.len(), 1);
        assert_eq!(node.instances(&tenant("third"), "ann").count(), 0);
        assert_eq!(node.page(&tenant("third"), None, 10).endpoints.len(), 0);
        assert_eq!((node.of_tenant(&tenant("acme")), node.registrations()), (1, 2));
    }
}

#[test]
fn of_two_gateways_the_later_counts_and_the_other_is_told() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(1, arrival(&ann, "phone"));
    let mut moved = arrival(&ann, "phone");
    (moved.network, moved.at_ms) = (network(2), 9_000);
    let registered = nodes.register(0, moved);
    assert_eq!(
        (registered.epoch, registered.was_at.as_ref()),
        (2, Some(&nodes.names[1]))
    );
    let why = Dropped::Moved(nodes.names[0].clone());
    assert_eq!(nodes.dropped, [(1, id("phone"), why)]);
    for by in 0..2 {
        assert_eq!(nodes.seen(by, &ann), [at("phone", "eu1-a")]);
        assert_eq!(nodes.all[by].registrations(), 1, "the loser took its entry back");
        let found = nodes.all[by]
            .instances(ann.tenant(), "ann")
            .next()
            .expect("it is there");
        let history = found.instance.history.as_ref().expect("it was elsewhere before");
        let before: Vec<_> = history.iter().collect();
        assert_eq!(before.len(), 1);
        assert_eq!((before[0].node.as_str(), before[0].region.as_str()), ("us1-a", "us1"));
        assert_eq!((before[0].until_ms, &before[0].network), (9_000, &network(1)));
    }
}

#[test]
fn of_two_that_knew_nothing_of_each_other_one_counts_everywhere() {
    let mut nodes = Nodes::new(&[("eu1-a", "eu1"), ("us1-a", "us1"), ("ap1-a", "ap1")]);
    let ann = endpoint("ann");
    nodes.apart = vec![0];
    nodes.register(0, arrival(&ann, "phone"));
    nodes.register(1, arrival(&ann, "phone"));
    nodes.apart.clear();
    nodes.wait(10);
    assert_eq!(
        nodes.dropped,
        [(0, id("phone"), Dropped::Moved(nodes.names[1].clone()))]
    );
    for by in 0..3 {
        assert_eq!(nodes.seen(by, &ann), [at("phone", "us1-a")]);
    }
    // The one that lost knows better when it comes again.
    assert_eq!(nodes.register(0, arrival(&ann, "phone")).epoch, 2);
    assert_eq!(nodes.seen(2, &ann), [at("phone", "eu1-a")]);
}

#[test]
fn a_lease_ends_what_is_not_renewed_and_its_gateway_says_so() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    nodes.wait(50);
    nodes.all[0]
        .renew(nodes.now, &ann, &id("laptop"), LEASE)
        .expect("it is there");
    nodes.wait(58);
    assert_eq!(nodes.seen(1, &ann), [at("laptop", "eu1-a")]);
    nodes.wait(4);
    assert_eq!(nodes.seen(0, &ann), []);
    assert_eq!(nodes.seen(1, &ann), []);
    assert_eq!(nodes.dropped, [(0, id("laptop"), Dropped::Expired)]);
    let renewed = nodes.all[0].renew(nodes.now, &ann, &id("laptop"), LEASE);
    assert_eq!(renewed, Err(Refusal::NotHere));
}

#[test]
fn renewals_are_told_when_others_have_less_than_half_a_lease() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    let before = nodes.sent;
    for _ in 0..30 {
        nodes.wait(10);
        nodes.all[0]
            .renew(nodes.now, &ann, &id("laptop"), LEASE)
            .expect("it is there");
        nodes.settle();
        assert_eq!(nodes.seen(1, &ann), [at("laptop", "eu1-a")]);
    }
    // Two nodes beat every 5 s for 300 s: the rest are renewals.
    let renewals = nodes.sent - before - 2 * 300 / 5;
    assert!((10..=15).contains(&renewals), "{renewals} of 30 renewals were told");
    assert_eq!(nodes.dropped, []);
}

#[test]
fn what_a_gateway_forgot_to_take_back_ends_at_others_by_its_lease() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    let laptop = nodes.all[0].table.find(&ann, &id("laptop"), ME).expect("it is there");
    // As a defect of the gateway would have it: it beats, and says nothing of the instance.
    nodes.all[0].forget(laptop);
    nodes.wait(LEASE.as_secs() + 3);
    assert_eq!(nodes.seen(1, &ann).len(), 1);
    nodes.wait(ALLOWANCE.as_secs());
    assert_eq!(nodes.seen(1, &ann), []);
}

#[test]
fn a_renewal_of_what_ended_here_brings_the_whole() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    let writer = nodes.all[1].peers.find(&nodes.names[0]).expect("it was heard");
    let copy = nodes.all[1]
        .table
        .find(&ann, &id("laptop"), writer)
        .expect("it was told");
    nodes.all[1].forget(copy);
    nodes.wait(31);
    nodes.all[0]
        .renew(nodes.now, &ann, &id("laptop"), LEASE)
        .expect("it is there");
    nodes.wait(1);
    assert_eq!(nodes.seen(1, &ann), [at("laptop", "eu1-a")]);
    assert_eq!(nodes.all[1].mishaps().asked, 1);
}

#[test]
fn all_of_a_gateway_that_is_not_heard_any_more_is_lost() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    nodes.register(1, arrival(&ann, "phone"));
    assert_eq!(nodes.all[1].of_node(&nodes.names[0]).count(), 1);
    nodes.apart = vec![0];
    nodes.wait(14);
    assert_eq!(nodes.seen(1, &ann).len(), 2);
    nodes.wait(7);
    assert_eq!(nodes.seen(1, &ann), [at("phone", "us1-a")]);
    assert_eq!(nodes.all[1].of_node(&nodes.names[0]).count(), 0);
    // It was there all the time, and is heard again.
    nodes.apart.clear();
    nodes.wait(7);
    assert_eq!(nodes.seen(1, &ann), [at("laptop", "eu1-a"), at("phone", "us1-a")]);
    assert_eq!(nodes.seen(0, &ann), nodes.seen(1, &ann));
}

#[test]
fn what_was_taken_back_unheard_goes_with_the_whole_and_not_with_its_lease() {
    let mut nodes = Nodes::new(&TWO);
    let (ann, bob) = (endpoint("ann"), endpoint("bob"));
    nodes.register(0, arrival(&ann, "laptop"));
    nodes.register(0, arrival(&bob, "phone"));
    nodes.apart = vec![0];
    nodes.all[0].leave(nodes.now, &ann, &id("laptop"));
    nodes.settle();
    nodes.apart.clear();
    nodes.wait(7);
    assert_eq!(nodes.all[1].mishaps().asked, 1);
    assert_eq!(nodes.seen(1, &ann), []);
    assert_eq!(nodes.seen(1, &bob), [at("phone", "eu1-a")]);
    assert_eq!(nodes.all[1].regions().values().sum::<usize>(), 1);
}

#[test]
fn a_gateway_that_leaves_takes_all_along_and_registers_nobody() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    nodes.all[0].shut(nodes.now);
    nodes.settle();
    assert_eq!(nodes.seen(1, &ann), []);
    let refused = nodes.all[0].register(nodes.now, arrival(&ann, "laptop"));
    assert_eq!(refused, Err(Refusal::Closed));
}

#[test]
fn a_node_whose_name_another_took_stops() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    let mut second = Registrar::new(nodes.now, node("eu1-a", "eu1", 2));
    let Some(Output::Send(beat)) = second.poll() else {
        panic!("a node says that it is there")
    };
    nodes.all[0].handle(nodes.now, beat.message.clone());
    assert_eq!(nodes.all[0].poll(), Some(Output::Replaced));
    assert_eq!(nodes.all[0].poll(), None);
    let refused = nodes.all[0].register(nodes.now, arrival(&ann, "phone"));
    assert_eq!(refused, Err(Refusal::Closed));
    // And what the first said is void.
    nodes.all[1].handle(nodes.now, beat.message);
    assert_eq!(nodes.seen(1, &ann), []);
}

#[test]
fn an_endpoint_has_so_many_instances_and_no_more() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    for number in 0..INSTANCES_MAX {
        nodes.register(number % 2, arrival(&ann, &format!("device{number}")));
    }
    let more = nodes.all[0].register(nodes.now, arrival(&ann, "more"));
    assert_eq!(more, Err(Refusal::Instances));
    // One that is known may come in anywhere.
    assert_eq!(nodes.register(0, arrival(&ann, "device1")).epoch, 2);
    nodes.all[0].leave(nodes.now, &ann, &id("device0"));
    nodes.settle();
    nodes.register(1, arrival(&ann, "more"));
    assert_eq!(nodes.seen(0, &ann).len(), INSTANCES_MAX);
}

#[test]
fn too_many_that_came_at_the_same_time_are_dropped_by_the_same_rule_everywhere() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.apart = vec![0];
    for number in 0..7 {
        nodes.register(0, arrival(&ann, &format!("a{number}")));
        nodes.register(1, arrival(&ann, &format!("b{number}")));
    }
    nodes.apart.clear();
    nodes.wait(8);
    assert_eq!(nodes.seen(0, &ann), nodes.seen(1, &ann));
    assert_eq!(nodes.seen(0, &ann).len(), INSTANCES_MAX);
    assert_eq!(nodes.all[0].registrations(), INSTANCES_MAX);
    assert_eq!(nodes.dropped.len(), 4);
    assert!(
        nodes
            .dropped
            .iter()
            .all(|(by, _, why)| *by == 1 && *why == Dropped::Crowded)
    );
}

#[test]
fn changes_of_an_instance_reach_all_and_say_where_it_was() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    let before = nodes.all[1].newest();
    for number in 0..HISTORY_MAX as u8 + 3 {
        let update = Update::Network {
            at_ms: 2_000 + u64::from(number),
            network: network(2 + number),
        };
        nodes.all[0]
            .update(nodes.now, &ann, &id("laptop"), update)
            .expect("it is there");
    }
    for update in [
        Update::State(State::Away),
        Update::Bandwidth(64),
        Update::State(State::Away),
    ] {
        nodes.all[0]
            .update(nodes.now, &ann, &id("laptop"), update)
            .expect("it is there");
    }
    nodes.settle();
    let found = nodes.all[1].instances(ann.tenant(), "ann").next().expect("it is there");
    assert_eq!((found.instance.state, found.instance.bandwidth_kbps), (State::Away, 64));
    assert_eq!(found.instance.network, network(12));
    let history: Vec<u64> = found
        .instance
        .history
        .iter()
        .flat_map(|history| history.iter())
        .map(|before| before.until_ms)
        .collect();
    let expected: Vec<u64> = (0..HISTORY_MAX as u64).map(|ago| 2_010 - ago).collect();
    assert_eq!(history, expected);
    let told = nodes.all[1].since(before).expect("all are kept");
    assert!(told.events().iter().all(|event| *event == Event::Changed));
    assert_eq!(
        nodes.all[1].newest() - before,
        HISTORY_MAX as u64 + 3 + 2,
        "what is the same is not told"
    );
}

/// What became of instances, in order.
trait Events {
    fn events(self) -> Vec<Event>;
}

impl<'a, I: Iterator<Item = &'a Notice>> Events for I {
    fn events(self) -> Vec<Event> {
        self.map(|notice| notice.event).collect()
    }
}

#[test]
fn who_follows_is_told_all_in_order_or_that_it_missed_some() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    nodes.register(1, arrival(&ann, "laptop"));
    nodes.all[1].leave(nodes.now, &ann, &id("laptop"));
    nodes.settle();
    for node in &nodes.all {
        let events = node.since(0).expect("all are kept").events();
        assert_eq!(events, [Event::Came, Event::Changed, Event::Gone]);
        assert_eq!(node.since(2).expect("all are kept").count(), 1);
        assert_eq!(node.since(3).expect("all are kept").count(), 0);
        assert!(node.since(4).is_err(), "that was said by another start of the node");
    }
    let bob = endpoint("bob");
    nodes.register(0, arrival(&bob, "phone"));
    for turn in 0..NOTICES_MAX as u32 {
        let update = Update::Bandwidth(turn);
        nodes.all[0]
            .update(nodes.now, &bob, &id("phone"), update)
            .expect("it is there");
        nodes.settle();
    }
    let newest = nodes.all[0].newest();
    assert_eq!(nodes.all[0].since(0).map(Iterator::count), Err(Missed { newest }));
}

#[test]
fn what_is_wrong_is_refused_with_what_would_be_right() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    for lease in [LEASE_MIN - Duration::from_millis(1), LEASE_MAX + Duration::from_secs(1)] {
        let arrival = Arrival {
            lease,
            ..arrival(&ann, "laptop")
        };
        assert_eq!(nodes.all[0].register(nodes.now, arrival), Err(Refusal::Lease));
    }
    nodes.register(0, arrival(&ann, "laptop"));
    let renewed = nodes.all[0].renew(nodes.now, &ann, &id("laptop"), LEASE_MAX * 2);
    assert_eq!(renewed, Err(Refusal::Lease));
    let elsewhere = nodes.all[1].update(nodes.now, &ann, &id("laptop"), Update::State(State::Idle));
    assert_eq!(elsewhere, Err(Refusal::NotHere));
    assert!(Refusal::Lease.to_string().contains("10 to 86400 s"));
    assert!(Endpoint::new(tenant("acme"), "").is_err());
    assert!(InstanceId::new(&"x".repeat(INSTANCE_BYTES + 1)).is_err());
    assert!(InstanceId::new("a\nb").is_err());
    assert_eq!(Place::new(90.1, 0.0), Err(NotAFact::Place));
    assert_eq!(Place::new(0.0, f64::NAN), Err(NotAFact::Place));
    let profile = Profile::new(ClientKind::App, "phone", "app", Media::default()).expect("good names");
    let words = profile.clone().able(&["push", "opus", "push"]).expect("good words");
    assert_eq!(words.abilities().collect::<Vec<_>>(), ["opus", "push"]);
    assert_eq!(profile.able(&["x"; ABILITIES_MAX + 1]), Err(NotAFact::Abilities));
}

#[test]
fn nothing_private_is_in_what_is_printed() {
    let mut nodes = Nodes::new(&TWO);
    let number = Endpoint::new(tenant("acme"), "+15550100123").expect("a name");
    let mut arrival = arrival(&number, "laptop");
    arrival.place = Some(Place::new(12.3, -145.6).expect("it is on Earth"));
    arrival.instance = id("urn:uuid:0c67446e");
    let printed = format!("{arrival:?}");
    nodes.register(0, arrival);
    let found: Vec<_> = nodes.all[1].of_node(&nodes.names[0]).collect();
    let notices: Vec<_> = nodes.all[1].since(0).expect("all are kept").collect();
    let printed = printed + &format!("{found:?} {notices:?} {:?}", nodes.all[1]);
    for secret in ["5550100123", "192.0.2.1", "1456", "0c67446e"] {
        assert!(!printed.contains(secret), "{secret} is printed");
    }
}

#[test]
fn a_page_ends_where_the_next_begins() {
    let mut nodes = Nodes::new(&TWO);
    for number in 0..25 {
        let one = endpoint(&format!("user{number:02}"));
        nodes.register(number % 2, arrival(&one, "laptop"));
        nodes.register(0, arrival(&one, "phone"));
    }
    let mut names = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = nodes.all[1].page(&tenant("acme"), after.as_deref(), 10);
        assert!(page.endpoints.iter().all(|(_, found)| found.len() == 2));
        names.extend(page.endpoints.iter().map(|(name, _)| name.to_string()));
        match page.next {
            Some(next) => after = Some(next.to_string()),
            None => break,
        }
    }
    let expected: Vec<String> = (0..25).map(|number| format!("user{number:02}")).collect();
    assert_eq!(names, expected);
    let regions: Vec<_> = nodes.all[1].regions().into_iter().collect();
    assert_eq!(regions.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [38, 12]);
}

#[test]
fn a_node_that_comes_later_learns_all() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(0, arrival(&ann, "laptop"));
    let third = node("ap1-a", "ap1", 1);
    nodes.names.push(third.node.clone());
    nodes.all.push(Registrar::new(nodes.now, third));
    nodes.wait(7);
    assert_eq!(nodes.seen(2, &ann), [at("laptop", "eu1-a")]);
    let found = nodes.all[2].instances(ann.tenant(), "ann").next().expect("it is there");
    let left = nodes.all[2].left(&found);
    assert!(left < LEASE && left > LEASE / 2, "a lease is counted on: {left:?}");
}

#[test]
fn a_full_gateway_and_a_full_node_refuse_what_is_new_and_keep_what_is_there() {
    let mut nodes = Nodes::new(&TWO);
    let user = |number: usize| endpoint(&format!("user{number}"));
    for number in 0..GATEWAY_MAX {
        let registered = nodes.all[0].register(nodes.now, arrival(&user(number), "laptop"));
        assert!(registered.is_ok());
    }
    let more = nodes.all[0].register(nodes.now, arrival(&user(GATEWAY_MAX), "laptop"));
    assert_eq!(more, Err(Refusal::Gateway));
    let again = nodes.all[0].register(nodes.now, arrival(&user(0), "laptop"));
    assert_eq!(again.map(|registered| registered.epoch), Ok(2));
    // The other node learns of so many only by the whole, and has room for some.
    nodes.all[1].most = 1_000;
    nodes.wait(6);
    assert_eq!(
        (nodes.all[1].registrations(), nodes.all[1].left_out()),
        (1_000, GATEWAY_MAX as u64 - 1_000)
    );
    let refused = nodes.all[1].register(nodes.now, arrival(&user(GATEWAY_MAX), "laptop"));
    assert_eq!(refused, Err(Refusal::Registrations));
    assert_eq!(nodes.all[0].mishaps().dropped, GATEWAY_MAX as u64 / 4_096 * 4_096);
}

#[test]
fn many_leases_that_end_at_once_end_in_portions() {
    let mut nodes = Nodes::new(&TWO[..1]);
    for number in 0..EXPIRIES_PER_CALL + 1 {
        let one = endpoint(&format!("user{number}"));
        nodes.register(0, arrival(&one, "laptop"));
    }
    let later = nodes.now + LEASE + Duration::from_secs(1);
    nodes.all[0].deadline(later);
    assert_eq!(nodes.all[0].registrations(), 1);
    assert!(nodes.all[0].wake_at().is_some_and(|at| at <= later));
    nodes.all[0].deadline(later);
    assert_eq!(nodes.all[0].registrations(), 0);
    let told: usize = std::iter::from_fn(|| nodes.all[0].poll())
        .map(|output| match output {
            Output::Send(outgoing) => match outgoing.message.body {
                Body::Changes { changes, .. } => changes.len(),
                _ => 0,
            },
            _ => 0,
        })
        .sum();
    assert_eq!(told, EXPIRIES_PER_CALL + 1, "each is taken back");
}

fn way(contact: &str) -> Way {
    Way::new(contact, "<sip:token@eu1-a.invalid;lr>", Carrier::Wss).expect("good texts")
}

/// What a node knows that an instance says of itself, and the way to it.
fn known(node: &Registrar, of: &Endpoint) -> (Status, Option<Way>) {
    let mut found = node.instances(of.tenant(), of.name());
    let Instance { status, way, .. } = found.next().expect("it is there").instance;
    (Status::clone(status), way.clone())
}

#[test]
fn what_an_instance_says_of_itself_and_the_way_to_it_are_known_everywhere() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    nodes.register(
        0,
        Arrival {
            way: Some(way("sip:ann@one.invalid")),
            ..arrival(&ann, "page")
        },
    );
    let available = Status::new(Availability::Available);
    assert_eq!(
        known(&nodes.all[1], &ann),
        (available.clone(), Some(way("sip:ann@one.invalid")))
    );
    let away = Status {
        reason: Some(Reason::AwayShort),
        text: "at lunch".to_owned().into(),
        ..Status::new(Availability::DoNotDisturb)
    };
    for update in [
        Update::Status(away.clone()),
        Update::Status(away.clone()),
        Update::Way(Some(way("sip:ann@two.invalid"))),
    ] {
        nodes.all[0]
            .update(nodes.now, &ann, &id("page"), update)
            .expect("it is there");
        nodes.settle();
    }
    for node in &nodes.all {
        assert_eq!(known(node, &ann), (away.clone(), Some(way("sip:ann@two.invalid"))));
    }
    assert_eq!(nodes.all[1].newest(), 3, "to say the same again does nothing");
    // At another gateway it is as it said, unless it says something else.
    nodes.register(1, arrival(&ann, "page"));
    assert_eq!(known(&nodes.all[0], &ann), (away, None));
    nodes.register(
        0,
        Arrival {
            status: Some(available.clone()),
            ..arrival(&ann, "page")
        },
    );
    assert_eq!(known(&nodes.all[1], &ann), (available, None));
}

#[test]
fn a_status_with_too_long_a_text_is_refused() {
    let mut nodes = Nodes::new(&TWO);
    let ann = endpoint("ann");
    let long = Status {
        text: "x".repeat(TEXT_BYTES + 1).into(),
        ..Status::new(Availability::Busy)
    };
    let says = Arrival {
        status: Some(long.clone()),
        ..arrival(&ann, "page")
    };
    assert_eq!(nodes.all[0].register(nodes.now, says), Err(Refusal::Status));
    nodes.register(0, arrival(&ann, "page"));
    let update = nodes.all[0].update(nodes.now, &ann, &id("page"), Update::Status(long));
    assert_eq!(update, Err(Refusal::Status));
    assert_eq!(known(&nodes.all[0], &ann).0, Status::new(Availability::Available));
}

#[test]
fn an_endpoint_is_of_a_tenant_whose_name_can_be_told() {
    for tenant in [String::new(), "x".repeat(TENANT_BYTES + 1), "a\nb".to_owned()] {
        Endpoint::new(Tenant(tenant), "ann").expect_err("no such tenant");
    }
}
