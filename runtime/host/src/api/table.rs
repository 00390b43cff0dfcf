//! The table of everything that can be asked: the router and the OpenAPI document are made from it.

mod accounts;
mod caller_ids;
mod clients;
mod deploying;
mod nodes;
mod presence;
mod receivers;

use super::calls::{self, CallReference, Joined, RecordingReference};
use super::endpoint::{Answer, Asked, Body, Endpoint, Handle, Outcome, Parameter, Reply, Secrecy, schema};
use super::events;
use super::keys::Scope;
use super::openapi;
use super::orders::{
    ChangeRecording, JoinCalls, PlaceCall, PlayPrompt, RedirectCall, SendKeys, SendMessage, StartRecording,
};
use super::problem::Code;
use super::recordings;
use super::watching;
use super::words::{CallList, CallResource, Status};
use hyper::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Whose key it is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Me")]
struct Me {
    /// The key's name.
    key: String,
    tenant: String,
    scopes: Vec<Scope>,
}

/// Every row.
pub(crate) fn table() -> Vec<Endpoint> {
    let mut all = about_itself();
    all.extend(of_calls());
    all.extend(changes_of_calls());
    all.extend(sound_of_calls());
    all.extend(of_events());
    all.extend(deploying::rows());
    all.extend(receivers::rows());
    all.extend(accounts::rows());
    all.extend(caller_ids::rows());
    all.extend(clients::rows());
    all.extend(presence::rows());
    all.extend(nodes::rows());
    all.extend(watching::rows());
    all.extend(recordings::rows());
    all
}

fn about_itself() -> Vec<Endpoint> {
    vec![
        Endpoint {
            scope: None,
            answer: answer(
                "The document.",
                Some(("application/json", schema::<Map<String, Value>>)),
                None,
            ),
            ..get("/v1/openapi.json", "getOpenApi", "This document", |asked| {
                Box::pin(async move { Ok(Reply::json(StatusCode::OK, &openapi::document(&asked.office.table))) })
            })
        },
        Endpoint {
            answer: json_answer::<Me>(
                "Whose key it is, and what it may do.",
                json!({ "key": "ci", "tenant": "default", "scopes": ["read"] }),
            ),
            ..get("/v1/me", "getMe", "Whose key this is", |asked| Box::pin(me(asked)))
        },
    ]
}

async fn me(asked: Asked) -> Outcome {
    let me = Me {
        key: asked.key.name,
        tenant: asked.key.tenant.0,
        scopes: asked.key.scopes,
    };
    Ok(Reply::json(StatusCode::OK, &me))
}

fn of_calls() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: vec![
                parameter::<Status>("status", "Only calls of this status."),
                parameter::<String>("handler", "Only calls of this handler."),
                parameter::<String>("from", "Only calls whose first leg is from here."),
                parameter::<String>("to", "Only calls whose first leg is to here."),
                parameter::<u64>(
                    "started_after_ms",
                    "Only calls that began at this time or later, in milliseconds since 1970.",
                ),
                parameter::<u64>(
                    "started_before_ms",
                    "Only calls that began before, in milliseconds since 1970.",
                ),
                limit(),
                cursor(),
            ],
            answer: json_answer::<CallList>(
                "Newest first; those that go on and the latest that are over.",
                json!({ "calls": [call()] }),
            ),
            ..get("/v1/calls", "listCalls", "Calls, newest first", |asked| {
                Box::pin(calls::list(asked))
            })
        },
        Endpoint {
            body: body::<PlaceCall>(json!({ "to": { "user": "alice" }, "handler": "alert", "ring_s": 30 })),
            answer: created(json_answer::<CallReference>(
                "It is being placed; what comes of it is the call's status.",
                reference(),
            )),
            ..post("/v1/calls", "placeCall", "Place a call", |asked| {
                Box::pin(calls::place(asked))
            })
        },
        Endpoint {
            answer: json_answer::<CallResource>("The call as it is now, or as it ended.", call()),
            ..get("/v1/calls/{call}", "getCall", "A call", |asked| {
                Box::pin(calls::get(asked))
            })
        },
    ]
}

