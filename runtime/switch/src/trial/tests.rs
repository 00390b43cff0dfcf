//! When a version is taken out, and which calls it has. Whole versions are in `tests/guests`, where modules are.

use super::*;

fn ends(score: &Score, failing_percent: u8, calls: u32, failing: &[bool]) -> Vec<TrialNews> {
    let take_out = TakeOut { failing_percent, calls };
    let how = |&failed: &bool| if failed { Ended::Failed } else { Ended::Well };
    let news = failing
        .iter()
        .filter_map(|failed| score.call_ended(how(failed), take_out));
    news.collect()
}

#[test]
fn it_is_out_once_when_it_fails_often_enough_in_enough_calls() {
    let score = Score::default();
    assert_eq!(ends(&score, 20, 10, &[true; 9]), [], "too few calls yet");
    assert!(!score.is_out());
    let out = TrialNews::TakenOut { failed: 10, ended: 10 };
    assert_eq!(ends(&score, 20, 10, &[true; 5]), [out], "and it is said once");
    assert!(score.is_out());
}

#[test]
fn it_stays_while_it_fails_seldom() {
    let score = Score::default();
    let seldom: Vec<bool> = (1..=1_000).map(|n| n % 6 == 0).collect();
    assert_eq!(ends(&score, 20, 10, &seldom), [], "166 of 1,000");
    let news = ends(&score, 20, 10, &[true; 100]);
    let [TrialNews::TakenOut { failed, ended }] = news[..] else {
        panic!("{news:?}");
    };
    assert_eq!(
        (failed * 5 >= ended, (failed - 1) * 5 >= ended - 1),
        (true, false),
        "as soon as it is a fifth"
    );
}

#[test]
fn a_share_is_of_all_calls_and_the_same_call_is_always_in_it() {
    let call = |n: u64| CallId(u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(n));
    let has = |percent: u8| (0..10_000).filter(|n| in_share(call(*n), percent)).count();
    for percent in [1, 10, 50] {
        let share = has(percent);
        let wanted = 100 * usize::from(percent);
        assert!(share.abs_diff(wanted) < 300, "{share} of 10,000 at {percent} %");
    }
    assert_eq!((has(100), has(0)), (10_000, 0));
    let smaller = (0..10_000).filter(|n| in_share(call(*n), 10));
    assert!(
        smaller.into_iter().all(|n| in_share(call(n), 20)),
        "a share that grows keeps its calls"
    );
}
