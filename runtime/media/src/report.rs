//! What an engine tells: keys, ends of prompts, silence, and the counters of a session.

use crate::{EarEvent, EarId, LiveEvent, LiveId, PlayId, RoomEvent, RoomId, SessionId, TapEvent, TapId, Verdict};
use std::fmt;
use std::time::{Duration, Instant};

/// Something that happened in a session.
#[derive(Clone, PartialEq, Eq)]
pub enum Report {
    /// The far end pressed a key: one report for each press, made at its first packet.
    Key {
        /// Where.
        session: SessionId,
        /// RFC 4733 event, 0 to 15.
        event: u8,
        /// How long the first packet says it has been held, in milliseconds.
        duration_ms: u32,
        /// When its first packet came.
        at: Instant,
    },
    /// A prompt ended.
    PlayEnded {
        /// Where.
        session: SessionId,
        /// Which.
        play: PlayId,
        /// What was sent of it, in whole packets of 20 ms.
        played: Duration,
        /// Where in its round it stood.
        position: Duration,
        /// Why.
        why: PlayEnd,
    },
    /// Whether a human or a machine answered: the one report of a [`Command::Detect`](crate::Command::Detect).
    Detected {
        /// Where.
        session: SessionId,
        /// Who.
        verdict: Verdict,
        /// When that was clear.
        at: Instant,
    },
    /// No RTP came for the plan's time-out. Said once for each silence.
    Silent {
        /// Where.
        session: SessionId,
    },
    /// A command could not be carried out and changed nothing.
    Refused {
        /// For which session.
        session: SessionId,
        /// Why.
        why: Refusal,
    },
    /// A tap has something to tell.
    Tap {
        /// Where.
        session: SessionId,
        /// Which.
        tap: TapId,
        /// What.
        event: TapEvent,
    },
    /// Something is said that an ear was opened for.
    Ear {
        /// Where.
        session: SessionId,
        /// Which.
        ear: EarId,
        /// What.
        event: EarEvent,
    },
    /// A source of live sound has something to tell.
    Live {
        /// Where.
        session: SessionId,
        /// Which.
        live: LiveId,
        /// What.
        event: LiveEvent,
    },
    /// How it goes: made with each regular RTCP report, whether or not one can be sent.
    Quality {
        /// Where.
        session: SessionId,
        /// What it counted until now.
        counters: Counters,
    },
    /// A room has something to tell.
    Room {
        /// Which.
        room: RoomId,
        /// What.
        event: RoomEvent,
    },
    /// The session is gone; the last report of it.
    Closed {
        /// Which.
        session: SessionId,
        /// What it counted.
        counters: Counters,
    },
}

impl Report {
    /// Whose it is; the home of a room.
    pub fn session(&self) -> SessionId {
        match self {
            Report::Key { session, .. }
            | Report::PlayEnded { session, .. }
            | Report::Detected { session, .. }
            | Report::Silent { session }
            | Report::Refused { session, .. }
            | Report::Tap { session, .. }
            | Report::Ear { session, .. }
            | Report::Live { session, .. }
            | Report::Quality { session, .. }
            | Report::Closed { session, .. } => *session,
            Report::Room { room, .. } => room.home,
        }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Keys may be card digits: a log line must not show which.
            Report::Key { session, .. } => write!(f, "Key {{ session: {session:?}, event: <private> }}"),
            Report::PlayEnded {
                session,
                play,
                played,
                position,
                why,
            } => {
                write!(
                    f,
                    "PlayEnded {{ session: {session:?}, play: {play:?}, played: {played:?}, position: {position:?}, why: {why:?} }}"
                )
            }
            Report::Detected { session, verdict, .. } => {
                write!(f, "Detected {{ session: {session:?}, verdict: {verdict:?} }}")
            }
            Report::Silent { session } => write!(f, "Silent {{ session: {session:?} }}"),
            Report::Refused { session, why } => write!(f, "Refused {{ session: {session:?}, why: {why:?} }}"),
            Report::Tap { session, tap, event } => {
                write!(f, "Tap {{ session: {session:?}, tap: {tap:?}, event: {event:?} }}")
            }
            Report::Ear { session, ear, event } => {
                write!(f, "Ear {{ session: {session:?}, ear: {ear:?}, event: {event:?} }}")
            }
            Report::Live { session, live, event } => {
                write!(f, "Live {{ session: {session:?}, live: {live:?}, event: {event:?} }}")
            }
            Report::Quality { session, counters } => {
                write!(f, "Quality {{ session: {session:?}, counters: {counters:?} }}")
            }
            Report::Room { room, event } => write!(f, "Room {{ room: {room:?}, event: {event:?} }}"),
            Report::Closed { session, counters } => {
                write!(f, "Closed {{ session: {session:?}, counters: {counters:?} }}")
            }
        }
    }
}

