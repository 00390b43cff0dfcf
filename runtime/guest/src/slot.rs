//! The place where a guest and its [`crate::Instance`] meet: host functions put an ask in and wait for the reply.
//!
//! The instance's future borrows the store for as long as it lives, so what both sides need is kept here, and the fuel
//! and the deadline of a turn are set from inside, by the host function that comes back.

use crate::fault::Stop;
use crate::handles::HandleCounts;
use crate::meter::{MemoryMeter, TickMeter};
use crate::{Fault, Limits, Usage};
use patchcord_control::ask::{Answer, Ask};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use wasmtime::StoreContextMut;

/// What the instance tells a waiting host function.
pub(crate) enum Reply {
    /// Return this to the guest.
    Answer(Answer),
    /// Unwind the guest.
    Kill,
}

/// What both sides see.
#[derive(Default)]
pub(crate) struct Slot {
    /// The guest's ask, from the moment it rests until the instance takes it.
    pub(crate) ask: Option<Ask>,
    /// The reply, from the moment the instance resumes until the host function takes it.
    pub(crate) reply: Option<Reply>,
    /// The next reply begins a turn.
    pub(crate) new_turn: bool,
    /// What was used until the last ask.
    pub(crate) usage: Usage,
}

/// A slot and its two owners.
#[derive(Clone, Default)]
pub(crate) struct SharedSlot(Arc<Mutex<Slot>>);

impl SharedSlot {
    /// Never waits: the guest runs only inside `resume`, on the same thread.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().expect("no code that holds the slot can panic")
    }
}

/// What the store of an instance holds.
pub(crate) struct State {
    pub(crate) slot: SharedSlot,
    pub(crate) limits: Limits,
    pub(crate) memory: MemoryMeter,
    pub(crate) ticks: TickMeter,
    pub(crate) operations: HandleCounts,
    /// Fuel in the store when its use was last booked.
    fuel_left: u64,
    /// Host calls of this turn.
    turn_calls: u32,
}

impl State {
    pub(crate) fn new(slot: SharedSlot, limits: Limits, ticks: TickMeter) -> State {
        State {
            slot,
            memory: MemoryMeter::new(limits.memory_bytes, limits.table_elements),
            limits,
            ticks,
            operations: HandleCounts::default(),
            fuel_left: 0,
            turn_calls: 0,
        }
    }
}

/// Begins a turn: fuel, CPU time and host calls are counted anew.
pub(crate) fn begin_turn(store: &mut StoreContextMut<'_, State>) {
    let fuel = store.data().limits.turn_fuel;
    store.set_fuel(fuel).expect("fuel is on in the engine's configuration");
    store.set_epoch_deadline(1);
    let state = store.data_mut();
    state.fuel_left = fuel;
    state.turn_calls = 0;
    state.ticks.begin_turn();
    state.memory.begin_turn();
    state.slot.lock().usage.turns += 1;
}

/// Writes what was used since the last booking into the slot.
pub(crate) fn book(store: &mut StoreContextMut<'_, State>) {
    let left = store.get_fuel().expect("fuel is on in the engine's configuration");
    let state = store.data_mut();
    let used = state.fuel_left.saturating_sub(left);
    state.fuel_left = left;
    let mut slot = state.slot.lock();
    slot.usage.fuel += used;
    slot.usage.memory_peak = state.memory.peak();
}

/// Counts a host call, and stops a guest that makes too many in one turn.
pub(crate) fn count_call(state: &mut State) -> wasmtime::Result<()> {
    state.slot.lock().usage.host_calls += 1;
    state.turn_calls += 1;
    let limit = state.limits.host_calls_per_turn;
    if state.turn_calls > limit {
        return Err(Stop::error(Fault::HostCallFlood { limit }));
    }
    Ok(())
}

/// Puts the guest to rest on `ask` until the reply comes.
pub(crate) async fn exchange(store: &mut StoreContextMut<'_, State>, ask: Ask) -> wasmtime::Result<Answer> {
    count_call(store.data_mut())?;
    book(store);
    let slot = store.data().slot.clone();
    slot.lock().ask = Some(ask);
    let reply = poll_fn(|_| match slot.lock().reply.take() {
        Some(reply) => Poll::Ready(reply),
        None => Poll::Pending,
    })
    .await;
    match reply {
        Reply::Kill => Err(Stop::killed()),
        Reply::Answer(answer) => {
            let new_turn = std::mem::take(&mut slot.lock().new_turn);
            if new_turn {
                begin_turn(store);
            }
            Ok(answer)
        }
    }
}
