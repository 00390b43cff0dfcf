//! Who is told what happens in calls: webhooks and event sinks. Not here: telling them.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Page, Paging, Result, TenantId, What};

/// Receivers of a tenant.
pub const SINKS_MAX: i64 = 100;

words! {
    /// What kind of receiver.
    SinkKind {
        /// A web server, told by requests.
        Webhook = "webhook",
        /// A handler of the event-sink world.
        Handler = "handler",
    }
}

words! {
    /// Whether it is told.
    SinkState {
        /// It is.
        Active = "active",
        /// Not for now.
        Paused = "paused",
    }
}

/// What a receiver is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkContent {
    /// What kind.
    pub kind: SinkKind,
    /// An address, or a handler's name; at most 4,096 bytes.
    pub target: String,
    /// Kinds of events it is told; none means all.
    pub events: Vec<String>,
    /// Whether it is told.
    pub state: SinkState,
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Unique in the tenant.
    pub id: String,
    /// What it is.
    pub content: SinkContent,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Grows with each change.
    pub revision: i64,
}

const KIND: Kind = Kind {
    what: What::Sink,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM sinks WHERE tenant = $1",
    most: SINKS_MAX,
};

/// Adds a receiver.
///
/// # Errors
/// `NotFound` of the tenant, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, tenant: &TenantId, id: &str, sink: &SinkContent, now: i64) -> Result<()> {
    list::name("id", id)?;
    list::at_most("target", sink.target.len(), list::NOTE_MAX)?;
    let sql = "INSERT INTO sinks (tenant, id, kind, target, events, state, created_at, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT DO NOTHING";
    let events = list::join(&sink.events)?;
    let values = values![
        tenant,
        id,
        sink.kind.as_str(),
        &sink.target,
        events,
        sink.state.as_str(),
        now
    ];
    database.insert(&KIND, sql, values).await
}

/// Changes a receiver.
///
/// # Errors
/// `NotFound`, `Conflict`, `Limit`, `Invalid`, `Unavailable`.
pub async fn update(
    database: &Database,
    tenant: &TenantId,
    (id, from): (&str, i64),
    sink: &SinkContent,
) -> Result<i64> {
    list::at_most("target", sink.target.len(), list::NOTE_MAX)?;
    let sql = "UPDATE sinks SET kind = $3, target = $4, events = $5, state = $6, revision = revision + 1 \
         WHERE tenant = $1 AND id = $2 AND revision = $7 RETURNING revision";
    let lookup = "SELECT revision FROM sinks WHERE tenant = $1 AND id = $2";
    let events = list::join(&sink.events)?;
    let values = values![
        tenant,
        id,
        sink.kind.as_str(),
        &sink.target,
        events,
        sink.state.as_str(),
        from
    ];
    database.compare_and_set(What::Sink, (sql, values), (lookup, 2)).await
}

fn read(mut row: Row) -> Result<Sink> {
    Ok(Sink {
        id: row.text()?,
        content: SinkContent {
            kind: row.word(SinkKind::parse)?,
            target: row.text()?,
            events: list::split(&row.text()?),
            state: row.word(SinkState::parse)?,
        },
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One receiver.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, id: &str) -> Result<Sink> {
    let sql = "SELECT id, kind, target, events, state, created_at, revision FROM sinks WHERE tenant = $1 AND id = $2";
    read(database.one(What::Sink, sql, values![tenant, id]).await?)
}

/// The receivers of a tenant by id.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Sink>> {
    let sql = "SELECT id, kind, target, events, state, created_at, revision FROM sinks \
         WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";
    let rows = database
        .rows(sql, vec![tenant.into(), paging.after_name(), paging.fetched()])
        .await?;
    let sinks = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(sinks, |sink: &Sink| Cursor::at(0, &sink.id)))
}

/// Forgets a receiver.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, id: &str) -> Result<()> {
    let sql = "DELETE FROM sinks WHERE tenant = $1 AND id = $2";
    database.affect(What::Sink, sql, values![tenant, id]).await
}
