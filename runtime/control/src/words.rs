//! The contract's words as plain Rust: what a handler may ask about and be told. `wit/` is the source; the guest crate
//! converts between these and the generated types, and nothing else knows the generated ones. Words of dialling, bridges
//! and transfers are in `words/`.

mod asking;
mod beginning;
mod hearing;
mod inbox;
mod parties;
mod presence;
mod quality;
mod recognising;
mod recording;
mod rooms;
mod storing;
mod streaming;

pub use asking::{HttpHeader, HttpMethod, HttpRequest, HttpResponse, NoResponse};
pub use beginning::{BROKEN_TEXT, Began, Breakage, Broken, REDIRECT_TEXT};
pub use hearing::{DIGITS_MAX, Heard, Hearing, PHRASE_BYTES_MAX, PHRASES_MAX, SPOKEN_DIGITS, Said};
pub use inbox::InboxMessage;
pub use parties::{
    Absence, AnsweredBy, BridgeEnd, BridgeOptions, Bridged, CallerHears, CallerId, Cause, Credentials, Destination,
    DetectionOptions, DialAnswer, DialOptions, DialOutcome, Endpoint, KeysBetween, MachineWait, Order, TransferOutcome,
    TransferPolicy,
};

pub use presence::{PresenceAction, PresenceClient, PresenceReply, PresenceView};
pub use quality::{Quality, SoundQuality};
pub use recognising::{
    FinalText, Gap, HINTS_MAX, HeardSpeech, PartialText, Partials, RecogniseCounts, RecogniseEnd, RecogniseFailure,
    RecogniseOptions, Recognised,
};
pub use recording::{Beep, NotRecorded, PauseWith, RecordEnd, RecordFormat, RecordOptions, Recorded, TrimSilence};
pub use rooms::{RoomEvent, RoomPart, Seat};
pub use storing::{Expected, StoreAction, StoreEntry, StoreReply, Swapped};
pub use streaming::{StreamCounts, StreamDirection, StreamEnd, StreamFormat, StreamOptions, Streamed};

use crate::policy::Privacy;
use crate::private::Private;
use crate::speech::Speech;
use std::fmt;

/// Why the runtime took the call away. See `types.interruption` in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// BYE from the far end.
    HungUp,
    /// CANCEL from the far end.
    Cancelled,
    /// No RTP for the media time-out.
    MediaLost,
    /// No ACK, or a failed transport.
    SignallingLost,
    /// The longest call duration was reached.
    TimeLimit,
    /// The operator, the API or a draining node.
    EndedByPlatform,
    /// The handler hung up the leg itself.
    EndedByHandler,
    /// The leg belongs to another call now.
    Moved,
    /// A dialled leg that was refused or not answered in time.
    NotConnected,
}

