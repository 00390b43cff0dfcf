//! Recordings: which there are, their sound as it was kept, links to it, and their removal. A recording is its call's: whose the
//! call is, that one's it is. Not here: what begins and ends one (`calls`), and where the bytes lie (the shelf).

mod listing;
mod rows;

pub(crate) use rows::rows;

use super::bytes::{self, Content};
use super::calls;
use super::endpoint::{Asked, Outcome, Reply};
use super::links::Link;
use super::past;
use super::problem::{Code, Problem};
use super::words::{CallResource, RecordingResource, StateOfRecording};
use crate::encoding::percent;
use crate::node::time_of_day;
use crate::recordings::shelf::{NotHad, Sound};
use crate::records::rfc3339;
use hyper::StatusCode;
use hyper::header::LOCATION;
use patchcord_control::ids::{RecordingId, Tenant};
use patchcord_control::words::UnixTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long a link is good at most: a week.
const LINK_MAX_S: u64 = 7 * 86_400;
/// The same, where nothing is said.
const LINK_S: u64 = 3_600;

/// A recording and the call it is of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Recording")]
struct RecordingEntry {
    #[serde(flatten)]
    recording: RecordingResource,
    call: String,
    handler: String,
}

/// For how long a link is to be good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MakeLink")]
pub(super) struct MakeLink {
    /// Seconds, an hour without it.
    #[serde(default = "usual_link")]
    #[schemars(range(min = 1, max = 604_800))]
    expires_s: u64,
}

fn usual_link() -> u64 {
    LINK_S
}

/// A link.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecordingLink")]
struct RecordingLink {
    /// A reference to be resolved against the address of this API. It is void when the node is started anew.
    url: String,
    expires_at: String,
}

/// An id as we write it.
fn read_id(text: &str) -> Option<RecordingId> {
    let (call, number) = text.strip_prefix("rec_")?.rsplit_once('_')?;
    let id = RecordingId {
        call: calls::read_id(&format!("call_{call}"))?,
        number: number.parse().ok()?,
    };
    // No other text names it.
    (id.to_string() == text).then_some(id)
}

fn no_such() -> Problem {
    Problem::not_found("recording")
}

/// The id in the path. One that cannot be an id is no recording.
fn recording_id(asked: &Asked) -> Result<RecordingId, Problem> {
    asked.path.first().and_then(|text| read_id(text)).ok_or_else(no_such)
}

/// The recordings of a call.
fn entries(call: &CallResource) -> Vec<(RecordingId, RecordingEntry)> {
    let entry = |recording: &RecordingResource| {
        let entry = RecordingEntry {
            recording: recording.clone(),
            call: call.id.clone(),
            handler: call.handler.clone(),
        };
        Some((read_id(&recording.id)?, entry))
    };
    call.recordings.iter().filter_map(entry).collect()
}

/// The recording that the path names, if it is the tenant's.
async fn ours(asked: &Asked) -> Result<(RecordingId, RecordingEntry), Problem> {
    let id = recording_id(asked)?;
    let call = calls::find(asked, id.call).await?.ok_or_else(no_such)?;
    let mut entries = entries(&call).into_iter();
    let found = entries.find(|(one, _)| *one == id);
    found.ok_or_else(no_such)
}

async fn get(asked: Asked) -> Outcome {
    let (_, entry) = ours(&asked).await?;
    Ok(Reply::json(StatusCode::OK, &entry))
}

async fn content(asked: Asked) -> Outcome {
    let id = recording_id(&asked)?;
    // One that is complete while its call goes on is in no list yet, but its sound is there.
    calls::find(&asked, id.call).await?.ok_or_else(no_such)?;
    let sound = asked.office.kept.recordings.find(&asked.key.tenant, id).await;
    Ok(sounding(sound.map_err(not_had)?, &asked))
}

