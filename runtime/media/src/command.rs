//! What an engine is told: commands, and the plan a session follows. Plain values; checked where they are carried out.

use crate::mixer::Part;
use crate::{
    Clip, Codec, Coming, DetectOptions, EarId, EarOrder, LiveId, LiveOrder, OpusOptions, PacketTimes, RelayKeys,
    RoomId, RoomOrder, SrtpKeys, TapId, TapOrder,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// One session, numbered by the engine's owner; its phase is the number modulo [`PHASES`](crate::PHASES).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// One playing of a prompt, numbered by the engine's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayId(pub u32);

/// An instruction to the engine. One for a session that is not open (any more) is ignored and counted.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a session. Refused when the engine is full or the number is in use: [`Report::Refused`](crate::Report).
    Open {
        /// Its number.
        session: SessionId,
        /// What it is to do.
        plan: Plan,
    },
    /// Gives a session a new plan, which replaces the old one as a whole. Prompts, keys and sequence numbers go on.
    Update {
        /// Which.
        session: SessionId,
        /// The plan.
        plan: Plan,
    },
    /// Plays a prompt in place of the one that plays, which ends as `Replaced`. Each play ends with exactly one
    /// [`Report::PlayEnded`](crate::Report::PlayEnded). While the plan forbids sending, the prompt pauses.
    Play {
        /// To whom.
        session: SessionId,
        /// The name of this playing.
        play: PlayId,
        /// What.
        prompt: Prompt,
        /// Whether a key ends it.
        stop_on_key: StopOnKey,
    },
    /// Changes how a prompt plays; nothing happens if it is not the one that plays.
    ChangePlay {
        /// To whom it plays.
        session: SessionId,
        /// Which.
        play: PlayId,
        /// How.
        change: PlayChange,
    },
    /// Stops a prompt; nothing happens if it is not the one that plays.
    Stop {
        /// To whom it plays.
        session: SessionId,
        /// Which.
        play: PlayId,
    },
    /// Sends keys after those still waiting: as telephone events (RFC 4733), or as tones where none are negotiated. They
    /// take the place of sound while they last. Refused above [`MAX_KEY_PRESSES`](crate::MAX_KEY_PRESSES), and for
    /// events above 15.
    SendKeys {
        /// To whom.
        session: SessionId,
        /// In this order.
        keys: Vec<KeyPress>,
    },
    /// Starts or ends handing the session's received sound to [`Sink::heard`](crate::Sink::heard). A session nobody
    /// listens to decodes nothing.
    Listen {
        /// Whom.
        session: SessionId,
        /// On or off.
        listening: Listening,
    },
    /// Relays what a session receives from now on to another one (RFC 7667 section 3.2.1), or ends that. Sound and keys
    /// go out at once as part of the target's own stream: keys we send and prompts we play to it come first, and while
    /// nothing is relayed for 100 ms it hears silence. One relay at a time flows to a target: what another session
    /// relays meanwhile is dropped. Relaying ends by itself when either session closes; but an owner whose target is in
    /// another engine ends it before that number opens again.
    Relay {
        /// Whose packets.
        session: SessionId,
        /// To whom; none ends it.
        to: Option<SessionId>,
        /// Whether keys go with the sound.
        keys: RelayKeys,
    },
    /// Finds out by the received sound whether a human or a machine answered. Ends with exactly one
    /// [`Report::Detected`](crate::Report::Detected), unless refused because of its options.
    Detect {
        /// Whose.
        session: SessionId,
        /// By which measures.
        options: DetectOptions,
    },
    /// Begins, pauses or ends a tap: received sound, decoded beside whatever else becomes of it, goes to
    /// [`Sink::tapped`](crate::Sink::tapped).
    Tap {
        /// Of which session.
        session: SessionId,
        /// Which tap.
        tap: TapId,
        /// What it is to do.
        order: TapOrder,
    },
    /// Begins or ends listening for something said; [`Report::Ear`](crate::Report::Ear) tells of it. What is said is told as
    /// voice from noise, not understood. Refused because of its options, it ends the ear that there was.
    Ear {
        /// Of which session.
        session: SessionId,
        /// Which listening.
        ear: EarId,
        /// What it is to do.
        order: EarOrder,
    },
    /// Sound of somebody outside, played while no prompt plays and no key is sent; it takes the place of relayed sound.
    /// A session has one source of it: a second one ends at once. While the plan forbids sending, it waits.
    Live {
        /// To whom.
        session: SessionId,
        /// Which source.
        live: LiveId,
        /// What it is to do; one for a source that is gone has no effect.
        order: LiveOrder,
    },
    /// Opens or closes a room, or says who sits in it and what becomes of what is said there.
    Room {
        /// Which.
        room: RoomId,
        /// What it is to do.
        order: RoomOrder,
    },
    /// Lets a session speak and hear in a room of any engine, or no longer. What the room lets it hear goes out while no
    /// key, prompt or live sound does. The room has to know of it: [`RoomOrder::Seat`].
    Join {
        /// Which.
        session: SessionId,
        /// Where, and as what; none: nowhere.
        joined: Option<Joined>,
    },
    /// Closes a session: its prompt ends at once, RTCP BYE and the final report follow in its next tick.
    Close {
        /// Which.
        session: SessionId,
    },
}

