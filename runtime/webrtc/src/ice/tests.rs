//! One session by hand: who gets which answer, when questions are repeated, and what makes room for what. How two of them find each other
//! is tried in `peer/tests.rs`.

use super::*;
use crate::stun::{Class, Message, TransactionId, Writer};
use crate::tests::start;
use std::net::SocketAddr;
use std::time::Duration;

const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 1_000);
const FAR_PASSWORD: &str = "far-password-far-password";

fn there(port: u16) -> SocketAddr {
    ([192, 0, 2, 2], port).into()
}

fn path(port: u16) -> Path {
    Path {
        transport: Transport::Udp,
        local: HERE,
        remote: there(port),
    }
}

fn far() -> Credentials {
    Credentials::new("farname", &FAR_PASSWORD.replace('-', "+")).unwrap()
}

/// One that knows the far end, and has a socket.
fn agent(now: Instant, mode: IceMode, role: Role) -> Agent {
    let beginning = Beginning {
        mode,
        role,
        prefix: 7,
        seed: [3; 32],
    };
    let mut agent = Agent::new(now, &beginning);
    agent.set_remote(now, far(), IceMode::Full);
    agent.add_local(now, Candidate::host(HERE, 10));
    agent
}

fn sent(agent: &mut Agent) -> Vec<(Path, Vec<u8>)> {
    std::iter::from_fn(|| agent.poll()).collect()
}

/// A question of the far end's, up to what is asked for beside.
fn question(agent: &Agent) -> Writer {
    Writer::new(Class::Request, TransactionId([9; 12])).username(agent.local.ufrag(), far().ufrag())
}

/// The far end's answer to a question of ours.
fn answer(bytes: &[u8]) -> Vec<u8> {
    let question = Message::parse(bytes).unwrap();
    Writer::new(Class::Success, question.transaction)
        .mapped(HERE)
        .sign(&Key::new(far().password()))
}

/// Class and code of the one answer to a question.
fn reply(agent: &mut Agent, now: Instant, bytes: &[u8]) -> Option<(Class, Option<u16>)> {
    sent(agent);
    agent.hear(now, path(5), bytes);
    let all = sent(agent);
    let mut answers = all.iter().filter_map(|(_, bytes)| Message::parse(bytes).ok());
    let answer = answers.find(|message| message.class != Class::Request)?;
    assert!(answer.is_signed_with(&agent.key));
    Some((answer.class, answer.error))
}

#[test]
fn each_question_gets_the_answer_it_deserves() {
    let now = start();
    let mut agent = agent(now, IceMode::Full, Role::Controlled);
    let key = Key::new(agent.local.password());
    let honest = question(&agent).priority(5).role(Role::Controlling, 1).sign(&key);
    let unnamed = Writer::new(Class::Request, TransactionId([9; 12]))
        .priority(5)
        .sign(&key);
    let another = Writer::new(Class::Request, TransactionId([9; 12]))
        .username(agent.local.ufrag(), "somebody")
        .priority(5)
        .sign(&key);
    let unsigned = question(&agent).priority(5).sign(&Key::new("wrong"));
    let without_priority = question(&agent).sign(&key);
    let mut strange = question(&agent).priority(5);
    strange.put(0x7abc, &[0; 4]);
    let strange = strange.sign(&key);
    let indication = Writer::new(Class::Indication, TransactionId([9; 12])).sign(&key);
    for (what, bytes, expected) in [
        ("honest", honest, Some((Class::Success, None))),
        ("for nobody", unnamed, None),
        ("from another", another, None),
        ("unsigned", unsigned, None),
        (
            "without its priority",
            without_priority,
            Some((Class::Error, Some(400))),
        ),
        ("with what we do not know", strange, Some((Class::Error, Some(420)))),
        ("not a question", indication, None),
    ] {
        assert_eq!(reply(&mut agent, now, &bytes), expected, "{what}");
    }
}

#[test]
fn of_two_with_the_same_role_the_higher_number_wins() {
    // RFC 8445 section 7.3.1.1: the role of both, the far end's number against ours, who changes.
    for (role, theirs, we_change) in [
        (Role::Controlling, 0, false),
        (Role::Controlling, u64::MAX, true),
        (Role::Controlled, 0, true),
        (Role::Controlled, u64::MAX, false),
    ] {
        let now = start();
        let mut agent = agent(now, IceMode::Full, role);
        let key = Key::new(agent.local.password());
        let bytes = question(&agent).priority(5).role(role, theirs).sign(&key);
        let expected = if we_change {
            (Class::Success, None)
        } else {
            (Class::Error, Some(487))
        };
        assert_eq!(reply(&mut agent, now, &bytes), Some(expected), "{role:?} {theirs}");
        assert_eq!(agent.role != role, we_change);
    }
}

