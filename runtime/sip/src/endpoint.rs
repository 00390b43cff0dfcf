//! The endpoint: the index of transactions and dialogs, and the one door in and out. It decides to whom a message
//! belongs; [`crate::transaction`] and [`crate::dialog`] hold the state. Owns no socket and no clock.
//!
//! The contract: after every `handle` and every command drain `poll` until `None`, then wait for a datagram or
//! `wake_at`, whichever is first.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::address::NameAddr;
use crate::event::Event;
use crate::limits::Limits;
use crate::timers::TimerValues;
use crate::uri::Uri;

/// How an endpoint is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address peers reach us at: written into Via and Contact.
    pub contact: SocketAddr,
    /// `User-Agent` and `Server`. Empty: the headers are left out.
    pub user_agent: String,
    /// Retransmission timing.
    pub timers: TimerValues,
    /// How much may be held.
    pub limits: Limits,
}

/// What goes in.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A datagram came.
    Datagram {
        /// Its source address.
        from: SocketAddr,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// The time named by `wake_at` came (calling early or late does no harm).
    Deadline,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this datagram.
    Send {
        /// Where to.
        to: SocketAddr,
        /// The payload, shared with later retransmissions.
        bytes: Arc<[u8]>,
    },
    /// Tell the user.
    Event(Event),
}

/// Names a dialog, from the first INVITE to [`Event::Ended`]. Never used again by the same endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId(pub(crate) u64);

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
    /// Request-URI and To.
    pub uri: Uri,
    /// Where to send it.
    pub destination: SocketAddr,
    /// Who calls; a tag is added.
    pub from: NameAddr,
    /// The offer. `None`: the peer offers in its 200 and `acknowledge` carries our answer.
    pub sdp: Option<Vec<u8>>,
    /// Further headers, in order. Names must be tokens and none of those the endpoint writes itself.
    pub headers: Vec<(String, String)>,
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
        })
    }
}

impl std::error::Error for DialogError {}

/// What happened so far, and what is alive now. Every field is one line of a metrics page, hence so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Well-formed requests received, retransmissions included.
    pub requests_received: u64,
    /// Requests sent for the first time.
    pub requests_sent: u64,
    /// Well-formed responses received by class: `[0]` is 1xx, `[5]` is 6xx.
    pub responses_received: [u64; 6],
    /// Responses sent for the first time by class.
    pub responses_sent: [u64; 6],
    /// Requests and responses received again and absorbed.
    pub retransmissions_received: u64,
    /// Messages sent again, by timer or because the peer repeated itself.
    pub retransmissions_sent: u64,
    /// Datagrams that were no acceptable message.
    pub malformed: u64,
    /// Well-formed messages that belong to nothing: stray ACKs and responses.
    pub strays: u64,
    /// Keep-alive datagrams.
    pub keep_alives: u64,
    /// Requests refused with 503 because a limit was reached.
    pub overload_refusals: u64,
    /// Client transactions that got no final response in time.
    pub timeouts: u64,
    /// Transactions alive.
    pub transactions: usize,
    /// Dialogs alive, from INVITE to `Ended`.
    pub dialogs: usize,
}

/// Transactions and dialogs of one share of the calls.
pub struct Endpoint {
    outputs: VecDeque<Output>,
    held: BTreeMap<DialogId, ()>,
}

impl Endpoint {
    /// An endpoint that holds nothing yet. All its random values follow from `seed`.
    pub fn new(config: Config, seed: u64) -> Self { let _ = (config, seed); Self { outputs: VecDeque::new(), held: BTreeMap::new() } }
    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) { let _ = (now, input); }
    /// The next output. Drain after every `handle` and command.
    pub fn poll(&mut self) -> Option<Output> { self.outputs.pop_front() }
    /// When `handle(Deadline)` is due.
    pub fn wake_at(&self) -> Option<Instant> { None }
    fn none(&self, dialog: DialogId) -> Result<(), DialogError> { self.held.get(&dialog).copied().ok_or(DialogError::Unknown) }
    /// Sends a provisional response, 101..=199.
    /// # Errors
    /// See [`DialogError`].
    pub fn provisional(&mut self, _now: Instant, dialog: DialogId, _status: u16, _sdp: Option<Vec<u8>>) -> Result<(), DialogError> { self.none(dialog) }
    /// Answers the INVITE with 200.
    /// # Errors
    /// See [`DialogError`].
    pub fn accept(&mut self, _now: Instant, dialog: DialogId, _sdp: Vec<u8>) -> Result<(), DialogError> { self.none(dialog) }
    /// Refuses the INVITE; `Ended{Rejected}` follows.
    /// # Errors
    /// See [`DialogError`].
    pub fn reject(&mut self, _now: Instant, dialog: DialogId, _rejection: Rejection) -> Result<(), DialogError> { self.none(dialog) }
    /// Answers a re-INVITE with 200.
    /// # Errors
    /// See [`DialogError`].
    pub fn accept_reinvite(&mut self, _now: Instant, dialog: DialogId, _sdp: Vec<u8>) -> Result<(), DialogError> { self.none(dialog) }
    /// Refuses a re-INVITE with 300..=699; the session stays as it was.
    /// # Errors
    /// See [`DialogError`].
    pub fn reject_reinvite(&mut self, _now: Instant, dialog: DialogId, _status: u16) -> Result<(), DialogError> { self.none(dialog) }
    /// Ends an established dialog.
    /// # Errors
    /// See [`DialogError`].
    pub fn bye(&mut self, _now: Instant, dialog: DialogId) -> Result<(), DialogError> { self.none(dialog) }
    /// Places a call.
    /// # Errors
    /// See [`DialogError`].
    pub fn invite(&mut self, _now: Instant, _outgoing: Outgoing) -> Result<DialogId, DialogError> { Err(DialogError::Full) }
    /// Gives up a call that is not answered yet.
    /// # Errors
    /// See [`DialogError`].
    pub fn cancel(&mut self, _now: Instant, dialog: DialogId) -> Result<(), DialogError> { self.none(dialog) }
    /// Sends the ACK we owe after a 2xx with an offer.
    /// # Errors
    /// See [`DialogError`].
    pub fn acknowledge(&mut self, _now: Instant, dialog: DialogId, _sdp: Option<Vec<u8>>) -> Result<(), DialogError> { self.none(dialog) }
    /// Changes the session.
    /// # Errors
    /// See [`DialogError`].
    pub fn reinvite(&mut self, _now: Instant, dialog: DialogId, _sdp: Option<Vec<u8>>) -> Result<(), DialogError> { self.none(dialog) }
    /// What happened so far and what is alive.
    pub fn counters(&self) -> Counters { Counters::default() }
}
