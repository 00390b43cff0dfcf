//! Requests that are sent twice: what carries the same `Idempotency-Key` as an earlier one is not done again, but answered as that
//! one was. Of each tenant, for a day, in memory.

use super::endpoint::{Reply, whole};
use super::problem::{Code, Problem};
use aws_lc_rs::digest::{SHA256, digest};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::header::HeaderName;
use patchcord_control::ids::Tenant;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Answers that are kept; the oldest makes room.
const KEPT: usize = 10_000;
/// How long.
const KEEP: Duration = Duration::from_secs(86_400);
/// Bytes of a key at most.
pub(super) const KEY_BYTES: usize = 255;

/// A tenant's key.
pub(super) type Name = (Tenant, String);

/// What is known of a request.
struct Known {
    /// Of its path and body.
    hash: Vec<u8>,
    since: Instant,
    /// None while it is worked on.
    answer: Option<Kept>,
}

#[derive(Clone)]
struct Kept {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

/// What is to be done with a request.
pub(super) enum Repeat {
    /// It is new: do it, then [`Repeats::keep`] its answer.
    New,
    /// It was done: this is its answer.
    Again(Reply),
}

#[derive(Default)]
struct All {
    known: HashMap<Name, Known>,
    /// In the order they came.
    order: VecDeque<Name>,
}

/// The requests of the last day that had a key.
#[derive(Default)]
pub(super) struct Repeats(Mutex<All>);

impl Repeats {
    /// Looks for an earlier request of this name.
    pub(super) fn look(&self, now: Instant, name: &Name, request: &[&[u8]]) -> Result<Repeat, Problem> {
        let hash = digest(&SHA256, &request.concat()).as_ref().to_vec();
        let mut all = self.lock();
        all.forget_old(now);
        let Some(known) = all.known.get(name) else {
            let known = Known {
                hash,
                since: now,
                answer: None,
            };
            all.known.insert(name.clone(), known);
            all.order.push_back(name.clone());
            return Ok(Repeat::New);
        };
        if known.hash != hash {
            let detail = "this Idempotency-Key was used with another request; use a new one for each";
            return Err(Problem::new(Code::KeyReused, detail));
        }
        let kept = known.answer.clone();
        let kept = kept.ok_or_else(|| {
            Problem::new(
                Code::WrongState,
                "the request with this Idempotency-Key is still being worked on",
            )
        })?;
        Ok(Repeat::Again(Reply {
            status: kept.status,
            headers: kept.headers,
            body: whole(kept.body),
        }))
    }

    /// Keeps the answer to a request that was new. One that could not be done now is forgotten: it may be tried again.
    pub(super) async fn keep(&self, name: &Name, outcome: Result<Reply, Problem>) -> Result<Reply, Problem> {
        let reply = match outcome {
            Ok(reply) => reply,
            Err(problem) => {
                self.lock().forget(name);
                return Err(problem);
            }
        };
        // It cannot fail: bodies of ours have no errors.
        let body = reply.body.collect().await.map(|body| body.to_bytes().to_vec());
        let body = body.unwrap_or_default();
        let kept = Kept {
            status: reply.status,
            headers: reply.headers.clone(),
            body: body.clone(),
        };
        if let Some(known) = self.lock().known.get_mut(name) {
            known.answer = Some(kept);
        }
        Ok(Reply {
            body: whole(body),
            ..reply
        })
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        // Nothing is left half done in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn forget_old(&mut self, now: Instant) {
        while let Some(name) = self.order.front() {
            let old = |known: &Known| now.saturating_duration_since(known.since) > KEEP;
            let forget = self.known.get(name).is_none_or(old);
            if !forget && self.order.len() < KEPT {
                return;
            }
            if let Some(name) = self.order.pop_front() {
                self.known.remove(&name);
            }
        }
    }

    fn forget(&mut self, name: &Name) {
        self.known.remove(name);
        self.order.retain(|other| other != name);
    }
}

#[cfg(test)]
mod tests;
