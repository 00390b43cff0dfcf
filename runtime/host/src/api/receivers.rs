//! Who is told what happens in the calls of a tenant: webhooks and event sinks that it has made itself. What is changed here counts
//! for the calls that begin after the answer; those that run tell whom they told before.

pub(super) mod event_sinks;
pub(super) mod webhooks;

pub(super) use webhooks::TRIES;

use super::endpoint::Asked;
use super::problem::{Code, Problem};
use super::stored::name;
use patchcord_control::events::{EventKind, NAMED_RECEIVERS_MAX};
use patchcord_database::sinks::{self, SinkContent, SinkState};
use patchcord_database::{Error, TenantId, handlers};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Handlers that one receiver can name.
const HANDLERS_MAX: usize = 64;

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "EventKind")]
pub(crate) enum KindWord {
    /// A call began.
    CallStarted,
    /// The handler dialled somebody.
    LegStarted,
    /// A leg rings.
    LegRinging,
    /// A leg was answered.
    LegAnswered,
    /// A leg is gone.
    LegEnded,
    /// A recording began.
    RecordingStarted,
    /// A recording is kept, or is lost.
    RecordingEnded,
    /// The handler broke.
    HandlerFailed,
    /// The handler told something.
    Custom,
    /// A call is over.
    CallEnded,
}

impl From<KindWord> for EventKind {
    fn from(it: KindWord) -> Self {
        match it {
            KindWord::CallStarted => Self::CallStarted,
            KindWord::LegStarted => Self::LegStarted,
            KindWord::LegRinging => Self::LegRinging,
            KindWord::LegAnswered => Self::LegAnswered,
            KindWord::LegEnded => Self::LegEnded,
            KindWord::RecordingStarted => Self::RecordingStarted,
            KindWord::RecordingEnded => Self::RecordingEnded,
            KindWord::HandlerFailed => Self::HandlerFailed,
            KindWord::Custom => Self::Custom,
            KindWord::CallEnded => Self::CallEnded,
        }
    }
}

impl From<EventKind> for KindWord {
    fn from(it: EventKind) -> Self {
        match it {
            EventKind::CallStarted => Self::CallStarted,
            EventKind::LegStarted => Self::LegStarted,
            EventKind::LegRinging => Self::LegRinging,
            EventKind::LegAnswered => Self::LegAnswered,
            EventKind::LegEnded => Self::LegEnded,
            EventKind::RecordingStarted => Self::RecordingStarted,
            EventKind::RecordingEnded => Self::RecordingEnded,
            EventKind::HandlerFailed => Self::HandlerFailed,
            EventKind::Custom => Self::Custom,
            EventKind::CallEnded => Self::CallEnded,
        }
    }
}

/// Kinds as the database has them, each once.
fn stored(kinds: &[KindWord]) -> Vec<String> {
    let wanted = |kind: &EventKind| kinds.iter().any(|word| EventKind::from(*word) == *kind);
    let all = EventKind::ALL.into_iter().filter(wanted);
    all.map(|kind| kind.name().to_owned()).collect()
}

/// Back from there.
fn shown(names: &[String]) -> Vec<KindWord> {
    let named = |kind: &EventKind| names.iter().any(|name| name == kind.name());
    EventKind::ALL.into_iter().filter(named).map(Into::into).collect()
}

/// Whether it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ReceiverState")]
pub(crate) enum StateWord {
    /// It is.
    Active,
    /// Not for now.
    Paused,
}

impl From<SinkState> for StateWord {
    fn from(it: SinkState) -> Self {
        match it {
            SinkState::Active => Self::Active,
            SinkState::Paused => Self::Paused,
        }
    }
}

impl From<StateWord> for SinkState {
    fn from(it: StateWord) -> Self {
        match it {
            StateWord::Active => Self::Active,
            StateWord::Paused => Self::Paused,
        }
    }
}

/// What both kinds of receivers can be changed in.
#[derive(Debug, Default)]
struct Change {
    events: Option<Vec<KindWord>>,
    handlers: Option<Vec<String>>,
    state: Option<StateWord>,
}

impl Change {
    /// Whether it can be: every handler is one of the tenant.
    async fn check(&self, asked: &Asked, tenant: &TenantId) -> Result<(), Problem> {
        let wanted = self.handlers.as_deref().unwrap_or_default();
        if wanted.len() > HANDLERS_MAX {
            let detail = format!("handlers: give at most {HANDLERS_MAX}; without any it is told of all");
            return Err(Problem::of_field(Code::Refused, "handlers", detail));
        }
        for handler in wanted {
            name("handlers", handler)?;
            if asked.office.deployments.is_fixed(&asked.key.tenant, handler) {
                continue;
            }
            match handlers::get(&asked.office.database, tenant, handler).await {
                Ok(_) => {}
                Err(Error::NotFound(_)) => {
                    let detail = format!("handlers: there is no handler {handler:?}: deploy a version of it first");
                    return Err(Problem::of_field(Code::Refused, "handlers", detail));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Puts it in the place of what was.
    fn made_to(&self, content: &mut SinkContent) {
        if let Some(events) = &self.events {
            content.events = stored(events);
        }
        if let Some(handlers) = &self.handlers {
            content.handlers.clone_from(handlers);
        }
        if let Some(state) = self.state {
            content.state = state.into();
        }
    }
}

/// Adds a receiver, if the tenant may have one more.
async fn create(asked: &Asked, tenant: &TenantId, name: &str, content: &SinkContent) -> Result<(), Problem> {
    let fixed = asked.office.deployments.fixed_receivers(&asked.key.tenant);
    let most = NAMED_RECEIVERS_MAX.saturating_sub(fixed);
    let created = sinks::create(
        &asked.office.database,
        tenant,
        (name, most as i64),
        content,
        asked.now(),
    )
    .await;
    created.map_err(|error| match error {
        Error::Limit(_, reached) if reached == most as i64 => {
            let detail = format!(
                "there may be {NAMED_RECEIVERS_MAX} webhooks and event sinks, of which the node's configuration has {fixed}"
            );
            Problem::of_field(Code::Refused, "name", detail)
        }
        Error::NotFound(_) => module_missing(),
        other => other.into(),
    })
}

fn module_missing() -> Problem {
    Problem::of_field(Code::Refused, "module", "module: upload it first, and give its hash")
}

#[cfg(test)]
mod tests;
