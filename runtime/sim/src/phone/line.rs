//! A call of a phone: its dialog, its side of the session description, and how far it is.

use super::{End, Offer, hold};
use patchcord_sip::sdp::Local;
use patchcord_sip::{DialogId, NameAddr, ReferId};
use std::net::SocketAddr;
use std::time::Instant;

/// A call on a line.
pub(super) struct Call {
    pub(super) dialog: DialogId,
    /// Our side of the session description; its version grows with every new one.
    pub(super) local: Local,
    pub(super) stage: Stage,
    pub(super) side: Side,
    pub(super) change: hold::Change,
    /// Who this phone is in this call.
    pub(super) us: NameAddr,
    /// The far end's signalling.
    pub(super) peer: SocketAddr,
    /// Why the phone itself ended it, where the dialog cannot say.
    pub(super) own_end: Option<End>,
    /// What happens by itself, and when.
    pub(super) due: Option<(Instant, Due)>,
    /// The transfer that this call was placed for.
    pub(super) for_refer: Option<ReferId>,
    /// Where this phone asked its far end to go.
    pub(super) transfer: Transfer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The INVITE is out, or has come.
    Calling,
    Answered,
    /// The dialog has ended; the media session is closing.
    Closing(End),
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    Caller(Offer),
    /// With what the caller offered.
    Called(Option<Vec<u8>>),
}

/// What a called phone does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Answer,
    Refuse(u16),
}

/// A transfer this phone has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    None,
    /// Of the far end of this line.
    Blind,
    /// Of the far end of this line to that of another one.
    Attended(super::LineId),
}

impl Call {
    pub(super) fn new(dialog: DialogId, local: Local, side: Side, us: NameAddr, peer: SocketAddr) -> Self {
        Self {
            dialog,
            local,
            stage: Stage::Calling,
            side,
            change: hold::Change::None,
            us,
            peer,
            own_end: None,
            due: None,
            for_refer: None,
            transfer: Transfer::None,
        }
    }
}
