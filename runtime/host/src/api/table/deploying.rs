//! Rows of what is uploaded, rolled out, and led to.

use super::{answer, body, change, created, get, json_answer, nothing, pages, parameter};
use crate::api::deploying::{
    self, HandlerList, HandlerResource, ModuleList, ModuleResource, PublishVersion, RolloutResource, SetRollout,
    VersionList, VersionResource,
};
use crate::api::endpoint::{Body, Endpoint, schema};
use crate::api::keys::Scope;
use crate::api::leading::{self, NumberList, NumberResource, RouteList, RouteResource, SetNumber, SetRoute};
use crate::api::problem::Code;
use hyper::Method;
use patchcord_guest::MAX_MODULE_BYTES;
use serde_json::{Value, json};

pub(super) fn rows() -> Vec<Endpoint> {
    let mut all = modules();
    all.extend(handlers());
    all.extend(versions());
    all.extend(rollouts());
    all.extend(routes());
    all.extend(numbers());
    all
}

const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn module() -> Value {
    json!({ "hash": HASH, "kind": "call-handler", "bytes": 184_220, "permissions": ["dial", "http"],
            "uploaded_at": "2026-11-27T09:00:00.000Z" })
}

fn version() -> Value {
    json!({ "version": 2, "module": HASH, "note": "asks the CRM first", "granted": ["dial"],
            "held": ["http", "http:https://crm.example.com/"], "created_by": "ci", "created_at": "2026-11-27T09:00:00.000Z" })
}

fn rollout() -> Value {
    json!({ "version": 2, "percent": 10, "previous": 1, "taken_out": false })
}

fn handler() -> Value {
    json!({ "name": "support", "source": "database", "newest_version": 2, "created_at": "2026-11-27T09:00:00.000Z",
            "rollout": rollout() })
}

fn modules() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<ModuleList>("By their hashes.", json!({ "modules": [module()] })),
            ..get("/v1/modules", "listModules", "Uploaded modules", |asked| {
                Box::pin(deploying::list_modules(asked))
            })
        },
        change(
            Method::POST,
            Endpoint {
                body: Some(Body::Bytes {
                    media_type: "application/wasm",
                    most: MAX_MODULE_BYTES,
                }),
                answer: created(json_answer::<ModuleResource>(
                    "It fits the contract and is kept. The same bytes again are the same module.",
                    module(),
                )),
                problems: &[Code::BadModule],
                ..get("/v1/modules", "uploadModule", "Upload a module", |asked| {
                    Box::pin(deploying::upload(asked))
                })
            },
        ),
        Endpoint {
            answer: json_answer::<ModuleResource>("What is known of it.", module()),
            ..get("/v1/modules/{hash}", "getModule", "A module", |asked| {
                Box::pin(deploying::get_module(asked))
            })
        },
        Endpoint {
            answer: answer("Its bytes.", Some(("application/wasm", schema::<String>)), None),
            ..get(
                "/v1/modules/{hash}/content",
                "getModuleContent",
                "The bytes of a module",
                |asked| Box::pin(deploying::module_content(asked)),
            )
        },
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                problems: &[Code::InUse],
                ..get(
                    "/v1/modules/{hash}",
                    "deleteModule",
                    "Forget a module that no version needs",
                    |asked| Box::pin(deploying::delete_module(asked)),
                )
            },
        ),
    ]
}

fn handlers() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<HandlerList>(
                "Those of the configuration first, then the deployed ones by name.",
                json!({ "handlers": [handler()] }),
            ),
            ..get("/v1/handlers", "listHandlers", "Handlers", |asked| {
                Box::pin(deploying::list_handlers(asked))
            })
        },
        Endpoint {
            answer: json_answer::<HandlerResource>("The handler, and which version serves.", handler()),
            ..get("/v1/handlers/{handler}", "getHandler", "A handler", |asked| {
                Box::pin(deploying::get_handler(asked))
            })
        },
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                problems: &[Code::InUse, Code::WrongState],
                ..get(
                    "/v1/handlers/{handler}",
                    "deleteHandler",
                    "Forget a handler without versions that nothing leads to",
                    |asked| Box::pin(deploying::delete_handler(asked)),
                )
            },
        ),
    ]
}

fn versions() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<VersionList>("Newest first.", json!({ "versions": [version()] })),
            ..get(
                "/v1/handlers/{handler}/versions",
                "listVersions",
                "The versions of a handler",
                |asked| Box::pin(deploying::list_versions(asked)),
            )
        },
        change(
            Method::POST,
            Endpoint {
                body: body::<PublishVersion>(
                    json!({ "module": HASH, "note": "asks the CRM first", "http": ["https://crm.example.com/"] }),
                ),
                answer: created(json_answer::<VersionResource>(
                    "It is published, and serves no call until it is rolled out. What it asks for and no version before it was \
                     granted is held; the first version is granted all it asks for.",
                    version(),
                )),
                ..get(
                    "/v1/handlers/{handler}/versions",
                    "publishVersion",
                    "Publish a version; the handler comes into being with its first",
                    |asked| Box::pin(deploying::publish(asked)),
                )
            },
        ),
        Endpoint {
            answer: json_answer::<VersionResource>("The version.", version()),
            ..get(
                "/v1/handlers/{handler}/versions/{version}",
                "getVersion",
                "A version of a handler",
                |asked| Box::pin(deploying::get_version(asked)),
            )
        },
        Endpoint {
            scope: Some(Scope::Admin),
            ..change(
                Method::POST,
                Endpoint {
                    answer: json_answer::<VersionResource>("All that it asks for is granted.", version()),
                    ..get(
                        "/v1/handlers/{handler}/versions/{version}/grant",
                        "grantVersion",
                        "Grant what a version asks for",
                        |asked| Box::pin(deploying::grant(asked)),
                    )
                },
            )
        },
    ]
}

