//! The shard threads: each owns a [`Shard`] and its inbox, waits until something comes or the shard's next deadline, and
//! carries out what the shard wants. Not here: anything about a call.
//!
//! What is in the inbox goes to a waiting room first, which says who is served next and what has waited so long that it is
//! refused ([`WaitingRoom`]). Both are bounded. A datagram that finds the inbox full, or too much of its class waiting, is
//! dropped and counted, and the far end sends it again; a message of a stream makes its connection wait first. Reports of
//! media threads stay with the media thread until there is room, places of addresses with the thread that looked them up.
//! Orders of the node wait.

mod asking;
mod inbox;
mod places;

pub(crate) use inbox::{INBOX, Inbox, Order, Outbox, Taken};

use crate::api::History;
use crate::aside::Aside;
use crate::browsers::DoorQueue;
use crate::dns::DnsQueue;
use crate::fetch::FetchQueue;
use crate::figures::{Figures, ShardFigures};
use crate::journals::JournalQueue;
use crate::live_streams::{self, LiveQueue};
use crate::media_threads::{Handed, MediaQueue};
use crate::net::Datagrams;
use crate::recordings::RecordingQueue;
use crate::records::RecordQueue;
use crate::start_error::StartError;
use crate::telling::TellingQueue;
use crate::trace::store::TraceQueue;
use crate::trace::{Direction, TraceRecord, What};
use crate::transports::{Ordered, SendOrder, Sender, StreamQueue};
use crate::watch::{Seen, Watchers};
use inbox::{Received, ToShard};
use patchcord_control::ids::{CallId, LegId};
use patchcord_control::record::CallRecord;
use patchcord_control::words::{Error, NoResponse, NotRecorded};
use patchcord_sip::identity::FetchFailure;
use patchcord_sip::{Class, Flow, Transport};
use patchcord_switch::stream::StreamKey;
use patchcord_switch::waiting::{Next, WaitingRoom};
use patchcord_switch::{
    Config, Input, MediaPort, Notice, Output, PresenceTold, Query, RecordingKey, Shard, SinkKey, Way,
};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Inputs are taken for so long before the figures are published and deadlines are looked at again.
const TIME_PER_WAKE: Duration = Duration::from_millis(10);
/// The same while turns of handlers wait for their next slice: they get some tenth of the time even when there is no end of inputs.
const TIME_PER_SLICE: Duration = Duration::from_millis(1);
/// How often figures are published at most; the page is read once in seconds, a drain looks 50 times a second.
const PUBLISH: Duration = Duration::from_millis(20);

/// A running shard thread; dropping it stops and joins it. Calls it still has are gone without a record: end them first.
pub(crate) struct ShardThread {
    inbox: Inbox,
    thread: Option<JoinHandle<()>>,
}

