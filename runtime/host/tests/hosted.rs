//! The hosted runtime by its API: modules are uploaded, published, rolled out and led to, and calls over real sockets find them; what
//! tenants keep is kept from each other, and all of it is there after a restart. With SQLite.

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
#[path = "support/database.rs"]
mod database;
#[path = "support/handlers.rs"]
mod handlers;
#[path = "support/http.rs"]
mod http;
#[path = "hosted/served.rs"]
mod served;
#[path = "hosted/spending.rs"]
mod spending;
#[path = "hosted/suite.rs"]
mod suite;
mod support;
