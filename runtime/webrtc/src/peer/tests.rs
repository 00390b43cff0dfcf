//! Two peers over a pretend network: they find each other, agree on keys, lose each other at the stated times, restart; and strangers
//! change nothing.

pub(crate) mod world;

use super::*;
use crate::tests::{Noise, fuzz_rounds};
use crate::{TcpType, Transport};
use std::time::Duration;
use world::{FAIR, Weather, World, address, identity, ms};

const FULL: [IceMode; 2] = [IceMode::Full; 2];
/// The offerer is a server that everybody reaches.
const LITE: [IceMode; 2] = [IceMode::Lite, IceMode::Full];

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn two_find_each_other_at_once() {
    for modes in [FULL, LITE] {
        let mut world = World::introduced(1, modes, FAIR);
        world.run(SECOND);
        assert!(
            world.is_connected(),
            "{modes:?} {:?}",
            world.said.each_ref().map(|said| &said.states)
        );
        assert_eq!(world.said[0].keys.len(), 1);
        assert_eq!(world.said[0].selected.len(), 1);
    }
}

#[test]
fn two_find_each_other_in_any_weather() {
    for seed in 0..60 {
        let weather = Weather {
            loss_percent: (seed % 3) as usize * 10,
            delay: (5, 5 + (seed % 5) * 60),
            ..FAIR
        };
        let modes = if seed % 2 == 0 { FULL } else { LITE };
        let mut world = World::introduced(seed, modes, weather);
        for _ in 0..30 {
            world.run(SECOND);
            if world.is_connected() {
                break;
            }
        }
        assert!(world.is_connected(), "seed {seed}");
    }
}

#[test]
fn the_best_of_several_pairs_is_used() {
    let mut world = World::new(3, FULL, FAIR);
    world.describe();
    world.add_socket(0, address("10.0.0.1:1000"), 10);
    world.add_socket(0, address("10.0.0.1:1001"), 20);
    world.add_socket(1, address("192.0.2.2:2000"), 10);
    world.add_socket(1, address("192.0.2.2:2001"), 20);
    world.add_socket(1, address("[2001:db8::2]:2001"), 90);
    world.run(2 * SECOND);
    assert!(world.is_connected());
    let path = world.peers[0].selected().unwrap();
    assert_eq!((path.local.port(), path.remote.port()), (1001, 2001));
}

#[test]
fn candidates_may_come_one_by_one_and_late() {
    let mut world = World::new(4, FULL, FAIR);
    world.describe();
    world.add_socket(0, address("10.0.0.1:1000"), 10);
    world.run(8 * SECOND);
    assert_eq!(world.peers[0].state(), State::Checking);
    world.add_socket(1, address("192.0.2.2:2000"), 10);
    world.tell(0, Input::EndOfRemoteCandidates);
    world.run(SECOND);
    assert!(world.is_connected());
}

#[test]
fn who_is_behind_a_nat_is_found_by_its_questions() {
    for modes in [FULL, LITE] {
        // The server is the first; the browser hides its address altogether.
        let mut world = World::new(5, modes, FAIR);
        world.describe();
        world.add_socket(0, address("192.0.2.2:2000"), 10);
        let (inside, outside) = (address("10.0.0.1:1000"), address("198.51.100.7:61000"));
        world.nat.insert(inside, outside);
        world.owners.insert(inside, 1);
        world.tell(1, Input::LocalCandidate(Candidate::host(inside, 10)));
        world.run(2 * SECOND);
        assert!(world.is_connected(), "{modes:?}");
        assert_eq!(world.peers[0].selected().unwrap().remote, outside);
    }
}

#[test]
fn the_answer_may_come_after_the_first_questions() {
    for modes in [FULL, LITE] {
        let mut world = World::new(6, modes, FAIR);
        world.add_sockets();
        world.tell(1, Input::Remote(world.remote_of(1)));
        world.run(3 * SECOND);
        assert!(world.said[0].keys.is_empty(), "nobody has said whom to expect");
        world.tell(0, Input::Remote(world.remote_of(0)));
        world.run(2 * SECOND);
        assert!(world.is_connected(), "{modes:?}");
    }
}

