//! What a phone is made from: where it is, how it behaves when it is called or asked to call, and what it does wrong on
//! purpose.

use super::io::LINES_MAX;
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{Credentials, SessionTimer, TimerValues, Uri};
use std::net::SocketAddr;
use std::time::Duration;

/// What a phone is made from. Sixteen fields: each is a property of an office phone that a test may want otherwise.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where its SIP socket is; written into Via and Contact.
    pub sip: SocketAddr,
    /// Where its RTP socket is; RTCP is on the next port. All lines share it.
    pub rtp: SocketAddr,
    /// Codecs it offers, preferred first.
    pub codecs: Vec<Codec>,
    /// How much sound it asks for in one packet, in ms.
    pub ptime_ms: u16,
    /// Whether its calls have to be encrypted.
    pub srtp: Srtp,
    /// Its name in `User-Agent`.
    pub user_agent: String,
    /// SIP retransmission timing.
    pub timers: TimerValues,
    /// How long its sessions last without a refresh (RFC 4028).
    pub session: SessionTimer,
    /// Without RTP for so long it says [`super::Event::Silent`]; none to wait for ever.
    pub media_timeout: Option<Duration>,
    /// Who it is when a call of its own is asked for credentials. A registration brings its own.
    pub credentials: Option<Credentials>,
    /// What it does with calls.
    pub incoming: Incoming,
    /// What it does when the far end asks it to call somebody (RFC 3515).
    pub refer: Refers,
    /// Calls it is in before a further one is refused as busy (486), at most [`LINES_MAX`]. What it calls itself may
    /// take any free line.
    pub lines: usize,
    /// A tone in hertz that it says from the answer to the end of each call, so that others can tell whom they hear.
    pub hum: Option<u16>,
    /// What it does wrong on purpose.
    pub faults: Faults,
    /// Seed of its tags, sequence numbers and waiting times.
    pub seed: u64,
}

impl Config {
    /// A well-behaved phone at these addresses, with both codecs. It takes no calls.
    pub fn new(sip: SocketAddr, rtp: SocketAddr, seed: u64) -> Self {
        Self {
            sip,
            rtp,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ptime_ms: 20,
            srtp: Srtp::Accept,
            user_agent: "patchcord-phone".to_owned(),
            timers: TimerValues::default(),
            session: SessionTimer::default(),
            media_timeout: None,
            credentials: None,
            incoming: Incoming::Busy,
            refer: Refers::Refuse,
            lines: 1,
            hum: None,
            faults: Faults::default(),
            seed,
        }
    }

    pub(super) fn lines(&self) -> usize {
        self.lines.min(LINES_MAX)
    }
}

/// What a phone does when it is called and has a line for it.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Incoming {
    /// Refuses as busy, without an event.
    #[default]
    Busy,
    /// Rings and answers.
    Answer {
        /// So long after the call came. Zero: without ringing.
        after: Duration,
    },
    /// Rings until it is told what to do.
    Ring,
    /// Waits to be told everything, ringing too.
    Wait,
    /// Refuses at once.
    Refuse {
        /// 300 to 699.
        status: u16,
    },
    /// Names another address (302).
    Redirect {
        /// Which.
        to: Uri,
    },
    /// Rings and refuses.
    RingThenRefuse {
        /// So long after the call came.
        after: Duration,
        /// 300 to 699.
        status: u16,
    },
    /// Sends sound before it answers (183).
    EarlyMediaThenAnswer {
        /// So long after the call came.
        after: Duration,
    },
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Incoming::Busy => f.write_str("Busy"),
            Incoming::Answer { after } => write!(f, "Answer(after {after:?})"),
            Incoming::Ring => f.write_str("Ring"),
            Incoming::Wait => f.write_str("Wait"),
            Incoming::Refuse { status } => write!(f, "Refuse({status})"),
            Incoming::Redirect { .. } => f.write_str("Redirect(<private>)"),
            Incoming::RingThenRefuse { after, status } => write!(f, "RingThenRefuse(after {after:?}, {status})"),
            Incoming::EarlyMediaThenAnswer { after } => write!(f, "EarlyMediaThenAnswer(after {after:?})"),
        }
    }
}

/// What a phone does when the far end asks it to call somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refers {
    /// Calls on a free line and tells how that goes.
    Accept,
    /// Refuses (603).
    #[default]
    Refuse,
}

/// What a phone does wrong on purpose, to see what the far end makes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// So many ACKs, repeated ones among them, are swallowed before one leaves; `u32::MAX` swallows all.
    pub lost_acks: u32,
    /// So many INVITEs, repeated ones among them, leave twice.
    pub doubled_invites: u32,
}
