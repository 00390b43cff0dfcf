//! What gateways tell, there and back.

use super::*;
use crate::locations::{Output, Registrar};
use crate::presence::{Availability, Reason, Status};
use crate::replica::tests::{Dice, fuzz, is_longest, me, message_of, number, text};
use crate::replica::{Body, Message};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

fn some_instance(dice: &mut Dice) -> InstanceId {
    let name = match dice.below(4) {
        0 => text(dice, INSTANCE_BYTES),
        1 => "urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6".to_owned(),
        _ => urn_of(u128::from(dice.below(5)) << 64 | u128::from(dice.below(2))),
    };
    InstanceId::new(&name).expect("a good name")
}

fn some_status(dice: &mut Dice) -> Status {
    let availability = [
        Availability::Available,
        Availability::Busy,
        Availability::DoNotDisturb,
        Availability::Unavailable,
    ];
    let reason = [
        None,
        Some(Reason::OnACall),
        Some(Reason::AwayShort),
        Some(Reason::AwayLong),
    ];
    let words = if dice.percent(30) {
        text(dice, 256)
    } else {
        String::new()
    };
    Status {
        availability: availability[dice.below(4) as usize],
        reason: reason[dice.below(4) as usize],
        text: words.into(),
    }
}

fn some_network(dice: &mut Dice) -> Network {
    let ip = match dice.below(2) {
        0 => IpAddr::V4(Ipv4Addr::from_bits(number(dice) as u32)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(number(dice).into())),
    };
    Network {
        ip: ip.into(),
        port: number(dice) as u16,
        link: [Link::Unknown, Link::Wired, Link::Wireless, Link::Mobile][dice.below(4) as usize],
    }
}

fn some_profile(dice: &mut Dice) -> Arc<Profile> {
    let kinds = [ClientKind::SipPhone, ClientKind::Browser, ClientKind::App];
    let media = Media {
        audio: dice.percent(50),
        video: dice.percent(50),
        text: dice.percent(50),
    };
    let (device, app) = (text(dice, 3), text(dice, NAME_BYTES));
    let abilities: Vec<String> = (0..dice.below(4)).map(|_| text(dice, ABILITY_BYTES)).collect();
    let abilities: Vec<&str> = abilities.iter().map(String::as_str).collect();
    let profile = Profile::new(kinds[dice.below(3) as usize], &device, &app, media);
    let profile = profile.and_then(|profile| profile.able(&abilities));
    Arc::new(profile.expect("good names"))
}

fn some_way(dice: &mut Dice) -> Way {
    let carriers = [Carrier::Udp, Carrier::Tcp, Carrier::Tls, Carrier::Ws, Carrier::Wss];
    let (contact, path) = (text(dice, CONTACT_BYTES), text(dice, PATH_BYTES));
    Way::new(&contact, &path, carriers[dice.below(5) as usize]).expect("good texts")
}

fn some_history(dice: &mut Dice) -> Arc<History> {
    let before = (0..dice.below(HISTORY_MAX as u64 + 1)).map(|_| Before {
        until_ms: number(dice),
        node: NodeId::new("us1-a").expect("a node's name"),
        region: Region::new("us1").expect("a region's name"),
        network: some_network(dice),
    });
    Arc::new(History::of(before.collect()))
}

fn some_endpoint(dice: &mut Dice) -> Endpoint {
    let tenant = Tenant(["acme", "other"][dice.below(2) as usize].to_owned());
    Endpoint::new(tenant, &text(dice, NAME_BYTES)).expect("a good name")
}

