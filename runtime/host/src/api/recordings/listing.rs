//! Recordings by the calls they are of: newest call first, and within one the latest recording first.

use super::{RecordingEntry, entries, read_id};
use crate::api::calls;
use crate::api::endpoint::{Asked, Outcome, Reply};
use crate::api::past::{self, Asking};
use crate::api::problem::Problem;
use crate::api::words::CallResource;
use hyper::StatusCode;
use patchcord_control::ids::{CallId, RecordingId};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Recordings in one page of a list.
const PAGE_MAX: usize = 1_000;
/// The same, where nothing is said.
const PAGE: usize = 50;
/// Past calls that are read at a time, and how often for one page; most have no recording.
const CALLS: usize = 500;
const READS: usize = 10;

/// A page of recordings, newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecordingList")]
pub(super) struct RecordingList {
    recordings: Vec<RecordingEntry>,
    /// Give this as `cursor` for the recordings after these; not there if there are none. A page with few or none may have one:
    /// then many calls had no recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// When the call began, and which recording of it.
pub(super) type Place = (u64, RecordingId);

/// What was found by its place. One that ended between two looks is found by both, and is one.
type Found = BTreeMap<Place, RecordingEntry>;

pub(super) async fn list(asked: Asked) -> Outcome {
    let wanted = asked.parsed("call", "the id of a call", calls::read_id)?;
    let limit = |text: &str| text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
    let limit = asked.parsed("limit", "a number from 1 to 1000", limit)?.unwrap_or(PAGE);
    let before = asked.parsed("cursor", "the next_cursor of a page before", cursor)?;
    let mut found = Found::new();
    let mut unread = None;
    match wanted {
        Some(call) => {
            if let Some(shown) = calls::find(&asked, call).await? {
                put(&mut found, 0, &shown);
            }
        }
        None => {
            latest(&asked, &mut found).await?;
            unread = past_calls(&asked, before, limit, &mut found).await?;
        }
    }
    found.retain(|place, _| before.is_none_or(|before| *place < before) && unread.is_none_or(|last| *place >= last));
    let more = found.len() > limit;
    let page: Vec<_> = found.into_iter().rev().take(limit).collect();
    let last = page.last().map(|(place, _)| *place).filter(|_| more).or(unread);
    let list = RecordingList {
        recordings: page.into_iter().map(|(_, entry)| entry).collect(),
        next_cursor: last.map(|(started_ms, id)| format!("{started_ms}.{id}")),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

fn put(found: &mut Found, started_ms: u64, call: &CallResource) {
    found.extend(entries(call).into_iter().map(|(id, entry)| ((started_ms, id), entry)));
}

/// Of calls that go on, and of those that may not be in the database yet.
async fn latest(asked: &Asked, found: &mut Found) -> Result<(), Problem> {
    for call in calls::all_live(&asked.office, &asked.key.tenant).await? {
        put(found, call.started_at.millis(), &(&call).into());
    }
    for record in asked.office.history.of(&asked.key.tenant) {
        put(found, record.started_at.millis(), &(&*record).into());
    }
    Ok(())
}

/// Of calls in the database from a place on. If there are too many for one page, the place of the last that was read.
async fn past_calls(
    asked: &Asked,
    before: Option<Place>,
    limit: usize,
    found: &mut Found,
) -> Result<Option<Place>, Problem> {
    let (database, tenant) = (&asked.office.database, &asked.key.tenant);
    // Of the call that the page before ended in there may be more.
    if let Some((started_ms, id)) = before
        && let Some(call) = past::find(database, tenant, id.call).await?
    {
        put(found, started_ms, &call);
    }
    let mut after: Option<(u64, CallId)> = before.map(|(started_ms, id)| (started_ms, id.call));
    for _ in 0..READS {
        let asking = Asking {
            after,
            limit: CALLS,
            ..Asking::default()
        };
        let (page, more) = past::page(database, tenant, asking).await?;
        for (started_ms, _, call) in &page {
            put(found, *started_ms, call);
        }
        after = page
            .last()
            .map(|(started_ms, id, _)| (*started_ms, *id))
            .filter(|_| more);
        let enough = found
            .keys()
            .filter(|place| before.is_none_or(|before| **place < before));
        if after.is_none() || enough.count() > limit {
            break;
        }
    }
    Ok(after.map(|(started_ms, call)| (started_ms, RecordingId { call, number: 0 })))
}

pub(super) fn cursor(text: &str) -> Option<Place> {
    let (started_ms, id) = text.split_once('.')?;
    Some((started_ms.parse().ok()?, read_id(id)?))
}
