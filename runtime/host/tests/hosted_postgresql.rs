//! The same cases of the hosted runtime with PostgreSQL, whose server is started for them and ends with them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "hosted/caller_ids.rs"]
mod caller_ids;
#[path = "hosted/copies.rs"]
mod copies;
#[path = "support/postgresql.rs"]
mod database;
#[path = "support/handlers.rs"]
mod handlers;
#[path = "support/http.rs"]
mod http;
#[path = "hosted/served.rs"]
mod served;
#[path = "../../database/src/tests/server.rs"]
mod server;
#[path = "hosted/spending.rs"]
mod spending;
#[path = "hosted/suite.rs"]
mod suite;
mod support;
