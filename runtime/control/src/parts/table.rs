//! What each node says of each identity, and the word that counts. Not here: when a word is told, and by whom.

use super::{Entry, Part, RELAY, Word};
use crate::ids::Tenant;
use crate::locations::InstanceId;
use crate::presence::Identity;
use crate::replica::ME;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one node says of an identity.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) writer: u32,
    legs: BTreeMap<Option<InstanceId>, u32>,
    ringing: u32,
    pub(super) word: Option<Arc<Word>>,
}

impl Told {
    fn new(writer: u32) -> Self {
        Self {
            writer,
            legs: BTreeMap::new(),
            ringing: 0,
            word: None,
        }
    }

    fn is_nothing(&self) -> bool {
        self.legs.is_empty() && self.ringing == 0 && self.word.is_none()
    }
}

/// The word that counts.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) word: Arc<Word>,
    /// When it is kept no more, if it is that nothing is said.
    pub(super) until: Option<Instant>,
}

impl Kept {
    /// How long others keep it if they are told now; none: they are not told, since it is over soon.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        match self.until {
            None => Some(Duration::ZERO),
            Some(until) => {
                let left = until.saturating_duration_since(now).checked_sub(RELAY);
                left.filter(|left| !left.is_zero())
            }
        }
    }
}

/// An identity.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// One of each node that says something, in no order; they are few.
    pub(super) told: Vec<Told>,
    pub(super) kept: Option<Kept>,
    /// When it is looked at who tells the word.
    pub(super) look_at: Option<Instant>,
}

/// All identities.
#[derive(Default)]
pub(super) struct Table {
    known: HashMap<Identity, Known>,
    of_tenants: HashMap<Tenant, usize>,
    of_writers: HashMap<u32, HashSet<Identity>>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn knows(&self, identity: &Identity) -> bool {
        self.known.contains_key(identity)
    }

    pub(super) fn get(&self, identity: &Identity) -> Option<&Known> {
        self.known.get(identity)
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.known.keys()
    }

    pub(super) fn of_tenant(&self, tenant: &Tenant) -> usize {
        self.of_tenants.get(tenant).copied().unwrap_or_default()
    }

    /// All that a node says something of, in no order.
    pub(super) fn of_writer(&self, writer: u32) -> impl ExactSizeIterator<Item = &Identity> {
        let all = self.of_writers.get(&writer);
        all.map(HashSet::iter).unwrap_or_default()
    }

    pub(super) fn is_told_by(&self, writer: u32, identity: &Identity) -> bool {
        self.told_by(writer, identity).is_some()
    }

    fn told_by(&self, writer: u32, identity: &Identity) -> Option<&Told> {
        let known = self.known.get(identity)?;
        known.told.iter().find(|told| told.writer == writer)
    }

    /// The word that counts for an identity.
    pub(super) fn word(&self, identity: &Identity) -> Option<&Word> {
        let kept = self.known.get(identity)?.kept.as_ref()?;
        Some(&kept.word)
    }

    /// The identity as it is changed. It is forgotten by [`Table::forget_if_idle`] alone.
    pub(super) fn known(&mut self, identity: &Identity) -> &mut Known {
        if !self.known.contains_key(identity) {
            *self.of_tenants.entry(identity.tenant().clone()).or_default() += 1;
        }
        self.known.entry(identity.clone()).or_default()
    }

    /// A node has these calls of an identity. Whether that is new.
    pub(super) fn set_calls(
        &mut self,
        writer: u32,
        identity: &Identity,
        legs: BTreeMap<Option<InstanceId>, u32>,
        ringing: u32,
    ) -> bool {
        self.change(writer, identity, |told| {
            let is_new = told.legs != legs || told.ringing != ringing;
            (told.legs, told.ringing) = (legs, ringing);
            is_new
        })
    }

    /// A node tells this word, or none.
    pub(super) fn set_word(&mut self, writer: u32, identity: &Identity, word: Option<Arc<Word>>) {
        self.change(writer, identity, |told| told.word = word);
    }

    fn change<T>(&mut self, writer: u32, identity: &Identity, change: impl FnOnce(&mut Told) -> T) -> T {
        let known = self.known(identity);
        let at = known.told.iter().position(|told| told.writer == writer);
        let at = at.unwrap_or_else(|| {
            known.told.push(Told::new(writer));
            known.told.len() - 1
        });
        let changed = change(&mut known.told[at]);
        if known.told[at].is_nothing() {
            known.told.swap_remove(at);
            if let Some(all) = self.of_writers.get_mut(&writer) {
                all.remove(identity);
                if all.is_empty() {
                    self.of_writers.remove(&writer);
                }
            }
        } else {
            self.of_writers.entry(writer).or_default().insert(identity.clone());
        }
        changed
    }

    /// What nobody says anything of is not kept.
    pub(super) fn forget_if_idle(&mut self, identity: &Identity) {
        let is_idle = |known: &Known| known.told.is_empty() && known.kept.is_none() && known.look_at.is_none();
        if !self.known.get(identity).is_some_and(is_idle) {
            return;
        }
        self.known.remove(identity);
        if let Some(count) = self.of_tenants.get_mut(identity.tenant()) {
            *count -= 1;
            if *count == 0 {
                self.of_tenants.remove(identity.tenant());
            }
        }
    }

    /// What others say together, and the word that counts.
    pub(super) fn sum(&self, identity: &Identity) -> Part {
        let mut sum = Part::default();
        let Some(known) = self.known.get(identity) else {
            return sum;
        };
        for told in known.told.iter().filter(|told| told.writer != ME) {
            for (instance, calls) in &told.legs {
                let all = sum.legs.entry(instance.clone()).or_default();
                *all = all.saturating_add(*calls);
            }
            sum.ringing = sum.ringing.saturating_add(told.ringing);
        }
        sum.said = known.kept.as_ref().map(|kept| kept.word.said.clone());
        sum
    }

    /// What one node says.
    pub(super) fn part_of(&self, writer: u32, identity: &Identity) -> Part {
        let told = self.told_by(writer, identity);
        told.map_or_else(Part::default, |told| Part {
            legs: told.legs.clone(),
            ringing: told.ringing,
            said: told.word.as_ref().map(|word| word.said.clone()),
        })
    }

    /// What this node tells of an identity; none: nothing.
    pub(super) fn entry_of_mine(&self, now: Instant, identity: &Identity) -> Option<Entry> {
        let known = self.known.get(identity)?;
        let told = known.told.iter().find(|told| told.writer == ME)?;
        let kept = known
            .kept
            .as_ref()
            .filter(|kept| told.word.as_ref() == Some(&kept.word));
        let left = kept.and_then(|kept| kept.left(now));
        let word = kept.filter(|_| left.is_some()).map(|kept| Word::clone(&kept.word));
        let entry = Entry {
            identity: identity.clone(),
            legs: told.legs.clone(),
            ringing: told.ringing,
            word,
            left: left.unwrap_or_default(),
        };
        let is_nothing = entry.legs.is_empty() && entry.ringing == 0 && entry.word.is_none();
        (!is_nothing).then_some(entry)
    }
}