#[test]
fn a_conflict_of_roles_is_solved() {
    for seed in 0..8 {
        for side in [Side::Offerer, Side::Answerer] {
            let mut world = World::with_sides(seed, FULL, [side, side], FAIR);
            world.describe();
            world.add_sockets();
            world.run(3 * SECOND);
            assert!(world.is_connected(), "{side:?} {seed}");
        }
        let mut world = World::with_sides(seed, LITE, [Side::Offerer, Side::Answerer], FAIR);
        world.describe();
        world.add_sockets();
        world.run(SECOND);
        assert!(world.is_connected(), "a lite side never decides");
    }
}

#[test]
fn silence_is_noticed_after_12_s_and_ends_it_after_30_s() {
    for modes in [FULL, LITE] {
        let mut world = World::introduced(7, modes, FAIR);
        world.run(60 * SECOND);
        assert!(world.is_connected(), "consent is kept for as long as both are there");
        assert_eq!(world.said[0].states.len(), 1);
        world.weather.blocks = |_, _, _| true;
        let cut = world.since();
        world.run(31 * SECOND);
        for side in 0..2 {
            let [
                (_, State::Connected),
                (silent, State::Disconnected),
                (failed, State::Failed),
            ] = world.said[side].states[..]
            else {
                panic!("{:?}", world.said[side].states);
            };
            // The last sign came 6 s before the cut at the most, and on its way.
            assert!(
                silent >= cut + 6 * SECOND - ms(100) && silent <= cut + 12 * SECOND + ms(40),
                "{silent:?}"
            );
            assert_eq!(failed - silent, 18 * SECOND);
            assert_eq!(world.said[side].selected.last(), Some(&None), "nothing may be sent");
        }
        let sent = [world.said[0].sent, world.said[1].sent];
        world.weather.blocks = |_, _, _| false;
        world.run(60 * SECOND);
        assert_eq!(
            sent,
            [world.said[0].sent, world.said[1].sent],
            "nothing is sent without consent"
        );
        assert_eq!(world.peers[0].wake_at(), None);
    }
}

#[test]
fn a_short_silence_is_survived() {
    for modes in [FULL, LITE] {
        let mut world = World::introduced(8, modes, FAIR);
        world.run(10 * SECOND);
        world.weather.blocks = |_, _, _| true;
        world.run(20 * SECOND);
        assert_eq!(world.peers[0].state(), State::Disconnected);
        assert!(world.peers[0].selected().is_some());
        world.weather.blocks = |_, _, _| false;
        world.run(8 * SECOND);
        assert!(world.is_connected());
        assert_eq!(world.said[0].keys.len(), 1);
    }
}

#[test]
fn who_is_never_heard_is_given_up_after_39_5_s() {
    for modes in [FULL, LITE] {
        let blocked = Weather {
            blocks: |_, _, _| true,
            ..FAIR
        };
        let mut world = World::introduced(9, modes, blocked);
        world.run(60 * SECOND);
        for side in 0..2 {
            assert_eq!(world.said[side].states, [(ms(39_500), State::Failed)]);
        }
        // Seven times, and never again.
        assert_eq!(world.said[1].sent, 7);
        assert_eq!(world.said[0].sent, if modes == FULL { 7 } else { 0 });
    }
}

