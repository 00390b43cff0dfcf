//! Records of calls with their legs, events and journals. They are written in batches: all of a batch is kept, or nothing.
//! Writing the same again changes nothing, so a batch whose answer was lost is sent again. Not here: calls that go on.

use crate::list;
use crate::recordings::{self, Recording};
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Calls, legs, events and journal parts of a batch together.
pub const BATCH_MAX: usize = 4_096;
/// Bytes of a record or an event, as JSON.
pub const RECORD_MAX: usize = 256 << 10;
/// Bytes of a part of a journal.
pub const JOURNAL_PART_MAX: usize = 1 << 20;

words! {
    /// Who began.
    Direction {
        /// They called us.
        Inbound = "inbound",
        /// We called them.
        Outbound = "outbound",
    }
}

words! {
    /// How far a call is, or how it ended (TS-19).
    Status {
        /// Waits to be placed.
        Queued = "queued",
        /// Rings.
        Ringing = "ringing",
        /// Is answered.
        InProgress = "in-progress",
        /// Was answered, and ended.
        Completed = "completed",
        /// Could not be made.
        Failed = "failed",
        /// They were busy.
        Busy = "busy",
        /// They did not answer.
        NoAnswer = "no-answer",
        /// Was given up before an answer.
        Canceled = "canceled",
        /// A machine answered, and nothing else was wanted.
        Machine = "answered-by-machine",
    }
}

/// The record of a call. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Unique in the tenant.
    pub id: String,
    /// The call it continues or was made by.
    pub parent: Option<String>,
    /// Who began.
    pub direction: Direction,
    /// Who called.
    pub from: String,
    /// Who was called.
    pub to: String,
    /// How far it is.
    pub status: Status,
    /// When it began.
    pub started_at: i64,
    /// When it was answered, if it was.
    pub answered_at: Option<i64>,
    /// When it ended, if it did. Then its record changes no more.
    pub ended_at: Option<i64>,
    /// Whose code ran.
    pub handler: Option<String>,
    /// Which version of it.
    pub version: Option<i64>,
    /// Why it ended.
    pub reason: Option<String>,
    /// The whole record as JSON, which is not looked into.
    pub record: String,
    /// Grows with each change; what is written here is of no account.
    pub revision: i64,
}

/// A leg of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Its call.
    pub call: String,
    /// Its number in the call.
    pub number: i64,
    /// Who began.
    pub direction: Direction,
    /// The far end.
    pub address: String,
    /// Milliseconds since 1970, as the two below.
    pub started_at: i64,
    /// When it was answered.
    pub answered_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// The whole as JSON.
    pub record: String,
}

/// What happened in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its call.
    pub call: String,
    /// Grows within the call.
    pub sequence: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Its kind's name.
    pub kind: String,
    /// The whole as JSON.
    pub body: String,
}

/// A piece of a call's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPart {
    /// Its call.
    pub call: String,
    /// Its place, from 0.
    pub part: i64,
    /// As they were written.
    pub bytes: Vec<u8>,
}

/// What is written at once. Legs, events and parts need their call, in the batch or before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// New ones, or what became of those not ended yet.
    pub calls: Vec<Call>,
    /// Likewise.
    pub legs: Vec<Leg>,
    /// New ones.
    pub events: Vec<Event>,
    /// New ones.
    pub journal: Vec<JournalPart>,
    /// New ones.
    pub recordings: Vec<Recording>,
}

const PUT_CALL: &str = "INSERT INTO calls (tenant, id, parent, direction, from_address, to_address, status, started_at, \
     answered_at, ended_at, handler, version, reason, record, revision) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1) \
     ON CONFLICT (tenant, id) DO UPDATE SET status = excluded.status, answered_at = excluded.answered_at, \
     ended_at = excluded.ended_at, handler = excluded.handler, version = excluded.version, reason = excluded.reason, \
     record = excluded.record, revision = calls.revision + 1 WHERE calls.ended_at IS NULL";
const PUT_LEG: &str = "INSERT INTO legs (tenant, call, number, direction, address, started_at, answered_at, ended_at, \
     record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (tenant, call, number) DO UPDATE SET answered_at = excluded.answered_at, \
     ended_at = excluded.ended_at, record = excluded.record WHERE legs.ended_at IS NULL";
const PUT_EVENT: &str = "INSERT INTO events (tenant, call, sequence, at, kind, body) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT DO NOTHING";
const PUT_PART: &str =
    "INSERT INTO journals (tenant, call, part, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

