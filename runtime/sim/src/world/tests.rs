//! The world without programs: its clock, its log and its end. Calls with handlers are in `tests/calls`.

use super::*;
use crate::phone::{End, Event, Offer};
use patchcord_control::route::Routes;
use patchcord_media::Clip;

fn world(seed: u64) -> World {
    #[allow(clippy::disallowed_methods, reason = "an origin for the virtual clock")]
    World::new(Setup::new(Instant::now(), seed))
}

fn end(world: &World, phone: PhoneId) -> Option<End> {
    world.seat(phone).events().iter().find_map(|(_, event)| match event {
        Event::Ended { end, .. } => Some(*end),
        _ => None,
    })
}

#[test]
fn a_node_without_routes_knows_nobody_and_comes_to_rest() {
    let mut world = world(1);
    let nobody = Directory::new(Routes::default(), Vec::new(), Arc::new(Clip::from_samples(&[])));
    world.set_directory(nobody.into());
    let phone = world.add_phone("alice", PhoneOptions::default());
    world.call(phone, "100", Offer::InInvite).unwrap();
    world.run_to_rest(Duration::from_secs(60)).unwrap();
    assert_eq!(end(&world, phone), Some(End::Refused { status: 404 }));
    assert!(
        world.log().says("alice", "-> node     INVITE sip:100@"),
        "{}",
        world.log()
    );
    assert!(world.log().says(NODE, "-> alice    SIP/2.0 404"), "{}", world.log());
    assert!(world.log().says(NODE, "(INVITE)"));
    assert!(world.records().is_empty());
}

#[test]
fn a_node_that_does_not_know_yet_what_is_deployed_says_so_and_not_that_nobody_is_there() {
    let mut world = world(1);
    let phone = world.add_phone("alice", PhoneOptions::default());
    world.call(phone, "100", Offer::InInvite).unwrap();
    world.run_to_rest(Duration::from_secs(60)).unwrap();
    assert_eq!(end(&world, phone), Some(End::Refused { status: 503 }));
    assert_eq!(
        (world.counts().refused_starting, world.counts().refused_no_route),
        (1, 0)
    );
}

#[test]
fn what_is_still_alive_is_named() {
    let mut world = world(1);
    let phone = world.add_phone("alice", PhoneOptions::default());
    let cut = Conditions {
        loss: 1.0,
        ..Conditions::default()
    };
    world.set_conditions(phone, cut);
    world.call(phone, "100", Offer::InInvite).unwrap();
    let leftover = world.run_to_rest(Duration::from_secs(20)).unwrap_err();
    assert_eq!(leftover.to_string(), "1 phones in a call");
    world.run_to_rest(Duration::from_secs(60)).unwrap();
    assert_eq!(end(&world, phone), Some(End::TimedOut));
    assert!(world.log().says("alice", "(lost)"));
    assert_eq!(world.carried().lost, world.carried().sent);
}

#[test]
fn time_passes_exactly_and_only_when_told() {
    let mut world = world(1);
    world.run_for(Duration::from_millis(1_234));
    assert_eq!(world.now(), Duration::from_millis(1_234));
    assert!(!world.run_until(Duration::from_secs(5), |_| false));
    assert_eq!(world.now(), Duration::from_millis(6_234));
    assert!(world.run_until(Duration::from_secs(5), |_| true));
    assert_eq!(world.now(), Duration::from_millis(6_234));
}

#[test]
fn a_network_conditions_change_holds_from_then_on() {
    let mut world = world(1);
    let phone = world.add_phone("alice", PhoneOptions::default());
    let slow = Conditions {
        delay: Duration::from_millis(200),
        ..Conditions::default()
    };
    world.set_conditions(phone, slow);
    world.call(phone, "100", Offer::InInvite).unwrap();
    world.run_to_rest(Duration::from_secs(60)).unwrap();
    let refused = world.seat(phone).when(|event| matches!(event, Event::Ended { .. }));
    assert_eq!(refused, Some(Duration::from_millis(400)));
}

