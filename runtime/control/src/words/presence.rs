//! The contract's words for who can be reached. `wit/` is the source; see there for ranges.

use crate::presence::{Policy, Status, View};
use crate::private::Private;

/// What is asked or said about identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceAction {
    /// Tells how they are.
    Get {
        /// Of whom.
        identities: Vec<Private<String>>,
    },
    /// Says something of an identity itself, or no longer.
    Set {
        /// Of whom.
        identity: Private<String>,
        /// What.
        status: Option<Status>,
    },
    /// Chooses one that is available.
    Pick {
        /// Among whom.
        candidates: Vec<Private<String>>,
        /// How.
        policy: Policy,
    },
}

/// A client application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceClient {
    /// Its device.
    pub device: String,
    /// Which it is.
    pub app: String,
    /// What counts of it.
    pub status: Status,
}

/// How an identity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceView {
    /// Its name.
    pub identity: Private<String>,
    /// The best of its clients, or what was said of it.
    pub status: Status,
    /// Calls it is in.
    pub calls: u32,
    /// Its clients.
    pub clients: Vec<PresenceClient>,
}

impl From<&View> for PresenceView {
    fn from(view: &View) -> Self {
        let clients = view.clients.iter().map(|client| PresenceClient {
            device: client.device.clone(),
            app: client.app.clone(),
            status: Status {
                availability: client.availability,
                reason: client.reason,
                text: client.text.clone(),
            },
        });
        Self {
            identity: view.name.to_string().into(),
            status: view.status.clone(),
            calls: view.calls,
            clients: clients.collect(),
        }
    }
}

/// What came of an action, one variant for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceReply {
    /// Of `Get`, in the order they were named.
    Views(Vec<PresenceView>),
    /// Of `Set`.
    Said,
    /// Of `Pick`.
    Picked(Option<Private<String>>),
}

impl PresenceReply {
    /// Whether an action has a reply of this kind.
    pub fn fits(&self, action: &PresenceAction) -> bool {
        matches!(
            (action, self),
            (PresenceAction::Get { .. }, Self::Views(_))
                | (PresenceAction::Set { .. }, Self::Said)
                | (PresenceAction::Pick { .. }, Self::Picked(_))
        )
    }
}
