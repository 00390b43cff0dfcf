//! What the endpoint tells its user. Not log material as a whole: `Debug` leaves out addresses, bodies and numbers.

use std::fmt;
use std::sync::Arc;

use crate::address::NameAddr;
use crate::endpoint::{DialogId, ExchangeId, ReferId};
use crate::flow::Flow;
use crate::message::{Request, Response};
use crate::outside::Origin;

/// Something a peer did, or its final consequence. For each dialog [`Event::Ended`] comes exactly once, and nothing but
/// [`Event::ReferProgress`] comes after it.
#[derive(Clone, PartialEq)]
pub enum Event {
    /// A new call. `100 Trying` is already sent. Answer with `provisional`, `accept` or `reject`.
    Invite {
        /// The dialog-to-be.
        dialog: DialogId,
        /// The request; [`Request::sdp`] gives the offer, none means that our answer must carry one (late offer).
        request: Arc<Request>,
        /// The way it came.
        flow: Flow,
        /// Who it came from, as the gate decided.
        origin: Origin,
        /// The dialog of ours it wants to take the place of (RFC 3891). `accept` ends that one with
        /// [`EndCause::Replaced`].
        replaces: Option<DialogId>,
    },
    /// The ACK to our 200 came, for the first INVITE and for every accepted re-INVITE.
    Confirmed {
        /// The dialog.
        dialog: DialogId,
        /// The answer to our late offer, if the ACK had a body.
        sdp: Option<Vec<u8>>,
    },
    /// The answer to the offer of our `provisional` came with its PRACK: early media can flow (RFC 3262 5).
    EarlyAnswer {
        /// The dialog.
        dialog: DialogId,
        /// The answer.
        sdp: Vec<u8>,
    },
    /// The peer wants to change the session, by re-INVITE, by UPDATE or by an offer in a PRACK: answer with
    /// `accept_reinvite` or `reject_reinvite`, without waiting for anybody.
    Reinvite {
        /// The dialog.
        dialog: DialogId,
        /// The offer; none asks us for one.
        sdp: Option<Vec<u8>>,
    },
    /// Client side: a 101..=199 came. If it was sent reliably its PRACK is sent already.
    Progress {
        /// The dialog.
        dialog: DialogId,
        /// 101..=199.
        status: u16,
        /// Early media description, if any.
        sdp: Option<Vec<u8>>,
    },
    /// Client side: the call was answered. The ACK is sent unless we still owe an answer (see `acknowledge`).
    Answered {
        /// The dialog.
        dialog: DialogId,
        /// Their answer, or their offer if our INVITE had none.
        sdp: Option<Vec<u8>>,
        /// The whole 2xx.
        response: Arc<Response>,
    },
    /// Client side: the final refusal of our INVITE. `Ended` follows at once.
    Refused {
        /// The dialog.
        dialog: DialogId,
        /// The whole response: Contacts of a 3xx, Reason, Retry-After.
        response: Arc<Response>,
    },
    /// The final response to our `reinvite` or `update`; also, unasked for, a new description the peer gave when we
    /// refreshed the session. 491 is not told before it has been tried again several times.
    ReinviteAnswered {
        /// The dialog.
        dialog: DialogId,
        /// 200..=699.
        status: u16,
        /// Their answer, or their offer if our re-INVITE had none.
        sdp: Option<Vec<u8>>,
    },
    /// A key was pressed, told by INFO (`application/dtmf-relay` or `application/dtmf`).
    Key {
        /// The dialog.
        dialog: DialogId,
        /// As in RFC 4733: 0..=9, 10 is star, 11 is pound, 12..=15 are A to D, 16 is flash.
        event: u8,
        /// How long. 0 if the peer did not say.
        duration_ms: u32,
    },
    /// The peer asks us to call somebody (RFC 3515): answer with `accept_refer` or `reject_refer`.
    Refer {
        /// The dialog the REFER came in.
        dialog: DialogId,
        /// Names the request until its outcome is given.
        refer: ReferId,
        /// Whom to call. Its URI may carry header fields, see [`crate::Uri::header`].
        to: NameAddr,
        /// The dialog of ours that `to` asks to take the place of, if it is one of ours and still alive.
        replaces: Option<DialogId>,
        /// Who asks, if the peer says so (RFC 3892).
        referred_by: Option<NameAddr>,
    },
    /// How our `refer` goes on. Exactly one has `last` set, even if the dialog ends before.
    ReferProgress {
        /// The dialog the REFER went out in; it may have ended.
        dialog: DialogId,
        /// The refer.
        refer: ReferId,
        /// The refusal of the REFER, or what the peer says of its new call. A last one below 200: nobody knows how it
        /// ended. 408: the peer fell silent.
        status: u16,
        /// Whether more will come.
        last: Last,
    },
    /// A request outside dialogs: answer with `reply`.
    Request {
        /// Names it until it is replied to.
        exchange: ExchangeId,
        /// The request.
        request: Arc<Request>,
        /// The way it came.
        flow: Flow,
        /// Who it came from, as the gate decided.
        origin: Origin,
    },
    /// The outcome of our own `request`, exactly one for each.
    Response {
        /// The request.
        exchange: ExchangeId,
        /// The final response. `None`: there was none in 64*T1, or there was no way to the peer.
        response: Option<Arc<Response>>,
    },
    /// The dialog is over; its id is now unknown to every command.
    Ended {
        /// The dialog.
        dialog: DialogId,
        /// Why.
        cause: EndCause,
    },
}

