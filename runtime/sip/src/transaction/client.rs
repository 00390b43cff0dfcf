//! Client transactions: a request of ours, repeated until something comes back. RFC 3261 17.1, RFC 6026 7.2.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::server::{Timed, unless_reliable};
use super::{Beat, Packet};
use crate::address::NameAddr;
use crate::dialog::draft::Draft;
use crate::digest::{Credentials, Session};
use crate::endpoint::{DialogId, ExchangeId, ReferId};
use crate::flow::{LOSSY, Target};
use crate::limits::FORKS;
use crate::timers::TimerValues;

/// One client transaction. More than twelve fields: what is needed to send it otherwise stands beside the machine.
pub(crate) struct Client {
    pub(crate) purpose: Purpose,
    /// The dialog that waits for the response, while it lives.
    pub(crate) dialog: Option<DialogId>,
    /// The dialog it belongs to.
    pub(crate) about: Option<DialogId>,
    /// What was sent, for ACK and CANCEL and for sending it otherwise.
    pub(crate) draft: Draft,
    pub(crate) to: Target,
    /// Where it goes if `to` cannot be reached.
    pub(crate) fallback: Option<Target>,
    pub(crate) beat: Beat,
    /// Who we are, if we are asked.
    pub(crate) credentials: Option<Arc<Credentials>>,
    /// The challenges answered in this request.
    pub(crate) sessions: Vec<Session>,
    /// How often it was sent with other contents.
    pub(crate) retries: u8,
    /// The To tag of the 2xx that made the dialog, once there is one.
    pub(crate) winner: Option<String>,
    state: State,
    packet: Packet,
    /// ACKs by To tag: a repeated 2xx gets its ACK again.
    acks: Vec<(String, Packet, Target)>,
}

/// A request as it was sent.
pub(crate) struct Sent {
    pub(crate) draft: Draft,
    pub(crate) to: Target,
    pub(crate) fallback: Option<Target>,
    pub(crate) packet: Packet,
}

/// What a request was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Invite,
    Reinvite(Why),
    Update(Why),
    Bye,
    Cancel,
    Prack,
    Info,
    Refer(ReferId),
    Notify(ReferId),
    /// A request outside dialogs.
    Outside(ExchangeId),
}

/// Who wanted a change of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The user.
    Asked,
    /// The session timer.
    Refresh,
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
        sent: Sent,
        timers: &TimerValues,
    ) -> Self {
        let Sent {
            draft,
            to,
            fallback,
            packet,
        } = sent;
        Self {
            purpose,
            dialog,
            about: dialog,
            beat: first_beat(now, is_reliable(&draft, &to), timers),
            draft,
            to,
            fallback,
            credentials: None,
            sessions: Vec::new(),
            retries: 0,
            winner: None,
            state: State::Unanswered,
            packet,
            acks: Vec::new(),
        }
    }

    /// It was sent once more, another way: as if for the first time.
    pub(crate) fn sent_again(&mut self, now: Instant, sent: Sent, timers: &TimerValues) {
        self.beat = first_beat(now, is_reliable(&sent.draft, &sent.to), timers);
        self.draft = sent.draft;
        self.to = sent.to;
        self.fallback = sent.fallback;
        self.packet = sent.packet;
        self.state = State::Unanswered;
    }

    /// Whether our request carried an offer: the ACK to its 2xx then needs no body.
    pub(crate) fn offered(&self) -> bool {
        self.draft.sdp().is_some()
    }

    pub(crate) fn is_invite(&self) -> bool {
        matches!(self.purpose, Purpose::Invite | Purpose::Reinvite(_))
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
    pub(crate) fn remember_ack(&mut self, tag: &str, packet: Packet, to: Target) {
        if self.acks.len() <= usize::from(FORKS) {
            self.acks.push((tag.to_owned(), packet, to));
        }
    }

    pub(crate) fn ack_for(&self, tag: &str) -> Option<(Target, Packet)> {
        self.acks
            .iter()
            .find(|(known, ..)| known == tag)
            .map(|(_, packet, to)| (to.clone(), packet.clone()))
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
        let grow = |last: Duration| match (is_invite, proceeding) {
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
                self.beat = Beat::ending(now, self.unless_reliable(timers.linger_after_rejection()));
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
            self.beat = Beat::ending(now, self.unless_reliable(timers.t4));
            Heard::Final
        }
    }

    fn unless_reliable(&self, wait: Duration) -> Duration {
        unless_reliable(is_reliable(&self.draft, &self.to), wait)
    }
}

/// Whether what is sent comes to its end, or we hear that it cannot: a border may send it on by datagrams.
fn is_reliable(draft: &Draft, to: &Target) -> bool {
    let is_lossy = |route: &String| NameAddr::parse(route).is_ok_and(|route| route.uri.param(LOSSY).is_some());
    to.flow.transport.is_reliable() && !draft.head.routes.first().is_some_and(is_lossy)
}

/// Timers A or E and B or F. Nothing is sent again on a reliable transport.
fn first_beat(now: Instant, is_reliable: bool, timers: &TimerValues) -> Beat {
    if is_reliable {
        Beat::ending(now, timers.timeout())
    } else {
        Beat::resending(now, timers.t1, timers.timeout())
    }
}
