//! All transactions of one kind by number and by key.

use std::collections::BTreeMap;

use super::client::Client;
use super::key::Key;
use super::server::Server;

/// Names a transaction inside its table.
pub(crate) type TxId = u64;

/// Transactions by number; a key leads to the number. Bounded by the endpoint's limits.
pub(crate) struct Table<T> {
    next: TxId,
    entries: BTreeMap<TxId, (T, Vec<Key>)>,
    index: BTreeMap<Key, TxId>,
}

pub(crate) type Servers = Table<Server>;
pub(crate) type Clients = Table<Client>;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            next: 0,
            entries: BTreeMap::new(),
            index: BTreeMap::new(),
        }
    }
}

impl<T> Table<T> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number the next entry will have.
    pub(crate) fn next_id(&self) -> TxId {
        self.next
    }

    pub(crate) fn find(&self, key: &[u8]) -> Option<TxId> {
        self.index.get(key).copied()
    }

    pub(crate) fn get(&self, id: TxId) -> Option<&T> {
        self.entries.get(&id).map(|(entry, _)| entry)
    }

    pub(crate) fn get_mut(&mut self, id: TxId) -> Option<&mut T> {
        self.entries.get_mut(&id).map(|(entry, _)| entry)
    }

    /// Adds an entry under its keys. A key already taken moves to the new entry.
    pub(crate) fn add(&mut self, entry: T, keys: Vec<Key>) -> TxId {
        let id = self.next;
        self.next += 1;
        for key in &keys {
            self.index.insert(key.clone(), id);
        }
        self.entries.insert(id, (entry, keys));
        id
    }

    /// Gives an entry another key instead of all it had.
    pub(crate) fn rekey(&mut self, id: TxId, key: Key) {
        let Some((_, keys)) = self.entries.get_mut(&id) else {
            return;
        };
        for old in std::mem::replace(keys, vec![key.clone()]) {
            if self.index.get(&old) == Some(&id) {
                self.index.remove(&old);
            }
        }
        self.index.insert(key, id);
    }

    pub(crate) fn remove(&mut self, id: TxId) -> Option<T> {
        let (entry, keys) = self.entries.remove(&id)?;
        for key in keys {
            if self.index.get(&key) == Some(&id) {
                self.index.remove(&key);
            }
        }
        Some(entry)
    }
}
