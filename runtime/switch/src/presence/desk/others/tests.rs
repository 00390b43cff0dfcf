//! Two desks that are told of each other, by a pretend clock.

use super::*;
use crate::presence::desk::tests::{World, acme, browser, says};
use crate::presence::{LegOf, OnCall, PresenceAsk, PresenceTold};
use patchcord_control::presence::{Availability, Reach, WhenBusy};

fn phone(instance: &str, status: Status) -> Elsewhere {
    Elsewhere {
        instance: instance.into(),
        agent: "Page".into(),
        node: "us1-a".into(),
        region: "us1".into(),
        status,
        way: Some(WayElsewhere {
            contact: Uri::parse("sip:anna@page.invalid;transport=ws").expect("a URI"),
            path: "<sip:token@10.0.0.9:5071;transport=tls;lr>".to_owned(),
            door: "10.0.0.9:5071".parse().expect("an address"),
            node: "us1-a".into(),
            is_browser: true,
        }),
    }
}

fn available() -> Status {
    Status::new(Availability::Available)
}

fn world() -> World {
    World {
        desk: PresenceDesk::among_others("eu1-a"),
        ..World::new()
    }
}

fn came(world: &mut World, device: Elsewhere) {
    let came = world.desk.came_elsewhere(world.now, (&acme(), "anna"), device);
    came.expect("there is room");
}

fn rings(world: &mut World, when_busy: WhenBusy) -> Option<(usize, Vec<WayElsewhere>)> {
    let ask = PresenceAsk::Reach {
        identity: "anna".to_owned().into(),
        when_busy,
    };
    match world.desk.ask(world.now, &acme(), &ask) {
        PresenceTold::Reach(Reach::Ring(clients), ways) => {
            Some((clients.len(), ways.into_iter().map(|(_, way)| way).collect()))
        }
        _ => None,
    }
}

fn leg(client: Option<ClientId>, what: LegOf) -> OnCall {
    OnCall {
        tenant: acme(),
        identity: "anna".to_owned().into(),
        client,
        what,
    }
}

fn legs(calls: &[(Option<&str>, u32)], ringing: u32) -> Legs {
    Legs {
        calls: calls
            .iter()
            .map(|(instance, count)| (instance.map(Arc::from), *count))
            .collect(),
        ringing,
    }
}

fn told(world: &mut World) -> Vec<ToOthers> {
    std::iter::from_fn(|| world.desk.poll_to_others()).collect()
}

#[test]
fn a_device_of_another_node_rings_beside_those_of_this_one_and_goes() {
    let mut world = world();
    assert_eq!(rings(&mut world, WhenBusy::Skip), None);
    came(&mut world, phone("urn:b", available()));
    let (count, ways) = rings(&mut world, WhenBusy::Skip).expect("it rings");
    assert_eq!((count, ways.len()), (1, 1));
    assert!(ways[0].is_browser && &*ways[0].node == "us1-a");
    world.register(browser("anna", "urn:a", 1), 60);
    let (count, ways) = rings(&mut world, WhenBusy::Skip).expect("both ring");
    assert_eq!((count, ways.len()), (2, 1));
    came(&mut world, phone("urn:b", says(Availability::DoNotDisturb, "later")));
    let (count, ways) = rings(&mut world, WhenBusy::Skip).expect("the other rings");
    assert_eq!((count, ways.len()), (1, 0));
    came(&mut world, phone("urn:b", available()));
    world.desk.gone_elsewhere(world.now, (&acme(), "anna"), "urn:b");
    let (count, ways) = rings(&mut world, WhenBusy::Skip).expect("the one here rings");
    assert_eq!((count, ways.len()), (1, 0));
    assert!(world.desk.devices_elsewhere((&acme(), "anna")).is_empty());
}