impl Command {
    /// Which session it is for; the home of a room.
    pub fn session(&self) -> SessionId {
        match self {
            Command::Open { session, .. }
            | Command::Update { session, .. }
            | Command::Play { session, .. }
            | Command::ChangePlay { session, .. }
            | Command::Stop { session, .. }
            | Command::SendKeys { session, .. }
            | Command::Listen { session, .. }
            | Command::Relay { session, .. }
            | Command::Detect { session, .. }
            | Command::Tap { session, .. }
            | Command::Ear { session, .. }
            | Command::Live { session, .. }
            | Command::Join { session, .. }
            | Command::Close { session } => *session,
            Command::Room { room, .. } => room.home,
        }
    }
}

/// Everything a session has to know about its far end. Always complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where the session description says RTP goes. With port 0 or an unspecified address nothing is sent.
    pub remote: SocketAddr,
    /// The same for RTCP; equal to `remote` where both share a port (RFC 5761).
    pub remote_rtcp: SocketAddr,
    /// What we send.
    pub codec: Codec,
    /// RTP payload type we send it under, 0 to 127.
    pub payload_type: u8,
    /// What else a received packet may hold, by payload type; `payload_type` stands for `codec` here too unless this says
    /// otherwise. G.711 and G.722 are known by their static payload types (RFC 3551) without being named.
    pub receives: Vec<(u8, Codec)>,
    /// How telephone events are sent and known, if they were negotiated. If not, keys are tones in both directions.
    pub telephone_event: Option<TelephoneEvent>,
    /// What the far end asks of Opus; without meaning beside other codecs.
    pub opus: OpusOptions,
    /// How long packets are.
    pub packets: PacketTimes,
    /// How packets are protected both ways; none: they are plain. Where they are protected, what is not authentic has no
    /// effect, plain packets included.
    pub srtp: Option<SrtpKeys>,
    /// Who may send, as seen from here.
    pub flow: Flow,
    /// Without RTP for so long while receiving, the session is reported silent, once for each silence. None: never.
    pub timeout: Option<Duration>,
}

/// A session's part in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Joined {
    /// Which.
    pub room: RoomId,
    /// One that only listens decodes nothing for it.
    pub part: Part,
}

/// Telephone events as negotiated (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TelephoneEvent {
    /// RTP payload type we send them under, 0 to 127; received ones are known by it too.
    pub payload_type: u8,
    /// The payload type we said we know them by, if it is another.
    pub receives: Option<u8>,
    /// Units a second in which their durations are told: 8,000, or the clock of the codec beside them.
    pub clock: u32,
}

impl TelephoneEvent {
    /// Under one payload type both ways, at 8,000 units a second.
    pub fn new(payload_type: u8) -> Self {
        Self {
            payload_type,
            receives: None,
            clock: 8_000,
        }
    }
}

/// The direction of media as seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Both ways.
    SendRecv,
    /// We send and do not listen.
    SendOnly,
    /// We listen and do not send.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Flow {
    /// Whether we may send.
    pub fn sends(self) -> bool {
        matches!(self, Flow::SendRecv | Flow::SendOnly)
    }

    /// Whether we receive.
    pub fn receives(self) -> bool {
        matches!(self, Flow::SendRecv | Flow::RecvOnly)
    }
}

/// What is played: segments one after the other without a gap, the whole as often as asked.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// At most [`MAX_SEGMENTS`](crate::MAX_SEGMENTS).
    pub segments: Vec<Segment>,
    /// How often the whole is played; 0 repeats without end.
    pub times: u16,
}

/// One piece of a prompt.
#[derive(Debug, Clone)]
pub enum Segment {
    /// Recorded sound.
    Clip(Arc<Clip>),
    /// A generated tone.
    Tone(Tone),
    /// Silence.
    Silence(Duration),
    /// Recorded sound that may not be there yet; silence until it is.
    Coming(Coming),
}

/// A tone of up to four frequencies together, switched on and off. Its edges are ramps of 4 ms against clicks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tone {
    /// Hertz, below 4,000; those above the fourth are not played.
    pub frequencies: Vec<u16>,
    /// Sound.
    pub on: Duration,
    /// Silence after it.
    pub off: Duration,
    /// How often the pair is played; 0 counts as 1.
    pub count: u16,
    /// Power of the whole in dBm0; above 0 it is played at 0.
    pub level_dbm0: i8,
}

/// Whether a key from the far end ends a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopOnKey {
    /// The first packet of a key ends it.
    Stop,
    /// It plays on.
    PlayOn,
}

/// A change to a prompt that plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayChange {
    /// It fades, and waits in silence, which does not count as played.
    Pause,
    /// It goes on where it was paused.
    Resume,
    /// It goes on from a place of this round, counted from its beginning; from its end on, the round is over. What is not
    /// there yet is not passed over.
    Seek(Duration),
    /// It goes on so much later, or earlier, but not before the beginning of the round.
    Skip {
        /// Milliseconds.
        ms: i32,
    },
    /// How loud it is from now on.
    Volume {
        /// dB beside what it was recorded at; what it is louder than full scale then is cut off.
        decibels: i8,
    },
}

/// Whether the received sound is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listening {
    /// 160 samples each tick go to the sink.
    On,
    /// Nothing is decoded.
    Off,
}

/// A key to send.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyPress {
    /// RFC 4733 event, 0 to 15.
    pub event: u8,
    /// How long it is held, in milliseconds, at least 20; sent in steps of 20.
    pub duration_ms: u16,
    /// Pause before the next key, in milliseconds; at least 40, which the repeated end packets take.
    pub pause_ms: u16,
}

impl std::fmt::Debug for KeyPress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyPress(<private>)")
    }
}