impl Drop for ShardThread {
    fn drop(&mut self) {
        self.inbox.order(Order::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// What a shard thread is made from.
pub(crate) struct Desk {
    pub(crate) index: usize,
    pub(crate) config: Config,
    pub(crate) ports: Vec<MediaPort>,
    pub(crate) inbox: Inbox,
    pub(crate) outbox: Outbox,
    pub(crate) ways_out: WaysOut,
}

/// Where a shard's outputs go.
pub(crate) struct WaysOut {
    /// All shards; a shard tells the others what it learns.
    pub(crate) shards: Vec<Inbox>,
    pub(crate) datagrams: Datagrams,
    pub(crate) streams: StreamQueue,
    pub(crate) dns: DnsQueue,
    /// Only if signatures are judged.
    pub(crate) fetch: Option<FetchQueue>,
    /// Whoever speaks, has sound files, or recognises.
    pub(crate) aside: Aside,
    pub(crate) media: Vec<MediaQueue>,
    /// None if no browser is taken: then no shard has an order for it.
    pub(crate) door: Option<DoorQueue>,
    pub(crate) records: RecordQueue,
    /// None if nothing is recorded.
    pub(crate) recordings: Option<RecordingQueue>,
    pub(crate) live_streams: LiveQueue,
    pub(crate) traces: Option<TraceQueue>,
    pub(crate) journals: Option<JournalQueue>,
    /// Calls that are over, for the API. Its two locks are the only ones of a shard, each held for a
    /// moment: a call is in it before it is no longer alive.
    pub(crate) history: Option<Arc<History>>,
    /// None where event sinks run: nobody is told of those, and the thread that tells ends before them.
    pub(crate) tellings: Option<TellingQueue>,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) figures: Arc<Figures>,
}

/// Starts a shard thread.
pub(crate) fn start(desk: Desk) -> Result<ShardThread, StartError> {
    let inbox = desk.inbox.clone();
    let shard = Shard::new(Instant::now(), desk.config).map_err(StartError::Shard)?;
    let thread = std::thread::Builder::new()
        .name(format!("shard-{}", desk.index))
        .spawn(move || Work::new(shard, desk.outbox, (desk.index, desk.ports), desk.ways_out).run())
        .map_err(StartError::Thread)?;
    Ok(ShardThread {
        inbox,
        thread: Some(thread),
    })
}

/// Whether the thread goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    Home,
}

/// A shard thread's state.
struct Work {
    index: usize,
    shard: Shard,
    outbox: Outbox,
    room: WaitingRoom<ToShard>,
    out: WaysOut,
    /// When figures were published last, and whether anything happened since.
    published: Instant,
    stale: bool,
    /// What could not even be handed over, until the shard has said all it wants.
    undone: VecDeque<Undone>,
    /// Who waits for event sinks. Bounded by the calls of the shard.
    sinks: HashMap<SinkKey, oneshot::Sender<Received>>,
}

/// Something the shard wanted and will not get, or has got at once.
enum Undone {
    Send(Flow),
    Resolve(Query),
    Fetch(Query),
    Record(RecordingKey, NotRecorded),
    Speak(Query, &'static str),
    Recognise(Query, &'static str),
    Store(Query, &'static str),
    AskWeb(Query),
    Presence(Query, PresenceTold),
    Stream(StreamKey),
}

impl Work {
    fn new(shard: Shard, outbox: Outbox, (index, ports): (usize, Vec<MediaPort>), out: WaysOut) -> Self {
        let mut work = Self {
            index,
            shard,
            outbox,
            room: WaitingRoom::new(Instant::now()),
            out,
            published: Instant::now(),
            stale: true,
            undone: VecDeque::new(),
            sinks: HashMap::new(),
        };
        work.handle(Input::Ports(ports));
        work
    }

    fn run(mut self) {
        loop {
            if self.await_something() == Go::Home || self.serve() == Go::Home {
                return;
            }
            if self.shard.wake_at().is_some_and(|at| at <= Instant::now()) {
                self.handle(Input::Deadline);
            }
            self.publish();
        }
    }

    /// Waits until something is in the waiting room, or something is due.
    fn await_something(&mut self) -> Go {
        if !self.room.is_empty() {
            return Go::On;
        }
        let first = match self.wait() {
            None => self.outbox.receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => self.outbox.receiver.recv_timeout(wait),
        };
        match first {
            Ok(told) => {
                self.let_in(told);
                Go::On
            }
            Err(RecvTimeoutError::Timeout) => Go::On,
            Err(RecvTimeoutError::Disconnected) => Go::Home,
        }
    }

    /// How long nothing has to be done; none: until something comes.
    fn wait(&self) -> Option<Duration> {
        let publish = self.stale.then(|| self.published + PUBLISH);
        let wake_at = [self.shard.wake_at(), publish].into_iter().flatten().min()?;
        Some(wake_at.saturating_duration_since(Instant::now()))
    }

    /// Serves and refuses those who wait, for a while. What came meanwhile is let in each time: it may be more urgent.
    fn serve(&mut self) -> Go {
        let time = match self.shard.is_working() {
            true => TIME_PER_SLICE,
            false => TIME_PER_WAKE,
        };
        let until = Instant::now() + time;
        loop {
            while self.room.len() < INBOX
                && let Ok(told) = self.outbox.receiver.try_recv()
            {
                self.let_in(told);
            }
            let now = Instant::now();
            let Some(next) = self.room.next(now) else { return Go::On };
            let went = match next {
                Next::Serve(told) => self.take(told),
                Next::Refuse(told) => self.refuse(told),
            };
            if went == Go::Home || now >= until {
                return went;
            }
        }
    }

    fn let_in(&mut self, told: ToShard) {
        match told {
            ToShard::Message { came, class, .. } => self.room.put(came, class, told),
            told => self.room.put(Instant::now(), Class::Inside, told),
        }
    }

    /// There is no time for what a message would begin.
    fn refuse(&mut self, told: ToShard) -> Go {
        match told {
            ToShard::Message {
                flow,
                bytes,
                proven,
                class,
                ..
            } => {
                self.outbox.waiting.leave(class);
                let bytes = &bytes;
                self.handle(Input::Excess { flow, bytes, proven });
                Go::On
            }
            // What comes from inside the node is never refused.
            told => self.take(told),
        }
    }

    fn take(&mut self, told: ToShard) -> Go {
        match told {
            ToShard::Message {
                flow,
                bytes,
                proven,
                class,
                ..
            } => {
                self.outbox.waiting.leave(class);
                let bytes = &bytes;
                self.handle(Input::Message { flow, bytes, proven });
            }
            ToShard::SendFailed { flow } => self.handle(Input::SendFailed { flow }),
            ToShard::Resolved { query, targets } => self.handle(Input::Resolved { query, targets }),
            ToShard::Fetched { query, file } => self.handle(Input::Fetched { query, file }),
            ToShard::Report(report) => self.handle(Input::Media(report)),
            ToShard::Door { session, event } => self.handle(Input::Door { session, event }),
            ToShard::Recorded { key, stored } => self.handle(Input::Recorded { key, stored }),
            ToShard::Spoken { query, sound } => self.handle(Input::Spoken { query, sound }),
            ToShard::Recognised { query, heard } => self.handle(Input::Recognised { query, heard }),
            ToShard::KeptFor { query, reply } => self.handle(Input::Stored { query, reply }),
            ToShard::Responded { query, response } => self.handle(Input::Responded { query, response }),
            ToShard::Presence { query, told } => self.handle(Input::Presence { query, told }),
            ToShard::Stream { key, signal } => self.handle(Input::Stream { key, signal }),
            ToShard::Recognition { key, signal } => self.handle(Input::Recognition { key, signal }),
            ToShard::Sink { to, done } => {
                self.sinks.insert(to.key, done);
                self.handle(Input::Tell(to));
            }
            ToShard::Location(change) => self.handle(Input::Location(change)),
            ToShard::Trunk(found) => self.handle(Input::Trunk(found)),
            ToShard::Order(Order::StartTrunks) => self.handle(Input::StartTrunks),
            ToShard::Order(Order::Reload(reload)) => self.handle(Input::Reload(reload)),
            ToShard::Order(Order::Directory(directory)) => self.handle(Input::Directory(directory)),
            ToShard::Order(Order::Drain) => {
                self.handle(Input::Drain);
                // First the count of calls, then the word that it can only fall.
                self.publish_now();
                self.figures().draining.set(1);
            }
            ToShard::Request(request) => {
                self.stale = true;
                request.carry_out(Instant::now(), &mut self.shard);
                self.carry_on();
            }
            ToShard::Order(Order::EndAll) => self.handle(Input::EndAll),
            ToShard::Order(Order::Stop) => return Go::Home,
        }
        Go::On
    }

    /// One input, then what comes of it, also of what could not be done. That ends: each way that fails is tried once.
    fn handle(&mut self, input: Input<'_>) {
        self.stale = true;
        self.shard.handle(Instant::now(), input);
        self.carry_on();
    }

    /// What comes of an input, also of what could not be done.
    fn carry_on(&mut self) {
        self.drain();
        while let Some(undone) = self.undone.pop_front() {
            let input = match undone {
                Undone::Send(flow) => Input::SendFailed { flow },
                Undone::Resolve(query) => Input::Resolved {
                    query,
                    targets: Vec::new(),
                },
                Undone::Fetch(query) => Input::Fetched {
                    query,
                    file: Err(FetchFailure::Busy),
                },
                Undone::Stream(key) => Input::Stream {
                    key,
                    signal: live_streams::overloaded(),
                },
                Undone::Record(key, why) => Input::Recorded { key, stored: Err(why) },
                Undone::Speak(query, why) => Input::Spoken {
                    query,
                    sound: Err(why.to_owned()),
                },
                Undone::Store(query, why) => Input::Stored {
                    query,
                    reply: Err(Error::Unavailable(why.to_owned())),
                },
                Undone::Presence(query, told) => Input::Presence { query, told },
                Undone::AskWeb(query) => Input::Responded {
                    query,
                    response: Err(NoResponse::Overloaded),
                },
                Undone::Recognise(query, why) => Input::Recognised {
                    query,
                    heard: Err(why.to_owned()),
                },
            };
            self.shard.handle(Instant::now(), input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.shard.poll() {
            self.carry_out(output);
        }
    }

    fn send(&mut self, to: Flow, name: Option<Arc<str>>, bytes: Arc<[u8]>) {
        if to.transport == Transport::Udp {
            if self.out.datagrams.send(to.peer, &bytes).is_err() {
                // Lost on the way: SIP sends again.
                self.figures().send_errors.one();
            }
            return;
        }
        let order = SendOrder {
            sender: Sender::Shard(self.index),
            to,
            name,
            bytes,
        };
        if self.out.streams.send(order) == Ordered::Dropped {
            self.undone.push_back(Undone::Send(to));
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { to, name, bytes } => self.send(to, name, bytes),
            Output::Resolve { query, uri } => self.resolve(query, uri),
            Output::FetchCertificate { query, url } => self.fetch_certificate(query, url),
            Output::Speak { query, wanted } => self.speak(query, wanted),
            Output::FetchSound { query, wanted } => self.fetch_sound(query, wanted),
            Output::Recognise { query, wanted } => self.recognise(query, wanted),
            Output::Store { query, wanted } => self.store(query, wanted),
            Output::AskWeb { query, wanted } => self.ask_web(query, wanted),
            Output::LeaveWeb { query } => self.leave_web(query),
            Output::Location(change) => {
                self.out.aside.presence.located(&change);
                self.tell_others(|inbox| inbox.location(change.clone()));
            }
            Output::AskPresence { query, tenant, ask } => self.ask_presence(query, &tenant, &ask),
            Output::LeavePresence { query } => self.out.aside.presence.leave((self.index, query)),
            Output::OnCall(leg) => self.out.aside.presence.on_call(&leg),
            Output::Trunk(found) => self.tell_others(|inbox| inbox.trunk(found.clone())),
            Output::Message {
                call,
                leg,
                way,
                flow,
                bytes,
                ago,
            } => self.trace(call, Some(leg), ago, message(way, flow, bytes)),
            Output::Media { thread, command } => {
                if self.out.media[thread].command(command) == Handed::Waited {
                    self.figures().media_queue_waits.one();
                }
            }
            Output::Door(order) => {
                if let Some(door) = &self.out.door {
                    door.order(order);
                }
            }
            Output::Recording(order) => self.record(order),
            Output::Stream(order) => self.stream(order),
            Output::Quality { call, leg, quality } => {
                if let Some(history) = &self.out.history {
                    history
                        .sightings
                        .sound((call, leg), crate::node::time_of_day(), quality);
                }
            }
            Output::Notice { call, notice } => self.notice(call, notice),
            Output::Telling(telling) => {
                if let Some(tellings) = &self.out.tellings {
                    tellings.tell(telling);
                }
            }
            Output::Received { key, received } => self.sink_done(key, received),
            Output::Journal(part) => {
                if let Some(journals) = &self.out.journals {
                    journals.part(part);
                }
            }
            Output::Limited { tenant, refused, times } => crate::log::limited(&tenant, refused, times),
            Output::Record(record) => self.call_over(record),
        }
    }

    fn notice(&mut self, call: CallId, notice: Notice) {
        self.trace_notice(call, &notice);
        if let Some(history) = &self.out.history {
            history.sightings.notice(call, crate::node::time_of_day(), &notice);
        }
        crate::log::notice(call, &notice);
        if self.out.watchers.any() {
            self.out.watchers.tell(&Seen::Notice { call, notice });
        }
    }

    fn sink_done(&mut self, key: SinkKey, received: Received) {
        if let Some(done) = self.sinks.remove(&key) {
            // Whoever waited may be gone: the node stops.
            let _ = done.send(received);
        }
    }

    fn call_over(&mut self, record: Box<CallRecord>) {
        if let Some(traces) = &self.out.traces {
            traces.ended(record.id);
        }
        self.figures().count_fault(&record);
        crate::log::ended(&record);
        let record = Arc::from(record);
        if self.out.watchers.any() {
            self.out.watchers.tell(&Seen::Ended(Arc::clone(&record)));
        }
        if let Some(history) = &self.out.history {
            history.sightings.ended(&record);
            history.put(record.clone());
        }
        if self.out.records.put(record) == Handed::Waited {
            self.figures().record_queue_waits.one();
        }
    }

    fn tell_others(&self, tell: impl Fn(&Inbox) -> Taken) {
        let others = self
            .out
            .shards
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.index);
        for (_, inbox) in others {
            if let Taken::Dropped(class) = tell(inbox) {
                self.out.figures.dropped(class).one();
            }
        }
    }

    fn trace(&self, call: CallId, leg: Option<LegId>, ago: Duration, what: What) {
        if let Some(traces) = &self.out.traces {
            let at = crate::node::time_of_day_before(ago);
            traces.record(TraceRecord { at, call, leg, what });
        }
    }

    fn trace_notice(&self, call: CallId, notice: &Notice) {
        if self.out.traces.is_none() {
            return;
        }
        let what = match notice {
            Notice::Started { handler, module, .. } => What::Note(format!("handler {handler}, module {module}")),
            Notice::Turn(turn) => What::Turn {
                ask: turn.ask.clone(),
                answer: turn.answer.clone(),
                waited: turn.waited,
            },
            Notice::Log { level, message } => What::Note(format!("log {level:?}: {message}")),
            Notice::Trial { module, news, .. } => What::Note(format!("version {module}: {news}")),
            Notice::Fault(fault) => What::Note(format!("fault: {fault}")),
        };
        self.trace(call, None, Duration::ZERO, what);
    }

    fn figures(&self) -> &ShardFigures {
        &self.out.figures.shards[self.index]
    }

    fn publish(&mut self) {
        if self.stale && self.published.elapsed() >= PUBLISH {
            self.publish_now();
        }
    }

    fn publish_now(&mut self) {
        self.figures().publish(&self.shard.counts(), &self.shard.sip_counters());
        self.published = Instant::now();
        self.stale = false;
    }
}

/// A SIP message as a trace has it.
fn message(way: Way, flow: Flow, bytes: Arc<[u8]>) -> What {
    let direction = match way {
        Way::In => Direction::In,
        Way::Out => Direction::Out,
    };
    What::Sip { direction, flow, bytes }
}

#[cfg(test)]
mod heard;
#[cfg(test)]
pub(crate) use heard::{Heard, SinkWish};

#[cfg(test)]
mod tests;
