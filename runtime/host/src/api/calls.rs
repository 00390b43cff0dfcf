//! Calls: what is asked about them and done with them. Live ones are asked of the shard that has them, so what is shown is true now,
//! and a change is done when it is answered.

mod listing;

pub(crate) use listing::list;
pub(super) use listing::{KIND as LISTED, answered as listed};

use super::Office;
use super::endpoint::{Asked, Outcome, Reply};
use super::orders::{
    ChangeRecording, JoinCalls, PlaceCall, PlayPrompt, RedirectCall, SendKeys, SendMessage, StartRecording,
};
use super::past;
use super::placing::Gone;
use super::problem::{Code, Problem};
use super::words::CallResource;
use crate::encoding::hex;
use crate::live_calls::{Busy, NotDone};
use aws_lc_rs::digest::{SHA256, digest};
use hyper::StatusCode;
use hyper::header::LOCATION;
use patchcord_control::call::{CallSnapshot, Change, ChangeError, Changed};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::outbound::Waiting;
use patchcord_control::words::Error;
use patchcord_switch::{JoinError, PlaceError, PlacedCall, Purpose, RedirectError, Redirection};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// A call that has an id now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CallReference")]
pub(crate) struct CallReference {
    /// Its id.
    pub(crate) call: String,
}

/// Legs that came from another call.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "JoinedLegs")]
pub(crate) struct Joined {
    /// Their numbers in the call they are in now.
    pub(crate) legs: Vec<u32>,
}

/// A recording that has begun.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecordingReference")]
pub(crate) struct RecordingReference {
    /// Its id.
    pub(crate) recording: String,
    /// Its number in the call.
    pub(crate) number: u32,
}

/// All live calls of a tenant at this node.
pub(crate) async fn all_live(office: &Office, tenant: &Tenant) -> Result<Vec<CallSnapshot>, Problem> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = office.live.list(tenant, after).await.map_err(busy)?;
        all.extend(page.calls);
        match page.more_after {
            Some(last) => after = Some(last),
            None => return Ok(all),
        }
    }
}

pub(super) fn busy(why: Busy) -> Problem {
    Problem::new(Code::Unavailable, why.to_string())
}

pub(crate) async fn get(asked: Asked) -> Outcome {
    let id = call_id(&asked)?;
    let call = find(&asked, id).await?;
    let call = call.ok_or_else(|| Problem::not_found("call"))?;
    Ok(asked.revised(hash_of(&call), &call))
}

/// A call of the key's tenant: one that goes on, waits, or is over.
pub(crate) async fn find(asked: &Asked, id: CallId) -> Result<Option<CallResource>, Problem> {
    // A call that was placed between the two looks is live at the second.
    let mut call = None;
    for _ in 0..2 {
        let live = asked.office.live.describe(&asked.key.tenant, id).await;
        let live = live.map_err(busy)?.as_ref().map(CallResource::from);
        call = call.or(live).or_else(|| not_live(asked, id));
    }
    if call.is_none() {
        call = past::find(&asked.office.database, &asked.key.tenant, id).await?;
    }
    Ok(call)
}

/// A call that waits to be placed, or is over.
fn not_live(asked: &Asked, id: CallId) -> Option<CallResource> {
    let tenant = &asked.key.tenant;
    if let Some(over) = asked.office.history.find(tenant, id) {
        return Some(CallResource::from(&*over));
    }
    let queued = asked.office.placing.find(tenant, id)?;
    Some(CallResource::queued(id, &queued))
}

/// The first half of the hash of what is shown.
fn hash_of(call: &CallResource) -> String {
    let shown = serde_json::to_vec(call).unwrap_or_default();
    let hash = digest(&SHA256, &shown);
    hex(&hash.as_ref()[..16])
}

