//! Server transactions: a request that came, and the last thing we said to it. RFC 3261 17.2, RFC 6026 7.1.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Beat, Packet};
use crate::endpoint::{DialogId, ExchangeId};
use crate::flow::{Flow, LOSSY};
use crate::message::Request;
use crate::timers::TimerValues;

/// A provisional response is repeated so that proxies do not give up (RFC 3261 13.3.1.1).
const PROVISIONAL_REPEAT: Duration = Duration::from_secs(60);

/// One server transaction.
pub(crate) struct Server {
    pub(crate) request: Arc<Request>,
    /// The way the request came.
    pub(crate) flow: Flow,
    /// The way responses go.
    pub(crate) reply_to: Flow,
    /// The dialog that answers it, until the answer is final.
    pub(crate) dialog: Option<DialogId>,
    /// The dialog it belongs to.
    pub(crate) about: Option<DialogId>,
    /// The name its answer is asked for by, if the user answers it outside dialogs.
    pub(crate) exchange: Option<ExchangeId>,
    /// The To tag of every response.
    pub(crate) tag: String,
    pub(crate) state: State,
    pub(crate) beat: Beat,
    last: Option<Packet>,
}

/// Where a server transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No final response yet.
    Proceeding,
    /// INVITE answered 2xx: absorbs repeated INVITEs until timer L.
    Accepted,
    /// INVITE refused: repeats the refusal (G) until ACK or timer H.
    Completed,
    /// The ACK to a refusal came: absorbs repeated ACKs until timer I.
    Confirmed,
    /// A request other than INVITE answered: repeats the answer on request until timer J.
    Answered,
}

/// What a timer makes a transaction do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    Nothing,
    Resend(Packet),
    Over,
}

impl Server {
    pub(crate) fn new(request: Arc<Request>, flow: Flow, tag: String, dialog: Option<DialogId>) -> Self {
        let reply_to = reply_flow(&request, flow);
        Self {
            request,
            flow,
            reply_to,
            dialog,
            about: dialog,
            exchange: None,
            tag,
            state: State::Proceeding,
            beat: Beat::default(),
            last: None,
        }
    }

    /// A request other than INVITE is left to the user: its sender waits 64*T1 at most.
    pub(crate) fn wait_for_user(&mut self, now: Instant, timers: &TimerValues) {
        self.beat = Beat::ending(now, timers.timeout());
    }

    /// Notes a response that is being sent.
    pub(crate) fn respond(&mut self, now: Instant, status: u16, packet: Packet, timers: &TimerValues) {
        let is_invite = self.request.method == crate::method::Method::Invite;
        let is_reliable = self.is_reliable();
        (self.state, self.beat) = match status {
            100 => (State::Proceeding, Beat::default()),
            101..=199 => (State::Proceeding, Beat::repeating(now, PROVISIONAL_REPEAT)),
            _ if !is_invite => (
                State::Answered,
                Beat::ending(now, unless_reliable(is_reliable, timers.timeout())),
            ),
            200..=299 => (State::Accepted, Beat::ending(now, timers.timeout())),
            _ if is_reliable => (State::Completed, Beat::ending(now, timers.timeout())),
            _ => (State::Completed, Beat::resending(now, timers.t1, timers.timeout())),
        };
        if self.state != State::Proceeding {
            self.dialog = None;
        }
        self.last = Some(packet);
    }

    /// The request came again: what to send, if anything.
    pub(crate) fn repeated(&self) -> Option<Packet> {
        match self.state {
            // Our 2xx repeats by itself until its ACK comes (RFC 6026 7.1 absorbs the request; RFC 3261 13.3.1.4).
            State::Confirmed | State::Accepted => None,
            State::Proceeding | State::Completed | State::Answered => self.last.clone(),
        }
    }

    /// An ACK with this transaction's branch came. Whether it belongs here (else it belongs to a dialog).
    pub(crate) fn acknowledged(&mut self, now: Instant, timers: &TimerValues) -> bool {
        match self.state {
            State::Completed => {
                self.state = State::Confirmed;
                let is_reliable = self.is_reliable();
                self.beat = Beat::ending(now, unless_reliable(is_reliable, timers.t4));
                true
            }
            State::Confirmed => true,
            State::Proceeding | State::Accepted | State::Answered => false,
        }
    }

    /// Whether what we answer comes to its end: a border may send it on by datagrams.
    fn is_reliable(&self) -> bool {
        let is_lossy = self.request.via().is_ok_and(|via| via.param(LOSSY).is_some());
        self.reply_to.transport.is_reliable() && !is_lossy
    }

    pub(crate) fn tick(&mut self, now: Instant, timers: &TimerValues) -> Timed {
        if self.beat.has_ended(now) {
            return Timed::Over;
        }
        let steady = self.state == State::Proceeding;
        if self
            .beat
            .take_resend(now, |last| if steady { last } else { timers.next_interval(last) })
            && let Some(packet) = &self.last
        {
            return Timed::Resend(packet.clone());
        }
        Timed::Nothing
    }
}

/// The way a response goes: back over the connection its request came on, or where Via says (RFC 3261 18.2.2, RFC 3581).
pub(crate) fn reply_flow(request: &Request, flow: Flow) -> Flow {
    match request.via() {
        Ok(via) if !flow.transport.is_reliable() => Flow::udp(via.response_address(flow.peer)),
        _ => flow,
    }
}

/// If the connection a request came on is gone: a new one to the address it came from at the port in Via
/// (RFC 3261 18.2.2).
pub(crate) fn second_reply_flow(request: &Request, flow: Flow) -> Option<Flow> {
    flow.connection?;
    let port = request.via().ok()?.port.unwrap_or(flow.transport.default_port());
    Some(Flow {
        peer: SocketAddr::new(flow.peer.ip(), port),
        ..flow.any_connection()
    })
}

/// Timers I, J, D and K wait for repeated messages: there are none on a reliable transport.
pub(super) fn unless_reliable(is_reliable: bool, wait: Duration) -> Duration {
    if is_reliable { Duration::ZERO } else { wait }
}
