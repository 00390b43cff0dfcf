//! The endpoint: the index of transactions and dialogs, and the one door in and out. It decides to whom a message
//! belongs; [`crate::transaction`] and [`crate::dialog`] hold the state. Owns no socket and no clock.
//!
//! The contract: after every `handle` and every command drain `poll` until `None`, then wait for a datagram or
//! `wake_at`, whichever is first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::address::NameAddr;
use crate::dialog::Dialog;
use crate::dialog::head::HOPS;
pub use crate::dialog::session::SessionTimer;
use crate::digest::Credentials;
use crate::event::{EndCause, Event};
use crate::flow::{Flow, Listener, ShardOf, Target};
use crate::gate::Gate;
use crate::limits::{Limits, TIMERS_PER_CALL};
use crate::message::Message;
use crate::parse::{Fault, read};
use crate::proven::Proven;
use crate::timers::{Owner, Schedule, TimerValues};
use crate::token::Tokens;
use crate::transaction::key::Key;
use crate::transaction::server::Server;
use crate::transaction::table::{Clients, Servers, TxId};
use crate::uri::Uri;

mod auth;
mod calling;
mod changes;
mod counters;
mod deadline;
mod exchange;
mod inside;
mod keys;
mod outward;
mod overload;
mod refer;
mod reliable;
mod replaces;
mod reply;
mod request;
mod response;
mod sending;
mod serving;
mod session_timer;
mod transfer;
mod unreachable;

pub use counters::Counters;
use exchange::Series;
use overload::{Refused, Time};
use refer::Refer;
use reply::Refusal;

/// How an endpoint is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where peers reach us, by transport: written into Via and Contact. At least one.
    pub listeners: Vec<Listener>,
    /// `User-Agent` and `Server`. Empty: the headers are left out.
    pub user_agent: String,
    /// Retransmission timing.
    pub timers: TimerValues,
    /// How much may be held.
    pub limits: Limits,
    /// Which share of the calls this endpoint holds.
    pub shard: ShardOf,
    /// How sessions are watched.
    pub session: SessionTimer,
}

impl Config {
    /// The usual values: RFC timers, all calls in one endpoint.
    pub fn new(listeners: Vec<Listener>, user_agent: impl Into<String>) -> Self {
        Self {
            listeners,
            user_agent: user_agent.into(),
            timers: TimerValues::default(),
            limits: Limits::default(),
            shard: ShardOf::ONLY,
            session: SessionTimer::default(),
        }
    }
}

/// What goes in.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A datagram came, or one whole message of a stream.
    Message {
        /// The way it came.
        flow: Flow,
        /// Its bytes.
        bytes: &'a [u8],
        /// The client that this way belongs to, if it has proved who it is.
        proven: Option<&'a Arc<Proven>>,
    },
    /// A message came, and there is no time for anything new. What it would begin (a call, a registration) is answered 503
    /// with a Retry-After of a few seconds, before anything is made of it; all else is as with `Message`. A call once
    /// refused stays refused: a repetition of its INVITE that comes as a `Message` gets the same answer.
    Excess {
        /// The way it came.
        flow: Flow,
        /// Its bytes.
        bytes: &'a [u8],
        /// As with `Message`.
        proven: Option<&'a Arc<Proven>>,
    },
    /// What was to be sent this way could not be: no connection came about, or it is gone.
    SendFailed {
        /// The way as [`Output::Send`] named it.
        flow: Flow,
    },
    /// The time named by `wake_at` came (calling early or late does no harm).
    Deadline,
}

/// The way a message came, and the client that has proved that it is its own.
pub(crate) type Arrived<'a> = (Flow, Option<&'a Arc<Proven>>);

/// What comes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this message.
    Send {
        /// The way.
        to: Flow,
        /// For TLS: the name the peer's certificate must show if a connection has to be opened.
        name: Option<Arc<str>>,
        /// The message, shared with later retransmissions.
        bytes: Arc<[u8]>,
        /// The dialog it belongs to, if any.
        dialog: Option<DialogId>,
    },
    /// Tell the user.
    Event(Event),
}

/// Names a dialog, from the first INVITE to [`Event::Ended`]. Never used again by the same endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId(pub(crate) u64);

/// Names a transfer, ours or the peer's, from REFER to its outcome. Never used again by the same endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferId(pub(crate) u64);

/// Names a request outside dialogs, ours or a peer's, until it is answered. Never used again by the same endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub(crate) u64);

/// How to refuse an INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// 300..=699.
    pub status: u16,
    /// Adds a Retry-After header, in seconds.
    pub retry_after_s: Option<u32>,
}

/// An INVITE to send.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Request-URI, and To unless `to` says otherwise.
    pub uri: Uri,
    /// Where to send it.
    pub target: Target,
    /// Who calls; a tag is added.
    pub from: NameAddr,
    /// Whom the caller meant, if not `uri`.
    pub to: Option<NameAddr>,
    /// The offer. `None`: the peer offers in its 200 and `acknowledge` carries our answer.
    pub sdp: Option<Vec<u8>>,
    /// Further headers, in order. Names must be tokens and none of those the endpoint writes itself.
    pub headers: Vec<(String, String)>,
    /// Route values the INVITE carries, in order (a proxy every request has to pass, or a path a phone registered).
    pub routes: Vec<String>,
    /// Who we are, if the peer asks.
    pub credentials: Option<Credentials>,
    /// Max-Forwards: for a call that continues another, one less than that one had; else 70.
    pub max_forwards: u8,
}