/// Problems of what is done with a call that goes on.
const STATES: &[Code] = &[Code::WrongState, Code::TooMany];

fn changes_of_calls() -> Vec<Endpoint> {
    vec![
        Endpoint {
            problems: STATES,
            ..post("/v1/calls/{call}/end", "endCall", "End a call", |asked| {
                Box::pin(calls::end(asked))
            })
        },
        Endpoint {
            body: body::<RedirectCall>(json!({ "handler": "agent", "text": "from the console" })),
            answer: json_answer::<CallReference>("The call that goes on with the caller.", reference()),
            problems: STATES,
            ..post(
                "/v1/calls/{call}/redirect",
                "redirectCall",
                "Move the caller to another handler",
                |asked| Box::pin(calls::redirect(asked)),
            )
        },
        Endpoint {
            body: body::<JoinCalls>(reference()),
            answer: json_answer::<Joined>("Their numbers in this call.", json!({ "legs": [1] })),
            problems: STATES,
            ..post(
                "/v1/calls/{call}/join",
                "joinCalls",
                "Have the legs of another call come into this one",
                |asked| Box::pin(calls::join(asked)),
            )
        },
    ]
}

/// What is said, played and recorded from outside.
fn sound_of_calls() -> Vec<Endpoint> {
    vec![
        Endpoint {
            body: body::<SendMessage>(json!({ "name": "order-ready", "data": "17" })),
            problems: STATES,
            ..post(
                "/v1/calls/{call}/messages",
                "sendMessage",
                "Tell the handler something",
                |asked| Box::pin(calls::message(asked)),
            )
        },
        Endpoint {
            body: body::<SendKeys>(json!({ "keys": "12#" })),
            problems: STATES,
            ..post("/v1/calls/{call}/keys", "sendKeys", "Send keys to a far end", |asked| {
                Box::pin(calls::keys(asked))
            })
        },
        Endpoint {
            body: body::<PlayPrompt>(json!({ "prompt": [{ "say": "One moment please." }], "interrupt": true })),
            problems: STATES,
            ..post(
                "/v1/calls/{call}/play",
                "playPrompt",
                "Play something to a leg",
                |asked| Box::pin(calls::play(asked)),
            )
        },
        Endpoint {
            method: Method::DELETE,
            query: vec![parameter::<u32>("leg", "On which leg; the first without it.")],
            problems: STATES,
            ..post(
                "/v1/calls/{call}/play",
                "stopPrompt",
                "Stop what is played from outside",
                |asked| Box::pin(calls::stop_play(asked)),
            )
        },
        Endpoint {
            body: body::<StartRecording>(json!({ "legs": [0] })),
            answer: created(json_answer::<RecordingReference>(
                "It records.",
                json!({ "recording": "rec_0123_1", "number": 1 }),
            )),
            problems: STATES,
            ..post(
                "/v1/calls/{call}/recordings",
                "startRecording",
                "Start a recording",
                |asked| Box::pin(calls::start_recording(asked)),
            )
        },
        Endpoint {
            method: Method::PATCH,
            body: body::<ChangeRecording>(json!({ "state": "paused", "pause": "silence" })),
            problems: STATES,
            ..post(
                "/v1/calls/{call}/recordings/{number}",
                "changeRecording",
                "Pause, go on with, or stop a recording",
                |asked| Box::pin(calls::change_recording(asked)),
            )
        },
    ]
}

/// What is said of everything that tells events.
const BY_WEBSOCKET: &str = "With `Upgrade: websocket` (RFC 6455) the same comes by WebSocket: each event is one text message, the \
    JSON of the server-sent `data`; what a slow reader lost is `{\"event\":\"lost\",\"events\":7}`. The subprotocol is \
    `patchcord.events.v1`; a page in a browser, which can set no header, offers `bearer.` and its key as a second one. Of a tenant \
    64 may read events and logs at the same time, of a node 384.";

