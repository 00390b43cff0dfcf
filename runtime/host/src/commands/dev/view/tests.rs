//! Lines for what was seen.

use super::*;
use patchcord_control::call::TurnTrace;
use patchcord_control::ids::Tenant;
use patchcord_control::private::Private;
use patchcord_control::record::{CallStatus, Fault, FaultKind, LegRecord, Spent, Usage};
use patchcord_control::words::{Began, Interruption, LegDirection};
use std::sync::Arc;
use std::time::Duration;

const CALL: CallId = CallId(0x3f0c_2a11_0000_0000_0000_0000_0000_0001);

fn notice(notice: Notice) -> String {
    line(&Seen::Notice { call: CALL, notice }, Paint::Plain)
}

fn record(handler_end: HandlerEnd) -> CallRecord {
    let at = |seconds, ms: u32| UnixTime {
        seconds,
        nanoseconds: ms * 1_000_000,
    };
    CallRecord {
        id: CALL,
        tenant: Tenant("default".to_owned()),
        handler: "menu".to_owned(),
        module: "ab".repeat(32),
        began: Began::Offered,
        continues: None,
        continued_as: None,
        started_at: at(1_000, 900),
        ended_at: at(1_008, 400),
        legs: vec![LegRecord {
            direction: LegDirection::Inbound,
            from: Private::new("15550100".to_owned()),
            to: Private::new("15550199".to_owned()),
            answered_at: Some(at(1_001, 0)),
            ended_at: at(1_008, 400),
            ended_by: Interruption::HungUp,
            status: None,
            media: Some(MediaCounters {
                packets_in: 370,
                packets_out: 371,
                keys: 1,
                ..MediaCounters::default()
            }),
        }],
        recordings: Vec::new(),
        streams: Vec::new(),
        recognitions: Vec::new(),
        handler_end,
        turns: 5,
        usage: Usage {
            fuel: 81_234,
            memory_peak: 1_114_112,
            host_calls: 6,
        },
        spent: Spent::default(),
        log_lines_dropped: 0,
        keys_dropped: 0,
        status: CallStatus::Completed,
        answered_by: None,
        refusal: None,
    }
}

#[test]
fn a_turn_shows_time_ask_answer_and_wait() {
    let turn = TurnTrace {
        at: Duration::from_millis(4_120),
        waited: Duration::from_millis(3_980),
        ask: "gather(1 to 1 keys, prompt menu.wav)".to_owned(),
        answer: "1 keys, ended by MaxKeys".to_owned(),
    };
    let text = notice(Notice::Turn(turn));
    assert_eq!(
        text,
        "call_3f0c2a     4.120 s  gather(1 to 1 keys, prompt menu.wav)  -> 1 keys, ended by MaxKeys  waited 3.98 s"
    );
}

#[test]
fn beginnings_logs_and_faults_are_lines() {
    let started = Notice::Started {
        tenant: Tenant("default".to_owned()),
        handler: "menu".to_owned(),
        module: "abcdef0123456789".to_owned(),
        continues: None,
    };
    assert_eq!(notice(started), "call_3f0c2a  started  menu abcdef012345");
    let log = Notice::Log {
        level: LogLevel::Warn,
        message: "no key".to_owned(),
    };
    assert_eq!(notice(log), "call_3f0c2a  log warn  no key");
    assert_eq!(
        notice(Notice::Fault("the handler trapped".to_owned())),
        "call_3f0c2a  fault  the handler trapped"
    );
}

#[test]
fn the_end_is_one_line_without_numbers_of_people() {
    let text = line(&Seen::Ended(Arc::new(record(HandlerEnd::Done))), Paint::Plain);
    for part in [
        "ended  handler done",
        "caller hung up",
        "7.5 s",
        "5 turns",
        "fuel 81234",
        "1.1 MiB",
        "370 in 371 out",
        "1 keys",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("15550") && !text.contains('\n'), "{text}");
}

#[test]
fn a_fault_in_the_record_is_named_by_its_kind() {
    let fault = Fault {
        kind: FaultKind::CpuTime,
        text: "too long".to_owned(),
    };
    let text = line(&Seen::Ended(Arc::new(record(HandlerEnd::Faulted(fault)))), Paint::Plain);
    assert!(text.contains("handler cpu_time"), "{text}");
}
