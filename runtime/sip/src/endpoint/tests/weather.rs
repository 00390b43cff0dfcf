//! Two endpoints and a bad network: calls come through, ends are told once, nothing is left over, seeds repeat.

use std::time::Duration;

use crate::tests::{Pair, SDP, Side, Weather};
use crate::{EndCause, Event, Last};

const CLEAR: Weather = Weather {
    lost: 0,
    doubled: 0,
    delay_ms: 5,
};
const STORM: Weather = Weather {
    lost: 20,
    doubled: 10,
    delay_ms: 120,
};

/// The server rings, answers and accepts re-INVITEs; the phone hangs up when `Confirmed` was seen.
fn answer(pair: &mut Pair, side: Side, event: &Event) {
    let now = pair.now;
    match (side, event) {
        (Side::Server, Event::Invite { dialog, .. }) => {
            pair.server.provisional(now, *dialog, 180, None).expect("a new call");
            pair.server.accept(now, *dialog, SDP.into()).expect("a new call");
        }
        (Side::Server, Event::Reinvite { dialog, .. }) => {
            pair.server.accept_reinvite(now, *dialog, SDP.into()).expect("pending");
        }
        (Side::Phone, Event::Answered { dialog, .. }) => {
            // Owed only after a late offer.
            let _ = pair.phone.acknowledge(now, *dialog, Some(SDP.into()));
            pair.phone
                .reinvite(now, *dialog, Some(SDP.into()))
                .expect("just answered");
        }
        // 491 and 500 as well: the ACK of the first exchange may be lost on the way.
        (Side::Phone, Event::ReinviteAnswered { dialog, .. }) => {
            pair.phone.bye(now, *dialog).expect("up");
        }
        _ => {}
    }
}

fn endings(pair: &Pair, side: Side) -> Vec<EndCause> {
    let cause = |event: &&Event| match event {
        Event::Ended { cause, .. } => Some(*cause),
        _ => None,
    };
    pair.events_of(side).iter().filter_map(cause).collect()
}

#[test]
fn in_clear_weather_nothing_is_repeated() {
    let mut pair = Pair::new(1, CLEAR);
    pair.call(Some(SDP));
    pair.run(Duration::from_secs(1), answer);
    assert_eq!(endings(&pair, Side::Phone), [EndCause::LocalBye]);
    assert_eq!(endings(&pair, Side::Server), [EndCause::RemoteBye]);
    for counters in [pair.phone.counters(), pair.server.counters()] {
        assert_eq!(
            (
                counters.retransmissions_sent,
                counters.retransmissions_received,
                counters.malformed
            ),
            (0, 0, 0)
        );
    }
}

#[test]
fn in_a_storm_every_call_ends_once_on_both_sides() {
    let mut answered = 0;
    for seed in 0..300 {
        let mut pair = Pair::new(seed, STORM);
        pair.call((seed % 3 != 0).then_some(SDP));
        pair.run(Duration::from_secs(400), answer);
        assert_eq!(endings(&pair, Side::Phone).len(), 1, "seed {seed}: {:?}", pair.log);
        let calls = pair
            .events_of(Side::Server)
            .iter()
            .filter(|event| matches!(event, Event::Invite { .. }))
            .count();
        assert_eq!(endings(&pair, Side::Server).len(), calls, "seed {seed}: {:?}", pair.log);
        assert!(calls <= 1, "seed {seed}: a repeated INVITE became a second call");
        for counters in [pair.phone.counters(), pair.server.counters()] {
            assert_eq!(
                (counters.transactions, counters.dialogs, counters.malformed),
                (0, 0, 0),
                "seed {seed}"
            );
        }
        assert_eq!(
            (pair.phone.wake_at(), pair.server.wake_at()),
            (None, None),
            "seed {seed}"
        );
        answered += usize::from(endings(&pair, Side::Phone) == [EndCause::LocalBye]);
    }
    assert!(
        answered > 290,
        "retransmission should bring nearly all calls through: {answered} of 300"
    );
}

#[test]
fn cancels_race_with_answers_and_still_end_once() {
    let mut causes = std::collections::BTreeMap::new();
    for seed in 0..200 {
        let mut pair = Pair::new(seed, STORM);
        let call = pair.call(Some(SDP));
        pair.run(Duration::from_millis(seed * 2), answer);
        let _ = pair.phone.cancel(pair.now, call);
        pair.run(Duration::from_secs(400), answer);
        assert_eq!(endings(&pair, Side::Phone).len(), 1, "seed {seed}: {:?}", pair.log);
        *causes
            .entry(format!("{:?}", endings(&pair, Side::Phone)[0]))
            .or_insert(0) += 1;
        for counters in [pair.phone.counters(), pair.server.counters()] {
            assert_eq!((counters.transactions, counters.dialogs), (0, 0), "seed {seed}");
        }
    }
    assert!(
        causes.contains_key("Cancelled") && causes.contains_key("LocalBye"),
        "{causes:?}"
    );
}