#[test]
fn a_restart_changes_the_way_and_nothing_above() {
    for modes in [FULL, LITE] {
        let mut world = World::introduced(10, modes, FAIR);
        world.run(5 * SECOND);
        let before = world.peers[0].selected().unwrap();
        let names = [0, 1].map(|side| world.peers[side].local().clone());
        // The browser, which is the second, has another network from now on.
        world.weather.blocks = |from, to, _| from.port() == 2000 || to.port() == 2000;
        world.tell(1, Input::Restart);
        world.tell(0, Input::Restart);
        world.run(SECOND);
        assert_eq!(
            world.peers[0].selected(),
            Some(before),
            "what was, goes on until there is something better"
        );
        assert!([0, 1].iter().all(|side| *world.peers[*side].local() != names[*side]));
        world.describe();
        world.tell(0, Input::RemoteCandidate(Candidate::host(address("10.0.0.1:1000"), 1)));
        world.tell(1, Input::RemoteCandidate(Candidate::host(address("10.0.0.1:1000"), 1)));
        world.add_socket(1, address("203.0.113.5:3000"), 10);
        world.run(3 * SECOND);
        assert!(world.is_connected(), "{modes:?}");
        let after = world.peers[0].selected().unwrap();
        assert_eq!(after.remote.port(), 3000);
        assert!(!world.peers[0].accepts(before), "the old way is nobody's");
        for side in 0..2 {
            assert_eq!(world.said[side].keys.len(), 1, "the keys are the same");
            assert!(
                world.said[side]
                    .states
                    .iter()
                    .all(|(_, state)| *state == State::Connected)
            );
        }
        world.run(60 * SECOND);
        assert!(world.is_connected());
    }
}

#[test]
fn after_a_failure_a_restart_helps() {
    let mut world = World::introduced(11, LITE, FAIR);
    world.run(5 * SECOND);
    world.weather.blocks = |_, _, _| true;
    world.run(40 * SECOND);
    assert_eq!(world.peers[0].state(), State::Failed);
    world.weather.blocks = |_, _, _| false;
    world.tell(0, Input::Restart);
    world.tell(1, Input::Restart);
    world.describe();
    world.tell(1, Input::RemoteCandidate(Candidate::host(address("10.0.0.1:1000"), 1)));
    world.run(3 * SECOND);
    assert!(world.is_connected());
    assert_eq!(world.said[0].keys.len(), 1);
}

#[test]
fn a_new_network_of_the_far_end_is_followed_without_a_restart() {
    for modes in [FULL, LITE] {
        let mut world = World::introduced(12, modes, FAIR);
        world.run(5 * SECOND);
        world.weather.blocks = |from, to, _| from.port() == 2000 || to.port() == 2000;
        world.add_socket(1, address("203.0.113.5:3000"), 10);
        world.run(29 * SECOND);
        assert!(world.is_connected(), "{modes:?}: {:?}", world.said[0].states);
        assert_eq!(world.peers[0].selected().unwrap().remote.port(), 3000);
        assert_eq!(world.said[0].keys.len(), 1);
    }
}

#[test]
fn a_wrong_certificate_closes_the_peer() {
    let mut world = World::new(13, LITE, FAIR);
    let mut remote = world.remote_of(0);
    remote.fingerprints = vec![identity(2).fingerprint().clone()];
    world.tell(0, Input::Remote(remote));
    world.tell(1, Input::Remote(world.remote_of(1)));
    world.add_sockets();
    world.run(5 * SECOND);
    assert_eq!(world.said[0].closed.map(|(_, why)| why), Some(Closed::WrongFingerprint));
    assert!(world.said[0].keys.is_empty());
    assert_eq!(world.peers[0].selected(), None);
    assert_eq!(world.peers[0].handle(world.now, Input::Restart), Err(Refused::Over));
}

#[test]
fn a_handshake_has_30_s() {
    let only_ice = Weather {
        blocks: |_, _, bytes| Kind::of(bytes) != Some(Kind::Stun),
        ..FAIR
    };
    let mut world = World::introduced(14, LITE, only_ice);
    world.run(40 * SECOND);
    // The first question of the browser is there after 20 ms.
    assert_eq!(world.said[0].closed, Some((ms(30_020), Closed::HandshakeTimeout)));
}

#[test]
fn goodbye_ends_both() {
    let mut world = World::introduced(15, FULL, FAIR);
    world.run(2 * SECOND);
    world.tell(0, Input::Close);
    world.run(SECOND);
    let why = [0, 1].map(|side| world.said[side].closed.map(|(_, why)| why));
    assert_eq!(why, [Some(Closed::ByUs), Some(Closed::ByFarEnd)]);
    assert_eq!(world.peers[0].wake_at(), None);
}

