//! Requests that are sent twice: what carries the same `Idempotency-Key` as an earlier one is not done again, but answered as that
//! one was. Of each tenant, for a day, in the database: after a restart too, and whichever of its nodes is asked. Answers are sealed
//! where the node can seal; where it cannot, one with a secret in it is not kept, only that it was given.

use super::endpoint::{Reply, Secrecy, whole};
use super::problem::{Code, Problem};
use crate::database::{SealingKey, tenant_id};
use aws_lc_rs::digest::{SHA256, digest};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::header::HeaderName;
use patchcord_control::ids::Tenant;
use patchcord_database::idempotency::{self, Begun};
use patchcord_database::{Database, Error};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long an answer is kept, in milliseconds.
const KEEP_MS: i64 = 86_400_000;
/// How long a request may be worked on, in milliseconds: longer than any is. One whose node died over it is done anew after that.
const WORK_MS: i64 = 600_000;
/// Bytes of a body that are kept; of a longer one only that it was given.
const BODY_BYTES: usize = 256 * 1024;
/// How often answers are forgotten that were kept long enough.
const SWEEP: Duration = Duration::from_secs(600);
/// Bytes of a key at most.
pub(super) const KEY_BYTES: usize = 255;

/// A tenant's key.
pub(super) type Name = (Tenant, String);

/// What is to be done with a request.
pub(super) enum Repeat {
    /// It is new: do it, then [`Repeats::keep`] its answer.
    New,
    /// It was done: this is its answer.
    Again(Reply),
}

/// How an answer is kept: the first byte of what the database has.
const PLAIN: u8 = b'p';
const SEALED: u8 = b's';
const NOT_KEPT: u8 = b'-';

/// An answer beside its status.
#[derive(Serialize, Deserialize)]
struct Kept {
    headers: Vec<(String, String)>,
    body: String,
}

/// The requests of the last day that had a key.
#[derive(Clone)]
pub(super) struct Repeats {
    database: Database,
    sealing: Option<SealingKey>,
}

impl Repeats {
    pub(super) fn new(database: Database, sealing: Option<SealingKey>) -> Self {
        Self { database, sealing }
    }

    /// Looks for an earlier request of this name, at a time in milliseconds since 1970.
    pub(super) async fn look(&self, now: i64, name: &Name, request: &[&[u8]]) -> Result<Repeat, Problem> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &request.concat()).as_ref());
        let tenant = tenant_id(&name.0)?;
        let begun = idempotency::begin(&self.database, &tenant, (&name.1, &hash), now + WORK_MS, now).await?;
        match begun {
            Begun::New => Ok(Repeat::New),
            Begun::Running => {
                let detail = "the request with this Idempotency-Key is still being worked on";
                Err(Problem::new(Code::WrongState, detail))
            }
            Begun::Other => {
                let detail = "this Idempotency-Key was used with another request; use a new one for each";
                Err(Problem::new(Code::KeyReused, detail))
            }
            Begun::Done(status, kept) => self.answer(name, status, &kept).map(Repeat::Again),
        }
    }

    fn answer(&self, name: &Name, status: i64, kept: &[u8]) -> Result<Reply, Problem> {
        let read = self.read(name, kept).ok_or_else(|| {
            let detail =
                "the request with this Idempotency-Key was done, and its answer is not kept: look at what there is";
            Problem::new(Code::WrongState, detail)
        })?;
        let status = u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok());
        let header = |(name, value): (String, String)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value));
        Ok(Reply {
            status: status.ok_or(Error::Damaged("answers"))?,
            headers: read.headers.into_iter().filter_map(header).collect(),
            body: whole(read.body.into_bytes()),
        })
    }

    fn read(&self, name: &Name, kept: &[u8]) -> Option<Kept> {
        let text = match kept.split_first()? {
            (&PLAIN, rest) => String::from_utf8(rest.to_vec()).ok()?,
            (&SEALED, rest) => self.sealing.as_ref()?.open((&name.0, &sealed_for(name)), rest)?,
            _ => return None,
        };
        serde_json::from_str(&text).ok()
    }

    /// Keeps the answer to a request that was new. One that could not be done is forgotten: it may be tried again.
    pub(super) async fn keep(
        &self,
        (name, now): (&Name, i64),
        secrecy: Secrecy,
        outcome: Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        let tenant = tenant_id(&name.0)?;
        let reply = match outcome {
            Ok(reply) => reply,
            Err(problem) => {
                let given_up = idempotency::give_up(&self.database, &tenant, &name.1).await;
                told_in_the_log(given_up);
                return Err(problem);
            }
        };
        // It cannot fail: bodies of ours have no errors.
        let body = reply.body.collect().await.map(|body| body.to_bytes().to_vec());
        let body = body.unwrap_or_default();
        let kept = self.written(name, secrecy, &reply.headers, &body);
        let kept = kept.unwrap_or_else(|| vec![NOT_KEPT]);
        let status = i64::from(reply.status.as_u16());
        let finished = idempotency::finish(&self.database, &tenant, &name.1, (status, &kept), now + KEEP_MS).await;
        // It was done all the same.
        told_in_the_log(finished);
        Ok(Reply {
            body: whole(body),
            ..reply
        })
    }

    /// An answer as it is kept; none if it is not to be.
    fn written(&self, name: &Name, secrecy: Secrecy, headers: &[(HeaderName, String)], body: &[u8]) -> Option<Vec<u8>> {
        let body = std::str::from_utf8(body).ok().filter(|body| body.len() <= BODY_BYTES)?;
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.clone()));
        let kept = Kept {
            headers: headers.collect(),
            body: body.to_owned(),
        };
        let text = serde_json::to_string(&kept).ok()?;
        match (&self.sealing, secrecy) {
            (Some(sealing), _) => {
                let sealed = sealing.seal((&name.0, &sealed_for(name)), &text).ok()?;
                Some([&[SEALED][..], &sealed].concat())
            }
            (None, Secrecy::Open) => Some([&[PLAIN][..], text.as_bytes()].concat()),
            (None, Secrecy::Secret) => None,
        }
    }

    /// Forgets what was kept long enough, from time to time, without end.
    pub(super) async fn sweep(self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            let forgotten = idempotency::forget_expired(&self.database, crate::deployments::now_ms()).await;
            told_in_the_log(forgotten.map(|_| ()));
        }
    }
}

/// What an answer is sealed for. No secret of a handler has such a name.
fn sealed_for(name: &Name) -> String {
    format!("answer:{}", name.1)
}

fn told_in_the_log(done: Result<(), Error>) {
    if let Err(why) = done {
        tracing::error!(%why, "answers to requests with an idempotency key cannot be kept or forgotten in the database");
    }
}

#[cfg(test)]
mod tests;
