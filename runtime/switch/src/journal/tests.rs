//! A journal as it grows and as it is read: in parts, cut, damaged, full.

use super::record::{CallLimits, Entry, HandlerOver, Waited};
use super::{Beginning, CALL_BYTES, Journal, JournalError, PrivateValues, Stopped, VERSION, broken_off, read};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::call::{Input as CallInput, LegSignal};
use patchcord_control::grants::Grants;
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::limits::Limits;
use patchcord_control::record::Usage;
use patchcord_control::words::{HttpHeader, HttpMethod, HttpRequest, LogLevel, StoreAction, UnixTime};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a moment to begin at; only differences matter")]
fn start() -> Instant {
    Instant::now()
}

fn beginning() -> Beginning {
    Beginning {
        call: CallId(5),
        tenant: Tenant("default".to_owned()),
        handler: "menu".to_owned(),
        module: "ab".repeat(32),
        contract: "patchcord:handler@0.1.0".to_owned(),
        runtime: "0.1.0".to_owned(),
        instance: patchcord_guest::Limits::default(),
        limits: CallLimits(Limits::default()),
        seed: [3; 32],
        started_at: UnixTime {
            seconds: 1_800_000_000,
            nanoseconds: 5,
        },
        private: PrivateValues::Keep,
    }
}

fn log(text: &str) -> Ask {
    Ask::Log {
        level: LogLevel::Info,
        message: text.to_owned(),
    }
}

/// A short call, and its parts.
fn short() -> Vec<u8> {
    let begun = start();
    let later = begun + Duration::from_millis(20);
    let mut journal = Journal::begin(begun, &beginning(), &Arc::default());
    let mut bytes = journal.part().expect("it begins with its header").bytes;
    journal.asked(begun, &log("hello"), 1_000);
    journal.answered(begun, &Answer::Nothing, Waited::No);
    journal.input(later, &CallInput::Leg(LegId(0), LegSignal::AudioOpen));
    journal.input(later, &CallInput::Deadline);
    let part = journal.part().expect("there is something new");
    assert_eq!(part.at, bytes.len() as u64, "a part names its place");
    assert_eq!(journal.part(), None, "nothing is told twice");
    bytes.extend(part.bytes);
    let usage = Usage {
        fuel: 2_000,
        memory_peak: 65_536,
        host_calls: 1,
    };
    journal.ended(later, HandlerOver::Returned(Ok(())), usage);
    bytes.extend(journal.part().expect("there is something new").bytes);
    bytes
}

#[test]
fn what_is_written_in_parts_is_read_as_a_whole() {
    let journal = read(&short()).expect("it is one");
    assert_eq!(journal.beginning, beginning());
    assert_eq!(journal.stopped, Stopped::AtEnd);
    let times: Vec<u128> = journal.entries.iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(times, [0, 0, 20, 20], "a deadline leaves no record");
    assert!(matches!(&journal.entries[0].1, Entry::Asked { ask, fuel: 1_000 } if *ask == log("hello")));
    assert!(matches!(&journal.entries[3].1, Entry::Ended { usage, .. } if usage.memory_peak == 65_536));
}

#[test]
fn cut_anywhere_it_reads_to_its_last_whole_record() {
    let bytes = short();
    let mut known = 0;
    for end in 0..bytes.len() {
        match read(&bytes[..end]) {
            Ok(journal) => {
                assert!(journal.entries.len() >= known, "never less than of a shorter one");
                known = journal.entries.len();
                assert_ne!(known, 4, "the last is not whole");
            }
            Err(why) => assert!(
                matches!(why, JournalError::NotAJournal | JournalError::NoBeginning(_)) && known == 0,
                "{why}"
            ),
        }
    }
    assert_eq!(known, 3);
}

#[test]
fn a_damaged_record_ends_it_there() {
    let bytes = short();
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(journal) = read(&damaged) {
            assert!(journal.entries.len() < 4, "{bit}");
            assert_ne!(journal.stopped, Stopped::AtEnd, "{bit}");
        }
    }
}

#[test]
fn what_is_no_journal_is_told_apart() {
    assert_eq!(read(b""), Err(JournalError::NotAJournal));
    assert_eq!(read(b"\0asm\x01\0\0\0"), Err(JournalError::NotAJournal));
    let mut other = short();
    other[7] = VERSION + 1;
    assert_eq!(read(&other), Err(JournalError::Version(VERSION + 1)));
    assert_eq!(
        read(&vec![0; CALL_BYTES + 1]),
        Err(JournalError::TooLong(CALL_BYTES + 1))
    );
}