#[test]
fn strangers_change_nothing() {
    for modes in [FULL, LITE] {
        let mut world = World::introduced(16, modes, FAIR);
        world.run(2 * SECOND);
        assert!(world.is_connected());
        // What was said so far, by both, from another address; questions of the far end are all that a listener could repeat.
        let all: Vec<Vec<u8>> = world
            .said
            .iter()
            .flat_map(|said| said.datagrams.iter())
            .map(|(_, bytes)| bytes.clone())
            .collect();
        let hello: Vec<u8> = all.iter().find(|bytes| bytes[0] == 22).unwrap().clone();
        let stranger = Path {
            transport: Transport::Udp,
            local: address("10.0.0.1:1000"),
            remote: address("203.0.113.66:666"),
        };
        let before = (world.peers[0].selected(), world.peers[0].wake_at(), world.said[0].sent);
        let forged = crate::stun::Writer::new(crate::stun::Class::Request, crate::stun::TransactionId([9; 12]))
            .username(world.peers[0].local().ufrag(), world.peers[1].local().ufrag())
            .priority(u32::MAX)
            .role(Role::Controlling, u64::MAX)
            .use_candidate()
            .sign(&crate::stun::Key::new("guessed-guessed-guessed"));
        let rtp = [vec![0x80, 111], vec![0; 60]].concat();
        let not_questions = all.iter().filter(|bytes| bytes[0] != 0);
        for bytes in not_questions.chain([&hello, &forged, &rtp]) {
            world.arrive(0, stranger, bytes);
            assert!(!world.peers[0].accepts(stranger));
        }
        let after = (world.peers[0].selected(), world.peers[0].wake_at(), world.said[0].sent);
        assert_eq!(before, after, "no answer, no deadline, no other way");
        world.run(60 * SECOND);
        assert!(world.is_connected());
        assert_eq!(world.said[0].keys.len(), 1);
    }
}

#[test]
fn forged_questions_are_not_looked_at_any_more_and_honest_ones_are() {
    let mut world = World::introduced(17, LITE, FAIR);
    world.run(2 * SECOND);
    let path = |port: u16| Path {
        transport: Transport::Udp,
        local: address("10.0.0.1:1000"),
        remote: ([203, 0, 113, 66], port).into(),
    };
    let ask = |world: &World, password: &str| {
        crate::stun::Writer::new(crate::stun::Class::Request, crate::stun::TransactionId([9; 12]))
            .username(world.peers[0].local().ufrag(), world.peers[1].local().ufrag())
            .priority(1)
            .sign(&crate::stun::Key::new(password))
    };
    let (forged, honest) = (ask(&world, "guessed"), ask(&world, world.peers[0].local().password()));
    for port in 1..=limits::FORGERIES_A_SECOND as u16 {
        world.arrive(0, path(port), &forged);
    }
    let sent = world.said[0].sent;
    world.arrive(0, path(1_000), &honest);
    assert_eq!(
        world.said[0].sent, sent,
        "the second is used up for whoever is not known"
    );
    let known = world.peers[0].selected().unwrap();
    world.arrive(0, known, &honest);
    assert_eq!(world.said[0].sent, sent + 1, "who is known is heard");
    world.run(SECOND);
    let sent = world.said[0].sent;
    world.arrive(0, path(1_000), &honest);
    assert_eq!(world.said[0].sent, sent + 1, "a second later all are");
}

