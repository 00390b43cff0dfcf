//! Sounds that were made, the least lately used forgotten first. Bounded in bytes.

use super::Wanted;
use patchcord_media::Clip;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

pub(super) struct Cache<W> {
    most: usize,
    held: usize,
    sounds: HashMap<Arc<W>, Kept>,
    /// The least lately used first.
    order: BTreeMap<u64, Arc<W>>,
    uses: u64,
}

struct Kept {
    clip: Arc<Clip>,
    /// From then on it is as if it were not there; none: never.
    until: Option<Instant>,
    used: u64,
}

impl<W: Wanted> Cache<W> {
    /// An empty one for so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: 0,
            sounds: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
        }
    }

    /// A sound, which is then the one used last; none if it is not fresh any more.
    pub(super) fn get(&mut self, wanted: &W, now: Instant) -> Option<Arc<Clip>> {
        let kept = self.sounds.get_mut(wanted)?;
        if kept.until.is_some_and(|until| until <= now) {
            let used = kept.used;
            self.forget(used);
            return None;
        }
        self.uses += 1;
        let name = self.order.remove(&kept.used)?;
        kept.used = self.uses;
        self.order.insert(self.uses, name);
        Some(kept.clip.clone())
    }

    /// Keeps a sound in the place of those that were not used for longest. One that is larger than all there is room for is
    /// not kept.
    pub(super) fn put(&mut self, wanted: &Arc<W>, clip: &Arc<Clip>, until: Option<Instant>) {
        let size = bytes(&**wanted, clip);
        if size > self.most || self.sounds.contains_key(wanted) {
            return;
        }
        while self.held + size > self.most
            && let Some((&oldest, _)) = self.order.first_key_value()
        {
            self.forget(oldest);
        }
        self.uses += 1;
        self.held += size;
        self.order.insert(self.uses, wanted.clone());
        let kept = Kept {
            clip: clip.clone(),
            until,
            used: self.uses,
        };
        self.sounds.insert(wanted.clone(), kept);
    }

    /// Forgets the sound that was used last at this place in the order.
    fn forget(&mut self, used: u64) {
        if let Some(wanted) = self.order.remove(&used)
            && let Some(kept) = self.sounds.remove(&wanted)
        {
            self.held -= bytes(&*wanted, &kept.clip);
        }
    }
}

fn bytes<W: Wanted>(wanted: &W, clip: &Clip) -> usize {
    clip.memory() + wanted.memory() + size_of::<(W, Kept)>()
}

#[cfg(test)]
mod tests;
