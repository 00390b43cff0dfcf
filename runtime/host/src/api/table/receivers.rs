//! Rows of those who are told what happens: webhooks and event sinks.

use super::{body, change, created, get, json_answer, nothing, pages, post, secret};
use crate::api::endpoint::Endpoint;
use crate::api::problem::Code;
use crate::api::receivers::event_sinks::{self, ChangeEventSink, MakeEventSink, SinkList, SinkResource};
use crate::api::receivers::webhooks::{
    self, ChangeWebhook, MakeWebhook, NewWebhookResource, WebhookList, WebhookResource, WebhookSecret, WebhookTry,
};
use hyper::Method;
use serde_json::{Value, json};

pub(super) fn rows() -> Vec<Endpoint> {
    let mut all = webhooks();
    all.extend(secrets_and_tries());
    all.extend(event_sinks());
    all
}

fn webhook() -> Value {
    json!({ "name": "crm", "url": "https://crm.example.com/calls", "events": ["call-started", "call-ended"], "handlers": [],
            "state": "active", "created_at": "2026-11-27T09:00:00.000Z" })
}

fn example_secret() -> Value {
    json!("whs_0000000000000000000000000000000000000000000000000000000000000001")
}

fn new_webhook() -> Value {
    let mut shown = webhook();
    shown["secret"] = example_secret();
    shown
}

fn webhooks() -> Vec<Endpoint> {
    let one = "/v1/webhooks/{webhook}";
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<WebhookList>(
                "Those that were made here, by name.",
                json!({ "webhooks": [webhook()] }),
            ),
            ..get("/v1/webhooks", "listWebhooks", "Webhooks", |asked| {
                Box::pin(webhooks::list(asked))
            })
        },
        change(
            Method::POST,
            Endpoint {
                body: body::<MakeWebhook>(
                    json!({ "name": "crm", "url": "https://crm.example.com/calls", "events": ["call-started", "call-ended"] }),
                ),
                answer: secret(created(json_answer::<NewWebhookResource>(
                    "It is told of the calls that begin from now on. The secret that signs is shown this once.",
                    new_webhook(),
                ))),
                problems: &[Code::Exists],
                ..get("/v1/webhooks", "makeWebhook", "Make a webhook", |asked| {
                    Box::pin(webhooks::make(asked))
                })
            },
        ),
        Endpoint {
            answer: json_answer::<WebhookResource>("The webhook, without its secret.", webhook()),
            ..get(one, "getWebhook", "A webhook", |asked| Box::pin(webhooks::get(asked)))
        },
        change(
            Method::PATCH,
            Endpoint {
                body: body::<ChangeWebhook>(json!({ "state": "paused" })),
                answer: json_answer::<WebhookResource>("It counts for the calls that begin from now on.", webhook()),
                ..get(one, "changeWebhook", "Change, pause or resume a webhook", |asked| {
                    Box::pin(webhooks::change(asked))
                })
            },
        ),
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get(one, "deleteWebhook", "Forget a webhook", |asked| {
                    Box::pin(webhooks::delete(asked))
                })
            },
        ),
    ]
}

fn secrets_and_tries() -> Vec<Endpoint> {
    vec![
        change(
            Method::POST,
            Endpoint {
                answer: secret(json_answer::<WebhookSecret>(
                    "It signs for the calls that begin from now on, and is shown this once. Calls that run are signed with the one \
                     before to their end, so take both for a while.",
                    json!({ "secret": example_secret() }),
                )),
                ..get(
                    "/v1/webhooks/{webhook}/secret",
                    "replaceWebhookSecret",
                    "Make a new secret for a webhook",
                    |asked| Box::pin(webhooks::replace_secret(asked)),
                )
            },
        ),
        Endpoint {
            answer: json_answer::<WebhookTry>(
                "What came of it. It was sent a `custom` event with the name `webhook-test` once, paused or not.",
                json!({ "received": true, "status": 204, "time_ms": 38 }),
            ),
            problems: &[Code::TooMany],
            ..post(
                "/v1/webhooks/{webhook}/test",
                "testWebhook",
                "Try a webhook: send it an event now",
                |asked| Box::pin(webhooks::try_now(asked)),
            )
        },
    ]
}

fn event_sinks() -> Vec<Endpoint> {
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let sink = || {
        json!({ "name": "billing", "module": hash, "granted": ["http", "http:https://billing.example.com/"],
                "events": ["call-ended"], "handlers": ["support"], "state": "active", "created_at": "2026-11-27T09:00:00.000Z" })
    };
    let one = "/v1/event-sinks/{sink}";
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<SinkList>(
                "Those that were made here, by name.",
                json!({ "event_sinks": [sink()] }),
            ),
            ..get("/v1/event-sinks", "listEventSinks", "Event sinks", |asked| {
                Box::pin(event_sinks::list(asked))
            })
        },
        change(
            Method::POST,
            Endpoint {
                body: body::<MakeEventSink>(
                    json!({ "name": "billing", "module": hash, "http": ["https://billing.example.com/"], "events": ["call-ended"] }),
                ),
                answer: created(json_answer::<SinkResource>(
                    "It is granted all that it asks for, and told of the calls that begin from now on.",
                    sink(),
                )),
                problems: &[Code::Exists],
                ..get("/v1/event-sinks", "makeEventSink", "Make an event sink", |asked| {
                    Box::pin(event_sinks::make(asked))
                })
            },
        ),
        Endpoint {
            answer: json_answer::<SinkResource>("The event sink.", sink()),
            ..get(one, "getEventSink", "An event sink", |asked| {
                Box::pin(event_sinks::get(asked))
            })
        },
        change(
            Method::PATCH,
            Endpoint {
                body: body::<ChangeEventSink>(json!({ "state": "paused" })),
                answer: json_answer::<SinkResource>(
                    "It counts for the calls that begin from now on. What it asks for beyond what it was granted needs a key with \
                     the scope `admin`.",
                    sink(),
                ),
                problems: &[Code::PermissionsHeld],
                ..get(
                    one,
                    "changeEventSink",
                    "Change, pause or resume an event sink, or give it another module",
                    |asked| Box::pin(event_sinks::change(asked)),
                )
            },
        ),
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get(one, "deleteEventSink", "Forget an event sink", |asked| {
                    Box::pin(event_sinks::delete(asked))
                })
            },
        ),
    ]
}