#[test]
fn a_tcp_connection_serves_where_udp_does_not() {
    for modes in [FULL, LITE] {
        let mut world = World::new(18, modes, FAIR);
        world.describe();
        let (server, browser) = (address("192.0.2.2:443"), address("10.0.0.1:50000"));
        world.owners.insert(server, 0);
        world.owners.insert(browser, 1);
        world.tell(0, Input::LocalCandidate(Candidate::tcp_passive(server, 10)));
        let path = Path {
            transport: Transport::Tcp,
            local: server,
            remote: browser,
        };
        // Our own side never opens a connection, so the browser's part is played by hand.
        let ask = |world: &World, wants: bool, tie: u64| {
            let writer = crate::stun::Writer::new(crate::stun::Class::Request, crate::stun::TransactionId([3; 12]))
                .username(world.peers[0].local().ufrag(), world.peers[1].local().ufrag())
                .role(Role::Controlling, tie)
                .priority(77);
            let writer = if wants { writer.use_candidate() } else { writer };
            writer.sign(&crate::stun::Key::new(world.peers[0].local().password()))
        };
        let question = ask(&world, true, u64::MAX);
        world.arrive(0, path, &question);
        assert!(world.said[0].datagrams.iter().all(|(way, _)| *way == path));
        if modes == LITE {
            assert_eq!(world.peers[0].selected(), Some(path));
            world.tell(0, Input::ConnectionClosed(path));
            assert_eq!(world.peers[0].selected(), None);
            assert_eq!(
                world.peers[0].state(),
                State::Disconnected,
                "the browser may come back by another"
            );
            let again = Path {
                remote: address("10.0.0.1:50001"),
                ..path
            };
            world.arrive(0, again, &question);
            assert_eq!(world.peers[0].state(), State::Connected);
        } else {
            // The far end's question makes us ask back the same way, and only then it counts.
            world.run(ms(60));
            let asked = world.said[0]
                .datagrams
                .iter()
                .filter(|(_, bytes)| bytes[0] == 0)
                .count();
            assert_eq!((asked, world.peers[0].selected()), (1, None));
        }
    }
    let candidate: Candidate = "1 1 tcp 5 192.0.2.1 9 typ host tcptype active".parse().unwrap();
    assert_eq!(candidate.tcp, Some(TcpType::Active));
}

#[test]
fn candidates_that_cannot_be_are_refused_and_change_nothing() {
    let mut world = World::introduced(19, FULL, FAIR);
    world.run(SECOND);
    let now = world.now;
    let peer = &mut world.peers[0];
    let candidate = |text: &str| Input::RemoteCandidate(Candidate::host(address(text), 1));
    for useless in [
        "0.0.0.0:5",
        "192.0.2.9:0",
        "224.0.0.1:5",
        "255.255.255.255:5",
        "[::]:5",
        "[ff02::1]:5",
    ] {
        assert_eq!(
            peer.handle(now, candidate(useless)),
            Err(Refused::UselessAddress),
            "{useless}"
        );
    }
    for port in 1..limits::REMOTE_CANDIDATES as u16 {
        let input = Input::RemoteCandidate(Candidate::host(([192, 0, 2, 9], port).into(), 1));
        assert_eq!(peer.handle(now, input), Ok(()));
    }
    assert_eq!(peer.handle(now, candidate("192.0.2.9:1")), Ok(()), "it is known");
    assert_eq!(
        peer.handle(now, candidate("192.0.2.9:999")),
        Err(Refused::TooManyCandidates)
    );
    for port in 1..limits::LOCAL_CANDIDATES as u16 {
        let input = Input::LocalCandidate(Candidate::host(([10, 0, 0, 1], port).into(), 1));
        assert_eq!(peer.handle(now, input), Ok(()));
    }
    let input = Input::LocalCandidate(Candidate::host(address("10.0.0.1:999"), 1));
    assert_eq!(peer.handle(now, input), Err(Refused::TooManyCandidates));
    world.drain(0);
    world.run(5 * SECOND);
    assert!(world.is_connected());
}

