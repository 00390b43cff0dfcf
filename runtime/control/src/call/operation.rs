//! Operations: things started that end later. A table with a limit; ids are never used twice in a call.

use super::dialling::Dialling;
use super::gathering::Gathering;
use super::presence::PresenceNews;
use super::recognising::HeardQueue;
use super::rooms::Room;
use crate::ids::{LegId, OperationId};
use crate::words::{
    BridgeOptions, Bridged, Error, GatherFailure, Gathered, Interruption, Played, Recognised, Recorded, Streamed,
};
use std::collections::BTreeMap;
use std::time::Instant;

/// A result that is handed out once, because a leg or a request goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Once<T> {
    /// Not there yet.
    Pending,
    /// There.
    Ready(Result<T, Error>),
    /// The handler has it.
    Taken,
}

impl<T> Once<T> {
    /// The first result stays.
    pub(crate) fn set(&mut self, result: Result<T, Error>) {
        if matches!(self, Once::Pending) {
            *self = Once::Ready(result);
        }
    }

    pub(crate) fn take(&mut self) -> Option<Result<T, Error>> {
        match std::mem::replace(self, Once::Taken) {
            Once::Ready(result) => Some(result),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self, Once::Pending)
    }
}

/// Two legs that hear each other.
#[derive(Debug)]
pub(crate) struct Bridging {
    pub(crate) first: LegId,
    pub(crate) second: LegId,
    pub(crate) options: BridgeOptions,
    pub(crate) since: Instant,
    pub(crate) until: Option<Instant>,
    pub(crate) outcome: Once<Bridged>,
}

impl Bridging {
    /// The other leg of it.
    pub(crate) fn other(&self, leg: LegId) -> LegId {
        if leg == self.first { self.second } else { self.first }
    }
}

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
    /// Calling others.
    Dialling(Box<Dialling>),
    /// Two legs connected.
    Bridging(Box<Bridging>),
    /// A recording of the call, by its number.
    Recording {
        number: u32,
        outcome: Option<Result<Recorded, Error>>,
    },
    /// Legs that hear each other.
    Room(Box<Room>),
    /// A stream of the call, by its number.
    Streaming {
        number: u32,
        outcome: Option<Result<Streamed, Error>>,
    },
    /// A recognition of the call, by its number, and what it heard that was not received.
    Recognising {
        number: u32,
        heard: HeardQueue,
        outcome: Option<Result<Recognised, Error>>,
    },
    /// Messages from outside; done while one waits, which the call knows.
    Inbox,
    /// Identities that are watched, by the number of it, and what is new of them.
    Watching { number: u32, news: PresenceNews },
}

