//! Answers end in time, and the table stays small.

use super::*;
use crate::tests::start;

fn question(number: usize) -> Question {
    Question::Host(format!("h{number}.example").into())
}

fn answer() -> Answer {
    Answer::Host(vec!["192.0.2.1".parse().expect("an address")])
}

#[test]
fn an_answer_holds_for_its_time_within_bounds() {
    let now = start();
    for (answer, time_to_live, held) in [
        (answer(), 60, 60),
        (answer(), 0, 5),
        (answer(), 1_000_000, 3600),
        (Answer::Nothing, 1_000_000, 60),
        (Answer::Failed, 1_000_000, 5),
    ] {
        let mut cache = DnsCache::default();
        cache.put(now, question(0), answer.clone(), Duration::from_secs(time_to_live));
        let held = Duration::from_secs(held);
        assert!(cache.get(now + held - Duration::from_millis(1), &question(0)) == Some(&answer));
        assert!(cache.get(now + held, &question(0)).is_none());
    }
}

#[test]
fn a_full_table_forgets_what_ends_first() {
    let now = start();
    let mut cache = DnsCache::default();
    for number in 0..DNS_ANSWERS + 10 {
        let lives = Duration::from_secs(60 + (number as u64 % 3000));
        cache.put(now, question(number), answer(), lives);
        cache.put(now, question(number), answer(), lives);
        assert!(cache.len() <= DNS_ANSWERS && cache.order.len() == cache.len());
    }
    assert!(cache.get(now, &question(0)).is_none());
    assert!(cache.get(now, &question(2999)).is_some());
    cache.put(
        now + Duration::from_secs(4000),
        question(0),
        Answer::Failed,
        Duration::ZERO,
    );
    assert_eq!(cache.len(), 1, "what ended is forgotten");
}

#[test]
fn an_endless_answer_is_cut() {
    let now = start();
    let mut cache = DnsCache::default();
    let many = Answer::Host(vec!["192.0.2.1".parse().expect("an address"); 5000]);
    cache.put(now, question(0), many, Duration::from_secs(60));
    let Some(Answer::Host(kept)) = cache.get(now, &question(0)) else {
        panic!("no answer");
    };
    assert_eq!(kept.len(), 4 * RESOLVE_TARGETS);
}
