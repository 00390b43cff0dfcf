//! What the file's readers rely on: names, units, one line each.

use super::*;
use patchcord_control::call::Saved;
use patchcord_control::destinations::Micros;
use patchcord_control::ids::{CallId, LegId, RecordingId, StreamId, Tenant};
use patchcord_control::private::Private;
use patchcord_control::record::{
    CallStatus, Fault, FaultKind, HandlerEnd, LegRecord, MediaCounters, RecordingOutcome, RecordingRecord, Spent,
    StreamRecord, Usage,
};
use patchcord_control::words::{
    Began, Interruption, Key, LegDirection, NotRecorded, RecordEnd, StreamCounts, StreamEnd, UnixTime,
};

pub(crate) fn record(id: u128) -> CallRecord {
    let at = |ms: u64| UnixTime {
        seconds: 1_795_476_958 + ms / 1_000,
        nanoseconds: (ms % 1_000 * 1_000_000) as u32 + 999_999,
    };
    let media = MediaCounters {
        codec: Some("opus"),
        srtp: None,
        packets_in: 50,
        packets_out: 51,
        jitter_us: 700,
        keys: 1,
        round_trip_us: Some(48_000),
        mos_hundredths: Some(437),
        ..MediaCounters::default()
    };
    CallRecord {
        id: CallId(id),
        tenant: Tenant("default".to_owned()),
        handler: "menu".to_owned(),
        module: "0123abcd".to_owned(),
        began: Began::Offered,
        continues: None,
        continued_as: None,
        started_at: at(41),
        ended_at: at(2_000),
        legs: vec![LegRecord {
            direction: LegDirection::Inbound,
            from: Private::new("alice \"the\ncaller\"".to_owned()),
            to: Private::new("100".to_owned()),
            answered_at: Some(at(50)),
            ended_at: at(1_900),
            ended_by: Interruption::HungUp,
            status: None,
            media: Some(media),
        }],
        recordings: Vec::new(),
        streams: Vec::new(),
        recognitions: Vec::new(),
        handler_end: HandlerEnd::Done,
        turns: 3,
        usage: Usage {
            fuel: 1_000,
            memory_peak: 65_536,
            host_calls: 5,
        },
        spent: Spent {
            money: Micros(20_000),
            http_bytes: 300,
        },
        log_lines_dropped: 0,
        keys_dropped: 2,
        status: CallStatus::Completed,
        answered_by: None,
        refusal: None,
    }
}

#[test]
fn a_record_is_the_line_it_always_was() {
    let expected = concat!(
        r#"{"call":"call_00000000000000000000000000000007","tenant":"default","handler":"menu","module":"0123abcd","began":"offered","status":"completed","continues":null,"continued_as":null,"#,
        r#""started_at":"2026-11-23T23:35:58.041Z","ended_at":"2026-11-23T23:36:00.000Z","#,
        r#""legs":[{"direction":"inbound","from":"alice \"the\ncaller\"","to":"100","answered_at":"2026-11-23T23:35:58.050Z","#,
        r#""ended_at":"2026-11-23T23:35:59.900Z","ended_by":"hung_up","status":null,"#,
        r#""media":{"codec":"opus","srtp":null,"packets_in":50,"packets_out":51,"lost":0,"duplicates":0,"reordered":0,"malformed":0,"unauthentic":0,"#,
        r#""wrong_source":0,"jitter_us":700,"keys":1,"ticks_missed":0,"#,
        r#""round_trip_us":48000,"remote_lost":0,"mos":4.37,"remote_mos":null}}],"#,
        r#""recordings":[],"streams":[],"recognitions":[],"handler_end":{"outcome":"done","fault_kind":null,"text":null},"#,
        r#""turns":3,"fuel":1000,"memory_peak":65536,"host_calls":5,"cost_micros":20000,"http_bytes":300,"log_lines_dropped":0,"keys_dropped":2}"#,
    );
    assert_eq!(line(&record(7)), expected);
}

