//! The rows of the table about what is seen of a call.

use super::words::{CallLog, CallQuality, TraceResource};
use crate::api::endpoint::{Answer, Endpoint, schema};
use crate::api::problem::Code;
use crate::api::table::{answer, get, json_answer, parameter};
use hyper::StatusCode;
use serde_json::{Value, json};

const CALL: &str = "call_00000000000000000000000000000007";
const AT: &str = "2026-11-27T09:00:00.000Z";

/// Every row.
pub(crate) fn rows() -> Vec<Endpoint> {
    let mut all = of_signalling();
    all.extend(of_logs());
    all
}

fn of_signalling() -> Vec<Endpoint> {
    vec![
        Endpoint {
            answer: json_answer::<TraceResource>(
                "What happened so far. Not found unless the node traces calls.",
                trace(),
            ),
            ..get(
                "/v1/calls/{call}/trace",
                "getCallTrace",
                "The SIP messages of a call and the turns of its handler",
                |asked| Box::pin(super::trace(asked)),
            )
        },
        Endpoint {
            answer: Answer {
                also: &[(StatusCode::PARTIAL_CONTENT, "The range that was asked for.")],
                ..bytes(
                    "The journal as far as it is written, to be replayed with `patchcord replay`. Not found unless the node keeps \
                     journals.",
                    "application/octet-stream",
                )
            },
            ..get(
                "/v1/calls/{call}/journal",
                "getCallJournal",
                "The journal of a call",
                |asked| Box::pin(super::journal(asked)),
            )
        },
        Endpoint {
            answer: json_answer::<CallQuality>("How each leg sounds, over time.", quality()),
            ..get(
                "/v1/calls/{call}/quality",
                "getCallQuality",
                "How the legs of a call sound",
                |asked| Box::pin(super::quality(asked)),
            )
        },
    ]
}

fn of_logs() -> Vec<Endpoint> {
    vec![
        Endpoint {
            answer: json_answer::<CallLog>(
                "Oldest first; of calls that are over, the latest have their lines.",
                json!({ "lines": [line()], "left_out": 0 }),
            ),
            ..get(
                "/v1/calls/{call}/log",
                "getCallLog",
                "What the handler of a call logged",
                |asked| Box::pin(super::log(asked)),
            )
        },
        Endpoint {
            query: vec![
                parameter::<String>("call", "Only lines of this call."),
                parameter::<String>("handler", "Only lines of calls of this handler."),
            ],
            answer: bytes(
                "Server-sent events without end: `log` with a line, or `lost` with the number of lines that came too fast.",
                "text/event-stream",
            ),
            problems: &[Code::TooMany],
            ..get("/v1/logs", "streamLogs", "What handlers log, as they do", |asked| {
                Box::pin(super::logs(asked))
            })
        },
    ]
}

/// An answer that is no JSON.
fn bytes(about: &'static str, media_type: &'static str) -> Answer {
    answer(about, Some((media_type, schema::<String>)), None)
}

fn trace() -> Value {
    let text = "INVITE <private> SIP/2.0\nCall-ID: <private>\nCSeq: 1 INVITE\n";
    json!({
        "call": CALL,
        "left_out": 0,
        "entries": [
            {
                "at": AT, "leg": 0, "what": "message", "direction": "received", "transport": "UDP", "label": "INVITE sdp",
                "first_line": "INVITE <private> SIP/2.0", "text": text, "again": false,
            },
            { "at": AT, "what": "turn", "ask": "call.answer(leg 0)", "answer": "done", "waited_ms": 12 },
            { "at": AT, "what": "note", "text": "log Info: hello" },
        ],
    })
}

fn quality() -> Value {
    let sound = json!({ "lost_percent": 0.2, "jitter_ms": 1.4, "mos": 4.38 });
    json!({
        "legs": [{
            "leg": 0,
            "samples": [{ "at": AT, "received": sound, "sent": sound, "round_trip_ms": 24 }],
        }],
    })
}

fn line() -> Value {
    json!({ "at": AT, "tenant": "default", "call": CALL, "handler": "menu", "level": "info", "text": "key 1 was pressed" })
}
