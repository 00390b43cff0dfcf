//! What other gateways say, taken into the table; and what follows for the instances of this one. Not here: which messages are
//! missing.

use super::facts::{Endpoint, InstanceId};
use super::table::Put;
use super::{Change, Dropped, INSTANCES_MAX, Output, Registrar, Registration};
use crate::replica::{ALLOWANCE, ME, Step};
use std::collections::HashSet;
use std::time::{Duration, Instant};

impl Registrar {
    pub(super) fn carry_out(&mut self, now: Instant, steps: Vec<Step<Change>>) {
        for step in steps {
            match step {
                Step::Apply { writer, heard, change } => self.apply(now, writer, heard, change),
                Step::Replace { writer, heard, entries } => self.replace(writer, heard, entries),
                Step::Clear { writer, .. } => self.clear(writer),
                Step::AskOf(node) => self.outbox.ask(node),
                Step::AskedBy(node) => self.outbox.asked_by(node),
                Step::Replaced => {
                    self.outbox.fall_silent();
                    self.outputs.push_back(Output::Replaced);
                }
            }
        }
    }

    fn apply(&mut self, now: Instant, writer: u32, heard: Instant, change: Change) {
        match change {
            Change::Put(registration) => {
                self.put(writer, heard, registration);
            }
            Change::Renew {
                endpoint,
                instance,
                lease,
            } => match self.table.find(&endpoint, &instance, writer) {
                Some(id) => self.leases.set(id, until(heard, lease)),
                // It expired here while its gateway was not heard.
                None => self.peers.tear(now, writer),
            },
            Change::Remove { endpoint, instance } => {
                if let Some(id) = self.table.find(&endpoint, &instance, writer) {
                    self.forget(id);
                }
            }
        }
    }

    /// The number of the entry; none if there is no room for it.
    fn put(&mut self, writer: u32, heard: Instant, registration: Registration) -> Option<u32> {
        let Registration {
            endpoint,
            epoch,
            instance,
            lease,
        } = registration;
        let is_full = self.table.len() >= self.most;
        if is_full && self.table.find(&endpoint, &instance.id, writer).is_none() {
            self.left_out += 1;
            return None;
        }
        self.table.name(writer, self.peers.name(writer));
        let name = instance.id.clone();
        let Put { id, turn, is_alone } = self.table.put(writer, &endpoint, epoch, instance);
        self.leases.set(id, until(heard, lease));
        if !is_alone {
            self.yield_to(&endpoint, &name);
        }
        self.tell(endpoint, name, turn);
        Some(id)
    }

    /// Instances of this gateway that count no more are dropped.
    fn yield_to(&mut self, endpoint: &Endpoint, instance: &InstanceId) {
        if let Some(own) = self.table.find(endpoint, instance, ME) {
            let first = self.table.first(endpoint, instance).expect("one of the two counts");
            let by = self.table.entry(first).writer;
            if by != ME {
                let node = self.peers.name(by).clone();
                self.drop_own(own, Dropped::Moved(node));
            }
        }
        let counting = self.table.counting_of(endpoint.tenant(), endpoint.name());
        let beyond = counting.skip(INSTANCES_MAX);
        let crowded: Vec<u32> = beyond.filter(|id| self.table.entry(*id).writer == ME).collect();
        for own in crowded {
            self.drop_own(own, Dropped::Crowded);
        }
    }

    /// A writer says this, and nothing else.
    fn replace(&mut self, writer: u32, heard: Instant, entries: Vec<Change>) {
        let mut kept = HashSet::with_capacity(entries.len());
        for entry in entries {
            if let Change::Put(registration) = entry {
                kept.extend(self.put(writer, heard, registration));
            }
        }
        let all = self.table.of_writer(writer);
        let gone: Vec<u32> = all.filter(|id| !kept.contains(id)).collect();
        for id in gone {
            self.forget(id);
        }
    }

    fn clear(&mut self, writer: u32) {
        let all: Vec<u32> = self.table.of_writer(writer).collect();
        for id in all {
            self.forget(id);
        }
    }

    /// A lease was looked at, at this gateway or another.
    pub(super) fn expired(&mut self, now: Instant, id: u32) {
        match self.table.entry(id).writer {
            ME => self.own_expired(now, id),
            _ => self.forget(id),
        }
    }
}

fn until(heard: Instant, lease: Duration) -> Instant {
    heard + lease.min(super::LEASE_MAX) + ALLOWANCE
}