/// Writes a batch; when it returns, all of it survives the process and the machine's power.
///
/// # Errors
/// `NotFound` of the tenant or a call, `Limit`, `Invalid`, `Unavailable`.
pub async fn write(database: &Database, tenant: &TenantId, batch: &Batch) -> Result<()> {
    let size = batch.calls.len() + batch.legs.len() + batch.events.len() + batch.journal.len();
    let size = size + batch.recordings.len();
    list::at_most("objects of a batch", size, BATCH_MAX)?;
    check(batch)?;
    let mut rows = Vec::with_capacity(size);
    rows.extend(
        batch
            .calls
            .iter()
            .map(|call| (PUT_CALL, What::Tenant, call_values(tenant, call))),
    );
    rows.extend(
        batch
            .legs
            .iter()
            .map(|leg| (PUT_LEG, What::Call, leg_values(tenant, leg))),
    );
    let event = |event: &Event| values![tenant, &event.call, event.sequence, event.at, &event.kind, &event.body];
    rows.extend(batch.events.iter().map(|one| (PUT_EVENT, What::Call, event(one))));
    let part = |part: &JournalPart| values![tenant, &part.call, part.part, &part.bytes[..]];
    rows.extend(batch.journal.iter().map(|one| (PUT_PART, What::Call, part(one))));
    let recordings = batch.recordings.iter();
    rows.extend(recordings.map(|one| (recordings::PUT, What::Call, recordings::values(tenant, one))));
    let mut transaction = database.begin().await?;
    for (sql, parent, values) in rows {
        transaction.execute(sql, values).await.map_err(|error| match error {
            Error::InUse(_) => Error::NotFound(parent),
            other => other,
        })?;
    }
    transaction.commit().await
}

fn check(batch: &Batch) -> Result<()> {
    for call in &batch.calls {
        list::name("call", &call.id)?;
        list::at_most("bytes of a record", call.record.len(), RECORD_MAX)?;
        list::at_most(
            "bytes of an address",
            call.from.len().max(call.to.len()),
            list::NOTE_MAX,
        )?;
    }
    for leg in &batch.legs {
        list::at_most("bytes of a record", leg.record.len(), RECORD_MAX)?;
        list::at_most("bytes of an address", leg.address.len(), list::NOTE_MAX)?;
    }
    for event in &batch.events {
        list::name("kind", &event.kind)?;
        list::at_most("bytes of an event", event.body.len(), RECORD_MAX)?;
    }
    batch.recordings.iter().try_for_each(recordings::check)?;
    for part in &batch.journal {
        list::at_most("bytes of a part of a journal", part.bytes.len(), JOURNAL_PART_MAX)?;
    }
    Ok(())
}

fn call_values(tenant: &TenantId, call: &Call) -> Vec<crate::value::Value> {
    values![
        tenant,
        &call.id,
        &call.parent,
        call.direction.as_str(),
        &call.from,
        &call.to,
        call.status.as_str(),
        call.started_at,
        call.answered_at,
        call.ended_at,
        &call.handler,
        call.version,
        &call.reason,
        &call.record
    ]
}

fn leg_values(tenant: &TenantId, leg: &Leg) -> Vec<crate::value::Value> {
    values![
        tenant,
        &leg.call,
        leg.number,
        leg.direction.as_str(),
        &leg.address,
        leg.started_at,
        leg.answered_at,
        leg.ended_at,
        &leg.record
    ]
}

/// Which calls of a list; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Exactly this caller.
    pub from: Option<String>,
    /// Exactly this called address.
    pub to: Option<String>,
    /// This status.
    pub status: Option<Status>,
    /// This handler.
    pub handler: Option<String>,
    /// Those that this call is the parent of.
    pub parent: Option<String>,
    /// At this time or later, milliseconds since 1970.
    pub started_from: Option<i64>,
    /// Before this time.
    pub started_before: Option<i64>,
}

fn read(mut row: Row) -> Result<Call> {
    Ok(Call {
        id: row.text()?,
        parent: row.text_or_none()?,
        direction: row.word(Direction::parse)?,
        from: row.text()?,
        to: row.text()?,
        status: row.word(Status::parse)?,
        started_at: row.int()?,
        answered_at: row.int_or_none()?,
        ended_at: row.int_or_none()?,
        handler: row.text_or_none()?,
        version: row.int_or_none()?,
        reason: row.text_or_none()?,
        record: row.text()?,
        revision: row.int()?,
    })
}

