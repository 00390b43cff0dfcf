//! Entries by tenant and key: versions, conditions, times, sums and limits.

use super::*;

const NOON: u64 = 1_800_000_000_000;

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn set(value: &str, ttl_ms: Option<u64>) -> StoreAction {
    StoreAction::Set {
        value: value.as_bytes().to_vec().into(),
        ttl_ms,
    }
}

fn swap(expected: Expected, value: &str) -> StoreAction {
    StoreAction::Swap {
        expected,
        value: value.as_bytes().to_vec().into(),
        ttl_ms: None,
    }
}

fn add(by: i64, ttl_ms: Option<u64>) -> StoreAction {
    StoreAction::Add { by, ttl_ms }
}

struct Rig(Store);

impl Rig {
    fn new(entries: usize, bytes: usize) -> Rig {
        Rig(Store::new(StoreLimits { entries, bytes }))
    }

    fn at(&mut self, now_ms: u64, key: &str, action: &StoreAction) -> Result<StoreReply, Error> {
        self.0.act(now_ms, &tenant("a"), key, action).0
    }

    fn value(&mut self, now_ms: u64, key: &str) -> Option<String> {
        match self.at(now_ms, key, &StoreAction::Get) {
            Ok(StoreReply::Entry(entry)) => {
                entry.map(|entry| String::from_utf8(entry.value.into_inner()).expect("a text was put there"))
            }
            other => panic!("{other:?} is no entry"),
        }
    }
}

#[test]
fn what_is_set_is_there_until_it_is_deleted() {
    let mut rig = Rig::new(10, 1_000);
    assert_eq!(rig.value(NOON, "k"), None);
    assert_eq!(rig.at(NOON, "k", &set("one", None)), Ok(StoreReply::Version(1)));
    assert_eq!(rig.value(NOON, "k").as_deref(), Some("one"));
    assert_eq!(rig.at(NOON, "k", &set("two", None)), Ok(StoreReply::Version(2)));
    assert_eq!(rig.value(NOON, "k").as_deref(), Some("two"));
    assert_eq!(rig.at(NOON, "k", &StoreAction::Delete), Ok(StoreReply::Deleted(true)));
    assert_eq!(rig.at(NOON, "k", &StoreAction::Delete), Ok(StoreReply::Deleted(false)));
    assert_eq!(rig.value(NOON, "k"), None);
    assert!(rig.0.is_empty() && rig.0.bytes() == 0);
}

#[test]
fn tenants_do_not_see_each_other() {
    let mut rig = Rig::new(1, 1_000);
    rig.at(NOON, "k", &set("mine", None)).expect("there is room");
    let theirs = rig.0.act(NOON, &tenant("b"), "k", &StoreAction::Get).0;
    assert_eq!(theirs, Ok(StoreReply::Entry(None)));
    // One entry is allowed to each.
    assert!(rig.0.act(NOON, &tenant("b"), "k", &set("theirs", None)).0.is_ok());
    assert_eq!(rig.value(NOON, "k").as_deref(), Some("mine"));
}

#[test]
fn a_condition_holds_off_the_second_of_two() {
    let mut rig = Rig::new(10, 1_000);
    let done = |version| Ok(StoreReply::Swapped(Swapped::Done(version)));
    let conflict = |version| Ok(StoreReply::Swapped(Swapped::Conflict(version)));
    assert_eq!(rig.at(NOON, "k", &swap(Expected::Version(1), "x")), conflict(None));
    assert_eq!(rig.at(NOON, "k", &swap(Expected::Absent, "first")), done(1));
    assert_eq!(rig.at(NOON, "k", &swap(Expected::Absent, "late")), conflict(Some(1)));
    assert_eq!(rig.at(NOON, "k", &swap(Expected::Version(1), "next")), done(2));
    assert_eq!(
        rig.at(NOON, "k", &swap(Expected::Version(1), "late")),
        conflict(Some(2))
    );
    assert_eq!(rig.value(NOON, "k").as_deref(), Some("next"));
    // What is deleted and made anew is not what was there before.
    rig.at(NOON, "k", &StoreAction::Delete).expect("it is there");
    assert_eq!(rig.at(NOON, "k", &swap(Expected::Absent, "anew")), done(3));
}

