//! Who can be reached: users of this tenant, at their desks and in their browsers, each by its name.
//!
//! ```no_run
//! # use patchcord::prelude::*;
//! # use patchcord::presence::{self, Policy};
//! # fn handle(caller: Leg) -> Result<()> {
//! caller.answer()?;
//! match presence::pick(&["alice", "bob"], Policy::LongestIdle)? {
//!     Some(agent) => {
//!         caller.dial(Dial::user(&agent).skip_busy())?;
//!     }
//!     None => {
//!         let how = presence::of("alice")?;
//!         caller.play(say(&how.status.text))?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `dial` reads the same before it rings anybody; ask here where the choice is yours.

use crate::bindings::patchcord::handler::presence as host;
use crate::{Error, Operation, Result};
use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::bindings::patchcord::handler::presence::{Availability, Client, Policy, Reason, Status, View, Watching};

impl Status {
    /// Without reason and text.
    pub fn new(availability: Availability) -> Self {
        Self {
            availability,
            reason: None,
            text: String::new(),
        }
    }

    /// The same with words that can be spoken to a caller; up to 256 bytes.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// Whether it rings.
    pub fn is_available(&self) -> bool {
        self.availability == Availability::Available
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// How one is. Of somebody nobody knows, it is `unavailable`.
pub fn of(identity: &str) -> Result<View> {
    let mut views = host::get(&owned(&[identity]))?;
    views
        .pop()
        .ok_or_else(|| Error::Unavailable("presence told nothing".to_owned()))
}

/// How up to 100 are, in the order they were named.
pub fn get(identities: &[&str]) -> Result<Vec<View>> {
    host::get(&owned(identities))
}

/// Says something of an identity itself. With what its clients say, the worse counts.
pub fn set(identity: &str, status: &Status) -> Result<()> {
    host::set(identity, Some(status))
}

/// Takes that back.
pub fn clear(identity: &str) -> Result<()> {
    host::set(identity, None)
}

/// Which of up to 100 to call; none if none is available.
pub fn pick(candidates: &[&str], policy: Policy) -> Result<Option<String>> {
    host::pick(&owned(candidates), policy)
}

/// Watches up to 100: what is new of them is told until this is dropped, and how they are at first.
pub fn watch(identities: &[&str]) -> Result<Watch> {
    let watching = host::watch(&owned(identities))?;
    Ok(Watch {
        operation: watching.operation(),
        watching,
        known: BTreeMap::new(),
    })
}

/// Identities that are watched, as they were known last.
pub struct Watch {
    // Dropped in this order: what waits before what is waited for.
    operation: Operation,
    watching: Watching,
    known: BTreeMap<String, View>,
}

impl Watch {
    /// To wait for it together with others, by [`wait::any`](crate::wait::any): done while something is new.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// What is new since this was asked last, each identity once.
    pub fn news(&mut self) -> Vec<View> {
        let news = self.watching.news();
        for view in &news {
            self.known.insert(view.identity.clone(), view.clone());
        }
        news
    }

    /// Waits until something is new, at most so long; nothing if the time is over.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Vec<View>> {
        crate::wait::any(&[&self.operation], timeout)?;
        Ok(self.news())
    }

    /// How one of them was told to be last.
    pub fn known(&self, identity: &str) -> Option<&View> {
        self.known.get(identity)
    }
}
