//! Client transactions: a request of ours, repeated until something comes back. RFC 3261 17.1, RFC 6026 7.2.

use std::net::SocketAddr;
use std::time::Instant;

use super::server::Timed;
use super::{Beat, Packet};
use crate::dialog::head::Head;
use crate::endpoint::DialogId;
use crate::limits::FORKS;
use crate::timers::TimerValues;

/// One client transaction.
pub(crate) struct Client {
    pub(crate) purpose: Purpose,
    /// The dialog that waits for the response, while it lives.
    pub(crate) dialog: Option<DialogId>,
    /// What was sent, for ACK and CANCEL.
    pub(crate) head: Head,
    pub(crate) destination: SocketAddr,
    pub(crate) beat: Beat,
    /// Whether our request carried an offer: the ACK to its 2xx then needs no body.
    pub(crate) offered: bool,
    /// The To tag of the 2xx that made the dialog, once there is one.
    pub(crate) winner: Option<String>,
    state: State,
    packet: Packet,
    /// ACKs by To tag: a repeated 2xx gets its ACK again.
    acks: Vec<(String, Packet, SocketAddr)>,
}

/// Why a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Invite,
    Reinvite,
    Bye,
    Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing came back yet (Calling, Trying).
    Unanswered,
    /// A provisional response came.
    Proceeding,
    /// An INVITE was answered 2xx: every 2xx is told to the dialog until timer M.
    Accepted,
    /// Finally answered otherwise: repeated responses are absorbed until timer D or K.
    Completed,
}

/// What a response means to the transaction's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Seen before or out of place.
    Absorbed,
    Provisional,
    /// The first final response. For an INVITE refused, an ACK is due.
    Final,
    /// A 2xx to an INVITE after the first one: the same again or another branch of a fork.
    Another2xx,
    /// An INVITE's refusal came again: the ACK was lost.
    RefusedAgain,
}

impl Client {
    pub(crate) fn new(
        now: Instant,
        purpose: Purpose,
        dialog: Option<DialogId>,
        head: Head,
        sent: (SocketAddr, Packet),
        timers: &TimerValues,
    ) -> Self {
        let (destination, packet) = sent;
        let beat = Beat::resending(now, timers.t1, timers.timeout());
        let state = State::Unanswered;
        Self {
            purpose,
            dialog,
            head,
            destination,
            beat,
            offered: false,
            winner: None,
            state,
            packet,
            acks: Vec::new(),
        }
    }

    pub(crate) fn is_invite(&self) -> bool {
        matches!(self.purpose, Purpose::Invite | Purpose::Reinvite)
    }

    /// Whether a provisional response came and no final one: only then may CANCEL be sent (RFC 3261 9.1).
    pub(crate) fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }

    pub(crate) fn heard(&mut self, now: Instant, status: u16, timers: &TimerValues) -> Heard {
        let open = matches!(self.state, State::Unanswered | State::Proceeding);
        match (open, self.is_invite()) {
            (true, true) => self.invite_heard(now, status, timers),
            (true, false) => self.other_heard(now, status, timers),
            (false, true) if self.state == State::Accepted && (200..300).contains(&status) => Heard::Another2xx,
            (false, true) if self.state == State::Completed && status >= 300 => Heard::RefusedAgain,
            (false, _) => Heard::Absorbed,
        }
    }

    /// Remembers the ACK sent to the 2xx with this To tag. At most one for each fork that is answered.
    pub(crate) fn remember_ack(&mut self, tag: &str, packet: Packet, destination: SocketAddr) {
        if self.acks.len() <= usize::from(FORKS) {
            self.acks.push((tag.to_owned(), packet, destination));
        }
    }

    pub(crate) fn ack_for(&self, tag: &str) -> Option<(SocketAddr, Packet)> {
        self.acks
            .iter()
            .find(|(known, ..)| known == tag)
            .map(|(_, packet, to)| (*to, packet.clone()))
    }

    /// Whether one more fork would go beyond the limit.
    pub(crate) fn forks_are_full(&self) -> bool {
        self.acks.len() > usize::from(FORKS)
    }

    /// Lets go of the dialog. A ringing INVITE would otherwise wait for its final response for ever.
    pub(crate) fn orphan(&mut self, now: Instant, timers: &TimerValues) {
        self.dialog = None;
        if self.is_invite() && self.state == State::Proceeding {
            self.beat = Beat::ending(now, timers.timeout());
        }
    }

    /// `Over` while unanswered is a time-out, see [`Client::is_unanswered`].
    pub(crate) fn tick(&mut self, now: Instant, timers: &TimerValues) -> Timed {
        if self.beat.has_ended(now) {
            return Timed::Over;
        }
        let (is_invite, proceeding) = (self.is_invite(), self.state == State::Proceeding);
        let grow = |last: std::time::Duration| match (is_invite, proceeding) {
            (true, _) => last.saturating_mul(2),
            (false, true) => timers.t2,
            (false, false) => timers.next_interval(last),
        };
        if self.beat.take_resend(now, grow) {
            Timed::Resend(self.packet.clone())
        } else {
            Timed::Nothing
        }
    }

    /// Whether no final response came.
    pub(crate) fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Unanswered | State::Proceeding)
    }

    fn invite_heard(&mut self, now: Instant, status: u16, timers: &TimerValues) -> Heard {
        match status {
            ..=199 => {
                self.state = State::Proceeding;
                // Ringing may last; only a request nobody waits for any more keeps its end.
                self.beat = match self.dialog {
                    Some(_) => Beat::default(),
                    None => Beat {
                        resend_at: None,
                        ..self.beat
                    },
                };
                Heard::Provisional
            }
            200..=299 => {
                self.state = State::Accepted;
                self.beat = Beat::ending(now, timers.timeout());
                Heard::Final
            }
            _ => {
                self.state = State::Completed;
                self.beat = Beat::ending(now, timers.linger_after_rejection());
                Heard::Final
            }
        }
    }

    fn other_heard(&mut self, now: Instant, status: u16, timers: &TimerValues) -> Heard {
        if status < 200 {
            self.state = State::Proceeding;
            Heard::Provisional
        } else {
            self.state = State::Completed;
            self.beat = Beat::ending(now, timers.t4);
            Heard::Final
        }
    }
}