/// Where a leg is in its life; only ever moves down this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegState {
    /// The far end waits.
    Offered,
    /// It hears ringing or early media.
    Ringing,
    /// Both ends are connected.
    Answered,
    /// The leg is gone.
    Ended,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitName {
    /// Operations alive at the same time in one call.
    Operations,
    /// Bytes in one string, list or buffer.
    StringBytes,
    /// Segments in one prompt.
    PromptSegments,
    /// Bytes of log text in one call.
    LogBytes,
    /// Random bytes in one request.
    RandomBytes,
    /// Legs of one call, ended ones included.
    Legs,
    /// Endpoints of one dialling.
    Endpoints,
    /// Extra headers of one endpoint.
    Headers,
    /// Recordings at the same time, or in one call.
    Recordings,
    /// Bytes of all texts to be spoken in one prompt.
    SpeechBytes,
    /// Phrases that one collection listens for.
    Phrases,
    /// Streams at the same time, or in one call.
    Streams,
    /// Parameters of one stream.
    Parameters,
    /// Rooms open at the same time in one call.
    Rooms,
    /// Recognitions at the same time, or in one call.
    Recognitions,
    /// Hints of one recognition.
    Hints,
    /// Bytes of a key of the store.
    StoreKeyBytes,
    /// Bytes of a value of the store.
    StoreValueBytes,
    /// Entries of a tenant in the store.
    StoreEntries,
    /// Bytes of all keys and values of a tenant in the store.
    StoreBytes,
    /// Operations on the store in one call.
    StoreOperations,
    /// Requests to web servers in one call.
    HttpRequests,
    /// Bytes of the body of a request to a web server, or of all its headers.
    HttpBytes,
    /// What a call tells, or bytes of it.
    Reports,
    /// Webhooks that a call subscribed.
    Subscriptions,
    /// Requests about presence in one call, or identities in one.
    Presence,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The call was taken away.
    Interrupted(Interruption),
    /// The leg is in this state and the request needs another.
    WrongState(LegState),
    /// A limit was reached; nothing was done.
    Limit {
        /// Which.
        name: LimitName,
        /// The largest value allowed.
        allowed: u64,
        /// The value asked for.
        asked: u64,
    },
    /// An argument is out of range; nothing was done.
    Invalid {
        /// The argument as the contract spells it.
        argument: String,
        /// What was wrong and what would be right.
        reason: String,
    },
    /// The module carries no prompt of this name.
    NoSuchPrompt(String),
    /// Another gathering already collects this leg's keys.
    AlreadyGathering,
    /// The leg is in a bridge already.
    AlreadyBridged,
    /// The far end refused with this SIP status.
    RefusedByPeer(u16),
    /// No such call of this tenant here, or none of its legs can be moved.
    NoSuchCall,
    /// The tenant has no handler of this name.
    NoSuchHandler(String),
    /// There is no recording, or not a whole one.
    NotRecorded(NotRecorded),
    /// A text could not be spoken, and why.
    NotSpoken(String),
    /// A sound file could not be fetched, and why.
    NotFetched(String),
    /// What was said could not be recognised, and why.
    NotHeard(String),
    /// The configuration does not allow it; what it would have to say.
    NotAllowed(String),
    /// This handler is given no secret of this name.
    NoSuchSecret(String),
    /// A service of the platform cannot do this now, and why.
    Unavailable(String),
    /// A web server gave no answer that can be used.
    NoResponse(NoResponse),
    /// The handler's own words.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Interrupted(why) => write!(f, "interrupted: {why:?}"),
            Error::WrongState(state) => write!(f, "the leg is {state:?}, which does not allow this"),
            Error::Limit { name, allowed, asked } => {
                write!(f, "over the limit {name:?}: asked for {asked}, allowed are {allowed}")
            }
            Error::Invalid { argument, reason } => write!(f, "invalid {argument}: {reason}"),
            Error::NoSuchPrompt(name) => write!(f, "the module carries no prompt named {name:?}"),
            Error::AlreadyGathering => f.write_str("another gathering already collects the keys of this leg"),
            Error::AlreadyBridged => f.write_str("the leg is in a bridge or a room already; stop that first"),
            Error::RefusedByPeer(status) => write!(f, "the far end refused with status {status}"),
            Error::NoSuchCall => f.write_str("no such call of this tenant here, or none of its legs can be moved"),
            Error::NoSuchHandler(name) => write!(f, "the tenant has no handler named {name:?}"),
            Error::NotRecorded(NotRecorded::Storage) => f.write_str("the recording could not be written"),
            Error::NotRecorded(NotRecorded::Overloaded) => {
                f.write_str("the node has more to record than it can write; the recording is not whole")
            }
            Error::NotRecorded(NotRecorded::Late) => f.write_str("the recording was not known to be kept in time"),
            Error::NotFetched(why) => write!(f, "the sound file could not be fetched: {why}"),
            Error::NotSpoken(why) => write!(f, "the text could not be spoken: {why}"),
            Error::NotHeard(why) => write!(f, "what was said could not be recognised: {why}"),
            Error::NotAllowed(what) => write!(f, "the configuration does not allow this: {what}"),
            Error::NoSuchSecret(name) => write!(f, "this handler is given no secret named {name:?}"),
            Error::Unavailable(why) => write!(f, "not available: {why}"),
            Error::NoResponse(why) => write!(f, "no answer of the web server: {why}"),
            Error::Failed(why) => write!(f, "the handler gave up: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// One key of a telephone keypad (RFC 4733 events 0 to 15).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u8);

impl Key {
    /// The key of an RFC 4733 event code; none above 15.
    pub fn from_event(code: u8) -> Option<Key> {
        (code < 16).then_some(Key(code))
    }

    /// The key of a character: 0 to 9, *, #, A to D (either case).
    pub fn from_char(c: char) -> Option<Key> {
        let code = match c.to_ascii_uppercase() {
            c @ '0'..='9' => c as u8 - b'0',
            '*' => 10,
            '#' => 11,
            c @ 'A'..='D' => c as u8 - b'A' + 12,
            _ => return None,
        };
        Some(Key(code))
    }

    /// Its RFC 4733 event code, 0 to 15.
    pub fn event(self) -> u8 {
        self.0
    }

    /// Its character.
    pub fn char(self) -> char {
        char::from(b"0123456789*#ABCD"[usize::from(self.0)])
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(<private>)")
    }
}

/// What is known of a leg when it is offered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LegInfo {
    /// The call's id as text.
    pub call_id: String,
    /// Which way it was set up.
    pub direction: LegDirection,
    /// User part of From.
    pub from: Private<String>,
    /// Display name of From, empty if none.
    pub from_name: Private<String>,
    /// User part of the Request-URI.
    pub to: Private<String>,
    /// Who vouches for the caller.
    pub identity: Identity,
    /// How the request came in.
    pub origin: LegOrigin,
    /// Came over an encrypted transport.
    pub secure: bool,
    /// Whether those who are called on the caller's behalf may be shown who calls (RFC 3323). Not for the handler.
    pub privacy: Privacy,
}

/// Which way a leg was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LegDirection {
    /// The far end called.
    #[default]
    Inbound,
    /// The handler dialled.
    Outbound,
}