#[test]
fn descriptions_that_cannot_be_are_refused_and_change_nothing() {
    let mut world = World::introduced(19, FULL, FAIR);
    world.run(SECOND);
    let now = world.now;
    let good = world.remote_of(0);
    let with = |change: fn(&mut Remote)| {
        let mut remote = good.clone();
        change(&mut remote);
        Input::Remote(remote)
    };
    let peer = &mut world.peers[0];
    for (input, refused) in [
        (with(|remote| remote.fingerprints.clear()), Refused::NoFingerprint),
        (
            with(|remote| remote.fingerprints = vec![remote.fingerprints[0].clone(); 9]),
            Refused::TooManyFingerprints,
        ),
        (
            with(|remote| remote.fingerprints = vec![identity(2).fingerprint().clone()]),
            Refused::IdentityChanged,
        ),
        (with(|remote| remote.setup = Setup::Active), Refused::IdentityChanged),
        (
            with(|remote| remote.credentials = Credentials::new("other", &"p".repeat(22)).unwrap()),
            Refused::NotRestarted,
        ),
    ] {
        assert_eq!(peer.handle(now, input), Err(refused));
    }
    assert_eq!(
        peer.handle(now, with(|_| {})),
        Ok(()),
        "the same once more is no change"
    );
    let mut lite = World::new(1, LITE, FAIR);
    let mut remote = lite.remote_of(0);
    remote.ice = IceMode::Lite;
    assert_eq!(lite.peers[0].handle(now, Input::Remote(remote)), Err(Refused::BothLite));
    world.drain(0);
    world.run(5 * SECOND);
    assert!(world.is_connected());
}

#[test]
fn fuzz_damaged_datagrams_and_any_order_of_events() {
    for seed in fuzz_rounds(60) {
        let mut noise = Noise::new(seed);
        let weather = Weather {
            loss_percent: noise.below(30),
            delay: (1, 1 + noise.below(300) as u64),
            ..FAIR
        };
        let modes = if seed % 2 == 0 { FULL } else { LITE };
        let mut world = World::new(seed, modes, weather);
        for step in 0..60 {
            let side = noise.below(2);
            match noise.below(12) {
                0 => {
                    let input = Input::Remote(world.remote_of(side));
                    let _ = world.peers[side].handle(world.now, input);
                }
                1 => {
                    let port = 1_000 + noise.below(8) as u16;
                    let socket = if side == 0 {
                        ([10, 0, 0, 1], port)
                    } else {
                        ([192, 0, 2, 2], port)
                    };
                    world.owners.insert(socket.into(), side);
                    let candidate = Candidate::host(socket.into(), port);
                    let _ = world.peers[side].handle(world.now, Input::LocalCandidate(candidate.clone()));
                    let _ = world.peers[1 - side].handle(world.now, Input::RemoteCandidate(candidate));
                }
                2 if step % 3 == 0 => {
                    let _ = world.peers[side].handle(world.now, Input::Restart);
                }
                3 => {
                    let _ = world.peers[side].handle(world.now, Input::Handshake);
                }
                4..=6 if !world.under_way.is_empty() => {
                    let pick = noise.below(world.under_way.len());
                    let (_, side, mut path, bytes) = world.under_way[pick].clone();
                    if noise.below(3) == 0 {
                        path.remote.set_port(noise.next() as u16);
                    }
                    let bytes = noise.spoil(&bytes);
                    world.arrive(side, path, &bytes);
                }
                7 => world.arrive(side, any_path(&mut noise), &[22, 254, 253]),
                8 if noise.below(20) == 0 => {
                    let _ = world.peers[side].handle(world.now, Input::Close);
                }
                9 => {
                    if let Some(path) = world.peers[side].selected() {
                        let _ = world.peers[side].handle(world.now, Input::ConnectionClosed(path));
                    }
                }
                _ => world.run(ms(noise.below(4_000) as u64)),
            }
            for side in 0..2 {
                world.drain(side);
                let peer = &world.peers[side];
                assert!(peer.selected().is_none_or(|path| peer.accepts(path)), "seed {seed}");
                assert!(peer.open.len() <= 2 * limits::PAIRS && peer.ice.pair_count() <= limits::PAIRS);
            }
        }
    }
}

fn any_path(noise: &mut Noise) -> Path {
    Path {
        transport: Transport::Udp,
        local: ([10, 0, 0, 1], 1_000 + noise.below(8) as u16).into(),
        remote: ([203, 0, 113, 1], noise.next() as u16).into(),
    }
}
