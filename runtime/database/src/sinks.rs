//! Who is told what happens in calls: webhooks and event sinks. Not here: telling them, and the key that opens their secrets.

use crate::engine::Kind;
use crate::list;
use crate::secrets::SEALED_MAX;
use crate::value::{Row, Value, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

words! {
    /// What kind of receiver.
    SinkKind {
        /// A web server, told by requests.
        Webhook = "webhook",
        /// A module of the event-sink world.
        Module = "module",
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

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkTarget {
    /// A web server: its address, at most 4,096 bytes, and the sealed secret that signs.
    Webhook {
        /// Where it is.
        url: String,
        /// What signs, as it was sealed.
        sealed: Vec<u8>,
    },
    /// A module of the event-sink world.
    Module {
        /// The hash of an uploaded module.
        hash: String,
        /// What it may do.
        granted: Vec<String>,
    },
}

impl SinkTarget {
    /// Its kind.
    pub fn kind(&self) -> SinkKind {
        match self {
            Self::Webhook { .. } => SinkKind::Webhook,
            Self::Module { .. } => SinkKind::Module,
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Webhook { url, sealed } => {
                list::at_most("url", url.len(), list::NOTE_MAX)?;
                list::at_most("bytes of a secret", sealed.len(), SEALED_MAX)
            }
            Self::Module { hash, .. } => list::name("module", hash),
        }
    }

    /// The columns of its content, in their order: url, sealed, module, granted.
    fn columns(&self) -> Result<[Value; 4]> {
        Ok(match self {
            Self::Webhook { url, sealed } => [
                url.as_str().into(),
                Some(sealed.as_slice()).into(),
                None::<&str>.into(),
                "".into(),
            ],
            Self::Module { hash, granted } => [
                None::<&str>.into(),
                None::<&[u8]>.into(),
                hash.as_str().into(),
                list::join(granted)?.into(),
            ],
        })
    }
}

/// What a receiver is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkContent {
    /// Who is told.
    pub target: SinkTarget,
    /// The handlers whose calls it is told of; none means all.
    pub handlers: Vec<String>,
    /// Kinds of events it is told; none means all.
    pub events: Vec<String>,
    /// Whether it is told.
    pub state: SinkState,
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Unique in the tenant, among both kinds.
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
    most: i64::MAX,
};

/// Adds a receiver to a tenant that may have `most` of both kinds.
///
/// # Errors
/// `NotFound` of the tenant or the module, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(
    database: &Database,
    tenant: &TenantId,
    (id, most): (&str, i64),
    sink: &SinkContent,
    now: i64,
) -> Result<()> {
    list::name("id", id)?;
    sink.target.check()?;
    let sql = "INSERT INTO sinks \
         (tenant, id, url, sealed, module, granted, kind, handlers, events, state, created_at, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) ON CONFLICT DO NOTHING";
    let mut values = values![tenant, id];
    values.extend(sink.target.columns()?);
    values.extend(values![
        sink.target.kind().as_str(),
        list::join(&sink.handlers)?,
        list::join(&sink.events)?,
        sink.state.as_str(),
        now
    ]);
    let parent = match sink.target.kind() {
        SinkKind::Webhook => What::Tenant,
        SinkKind::Module => What::Module,
    };
    database.insert(&Kind { most, parent, ..KIND }, sql, values).await
}

/// Changes a receiver, which stays of its kind.
///
/// # Errors
/// `NotFound` of the receiver (also if it is of the other kind) or the module, `Conflict`, `Limit`, `Invalid`, `Unavailable`.
pub async fn update(
    database: &Database,
    tenant: &TenantId,
    (id, from): (&str, i64),
    sink: &SinkContent,
) -> Result<i64> {
    sink.target.check()?;
    let sql = "UPDATE sinks SET url = $4, sealed = $5, module = $6, granted = $7, handlers = $8, events = $9, \
         state = $10, revision = revision + 1 \
         WHERE tenant = $1 AND id = $2 AND kind = $3 AND revision = $11 RETURNING revision";
    let lookup = "SELECT revision FROM sinks WHERE tenant = $1 AND id = $2 AND kind = $3";
    let mut values = values![tenant, id, sink.target.kind().as_str()];
    values.extend(sink.target.columns()?);
    values.extend(values![
        list::join(&sink.handlers)?,
        list::join(&sink.events)?,
        sink.state.as_str(),
        from
    ]);
    let changed = database.compare_and_set(What::Sink, (sql, values), (lookup, 3)).await;
    changed.map_err(|error| match error {
        // Only the module is referred to.
        Error::InUse(_) => Error::NotFound(What::Module),
        other => other,
    })
}

fn read(mut row: Row) -> Result<Sink> {
    let id = row.text()?;
    let (url, sealed) = (row.text_or_none()?, row.blob_or_none()?);
    let (module, granted) = (row.text_or_none()?, row.text()?);
    let target = match row.word(SinkKind::parse)? {
        SinkKind::Webhook => url.zip(sealed).map(|(url, sealed)| SinkTarget::Webhook { url, sealed }),
        SinkKind::Module => module.map(|hash| SinkTarget::Module {
            hash,
            granted: list::split(&granted),
        }),
    };
    Ok(Sink {
        id,
        content: SinkContent {
            target: target.ok_or(Error::Damaged("receivers"))?,
            handlers: list::split(&row.text()?),
            events: list::split(&row.text()?),
            state: row.word(SinkState::parse)?,
        },
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One receiver of a kind.
///
/// # Errors
/// `NotFound`, also if it is of the other kind; `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, kind: SinkKind, id: &str) -> Result<Sink> {
    let sql = "SELECT id, url, sealed, module, granted, kind, handlers, events, state, created_at, revision \
         FROM sinks WHERE tenant = $1 AND id = $2 AND kind = $3";
    read(
        database
            .one(What::Sink, sql, values![tenant, id, kind.as_str()])
            .await?,
    )
}

/// The receivers of a tenant of one kind, by id.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, kind: SinkKind, paging: &Paging) -> Result<Page<Sink>> {
    let sql = "SELECT id, url, sealed, module, granted, kind, handlers, events, state, created_at, revision \
         FROM sinks WHERE tenant = $1 AND id > $2 AND kind = $4 ORDER BY id LIMIT $3";
    let values = vec![
        tenant.into(),
        paging.after_name(),
        paging.fetched(),
        kind.as_str().into(),
    ];
    let rows = database.rows(sql, values).await?;
    let sinks = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(sinks, |sink: &Sink| Cursor::at(0, &sink.id)))
}

/// Forgets a receiver of a kind.
///
/// # Errors
/// `NotFound`, also if it is of the other kind; `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, kind: SinkKind, id: &str) -> Result<()> {
    let sql = "DELETE FROM sinks WHERE tenant = $1 AND id = $2 AND kind = $3";
    database
        .affect(What::Sink, sql, values![tenant, id, kind.as_str()])
        .await
}
