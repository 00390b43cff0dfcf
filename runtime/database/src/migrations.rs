//! The schema, in numbered steps that only grow: a step that was released is never changed. Written in SQLite's types; what
//! PostgreSQL calls otherwise is put in when a step runs. Not here: running them (`engine`).

/// The schema that this program knows.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

const STEPS: &[&str] = &[
    include_str!("migrations/0001_calls.sql"),
    include_str!("migrations/0002_account.sql"),
    include_str!("migrations/0003_caller_ids.sql"),
    include_str!("migrations/0004_telling.sql"),
    include_str!("migrations/0005_tokens.sql"),
];

pub(crate) const START: &str = "CREATE TABLE IF NOT EXISTS patchcord_schema (number INTEGER PRIMARY KEY) STRICT;";
pub(crate) const FOUND: &str = "SELECT COALESCE(MAX(number), 0) FROM patchcord_schema";
pub(crate) const DONE: &str = "INSERT INTO patchcord_schema (number) VALUES ($1)";

/// Held to the end of the transaction, so that of nodes that start together one migrates. SQLite's write lock is the same.
pub(crate) const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7310427);";

/// The steps from `found` to `newest`.
pub(crate) fn after(found: i64, newest: i64) -> impl Iterator<Item = (i64, &'static str)> {
    let numbered = (1..).zip(STEPS.iter().copied());
    numbered.filter(move |(number, _)| *number > found && *number <= newest)
}

/// Names compare by their bytes in both.
pub(crate) fn for_postgres(script: &str) -> String {
    script
        .replace(" INTEGER", " BIGINT")
        .replace(" BLOB", " BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace(") STRICT;", ");")
}