#[test]
fn a_fault_says_its_kind_and_what_happened() {
    let mut broken = record(1);
    let text = "out of\nbounds".to_owned();
    broken.handler_end = HandlerEnd::Faulted(Fault {
        kind: FaultKind::Trap,
        text,
    });
    broken.legs[0].media = None;
    let line = line(&broken);
    let end = r#""handler_end":{"outcome":"faulted","fault_kind":"trap","text":"out of\nbounds"}"#;
    assert!(line.contains(end) && line.contains(r#""media":null"#), "{line}");
    assert!(!line.contains('\n'));
}

#[test]
fn a_recording_says_its_one_outcome() {
    let recording = |outcome, saved| RecordingRecord {
        id: RecordingId {
            call: CallId(7),
            number: 2,
        },
        legs: vec![LegId(0), LegId(1)],
        room: None,
        started_at: UnixTime {
            seconds: 0,
            nanoseconds: 0,
        },
        length_ms: 1_500,
        outcome,
        saved,
    };
    let saved = Saved {
        length_ms: 1_500,
        bytes: 48_044,
        sha256: [0xab; 32],
    };
    let key = Key::from_char('#').expect("a key");
    let mut call = record(1);
    call.recordings = vec![
        recording(RecordingOutcome::Ended(RecordEnd::Key(key)), Some(saved)),
        recording(
            RecordingOutcome::Ended(RecordEnd::Left(Interruption::HungUp)),
            Some(saved),
        ),
        recording(RecordingOutcome::Failed(NotRecorded::Overloaded), None),
    ];
    let line: serde_json::Value = serde_json::from_str(&line(&call)).expect("JSON");
    let told = &line["recordings"];
    assert_eq!(told[0]["recording"], "rec_00000000000000000000000000000007_2");
    assert_eq!(told[0]["legs"], serde_json::json!([0, 1]));
    assert_eq!(
        (&told[0]["ended_by"], &told[0]["why"]),
        (&"key".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&told[0]["bytes"], &told[0]["sha256"]),
        (&48_044.into(), &"ab".repeat(32).into())
    );
    assert_eq!(
        (&told[1]["ended_by"], &told[1]["why"]),
        (&"left".into(), &"hung_up".into())
    );
    assert_eq!(
        (&told[2]["ended_by"], &told[2]["why"]),
        (&"failed".into(), &"overloaded".into())
    );
    assert_eq!(told[2]["bytes"], serde_json::Value::Null);
}

#[test]
fn times_are_right_at_the_turns_of_the_calendar() {
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399, "2000-02-28T23:59:59.000Z"),
        (951_868_799, "2000-02-29T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (1_798_761_599, "2026-12-31T23:59:59.000Z"),
    ] {
        assert_eq!(
            json::rfc3339(UnixTime {
                seconds,
                nanoseconds: 0
            }),
            expected
        );
    }
}

#[test]
fn a_file_is_continued_and_complete_when_the_thread_is_gone() {
    let file = std::env::temp_dir().join(format!("patchcord-records-{}.jsonl", std::process::id()));
    let figures = Arc::new(Figures::new(crate::layout::Layout {
        shards: 1,
        media_threads: 1,
    }));
    for run in 0..2 {
        let (thread, queue) = start(&RecordsTo::File(file.clone()), figures.clone()).unwrap();
        for id in 0..10 {
            queue.put(Arc::new(record(run * 10 + id)));
        }
        drop(thread);
    }
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let expected: Vec<_> = (0..20).map(|id| line(&record(id))).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_folder_that_is_not_there_is_a_sentence() {
    let to = RecordsTo::File("/nowhere/calls.jsonl".into());
    let figures = Arc::new(Figures::new(crate::layout::Layout {
        shards: 1,
        media_threads: 1,
    }));
    let error = start(&to, figures).err().expect("the folder is not there");
    assert!(error.to_string().contains("/nowhere/calls.jsonl"), "{error}");
}

#[test]
fn a_stream_says_why_it_ended_and_what_went_over_it() {
    let stream = |ended_by| StreamRecord {
        id: StreamId {
            call: CallId(7),
            number: 1,
        },
        leg: LegId(0),
        started_at: UnixTime {
            seconds: 0,
            nanoseconds: 0,
        },
        lasted_ms: 2_000,
        ended_by,
        counts: StreamCounts {
            heard_ms: 1_980,
            played_ms: 500,
            connections: 2,
            ..StreamCounts::default()
        },
    };
    let mut call = record(1);
    call.streams = vec![
        stream(StreamEnd::Left(Interruption::HungUp)),
        stream(StreamEnd::Refused(403)),
    ];
    let line: serde_json::Value = serde_json::from_str(&line(&call)).expect("JSON");
    let told = &line["streams"];
    assert_eq!(told[0]["stream"], "str_00000000000000000000000000000007_1");
    assert_eq!(
        (&told[0]["ended_by"], &told[0]["why"]),
        (&"left".into(), &"hung_up".into())
    );
    assert_eq!(
        (&told[0]["heard_ms"], &told[0]["played_ms"]),
        (&1_980.into(), &500.into())
    );
    assert_eq!(
        (&told[1]["ended_by"], &told[1]["status"]),
        (&"refused".into(), &403.into())
    );
    assert_eq!(told[1]["connections"], 2);
}