#[test]
fn a_full_journal_says_so_once_and_stays_within_its_limit() {
    let now = start();
    let mut journal = Journal::begin(now, &beginning(), &Arc::default());
    let mut bytes = Vec::new();
    let line = "x".repeat(100_000);
    for _ in 0..100 {
        journal.asked(now, &log(&line), 1);
        bytes.extend(journal.part().map(|part| part.bytes).unwrap_or_default());
    }
    assert!(bytes.len() > CALL_BYTES - 200_000 && bytes.len() <= CALL_BYTES);
    let journal = read(&bytes).expect("it is one");
    assert_eq!(journal.stopped, Stopped::AtEnd);
    let full = journal
        .entries
        .iter()
        .filter(|(_, entry)| *entry == Entry::Full)
        .count();
    assert_eq!(full, 1);
    assert!(matches!(journal.entries.last(), Some((_, Entry::Full))));
}

#[test]
fn a_record_that_is_too_long_ends_it_too() {
    let now = start();
    let mut journal = Journal::begin(now, &beginning(), &Arc::default());
    journal.asked(now, &log("before"), 1);
    journal.asked(now, &log(&"x".repeat(600_000)), 1);
    journal.asked(now, &log("after"), 1);
    let journal = read(&journal.part().expect("there is something").bytes).expect("it is one");
    let kinds: Vec<&Entry> = journal.entries.iter().map(|(_, entry)| entry).collect();
    assert!(matches!(kinds[..], [Entry::Asked { .. }, Entry::Full]));
}

#[test]
fn a_journal_of_which_a_part_was_lost_says_so() {
    let bytes = [short(), broken_off()].concat();
    let journal = read(&bytes).expect("it is one");
    assert!(matches!(journal.entries.last(), Some((_, Entry::BrokenOff))));
}

#[test]
fn values_of_headers_are_as_private_as_numbers() {
    let now = start();
    let hiding = Beginning {
        private: PrivateValues::Hide,
        ..beginning()
    };
    let mut journal = Journal::begin(now, &hiding, &Arc::default());
    let answer = Answer::Header(vec!["ticket 4711".to_owned()]);
    journal.answered(now, &answer, Waited::No);
    let bytes = journal.part().expect("there is something").bytes;
    assert!(!bytes.windows(4).any(|four| four == b"4711" || four == b"tick"));
    let journal = read(&bytes).expect("it is one");
    let Some((_, Entry::Answered { answer, hidden, .. })) = journal.entries.first() else {
        panic!("the answer is there")
    };
    assert_eq!(*answer, Answer::Header(vec!["xxxxxxx0000".to_owned()]));
    assert_eq!(*hidden, 1);
}

#[test]
fn a_secret_is_in_no_journal_wherever_it_stands() {
    let secrets = Grants::default()
        .with_secret("crm", "sk-1234abcd")
        .expect("it can be one");
    let now = start();
    let mut journal = Journal::begin(now, &beginning(), &Arc::new(secrets));
    let header = |name: &str, value: &str| HttpHeader {
        name: name.to_owned(),
        value: value.to_owned().into(),
        secret: None,
    };
    let asks = [
        Ask::Log {
            level: LogLevel::Info,
            message: "sk-1234abcd, and again: sk-1234abcd".to_owned(),
        },
        Ask::Store {
            key: "sk-1234abcd".to_owned().into(),
            action: StoreAction::Set {
                value: b"\0sk-1234abcd\xff".to_vec().into(),
                ttl_ms: None,
            },
        },
        Ask::Http {
            request: HttpRequest {
                method: HttpMethod::Get,
                url: "https://a/?key=sk-1234abcd".to_owned().into(),
                // Base64 of a user and the secret: it is not found as it is, so the whole value is hidden.
                headers: vec![
                    header("authorization", "Basic YTpzay0xMjM0YWJjZA=="),
                    header("X-A", "plain"),
                ],
                body: None,
                timeout_ms: 1_000,
            },
        },
    ];
    journal.answered(now, &Answer::Secret(Ok("sk-1234abcd".to_owned().into())), Waited::No);
    for ask in &asks {
        journal.asked(now, ask, 0);
    }
    let bytes = journal.part().expect("there is something").bytes;
    for secret in [&b"1234abcd"[..], b"YTpzay0"] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
    let entries = read(&bytes).expect("it is one").entries;
    let (_, Entry::Answered { answer, hidden, .. }) = &entries[0] else {
        panic!("the answer is there")
    };
    assert_eq!(
        *answer,
        Answer::Secret(Ok("xxx0000xxxx".to_owned().into())),
        "as long as it was"
    );
    assert_eq!(*hidden, 1, "a replay knows that it tells something else");
    let (
        _,
        Entry::Asked {
            ask: Ask::Http { request },
            ..
        },
    ) = &entries[3]
    else {
        panic!("the request is there")
    };
    assert_eq!(request.headers[1].value.reveal(), "plain");
}
