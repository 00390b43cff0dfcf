//! The memory: what a hosted runtime remembers, in SQLite (embedded) or PostgreSQL, chosen by the address it is opened with.
//! One [`Database`], and a module of functions for each table. Every table is keyed by tenant first and every function takes
//! the tenant, so another tenant's row is `NotFound`; the exceptions are named where they are: [`keys::authenticate`], which
//! finds the tenant of a key, what the operator does with tenants as such ([`tenants`]), and how often a number was rung
//! for a proof, whoever asked ([`caller_ids::ask`]).
//!
//! Not here: clock and chance (times and identifiers are arguments), HTTP, sealing of secrets, the running calls. Times are
//! milliseconds since 1970 (UTC). Mutable objects have a `revision` that only grows; a change names the one it was made from.

#[macro_use]
mod words;

pub mod audit;
pub mod caller_ids;
pub mod calls;
mod engine;
mod error;
pub mod handlers;
pub mod idempotency;
pub mod keys;
mod list;
mod migrations;
pub mod modules;
pub mod numbers;
mod page;
pub mod quotas;
pub mod recordings;
pub mod rollouts;
pub mod routes;
pub mod secrets;
pub mod sinks;
mod tenant_id;
pub mod tenants;
mod value;
pub mod versions;

pub use engine::Database;
pub use error::{Error, Result, What};
pub use page::{Cursor, LIMIT_DEFAULT, LIMIT_MAX, Page, Paging};
pub use tenant_id::{TENANT_ID_MAX, TenantId};

#[cfg(test)]
mod tests;
