//! The place where a guest and its [`crate::Instance`] meet: a host function passes an ask out and waits for the reply.
//!
//! The instance's future borrows the store for as long as it lives, so the two sides share nothing: they pass values
//! through two channels of one place each. The fuel and the deadline of a turn are set from inside, by the host function
//! that comes back.

use crate::fault::Stop;
use crate::handles::HandleCounts;
use crate::meter::{MemoryMeter, TickMeter};
use crate::{Fault, Limits, Usage};
use patchcord_control::ask::{Answer, Ask};
use std::future::poll_fn;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::task::Poll;
use wasmtime::StoreContextMut;

/// Values on the way in either direction: a guest rests on one ask, and one reply ends that rest.
const PLACES: usize = 1;

/// What the guest passes out when it comes to rest.
pub(crate) struct Rest {
    /// What it asks.
    pub(crate) ask: Ask,
    /// What it has used until now.
    pub(crate) usage: Usage,
}

/// What the instance tells a resting guest.
pub(crate) enum Reply {
    /// Return this to the guest.
    Answer {
        /// What it is told.
        answer: Answer,
        /// It was waited for: the limits per turn begin anew.
        turn: Turn,
    },
    /// Unwind the guest.
    Kill,
}

/// Whether a reply belongs to the turn that asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Answered at once.
    Same,
    /// Answered after a wait.
    New,
}

/// The instance's end.
pub(crate) struct Outside {
    pub(crate) rests: Receiver<Rest>,
    pub(crate) replies: SyncSender<Reply>,
}

/// The guest's end.
pub(crate) struct Inside {
    rests: SyncSender<Rest>,
    replies: Receiver<Reply>,
}

/// Both ends.
pub(crate) fn slot() -> (Outside, Inside) {
    let (rests, rests_out) = sync_channel(PLACES);
    let (replies, replies_in) = sync_channel(PLACES);
    (
        Outside {
            rests: rests_out,
            replies,
        },
        Inside {
            rests,
            replies: replies_in,
        },
    )
}

/// What the store of an instance holds.
pub(crate) struct State {
    slot: Inside,
    pub(crate) limits: Limits,
    pub(crate) memory: MemoryMeter,
    pub(crate) ticks: TickMeter,
    pub(crate) operations: HandleCounts,
    /// What was used until the last booking.
    pub(crate) usage: Usage,
    /// Fuel in the store at the last booking.
    fuel_left: u64,
    /// Host calls of this turn.
    turn_calls: u32,
}

impl State {
    pub(crate) fn new(slot: Inside, limits: Limits, ticks: TickMeter) -> State {
        State {
            slot,
            memory: MemoryMeter::new(limits.memory_bytes, limits.table_elements),
            limits,
            ticks,
            operations: HandleCounts::default(),
            usage: Usage::default(),
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
    state.usage.turns += 1;
}

/// Books what was used since the last booking.
pub(crate) fn book(store: &mut StoreContextMut<'_, State>) {
    let left = store.get_fuel().expect("fuel is on in the engine's configuration");
    let state = store.data_mut();
    state.usage.fuel += state.fuel_left.saturating_sub(left);
    state.usage.memory_peak = state.memory.peak();
    state.fuel_left = left;
}

/// Counts a host call, and stops a guest that makes too many in one turn.
pub(crate) fn count_call(state: &mut State) -> wasmtime::Result<()> {
    state.usage.host_calls += 1;
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
    let state = store.data_mut();
    let rest = Rest {
        ask,
        usage: state.usage,
    };
    state
        .slot
        .rests
        .try_send(rest)
        .expect("the instance takes each ask before it replies");
    let reply = poll_fn(|_| match store.data_mut().slot.replies.try_recv() {
        Ok(reply) => Poll::Ready(reply),
        Err(TryRecvError::Empty) => Poll::Pending,
        Err(TryRecvError::Disconnected) => Poll::Ready(Reply::Kill),
    })
    .await;
    match reply {
        Reply::Kill => Err(Stop::killed()),
        Reply::Answer { answer, turn } => {
            if turn == Turn::New {
                begin_turn(store);
            }
            Ok(answer)
        }
    }
}
