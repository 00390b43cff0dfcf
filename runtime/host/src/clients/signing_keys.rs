//! Which keys tokens may be made with: those of the configuration, which are here, and those of the database, which the API's thread
//! looks up. A new token is always looked up, so a key that was revoked makes no more; of those who are connected already, keys are
//! looked at again now and then. Not here: what a token says (`token`).

use super::token::{KeyState, SigningKey, Token, TokenError, Unchecked};
use crate::api::{ApiKey, Scope};
use crate::deployments::now_ms;
use patchcord_database::keys::{self, Scope as Stored, Signer};
use patchcord_database::{Database, Error};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// Questions that may wait for the database; one more is [`TokenError::Unavailable`].
const QUESTIONS: usize = 1_024;
/// Of these, those that the database works on.
const AT_ONCE: usize = 16;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old an answer about a key may be for those who are connected already, and how often theirs is looked at.
pub(crate) const FRESH: Duration = Duration::from_secs(10);
/// Answers that are remembered; with more, all are forgotten.
const REMEMBERED: usize = 4_096;

/// A question about a key of the database, by its name.
pub(crate) struct Question {
    kid: String,
    tenant: String,
    answer: oneshot::Sender<Result<Option<SigningKey>, TokenError>>,
}

/// What waits to be looked up.
pub(crate) type Questions = mpsc::Receiver<Question>;

/// The keys that tokens may be made with.
pub(crate) struct SigningKeys {
    fixed: HashMap<String, SigningKey>,
    database: mpsc::Sender<Question>,
    remembered: Mutex<HashMap<(String, String), (Instant, KeyState)>>,
}

/// The keys, and what the thread with the database has to answer.
pub(crate) fn signing_keys(fixed: &[ApiKey]) -> (Arc<SigningKeys>, Questions) {
    let (database, questions) = mpsc::channel(QUESTIONS);
    let one = |key: &ApiKey| {
        let state = match key.scopes.contains(&Scope::Clients) {
            true => KeyState::Good,
            false => KeyState::MayNotMint,
        };
        let known = SigningKey {
            tenant: key.tenant.0.clone(),
            public: key.token_key,
            state,
        };
        (super::key_id(&key.hash), known)
    };
    let keys = SigningKeys {
        fixed: fixed.iter().map(one).collect(),
        database,
        remembered: Mutex::default(),
    };
    (Arc::new(keys), questions)
}

impl SigningKeys {
    /// The token, if it is good now.
    ///
    /// # Errors
    /// What is wrong with it, or [`TokenError::Unavailable`].
    pub(crate) async fn check(&self, token: &str) -> Result<Token, TokenError> {
        let unchecked = Unchecked::read(token)?;
        let key = self.find(unchecked.kid(), unchecked.tenant()).await?;
        unchecked.check(key.as_ref(), now_ms().div_euclid(1_000))
    }

    /// Whether the key that made a token still counts, by an answer of the last ten seconds. One that cannot be looked up does:
    /// a database that is down ends no connection.
    pub(crate) async fn still_counts(&self, token: &Token) -> bool {
        let name = (token.kid.clone(), token.tenant.clone());
        if let Some((at, state)) = self.remembered().get(&name)
            && at.elapsed() < FRESH
        {
            return *state == KeyState::Good;
        }
        let state = match self.find(&token.kid, &token.tenant).await {
            Ok(Some(key)) if key.tenant == token.tenant => key.state,
            Ok(_) => KeyState::Revoked,
            Err(_) => return true,
        };
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(name, (Instant::now(), state));
        state == KeyState::Good
    }

    async fn find(&self, kid: &str, tenant: &str) -> Result<Option<SigningKey>, TokenError> {
        if let Some(key) = self.fixed.get(kid) {
            return Ok(Some(key.clone()));
        }
        let (answer, answered) = oneshot::channel();
        let question = Question {
            kid: kid.to_owned(),
            tenant: tenant.to_owned(),
            answer,
        };
        match self.database.try_send(question) {
            Ok(()) => {}
            // A node without an API has no keys but those.
            Err(mpsc::error::TrySendError::Closed(_)) => return Ok(None),
            Err(mpsc::error::TrySendError::Full(_)) => return Err(TokenError::Unavailable),
        }
        match timeout(PATIENCE, answered).await {
            Ok(Ok(key)) => key,
            _ => Err(TokenError::Unavailable),
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), (Instant, KeyState)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers from the database, some at a time, until nobody can ask any more.
pub(crate) async fn answer(mut questions: Questions, database: Database) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(question) = questions.recv().await {
        let place = places.clone().acquire_owned().await;
        let database = database.clone();
        tokio::spawn(async move {
            let found = look_up(&database, &question).await;
            // Whoever asked may have gone.
            let _ = question.answer.send(found);
            drop(place);
        });
    }
}

async fn look_up(database: &Database, question: &Question) -> Result<Option<SigningKey>, TokenError> {
    match keys::signer(database, &question.kid, &question.tenant).await {
        Ok(signer) => Ok(Some(known(signer, now_ms()))),
        Err(Error::NotFound(_)) => Ok(None),
        Err(why) => {
            tracing::error!(%why, "the database could not be asked for a key");
            Err(TokenError::Unavailable)
        }
    }
}

fn known(signer: Signer, now_ms: i64) -> SigningKey {
    let state = if signer.is_revoked {
        KeyState::Revoked
    } else if signer.expires_at.is_some_and(|at| at <= now_ms) {
        KeyState::Expired
    } else if signer.scopes.contains(&Stored::Clients) {
        KeyState::Good
    } else {
        KeyState::MayNotMint
    };
    SigningKey {
        tenant: signer.tenant.as_str().to_owned(),
        public: signer.token_key,
        state,
    }
}

#[cfg(test)]
mod tests;
