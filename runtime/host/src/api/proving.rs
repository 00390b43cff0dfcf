//! Codes that were keyed: what handlers of proofs report is tried, and they are told what came of it. A code is in no log, and in the
//! database only as a hash that counts for minutes.

use crate::deployments::{Changed, Deployments, now_ms};
use crate::live_calls::LiveCalls;
use aws_lc_rs::digest::{SHA256, digest};
use patchcord_control::events::{Event, Happening};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::words::InboxMessage;
use patchcord_database::caller_ids::{self, Proof};
use patchcord_database::{Database, Error};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Reports that wait to be tried. One more is lost, and its handler hears nothing.
pub(crate) const WAITING: usize = 256;
/// What handlers call such a report, and what the answer to it is called.
const NAME: &str = "caller-id";
/// How many codes there are.
const CODES: u32 = 1_000_000;

/// A code: six digits by chance.
///
/// # Errors
/// The system has no randomness.
pub(super) fn new_code() -> Result<String, getrandom::Error> {
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)?;
        let random = u32::from_le_bytes(bytes);
        // What is over the last whole thousand thousands would make some codes likelier.
        if random < u32::MAX / CODES * CODES {
            return Ok(format!("{:06}", random % CODES));
        }
    }
}

/// A code as the database has it: bound to its tenant and call.
pub(super) fn hash(tenant: &Tenant, call: CallId, code: &str) -> [u8; 32] {
    let bound = format!("{NAME}\n{}\n{call}\n{code}", tenant.0);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, bound.as_bytes()).as_ref());
    bytes
}

/// What tries codes.
pub(super) struct Desk {
    database: Database,
    deployments: Arc<Deployments>,
    live: LiveCalls,
}

impl Desk {
    pub(super) fn new(database: &Database, deployments: &Arc<Deployments>, live: &LiveCalls) -> Self {
        Self {
            database: database.clone(),
            deployments: deployments.clone(),
            live: live.clone(),
        }
    }

    /// Until nobody reports any more.
    pub(super) async fn work(self, mut reports: mpsc::Receiver<Arc<Event>>) {
        while let Some(event) = reports.recv().await {
            if let Err(error) = self.heard(&event).await {
                tracing::error!(call = %event.call, %error, "what was keyed for a caller id could not be tried");
            }
        }
    }

    async fn heard(&self, event: &Event) -> Result<(), Error> {
        let tenant = crate::database::tenant_id(&event.tenant)?;
        let call = event.call.to_string();
        let keyed = match &event.what {
            Happening::Custom { name, data } if name == NAME => data.reveal(),
            Happening::CallEnded { .. } => {
                return caller_ids::over(&self.database, &tenant, &call, now_ms()).await;
            }
            _ => return Ok(()),
        };
        let hash = hash(&event.tenant, event.call, keyed);
        let proof = match caller_ids::prove(&self.database, &tenant, (&call, &hash), now_ms()).await {
            // It was asked for anew, by another call.
            Err(Error::NotFound(_)) => Proof::Over,
            other => other?,
        };
        if proof == Proof::Right {
            // Whoever is told so may call with it at once.
            self.deployments.read_again(&event.tenant, &Changed::Numbers).await?;
        }
        self.answer(event, proof).await;
        Ok(())
    }

    async fn answer(&self, event: &Event, proof: Proof) {
        let word = match proof {
            Proof::Right => "right",
            Proof::Wrong => "wrong",
            Proof::Over => "over",
        };
        tracing::info!(call = %event.call, tenant = %event.tenant, came_to = word, "a code was keyed for a caller id");
        let message = InboxMessage {
            name: NAME.to_owned(),
            data: word.to_owned().into(),
        };
        // An error is that nobody is on the line any more.
        let _ = self.live.answer_proof(&event.tenant, event.call, &message).await;
    }
}

#[cfg(test)]
mod tests;
