//! Which sessions may be taken over, by the secrets that were given out for that. A secret is good once: whoever comes with one that was
//! used hears so, in words of its own. Only hashes are kept. Not here: what a session does.

use super::task::Handover;
use crate::encoding::{from_hex, hex};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Secrets that were used and are remembered; with more, the oldest is forgotten and unknown from then on.
const USED: usize = 16 * 1_024;
const SECRET_BYTES: usize = 32;

/// The hash of a secret.
pub(super) type Hash = [u8; 32];

/// Sessions that may be taken over. At most one secret for each connection that the node may have.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Table>);

#[derive(Default)]
struct Table {
    open: HashMap<Hash, mpsc::Sender<Handover>>,
    used: HashSet<Hash>,
    order: VecDeque<Hash>,
}

/// Why a session cannot be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotResumed {
    /// The secret was used before.
    Used,
    /// The session is over, or never was.
    Over,
}

impl NotResumed {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Used => "resume-replayed",
            Self::Over => "resume-over",
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Used => "this secret was used before, and is good once: sign in with a token",
            Self::Over => "the session is over: sign in with a token",
        }
    }
}

impl Sessions {
    /// A new secret for a session, in place of its last one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn issue(
        &self,
        last: Option<Hash>,
        session: &mpsc::Sender<Handover>,
    ) -> Result<(String, Hash), getrandom::Error> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret)?;
        let hash = hash(&secret);
        let mut table = self.table();
        if let Some(last) = last {
            table.open.remove(&last);
        }
        table.open.insert(hash, session.clone());
        Ok((hex(&secret), hash))
    }

    /// The way to the session of a secret, which is used with that.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn take(&self, secret: &str) -> Result<mpsc::Sender<Handover>, NotResumed> {
        let secret = from_hex::<SECRET_BYTES>(secret).ok_or(NotResumed::Over)?;
        let hash = hash(&secret);
        let mut table = self.table();
        if table.used.contains(&hash) {
            return Err(NotResumed::Used);
        }
        let session = table.open.remove(&hash).ok_or(NotResumed::Over)?;
        if table.order.len() >= USED
            && let Some(oldest) = table.order.pop_front()
        {
            table.used.remove(&oldest);
        }
        table.used.insert(hash);
        table.order.push_back(hash);
        Ok(session)
    }

    /// A session is over.
    pub(super) fn end(&self, last: Option<Hash>) {
        if let Some(last) = last {
            self.table().open.remove(&last);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(secret: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret).as_ref());
    hash
}
