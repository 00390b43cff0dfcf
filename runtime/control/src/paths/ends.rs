//! Who speaks with whom, and where each can be reached: what the location registrar knows, as the planner needs it. Not who they are.

use super::codecs::Codec;
use super::services::{Class, Need, Service};
use super::{ACTIVE_MAX, CODECS_MAX, ENDS_MAX, INSTANCES_MAX, PASSIVE_MAX};
use crate::regions::NodeId;
use std::fmt;
use std::sync::Arc;

/// Whether an endpoint can send media to another without us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Only over its gateway.
    Gateway,
    /// To a peer that can, too: a browser with ICE, a device with a public address.
    Direct,
}

/// One device of an endpoint, and the gateway it comes in at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name, one of its own in the endpoint. Whoever plans chooses it; it tells nothing of a person.
    pub name: Arc<str>,
    /// The node that its media comes in at.
    pub gateway: NodeId,
    /// What it speaks, best liked first: 1 to [`CODECS_MAX`].
    pub codecs: Vec<Codec>,
    /// Whether it can go without the gateway.
    pub reach: Reach,
}

/// One endpoint of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Its name, one of its own in the conversation. Whoever plans chooses it; it tells nothing of a person.
    pub name: Arc<str>,
    /// Where it may be reached: 1 to [`INSTANCES_MAX`]. The planner takes one. An end that has answered has the one it answered at.
    pub instances: Vec<Instance>,
}

/// A conversation whose media needs a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// 1 to [`ENDS_MAX`]. Three and more need [`Service::Mix`], and have it without saying so.
    pub ends: Vec<End>,
    /// What is needed now: up to [`ACTIVE_MAX`] in the path and [`PASSIVE_MAX`] beside it. What is named twice is needed once.
    /// Transcoding need not be named: it follows from the codecs.
    pub needs: Vec<Need>,
    /// The node that holds the signalling. No media goes there for that: it only shows in the plan how far it is.
    pub anchor: Option<NodeId>,
}

/// What is wrong with a conversation that somebody wants planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplannable {
    /// No end, or more than [`ENDS_MAX`].
    Ends(usize),
    /// Two ends have this name.
    SameEnd(Arc<str>),
    /// This end has no instance, or more than [`INSTANCES_MAX`].
    Instances(Arc<str>, usize),
    /// Two instances of this end have the same name.
    SameInstance(Arc<str>),
    /// An instance of this end speaks nothing, or lists more than [`CODECS_MAX`].
    Codecs(Arc<str>),
    /// More than [`ACTIVE_MAX`] services in the path, or more than [`PASSIVE_MAX`] beside it.
    Needs(Class, usize),
}

impl fmt::Display for Unplannable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends(count) => write!(f, "a conversation has 1 to {ENDS_MAX} ends, not {count}"),
            Self::SameEnd(name) => write!(f, "two ends have the name {name}; give each its own"),
            Self::Instances(end, count) => {
                write!(f, "the end {end} has 1 to {INSTANCES_MAX} instances, not {count}")
            }
            Self::SameInstance(end) => write!(f, "two instances of the end {end} have one name; give each its own"),
            Self::Codecs(end) => write!(f, "each instance of the end {end} speaks 1 to {CODECS_MAX} codecs"),
            Self::Needs(Class::Active, count) => write!(f, "at most {ACTIVE_MAX} services are in a path, not {count}"),
            Self::Needs(Class::Passive, count) => {
                write!(f, "at most {PASSIVE_MAX} services are beside a path, not {count}")
            }
        }
    }
}

impl std::error::Error for Unplannable {}

impl Conversation {
    /// What is needed of a class, in order and each once.
    pub(super) fn needed(&self, class: Class) -> Vec<Service> {
        let mut needed: Vec<Service> = self
            .needs
            .iter()
            .filter(|need| need.class() == class)
            .map(|need| need.service().clone())
            .collect();
        if class == Class::Active && self.ends.len() > 2 {
            needed.push(Service::Mix);
        }
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), Unplannable> {
        if !(1..=ENDS_MAX).contains(&self.ends.len()) {
            return Err(Unplannable::Ends(self.ends.len()));
        }
        for (place, end) in self.ends.iter().enumerate() {
            if self.ends[..place].iter().any(|other| other.name == end.name) {
                return Err(Unplannable::SameEnd(end.name.clone()));
            }
            end.check()?;
        }
        for (class, most) in [(Class::Active, ACTIVE_MAX), (Class::Passive, PASSIVE_MAX)] {
            let explicit = self.needed(class).len();
            let implied = usize::from(class == Class::Active && self.ends.len() > 2);
            if explicit > most + implied {
                return Err(Unplannable::Needs(class, explicit));
            }
        }
        Ok(())
    }
}

impl End {
    fn check(&self) -> Result<(), Unplannable> {
        if !(1..=INSTANCES_MAX).contains(&self.instances.len()) {
            return Err(Unplannable::Instances(self.name.clone(), self.instances.len()));
        }
        for (place, instance) in self.instances.iter().enumerate() {
            if self.instances[..place].iter().any(|other| other.name == instance.name) {
                return Err(Unplannable::SameInstance(self.name.clone()));
            }
            if !(1..=CODECS_MAX).contains(&instance.codecs.len()) {
                return Err(Unplannable::Codecs(self.name.clone()));
            }
        }
        Ok(())
    }
}
