//! Telling others what happens in calls: webhooks and event sinks, on an async runtime of a thread of its own. What is told one
//! receiver of one call goes out in order, one after the other; what is not received is told again, later each time, and given up
//! in the end. Nothing comes back to a call. Everything has a limit: what waits, in all and of one tenant, what one receiver is
//! told at the same time, and how long one attempt takes.
//!
//! Not here: what is told (`control::call`), and how sinks run (`switch::sinks`).

mod chains;
mod courier;
mod signature;
mod webhook;

pub(crate) use courier::Courier;
pub use webhook::Webhook;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use crate::web_requests::WebRequestsConfig;
use chains::{Chain, Chains, Waiting};
use patchcord_control::events::{Event, Receiver, Telling};
use patchcord_switch::{NotReceived, PROOFS, SinkKey, ToSink};
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;

/// Events on their way from the shards to the thread. One more is lost, and counted.
const QUEUE: usize = 8_192;
/// Once nobody has more to tell, what waits has so long to go out.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The name under which those are told who read events through the API; no webhook can have it.
pub(crate) const READERS: &str = "$readers";

/// Who is told beside webhooks and sinks. Nobody is waited for.
#[derive(Debug, Clone)]
pub(crate) struct Listeners {
    /// Those who read events through the API.
    pub(crate) readers: broadcast::Sender<Arc<Event>>,
    /// What the handlers of proofs report; one that finds no room is lost, and counted.
    pub(crate) proofs: mpsc::Sender<Arc<Event>>,
}

/// Who is told, and how often it is tried.
#[derive(Debug, Clone)]
pub struct TellingConfig {
    /// Webhooks; each name once.
    pub webhooks: Vec<Webhook>,
    /// Tries at most for one event of a webhook, 1 or more. Those of a sink are three.
    pub attempts: u32,
    /// The pause after the first try; each further one is twice as long.
    pub pause: Duration,
    /// The longest one try may take.
    pub attempt_time: Duration,
}

impl Default for TellingConfig {
    /// Eight tries within some two minutes.
    fn default() -> Self {
        Self {
            webhooks: Vec::new(),
            attempts: 8,
            pause: Duration::from_secs(1),
            attempt_time: Duration::from_secs(10),
        }
    }
}

/// Tries of a sink for one event.
const SINK_ATTEMPTS: u32 = 3;

/// What is counted about what is told.
#[derive(Debug, Default)]
pub(crate) struct TellingFigures {
    /// Events that receivers were to be told, each counted once for each.
    pub(crate) told: Figure,
    /// Of these, received.
    pub(crate) received: Figure,
    /// Tries that failed.
    pub(crate) failed: Figure,
    /// Events given up.
    pub(crate) given_up: Figure,
    /// Events for which there was no room.
    pub(crate) dropped: Figure,
    /// Events that wait now, or are being told.
    pub(crate) waiting: Figure,
}

/// The way from the shards to the thread.
#[derive(Clone)]
pub(crate) struct TellingQueue {
    tellings: mpsc::Sender<Box<Telling>>,
    figures: Arc<TellingFigures>,
}

impl TellingQueue {
    /// Hands over what happened, or loses and counts it. Never waits.
    pub(crate) fn tell(&self, telling: Box<Telling>) {
        if let Err(lost) = self.tellings.try_send(telling) {
            let receivers = lost.into_inner().to.len() as u64;
            self.figures.told.add(receivers);
            self.figures.dropped.add(receivers);
        }
    }
}

/// The thread; dropping it waits for what is still to be told, for a while.
pub(crate) struct TellingThread(AsyncThread);

impl Drop for TellingThread {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// Starts telling. Sinks run in the shard of this inbox.
pub(crate) fn start(
    (config, web): (&TellingConfig, &WebRequestsConfig),
    name_server: Option<SocketAddr>,
    (sinks, listeners): (&Inbox, Listeners),
    figures: &Arc<TellingFigures>,
) -> Result<(TellingThread, TellingQueue), StartError> {
    let (tellings, waiting) = mpsc::channel(QUEUE);
    let teller = Teller {
        courier: Courier::new((config, web), name_server)?,
        sinks: sinks.clone(),
        last_sink_key: AtomicU64::new(0),
        config: config.clone(),
        figures: figures.clone(),
    };
    let named = config.webhooks.iter().cloned();
    let desk = Desk {
        webhooks: named.map(|webhook| (webhook.name.clone(), Arc::new(webhook))).collect(),
        teller: Arc::new(teller),
        listeners,
        chains: Chains::default(),
        under_way: JoinSet::new(),
        figures: figures.clone(),
    };
    let thread = async_thread::start("telling", work(desk, waiting)).map_err(StartError::Thread)?;
    let figures = figures.clone();
    Ok((TellingThread(thread), TellingQueue { tellings, figures }))
}

/// What is told, and to whom.
#[derive(Clone)]
enum Target {
    Webhook(Arc<Webhook>),
    Sink(Arc<str>),
}

/// Why one try has failed.
#[derive(Debug)]
enum Failed {
    /// It may be better later.
    Again(String),
    /// It will not.
    ForGood(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Again(why) | Self::ForGood(why)) = self;
        f.write_str(why)
    }
}

struct Desk {
    webhooks: HashMap<Arc<str>, Arc<Webhook>>,
    teller: Arc<Teller>,
    listeners: Listeners,
    chains: Chains,
    /// One for each chain: bounded with them.
    under_way: JoinSet<Chain>,
    figures: Arc<TellingFigures>,
}

