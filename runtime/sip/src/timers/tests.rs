//! Growth of intervals, order of deadlines.

use super::*;

#[test]
fn intervals_double_up_to_t2() {
    let timers = TimerValues::default();
    let mut interval = timers.t1;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(interval.as_millis());
        interval = timers.next_interval(interval);
    }
    assert_eq!(seen, [500, 1000, 2000, 4000, 4000]);
    assert_eq!(timers.timeout(), Duration::from_secs(32));
    let quick = TimerValues {
        t1: Duration::from_millis(50),
        ..timers
    };
    assert_eq!(quick.linger_after_rejection(), Duration::from_secs(32));
}

#[test]
fn each_owner_has_one_deadline_and_the_earliest_comes_first() {
    let now = crate::tests::start();
    let at = |ms| now + Duration::from_millis(ms);
    let mut schedule = Schedule::default();
    schedule.set(Owner::Server(1), Some(at(30)));
    schedule.set(Owner::Client(1), Some(at(20)));
    schedule.set(Owner::Server(1), Some(at(10)));
    schedule.set(Owner::Dialog(1), Some(at(5)));
    schedule.set(Owner::Dialog(1), None);
    assert_eq!(schedule.next(), Some(at(10)));
    assert_eq!(schedule.due(at(9)), None);
    assert_eq!(schedule.due(at(25)), Some(Owner::Server(1)));
    assert_eq!(schedule.due(at(25)), Some(Owner::Client(1)));
    assert_eq!((schedule.due(at(25)), schedule.next()), (None, None));
}