#[test]
fn calls_at_another_node_make_busy_and_are_over_whatever_happened_to_the_device() {
    let mut world = world();
    came(&mut world, phone("urn:b", available()));
    let who = (&acme(), "anna");
    world
        .desk
        .legs_elsewhere(world.now, who, &legs(&[(Some("urn:b"), 1), (None, 1)], 1));
    assert_eq!(world.status("anna").availability, Availability::Busy);
    assert_eq!(rings(&mut world, WhenBusy::Skip), None);
    // It comes in at this node while it talks.
    world.desk.gone_elsewhere(world.now, who, "urn:b");
    world.register(browser("anna", "urn:b", 1), 60);
    assert_eq!(world.status("anna").availability, Availability::Busy);
    world.desk.legs_elsewhere(world.now, who, &legs(&[], 0));
    assert_eq!(world.status("anna").availability, Availability::Available);
    let view = world.desk.view(who).expect("a name");
    assert_eq!((view.calls, view.ringing), (0, 0));
}

#[test]
fn others_are_told_of_legs_words_and_statuses_of_this_node_alone() {
    let mut world = world();
    world.register(browser("anna", "urn:a", 1), 60);
    let client = world
        .desk
        .client_at(&identity(&acme(), "anna").expect("a name"), "urn:a");
    world.desk.on_call(world.now, &leg(client, LegOf::Rings));
    world.desk.on_call(world.now, &leg(client, LegOf::RingsNoMore));
    world.desk.on_call(world.now, &leg(client, LegOf::Began));
    let who = identity(&acme(), "anna").expect("a name");
    assert_eq!(
        told(&mut world),
        [ToOthers::Legs(who.clone(), legs(&[(Some("urn:a"), 1)], 0))]
    );
    // It registers as somebody else meanwhile; the leg is still that of the instance it began at.
    world.register(browser("anna", "urn:a", 1), 0);
    world.desk.on_call(world.now, &leg(client, LegOf::Over));
    assert_eq!(told(&mut world), [ToOthers::Legs(who.clone(), legs(&[], 0))]);
    assert!(world.desk.others.here.is_empty());
    // What others say is not said again.
    came(&mut world, phone("urn:b", available()));
    world
        .desk
        .legs_elsewhere(world.now, (&acme(), "anna"), &legs(&[(None, 1)], 1));
    let word = says(Availability::DoNotDisturb, "on holiday");
    world
        .desk
        .word_elsewhere(world.now, (&acme(), "anna"), Some(word.clone()))
        .expect("a word");
    assert_eq!(told(&mut world), []);
    assert_eq!(world.status("anna").availability, Availability::DoNotDisturb);
    world.desk.set(world.now, (&acme(), "anna"), None).expect("a name");
    assert_eq!(told(&mut world), [ToOthers::Word(who.clone(), None)]);
    world.register(browser("anna", "urn:a", 1), 60);
    let away = says(Availability::Busy, "at lunch");
    let said = world.desk.publish(world.now, (&acme(), "anna"), "urn:a", away.clone());
    said.expect("it is registered");
    assert_eq!(told(&mut world), [ToOthers::Status(who, "urn:a".into(), away)]);
}

#[test]
fn a_desk_that_is_alone_keeps_nothing_for_others() {
    let mut world = World::new();
    world.register(browser("anna", "urn:a", 1), 60);
    world.desk.on_call(world.now, &leg(None, LegOf::Began));
    world
        .desk
        .set(world.now, (&acme(), "anna"), Some(available()))
        .expect("a name");
    assert_eq!(told(&mut world), []);
    assert!(world.desk.others.here.is_empty() && world.desk.others.words.is_empty());
}

#[test]
fn a_device_that_moved_away_is_no_client_here_until_it_registers_again() {
    let mut world = world();
    world.register(browser("anna", "urn:a", 1), 60);
    world.desk.moved_away(world.now, (&acme(), "anna"), "urn:a");
    came(&mut world, phone("urn:a", available()));
    let (count, ways) = rings(&mut world, WhenBusy::Skip).expect("it rings there");
    assert_eq!((count, ways.len()), (1, 1));
    world.desk.gone_elsewhere(world.now, (&acme(), "anna"), "urn:a");
    assert_eq!(rings(&mut world, WhenBusy::Skip), None);
    world.register(browser("anna", "urn:a", 1), 60);
    let (count, ways) = rings(&mut world, WhenBusy::Skip).expect("it rings here");
    assert_eq!((count, ways.len()), (1, 0));
}