pub(crate) async fn place(asked: Asked) -> Outcome {
    let wanted: PlaceCall = asked.body()?;
    let id = new_id()?;
    let mut call = PlacedCall {
        id: Some(id),
        tenant: asked.key.tenant.clone(),
        handler: wanted.handler.clone(),
        fallbacks: Arc::default(),
        opening: wanted.opening(),
        purpose: Purpose::Handler,
        trunk: None,
    };
    let may = asked.office.live.may_place(&call).await;
    call.trunk = may.map_err(|why| not_done(why, not_placed))?;
    let (not_before, expires_at) = wanted.when(SystemTime::now(), Instant::now())?;
    let waiting = Waiting {
        id,
        tenant: call.tenant.clone(),
        trunk: call.trunk.clone(),
        not_before,
        expires_at,
        wanted: call,
    };
    let queued = asked.office.placing.add(waiting).await;
    let queued = queued.map_err(|Gone| busy(Busy))?;
    queued.map_err(|why| Problem::new(Code::TooMany, why.to_string()))?;
    let reference = CallReference { call: id.to_string() };
    Ok(Reply::json(StatusCode::CREATED, &reference).with(LOCATION, format!("/v1/calls/{id}")))
}

/// 128 random bits, as the ids of all calls.
pub(super) fn new_id() -> Result<CallId, Problem> {
    let mut bytes = [0; 16];
    let none = |_| Problem::new(Code::Unavailable, "the system has no randomness");
    getrandom::fill(&mut bytes).map_err(none)?;
    Ok(CallId(u128::from_le_bytes(bytes)))
}

pub(super) fn not_done<E>(why: NotDone<E>, refused: fn(E) -> Problem) -> Problem {
    match why {
        NotDone::Busy => busy(Busy),
        NotDone::Refused(why) => refused(why),
    }
}

pub(super) fn not_placed(why: PlaceError) -> Problem {
    match &why {
        PlaceError::NoSuchHandler(_) => Problem::of_field(Code::Refused, "handler", why.to_string()),
        PlaceError::SameId(_) => Problem::new(Code::WrongState, why.to_string()),
        PlaceError::Tenant(_) => Problem::new(Code::TooMany, why.to_string()),
        PlaceError::Full | PlaceError::Draining => Problem::new(Code::Unavailable, why.to_string()),
        PlaceError::Invalid(error) => refused(error),
    }
}

pub(crate) async fn end(asked: Asked) -> Outcome {
    let id = call_id(&asked)?;
    if asked.office.placing.cancel(&asked.key.tenant, id).await {
        return Ok(Reply::nothing());
    }
    change(asked, |_| Ok(Change::End)).await
}

pub(crate) async fn message(asked: Asked) -> Outcome {
    change(asked, |asked| asked.body::<SendMessage>().map(Into::into)).await
}

pub(crate) async fn keys(asked: Asked) -> Outcome {
    change(asked, |asked| asked.body::<SendKeys>().map(Into::into)).await
}

pub(crate) async fn play(asked: Asked) -> Outcome {
    change(asked, |asked| asked.body::<PlayPrompt>().map(Into::into)).await
}

pub(crate) async fn stop_play(asked: Asked) -> Outcome {
    let leg = asked.parsed("leg", "the number of a leg", |text| text.parse().ok())?;
    change(asked, |_| {
        Ok(Change::StopPlay {
            leg: LegId(leg.unwrap_or_default()),
        })
    })
    .await
}

pub(crate) async fn start_recording(asked: Asked) -> Outcome {
    change(asked, |asked| asked.body::<StartRecording>().map(Into::into)).await
}

pub(crate) async fn change_recording(asked: Asked) -> Outcome {
    let number = asked.path.get(1).and_then(|number| number.parse().ok());
    let number: u32 = number.ok_or_else(|| Problem::not_found("recording"))?;
    change(asked, |asked| {
        let wanted: ChangeRecording = asked.body()?;
        Ok(wanted.change(number))
    })
    .await
}

/// Does a change and says what came of it.
async fn change(asked: Asked, wanted: impl FnOnce(&Asked) -> Result<Change, Problem>) -> Outcome {
    let id = call_id(&asked)?;
    let change = wanted(&asked)?;
    let changed = asked.office.live.change(&asked.key.tenant, id, &change).await;
    match changed.map_err(|why| not_done(why, not_changed))? {
        Changed::Done => Ok(Reply::nothing()),
        Changed::Recording(recording) => {
            let reference = RecordingReference {
                recording: recording.to_string(),
                number: recording.number,
            };
            Ok(Reply::json(StatusCode::CREATED, &reference))
        }
    }
}

