//! What the endpoint tells its user. Not log material as a whole: `Debug` leaves out addresses, bodies and numbers.

use std::fmt;
use std::sync::Arc;

use crate::endpoint::DialogId;
use crate::flow::Flow;
use crate::message::Request;

/// Something a peer did, or its final consequence. For each dialog [`Event::Ended`] comes exactly once and last.
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
    },
    /// The ACK to our 200 came, for the first INVITE and for every accepted re-INVITE.
    Confirmed {
        /// The dialog.
        dialog: DialogId,
        /// The answer to our late offer, if the ACK had a body.
        sdp: Option<Vec<u8>>,
    },
    /// The peer wants to change the session: answer with `accept_reinvite` or `reject_reinvite`.
    Reinvite {
        /// The dialog.
        dialog: DialogId,
        /// The offer; none asks us for one.
        sdp: Option<Vec<u8>>,
    },
    /// Client side: a 101..=199 came.
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
    },
    /// The final response to our `reinvite`. On 491 wait a moment and try again.
    ReinviteAnswered {
        /// The dialog.
        dialog: DialogId,
        /// 200..=699.
        status: u16,
        /// Their answer, or their offer if our re-INVITE had none.
        sdp: Option<Vec<u8>>,
    },
    /// The dialog is over; its id is now unknown to every command.
    Ended {
        /// The dialog.
        dialog: DialogId,
        /// Why.
        cause: EndCause,
    },
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
    /// Our 200 was never acknowledged; a BYE was sent.
    NoAck,
    /// The peer did not answer our request in 64*T1.
    TimedOut,
    /// Our request could not be sent: no connection came about, and there is no other way.
    Unreachable,
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
    /// The dialog this is about.
    pub fn dialog(&self) -> DialogId {
        match self {
            Self::Invite { dialog, .. }
            | Self::Confirmed { dialog, .. }
            | Self::Reinvite { dialog, .. }
            | Self::Progress { dialog, .. }
            | Self::Answered { dialog, .. }
            | Self::ReinviteAnswered { dialog, .. }
            | Self::Ended { dialog, .. } => *dialog,
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |sdp: &Option<Vec<u8>>| sdp.as_ref().map_or(0, Vec::len);
        match self {
            Self::Invite { dialog, request, .. } => write!(f, "Invite({dialog:?}, {request:?})"),
            Self::Confirmed { dialog, sdp } => write!(f, "Confirmed({dialog:?}, sdp {} bytes)", bytes(sdp)),
            Self::Reinvite { dialog, sdp } => write!(f, "Reinvite({dialog:?}, sdp {} bytes)", bytes(sdp)),
            Self::Progress { dialog, status, sdp } => {
                write!(f, "Progress({dialog:?}, {status}, sdp {} bytes)", bytes(sdp))
            }
            Self::Answered { dialog, sdp } => write!(f, "Answered({dialog:?}, sdp {} bytes)", bytes(sdp)),
            Self::ReinviteAnswered { dialog, status, sdp } => {
                write!(f, "ReinviteAnswered({dialog:?}, {status}, sdp {} bytes)", bytes(sdp))
            }
            Self::Ended { dialog, cause } => write!(f, "Ended({dialog:?}, {cause:?})"),
        }
    }
}
