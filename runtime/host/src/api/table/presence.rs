//! Rows of presence, and of where clients are registered.

use super::{answer, body, get, json_answer, nothing, parameter};
use crate::api::endpoint::{Endpoint, schema};
use crate::api::keys::Scope;
use crate::api::presence::{self, ChangeStatus, InstanceList, PresenceList, PresenceResource, StatusBody};
use crate::api::problem::Code;
use hyper::Method;
use serde_json::{Value, json};

const IDENTITY: &str = "/v1/presence/{identity}";
const ABOUT: &str = "An identity is a user of the tenant, at its desk phones and in its browsers and apps, by name. What is said of it \
    here is beside what its clients say of themselves: the worse of the two counts, so it keeps callers away and makes no telephone ring \
    that is not there. It is in memory, and gone when the node ends. Of somebody nobody knows, it is `unavailable`.";
const EVENTS: &str = "The first message says how all are, each further one what is new, every identity once: changes within 100 ms come \
    together, and nothing comes while nothing changes. A slow reader gets each identity as it is then. With `Upgrade: websocket` the \
    same comes by WebSocket, as `/v1/events` does, one text message of JSON for each.";

pub(super) fn rows() -> Vec<Endpoint> {
    let mut all = of_reading();
    all.extend(of_saying());
    all
}

fn one() -> Value {
    json!({
        "identity": "bob", "availability": "busy", "reason": "on-a-call", "text": "", "calls": 1,
        "clients": [{ "device": "urn:uuid:5b4b1bd5-6d4c-4b5d-9a5c-0a5f0a5f0a5f", "app": "Desk phone 7",
                      "availability": "busy", "reason": "on-a-call", "text": "" }],
    })
}

fn of_reading() -> Vec<Endpoint> {
    let names = || parameter::<String>("identities", "Names, with commas between them.");
    vec![
        Endpoint {
            query: vec![names()],
            answer: json_answer::<PresenceList>("How up to 100 are, in that order.", json!({ "presence": [one()] })),
            ..get("/v1/presence", "listPresence", "How several people are", |asked| {
                Box::pin(presence::list(asked))
            })
        },
        Endpoint {
            about: EVENTS,
            query: vec![names()],
            answer: answer(
                "Server-sent events, without end.",
                Some(("text/event-stream", schema::<String>)),
                None,
            ),
            problems: &[Code::TooMany],
            ..get(
                "/v1/presence/events",
                "streamPresence",
                "What changes of up to 1,000 people",
                |asked| Box::pin(presence::events(asked)),
            )
        },
        Endpoint {
            about: ABOUT,
            answer: json_answer::<PresenceResource>("How it is now, and each of its clients.", one()),
            ..get(IDENTITY, "getPresence", "How somebody is", |asked| {
                Box::pin(presence::get(asked))
            })
        },
        Endpoint {
            about: "Telephones, browsers and apps. From where is told to an administrator's key alone.",
            answer: json_answer::<InstanceList>(
                "None if nobody is registered for it.",
                json!({ "instances": [{
                    "instance": "urn:uuid:5b4b1bd5-6d4c-4b5d-9a5c-0a5f0a5f0a5f", "agent": "Desk phone 7", "transport": "tls",
                    "since": "2026-11-27T09:00:00.000Z", "until": "2026-11-27T10:00:00.000Z",
                }] }),
            ),
            ..get(
                "/v1/clients/{identity}/instances",
                "listClientInstances",
                "Where somebody is registered",
                |asked| Box::pin(presence::instances(asked)),
            )
        },
    ]
}

fn of_saying() -> Vec<Endpoint> {
    let said =
        || json!({ "availability": "do-not-disturb", "reason": "away-short", "text": "In a meeting until ten." });
    vec![
        Endpoint {
            method: Method::PUT,
            scope: Some(Scope::Write),
            about: ABOUT,
            body: body::<StatusBody>(said()),
            answer: json_answer::<PresenceResource>("How it is from now on.", one()),
            problems: &[Code::TooMany],
            ..get(IDENTITY, "setPresence", "Say how somebody is", |asked| {
                Box::pin(presence::put(asked))
            })
        },
        Endpoint {
            method: Method::PATCH,
            scope: Some(Scope::Write),
            body: body::<ChangeStatus>(json!({ "text": "Back at ten." })),
            answer: json_answer::<PresenceResource>("How it is from now on; what was left out stays.", one()),
            problems: &[Code::TooMany],
            ..get(
                IDENTITY,
                "changePresence",
                "Say one thing of somebody otherwise",
                |asked| Box::pin(presence::patch(asked)),
            )
        },
        Endpoint {
            method: Method::DELETE,
            scope: Some(Scope::Write),
            answer: nothing(),
            ..get(
                IDENTITY,
                "clearPresence",
                "Take back what was said of somebody",
                |asked| Box::pin(presence::delete(asked)),
            )
        },
    ]
}