fn not_changed(why: ChangeError) -> Problem {
    let text = why.to_string();
    match why {
        ChangeError::NoSuchCall => Problem::not_found("call"),
        ChangeError::NoSuchLeg(_) => Problem::of_field(Code::NotFound, "leg", text),
        ChangeError::NoSuchRecording(_) => Problem::not_found("recording"),
        ChangeError::WrongState(..)
        | ChangeError::RecordingOver(_)
        | ChangeError::Playing(_)
        | ChangeError::SendingKeys(_)
        | ChangeError::HandlerOver => Problem::new(Code::WrongState, text),
        ChangeError::Proof => Problem::new(Code::WrongState, text),
        ChangeError::InboxFull(_) => Problem::new(Code::TooMany, text),
        ChangeError::Refused(error) => refused(&error),
    }
}

/// An argument out of its range, or a limit.
fn refused(error: &Error) -> Problem {
    match error {
        Error::Invalid { argument, .. } => Problem::of_field(Code::Refused, argument, error.to_string()),
        Error::Limit { .. } => Problem::new(Code::TooMany, error.to_string()),
        Error::Interrupted(_) | Error::WrongState(_) => Problem::new(Code::WrongState, error.to_string()),
        _ => Problem::new(Code::Refused, error.to_string()),
    }
}

pub(crate) async fn redirect(asked: Asked) -> Outcome {
    let id = call_id(&asked)?;
    let wanted: RedirectCall = asked.body()?;
    let leg = wanted.leg.map(LegId);
    let to = Redirection {
        tenant: asked.key.tenant.clone(),
        handler: wanted.handler,
        text: wanted.text,
    };
    let new = asked.office.live.redirect(id, leg, &to).await;
    let new = new.map_err(|why| not_done(why, not_moved))?;
    let reference = CallReference { call: new.to_string() };
    Ok(Reply::json(StatusCode::OK, &reference).with(LOCATION, format!("/v1/calls/{new}")))
}

fn not_moved(why: RedirectError) -> Problem {
    let text = why.to_string();
    match why {
        RedirectError::NoSuchCall => Problem::not_found("call"),
        RedirectError::NoSuchHandler(_) => Problem::of_field(Code::Refused, "handler", text),
        RedirectError::NoSuchLeg(_) => Problem::of_field(Code::NotFound, "leg", text),
        RedirectError::NoCaller | RedirectError::Proof => Problem::new(Code::WrongState, text),
        RedirectError::Tenant(_) => Problem::new(Code::TooMany, text),
        RedirectError::Full => Problem::new(Code::Unavailable, text),
        RedirectError::TextTooLong(_) => Problem::of_field(Code::Refused, "text", text),
    }
}

pub(crate) async fn join(asked: Asked) -> Outcome {
    let into = call_id(&asked)?;
    let wanted: JoinCalls = asked.body()?;
    let from = read_id(&wanted.call);
    let from = from.ok_or_else(|| Problem::of_field(Code::NotFound, "call", "there is no such call"))?;
    let joined = asked.office.live.join(&asked.key.tenant, (into, from)).await;
    let legs = joined.map_err(|why| not_done(why, not_joined))?;
    let joined = Joined {
        legs: legs.into_iter().map(|leg| leg.0).collect(),
    };
    Ok(Reply::json(StatusCode::OK, &joined))
}

fn not_joined(why: JoinError) -> Problem {
    let text = why.to_string();
    match why {
        JoinError::NoSuchCall(_) => Problem::of_field(Code::NotFound, "call", text),
        JoinError::SameCall => Problem::of_field(Code::Refused, "call", text),
        JoinError::NoLegs(_) => Problem::new(Code::WrongState, text),
        JoinError::Refused(why) => not_changed(why),
    }
}

/// The call that the path names. One that cannot be an id is no call.
pub(crate) fn call_id(asked: &Asked) -> Result<CallId, Problem> {
    let id = asked.path.first().and_then(|text| read_id(text));
    id.ok_or_else(|| Problem::not_found("call"))
}

/// An id as we write it.
pub(crate) fn read_id(text: &str) -> Option<CallId> {
    let digits = text.strip_prefix("call_")?;
    let fits = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(digits, 16).ok().filter(|_| fits).map(CallId)
}
