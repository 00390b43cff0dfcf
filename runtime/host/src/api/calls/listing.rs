//! Lists of calls: those that go on, at this node and at the others, those that wait to be placed, and those that are over. Each node
//! gives its own, and whoever was asked puts them into one page. Not here: the database's part of it ([`super::super::past`]).

use super::super::Office;
use super::super::elsewhere::{self, Unanswered};
use super::super::endpoint::{Asked, Outcome, Reply};
use super::super::past::{self, Asking};
use super::super::problem::Problem;
use super::super::words::{CallList, CallResource, Status};
use super::all_live;
use hyper::StatusCode;
use hyper::body::Bytes;
use patchcord_control::ids::{CallId, Tenant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of what other nodes are asked.
pub(crate) const KIND: &str = "calls";
/// Calls in one page of a list.
const PAGE_MAX: usize = 1_000;
/// The same, where nothing is said.
const PAGE: usize = 50;

/// Where a call stands in a list: when it began, and by id where that is the same.
type Place = (u64, CallId);

/// What another node is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    tenant: String,
    wanted: Wanted,
}

/// Calls that a node has in its memory, with their places.
#[derive(Debug, Serialize, Deserialize)]
struct OfNode {
    calls: Vec<(String, CallResource)>,
    /// Whether it has more that come after these.
    more: bool,
}

pub(crate) async fn list(asked: Asked) -> Outcome {
    let wanted = Wanted::read(&asked)?;
    let tenant = &asked.key.tenant;
    let question = Question {
        tenant: tenant.0.clone(),
        wanted: wanted.clone(),
    };
    let mut found = here(&asked.office, tenant, &wanted).await?;
    let (others, unanswered) = elsewhere::ask_all::<OfNode>(&asked.office, KIND, &question).await;
    let mut more = false;
    for other in others {
        more |= other.more;
        for (place, call) in other.calls {
            if let Some(place) = cursor(&place) {
                found.add(place, || call);
            }
        }
    }
    let (past, more_past) = past::page(&asked.office.database, tenant, wanted.past()).await?;
    for (started, id, call) in past {
        found.calls.entry((started, id)).or_insert(call);
    }
    let more = more || more_past || found.calls.len() > wanted.limit;
    let calls: Vec<_> = found.calls.into_iter().rev().take(wanted.limit).collect();
    let last = calls.last().map(|(place, _)| *place).filter(|_| more);
    let list = CallList {
        calls: calls.into_iter().map(|(_, call)| call).collect(),
        next_cursor: last.map(text_of),
        unanswered: unanswered.map(|Unanswered(nodes)| nodes),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

/// What another node wants to know; none if it is not understood.
pub(crate) async fn answered(office: &Office, bytes: &[u8]) -> Option<Bytes> {
    let question: Question = serde_json::from_slice(bytes).ok()?;
    let limit = question.wanted.limit.min(PAGE_MAX);
    let found = here(office, &Tenant(question.tenant), &question.wanted).await.ok()?;
    let more = found.calls.len() > limit;
    let calls = found.calls.into_iter().rev().take(limit);
    let answer = OfNode {
        calls: calls.map(|(place, call)| (text_of(place), call)).collect(),
        more,
    };
    Some(serde_json::to_vec(&answer).expect("words and numbers are JSON").into())
}

/// What this node has in its memory.
async fn here<'w>(office: &Office, tenant: &Tenant, wanted: &'w Wanted) -> Result<Found<'w>, Problem> {
    let mut found = Found::new(wanted);
    for call in &all_live(office, tenant).await? {
        found.add((call.started_at.millis(), call.id), || call.into());
    }
    for (id, queued) in office.placing.of(tenant) {
        found.add((queued.since.millis(), id), || CallResource::queued(id, &queued));
    }
    for record in office.history.of(tenant) {
        found.add((record.started_at.millis(), record.id), || (&*record).into());
    }
    Ok(found)
}

/// Calls of a list by their places: when they began, and by id where that is the same. One that ended or was placed between two looks
/// is found by both, and shown once, as it was seen first.
struct Found<'w> {
    wanted: &'w Wanted,
    calls: BTreeMap<Place, CallResource>,
}

impl<'w> Found<'w> {
    fn new(wanted: &'w Wanted) -> Self {
        Self {
            wanted,
            calls: BTreeMap::new(),
        }
    }

    fn add(&mut self, place: Place, call: impl FnOnce() -> CallResource) {
        if self.calls.keys().any(|(_, id)| *id == place.1) {
            return;
        }
        let call = call();
        if self.wanted.takes(place, &call) {
            self.calls.insert(place, call);
        }
    }
}

/// Which calls are asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wanted {
    status: Option<Status>,
    handler: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after_ms: Option<u64>,
    before_ms: Option<u64>,
    #[serde(with = "as_text")]
    cursor: Option<Place>,
    limit: usize,
}

impl Wanted {
    fn read(asked: &Asked) -> Result<Self, Problem> {
        let text = |name: &str| asked.parameter(name).map(str::to_owned);
        let status = |text: &str| serde_json::from_value(serde_json::Value::String(text.to_owned())).ok();
        let limit = |text: &str| text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
        let time = |name: &str| asked.parsed(name, "milliseconds since 1970", |text| text.parse::<u64>().ok());
        Ok(Self {
            status: asked.parsed("status", "a status of a call, such as in-progress", status)?,
            handler: text("handler"),
            from: text("from"),
            to: text("to"),
            after_ms: time("started_after_ms")?,
            before_ms: time("started_before_ms")?,
            cursor: asked.parsed("cursor", "the next_cursor of a page before", cursor)?,
            limit: asked.parsed("limit", "a number from 1 to 1000", limit)?.unwrap_or(PAGE),
        })
    }

    /// The same of calls that are in the database.
    fn past(&self) -> Asking {
        Asking {
            status: self.status,
            handler: self.handler.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            after_ms: self.after_ms,
            before_ms: self.before_ms,
            after: self.cursor,
            limit: self.limit,
        }
    }

    fn takes(&self, place: Place, call: &CallResource) -> bool {
        fn is<T: PartialEq + ?Sized>(wanted: Option<&T>, has: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == has)
        }
        is(self.status.as_ref(), &call.status)
            && is(self.handler.as_deref(), call.handler.as_str())
            && is(self.from.as_deref(), call.from.as_str())
            && is(self.to.as_deref(), call.to.as_str())
            && self.after_ms.is_none_or(|after| place.0 >= after)
            && self.before_ms.is_none_or(|before| place.0 < before)
            && self.cursor.is_none_or(|cursor| place < cursor)
    }
}

/// A place as a cursor says it.
fn text_of((started, id): Place) -> String {
    format!("{started}.{:032x}", id.0)
}

fn cursor(text: &str) -> Option<Place> {
    let (started, id) = text.split_once('.')?;
    (id.len() == 32).then_some(())?;
    Some((started.parse().ok()?, CallId(u128::from_str_radix(id, 16).ok()?)))
}

/// A cursor between nodes: as clients are given it.
mod as_text {
    use super::{Place, cursor, text_of};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(place: &Option<Place>, to: S) -> Result<S::Ok, S::Error> {
        place.map(text_of).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Place>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let place = |text: String| cursor(&text).ok_or_else(|| D::Error::custom("no cursor"));
        text.map(place).transpose()
    }
}
