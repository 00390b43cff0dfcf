//! Two endpoints and a bad network: calls come through, ends are told once, nothing is left over, seeds repeat.

use std::time::Duration;

use crate::tests::{Pair, SDP, Side, Weather};
use crate::{EndCause, Event};

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
