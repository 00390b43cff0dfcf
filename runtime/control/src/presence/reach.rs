//! Whom a call reaches: which clients of an identity ring, and which of several identities is called.

use super::account::Client;
use super::status::{Availability, Status};
use super::{ClientId, Identity, Presence};
use std::time::Instant;

/// What is to be done about clients that are in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhenBusy {
    /// They are left alone, as if they had said so.
    #[default]
    Skip,
    /// They ring too: call waiting.
    Ring,
}

/// Which of several identities is called first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The first that is available, as they were named.
    InOrder,
    /// The one in the fewest calls; of several the one that has been idle for longest.
    LeastBusy,
    /// The one that has been idle for longest.
    LongestIdle,
}

/// What comes of calling an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// These clients ring, all of them; the first to accept has the call.
    Ring(Vec<ClientId>),
    /// Nobody rings. What can be said to the caller.
    Unavailable(Status),
}

impl Presence {
    /// Which clients of an identity ring.
    pub fn reach(&self, identity: &Identity, busy: WhenBusy) -> Reach {
        let Some(account) = self.accounts.get(identity) else {
            return Reach::Unavailable(Status::new(Availability::Unavailable));
        };
        let lets = match account.own.as_ref().map(|own| own.availability) {
            None | Some(Availability::Available) => true,
            Some(Availability::Busy) => busy == WhenBusy::Ring,
            Some(Availability::DoNotDisturb | Availability::Unavailable) => false,
        };
        if !lets {
            return Reach::Unavailable(account.status());
        }
        // Somebody who talks at a telephone that is no client is in a call all the same.
        let elsewhere = account.calls > 0;
        let rings = |client: &Client| match client.status().availability {
            Availability::Available => !elsewhere || busy == WhenBusy::Ring,
            Availability::Busy => busy == WhenBusy::Ring,
            Availability::DoNotDisturb | Availability::Unavailable => false,
        };
        let ringing = account.clients.iter().filter(|(_, client)| rings(client));
        let ringing: Vec<ClientId> = ringing.map(|(id, _)| *id).collect();
        match ringing.is_empty() {
            false => Reach::Ring(ringing),
            true => Reach::Unavailable(account.status()),
        }
    }

    /// Which of several identities to call; none if none of them is available.
    pub fn pick<'a>(&self, among: &'a [Identity], policy: Policy) -> Option<&'a Identity> {
        let mut available = among
            .iter()
            .filter(|identity| matches!(self.reach(identity, WhenBusy::Skip), Reach::Ring(_)));
        match policy {
            Policy::InOrder => available.next(),
            Policy::LeastBusy => available.min_by_key(|identity| (self.calls(identity), self.idle_since(identity))),
            Policy::LongestIdle => available.min_by_key(|identity| self.idle_since(identity)),
        }
    }

    fn calls(&self, identity: &Identity) -> u32 {
        self.accounts.get(identity).map_or(0, |account| account.all_calls())
    }

    /// Since when the identity, not one client of it, has been idle.
    fn idle_since(&self, identity: &Identity) -> Option<Instant> {
        let clients = self.accounts.get(identity)?.clients.values();
        clients.map(|client| client.idle_since).max()
    }
}
