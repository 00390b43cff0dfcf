//! What is said of a client or an identity.

use super::PresenceError;
use crate::private::Private;
use std::sync::Arc;

/// Bytes of the free text of a status.
pub const TEXT_BYTES: usize = 256;

/// Whether somebody can be reached; what comes first is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Availability {
    /// It rings.
    Available,
    /// In a call, or occupied.
    Busy,
    /// Does not want to be called.
    DoNotDisturb,
    /// Nobody is there.
    Unavailable,
}

/// Why, where that passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// In a call.
    OnACall,
    /// Away for minutes.
    AwayShort,
    /// Away for long.
    AwayLong,
}

/// What a client says of itself, and what is said of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether it can be reached.
    pub availability: Availability,
    /// Why not, say.
    pub reason: Option<Reason>,
    /// In words of its own, at most [`TEXT_BYTES`]; a handler can speak it to a caller.
    pub text: Private<String>,
}

impl Status {
    /// Without reason and text.
    pub fn new(availability: Availability) -> Self {
        Self {
            availability,
            reason: None,
            text: Private::default(),
        }
    }

    /// Whether it may be said.
    ///
    /// # Errors
    /// [`PresenceError::Text`].
    pub fn check(&self) -> Result<(), PresenceError> {
        match self.text.reveal().len() {
            0..=TEXT_BYTES => Ok(()),
            _ => Err(PresenceError::Text),
        }
    }

    /// What counts if this was said of an identity whose clients say something else. The words are this one's, if it has any.
    pub(super) fn beside(&self, clients: Self) -> Self {
        let mut worse = match self.availability >= clients.availability {
            true => self.clone(),
            false => clients.clone(),
        };
        if worse.availability == clients.availability {
            worse.reason = worse.reason.or(clients.reason);
        }
        worse.text = match self.text.reveal().is_empty() {
            true => clients.text,
            false => self.text.clone(),
        };
        worse
    }

    /// The same for one who is in a call: who would ring is busy.
    pub(super) fn in_a_call(&self) -> Self {
        match self.availability {
            Availability::Available | Availability::Busy => Self {
                availability: Availability::Busy,
                reason: Some(Reason::OnACall),
                text: self.text.clone(),
            },
            Availability::DoNotDisturb | Availability::Unavailable => self.clone(),
        }
    }
}

/// How an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name in the tenant.
    pub name: Arc<str>,
    /// The best of its clients.
    pub status: Status,
    /// Calls it is in.
    pub calls: u32,
    /// Calls that ring at it and are not answered. Only who wants that is told when nothing else changes.
    pub ringing: u32,
    /// Its clients by device and application.
    pub clients: Vec<ClientView>,
}

/// How a client application is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientView {
    /// The device it runs on.
    pub device: String,
    /// Which it is.
    pub app: String,
    /// Whether it can be reached.
    pub availability: Availability,
    /// Why not, say.
    pub reason: Option<Reason>,
    /// In its own words.
    pub text: Private<String>,
}