impl Outgoing {
    /// A plain INVITE without an offer.
    pub fn new(uri: Uri, target: impl Into<Target>, from: NameAddr) -> Self {
        Self {
            uri,
            target: target.into(),
            from,
            to: None,
            sdp: None,
            headers: Vec::new(),
            routes: Vec::new(),
            credentials: None,
            max_forwards: HOPS,
        }
    }
}

/// Why a command was refused. Nothing was sent and nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogError {
    /// No such dialog, or it has ended.
    Unknown,
    /// The dialog is in a state that does not allow this (for instance already answered, or the request was cancelled).
    WrongState,
    /// A status outside the range of the command.
    BadStatus,
    /// A limit of [`Limits`] is reached.
    Full,
    /// A header that the endpoint writes itself, or whose name is not a token.
    BadHeader,
    /// The message would be longer than `Limits::message_bytes`, or has too many headers.
    TooLarge,
    /// The peer has said that it does not know the method this needs.
    Unsupported,
}

impl fmt::Display for DialogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no such dialog",
            Self::WrongState => "the dialog's state does not allow this",
            Self::BadStatus => "status outside the range of this command",
            Self::Full => "a limit is reached",
            Self::BadHeader => "a header that may not be given",
            Self::TooLarge => "the message would be too large",
            Self::Unsupported => "the peer does not know the method",
        })
    }
}

impl std::error::Error for DialogError {}

/// Transactions and dialogs of one share of the calls. Its many fields are the tables,
/// their indexes, and what all of them need.
pub struct Endpoint {
    config: Config,
    tokens: Tokens,
    servers: Servers,
    clients: Clients,
    /// The way each client transaction went, for when it fails. As large as `clients`.
    flights: BTreeSet<(Flow, TxId)>,
    /// The connection each server transaction answers on. As large as `servers`.
    arrivals: BTreeSet<(Flow, TxId)>,
    dialogs: BTreeMap<DialogId, Dialog>,
    /// Call-ID and our tag to dialog.
    index: BTreeMap<(String, String), DialogId>,
    /// Judges what belongs to nothing we have. `None`: all of it comes in.
    gate: Option<Gate>,
    refers: BTreeMap<ReferId, Refer>,
    /// Calls that were refused because there was no time.
    refused: Refused,
    /// Requests outside dialogs that wait for the user. At most as many as `servers`.
    exchanges: BTreeMap<ExchangeId, TxId>,
    /// Registrations of ours by registrar and address of record. At most [`crate::limits::REGISTRATIONS`].
    registrations: BTreeMap<(String, String), Series>,
    /// The dialog the last message belonged to.
    touched: Option<DialogId>,
    /// The last number given to a dialog, a refer or an exchange.
    last_id: u64,
    schedule: Schedule,
    /// Filled by one input, drained before the next: no input makes more than a few outputs.
    outputs: VecDeque<Output>,
    counters: Counters,
}