#[test]
fn the_log_has_an_end_and_says_so() {
    let mut log = Log::default();
    let who: Arc<str> = "x".into();
    for _ in 0..LOG_LINES + 3 {
        log.push(Duration::ZERO, &who, String::new());
    }
    assert_eq!((log.lines().len(), log.dropped()), (LOG_LINES, 3));
    assert!(log.to_string().contains("(3 lines more were not kept)"));
}

#[test]
fn a_recording_keeps_its_later_half_and_its_times() {
    let mut recording = Recording::default();
    let frames = RECORDING_SECONDS * 50 + 1;
    let at = |n: usize| Duration::from_secs(5) + Duration::from_millis(20) * n as u32;
    for n in 0..frames {
        recording.push(at(n), &[(n % 30_000) as i16; 160]);
    }
    assert_eq!(recording.dropped(), RECORDING_SECONDS * 8_000 / 2);
    assert_eq!(recording.samples().len() + recording.dropped(), frames * 160);
    let later = 60_000;
    assert_eq!(recording.since(at(later))[0], 0, "the frame of that moment");
    assert_eq!(recording.since(at(frames - 1)).len(), 160);
    assert!(recording.since(at(frames + 5)).is_empty());
    assert_eq!(recording.since(Duration::ZERO).len(), recording.samples().len());
}

#[test]
fn phones_register_as_users_stay_registered_and_leave_at_rest() {
    #[allow(clippy::disallowed_methods, reason = "an origin for the virtual clock")]
    let mut world = World::new(Setup::new(Instant::now(), 1).with_users(&["alice"]));
    let lossy = PhoneOptions {
        conditions: Conditions {
            loss: 0.2,
            ..Conditions::default()
        },
        ..PhoneOptions::default()
    };
    let [alice, mallory] = ["alice", "mallory"].map(|name| world.add_phone(name, lossy.clone()));
    world.register(alice, "alice");
    world.register(mallory, "nobody");
    world.run_for(Duration::from_secs(1_000));
    let times = |phone: PhoneId| {
        let events = world.seat(phone).events().iter();
        events
            .filter(|(_, event)| matches!(event, Event::Registered { .. }))
            .count()
    };
    assert!(times(alice) >= 4, "renewed every 225 s: {}", world.log());
    assert_eq!(times(mallory), 0, "the node has no such user");
    assert!(world.seat(alice).phone().stays_registered() && !world.seat(mallory).phone().registers());
    world.run_to_rest(Duration::from_secs(200)).unwrap();
    assert!(world.seat(alice).when(|event| *event == Event::Unregistered).is_some());
}

#[test]
fn phones_reach_each_other_by_address() {
    let mut world = world(1);
    let answers = |hz| PhoneOptions {
        incoming: phone::Incoming::Answer {
            after: Duration::from_secs(1),
        },
        hum: Some(hz),
        ..PhoneOptions::default()
    };
    let alice = world.add_phone("alice", answers(500));
    let bob = world.add_phone("bob", answers(700));
    let dial = phone::Dial {
        uri: Uri::parse(&format!("sip:bob@{}", world.seat(bob).sip())).unwrap(),
        destination: world.seat(bob).sip(),
        from: patchcord_sip::NameAddr::new(Uri::parse("sip:alice@10.0.0.1").unwrap()),
        offer: Offer::InInvite,
    };
    world.act(alice, phone::Action::Call(dial));
    world.run_for(Duration::from_secs(4));
    for (hears, hz) in [(alice, 700.0), (bob, 500.0)] {
        let heard = world.seat(hears).recording().since(Duration::from_secs(3));
        let level = patchcord_media::measure::frequency_dbfs(heard, 8_000, hz);
        assert!(level > -25.0, "{hz} Hz at {level}");
    }
    assert!(world.log().says("alice", "-> bob      INVITE"), "{}", world.log());
    world.act(bob, phone::Action::HangUp);
    world.run_to_rest(Duration::from_secs(60)).unwrap();
    assert_eq!(end(&world, alice), Some(End::ByFarEnd));
    assert_eq!(end(&world, bob), Some(End::ByPhone));
}
