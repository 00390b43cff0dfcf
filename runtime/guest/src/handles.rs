//! Resource handles: what a guest holds of a leg, an operation or a transfer request. The number behind a handle is the id
//! itself, so there is no table to look up, only a count of the handles to each operation.

#![allow(unreachable_pub, reason = "the generated bindings re-export the marks")]

use patchcord_control::ids::{LegId, OperationId, TransferId};
use std::collections::BTreeMap;
use wasmtime::component::Resource;

/// Marks handles of `types.operation`.
pub enum Operation {}
/// Marks handles of `call.leg`.
pub enum Leg {}
/// Marks handles of `play.playing`.
pub enum Playing {}
/// Marks handles of `gather.gathering`.
pub enum Gathering {}
/// Marks handles of `record.recording`.
pub enum Recording {}
/// Marks handles of `stream.streaming`.
pub enum Streaming {}
/// Marks handles of `dial.dialing`.
pub enum Dialing {}
/// Marks handles of `bridge.bridging`.
pub enum Bridging {}
/// Marks handles of `room.room`.
pub enum Room {}
/// Marks handles of `recognise.recognising`.
pub enum Recognising {}
/// Marks handles of `presence.watching`.
pub enum Watching {}
/// Marks handles of `transfer.request`. The call gives one handle to each request, so they are not counted.
pub enum TransferRequest {}

/// The leg behind a handle.
pub(crate) fn leg(handle: &Resource<Leg>) -> LegId {
    LegId(handle.rep())
}

/// A handle to a leg: one the call made, or one more to a leg the guest knows. Legs outlive the handles to them.
pub(crate) fn give_leg(id: LegId) -> Resource<Leg> {
    Resource::new_own(id.0)
}

/// The transfer request behind a handle.
pub(crate) fn transfer(handle: &Resource<TransferRequest>) -> TransferId {
    TransferId(handle.rep())
}

/// The only handle to a transfer request.
pub(crate) fn give_transfer(id: TransferId) -> Resource<TransferRequest> {
    Resource::new_own(id.0)
}

/// The operation behind a handle of any kind.
pub(crate) fn operation<T: 'static>(handle: &Resource<T>) -> OperationId {
    OperationId(handle.rep())
}

/// How many handles the guest holds to each operation. Bounded by [`crate::Limits::handles`], which the engine enforces.
#[derive(Default)]
pub(crate) struct HandleCounts(BTreeMap<u32, u32>);

impl HandleCounts {
    /// Gives the guest one more handle to `id`.
    pub(crate) fn give<T: 'static>(&mut self, id: OperationId) -> Resource<T> {
        *self.0.entry(id.0).or_insert(0) += 1;
        Resource::new_own(id.0)
    }

    /// Takes one back; true if it was the last.
    pub(crate) fn take_back(&mut self, id: OperationId) -> bool {
        let count = self
            .0
            .get_mut(&id.0)
            .expect("every handle to an operation was given by `give`");
        *count -= 1;
        let last = *count == 0;
        if last {
            self.0.remove(&id.0);
        }
        last
    }
}