#[test]
fn an_entry_lives_as_long_as_it_was_given() {
    let mut rig = Rig::new(1, 1_000);
    rig.at(NOON, "k", &set("short", Some(500))).expect("there is room");
    assert_eq!(rig.value(NOON + 499, "k").as_deref(), Some("short"));
    assert_eq!(rig.value(NOON + 500, "k"), None);
    assert_eq!(rig.0.bytes(), 0, "what has expired takes no room");
    rig.at(NOON + 500, "k", &set("short", Some(500)))
        .expect("there is room");
    rig.at(NOON + 600, "k", &set("for ever", None)).expect("there is room");
    assert_eq!(rig.value(NOON + 10_000, "k").as_deref(), Some("for ever"));
}

#[test]
fn sums_keep_the_time_of_the_first() {
    let mut rig = Rig::new(10, 1_000);
    assert_eq!(rig.at(NOON, "n", &add(5, Some(1_000))), Ok(StoreReply::Sum(5)));
    assert_eq!(rig.at(NOON + 900, "n", &add(-7, Some(1_000))), Ok(StoreReply::Sum(-2)));
    assert_eq!(rig.value(NOON + 900, "n").as_deref(), Some("-2"));
    assert_eq!(rig.at(NOON + 1_000, "n", &add(1, None)), Ok(StoreReply::Sum(1)));
    let wrong = |result: Result<StoreReply, Error>| match result {
        Err(Error::Invalid { argument, .. }) => argument,
        other => panic!("{other:?} is no refusal"),
    };
    assert_eq!(wrong(rig.at(NOON + 1_000, "n", &add(i64::MAX, None))), "by");
    rig.at(NOON, "t", &set("a text", None)).expect("there is room");
    assert_eq!(wrong(rig.at(NOON, "t", &add(1, None))), "key");
    assert_eq!(rig.value(NOON, "t").as_deref(), Some("a text"));
}

#[test]
fn a_full_store_refuses_and_keeps_what_it_has() {
    let mut rig = Rig::new(2, 10);
    rig.at(NOON, "a", &set("1234", None)).expect("5 bytes");
    let over = |result| match result {
        Err(Error::Limit { name, allowed, asked }) => (name, allowed, asked),
        other => panic!("{other:?} is no refusal"),
    };
    assert_eq!(
        over(rig.at(NOON, "b", &set("12345", None))),
        (LimitName::StoreBytes, 10, 11)
    );
    rig.at(NOON, "b", &set("1234", None)).expect("10 bytes");
    assert_eq!(over(rig.at(NOON, "c", &set("", None))), (LimitName::StoreEntries, 2, 3));
    assert_eq!(
        over(rig.at(NOON, "a", &set("12345", None))),
        (LimitName::StoreBytes, 10, 11)
    );
    assert_eq!(rig.value(NOON, "a").as_deref(), Some("1234"));
    rig.at(NOON, "a", &set("4321", None)).expect("in its own place");
}

#[test]
fn changes_taken_over_give_the_same_store() {
    let mut rig = Rig::new(10, 1_000);
    let actions = [
        ("a", set("1", None)),
        ("b", set("2", Some(100))),
        ("a", StoreAction::Delete),
    ];
    let mut other = Store::new(StoreLimits::default());
    for (key, action) in &actions {
        let (_, change) = rig.0.act(NOON, &tenant("a"), key, action);
        other.restore(change.expect("each changed something"));
    }
    let all = |store: &Store| store.entries().collect::<Vec<_>>();
    assert_eq!(all(&rig.0), all(&other));
    assert_eq!(rig.0.last_version(), other.last_version());
    other.restore_version(9);
    let (reply, _) = other.act(NOON, &tenant("a"), "c", &set("3", None));
    assert_eq!(reply, Ok(StoreReply::Version(10)), "no version comes twice");
}
