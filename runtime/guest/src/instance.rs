//! One run of a module beside one call: given an answer, it names the next ask.
//!
//! The guest runs on a stack of its own; the engine's future is polled by hand with a waker that does nothing, because
//! the only things a guest ever waits for are our own answer and its next slice: a turn that takes long comes back to whoever
//! runs it after each [`SLICE_FUEL`], so that others are not kept waiting by it.

use crate::bindings::CallHandler;
use crate::bindings::patchcord::handler::{events, types};
use crate::contract::ModuleKind;
use crate::fault::Stop;
use crate::handles::Leg;
use crate::meter::{TickMeter, TimeAway};
use crate::module::{Entry, Loaded};
use crate::slot::{self, Outside, Reply, State, Turn};
use crate::{CpuClock, Fault, Limits, Module, SLICE_FUEL};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::events::Event;
use patchcord_control::ids::LegId;
use patchcord_control::words::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmtime::component::{self, Resource};
use wasmtime::{AsContextMut, Store, UpdateDeadline};

/// The leg that opened the call, which the handler is started with.
const CALLER: LegId = LegId(0);

/// What an instance did with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It asks this and is at rest until [`Instance::resume`] brings the answer.
    Asked(Ask),
    /// The handler returned. Nothing of the guest is left.
    Finished(Result<(), Error>),
    /// It was ended. Nothing of the guest is left.
    Failed(Fault),
}

/// What an instance has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel: about one for each wasm instruction.
    pub fuel: u64,
    /// The most linear memory it had at any time, in bytes.
    pub memory_peak: u64,
    /// Host calls, waiting or not.
    pub host_calls: u64,
    /// Turns: its start, and each time it was resumed after a wait.
    pub turns: u64,
}

type Outcome = Result<Result<(), Error>, Fault>;
type Guest = Pin<Box<dyn Future<Output = (Outcome, Usage)> + Send>>;

enum Life {
    /// No code of the guest has run.
    Fresh(Guest),
    /// The guest is in the middle of a turn, since the thread's clock said so.
    Working(Guest, Option<Duration>),
    /// The guest asked and rests.
    Resting(Guest),
    /// Finished, failed or killed.
    Over,
}

/// A handler beside its call. Dropping it is the same as [`Instance::kill`].
pub struct Instance {
    slot: Outside,
    clock: Option<CpuClock>,
    away: TimeAway,
    life: Life,
    next_turn: Turn,
    usage: Usage,
}

impl Instance {
    /// Prepares an instance. No code of the module runs yet; whether there is room for it shows at the first
    /// [`Instance::resume`].
    pub fn start(module: &Module, limits: Limits) -> Result<Instance, Fault> {
        Self::begin(module, limits, Told::Caller)
    }

    /// Prepares an instance of an event sink that is told of an event, with the number it has for this sink.
    pub fn start_sink(module: &Module, limits: Limits, event: &Event, sequence: u32) -> Result<Instance, Fault> {
        let event = events::Event::of(event, sequence);
        Self::begin(module, limits, Told::Event(Box::new(event)))
    }

    fn begin(module: &Module, limits: Limits, told: Told) -> Result<Instance, Fault> {
        let memory_max = module.loaded().memory_max;
        if limits.memory_bytes > memory_max {
            let allowed = limits.memory_bytes;
            return Err(Fault::Start(format!(
                "it is allowed {allowed} bytes of memory, but the runtime was set up for at most {memory_max}"
            )));
        }
        let (slot, inside) = slot::slot();
        let (clock, away) = (module.loaded().cpu_clock, TimeAway::default());
        let ticks = TickMeter::new(clock, limits.turn_cpu_ms, away.clone());
        let guest = Box::pin(live(
            Arc::clone(module.loaded()),
            told,
            State::new(inside, limits, ticks),
        ));
        Ok(Instance {
            slot,
            clock,
            away,
            life: Life::Fresh(guest),
            next_turn: Turn::Same,
            usage: Usage::default(),
        })
    }

    /// Runs the guest until it asks, finishes or fails, however long that takes. `answer` is none the first time, then the
    /// answer to the last ask.
    ///
    /// # Panics
    /// As [`Instance::resume_a_slice`].
    pub fn resume(&mut self, answer: Option<Answer>) -> Step {
        let mut step = self.resume_a_slice(answer);
        loop {
            match step {
                Some(step) => return step,
                None => step = self.go_on(),
            }
        }
    }

    /// Runs the guest until it asks, finishes or fails, or has used [`SLICE_FUEL`]: then none, and it waits for
    /// [`Instance::go_on`]. `answer` is none the first time, then the answer to the last ask.
    ///
    /// # Panics
    /// If the answer is not of the variant its ask names, if there is none where one is due or one where none is, in the middle
    /// of a turn, or after the end: each is a mistake of the caller, not of the guest.
    pub fn resume_a_slice(&mut self, answer: Option<Answer>) -> Option<Step> {
        let turn = std::mem::replace(&mut self.next_turn, Turn::Same);
        let guest = match (std::mem::replace(&mut self.life, Life::Over), answer) {
            (Life::Fresh(guest), None) => guest,
            (Life::Resting(guest), Some(answer)) => {
                self.reply(Reply::Answer { answer, turn });
                guest
            }
            (Life::Fresh(_), Some(_)) => panic!("an instance that has not asked gets no answer"),
            (Life::Resting(_), None) => panic!("an instance that asked must get its answer"),
            (Life::Working(..), _) => panic!("an instance in the middle of a turn goes on before it is resumed"),
            (Life::Over, _) => panic!("an instance that ended is not resumed"),
        };
        self.run(guest)
    }

