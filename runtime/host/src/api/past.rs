//! Calls that are over, in the database: a task that writes their records a batch at a time, and what the API reads of them. A record
//! that cannot be written now waits and is tried again; the file of `[records]` has each of them anyway.

use super::words::{CallResource, Status};
use crate::async_thread::{self, AsyncThread};
use crate::database::tenant_id;
use crate::deployments::{SPENT, now_ms};
use crate::figures::Figure;
use patchcord_control::ids::{CallId, RecordingId, Tenant};
use patchcord_control::record::{CallRecord, CallStatus};
use patchcord_control::words::{Began, LegDirection, UnixTime};
use patchcord_database::calls::{self, Batch, Direction, Filter};
use patchcord_database::quotas::{self, Usage};
use patchcord_database::recordings::{self, Recording};
use patchcord_database::{Cursor, Database, Error, Paging, tenants};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Records on their way to the task. One more is not written to the database, and counted.
const QUEUE: usize = 16_384;
/// Records that are written together.
const AT_ONCE: usize = 256;
/// The pause after a database that cannot be used.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is tried once nobody has more to write.
const LAST_TRIES: u32 = 5;
/// How often a call that is over is looked for that was not written yet.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(100);
const DAY_MS: u64 = 86_400_000;

/// What is counted about them.
#[derive(Debug, Default)]
pub(crate) struct PastFigures {
    /// Records written.
    pub(crate) written: Figure,
    /// Records that were not, for want of room or because the database refused them.
    pub(crate) lost: Figure,
}

/// The way to the task.
#[derive(Debug, Clone)]
pub(crate) struct PastQueue {
    records: mpsc::Sender<Arc<CallRecord>>,
    figures: Arc<PastFigures>,
}

impl PastQueue {
    /// Hands over a record, or counts it as lost to the database. Never waits.
    pub(crate) fn put(&self, record: Arc<CallRecord>) {
        if self.records.try_send(record).is_err() {
            self.figures.lost.one();
        }
    }
}

/// What the task takes them from.
#[derive(Debug)]
pub(crate) struct Waiting {
    records: mpsc::Receiver<Arc<CallRecord>>,
    figures: Arc<PastFigures>,
}

pub(crate) fn queue(figures: Arc<PastFigures>) -> (PastQueue, Waiting) {
    let (records, waiting) = mpsc::channel(QUEUE);
    let queue = PastQueue {
        records,
        figures: figures.clone(),
    };
    let waiting = Waiting {
        records: waiting,
        figures,
    };
    (queue, waiting)
}

/// The task's thread; dropping it waits until what was handed over is written.
pub(crate) struct PastThread(AsyncThread);

