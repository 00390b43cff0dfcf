//! Operations: things started that end later. A table with a limit; ids are never used twice in a call.

use super::gathering::Gathering;
use crate::ids::{LegId, OperationId};
use crate::words::{Error, GatherFailure, Gathered, Interruption, Played};
use std::collections::BTreeMap;
use std::time::Instant;

/// What an operation is and how far it came.
#[derive(Debug)]
pub(crate) enum Operation {
    /// A prompt.
    Playing {
        leg: LegId,
        outcome: Option<Result<Played, Error>>,
    },
    /// A collection of keys; its prompt runs in the media engine under the same id.
    Gathering {
        gathering: Box<Gathering>,
        outcome: Option<Result<Gathered, GatherFailure>>,
    },
}

impl Operation {
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Operation::Playing { outcome, .. } => outcome.is_some(),
            Operation::Gathering { outcome, .. } => outcome.is_some(),
        }
    }

    fn leg(&self) -> LegId {
        match self {
            Operation::Playing { leg, .. } => *leg,
            Operation::Gathering { gathering, .. } => gathering.leg,
        }
    }

    /// Ends it because its leg is gone.
    fn interrupt(&mut self, why: Interruption) {
        match self {
            Operation::Playing { outcome, .. } => {
                outcome.get_or_insert(Err(Error::Interrupted(why)));
            }
            Operation::Gathering { gathering, outcome } => {
                let keys = gathering.keys().to_owned().into();
                outcome.get_or_insert(Err(GatherFailure {
                    reason: Error::Interrupted(why),
                    keys,
                }));
            }
        }
    }
}

/// The operations of a call.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    table: BTreeMap<OperationId, Operation>,
    last: u32,
}

impl Operations {
    /// Adds one; the caller has checked the limit.
    pub(crate) fn add(&mut self, operation: Operation) -> OperationId {
        let id = self.reserve();
        self.table.insert(id, operation);
        id
    }

    /// An id that is not in the table, for a prompt the handler does not know of.
    pub(crate) fn reserve(&mut self) -> OperationId {
        self.last += 1;
        OperationId(self.last)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn get(&self, id: OperationId) -> Option<&Operation> {
        self.table.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: OperationId) -> Option<&mut Operation> {
        self.table.get_mut(&id)
    }

    pub(crate) fn remove(&mut self, id: OperationId) -> Option<Operation> {
        self.table.remove(&id)
    }

    /// The collection that takes the keys of a leg now.
    pub(crate) fn gathering_on(&mut self, on: LegId) -> Option<(OperationId, &mut Gathering)> {
        self.table.iter_mut().find_map(|(id, operation)| match operation {
            Operation::Gathering {
                gathering,
                outcome: None,
            } if gathering.leg == on => Some((*id, &mut **gathering)),
            _ => None,
        })
    }

    /// Ends everything of a leg that is gone.
    pub(crate) fn interrupt(&mut self, on: LegId, why: Interruption) {
        for operation in self.table.values_mut().filter(|operation| operation.leg() == on) {
            operation.interrupt(why);
        }
    }

    /// The earliest moment one of them acts by itself.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.table
            .values()
            .filter_map(|operation| match operation {
                Operation::Gathering {
                    gathering,
                    outcome: None,
                } => gathering.wake_at(),
                _ => None,
            })
            .min()
    }

    /// Lets time pass for all of them.
    pub(crate) fn deadline(&mut self, now: Instant) {
        for operation in self.table.values_mut() {
            if let Operation::Gathering {
                gathering,
                outcome: outcome @ None,
            } = operation
            {
                *outcome = gathering.deadline(now).map(Ok);
            }
        }
    }
}
