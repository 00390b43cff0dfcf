//! A call that is alive in a shard: its decisions, its handler's instance, and what its leg holds of SIP and media.

use crate::directory::{Directory, Program};
use crate::io::MediaPort;
use patchcord_control::call::Call;
use patchcord_guest::Instance;
use patchcord_sip::DialogId;
use patchcord_sip::sdp::{Agreed, Local};
use std::sync::Arc;
use std::time::Instant;

/// A call and everything that belongs to it.
pub(crate) struct Live {
    pub(crate) call: Call,
    /// Gone as soon as the handler has ended.
    pub(crate) instance: Option<Instance>,
    pub(crate) program: Arc<Program>,
    /// Routes and announcement as they were when the call began.
    pub(crate) directory: Arc<Directory>,
    pub(crate) leg: LegIo,
    /// The moment the shard has noted for it.
    pub(crate) wake_at: Option<Instant>,
}

/// What a leg holds outside the call machine.
pub(crate) struct LegIo {
    pub(crate) dialog: DialogId,
    pub(crate) port: MediaPort,
    /// Our side of the session description; its version grows with every new one.
    pub(crate) local: Local,
    pub(crate) negotiation: Negotiation,
    pub(crate) session: Session,
}

/// How far the two session descriptions are.
pub(crate) enum Negotiation {
    /// The far end offered; this is our answer, not yet sent, and what it means.
    Answerable { answer: Vec<u8>, agreed: Agreed },
    /// Nothing was offered: our 200 will offer, and the ACK must answer.
    Late,
    /// Our offer is out.
    Offered,
    /// Both ends know.
    Settled { answer: Vec<u8> },
}

/// Whether the media engine has a session for the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// Not yet.
    None,
    /// It runs.
    Open,
    /// It was told to close, or has closed.
    Closed,
}
