//! What a test phone is told and what it tells. Plain values; numbers and addresses stay out of `Debug`.

use patchcord_media::{Clip, Counters, FRAME_SAMPLES, KeyPress, MAX_KEY_PRESSES};
use patchcord_sip::sdp::Codec;
use patchcord_sip::{NameAddr, TimerValues, Uri};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a phone is made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where its SIP socket is; written into Via and Contact.
    pub sip: SocketAddr,
    /// Where its RTP socket is; RTCP is on the next port.
    pub rtp: SocketAddr,
    /// Codecs it offers, preferred first.
    pub codecs: Vec<Codec>,
    /// Its name in `User-Agent`.
    pub user_agent: String,
    /// SIP retransmission timing.
    pub timers: TimerValues,
    /// Without RTP for so long it says [`Event::Silent`]; none to wait for ever.
    pub media_timeout: Option<Duration>,
    /// What it does wrong on purpose.
    pub faults: Faults,
    /// Seed of its tags, sequence numbers and waiting times.
    pub seed: u64,
}

impl Config {
    /// A well-behaved phone at these addresses, with both codecs.
    pub fn new(sip: SocketAddr, rtp: SocketAddr, seed: u64) -> Self {
        Self {
            sip,
            rtp,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            user_agent: "patchcord-phone".to_owned(),
            timers: TimerValues::default(),
            media_timeout: None,
            faults: Faults::default(),
            seed,
        }
    }
}

/// What a phone does wrong on purpose, to see what the far end makes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// So many ACKs, repeated ones among them, are swallowed before one leaves; `u32::MAX` swallows all.
    pub lost_acks: u32,
    /// So many INVITEs, repeated ones among them, leave twice.
    pub doubled_invites: u32,
}

/// Where the phone's side of the session description goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Offer {
    /// Into the INVITE.
    #[default]
    InInvite,
    /// Nowhere: the far end offers in its 200, and the ACK answers (RFC 3261 section 13.2.2.4).
    Late,
}

/// A call to place.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Who is called.
    pub uri: Uri,
    /// Where the INVITE goes.
    pub destination: SocketAddr,
    /// Who calls.
    pub from: NameAddr,
    /// Where the offer goes.
    pub offer: Offer,
}

/// Something to do.
#[derive(Clone)]
pub enum Action {
    /// Place a call. One at a time.
    Call(Dial),
    /// Press keys, one after the other, as RFC 4733 telephone events; after those still waiting.
    Press(Vec<KeyPress>),
    /// Say a piece of recorded sound, in place of what is being said.
    Say(Arc<Clip>),
    /// Put the far end on hold by a re-INVITE: `a=sendonly`.
    Hold,
    /// Take it back.
    Resume,
    /// Give up a call that is not answered.
    Cancel,
    /// End an answered call.
    HangUp,
}

/// Everything that can wake a phone.
pub enum Input<'a> {
    /// A datagram came to one of its sockets.
    Datagram {
        /// Which.
        lane: Lane,
        /// Its sender.
        from: SocketAddr,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// Somebody wants something.
    Action(Action),
    /// The time named by `wake_at` came.
    Deadline,
}

/// Which of a phone's sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Signalling.
    Sip,
    /// Sound and keys.
    Rtp,
    /// Reports about them.
    Rtcp,
}

/// Everything a phone can want.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a datagram.
    Send {
        /// From which socket.
        lane: Lane,
        /// Whereto.
        to: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// 20 ms of what the far end sent, or silence where nothing came, from the moment audio is agreed.
    Heard {
        /// When it would leave the loudspeaker.
        at: Instant,
        /// Sound at 8 kHz.
        samples: [i16; FRAME_SAMPLES],
    },
    /// Something happened.
    Event(Event),
}

/// Something that happened on a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A provisional response came, 101 to 199: 180 rings.
    Progress {
        /// Its status.
        status: u16,
    },
    /// Audio flows although the call is not answered.
    EarlyMedia,
    /// The call was answered.
    Answered,
    /// The first packet of a key was sent.
    KeySent,
    /// The clip was said to its end.
    Said,
    /// The far end is on hold.
    Held,
    /// It is back.
    Resumed,
    /// The far end refused to be held or taken back; audio stays as it was.
    HoldRefused {
        /// 300 to 699.
        status: u16,
    },
    /// The far end changed the session by a re-INVITE of its own.
    Changed,
    /// No RTP came for the configured time. Said once for each silence.
    Silent,
    /// An action was not carried out and changed nothing.
    Refused(Refusal),
    /// The call is over; the last event of it, exactly one for each call.
    Ended {
        /// Why.
        end: End,
        /// What its media session counted; none if there was no audio.
        counters: Option<Counters>,
    },
}

/// Why a call is over, as the phone sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The far end sent BYE.
    ByFarEnd,
    /// This phone hung up.
    ByPhone,
    /// This phone gave up before an answer.
    Cancelled,
    /// The call was refused.
    Refused {
        /// 300 to 699.
        status: u16,
    },
    /// Nobody answered the request in 64*T1.
    TimedOut,
    /// The far end described a session this phone cannot have.
    NoCommonAudio,
    /// The far end broke the dialog.
    Broken,
}

/// Why an action was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A call is under way.
    Busy,
    /// There is no call.
    NoCall,
    /// The call is not in a state for it: answered, or not yet; or a change of the session is under way.
    WrongState,
    /// There is no audio yet.
    NoAudio,
    /// The far end takes no telephone events.
    NoTelephoneEvents,
    /// More than [`MAX_KEY_PRESSES`] keys would wait, or one is not a key.
    Keys,
    /// The request cannot be written: too long, or a limit of the endpoint is reached.
    Unsendable,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Busy => f.write_str("a call is under way"),
            Refusal::NoCall => f.write_str("there is no call"),
            Refusal::WrongState => f.write_str("the call is not in a state for this"),
            Refusal::NoAudio => f.write_str("there is no audio yet"),
            Refusal::NoTelephoneEvents => f.write_str("the far end takes no telephone events"),
            Refusal::Keys => write!(f, "more than {MAX_KEY_PRESSES} keys would wait, or one is not a key"),
            Refusal::Unsendable => f.write_str("the request cannot be written"),
        }
    }
}

/// The RFC 4733 event of a key as printed on a telephone: 0 to 9, `*`, `#`, A to D.
pub fn key_event(key: char) -> Option<u8> {
    match key {
        '0'..='9' => Some(key as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => Some(key as u8 - b'A' + 12),
        'a'..='d' => Some(key as u8 - b'a' + 12),
        _ => None,
    }
}
