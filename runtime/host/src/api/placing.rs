//! Calls that wait to be placed: a task that drives the queue of [`patchcord_control::outbound`] and hands to a shard what may go out.
//! Each call has its id from the moment it is asked for, is seen while it waits, can be given up, and leaves exactly one record,
//! whatever comes of it. What waits is in memory: it is gone with the node.

use super::History;
use crate::live_calls::LiveCalls;
use crate::node::time_of_day;
use patchcord_control::call::Change;
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::outbound::{Input, NotQueued, OutboundQueue, OutboundSettings, Outcome, Waiting};
use patchcord_control::private::Private;
use patchcord_control::record::{CallRecord, CallStatus, HandlerEnd, LegRecord, Spent, Usage};
use patchcord_control::words::{Began, Destination, Interruption, LegDirection, UnixTime};
use patchcord_switch::PlacedCall;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Wishes on their way to the task. One more waits.
const WISHES: usize = 256;
/// How long the task sleeps at most: a moment that is far off is looked at again.
const LOOK: Duration = Duration::from_secs(60);

/// A call that waits.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    pub(crate) tenant: Tenant,
    pub(crate) handler: String,
    pub(crate) to: Private<String>,
    pub(crate) since: UnixTime,
}

/// What is wanted of the task.
enum Wish {
    Add(Box<Waiting<PlacedCall>>, oneshot::Sender<Result<(), NotQueued>>),
    Cancel(Tenant, CallId),
}

type Table = Arc<Mutex<HashMap<CallId, Queued>>>;

/// The way to the calls that wait.
#[derive(Clone)]
pub(crate) struct Placing {
    wishes: mpsc::Sender<Wish>,
    /// Bounded with the queue.
    queued: Table,
}

/// A task that has ended; it does so with its runtime.
pub(crate) struct Gone;

impl Placing {
    /// Starts the task; it needs a runtime around it.
    pub(crate) fn start(settings: OutboundSettings, live: LiveCalls, history: Arc<History>) -> Self {
        let (wishes, waiting) = mpsc::channel(WISHES);
        let queued = Table::default();
        let desk = Desk {
            queue: OutboundQueue::new(settings),
            queued: queued.clone(),
            adding: HashMap::new(),
            live,
            history,
        };
        tokio::spawn(desk.work(waiting));
        Self { wishes, queued }
    }

    /// Puts a call into the queue.
    pub(crate) async fn add(&self, wanted: Waiting<PlacedCall>) -> Result<Result<(), NotQueued>, Gone> {
        let (taken, answer) = oneshot::channel();
        let wish = Wish::Add(Box::new(wanted), taken);
        self.wishes.send(wish).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// Gives up a call that waits; false if the tenant has none such.
    pub(crate) async fn cancel(&self, tenant: &Tenant, call: CallId) -> bool {
        let waits = self.find(tenant, call).is_some();
        waits && self.wishes.send(Wish::Cancel(tenant.clone(), call)).await.is_ok()
    }

    /// A call of a tenant that waits.
    pub(crate) fn find(&self, tenant: &Tenant, call: CallId) -> Option<Queued> {
        let queued = lock(&self.queued).get(&call).cloned();
        queued.filter(|queued| queued.tenant == *tenant)
    }

    /// All of a tenant.
    pub(crate) fn of(&self, tenant: &Tenant) -> Vec<(CallId, Queued)> {
        let queued = lock(&self.queued);
        let ours = queued.iter().filter(|(_, queued)| queued.tenant == *tenant);
        ours.map(|(call, queued)| (*call, queued.clone())).collect()
    }
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<CallId, Queued>> {
    // Nothing is left half done in it.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Desk {
    queue: OutboundQueue<PlacedCall>,
    queued: Table,
    /// Those whose place in the queue is being asked for: at most one at a time.
    adding: HashMap<CallId, oneshot::Sender<Result<(), NotQueued>>>,
    live: LiveCalls,
    history: Arc<History>,
}

impl Desk {
    async fn work(mut self, mut wishes: mpsc::Receiver<Wish>) {
        loop {
            let wake_at = self.queue.wake_at().unwrap_or_else(|| Instant::now() + LOOK);
            let input = tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(Wish::Add(wanted, taken)) => {
                        self.adding.insert(wanted.id, taken);
                        lock(&self.queued).insert(wanted.id, queued(&wanted));
                        Input::Add(*wanted)
                    }
                    Some(Wish::Cancel(tenant, call)) => {
                        self.end_if_placed(&tenant, call).await;
                        Input::Cancel(call)
                    }
                    None => return,
                },
                over = self.history.awaited() => Input::Over(over),
                () = tokio::time::sleep_until(wake_at.into()) => Input::Deadline,
            };
            self.queue.handle(Instant::now(), input);
            self.drain().await;
        }
    }

