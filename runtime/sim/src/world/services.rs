//! What a world does for handlers beside their calls: the store, and web servers that answer what was declared.

use super::shelf::Shelving;
use super::{BEGINNING, World};
use crate::scenario::HttpBlock;
use patchcord_control::words::Error;
use patchcord_switch::{Input, Query, ToAsk, ToStore};

impl World {
    /// Keeps a value of [`TENANT`] in the store.
    ///
    /// # Errors
    /// `Limit` if the store has no room for it.
    pub fn put_in_store(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        let now_ms = self.time_of_day_ms();
        self.node.shelf.put(now_ms, key, value)
    }

    /// What [`TENANT`] keeps in the store at a key.
    pub fn in_store(&mut self, key: &str) -> Option<Vec<u8>> {
        let now_ms = self.time_of_day_ms();
        self.node.shelf.get(now_ms, key)
    }

    /// How the store behaves from now on.
    pub fn set_shelving(&mut self, shelving: Shelving) {
        self.node.shelf.shelving = shelving;
    }

    /// The time of day, in milliseconds since 1970.
    fn time_of_day_ms(&self) -> u64 {
        BEGINNING.seconds * 1_000 + self.now().as_millis() as u64
    }

    /// What web servers answer from now on; nobody answers anything else.
    pub fn set_web_answers(&mut self, declared: Vec<HttpBlock>) {
        self.node.servers.declared = declared;
    }

    /// What web servers were asked, in that order.
    pub fn web_asked(&self) -> &[ToAsk] {
        &self.node.servers.asked
    }

    /// What was asked of web servers that nobody declared: method and address.
    pub fn web_undeclared(&self) -> &[String] {
        &self.node.servers.undeclared
    }

    pub(super) fn store(&mut self, query: Query, wanted: &ToStore) {
        let now = (self.now, self.time_of_day_ms());
        self.node.shelf.ask(now, query, wanted);
    }

    /// Gives the node the next answer that is due; false if there is none.
    pub(super) fn serve_due(&mut self) -> bool {
        let input = if let Some((query, reply)) = self.node.shelf.answers.due(self.now) {
            Input::Stored { query, reply }
        } else if let Some((query, response)) = self.node.servers.answers.due(self.now) {
            Input::Responded { query, response }
        } else {
            return self.tell_presence();
        };
        self.node.shard.handle(self.now, input);
        true
    }
}
