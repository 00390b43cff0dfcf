//! The spans of a call that had everything: who is below whom, from when to when, and what is said of it.

use super::*;
use patchcord_control::call::Saved;
use patchcord_control::ids::{LegId, RecordingId, Tenant};
use patchcord_control::record::{CallStatus, Fault, FaultKind, Spent, Usage};
use patchcord_control::words::{Began, Interruption, NotRecorded, RecordEnd};

const BEGAN: u64 = 1_800_000_000;

fn at(ms: u64) -> UnixTime {
    UnixTime {
        seconds: BEGAN + ms / 1_000,
        nanoseconds: (ms % 1_000 * 1_000_000) as u32,
    }
}

fn leg(direction: LegDirection, answered_ms: Option<u64>, ended_ms: u64) -> LegRecord {
    LegRecord {
        direction,
        from: "+15550100".to_owned().into(),
        to: "+15550199".to_owned().into(),
        answered_at: answered_ms.map(at),
        ended_at: at(ended_ms),
        ended_by: Interruption::HungUp,
        status: None,
        media: Some(MediaCounters {
            codec: Some("opus"),
            mos_hundredths: Some(437),
            ..MediaCounters::default()
        }),
    }
}

fn recording(outcome: RecordingOutcome, saved: Option<Saved>) -> RecordingRecord {
    RecordingRecord {
        id: RecordingId {
            call: CallId(7),
            number: 1,
        },
        legs: vec![LegId(1)],
        room: None,
        started_at: at(3_000),
        length_ms: 2_000,
        outcome,
        saved,
    }
}

fn record() -> CallRecord {
    let saved = Saved {
        length_ms: 2_000,
        bytes: 32_044,
        sha256: [0; 32],
    };
    CallRecord {
        id: CallId(7),
        tenant: Tenant("acme".to_owned()),
        handler: "menu".to_owned(),
        module: "0123456789abcdef".to_owned(),
        began: Began::Offered,
        continues: Some(CallId(6)),
        continued_as: None,
        started_at: at(0),
        ended_at: at(9_000),
        legs: vec![
            leg(LegDirection::Inbound, Some(250), 8_900),
            leg(LegDirection::Outbound, Some(2_500), 8_000),
        ],
        recordings: vec![
            recording(RecordingOutcome::Ended(RecordEnd::Silence), Some(saved)),
            recording(RecordingOutcome::Failed(NotRecorded::Storage), None),
        ],
        streams: Vec::new(),
        recognitions: Vec::new(),
        handler_end: HandlerEnd::Faulted(Fault {
            kind: FaultKind::Trap,
            text: "the handler trapped at +15550100".to_owned(),
        }),
        turns: 2,
        usage: Usage::default(),
        spent: Spent::default(),
        log_lines_dropped: 0,
        keys_dropped: 0,
        status: CallStatus::Completed,
        answered_by: None,
        refusal: None,
    }
}

fn turn(ask: &str, waited_ms: u64, at_ms: u64) -> Turn {
    Turn::of(&TurnTrace {
        at: Duration::from_millis(at_ms),
        waited: Duration::from_millis(waited_ms),
        ask: ask.to_owned(),
        answer: "keys 1234".to_owned(),
    })
}

/// A span's name, and milliseconds from the call's beginning.
fn seen(span: &Span) -> (&'static str, u64, u64) {
    let ms = |time: Duration| (time - Duration::from_secs(BEGAN)).as_millis() as u64;
    (span.name, ms(span.start), ms(span.end))
}

#[test]
fn legs_turns_phases_and_recordings_lie_below_the_call() {
    let turns = [
        turn("gather(4 keys, prompt +15550100.wav)", 1_700, 2_000),
        turn("wait.sleep(500 ms)", 500, 3_000),
    ];
    let spans = of_call(&record(), &turns);
    let names: Vec<_> = spans.iter().map(seen).collect();
    assert_eq!(
        names,
        [
            ("call", 0, 9_000),
            ("leg", 0, 8_900),
            ("leg", 2_500, 8_000),
            ("turn", 300, 2_000),
            ("gathering", 300, 2_000),
            ("turn", 2_500, 3_000),
            ("recording", 3_000, 5_000),
            ("recording", 3_000, 5_000),
        ]
    );
    let [call, first, second, turn, gathering, other, kept, lost] = &spans[..] else {
        unreachable!("eight were just seen");
    };
    assert_eq!(call.parent, None);
    assert!(
        [first, second, turn, other]
            .iter()
            .all(|span| span.parent == Some(call.id))
    );
    assert_eq!((gathering.parent, kept.parent), (Some(turn.id), Some(second.id)));
    assert_eq!(
        (call.kind, call.failed, lost.failed),
        (Kind::Server, Some("trap"), Some("not_recorded"))
    );
    assert!(kept.attributes.contains(&("patchcord.bytes", Value::Number(32_044))));
    assert!(first.attributes.contains(&("patchcord.mos", Value::Real(4.37))));
    assert!(
        turn.attributes
            .contains(&("patchcord.asked", Value::Text("gather".to_owned())))
    );
    let mut ids: Vec<u64> = spans.iter().map(|span| span.id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), spans.len(), "each has a name of its own");
    assert!(spans.iter().all(|span| span.trace == TraceId(7)));
}

#[test]
fn a_call_that_goes_on_links_to_the_root_of_the_one_before() {
    let call = of_call(&record(), &[]).remove(0);
    let before = CallRecord {
        id: CallId(6),
        continues: None,
        ..record()
    };
    let root = of_call(&before, &[]).remove(0);
    assert_eq!(call.continues, Some((root.trace, root.id)));
    assert_eq!(root.continues, None);
}

#[test]
fn nothing_that_is_private_is_said() {
    let turns = [turn("call.header(X-Number: +15550100)", 1, 2)];
    let said = format!("{:?}", of_call(&record(), &turns));
    assert!(!said.contains("15550"), "{said}");
}

#[test]
fn a_share_of_the_calls_has_a_trace_and_always_the_same() {
    let calls = (0..10_000_u128).map(|number| CallId(number * 0x9e37_79b9_7f4a_7c15));
    let sampled = calls.clone().filter(|call| is_sampled(*call, 20)).count();
    assert!((1_800..2_200).contains(&sampled), "{sampled} of 10000");
    assert!(calls.clone().all(|call| is_sampled(call, 100) && !is_sampled(call, 0)));
    assert!(
        calls
            .filter(|call| is_sampled(*call, 20))
            .all(|call| is_sampled(call, 21))
    );
}

#[test]
fn a_call_whose_clock_went_back_has_no_span_that_ends_before_it_begins() {
    let mut record = record();
    record.ended_at = UnixTime {
        seconds: 5,
        nanoseconds: 0,
    };
    assert!(of_call(&record, &[]).iter().all(|span| span.end >= span.start));
}