impl Drop for PastThread {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// Starts the task, with connections of its own: what is read does not hold up what is written.
pub(crate) fn start(url: String, waiting: Waiting) -> io::Result<PastThread> {
    async_thread::start("past-calls", work(url, waiting)).map(PastThread)
}

async fn work(url: String, mut waiting: Waiting) {
    let Some(database) = opened(&url, &waiting).await else {
        return;
    };
    let mut batch = Vec::with_capacity(AT_ONCE);
    while waiting.records.recv_many(&mut batch, AT_ONCE).await > 0 {
        let mut of_tenants: HashMap<Tenant, Vec<Arc<CallRecord>>> = HashMap::new();
        for record in batch.drain(..) {
            of_tenants.entry(record.tenant.clone()).or_default().push(record);
        }
        for (tenant, records) in of_tenants {
            let lost = write(&database, &tenant, &records, &waiting).await;
            waiting.figures.written.add((records.len() - lost) as u64);
            waiting.figures.lost.add(lost as u64);
        }
    }
    database.close().await;
}

async fn opened(url: &str, waiting: &Waiting) -> Option<Database> {
    let mut last = LAST_TRIES;
    loop {
        match Database::open(url).await {
            Ok(database) => return Some(database),
            Err(error) => tracing::error!(%error, "past calls cannot be written to the database; it is tried again"),
        }
        if waiting.records.is_closed() {
            last = last.checked_sub(1)?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Writes records, again and again while the database cannot be used. Says how many could not be written.
async fn write(database: &Database, tenant: &Tenant, records: &[Arc<CallRecord>], waiting: &Waiting) -> usize {
    let mut tries = LAST_TRIES;
    loop {
        let error = match try_writing(database, tenant, records).await {
            Ok(()) => return 0,
            Err(error) => error,
        };
        match error {
            Error::Unavailable(_) => {
                tracing::warn!(%error, "past calls wait for the database");
                if waiting.records.is_closed() {
                    tries -= 1;
                }
                if tries == 0 {
                    return records.len();
                }
                tokio::time::sleep(PAUSE).await;
            }
            // One of them is at fault: the others are kept without it.
            _ if records.len() > 1 => {
                let mut lost = 0;
                for record in records {
                    lost += Box::pin(write(database, tenant, std::slice::from_ref(record), waiting)).await;
                }
                return lost;
            }
            error => {
                tracing::error!(call = %records[0].id, %error, "the database refused the record of this call");
                return records.len();
            }
        }
    }
}

async fn try_writing(database: &Database, tenant: &Tenant, records: &[Arc<CallRecord>]) -> Result<(), Error> {
    let id = tenant_id(tenant)?;
    let batch = Batch {
        calls: records.iter().map(|record| row(record)).collect(),
        recordings: records.iter().flat_map(|record| kept(record)).collect(),
        ..Batch::default()
    };
    match calls::write(database, &id, &batch).await {
        Err(Error::NotFound(_)) => {
            // Somebody the configuration names who has never asked for anything.
            match tenants::create(database, &id, &tenant.0, now_ms()).await {
                Ok(()) | Err(Error::Exists(_)) => {}
                Err(other) => return Err(other),
            }
            calls::write(database, &id, &batch).await?;
        }
        other => other?,
    }
    // Counted once the calls are there: one that is killed in between counts too little, never too much.
    quotas::add_usage(database, &id, &used(records)).await
}

fn ms(time: UnixTime) -> i64 {
    i64::try_from(time.millis()).unwrap_or(i64::MAX)
}

fn row(record: &CallRecord) -> calls::Call {
    let first = record.legs.first();
    let inbound = first.is_none_or(|leg| leg.direction == LegDirection::Inbound);
    let shown = CallResource::from(record);
    calls::Call {
        id: record.id.to_string(),
        parent: record.continues.map(|call| call.to_string()),
        direction: if inbound {
            Direction::Inbound
        } else {
            Direction::Outbound
        },
        from: shown.from.clone(),
        to: shown.to.clone(),
        status: stored(record.status.into()),
        started_at: ms(record.started_at),
        answered_at: first.and_then(|leg| leg.answered_at).map(ms),
        ended_at: Some(ms(record.ended_at)),
        handler: Some(record.handler.clone()),
        version: None,
        reason: first.map(|leg| crate::records::ended_by(leg.ended_by).to_owned()),
        record: serde_json::to_string(&shown).expect("a call is texts and numbers, which JSON can hold"),
        revision: 1,
    }
}

/// The recordings of a call of which something is kept. Where one lies is worked out from its id when it is looked for.
fn kept(record: &CallRecord) -> impl Iterator<Item = Recording> {
    let call = record.id.to_string();
    record.recordings.iter().filter_map(move |one| {
        let saved = one.saved?;
        Some(Recording {
            id: one.id.to_string(),
            call: call.clone(),
            place: String::new(),
            format: "audio".to_owned(),
            started_at: ms(one.started_at),
            length_ms: i64::try_from(saved.length_ms).unwrap_or(i64::MAX),
            size: i64::try_from(saved.bytes).unwrap_or(i64::MAX),
        })
    })
}

/// A status as the database has it.
fn stored(status: Status) -> calls::Status {
    match status {
        Status::Queued => calls::Status::Queued,
        Status::Ringing => calls::Status::Ringing,
        Status::InProgress => calls::Status::InProgress,
        Status::Completed => calls::Status::Completed,
        Status::Busy => calls::Status::Busy,
        Status::NoAnswer => calls::Status::NoAnswer,
        Status::Failed => calls::Status::Failed,
        Status::Canceled => calls::Status::Canceled,
    }
}

/// What calls used, by the day that they ended.
fn used(records: &[Arc<CallRecord>]) -> Vec<Usage> {
    let mut sums: BTreeMap<(i64, &str), u64> = BTreeMap::new();
    for record in records {
        let day = (record.ended_at.millis() / DAY_MS) as i64;
        let lasted = record.ended_at.millis().saturating_sub(record.started_at.millis());
        let kept = record
            .recordings
            .iter()
            .filter_map(|recording| recording.saved.as_ref());
        let answered = record.status == CallStatus::Completed;
        // One that was kept out has used nothing.
        let began = record.began != Began::Offered || record.refusal.is_none();
        let amounts = [
            ("calls", u64::from(began)),
            ("call_seconds", if answered { lasted.div_ceil(1_000) } else { 0 }),
            ("fuel", record.usage.fuel),
            ("http_bytes", record.spent.http_bytes),
            (SPENT, record.spent.money.0),
            ("recording_bytes", kept.map(|saved| saved.bytes).sum()),
        ];
        for (metric, amount) in amounts {
            *sums.entry((day, metric)).or_default() += amount;
        }
    }
    let used = sums.into_iter().map(|((day, metric), amount)| Usage {
        day,
        metric: metric.to_owned(),
        amount: i64::try_from(amount).unwrap_or(i64::MAX),
    });
    used.filter(|used| used.amount > 0).collect()
}

/// Which past calls are asked for.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    pub(crate) status: Option<Status>,
    pub(crate) handler: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) after_ms: Option<u64>,
    pub(crate) before_ms: Option<u64>,
    /// Those after this place, newest first.
    pub(crate) after: Option<(u64, CallId)>,
    pub(crate) limit: usize,
}

/// A page of past calls with their places, and whether there are more.
pub(crate) type PastPage = (Vec<(u64, CallId, CallResource)>, bool);

/// A page of past calls, newest first.
pub(crate) async fn page(database: &Database, tenant: &Tenant, asking: Asking) -> Result<PastPage, Error> {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let filter = Filter {
        from: asking.from,
        to: asking.to,
        status: asking.status.map(stored),
        handler: asking.handler,
        parent: None,
        started_from: asking.after_ms.map(signed),
        started_before: asking.before_ms.map(signed),
    };
    let after = asking
        .after
        .map(|(started, call)| Cursor::at(signed(started), &call.to_string()));
    let paging = Paging::new(u32::try_from(asking.limit).unwrap_or(u32::MAX), after)?;
    let page = calls::list(database, &tenant_id(tenant)?, &filter, &paging).await?;
    let mut found = Vec::with_capacity(page.items.len());
    for call in page.items {
        let id = super::calls::read_id(&call.id).ok_or(Error::Damaged("calls"))?;
        let shown = serde_json::from_str(&call.record).map_err(|_| Error::Damaged("calls"))?;
        found.push((u64::try_from(call.started_at).unwrap_or_default(), id, shown));
    }
    Ok((found, page.next.is_some()))
}

/// A past call as it was shown when it ended; none if the tenant has none such.
pub(crate) async fn find(database: &Database, tenant: &Tenant, call: CallId) -> Result<Option<CallResource>, Error> {
    match calls::get(database, &tenant_id(tenant)?, &call.to_string()).await {
        Ok(call) => serde_json::from_str(&call.record)
            .map(Some)
            .map_err(|_| Error::Damaged("calls")),
        Err(Error::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A recording of a call that is over was removed: its record says nothing of it any more. One that ended a moment ago may not be
/// written yet; it is waited for. Its bytes, told once.
pub(crate) async fn remove_recording(
    database: &Database,
    tenant: &Tenant,
    recording: RecordingId,
) -> Result<Option<u64>, Error> {
    let (tenant, call, recording) = (tenant_id(tenant)?, recording.call.to_string(), recording.to_string());
    for _ in 0..LOOKS {
        let kept = match calls::get(database, &tenant, &call).await {
            Ok(kept) => kept,
            Err(Error::NotFound(_)) => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Err(other) => return Err(other),
        };
        let mut shown: CallResource = serde_json::from_str(&kept.record).map_err(|_| Error::Damaged("calls"))?;
        shown.recordings.retain(|one| one.id != recording);
        let record = serde_json::to_string(&shown).expect("a call is texts and numbers, which JSON can hold");
        calls::amend(database, &tenant, &call, &record).await?;
        return match recordings::delete(database, &tenant, &recording).await {
            Ok(bytes) => Ok(u64::try_from(bytes).ok()),
            Err(Error::NotFound(_)) => Ok(None),
            Err(other) => Err(other),
        };
    }
    // It was refused by the database, or it had no room: nothing there speaks of the recording.
    Ok(None)
}
