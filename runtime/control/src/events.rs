//! What happens in calls, for those who take no part in them: event sinks and webhooks. A receiver is told of the kinds that it
//! wants, in order, with numbers of its own; nothing it says ever reaches the call. Not here: how it is told.

mod parameters;

pub use parameters::why_name;

use crate::http_urls::HttpUrl;
use crate::ids::{CallId, RecordingId, Tenant};
use crate::private::Private;
use crate::words::{Breakage, Interruption, LegDirection, UnixTime};
use std::fmt;
use std::sync::Arc;

/// Receivers with names and those who read events, of one call; more are not told.
pub const RECEIVERS_MAX: usize = 17;
/// Receivers with names that a tenant may have: one place is for those who read events through the API.
pub const NAMED_RECEIVERS_MAX: usize = RECEIVERS_MAX - 1;

/// A kind of event. See `events.kind` in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
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

impl EventKind {
    /// All of them.
    pub const ALL: [EventKind; 10] = [
        Self::CallStarted,
        Self::LegStarted,
        Self::LegRinging,
        Self::LegAnswered,
        Self::LegEnded,
        Self::RecordingStarted,
        Self::RecordingEnded,
        Self::HandlerFailed,
        Self::Custom,
        Self::CallEnded,
    ];

    /// Its name as the contract spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallStarted => "call-started",
            Self::LegStarted => "leg-started",
            Self::LegRinging => "leg-ringing",
            Self::LegAnswered => "leg-answered",
            Self::LegEnded => "leg-ended",
            Self::RecordingStarted => "recording-started",
            Self::RecordingEnded => "recording-ended",
            Self::HandlerFailed => "handler-failed",
            Self::Custom => "custom",
            Self::CallEnded => "call-ended",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKinds(u16);

impl EventKinds {
    /// Every kind.
    pub const ALL: EventKinds = EventKinds(u16::MAX);

    /// These kinds.
    pub fn of(kinds: &[EventKind]) -> Self {
        Self(kinds.iter().fold(0, |all, kind| all | 1 << (*kind as u16)))
    }

    /// The same without a kind.
    #[must_use]
    pub fn without(self, kind: EventKind) -> Self {
        Self(self.0 & !(1 << (kind as u16)))
    }

    /// Whether a kind is among them.
    pub fn has(self, kind: EventKind) -> bool {
        self.0 & (1 << (kind as u16)) != 0
    }
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Receiver {
    /// A webhook or an event sink that the operator set up for a tenant, by its name.
    Named(Arc<str>),
    /// A webhook that a handler subscribed, or one of the tenant's that came with the directory.
    Subscribed(Arc<SubscribedWebhook>),
}

/// A webhook with all that it takes to tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscribedWebhook {
    /// Where it is.
    pub url: HttpUrl,
    /// The address as it was written: what is signed.
    pub written: Private<String>,
    /// What signs.
    pub secret: Private<String>,
}

impl SubscribedWebhook {
    fn key(&self) -> (&str, &str) {
        (self.written.reveal(), self.secret.reveal())
    }
}

impl std::hash::Hash for SubscribedWebhook {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for SubscribedWebhook {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SubscribedWebhook {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Debug for SubscribedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

/// A receiver with a name, and what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Whose calls.
    pub tenant: Tenant,
    /// The calls of these handlers; none: of all.
    pub handlers: Option<Vec<String>>,
    /// Which kinds.
    pub kinds: EventKinds,
    /// Its name; unique in the node.
    pub name: Arc<str>,
    /// The webhook itself, where it comes with the directory: a call tells the one that was there when it began. None: the
    /// node knows by the name who it is.
    pub webhook: Option<Arc<SubscribedWebhook>>,
}

impl Subscription {
    /// Who is told.
    pub fn receiver(&self) -> Receiver {
        match &self.webhook {
            Some(webhook) => Receiver::Subscribed(webhook.clone()),
            None => Receiver::Named(self.name.clone()),
        }
    }

    /// Whether calls of a handler are among its own.
    pub fn is_for(&self, tenant: &Tenant, handler: &str) -> bool {
        let named = self.handlers.as_ref();
        self.tenant == *tenant && named.is_none_or(|handlers| handlers.iter().any(|name| name == handler))
    }
}

/// Something that happened in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// In which.
    pub call: CallId,
    /// Whose.
    pub tenant: Tenant,
    /// The handler that had it.
    pub handler: String,
    /// Its module's hash.
    pub module: String,
    /// When.
    pub at: UnixTime,
    /// What.
    pub what: Happening,
}

/// What happened. See `events.happening` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A call began.
    CallStarted {
        /// Its first leg.
        caller: Party,
        /// The call that this leg was in before.
        continues: Option<CallId>,
    },
    /// The handler dialled.
    LegStarted(Party),
    /// A leg rings: its place.
    LegRinging(u32),
    /// A leg was answered: its place.
    LegAnswered(u32),
    /// A leg is gone.
    LegEnded {
        /// Its place.
        leg: u32,
        /// Why.
        why: Interruption,
        /// The final status, if it was refused.
        status: Option<u16>,
        /// How long it was connected, in ms.
        connected_ms: u64,
    },
    /// A recording began.
    RecordingStarted(RecordingId),
    /// A recording is kept, or is lost.
    RecordingEnded {
        /// Which.
        id: RecordingId,
        /// The length of its sound in ms; none if it is not kept.
        duration_ms: Option<u64>,
    },
    /// The handler broke.
    HandlerFailed {
        /// By what.
        kind: Breakage,
        /// For a person to read.
        text: String,
    },
    /// The handler told something.
    Custom {
        /// What it calls it.
        name: String,
        /// What it says.
        data: Private<String>,
    },
    /// The call is over.
    CallEnded {
        /// From its first leg to its last hang-up, in ms.
        duration_ms: u64,
        /// The call that goes on with the caller.
        continued_as: Option<CallId>,
        /// How many legs it had.
        legs: u32,
        /// What its handler broke by, if it did.
        failed: Option<Breakage>,
    },
}

/// A leg, as it is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its place in the call, from 0.
    pub leg: u32,
    /// Which way it was set up.
    pub direction: LegDirection,
    /// Who calls.
    pub from: Private<String>,
    /// Who is called.
    pub to: Private<String>,
}

impl Happening {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::CallStarted { .. } => EventKind::CallStarted,
            Self::LegStarted(_) => EventKind::LegStarted,
            Self::LegRinging(_) => EventKind::LegRinging,
            Self::LegAnswered(_) => EventKind::LegAnswered,
            Self::LegEnded { .. } => EventKind::LegEnded,
            Self::RecordingStarted(_) => EventKind::RecordingStarted,
            Self::RecordingEnded { .. } => EventKind::RecordingEnded,
            Self::HandlerFailed { .. } => EventKind::HandlerFailed,
            Self::Custom { .. } => EventKind::Custom,
            Self::CallEnded { .. } => EventKind::CallEnded,
        }
    }
}

/// An event for those who want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// What happened.
    pub event: Event,
    /// Who is told, and the event's number for each: from 1, without gaps within a call.
    pub to: Vec<(Receiver, u32)>,
}

#[cfg(test)]
mod tests;