fn sounding(sound: Sound, asked: &Asked) -> Reply {
    let sound = Arc::new(sound);
    let content = Content {
        media_type: sound.media_type,
        name: sound.name.clone(),
        bytes: sound.bytes,
        pieces: Arc::new(move |at, end| {
            let sound = sound.clone();
            Box::pin(async move {
                let piece = sound.piece(at, end).await;
                piece
                    .inspect_err(|why| tracing::warn!(?why, "a recording breaks off as it is read"))
                    .ok()
            })
        }),
    };
    bytes::reply(&content, &asked.headers)
}

fn not_had(why: NotHad) -> Problem {
    match why {
        NotHad::Gone => Problem::new(Code::NotFound, "nothing is kept of this recording"),
        NotHad::Running => Problem::new(
            Code::WrongState,
            "it is still being recorded; stop it, or wait for its end",
        ),
        NotHad::Failed(why) => Problem::new(
            Code::Unavailable,
            format!("the sound cannot be had from where it lies: {why}"),
        ),
    }
}

async fn remove(asked: Asked) -> Outcome {
    let (id, entry) = ours(&asked).await?;
    if matches!(
        entry.recording.state,
        StateOfRecording::Running | StateOfRecording::Paused
    ) {
        return Err(not_had(NotHad::Running));
    }
    let tenant = &asked.key.tenant;
    match asked.office.kept.recordings.remove(tenant, id).await {
        // Whoever removed the file wanted the same.
        Ok(()) | Err(NotHad::Gone) => {}
        Err(why) => return Err(not_had(why)),
    }
    asked.office.history.remove_recording(tenant, id);
    if let Some(bytes) = past::remove_recording(&asked.office.database, tenant, id).await? {
        asked.office.deployments.recording_deleted(tenant, bytes);
    }
    Ok(Reply::nothing())
}

async fn link(asked: Asked) -> Outcome {
    let wanted: MakeLink = asked.body()?;
    if !(1..=LINK_MAX_S).contains(&wanted.expires_s) {
        let right = format!("expires_s: give 1 to {LINK_MAX_S} seconds");
        return Err(Problem::of_field(Code::Refused, "expires_s", right));
    }
    let (recording, _) = ours(&asked).await?;
    let expires = time_of_day().seconds + wanted.expires_s;
    let tenant = &asked.key.tenant;
    let link = Link {
        tenant,
        recording,
        expires,
    };
    let signature = asked.office.kept.links.sign(&link);
    let url = format!(
        "/v1/recordings/{recording}/shared?tenant={}&expires={expires}&signature={signature}",
        percent(&tenant.0)
    );
    let made = RecordingLink {
        url: url.clone(),
        expires_at: rfc3339(UnixTime {
            seconds: expires,
            nanoseconds: 0,
        }),
    };
    Ok(Reply::json(StatusCode::CREATED, &made).with(LOCATION, url))
}

/// For whoever has a link; no key is needed.
async fn shared(asked: Asked) -> Outcome {
    let recording = recording_id(&asked)?;
    let missing = |name: &'static str| {
        let right = format!("{name}: use the link as it was given");
        Problem::of_field(Code::InvalidRequest, name, right)
    };
    let text = |name: &'static str| asked.parameter(name).ok_or_else(|| missing(name));
    let tenant = Tenant(text("tenant")?.to_owned());
    let expires: u64 = text("expires")?.parse().map_err(|_| missing("expires"))?;
    let link = Link {
        tenant: &tenant,
        recording,
        expires,
    };
    if !asked.office.kept.links.has_signed(&link, text("signature")?) {
        return Err(Problem::new(
            Code::BadLink,
            "the signature is not ours; ask for a new link",
        ));
    }
    if expires <= time_of_day().seconds {
        return Err(Problem::new(Code::BadLink, "the link has expired; ask for a new one"));
    }
    let sound = asked.office.kept.recordings.find(&tenant, recording).await;
    Ok(sounding(sound.map_err(not_had)?, &asked))
}

#[cfg(test)]
mod tests;
