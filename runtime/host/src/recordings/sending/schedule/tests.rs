//! The order and the pauses, with time as an argument.

use super::*;

fn parcel(name: &str) -> Parcel {
    Parcel {
        file: name.into(),
        tenant: "t".to_owned(),
        bytes: 1,
    }
}

fn with(names: &[&str]) -> Schedule {
    let mut schedule = Schedule::default();
    names.iter().for_each(|name| schedule.add(parcel(name)));
    schedule
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_oldest_go_first_and_so_many_at_the_same_time() {
    let (mut schedule, now) = (with(&["a", "b", "c"]), Instant::now());
    assert_eq!(schedule.next(now, 0, 2), Next::Send(parcel("a")));
    assert_eq!(schedule.next(now, 1, 2), Next::Send(parcel("b")));
    assert_eq!(schedule.next(now, 2, 2), Next::Busy);
    assert_eq!(schedule.went(now, parcel("a"), Went::Sent), Outage::Same);
    assert_eq!(schedule.next(now, 1, 2), Next::Send(parcel("c")));
    assert_eq!(schedule.next(now, 1, 2), Next::Nothing);
}

#[test]
fn an_outage_is_told_once_and_one_is_tried_after_each_pause_until_a_minute() {
    let (mut schedule, mut now) = (with(&["a", "b", "c"]), Instant::now());
    for name in ["a", "b", "c"] {
        assert_eq!(schedule.next(now, 0, 4), Next::Send(parcel(name)));
    }
    assert_eq!(schedule.went(now, parcel("a"), Went::Refused), Outage::Begins);
    // What was under way then says nothing new, and makes no pause longer.
    assert_eq!(schedule.went(now, parcel("b"), Went::Refused), Outage::Same);
    assert_eq!(schedule.went(now, parcel("c"), Went::Refused), Outage::Same);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(schedule.next(now, 0, 4), Next::At(now + ms(pause * 1_000)));
        now += ms(pause * 1_000);
        let Next::Send(tried) = schedule.next(now, 0, 4) else {
            panic!("one is tried");
        };
        assert_eq!(schedule.next(now, 1, 4), Next::Busy, "one alone");
        assert_eq!(schedule.went(now, tried, Went::Refused), Outage::Same);
    }
    now += ms(60_000);
    let Next::Send(tried) = schedule.next(now, 0, 4) else {
        panic!("one is tried");
    };
    assert_eq!(schedule.went(now, tried, Went::Sent), Outage::Over);
    assert!(!schedule.is_down());
}

#[test]
fn one_that_is_always_refused_holds_up_nobody_and_is_told_of_once() {
    let (mut schedule, mut now) = (with(&["bad", "a", "b"]), Instant::now());
    let (mut told, mut sent, mut bad) = (Vec::new(), Vec::new(), 0);
    for _ in 0..20 {
        match schedule.next(now, 0, 1) {
            Next::Send(next) => {
                let went = if next == parcel("bad") {
                    Went::Refused
                } else {
                    Went::Sent
                };
                match went {
                    Went::Sent => sent.push(next.file.clone()),
                    _ => bad += 1,
                }
                told.push(schedule.went(now, next, went));
            }
            Next::At(at) => now = at,
            Next::Busy | Next::Nothing => panic!("the bad one waits"),
        }
    }
    assert_eq!(sent, ["a", "b"].map(std::path::PathBuf::from));
    assert!(bad > 2, "it is tried again");
    told.retain(|told| *told != Outage::Same);
    assert_eq!(told, [Outage::Begins, Outage::Over]);
}

#[test]
fn one_that_cannot_be_read_is_no_outage() {
    let (mut schedule, now) = (with(&["bad", "a"]), Instant::now());
    assert_eq!(schedule.next(now, 0, 1), Next::Send(parcel("bad")));
    assert_eq!(schedule.went(now, parcel("bad"), Went::Unreadable), Outage::OfOne);
    assert!(!schedule.is_down());
    assert_eq!(schedule.next(now, 0, 1), Next::Send(parcel("a")));
    assert_eq!(schedule.went(now, parcel("a"), Went::Sent), Outage::Same);
    assert_eq!(schedule.next(now, 0, 1), Next::At(now + ms(1_000)));
    let later = now + ms(1_000);
    assert_eq!(schedule.next(later, 0, 1), Next::Send(parcel("bad")));
    assert_eq!(schedule.went(later, parcel("bad"), Went::Unreadable), Outage::Same);
    assert_eq!(schedule.next(later, 0, 1), Next::At(later + ms(2_000)));
}

#[test]
fn more_is_looked_for_when_the_line_is_short() {
    let (mut schedule, now) = (with(&["a"]), Instant::now());
    assert!(schedule.is_short(4));
    assert_eq!(schedule.next(now, 0, 4), Next::Send(parcel("a")));
    schedule.went(now, parcel("a"), Went::Refused);
    assert!(schedule.is_short(4), "one that was refused is not in the way of others");
    assert!(!with(&["a", "b", "c", "d"]).is_short(4));
}

#[test]
fn what_comes_after_one_that_is_never_taken_is_sent() {
    let (mut schedule, mut now) = (with(&["bad"]), Instant::now());
    assert_eq!(schedule.next(now, 0, 4), Next::Send(parcel("bad")));
    assert_eq!(schedule.went(now, parcel("bad"), Went::Refused), Outage::Begins);
    assert!(schedule.is_short(4), "so it is looked for");
    schedule.add(parcel("good"));
    for _ in 0..6 {
        match schedule.next(now, 0, 4) {
            Next::Send(sent) if sent == parcel("good") => {
                assert_eq!(schedule.went(now, sent, Went::Sent), Outage::Over);
                return;
            }
            Next::Send(sent) => drop(schedule.went(now, sent, Went::Refused)),
            Next::At(at) => now = at,
            other => panic!("{other:?}"),
        }
    }
    panic!("it is never tried");
}