fn of_events() -> Vec<Endpoint> {
    let stream = |about| answer(about, Some(("text/event-stream", schema::<String>)), None);
    vec![
        Endpoint {
            about: BY_WEBSOCKET,
            answer: stream("Server-sent events, without end."),
            problems: &[Code::TooMany],
            ..get("/v1/events", "streamEvents", "What happens in all calls", |asked| {
                Box::pin(events::of_tenant(asked))
            })
        },
        Endpoint {
            about: BY_WEBSOCKET,
            answer: stream("Server-sent events, until the call is over."),
            problems: &[Code::TooMany],
            ..get(
                "/v1/calls/{call}/events",
                "streamCallEvents",
                "What happens in a live call",
                |asked| Box::pin(events::of_call(asked)),
            )
        },
    ]
}

pub(super) fn get(path: &'static str, name: &'static str, summary: &'static str, handle: Handle) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        scope: Some(Scope::Read),
        name,
        summary,
        about: "",
        query: Vec::new(),
        body: None,
        answer: answer("Done.", None, None),
        problems: &[],
        audited: false,
        handle,
    }
}

/// Answers 204 unless it says otherwise.
pub(super) fn post(path: &'static str, name: &'static str, summary: &'static str, handle: Handle) -> Endpoint {
    Endpoint {
        method: Method::POST,
        scope: Some(Scope::Write),
        answer: nothing(),
        ..get(path, name, summary, handle)
    }
}

/// An answer with something that is shown this once.
pub(super) fn secret(answer: Answer) -> Answer {
    Answer {
        secrecy: Secrecy::Secret,
        ..answer
    }
}

/// Done, and nothing to say.
pub(super) fn nothing() -> Answer {
    Answer {
        status: StatusCode::NO_CONTENT,
        ..answer("Done.", None, None)
    }
}

/// The answer when something came into being.
pub(super) fn created(answer: Answer) -> Answer {
    Answer {
        status: StatusCode::CREATED,
        ..answer
    }
}

/// Changes something that is kept: a change that is audited, and may be made from a named revision.
fn change(method: Method, row: Endpoint) -> Endpoint {
    Endpoint {
        method,
        audited: true,
        scope: Some(Scope::Write),
        ..row
    }
}

/// The parameters of every list.
pub(super) fn pages() -> Vec<Parameter> {
    vec![limit(), cursor()]
}

pub(super) fn limit() -> Parameter {
    Parameter {
        name: "limit",
        about: "How many at most, 1 to 1,000; 50 without it.",
        schema: |_| schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
    }
}

pub(super) fn cursor() -> Parameter {
    parameter::<String>("cursor", "The `next_cursor` of the page before.")
}

pub(super) fn parameter<T: JsonSchema>(name: &'static str, about: &'static str) -> Parameter {
    Parameter {
        name,
        about,
        schema: schema::<T>,
    }
}

pub(super) fn body<T: JsonSchema>(example: Value) -> Option<Body> {
    Some(Body::Json {
        schema: schema::<T>,
        example,
    })
}

pub(super) fn json_answer<T: JsonSchema>(about: &'static str, example: Value) -> Answer {
    answer(about, Some(("application/json", schema::<T>)), Some(example))
}

pub(super) fn answer(
    about: &'static str,
    content: Option<(&'static str, super::endpoint::Described)>,
    example: Option<Value>,
) -> Answer {
    Answer {
        status: StatusCode::OK,
        about,
        content,
        example,
        also: &[],
        secrecy: Secrecy::Open,
    }
}

fn reference() -> Value {
    json!({ "call": "call_00000000000000000000000000000007" })
}

fn call() -> Value {
    json!({
        "id": "call_00000000000000000000000000000007",
        "status": "in-progress",
        "direction": "inbound",
        "from": "alice",
        "to": "100",
        "handler": "support",
        "module": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "began": "offered",
        "started_at": "2026-11-27T09:00:00.000Z",
        "doing": { "state": "waiting", "on": "gather.gather" },
        "turns": 2,
        "messages_waiting": 0,
        "legs": [{
            "leg": 0, "direction": "inbound", "from": "alice", "to": "100", "state": "answered",
            "answered_at": "2026-11-27T09:00:01.000Z", "held": false, "muted": false, "in_room": false,
        }],
        "recordings": [],
    })
}