    /// A call that went out after it was found waiting, and before it is given up, is ended.
    async fn end_if_placed(&self, tenant: &Tenant, call: CallId) {
        if !lock(&self.queued).contains_key(&call) {
            // An error is that it is over already.
            let _ = self.live.change(tenant, call, &Change::End).await;
        }
    }

    async fn drain(&mut self) {
        // Whoever asked hears that it was taken, before anything comes of it.
        let outcomes: Vec<_> = std::iter::from_fn(|| self.queue.poll()).collect();
        for (call, taken) in self.adding.drain() {
            let refused = outcomes.iter().find_map(|(id, outcome)| match outcome {
                Outcome::Refused(why) if *id == call => Some(*why),
                _ => None,
            });
            if refused.is_some() {
                lock(&self.queued).remove(&call);
            }
            // Whoever asked may have gone; the call is placed all the same.
            let _ = taken.send(refused.map_or(Ok(()), Err));
        }
        for (call, outcome) in outcomes {
            match outcome {
                Outcome::Refused(_) => {}
                Outcome::Place(wanted) => self.place(call, wanted).await,
                Outcome::Cancelled => self.never(call, CallStatus::Canceled, None),
                Outcome::Expired => {
                    let why = "it could not go out before it expired".to_owned();
                    self.never(call, CallStatus::Failed, Some(why));
                }
            }
        }
    }

    async fn place(&mut self, call: CallId, wanted: PlacedCall) {
        // From now on its end is told; before it is placed, so that nothing is missed.
        self.history.await_end(call);
        match self.live.place(wanted).await {
            // It is alive now, and seen there.
            Ok(_) => drop(lock(&self.queued).remove(&call)),
            Err(why) => {
                self.never(call, CallStatus::Failed, Some(why.to_string()));
                self.queue.handle(Instant::now(), Input::Over(call));
            }
        }
    }

    /// A call that was never placed has a record all the same. It is there before the call waits no longer.
    fn never(&mut self, call: CallId, status: CallStatus, refusal: Option<String>) {
        let Some(queued) = lock(&self.queued).get(&call).cloned() else {
            return;
        };
        self.history.forget_end(call);
        self.history.put(Arc::new(record(call, queued, status, refusal)));
        lock(&self.queued).remove(&call);
    }
}

fn queued(wanted: &Waiting<PlacedCall>) -> Queued {
    let (Destination::Number(to) | Destination::User(to) | Destination::Address(to)) = &wanted.wanted.opening.to.to;
    Queued {
        tenant: wanted.tenant.clone(),
        handler: wanted.wanted.handler.clone(),
        to: to.clone(),
        since: time_of_day(),
    }
}

fn record(id: CallId, queued: Queued, status: CallStatus, refusal: Option<String>) -> CallRecord {
    let now = time_of_day();
    CallRecord {
        id,
        tenant: queued.tenant,
        handler: queued.handler,
        module: String::new(),
        began: Began::Placed(None),
        continues: None,
        continued_as: None,
        started_at: queued.since,
        ended_at: now,
        legs: vec![LegRecord {
            direction: LegDirection::Outbound,
            from: String::new().into(),
            to: queued.to,
            answered_at: None,
            ended_at: now,
            ended_by: Interruption::NotConnected,
            status: None,
            media: None,
        }],
        recordings: Vec::new(),
        streams: Vec::new(),
        recognitions: Vec::new(),
        handler_end: HandlerEnd::NotRun,
        turns: 0,
        usage: Usage::default(),
        spent: Spent::default(),
        log_lines_dropped: 0,
        keys_dropped: 0,
        status,
        answered_by: None,
        refusal,
    }
}