/// Whether something is the last of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// Nothing follows.
    Yes,
    /// More may follow.
    No,
}

/// Why a dialog ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The peer sent BYE.
    RemoteBye,
    /// We called `bye`.
    LocalBye,
    /// The INVITE was cancelled before a final answer: by the caller (server side) or by `cancel` (client side).
    Cancelled,
    /// The INVITE was refused, by us or by them.
    Rejected {
        /// 300..=699.
        status: u16,
    },
    /// Our 200 or our reliable provisional response was never acknowledged; a BYE or a 504 was sent.
    NoAck,
    /// The peer did not answer our request in 64*T1.
    TimedOut,
    /// Nobody refreshed the session in time (RFC 4028); a BYE was sent.
    SessionExpired,
    /// Our request could not be sent: no connection came about, and there is no other way.
    Unreachable,
    /// Another call took the place of this one (RFC 3891).
    Replaced,
    /// The peer broke the dialog.
    Failed(Failure),
}

/// How a peer broke a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It answered a request inside the dialog with 481: it has forgotten the dialog.
    ForgottenByPeer,
    /// Its 2xx lacked what a dialog needs (a To tag or a usable Contact).
    UnusableAnswer,
}

impl Event {
    /// The dialog this is about. `None` for requests outside dialogs.
    pub fn dialog(&self) -> Option<DialogId> {
        match self {
            Self::Invite { dialog, .. }
            | Self::Confirmed { dialog, .. }
            | Self::EarlyAnswer { dialog, .. }
            | Self::Reinvite { dialog, .. }
            | Self::Progress { dialog, .. }
            | Self::Answered { dialog, .. }
            | Self::Refused { dialog, .. }
            | Self::ReinviteAnswered { dialog, .. }
            | Self::Key { dialog, .. }
            | Self::Refer { dialog, .. }
            | Self::ReferProgress { dialog, .. }
            | Self::Ended { dialog, .. } => Some(*dialog),
            Self::Request { .. } | Self::Response { .. } => None,
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |sdp: &Option<Vec<u8>>| sdp.as_ref().map_or(0, Vec::len);
        match self {
            Self::Invite {
                dialog,
                request,
                replaces,
                ..
            } => write!(f, "Invite({dialog:?}, {request:?}, replaces {replaces:?})"),
            Self::Confirmed { dialog, sdp } => write!(f, "Confirmed({dialog:?}, sdp {} bytes)", bytes(sdp)),
            Self::EarlyAnswer { dialog, sdp } => write!(f, "EarlyAnswer({dialog:?}, sdp {} bytes)", sdp.len()),
            Self::Reinvite { dialog, sdp } => write!(f, "Reinvite({dialog:?}, sdp {} bytes)", bytes(sdp)),
            Self::Progress { dialog, status, sdp } => {
                write!(f, "Progress({dialog:?}, {status}, sdp {} bytes)", bytes(sdp))
            }
            Self::Answered { dialog, sdp, .. } => write!(f, "Answered({dialog:?}, sdp {} bytes)", bytes(sdp)),
            Self::Refused { dialog, response } => write!(f, "Refused({dialog:?}, {})", response.status),
            Self::ReinviteAnswered { dialog, status, sdp } => {
                write!(f, "ReinviteAnswered({dialog:?}, {status}, sdp {} bytes)", bytes(sdp))
            }
            Self::Key { dialog, .. } => write!(f, "Key({dialog:?})"),
            Self::Refer {
                dialog,
                refer,
                replaces,
                ..
            } => write!(f, "Refer({dialog:?}, {refer:?}, replaces {replaces:?})"),
            Self::ReferProgress {
                dialog,
                refer,
                status,
                last,
            } => write!(f, "ReferProgress({dialog:?}, {refer:?}, {status}, last: {last:?})"),
            Self::Request {
                exchange,
                request,
                origin,
                ..
            } => write!(f, "Request({exchange:?}, {request:?}, {origin:?})"),
            Self::Response { exchange, response } => {
                let status = response.as_ref().map(|response| response.status);
                write!(f, "Response({exchange:?}, {status:?})")
            }
            Self::Ended { dialog, cause } => write!(f, "Ended({dialog:?}, {cause:?})"),
        }
    }
}