/// Why a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlayEnd {
    /// It was played to its end.
    Finished,
    /// The far end pressed a key.
    Key,
    /// The far end says something that an ear was opened for.
    Speech,
    /// By command.
    Stopped,
    /// Another prompt took its place.
    Replaced,
    /// The session closed.
    Closed,
    /// It has more than [`MAX_SEGMENTS`](crate::MAX_SEGMENTS) segments; nothing was played and nothing replaced.
    Refused,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The engine has as many sessions as its configuration allows.
    Full,
    /// A session of this number is open, or has not yet reported its end.
    InUse,
    /// More keys than [`MAX_KEY_PRESSES`](crate::MAX_KEY_PRESSES) would wait.
    TooManyKeys,
    /// A key above 15.
    NotAKey,
    /// A time outside its range in [`DetectOptions`](crate::DetectOptions).
    DetectOptions,
    /// A time outside its range in [`EarOptions`](crate::EarOptions).
    EarOptions,
}

/// What a session counted from its opening. More than twelve fields, because each is a figure of its own in the
/// record of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// RTP packets accepted.
    pub packets_in: u64,
    /// Bytes of their payload.
    pub bytes_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Bytes of their payload.
    pub bytes_out: u64,
    /// RTP packets lost on the way to us (RFC 3550: expected less received; duplicates make it smaller, also negative).
    pub lost: i64,
    /// RTP packets that came again.
    pub duplicates: u64,
    /// RTP packets that came after one with a higher number.
    pub reordered: u64,
    /// RTP packets that came after the moment to play them; counted while somebody listens.
    pub late: u64,
    /// Datagrams that are no RTP or RTCP.
    pub malformed: u64,
    /// Packets that should have been protected and are not authentic, or came before.
    pub unauthentic: u64,
    /// Datagrams from somebody else than the session's source; without effect.
    pub wrong_source: u64,
    /// RTP packets with a payload type that was not agreed; they carry no sound and no key.
    pub unknown_payload: u64,
    /// RTP packets that came while the plan says we do not receive; not played, no keys.
    pub unwanted: u64,
    /// RFC 3550 jitter of what we received, in microseconds.
    pub jitter_us: u64,
    /// Frames of which sound was missing and covered up; counted while somebody listens.
    pub frames_concealed: u64,
    /// Packets sent that another session received; part of the packets sent.
    pub relayed: u64,
    /// Packets not relayed: to the target of a relay while it could not or might not be sent, too late or too long.
    pub relay_dropped: u64,
    /// Keys recognised.
    pub keys: u64,
    /// Telephone events that are no keys, or came behind a newer one.
    pub events_ignored: u64,
    /// Keys sent.
    pub keys_out: u64,
    /// Ticks of 20 ms that did not come; each is a hole in what we sent.
    pub ticks_missed: u64,
    /// Times the far end changed its synchronisation source or jumped in its numbering.
    pub restarts: u64,
    /// RTCP packets accepted.
    pub rtcp_in: u64,
    /// RTCP packets sent.
    pub rtcp_out: u64,
    /// Packets the far end says it lost of ours, by its last RTCP report.
    pub remote_lost: i64,
    /// Jitter the far end reports, in microseconds.
    pub remote_jitter_us: u64,
    /// Round trip by RTCP in microseconds; 0 as long as it is not known.
    pub round_trip_us: u64,
    /// Estimated mean opinion score of what we received ([`quality`](crate::quality)), in hundredths: 100 to 441; 0 as
    /// long as nothing came.
    pub mos_hundredths: u16,
    /// The same of what we sent, by the far end's reports; 0 as long as there are none.
    pub remote_mos_hundredths: u16,
}
