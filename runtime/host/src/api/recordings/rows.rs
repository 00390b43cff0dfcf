//! The rows of the table about recordings.

use super::listing::{self, RecordingList};
use super::{MakeLink, RecordingEntry, RecordingLink};
use crate::api::endpoint::{Answer, Endpoint, schema};
use crate::api::problem::Code;
use crate::api::table::{answer, body, created, get, json_answer, pages, parameter, post};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

/// Every row.
pub(crate) fn rows() -> Vec<Endpoint> {
    let mut all = of_recordings();
    all.extend(of_sound());
    all
}

fn of_recordings() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: std::iter::once(parameter::<String>("call", "Only recordings of this call."))
                .chain(pages())
                .collect(),
            answer: json_answer::<RecordingList>(
                "Those of the newest call first, of calls that go on and of those that are over.",
                json!({ "recordings": [recording()] }),
            ),
            ..get(
                "/v1/recordings",
                "listRecordings",
                "Recordings, newest first",
                |asked| Box::pin(listing::list(asked)),
            )
        },
        Endpoint {
            answer: json_answer::<RecordingEntry>("What is known of it.", recording()),
            ..get("/v1/recordings/{recording}", "getRecording", "A recording", |asked| {
                Box::pin(super::get(asked))
            })
        },
        Endpoint {
            method: Method::DELETE,
            audited: true,
            problems: &[Code::WrongState],
            ..post(
                "/v1/recordings/{recording}",
                "deleteRecording",
                "Remove a recording for good",
                |asked| Box::pin(super::remove(asked)),
            )
        },
    ]
}

fn of_sound() -> Vec<Endpoint> {
    vec![
        Endpoint {
            answer: sound(),
            problems: &[Code::WrongState],
            ..get(
                "/v1/recordings/{recording}/content",
                "getRecordingContent",
                "The sound of a recording",
                |asked| Box::pin(super::content(asked)),
            )
        },
        Endpoint {
            audited: true,
            body: body::<MakeLink>(json!({ "expires_s": 600 })),
            answer: created(json_answer::<RecordingLink>("A link that needs no key.", link())),
            ..post(
                "/v1/recordings/{recording}/link",
                "linkRecording",
                "Make a link to the sound of a recording",
                |asked| Box::pin(super::link(asked)),
            )
        },
        Endpoint {
            scope: None,
            query: vec![
                parameter::<String>("tenant", "As it stands in the link."),
                parameter::<u64>("expires", "As it stands in the link."),
                parameter::<String>("signature", "As it stands in the link."),
            ],
            answer: sound(),
            problems: &[Code::BadLink, Code::WrongState],
            ..get(
                "/v1/recordings/{recording}/shared",
                "getSharedRecording",
                "The sound of a recording, by a link",
                |asked| Box::pin(super::shared(asked)),
            )
        },
    ]
}

fn sound() -> Answer {
    Answer {
        also: &[(StatusCode::PARTIAL_CONTENT, "The range that was asked for.")],
        ..answer(
            "As it was kept: `audio/wav`, or `audio/ogg` with Opus.",
            Some(("audio/*", schema::<String>)),
            None,
        )
    }
}

fn recording() -> Value {
    json!({
        "id": "rec_00000000000000000000000000000007_1",
        "number": 1,
        "legs": [0],
        "started_at": "2026-11-27T09:00:00.000Z",
        "state": "completed",
        "duration_ms": 4200,
        "bytes": 67244,
        "call": "call_00000000000000000000000000000007",
        "handler": "support",
    })
}

fn link() -> Value {
    json!({
        "url": "/v1/recordings/rec_00000000000000000000000000000007_1/shared?tenant=default&expires=1795770000&signature=6fd1…",
        "expires_at": "2026-11-27T09:10:00.000Z",
    })
}
