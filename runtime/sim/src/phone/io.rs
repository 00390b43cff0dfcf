//! What a test phone is told and what it tells. Plain values; numbers, keys and addresses stay out of `Debug`.

use patchcord_media::{Clip, Counters, FRAME_SAMPLES, KeyPress, MAX_KEY_PRESSES};
use patchcord_sip::{NameAddr, Uri};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Calls one phone can be in; one more is refused as busy.
pub const LINES_MAX: usize = 4;

/// A place for one call on a phone. A call that comes takes the lowest free one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(u8);

impl LineId {
    /// The line that everything is about unless another is named.
    pub const FIRST: LineId = LineId(0);
    /// The line of a second call: a consultation, a call waiting.
    pub const SECOND: LineId = LineId(1);

    /// The line of this number, from 0; none above [`LINES_MAX`].
    pub fn new(number: usize) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (usize::from(number) < LINES_MAX).then_some(Self(number))
    }

    /// Its number, from 0.
    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = LineId> {
        (0..LINES_MAX as u8).map(LineId)
    }
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

/// Where to be reachable, and as whom. `Debug` leaves everything but the time out.
#[derive(Clone, PartialEq, Eq)]
pub struct Registering {
    /// Where the REGISTER goes.
    pub registrar: SocketAddr,
    /// The domain of the address of record.
    pub domain: String,
    /// Its user part, and the name that digests are answered with.
    pub user: String,
    /// Answers the registrar's challenge.
    pub password: String,
    /// Seconds it asks for; renewed when three quarters of what was granted are over.
    pub expires_s: u32,
    /// Further parameters of the Contact field, as written, each with its own semicolon: `;q=0.5`.
    pub contact_params: String,
}

impl fmt::Debug for Registering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registering(for {} s)", self.expires_s)
    }
}

/// Something to do with a line.
#[derive(Clone)]
pub enum Action {
    /// Place a call. One at a time on a line.
    Call(Dial),
    /// Let the caller hear that it rings (180).
    Ring,
    /// Send sound to the caller before the answer (183).
    EarlyMedia,
    /// Answer the call that came.
    Answer,
    /// Refuse it: 300 to 699.
    Refuse(u16),
    /// Press keys, one after the other, as RFC 4733 telephone events; after those still waiting.
    Press(Vec<KeyPress>),
    /// Press keys as INFO requests (`application/dtmf-relay`).
    PressByInfo(Vec<KeyPress>),
    /// Say a piece of recorded sound, in place of what is being said.
    Say(Arc<Clip>),
    /// Say a tone of so many hertz until the end of the call, between clips; none says nothing more.
    Hum(Option<u16>),
    /// Put the far end on hold by a re-INVITE: `a=sendonly`.
    Hold,
    /// Take it back.
    Resume,
    /// Ask by a re-INVITE for packets of so many ms from now on.
    AskPacketTime(u16),
    /// Give up a call that is not answered.
    Cancel,
    /// End an answered call.
    HangUp,
    /// End a call as its state allows: hang up, give up, or refuse (480).
    Leave,
    /// Ask the far end to call this address instead (REFER). The phone hangs up once that has succeeded.
    Transfer(Uri),
    /// Ask the far end to take this phone's place in the call of another line (REFER with Replaces). The phone hangs up
    /// on both once that has succeeded.
    TransferTo(LineId),
    /// Register, in place of an earlier registration, and stay registered.
    Register(Registering),
    /// Take the registration back.
    Unregister,
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
    /// Somebody wants something of the first line.
    Action(Action),
    /// Somebody wants something of a line.
    OnLine(LineId, Action),
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
        /// In which call.
        line: LineId,
        /// When it would leave the loudspeaker.
        at: Instant,
        /// Sound at 8 kHz.
        samples: [i16; FRAME_SAMPLES],
    },
    /// Something happened.
    Event {
        /// In which call; what concerns a registration is said of the first line.
        line: LineId,
        /// What.
        event: Event,
    },
}

/// Who calls, by the From field of the INVITE. `Debug` leaves both out.
#[derive(Clone, PartialEq, Eq)]
pub struct CallerName {
    /// The user part of the address.
    pub user: String,
    /// The display name; empty if there is none.
    pub display: String,
}

impl fmt::Debug for CallerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerName(<private>)")
    }
}

/// A key that was heard, as an RFC 4733 event. `Debug` leaves it out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HeardKey(pub u8);

impl fmt::Debug for HeardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeardKey(<private>)")
    }
}

/// Something that happened on a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A call comes.
    Incoming(CallerName),
    /// A provisional response came, 101 to 199: 180 rings.
    Progress {
        /// Its status.
        status: u16,
    },
    /// Audio flows although the call is not answered.
    EarlyMedia,
    /// The call was answered, by whichever end was called.
    Answered,
    /// The first packet of a key was sent, or the INFO request with it.
    KeySent,
    /// The far end pressed a key.
    KeyHeard(HeardKey),
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
    /// The far end changed the session by a re-INVITE or UPDATE of its own.
    Changed,
    /// No RTP came for the configured time. Said once for each silence.
    Silent,
    /// The transfer goes on.
    TransferProgress {
        /// What the far end says of its new call, 100 to 199.
        status: u16,
    },
    /// The transfer is over, exactly one for each.
    TransferEnded {
        /// 200 to 299 if it succeeded; below 200 nobody knows.
        status: u16,
    },
    /// The far end asked this phone to call somebody, and it does.
    Referred {
        /// On which line.
        line: LineId,
    },
    /// Registered, or renewed.
    Registered {
        /// How long, in seconds.
        expires_s: u32,
    },
    /// The registration was taken back.
    Unregistered,
    /// The registrar refused, or did not answer (408); the phone is not registered and does not try again.
    RegistrationRefused {
        /// 300 to 699.
        status: u16,
    },
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
    /// The caller gave up before this phone answered.
    GivenUp,
    /// The call was refused.
    Refused {
        /// 300 to 699.
        status: u16,
    },
    /// This phone refused the call.
    Declined {
        /// 300 to 699.
        status: u16,
    },
    /// Another call took its place (RFC 3891).
    Replaced,
    /// Nobody answered the request in 64*T1.
    TimedOut,
    /// Nobody refreshed the session in time (RFC 4028).
    Expired,
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
    /// The phone is not registered.
    NotRegistered,
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
            Refusal::NotRegistered => f.write_str("the phone is not registered"),
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