/// One call.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, id: &str) -> Result<Call> {
    let sql = "SELECT id, parent, direction, from_address, to_address, status, started_at, answered_at, ended_at, \
         handler, version, reason, record, revision FROM calls WHERE tenant = $1 AND id = $2";
    read(database.one(What::Call, sql, values![tenant, id]).await?)
}

/// Calls of a tenant, the newest first.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, filter: &Filter, paging: &Paging) -> Result<Page<Call>> {
    let sql = "SELECT id, parent, direction, from_address, to_address, status, started_at, answered_at, ended_at, \
         handler, version, reason, record, revision FROM calls WHERE tenant = $1 \
         AND (started_at < $2 OR (started_at = $2 AND id < $3)) \
         AND ($5 IS NULL OR from_address = $5) AND ($6 IS NULL OR to_address = $6) AND ($7 IS NULL OR status = $7) \
         AND ($8 IS NULL OR handler = $8) AND ($9 IS NULL OR parent = $9) \
         AND ($10 IS NULL OR started_at >= $10) AND ($11 IS NULL OR started_at < $11) \
         ORDER BY started_at DESC, id DESC LIMIT $4";
    let place = [paging.before_number(), paging.after_name(), paging.fetched()];
    let wanted = values![
        &filter.from,
        &filter.to,
        filter.status.map(Status::as_str),
        &filter.handler,
        &filter.parent,
        filter.started_from,
        filter.started_before
    ];
    let values = values![tenant].into_iter().chain(place).chain(wanted).collect();
    let calls = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(calls, |call: &Call| Cursor::at(call.started_at, &call.id)))
}

/// Puts another record in the place of that of a call, because something that it speaks of is gone.
///
/// # Errors
/// `NotFound`, `Limit`, `Unavailable`.
pub async fn amend(database: &Database, tenant: &TenantId, id: &str, record: &str) -> Result<()> {
    list::at_most("bytes of a record", record.len(), RECORD_MAX)?;
    let sql = "UPDATE calls SET record = $3, revision = revision + 1 WHERE tenant = $1 AND id = $2";
    database.affect(What::Call, sql, values![tenant, id, record]).await
}

/// Forgets a call that ended, with its legs, events and journal; its recordings must be gone before.
///
/// # Errors
/// `NotFound` also while it goes on, `InUse`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, id: &str) -> Result<()> {
    let sql = "DELETE FROM calls WHERE tenant = $1 AND id = $2 AND ended_at IS NOT NULL";
    database.affect(What::Call, sql, values![tenant, id]).await
}

/// The legs of a call by number.
///
/// # Errors
/// `Unavailable`.
pub async fn legs(database: &Database, tenant: &TenantId, call: &str, paging: &Paging) -> Result<Page<Leg>> {
    let sql = "SELECT call, number, direction, address, started_at, answered_at, ended_at, record FROM legs \
         WHERE tenant = $1 AND call = $2 AND number > $3 ORDER BY number LIMIT $4";
    let read = |mut row: Row| -> Result<Leg> {
        Ok(Leg {
            call: row.text()?,
            number: row.int()?,
            direction: row.word(Direction::parse)?,
            address: row.text()?,
            started_at: row.int()?,
            answered_at: row.int_or_none()?,
            ended_at: row.int_or_none()?,
            record: row.text()?,
        })
    };
    let values = vec![tenant.into(), call.into(), paging.after_number(), paging.fetched()];
    let legs = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(legs, |leg: &Leg| Cursor::at(leg.number, "")))
}

/// The events of a call in their order.
///
/// # Errors
/// `Unavailable`.
pub async fn events(database: &Database, tenant: &TenantId, call: &str, paging: &Paging) -> Result<Page<Event>> {
    let sql = "SELECT call, sequence, at, kind, body FROM events \
         WHERE tenant = $1 AND call = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";
    let read = |mut row: Row| -> Result<Event> {
        Ok(Event {
            call: row.text()?,
            sequence: row.int()?,
            at: row.int()?,
            kind: row.text()?,
            body: row.text()?,
        })
    };
    let values = vec![tenant.into(), call.into(), paging.after_number(), paging.fetched()];
    let events = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(events, |event: &Event| Cursor::at(event.sequence, "")))
}

/// One part of a call's journal; the first that is `NotFound` is behind the last.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn journal_part(database: &Database, tenant: &TenantId, call: &str, part: i64) -> Result<Vec<u8>> {
    let sql = "SELECT bytes FROM journals WHERE tenant = $1 AND call = $2 AND part = $3";
    database.one(What::Call, sql, values![tenant, call, part]).await?.blob()
}