#[test]
fn a_dead_network_ends_everything() {
    let mut pair = Pair::new(5, CLEAR);
    pair.call(Some(SDP));
    pair.run(Duration::from_millis(8), answer);
    pair.weather.lost = 100;
    pair.run(Duration::from_secs(400), answer);
    assert_eq!(endings(&pair, Side::Phone).len(), 1, "{:?}", pair.log);
    assert_eq!((pair.phone.wake_at(), pair.server.wake_at()), (None, None));
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = |seed| {
        let mut pair = Pair::new(seed, STORM);
        pair.call(Some(SDP));
        pair.run(Duration::from_secs(400), answer);
        (format!("{:?}", pair.log), pair.phone.counters(), pair.server.counters())
    };
    assert_eq!(log(9), log(9));
    assert_ne!(log(9), log(10));
}

/// The server gives early media reliably; once up the phone changes the session by UPDATE, presses a key, asks for a
/// transfer and hangs up when it knows the outcome.
fn with_everything(pair: &mut Pair, side: Side, event: &Event) {
    let now = pair.now;
    match (side, event) {
        (Side::Server, Event::Invite { dialog, .. }) => {
            pair.server
                .provisional(now, *dialog, 183, Some(SDP.into()))
                .expect("a new call");
            pair.server
                .accept(now, *dialog, SDP.into())
                .expect("waits for the PRACK");
        }
        (Side::Server, Event::Reinvite { dialog, .. }) => {
            pair.server.accept_reinvite(now, *dialog, SDP.into()).expect("pending");
        }
        (Side::Server, Event::Refer { refer, .. }) => {
            pair.server.accept_refer(now, *refer).expect("pending");
            pair.server.refer_progress(now, *refer, 180).expect("open");
            pair.server.refer_progress(now, *refer, 200).expect("open");
        }
        (Side::Phone, Event::Answered { dialog, .. }) => {
            pair.phone.update(now, *dialog, SDP.into()).expect("just answered");
        }
        // Whatever came of the UPDATE.
        (Side::Phone, Event::ReinviteAnswered { dialog, .. }) => {
            // The call may be over already: a far end that answers 481 or nothing.
            let _ = pair.phone.info_key(now, *dialog, 5, 100);
            let _ = pair.phone.refer(now, *dialog, "<sip:c@203.0.113.9>", None);
        }
        (Side::Phone, Event::ReferProgress { dialog, last, .. }) if *last == Last::Yes => {
            let _ = pair.phone.bye(now, *dialog);
        }
        _ => {}
    }
}

#[test]
fn in_a_storm_early_media_changes_keys_and_transfers_come_through_once() {
    let (mut keys, mut transfers) = (0, 0);
    for seed in 0..200 {
        let mut pair = Pair::new(seed, STORM);
        pair.call(Some(SDP));
        pair.run(Duration::from_secs(2_500), with_everything);
        assert_eq!(endings(&pair, Side::Phone).len(), 1, "seed {seed}: {:?}", pair.log);
        let outcomes: Vec<u16> = pair
            .events_of(Side::Phone)
            .iter()
            .filter_map(|event| match event {
                Event::ReferProgress {
                    status,
                    last: Last::Yes,
                    ..
                } => Some(*status),
                _ => None,
            })
            .collect();
        assert!(outcomes.len() <= 1, "seed {seed}: {:?}", pair.log);
        let is_key = |event: &&&Event| matches!(event, Event::Key { .. });
        let pressed = pair.events_of(Side::Server).iter().filter(is_key).count();
        assert!(pressed <= 1, "seed {seed}: a repeated INFO became a second key");
        keys += pressed;
        transfers += usize::from(outcomes == [200]);
        for endpoint in [&pair.phone, &pair.server] {
            let counters = endpoint.counters();
            assert_eq!(
                (counters.transactions, counters.dialogs, counters.malformed),
                (0, 0, 0),
                "seed {seed}"
            );
            assert_eq!(
                (endpoint.dialogs.len(), endpoint.refers.len(), endpoint.wake_at()),
                (0, 0, None),
                "seed {seed}"
            );
        }
    }
    // A key may still be under way when the phone hangs up.
    assert!(
        keys > 140 && transfers > 180,
        "{keys} keys and {transfers} transfers of 200"
    );
}
