//! Rows of access tokens, and of the doors that clients sign in at.

use super::{body, created, get, json_answer, post, secret};
use crate::api::clients::{self, ClientDoors, MakeToken, TokenResource};
use crate::api::endpoint::Endpoint;
use crate::api::keys::Scope;
use crate::api::problem::Code;
use serde_json::json;

const ABOUT: &str = "The token is made with the key of the request, as anybody can who has it, and nothing of it is kept: see the client \
    protocol. Revoking the key ends it. Either `dial` or `call` says whom the client may call.";

pub(super) fn rows() -> Vec<Endpoint> {
    vec![
        Endpoint {
            scope: Some(Scope::Clients),
            about: ABOUT,
            body: body::<MakeToken>(json!({
                "identity": "alice", "call": { "handler": "reception", "params": { "queue": "sales" } }, "incoming": true,
                "presence": { "publish": true, "watch": "all" }, "ttl_s": 600,
            })),
            answer: secret(created(json_answer::<TokenResource>(
                "It is shown this once.",
                json!({ "token": "eyJhbGciOiJFZERTQSIs…", "identity": "alice", "expires_at": "2026-11-27T09:10:00.000Z" }),
            ))),
            problems: &[Code::KeyWithoutTokens],
            ..post(
                "/v1/tokens",
                "makeToken",
                "Make an access token for a client",
                |asked| Box::pin(clients::make(asked)),
            )
        },
        Endpoint {
            scope: Some(Scope::Clients),
            answer: json_answer::<ClientDoors>(
                "On which host, whoever asks knows: it is the node's.",
                json!({ "doors": [{ "transport": "wss", "port": 7443, "path": "/client" }], "media_port": 7000 }),
            ),
            ..get(
                "/v1/clients/doors",
                "listClientDoors",
                "Where clients sign in",
                |asked| Box::pin(clients::doors(asked)),
            )
        },
    ]
}