async fn work(mut desk: Desk, mut tellings: mpsc::Receiver<Box<Telling>>) {
    loop {
        tokio::select! {
            telling = tellings.recv() => match telling {
                Some(telling) => desk.tell(*telling),
                None => break,
            },
            Some(done) = desk.under_way.join_next() => desk.done(done.ok()),
        }
    }
    let last_words = async {
        while let Some(done) = desk.under_way.join_next().await {
            desk.done(done.ok());
        }
    };
    // What is not told by then is lost with the node, as its figures say.
    let _ = tokio::time::timeout(LAST_WORDS, last_words).await;
}

impl Desk {
    fn tell(&mut self, Telling { event, to }: Telling) {
        let event = Arc::new(event);
        for (receiver, sequence) in to {
            if self.is_listener(&receiver, &event) {
                continue;
            }
            self.figures.told.one();
            let waiting = Waiting {
                event: event.clone(),
                sequence,
            };
            let chain = Chain::of(receiver, &event);
            match self.chains.put(chain.clone(), waiting) {
                chains::Put::First => self.begin(chain),
                chains::Put::Behind => {}
                chains::Put::NoRoom => self.figures.dropped.one(),
            }
        }
        self.figures.waiting.set(self.chains.waiting() as u64);
    }

    /// Tells it to a listener; false if the receiver is none.
    fn is_listener(&self, receiver: &Receiver, event: &Arc<Event>) -> bool {
        let Receiver::Named(name) = receiver else { return false };
        match &**name {
            READERS => {
                // An error is that nobody reads now.
                let _ = self.listeners.readers.send(event.clone());
            }
            PROOFS => {
                if self.listeners.proofs.try_send(event.clone()).is_err() {
                    self.figures.dropped.one();
                }
            }
            _ => return false,
        }
        true
    }

    /// Tells the first event of a chain.
    fn begin(&mut self, chain: Chain) {
        let Some((first, places)) = self.chains.first(&chain) else {
            return;
        };
        let target = self.target(&chain.receiver);
        let teller = self.teller.clone();
        self.under_way.spawn(async move {
            teller.tell(&target, &first, &places).await;
            chain
        });
    }

    /// A chain's first event is received, or given up. None: it ended by a panic, which was printed when it happened.
    fn done(&mut self, chain: Option<Chain>) {
        let Some(chain) = chain else { return };
        if self.chains.over(&chain) == chains::Left::More {
            self.begin(chain);
        }
        self.figures.waiting.set(self.chains.waiting() as u64);
    }

    /// A name that is no webhook's is an event sink's.
    fn target(&self, receiver: &Receiver) -> Target {
        match receiver {
            Receiver::Subscribed(webhook) => Target::Webhook(Arc::new(Webhook::subscribed(webhook))),
            Receiver::Named(name) => match self.webhooks.get(name) {
                Some(webhook) => Target::Webhook(webhook.clone()),
                None => Target::Sink(name.clone()),
            },
        }
    }
}

/// Tells one event at a time.
struct Teller {
    courier: Courier,
    sinks: Inbox,
    last_sink_key: AtomicU64,
    config: TellingConfig,
    figures: Arc<TellingFigures>,
}

impl Teller {
    /// Tells an event until it is received or given up. One try at a time takes one of the receiver's places.
    async fn tell(&self, target: &Target, waiting: &Waiting, places: &tokio::sync::Semaphore) {
        let attempts = match target {
            Target::Webhook(_) => self.config.attempts,
            Target::Sink(_) => SINK_ATTEMPTS,
        };
        for attempt in 1..=attempts {
            let tried = {
                // They are never closed.
                let _place = places.acquire().await;
                self.attempt(target, waiting).await
            };
            let Err(why) = tried else {
                return self.figures.received.one();
            };
            self.figures.failed.one();
            if attempt == attempts || matches!(why, Failed::ForGood(_)) {
                return self.give_up(target, waiting, attempt, &why);
            }
            tokio::time::sleep(pause(self.config.pause, attempt, waiting)).await;
        }
    }

    fn give_up(&self, target: &Target, Waiting { event, sequence }: &Waiting, attempts: u32, why: &Failed) {
        self.figures.given_up.one();
        let (call, kind) = (event.call, event.what.kind());
        let receiver = match target {
            Target::Webhook(webhook) => &webhook.name,
            Target::Sink(name) => name,
        };
        tracing::warn!(%call, %kind, sequence, %receiver, attempts, %why, "an event was not received and is given up");
    }

    async fn attempt(&self, target: &Target, Waiting { event, sequence }: &Waiting) -> Result<(), Failed> {
        match target {
            Target::Webhook(webhook) => self.courier.send(webhook, event, *sequence).await,
            Target::Sink(name) => self.run_sink(name, event, *sequence).await,
        }
    }

    /// The shard limits how long a sink has; it always answers.
    async fn run_sink(&self, name: &Arc<str>, event: &Arc<Event>, sequence: u32) -> Result<(), Failed> {
        let (done, received) = oneshot::channel();
        let to = ToSink {
            key: SinkKey(self.last_sink_key.fetch_add(1, Ordering::Relaxed)),
            sink: name.clone(),
            event: event.clone(),
            sequence,
        };
        if !self.sinks.sink(to, done) {
            return Err(Failed::Again("too much waits for event sinks".to_owned()));
        }
        match received.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(NotReceived::NoSuchSink)) => Err(Failed::ForGood(NotReceived::NoSuchSink.to_string())),
            Ok(Err(why)) => Err(Failed::Again(why.to_string())),
            Err(_) => Err(Failed::ForGood("the node stops".to_owned())),
        }
    }
}

/// Twice as long after each try; those of different calls are spread by a quarter of it either way.
fn pause(first: Duration, attempt: u32, waiting: &Waiting) -> Duration {
    let usual = first.saturating_mul(1 << (attempt - 1).min(16));
    let spread = (waiting.event.call.0 % 512) as u32;
    usual * (768 + spread) / 1_024
}

#[cfg(test)]
mod tests;
