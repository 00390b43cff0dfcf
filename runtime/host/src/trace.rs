//! The SIP trace of a call: every message of all its legs with what its handler asked and heard between, kept with the call
//! and written to a file of its own when it ends. `patchcord trace` shows such a file as a ladder and exports it. The
//! only place beside the end records where numbers are kept in clear: the folder is the operator's, and its files are
//! readable by nobody else.
//!
//! [`store`](mod@store) keeps and writes, [`format`](mod@format) is the file, [`ladder`](mod@ladder), [`mask`](mod@mask)
//! and [`pcap`](mod@pcap) show it.

pub mod format;
pub mod ladder;
pub mod mask;
pub mod pcap;
pub mod store;

use patchcord_control::ids::{CallId, LegId};
use patchcord_control::words::UnixTime;
use patchcord_sip::{Flow, Listener, Transport};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRecord {
    /// When.
    pub at: UnixTime,
    /// In which call.
    pub call: CallId,
    /// On which leg; none if it is not about one.
    pub leg: Option<LegId>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, PartialEq, Eq)]
pub enum What {
    /// A SIP message came or went.
    Sip {
        /// Which.
        direction: Direction,
        /// The way.
        flow: Flow,
        /// The message.
        bytes: Arc<[u8]>,
    },
    /// The handler asked and was answered.
    Turn {
        /// What it asked, private values replaced.
        ask: String,
        /// What it was told, private values replaced.
        answer: String,
        /// How long it waited.
        waited: Duration,
    },
    /// Anything else worth a line, without private values.
    Note(String),
}

/// Whether a message came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A message is private.
            Self::Sip { direction, flow, bytes } => write!(f, "Sip({direction:?}, {flow:?}, {} bytes)", bytes.len()),
            Self::Turn { ask, answer, waited } => write!(f, "Turn({ask}, {answer}, {waited:?})"),
            Self::Note(note) => write!(f, "Note({note})"),
        }
    }
}

/// The trace of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTrace {
    /// Which call.
    pub call: CallId,
    /// Our own addresses, as peers know them: one end of each message.
    pub doors: Vec<Listener>,
    /// Records that had no room, from the middle of the call.
    pub left_out: u64,
    /// In the order they happened.
    pub records: Vec<TraceRecord>,
}

impl CallTrace {
    /// Our end of a message: the door of its transport and kind of address.
    pub fn own_end(&self, flow: &Flow) -> SocketAddr {
        let is_v4 = flow.peer.is_ipv4();
        let fits = |transport: Option<Transport>| {
            let mut doors = self.doors.iter();
            doors.find(|door| transport.is_none_or(|one| one == door.transport) && door.address.is_ipv4() == is_v4)
        };
        let door = fits(Some(flow.transport)).or_else(|| fits(None));
        door.map_or_else(|| unknown(is_v4), |door| door.address)
    }
}

fn unknown(is_v4: bool) -> SocketAddr {
    let port = 5060;
    if is_v4 {
        SocketAddr::from(([0, 0, 0, 0], port))
    } else {
        SocketAddr::from(([0_u16; 8], port))
    }
}

#[cfg(test)]
mod tests;