/// How far a carrier vouches for a caller (RFC 8588 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attestation {
    /// A.
    Full,
    /// B.
    Partial,
    /// C.
    Gateway,
}

/// Who vouches for the caller of a leg.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Identity {
    /// Nobody.
    #[default]
    Unsigned,
    /// A good signature (RFC 8224).
    Signed(Attestation),
    /// A signature that does not hold, and why.
    Invalid(String),
    /// A trusted peer asserts this user (RFC 3325).
    Asserted(Private<String>),
}

/// How a leg's request came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LegOrigin {
    /// Through this trunk.
    Trunk(String),
    /// From this user's registered phone.
    User(Private<String>),
    /// From somebody the operator lets in without a name.
    #[default]
    Anyone,
    /// It was dialled.
    Dialled,
}

/// How a call is refused before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// 486.
    Busy,
    /// 603.
    Declined,
    /// 404.
    NotFound,
    /// 480.
    Unavailable,
    /// 403.
    Forbidden,
}

/// A tone of up to four frequencies sounding together. Ranges: see `types.tone` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tone {
    /// Hertz.
    pub frequencies: Vec<u16>,
    /// Milliseconds of sound.
    pub on_ms: u32,
    /// Milliseconds of silence after it.
    pub off_ms: u32,
    /// Repetitions of the pair.
    pub count: u16,
    /// Power of the whole.
    pub level_dbm0: i8,
}

/// One piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A file of the module, by name.
    File(String),
    /// A generated tone.
    Tone(Tone),
    /// Milliseconds of silence.
    Silence(u32),
    /// A text that is spoken.
    Speech(Speech),
    /// A sound file of the web, by its address, which may hold a secret.
    Url(Private<String>),
}

/// How a prompt behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayOptions {
    /// Any key stops it.
    pub barge_in: bool,
    /// Repetitions; 0 without end.
    pub times: u16,
    /// Where the first round begins.
    pub from_ms: u32,
    /// dB beside what it was recorded at.
    pub volume_db: i8,
}

/// A change to a prompt that plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayChange {
    /// Silence until it goes on.
    Pause,
    /// It goes on.
    Resume,
    /// It goes on from a place of its round, in milliseconds.
    Seek(u32),
    /// It goes on so many milliseconds later, or earlier.
    Skip(i32),
    /// dB beside what it was recorded at.
    Volume(i8),
}

/// Why a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlayEnd {
    /// Played to its end.
    Finished,
    /// A key.
    Key,
    /// The handler stopped it.
    Stopped,
    /// Another prompt took its place.
    Replaced,
}

/// What was sent of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// Milliseconds sent.
    pub played_ms: u32,
    /// Where in the prompt it stood.
    pub position_ms: u32,
    /// Why no more.
    pub ended_by: PlayEnd,
}

/// What to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatherOptions {
    /// Keys for a complete result.
    pub min: u8,
    /// Done at this many.
    pub max: u8,
    /// Done at this key, which is not part of the result.
    pub finish_on: Option<Key>,
    /// Wait for the first key from the prompt's end.
    pub first_key_ms: u32,
    /// Wait for each further key.
    pub next_key_ms: u32,
    /// Played meanwhile.
    pub prompt: Option<Vec<Segment>>,
    /// The first key stops the prompt, or speech.
    pub barge_in: bool,
    /// What may be said in place of keys.
    pub speech: Option<Hearing>,
}

/// Why collecting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GatherEnd {
    /// `max` keys.
    MaxKeys,
    /// The finish key.
    FinishKey,
    /// No key in time.
    FirstKeyTimeout,
    /// No further key in time.
    NextKeyTimeout,
    /// Cancelled by the handler.
    Cancelled,
    /// A phrase was said.
    Said,
    /// What was said is none of the phrases.
    NoMatch,
}

/// What was collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// The keys in order.
    pub keys: Private<String>,
    /// Why no more.
    pub ended_by: GatherEnd,
    /// At least `min` came, or a phrase was said.
    pub complete: bool,
    /// What was said.
    pub said: Option<Said>,
}

/// A collection that broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatherFailure {
    /// Why.
    pub reason: Error,
    /// The keys until then.
    pub keys: Private<String>,
}

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime {
    /// Since 1970, leap seconds not counted.
    pub seconds: u64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

impl UnixTime {
    /// Whole milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.seconds * 1_000 + u64::from(self.nanoseconds / 1_000_000)
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For the developer.
    Debug,
    /// What happens.
    Info,
    /// Odd but handled.
    Warn,
    /// Went wrong.
    Error,
}