fn some_change(dice: &mut Dice) -> Change {
    let endpoint = some_endpoint(dice);
    let lease = Duration::from_millis(dice.below(86_400_001));
    match dice.below(4) {
        0 => Change::Renew {
            endpoint,
            instance: some_instance(dice),
            lease,
        },
        1 => Change::Remove {
            endpoint,
            instance: some_instance(dice),
        },
        _ => Change::Put(Registration {
            endpoint,
            epoch: number(dice) as u32,
            instance: Instance {
                id: some_instance(dice),
                profile: some_profile(dice),
                network: some_network(dice),
                bandwidth_kbps: number(dice) as u32,
                place: dice
                    .percent(50)
                    .then(|| Place::new(dice.below(180) as f64 - 90.0, dice.below(360) as f64 - 180.0))
                    .transpose()
                    .expect("it is on Earth"),
                connected_at_ms: number(dice),
                state: [State::Active, State::Idle, State::Away, State::Offline][dice.below(4) as usize],
                status: Arc::new(some_status(dice)),
                way: dice.percent(50).then(|| some_way(dice)),
                history: dice.percent(30).then(|| some_history(dice)),
            },
            lease,
        }),
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn fuzz_what_gateways_tell_comes_back_and_what_is_spoiled_breaks_nothing() {
    let mut now = Instant::now();
    let mut registrar = Registrar::new(now, me("reader"));
    fuzz(some_change, |message| {
        now += Duration::from_millis(100);
        registrar.handle(now, message);
        registrar.deadline(now);
        while let Some(output) = registrar.poll() {
            assert!(matches!(output, Output::Send(_)));
        }
    });
}

fn network_of(last: u128) -> Network {
    Network {
        ip: IpAddr::V6(Ipv6Addr::from_bits(u128::MAX - last)).into(),
        port: u16::MAX,
        link: Link::Mobile,
    }
}

fn longest() -> Change {
    let long = |bytes: usize| "é".repeat(bytes / 2);
    let abilities: Vec<String> = (0..ABILITIES_MAX)
        .map(|number| format!("{number:02}{}", long(ABILITY_BYTES - 2)))
        .collect();
    let abilities: Vec<&str> = abilities.iter().map(String::as_str).collect();
    let profile = Profile::new(ClientKind::App, &long(NAME_BYTES), &long(NAME_BYTES), Media::default());
    let before = (0..HISTORY_MAX).map(|number| Before {
        until_ms: u64::MAX,
        node: NodeId::new(&"n".repeat(NODE_BYTES)).expect("a node's name"),
        region: Region::new(&"r".repeat(REGION_BYTES)).expect("a region's name"),
        network: network_of(number as u128),
    });
    let way = Way::new(&long(CONTACT_BYTES), &long(PATH_BYTES), Carrier::Wss);
    Change::Put(Registration {
        endpoint: Endpoint::new(Tenant(long(TENANT_BYTES)), &long(NAME_BYTES)).expect("good names"),
        epoch: u32::MAX,
        instance: Instance {
            id: InstanceId::new(&long(INSTANCE_BYTES)).expect("a good name"),
            profile: Arc::new(
                profile
                    .and_then(|profile| profile.able(&abilities))
                    .expect("good names"),
            ),
            network: network_of(0),
            bandwidth_kbps: u32::MAX,
            place: Some(Place::new(-90.0, -180.0).expect("it is on Earth")),
            connected_at_ms: u64::MAX,
            state: State::Offline,
            status: Arc::new(Status {
                text: long(256).into(),
                reason: Some(Reason::AwayLong),
                ..Status::new(Availability::Unavailable)
            }),
            way: Some(way.expect("good texts")),
            history: Some(Arc::new(History::of(before.collect()))),
        },
        lease: LEASE_MAX,
    })
}

#[test]
fn the_longest_registration_is_as_long_as_it_is_said_to_be() {
    is_longest(&longest());
}

#[test]
fn a_renewal_is_short() {
    let renewal = |number: u128| Change::Renew {
        endpoint: Endpoint::new(Tenant("acme".to_owned()), &format!("user{number:04}")).expect("a good name"),
        instance: InstanceId::new(&urn_of(number)).expect("a good name"),
        lease: Duration::from_secs(3_600),
    };
    let mut message = message_of(&renewal(0), 1);
    let Body::Part { entries, .. } = &mut message.body else {
        panic!("it is a part")
    };
    *entries = (0..10).map(renewal).collect();
    let ten = message.to_bytes().len();
    let Body::Part { entries, .. } = &mut message.body else {
        panic!("it is a part")
    };
    entries.truncate(9);
    assert_eq!(ten - message.to_bytes().len(), 1 + 1 + 9 + 17 + 4);
    assert_eq!(Message::from_bytes(&message.to_bytes()), Ok(message));
}

#[test]
fn only_the_usual_text_of_a_uuid_is_written_as_a_number() {
    let usual = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    let uuid = uuid_of(usual).expect("it is one");
    assert_eq!((uuid >> 96, urn_of(uuid).as_str()), (0xf81d_4fae, usual));
    for other in [
        "urn:uuid:F81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "urn:uuid:f81d4fae7dec-11d0-a765-00a0c91e6bf6",
        "urn:uuid:f81d4fae7dec11d0a76500a0c91e6bf6",
        "urn:uuid:+81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "urn:uuid:",
    ] {
        assert_eq!(uuid_of(other), None, "{other}");
    }
}

#[test]
fn the_first_of_a_message_leaves_nothing_out() {
    for (bytes, what) in [
        (&b"\x01l\x01a\x01r\x01\x01\x01\x01\x01\x02\x00"[..], "a tenant"),
        (
            b"\x01l\x01a\x01r\x01\x01\x01\x01\x01\x00\x01t\x01e\x01\x05\x01i\x00",
            "what a device is",
        ),
    ] {
        let error = Message::<Change>::from_bytes(bytes).expect_err("there is none before it");
        assert_eq!((error.what, error.why), (what, Fault::Value(NONE_BEFORE.to_owned())));
    }
}
