//! Rows of caller ids.

use super::{body, change, created, get, json_answer, nothing, pages, secret};
use crate::api::caller_ids::{self, AskCallerId, CallerIdList, CallerIdResource, DefaultCallerId, NewCallerIdResource};
use crate::api::endpoint::Endpoint;
use crate::api::problem::Code;
use hyper::Method;
use serde_json::{Value, json};

pub(super) fn rows() -> Vec<Endpoint> {
    let mut all = of_caller_ids();
    all.extend(of_default());
    all
}

fn caller_id() -> Value {
    json!({ "number": "+15550123", "state": "verified", "created_at": "2026-11-27T09:00:00.000Z",
            "verified_at": "2026-11-27T09:00:40.000Z", "call": "call_00000000000000000000000000000007" })
}

fn new_caller_id() -> Value {
    json!({ "code": "038217", "number": "+15550123", "state": "pending", "created_at": "2026-11-27T09:00:00.000Z",
            "expires_at": "2026-11-27T09:10:00.000Z", "call": "call_00000000000000000000000000000007" })
}

fn of_caller_ids() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<CallerIdList>(
                "Numbers that were proved to be the tenant's, or are being proved. Those it has anyway are `/v1/numbers`.",
                json!({ "caller_ids": [caller_id()] }),
            ),
            ..get("/v1/caller-ids", "listCallerIds", "Numbers to call from", |asked| {
                Box::pin(caller_ids::list(asked))
            })
        },
        change(
            Method::POST,
            Endpoint {
                body: body::<AskCallerId>(json!({ "number": "+15550123" })),
                answer: secret(created(json_answer::<NewCallerIdResource>(
                    "The number is being called; whoever answers keys the code, which is shown this once.",
                    new_caller_id(),
                ))),
                problems: &[Code::Exists, Code::TooMany],
                ..get(
                    "/v1/caller-ids",
                    "askCallerId",
                    "Prove that a number is the tenant's, by a call",
                    |asked| Box::pin(caller_ids::ask(asked)),
                )
            },
        ),
        Endpoint {
            answer: json_answer::<CallerIdResource>("Where it stands.", caller_id()),
            ..get(
                "/v1/caller-ids/{number}",
                "getCallerId",
                "A number to call from",
                |asked| Box::pin(caller_ids::get(asked)),
            )
        },
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get(
                    "/v1/caller-ids/{number}",
                    "deleteCallerId",
                    "Forget a number to call from",
                    |asked| Box::pin(caller_ids::delete(asked)),
                )
            },
        ),
    ]
}

fn of_default() -> Vec<Endpoint> {
    let default = || json!({ "number": "+15550123" });
    vec![
        Endpoint {
            answer: json_answer::<DefaultCallerId>("Null: none is shown unless it is named.", default()),
            ..get(
                "/v1/default-caller-id",
                "getDefaultCallerId",
                "The number that is shown where nothing is said",
                |asked| Box::pin(caller_ids::get_default(asked)),
            )
        },
        change(
            Method::PUT,
            Endpoint {
                body: body::<DefaultCallerId>(default()),
                answer: json_answer::<DefaultCallerId>("It is shown from now on.", default()),
                ..get(
                    "/v1/default-caller-id",
                    "setDefaultCallerId",
                    "Choose the number that is shown where nothing is said",
                    |asked| Box::pin(caller_ids::set_default(asked)),
                )
            },
        ),
    ]
}