    /// Runs a guest in the middle of a turn for a slice more; as [`Instance::resume_a_slice`].
    ///
    /// # Panics
    /// If it is not in the middle of a turn.
    pub fn go_on(&mut self) -> Option<Step> {
        let Life::Working(guest, since) = std::mem::replace(&mut self.life, Life::Over) else {
            panic!("only an instance in the middle of a turn goes on");
        };
        if let (Some(clock), Some(since)) = (self.clock, since) {
            self.away.add(clock().saturating_sub(since));
        }
        self.run(guest)
    }

    fn run(&mut self, mut guest: Guest) -> Option<Step> {
        match poll(&mut guest) {
            Poll::Pending => match self.slot.rests.try_recv() {
                Ok(rest) => {
                    self.life = Life::Resting(guest);
                    self.usage = rest.usage;
                    Some(Step::Asked(rest.ask))
                }
                // It has not asked, so its slice is over.
                Err(_) => {
                    self.life = Life::Working(guest, self.clock.map(|clock| clock()));
                    None
                }
            },
            Poll::Ready((outcome, usage)) => {
                self.usage = usage;
                Some(match outcome {
                    Ok(result) => Step::Finished(result),
                    Err(fault) => Step::Failed(fault),
                })
            }
        }
    }

    /// Says that the next answer was waited for: the per-turn limits begin anew with the next [`Instance::resume`].
    pub fn begin_turn(&mut self) {
        self.next_turn = Turn::New;
    }

    /// What it has used until its last ask or its end.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Ends it where it stands and gives its memory back. The guest runs no further code.
    pub fn kill(self) {
        drop(self);
    }

    fn reply(&self, reply: Reply) {
        self.slot
            .replies
            .try_send(reply)
            .expect("a resting guest has taken every earlier reply");
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A guest in the middle of a host call is unwound by letting that call fail; only then is its future dropped.
        if let Life::Resting(mut guest) = std::mem::replace(&mut self.life, Life::Over) {
            self.reply(Reply::Kill);
            let unwound = poll(&mut guest);
            debug_assert!(unwound.is_ready(), "a guest whose host call fails cannot go on");
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

fn poll(guest: &mut Guest) -> Poll<(Outcome, Usage)> {
    guest.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// What a guest is started with.
enum Told {
    /// The leg that opened its call.
    Caller,
    /// Something that happened.
    Event(Box<events::Event>),
}

/// The whole life of a guest, from its store to what became of it.
async fn live(module: Arc<Loaded>, told: Told, state: State) -> (Outcome, Usage) {
    let limits = state.limits;
    let mut store = Store::new(module.entry.engine(), state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(limits.host_call_bytes);
    store.set_max_component_handles(limits.handles);
    store
        .fuel_async_yield_interval(Some(SLICE_FUEL))
        .expect("fuel is on in the engine's configuration, and a slice is more than none");
    store.epoch_deadline_callback(|mut store| {
        let state = store.data_mut();
        if state.ticks.over() {
            return Err(Stop::error(Fault::CpuTime {
                limit_ms: state.limits.turn_cpu_ms,
            }));
        }
        Ok(UpdateDeadline::Continue(1))
    });
    slot::begin_turn(&mut store.as_context_mut());
    let outcome = match (&module.entry, told) {
        (Entry::Handler(handler), Told::Caller) => match handler.instantiate_async(&mut store).await {
            Ok(handler) => handle(&handler, &mut store).await,
            Err(error) => Err(Fault::at_start(&error, store.data())),
        },
        (Entry::Sink(sink), Told::Event(event)) => match sink.instantiate_async(&mut store).await {
            Ok(sink) => receive(&sink, &mut store, *event).await,
            Err(error) => Err(Fault::at_start(&error, store.data())),
        },
        (Entry::Handler(_), Told::Event(_)) => Err(Fault::Start("it is a call handler, not an event sink".to_owned())),
        (Entry::Sink(_), Told::Caller) => Err(Fault::Start("it is an event sink, not a call handler".to_owned())),
    };
    slot::book(&mut store.as_context_mut());
    (outcome, store.data().usage)
}

async fn handle(handler: &CallHandler, store: &mut Store<State>) -> Outcome {
    let caller = Resource::<Leg>::new_own(CALLER.0);
    match handler.call_handle(&mut *store, caller).await {
        Ok(result) => Ok(result.map_err(Error::from)),
        Err(error) => Err(Fault::while_running(&error, store.data())),
    }
}

type Received = (Result<(), types::Error>,);

async fn receive(sink: &component::Instance, store: &mut Store<State>, event: events::Event) -> Outcome {
    let name = ModuleKind::EventSink.export();
    let function = sink.get_typed_func::<(events::Event,), Received>(&mut *store, name);
    let function = function.map_err(|error| Fault::at_start(&error, store.data()))?;
    match function.call_async(&mut *store, (event,)).await {
        Ok((result,)) => Ok(result.map_err(Error::from)),
        Err(error) => Err(Fault::while_running(&error, store.data())),
    }
}

#[cfg(test)]
mod tests;