fn rollouts() -> Vec<Endpoint> {
    vec![
        Endpoint {
            answer: json_answer::<RolloutResource>("Which version serves.", rollout()),
            ..get(
                "/v1/handlers/{handler}/rollout",
                "getRollout",
                "Which version serves",
                |asked| Box::pin(deploying::get_rollout(asked)),
            )
        },
        change(
            Method::PUT,
            Endpoint {
                body: body::<SetRollout>(json!({ "version": 2, "percent": 10 })),
                answer: json_answer::<RolloutResource>("It serves the calls that begin from now on.", rollout()),
                problems: &[Code::PermissionsHeld, Code::WrongState],
                ..get(
                    "/v1/handlers/{handler}/rollout",
                    "setRollout",
                    "Roll a version out, on a share of the calls or on all",
                    |asked| Box::pin(deploying::set_rollout(asked)),
                )
            },
        ),
        change(
            Method::POST,
            Endpoint {
                answer: json_answer::<RolloutResource>("It serves all calls.", rollout()),
                ..get(
                    "/v1/handlers/{handler}/promote",
                    "promote",
                    "Have the version that is tried serve all calls",
                    |asked| Box::pin(deploying::promote(asked)),
                )
            },
        ),
        change(
            Method::POST,
            Endpoint {
                answer: json_answer::<RolloutResource>(
                    "The version before serves all calls; once more leads back.",
                    rollout(),
                ),
                ..get(
                    "/v1/handlers/{handler}/rollback",
                    "rollback",
                    "Have the version before serve again",
                    |asked| Box::pin(deploying::rollback(asked)),
                )
            },
        ),
    ]
}

fn routes() -> Vec<Endpoint> {
    let route = || json!({ "to": "100", "handler": "support", "fallbacks": [{ "handler": "plain", "on": ["trap"] }], "source": "database" });
    vec![
        Endpoint {
            query: [
                vec![parameter::<String>("handler", "Only routes to this handler.")],
                pages(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            answer: json_answer::<RouteList>("By the called name.", json!({ "routes": [route()] })),
            ..get("/v1/routes", "listRoutes", "Routes that were made here", |asked| {
                Box::pin(leading::list_routes(asked))
            })
        },
        Endpoint {
            answer: json_answer::<RouteResource>("Where it leads.", route()),
            ..get("/v1/routes/{to}", "getRoute", "Where a called name leads", |asked| {
                Box::pin(leading::get_route(asked))
            })
        },
        change(
            Method::PUT,
            Endpoint {
                body: body::<SetRoute>(
                    json!({ "handler": "support", "fallbacks": [{ "handler": "plain", "on": ["trap"] }] }),
                ),
                answer: json_answer::<RouteResource>("It leads there, for the calls that begin from now on.", route()),
                ..get(
                    "/v1/routes/{to}",
                    "setRoute",
                    "Lead a called name to a handler",
                    |asked| Box::pin(leading::set_route(asked)),
                )
            },
        ),
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get("/v1/routes/{to}", "deleteRoute", "Forget a route", |asked| {
                    Box::pin(leading::delete_route(asked))
                })
            },
        ),
    ]
}

fn numbers() -> Vec<Endpoint> {
    let number = || json!({ "number": "+15550100", "handler": "support" });
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<NumberList>("In order.", json!({ "numbers": [number()] })),
            ..get("/v1/numbers", "listNumbers", "Numbers of the tenant", |asked| {
                Box::pin(leading::list_numbers(asked))
            })
        },
        Endpoint {
            answer: json_answer::<NumberResource>("The number.", number()),
            ..get("/v1/numbers/{number}", "getNumber", "A number", |asked| {
                Box::pin(leading::get_number(asked))
            })
        },
        change(
            Method::PUT,
            Endpoint {
                body: body::<SetNumber>(json!({ "handler": "support" })),
                answer: json_answer::<NumberResource>("Its calls go there from now on.", number()),
                ..get(
                    "/v1/numbers/{number}",
                    "setNumber",
                    "Lead a number to a handler",
                    |asked| Box::pin(leading::set_number(asked)),
                )
            },
        ),
        change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get("/v1/numbers/{number}", "deleteNumber", "Give a number back", |asked| {
                    Box::pin(leading::delete_number(asked))
                })
            },
        ),
        Endpoint {
            scope: Some(Scope::Operator),
            ..change(
                Method::PUT,
                Endpoint {
                    body: body::<SetNumber>(json!({ "handler": null })),
                    answer: created(json_answer::<NumberResource>("The tenant has the number.", number())),
                    problems: &[Code::Exists],
                    ..get(
                        "/v1/tenants/{tenant}/numbers/{number}",
                        "giveNumber",
                        "Give a tenant a number",
                        |asked| Box::pin(leading::give_number(asked)),
                    )
                },
            )
        },
    ]
}
