//! Sounds of texts that were spoken, the least lately used forgotten first. Bounded in bytes.

use patchcord_media::Clip;
use patchcord_switch::ToSpeak;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) struct Cache {
    most: usize,
    held: usize,
    sounds: HashMap<Arc<ToSpeak>, Kept>,
    /// The least lately used first.
    order: BTreeMap<u64, Arc<ToSpeak>>,
    uses: u64,
}

struct Kept {
    clip: Arc<Clip>,
    used: u64,
}

impl Cache {
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

    /// The sound of a text, which is then the one used last.
    pub(super) fn get(&mut self, wanted: &ToSpeak) -> Option<Arc<Clip>> {
        let kept = self.sounds.get_mut(wanted)?;
        self.uses += 1;
        let name = self.order.remove(&kept.used)?;
        kept.used = self.uses;
        self.order.insert(self.uses, name);
        Some(kept.clip.clone())
    }

    /// Keeps a sound in the place of those that were not used for longest. One that is larger than all there is room for is
    /// not kept.
    pub(super) fn put(&mut self, wanted: &Arc<ToSpeak>, clip: &Arc<Clip>) {
        let size = bytes(wanted, clip);
        if size > self.most || self.sounds.contains_key(wanted) {
            return;
        }
        while self.held + size > self.most
            && let Some((_, oldest)) = self.order.pop_first()
            && let Some(kept) = self.sounds.remove(&oldest)
        {
            self.held -= bytes(&oldest, &kept.clip);
        }
        self.uses += 1;
        self.held += size;
        self.order.insert(self.uses, wanted.clone());
        let kept = Kept {
            clip: clip.clone(),
            used: self.uses,
        };
        self.sounds.insert(wanted.clone(), kept);
    }
}

fn bytes(wanted: &ToSpeak, clip: &Clip) -> usize {
    clip.memory() + wanted.piece.reveal().len() + size_of::<(ToSpeak, Kept)>()
}

#[cfg(test)]
mod tests;