impl Operation {
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Operation::Playing { outcome, .. } => outcome.is_some(),
            Operation::Gathering { outcome, .. } => outcome.is_some(),
            Operation::Dialling(dialling) => !dialling.outcome.is_pending(),
            Operation::Bridging(bridging) => !bridging.outcome.is_pending(),
            Operation::Recording { outcome, .. } => outcome.is_some(),
            Operation::Streaming { outcome, .. } => outcome.is_some(),
            Operation::Room(room) => room.has_news(),
            Operation::Recognising { heard, outcome, .. } => !heard.is_empty() || outcome.is_some(),
            Operation::Watching { news, .. } => !news.is_empty(),
            Operation::Inbox => false,
        }
    }

    /// Whether a prompt of it may be playing on a leg.
    fn plays_on(&self, on: LegId) -> bool {
        match self {
            Operation::Playing { leg, outcome } => *leg == on && outcome.is_none(),
            Operation::Gathering { gathering, .. } => gathering.leg == on && gathering.prompt_plays(),
            Operation::Dialling(_)
            | Operation::Bridging(_)
            | Operation::Recording { .. }
            | Operation::Room(_)
            | Operation::Streaming { .. }
            | Operation::Recognising { .. }
            | Operation::Watching { .. }
            | Operation::Inbox => false,
        }
    }

    /// Ends what it does on a leg that is gone. Diallings, bridges, recordings, streams and recognitions are ended by
    /// their own machines.
    fn interrupt(&mut self, on: LegId, why: Interruption) {
        match self {
            Operation::Playing { leg, outcome } if *leg == on => {
                outcome.get_or_insert(Err(Error::Interrupted(why)));
            }
            Operation::Gathering { gathering, outcome } if gathering.leg == on => {
                gathering.broken(Error::Interrupted(why), outcome);
            }
            _ => {}
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

    pub(crate) fn ids(&self) -> Vec<OperationId> {
        self.table.keys().copied().collect()
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

    pub(crate) fn dialling(&mut self, id: OperationId) -> Option<&mut Dialling> {
        match self.table.get_mut(&id) {
            Some(Operation::Dialling(dialling)) => Some(dialling),
            _ => None,
        }
    }

    pub(crate) fn bridging(&mut self, id: OperationId) -> Option<&mut Bridging> {
        match self.table.get_mut(&id) {
            Some(Operation::Bridging(bridging)) => Some(bridging),
            _ => None,
        }
    }

    /// Where the outcome of a recording goes, if the handler still has a handle to it.
    pub(crate) fn recording_outcome(&mut self, of: u32) -> Option<&mut Option<Result<Recorded, Error>>> {
        self.table.values_mut().find_map(|operation| match operation {
            Operation::Recording { number, outcome } if *number == of => Some(outcome),
            _ => None,
        })
    }

    /// Where the outcome of a stream goes, if the handler still has a handle to it.
    pub(crate) fn stream_outcome(&mut self, of: u32) -> Option<&mut Option<Result<Streamed, Error>>> {
        self.table.values_mut().find_map(|operation| match operation {
            Operation::Streaming { number, outcome } if *number == of => Some(outcome),
            _ => None,
        })
    }

    /// What a recognition heard and where its outcome goes, if the handler still has a handle to it.
    pub(crate) fn recognising(&mut self, of: u32) -> Option<(&mut HeardQueue, &mut Option<Result<Recognised, Error>>)> {
        self.table.values_mut().find_map(|operation| match operation {
            Operation::Recognising { number, heard, outcome } if *number == of => Some((heard, outcome)),
            _ => None,
        })
    }

    /// What is new of identities that are watched, if the handler still has a handle to that.
    pub(crate) fn watching(&mut self, of: u32) -> Option<&mut PresenceNews> {
        self.table.values_mut().find_map(|operation| match operation {
            Operation::Watching { number, news } if *number == of => Some(news),
            _ => None,
        })
    }

    /// All diallings, with their ids.
    pub(crate) fn diallings(&self) -> impl Iterator<Item = (OperationId, &Dialling)> {
        self.table.iter().filter_map(|(id, operation)| match operation {
            Operation::Dialling(dialling) => Some((*id, &**dialling)),
            _ => None,
        })
    }

    /// All rooms.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.table.values().filter_map(|operation| match operation {
            Operation::Room(room) => Some(&**room),
            _ => None,
        })
    }

    /// The room of a number, if the handler still has it.
    pub(crate) fn room(&mut self, number: u32) -> Option<&mut Room> {
        self.table.values_mut().find_map(|operation| match operation {
            Operation::Room(room) if room.number == number => Some(&mut **room),
            _ => None,
        })
    }

    /// All bridges, with their ids.
    pub(crate) fn bridgings(&self) -> impl Iterator<Item = (OperationId, &Bridging)> {
        self.table.iter().filter_map(|(id, operation)| match operation {
            Operation::Bridging(bridging) => Some((*id, &**bridging)),
            _ => None,
        })
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

    /// The collections that listen for something said now, each with its leg.
    pub(crate) fn listening(&self) -> Vec<(LegId, OperationId)> {
        let listens = |(id, operation): (&OperationId, &Operation)| match operation {
            Operation::Gathering {
                gathering,
                outcome: None,
            } => gathering.listens_for().map(|_| (gathering.leg, *id)),
            _ => None,
        };
        self.table.iter().filter_map(listens).collect()
    }

    /// The collection of a name, if it still collects.
    pub(crate) fn gathering(&mut self, id: OperationId) -> Option<&mut Gathering> {
        match self.table.get_mut(&id) {
            Some(Operation::Gathering {
                gathering,
                outcome: None,
            }) => Some(gathering),
            _ => None,
        }
    }

    /// What the handler plays on a leg.
    pub(crate) fn prompts_on(&self, on: LegId) -> Vec<OperationId> {
        let playing = self.table.iter().filter(|(_, operation)| operation.plays_on(on));
        playing.map(|(id, _)| *id).collect()
    }

    /// Whether the handler plays something on a leg.
    pub(crate) fn prompt_on(&self, on: LegId) -> bool {
        self.table.values().any(|operation| operation.plays_on(on))
    }

    /// Ends the operation whose prompt cannot be played to its end, or whose speech cannot be recognised, if the handler still
    /// knows it.
    pub(crate) fn broken(&mut self, id: OperationId, reason: Error) {
        match self.table.get_mut(&id) {
            Some(Operation::Playing { outcome, .. }) => {
                outcome.get_or_insert(Err(reason));
            }
            Some(Operation::Gathering { gathering, outcome }) => gathering.broken(reason, outcome),
            _ => {}
        }
    }

    /// Ends everything of a leg that is gone.
    pub(crate) fn interrupt(&mut self, on: LegId, why: Interruption) {
        for operation in self.table.values_mut() {
            operation.interrupt(on, why);
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
                Operation::Dialling(dialling) => dialling.wake_at(),
                Operation::Bridging(bridging) if bridging.outcome.is_pending() => bridging.until,
                _ => None,
            })
            .min()
    }

    /// Lets time pass for all collections.
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
