//! Places for messages in the inbox of a shard, counted by class.

use super::Taken;
use patchcord_sip::Class;
use patchcord_switch::waiting::most_waiting;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many messages of a class wait in the inbox and in the waiting room, in the order of [`Class::ALL`].
#[derive(Debug, Default)]
pub(super) struct Waiting([AtomicUsize; Class::ALL.len()]);

impl Waiting {
    pub(super) fn of(&self, class: Class) -> &AtomicUsize {
        let at = Class::ALL.iter().position(|known| *known == class);
        &self.0[at.expect("every class is among all")]
    }

    /// Takes a place, if there is one.
    pub(super) fn enter(&self, class: Class) -> Taken {
        let before = self.of(class).fetch_add(1, Ordering::Relaxed);
        match most_waiting(class).is_some_and(|most| before >= most) {
            true => {
                self.leave(class);
                Taken::Dropped(class)
            }
            false => Taken::Yes,
        }
    }

    pub(super) fn leave(&self, class: Class) {
        self.of(class).fetch_sub(1, Ordering::Relaxed);
    }
}