impl Endpoint {
    /// An endpoint that holds nothing yet. All its random values follow from `seed`.
    ///
    /// # Panics
    /// If `config.listeners` is empty: an endpoint without a door has nothing to write into Via.
    pub fn new(config: Config, seed: u64) -> Self {
        assert!(!config.listeners.is_empty(), "an endpoint needs at least one listener");
        Self {
            config,
            tokens: Tokens::new(seed),
            servers: Servers::default(),
            clients: Clients::default(),
            flights: BTreeSet::new(),
            arrivals: BTreeSet::new(),
            dialogs: BTreeMap::new(),
            index: BTreeMap::new(),
            gate: None,
            refers: BTreeMap::new(),
            refused: Refused::default(),
            exchanges: BTreeMap::new(),
            registrations: BTreeMap::new(),
            touched: None,
            last_id: 0,
            schedule: Schedule::default(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Puts a gate before everything that belongs to no transaction and no dialog. Without one, all of that comes in
    /// from [`Origin::Anyone`](crate::Origin::Anyone).
    pub fn set_gate(&mut self, gate: Gate) {
        self.gate = Some(gate);
    }

    /// The gate, if there is one.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// The gate, if there is one: for new users and peers, and for registrations to be mirrored.
    pub fn gate_mut(&mut self) -> Option<&mut Gate> {
        self.gate.as_mut()
    }

    /// Takes one input. Nothing in a datagram can make this fail.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Message { flow, bytes, proven } => self.message(now, (flow, proven), bytes, Time::Enough),
            Input::Excess { flow, bytes, proven } => self.message(now, (flow, proven), bytes, Time::Short),
            Input::SendFailed { flow } => self.send_failed(now, flow),
            Input::Deadline => {
                for _ in 0..TIMERS_PER_CALL {
                    match self.schedule.due(now) {
                        Some(owner) => self.deadline(now, owner),
                        None => break,
                    }
                }
            }
        }
    }

    /// The next output. Drain after every `handle` and every command.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle(Deadline)` is due. `None`: not before the next input.
    pub fn wake_at(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// The dialog the last [`Input::Message`] belonged to, if any: for whoever keeps a trace of each call.
    pub fn touched(&self) -> Option<DialogId> {
        self.touched
    }

    /// What happened so far and what is alive.
    pub fn counters(&self) -> Counters {
        Counters {
            transactions: self.servers.len() + self.clients.len(),
            ..self.counters
        }
    }

    fn message(&mut self, now: Instant, from: Arrived<'_>, bytes: &[u8], time: Time) {
        self.touched = None;
        let flow = from.0;
        let read = match bytes.len() > self.config.limits.message_bytes {
            true => None,
            false => match read(bytes) {
                Ok(read) => Some(read),
                Err(bad) if bad.why == Fault::KeepAlive => {
                    self.counters.keep_alives += 1;
                    return;
                }
                Err(_) => None,
            },
        };
        match read {
            Some((Message::Request(request), None)) => self.request_came(now, from, request, time),
            Some((Message::Response(response), None)) => self.response(now, flow, Arc::new(response)),
            Some((Message::Request(request), Some(fault))) => {
                self.counters.malformed += 1;
                self.refuse_malformed(from, &request, fault);
            }
            Some((Message::Response(_), Some(_))) | None => self.counters.malformed += 1,
        }
    }

    fn add_server(&mut self, server: Server, keys: Vec<Key>) -> TxId {
        let to = server.reply_to;
        let tx = self.servers.add(server, keys);
        if to.connection.is_some() {
            self.arrivals.insert((to, tx));
        }
        tx
    }

    fn remove_server(&mut self, tx: TxId) -> Option<Server> {
        let server = self.servers.remove(tx)?;
        self.arrivals.remove(&(server.reply_to, tx));
        self.set_server_timer(tx);
        Some(server)
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn set_server_timer(&mut self, id: TxId) {
        self.schedule.set(
            Owner::Server(id),
            self.servers.get(id).and_then(|server| server.beat.next()),
        );
    }

    fn set_client_timer(&mut self, id: TxId) {
        self.schedule.set(
            Owner::Client(id),
            self.clients.get(id).and_then(|client| client.beat.next()),
        );
    }

    fn set_dialog_timer(&mut self, id: DialogId) {
        self.schedule
            .set(Owner::Dialog(id.0), self.dialogs.get(&id).and_then(Dialog::wake_at));
    }

    fn new_dialog_id(&mut self) -> DialogId {
        DialogId(self.new_id())
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn keep_dialog(&mut self, dialog: Dialog) {
        self.index
            .insert((dialog.call_id.clone(), dialog.local_tag.clone()), dialog.id);
        self.dialogs.insert(dialog.id, dialog);
        self.counters.dialogs += 1;
    }

    /// The dialog of a command: one that has not ended for the user.
    fn live(&mut self, id: DialogId) -> Result<&mut Dialog, DialogError> {
        let dialog = self.dialogs.get_mut(&id).ok_or(DialogError::Unknown)?;
        if dialog.state == crate::dialog::State::Closing {
            Err(DialogError::Unknown)
        } else {
            Ok(dialog)
        }
    }

    /// Tells the user that a dialog is over. Called once for each dialog, by the functions that end one.
    fn tell_ended(&mut self, dialog: DialogId, cause: EndCause) {
        self.counters.dialogs -= 1;
        self.tell(Event::Ended { dialog, cause });
    }

    /// Forgets a dialog whose end is told already or about to be. One that open transfers need stays for them.
    fn forget(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else {
            return;
        };
        let waiting = [dialog.inbound.take(), dialog.changes.inbound.take()];
        let lost = [
            dialog.outbound.take(),
            dialog.owed.take(),
            dialog.changes.update.take(),
            dialog.keys.under_way.take(),
        ];
        dialog.close();
        if dialog.refers.open > 0 {
            dialog.refers.only = true;
            self.set_dialog_timer(id);
            self.hurry_transfers(now, id);
        } else if let Some(dialog) = self.dialogs.remove(&id) {
            self.index.remove(&(dialog.call_id, dialog.local_tag));
            self.schedule.set(Owner::Dialog(id.0), None);
        }
        for tx in waiting.into_iter().flatten() {
            self.respond(now, tx, &Refusal::new(487));
        }
        for tx in lost.into_iter().flatten() {
            self.orphan(now, tx);
        }
    }

    /// Nobody waits for this request's answer any more: the transaction finishes by itself in bounded time.
    fn orphan(&mut self, now: Instant, tx: TxId) {
        if let Some(client) = self.clients.get_mut(tx) {
            client.orphan(now, &self.config.timers);
            self.set_client_timer(tx);
        }
    }

    /// Ends a dialog that has nothing left to say.
    fn end(&mut self, now: Instant, id: DialogId, cause: EndCause) {
        self.forget(now, id);
        self.tell_ended(id, cause);
    }
}

#[cfg(test)]
mod tests;