#[test]
fn a_question_is_repeated_seven_times_in_ever_longer_steps() {
    let began = start();
    let mut agent = agent(began, IceMode::Full, Role::Controlling);
    agent.add_remote(began, Candidate::host(there(5), 10));
    let mut moments = Vec::new();
    let mut now = began;
    while let Some(next) = agent.wake_at().filter(|next| *next < began + limits::PATIENCE) {
        for (way, _) in sent(&mut agent) {
            assert_eq!(way, path(5));
            moments.push((now - began).as_millis());
        }
        now = next;
        agent.settle(now);
    }
    assert_eq!(moments, [0, 500, 1_500, 3_500, 5_500, 7_500, 9_500]);
    assert!(agent.pairs.iter().all(|pair| pair.progress == Progress::Failed));
    assert_eq!(agent.state(), State::Checking, "a candidate may come yet");
}

#[test]
fn questions_begin_one_after_the_other_and_the_most_wanted_first() {
    let began = start();
    let mut agent = agent(began, IceMode::Full, Role::Controlling);
    for port in 1..=4 {
        agent.add_remote(began, Candidate::host(there(port), port * 10));
    }
    let mut order = Vec::new();
    for step in 0..4 {
        let now = began + limits::PACE * step;
        agent.settle(now);
        order.extend(sent(&mut agent).iter().map(|(way, _)| way.remote.port()));
    }
    assert_eq!(order, [1, 4, 3, 2], "the first was there alone");
}

#[test]
fn only_a_signed_answer_to_our_question_the_same_way_counts() {
    let now = start();
    let mut agent = agent(now, IceMode::Full, Role::Controlling);
    agent.add_remote(now, Candidate::host(there(5), 10));
    let [(_, asked)] = &sent(&mut agent)[..] else {
        panic!("one question");
    };
    let transaction = Message::parse(asked).unwrap().transaction;
    assert_eq!(transaction.0[..4], 7u32.to_be_bytes(), "the mark of the port");
    let forged = Writer::new(Class::Success, transaction)
        .mapped(HERE)
        .sign(&Key::new("wrong"));
    let mut other = transaction;
    other.0[11] ^= 1;
    let other = Writer::new(Class::Success, other)
        .mapped(HERE)
        .sign(&Key::new(far().password()));
    for (way, bytes) in [(path(5), &forged), (path(5), &other), (path(6), &answer(asked))] {
        agent.hear(now, way, bytes);
        assert_eq!(agent.valid_paths().count(), 0);
    }
    agent.hear(now, path(5), &answer(asked));
    assert_eq!(agent.valid_paths().collect::<Vec<_>>(), [path(5)]);
    assert_eq!(agent.selected(), None, "it is named first");
    let [(_, named)] = &sent(&mut agent)[..] else {
        panic!("one question");
    };
    assert!(Message::parse(named).unwrap().use_candidate);
    agent.hear(now, path(5), &answer(named));
    assert_eq!(agent.selected(), Some(path(5)));
}

#[test]
fn consent_is_asked_for_every_4_to_6_s() {
    let mut now = start();
    let mut agent = agent(now, IceMode::Full, Role::Controlling);
    agent.add_remote(now, Candidate::host(there(5), 10));
    let mut moments = Vec::new();
    while moments.len() < 50 {
        for (_, bytes) in sent(&mut agent) {
            if agent.selected().is_some() {
                moments.push(now);
            }
            agent.hear(now, path(5), &answer(&bytes));
        }
        now = agent.wake_at().unwrap();
        agent.settle(now);
    }
    let steps: Vec<Duration> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        steps.iter().all(|step| (4.0..=6.0).contains(&step.as_secs_f64())),
        "{steps:?}"
    );
    assert!(steps.iter().any(|step| *step < Duration::from_millis(4_600)));
    assert!(steps.iter().any(|step| *step > Duration::from_millis(5_400)));
}

#[test]
fn what_failed_makes_room_then_what_is_wanted_least() {
    let now = start();
    let mut agent = agent(now, IceMode::Full, Role::Controlling);
    let local = agent.locals[0].clone();
    for port in 1..=limits::PAIRS as u16 {
        assert!(agent.add_pair(path(port), &local, u32::from(port) + 100).is_some());
    }
    assert!(
        agent.add_pair(path(900), &local, 100).is_none(),
        "it is wanted less than all"
    );
    agent.pairs[40].fail();
    let failed = agent.pairs[40].path;
    assert!(agent.add_pair(path(901), &local, 1).is_some());
    assert_eq!(agent.pair_of(failed), None);
    assert!(
        agent.add_pair(path(902), &local, 100).is_some(),
        "it is wanted more than the one before"
    );
    assert_eq!(agent.pair_of(path(901)), None);
    agent.pairs.iter_mut().for_each(|pair| pair.progress = Progress::Valid);
    assert!(
        agent.add_pair(path(903), &local, u32::MAX).is_none(),
        "what works is not given up"
    );
    assert_eq!(agent.pairs.len(), limits::PAIRS);
}

#[test]
fn a_pairs_priority_is_that_of_rfc_8445() {
    let now = start();
    let mut agent = agent(now, IceMode::Full, Role::Controlling);
    let local = agent.locals[0].clone();
    let at = agent.add_pair(path(1), &local, 1_000).unwrap();
    let (pair, high) = (&agent.pairs[at], u64::from(local.priority));
    assert_eq!(pair.priority(Role::Controlling), (1_000 << 32) + 2 * high + 1);
    assert_eq!(pair.priority(Role::Controlled), (1_000 << 32) + 2 * high);
}
