//! Everything that can wake a shard, and everything it can want.

use crate::browsers::{Browsers, DoorEvent, DoorOrder};
use crate::carriers::TrunkTargets;
use crate::directory::Directory;
use crate::errands::{ToAsk, ToStore};
use crate::hearing::ToRecognise;
use crate::identity::IdentityConfig;
use crate::journal::{JournalPart, PrivateValues};
use crate::presence::{OnCall, PresenceAsk, PresenceTold};
use crate::recognise::RecogniseSetup;
use crate::sinks::{NotReceived, SinkKey, ToSink};
use crate::speaking::{ToFetch, ToSpeak};
use crate::stream::{StreamKey, StreamSetup};
use crate::trial::TrialNews;
use patchcord_control::call::{Listens, RecogniseSignal, Saved, StreamSignal, Trace, TurnTrace};
use patchcord_control::events::Telling;
use patchcord_control::ids::{CallId, LegId, RecordingId, Tenant};
use patchcord_control::limits::Limits;
use patchcord_control::private::Private;
use patchcord_control::record::CallRecord;
use patchcord_control::stream_urls::StreamAllow;
use patchcord_control::tenancy::{Refused, Tenancy};
use patchcord_control::words::{
    Error, Heard, HttpResponse, Key, LogLevel, NoResponse, NotRecorded, Quality, RecordFormat, StoreReply, StreamEnd,
    UnixTime,
};
use patchcord_media::{Clip, Command, LiveEvent, Report, SessionId, Trim};
use patchcord_sip::identity::{CertificateUrl, FetchFailure};
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{Flow, LocationChange, Proven, Target, Uri};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What may change of a shard's configuration while it runs. Whoever gives it has tried both, as a [`Shard`](crate::Shard) would.
#[derive(Debug, Clone)]
pub struct Reload {
    /// Who may come in; its rates and limits stay as they were.
    pub gate: patchcord_sip::GateConfig,
    /// All trunks, for the shard that watches them.
    pub trunks: Vec<patchcord_sip::TrunkConfig>,
}

/// What a shard is made from; fixed for its life, but for what a [`Reload`] changes.
#[derive(Debug, Clone)]
pub struct Config {
    /// The SIP endpoint's part.
    pub sip: patchcord_sip::Config,
    /// The host that stands in From of our own requests, such as `office.example`; none: the first door's address.
    pub domain: Option<String>,
    /// The address that session descriptions name for audio.
    pub media_address: IpAddr,
    /// Who may come in; everybody without it.
    pub gate: Option<patchcord_sip::GateConfig>,
    /// Trunks to watch; only in one shard of a node.
    pub trunks: Vec<patchcord_sip::TrunkConfig>,
    /// Registrations are kept here; only in the shard that takes REGISTER.
    pub registrar: Option<patchcord_sip::RegistrarConfig>,
    /// How signed caller identity is judged and made (RFC 8224).
    pub identity: IdentityConfig,
    /// Codecs we speak, preferred first.
    pub codecs: Vec<Codec>,
    /// How much sound far ends are asked to put in one packet, in ms.
    pub ptime_ms: u16,
    /// Whether legs have to be encrypted.
    pub srtp: Srtp,
    /// How browsers are taken; none: not at all.
    pub browsers: Option<Browsers>,
    /// A leg that should send audio and sends none for so long is lost; none to wait for ever.
    pub media_timeout: Option<Duration>,
    /// Limits of an instance.
    pub instance: patchcord_guest::Limits,
    /// Limits of a call.
    pub call: Limits,
    /// Which servers legs may be streamed to.
    pub streams: Arc<StreamAllow>,
    /// How the recogniser of the node listens.
    pub listens: Listens,
    /// Calls at the same time; one more is refused with 503.
    pub calls: usize,
    /// Whether turns are reported.
    pub trace: Trace,
    /// What becomes of private values in the journals of calls; none: no journals are kept.
    pub journal: Option<PrivateValues>,
    /// Whether SIP messages are reported with the call and leg they belong to.
    pub ladder: Trace,
    /// What each tenant may use; shared by all shards of a node.
    pub tenancy: Arc<Tenancy>,
    /// A moment and its time of day: how the shard tells the time.
    pub clock: (Instant, UnixTime),
    /// Seed of everything random in it.
    pub seed: [u8; 32],
}

/// A bound pair of ports of a media thread, ready for a session. Lent to a shard for ever; used for one session after
/// the other, the longest-idle first, so that late packets of an old call die before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaPort {
    /// The session that uses the pair; unique in the node.
    pub session: SessionId,
    /// Which media thread holds the sockets.
    pub thread: usize,
    /// The RTP port; RTCP is the next one.
    pub port: u16,
}

/// Everything that can wake a shard.
#[derive(Debug)]
pub enum Input<'a> {
    /// A SIP message: a datagram, or one of a stream.
    Message {
        /// The way it came.
        flow: Flow,
        /// What.
        bytes: &'a [u8],
        /// The client that this way belongs to, if it has proved who it is; only streams have one.
        proven: Option<Arc<Proven>>,
    },
    /// A SIP message for which there is no time, as [`WaitingRoom`](crate::WaitingRoom) says: what it would begin is refused
    /// with 503 before anything is made of it.
    Excess {
        /// The way it came.
        flow: Flow,
        /// What.
        bytes: &'a [u8],
        /// As with `Message`.
        proven: Option<Arc<Proven>>,
    },
    /// What was to be sent this way could not be.
    SendFailed {
        /// The way as [`Output::Send`] named it.
        flow: Flow,
    },
    /// Where an address can be reached, as [`Output::Resolve`] asked; none if nowhere.
    Resolved {
        /// The question.
        query: Query,
        /// Best first.
        targets: Vec<Target>,
    },
    /// The file that [`Output::FetchCertificate`] asked for, or why there is none; exactly one for each question.
    Fetched {
        /// The question.
        query: Query,
        /// At most [`CHAIN_BYTES`](patchcord_sip::identity::CHAIN_BYTES).
        file: Result<Vec<u8>, FetchFailure>,
    },
    /// What another shard learned about where users are.
    Location(LocationChange),
    /// What another shard learned about where a trunk is.
    Trunk(TrunkTargets),
    /// Trunks begin to be watched; after the first directory.
    StartTrunks,
    /// Who may call in, and what carries calls, was configured anew. Calls that run go on.
    Reload(Arc<Reload>),
    /// A media thread reports.
    Media(Report),
    /// The door of browsers tells of a session.
    Door {
        /// Which.
        session: SessionId,
        /// What.
        event: DoorEvent,
    },
    /// Storage has kept a recording, or has given it up; once for each [`RecordingOrder::Begin`].
    Recorded {
        /// Which.
        key: RecordingKey,
        /// What is kept.
        stored: Result<Saved, NotRecorded>,
    },
    /// The sound of a text or a file, as [`Output::Speak`] or [`Output::FetchSound`] asked, or why there is none; exactly one for each question.
    Spoken {
        /// The question.
        query: Query,
        /// The reason is for a person to read and holds nothing of the text.
        sound: Result<Arc<Clip>, String>,
    },
    /// What was said, as [`Output::Recognise`] asked, or why that is not known; exactly one for each question.
    Recognised {
        /// The question.
        query: Query,
        /// The reason is for a person to read and holds nothing of what was said.
        heard: Result<Heard, String>,
    },
    /// What a web server answered, as [`Output::AskWeb`] asked, or why it did not; one for each question that was not left.
    Responded {
        /// The question.
        query: Query,
        /// The answer.
        response: Result<HttpResponse, NoResponse>,
    },
    /// What came of something in the store, as [`Output::Store`] asked; exactly one for each question.
    Stored {
        /// The question.
        query: Query,
        /// The reply that the action has.
        reply: Result<StoreReply, Error>,
    },
    /// What whoever knows presence says to [`Output::AskPresence`]: once, and for what is watched again with each change.
    Presence {
        /// The question.
        query: Query,
        /// The answer.
        told: PresenceTold,
    },
    /// A stream has something to tell; it is over once for each [`StreamOrder::Begin`].
    Stream {
        /// Which.
        key: StreamKey,
        /// What.
        signal: StreamSignal,
    },
    /// A recognition has something to tell; it is over once for each [`StreamOrder::Recognise`].
    Recognition {
        /// Which.
        key: StreamKey,
        /// What.
        signal: RecogniseSignal,
    },
    /// More port pairs to use.
    Ports(Vec<MediaPort>),
    /// An event sink is to be told something; [`Output::Received`] follows.
    Tell(Box<ToSink>),
    /// Routes and programs from now on; running calls keep theirs.
    Directory(Arc<Directory>),
    /// No new calls from now on; they get 503.
    Drain,
    /// Ends all calls; their handlers are interrupted.
    EndAll,
    /// Time passed.
    Deadline,
}

/// A question of a shard about an address, a certificate, a text or something said, named until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query(pub u64);

/// A recording while it runs, by the number of its taps ([`patchcord_media::TapId`]); unique in the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingKey(pub u64);

/// What storage is told of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingOrder {
    /// A new one; its taps begin after this. [`Input::Recorded`] follows once.
    Begin {
        /// Its key.
        key: RecordingKey,
        /// Whose it is: storage keeps tenants apart.
        tenant: Tenant,
        /// Its name.
        id: RecordingId,
        /// 1 or 2.
        channels: u8,
        /// What becomes of silence at its ends.
        trim: Trim,
        /// The file it becomes.
        format: RecordFormat,
    },
    /// Every frame of it has been handed over; keep it.
    Finish {
        /// Which.
        key: RecordingKey,
    },
}

/// What whoever drives streams is told.
#[derive(Debug)]
pub enum StreamOrder {
    /// A new one; its tap begins after this. [`Input::Stream`] with [`StreamSignal::Over`] follows once.
    Begin(Box<StreamSetup>),
    /// What became of the server's sound.
    Live {
        /// Of which.
        key: StreamKey,
        /// What.
        event: LiveEvent,
    },
    /// A key was pressed on its leg.
    Key {
        /// Of which.
        key: StreamKey,
        /// Which key.
        pressed: Key,
    },
    /// A text for its server.
    Send {
        /// Of which.
        key: StreamKey,
        /// What.
        text: Private<String>,
    },
    /// The call ends it.
    End {
        /// Which.
        key: StreamKey,
        /// Why.
        why: StreamEnd,
    },
    /// A new recognition; its tap begins after this. [`Input::Recognition`] with [`RecogniseSignal::Over`] follows once.
    Recognise(Box<RecogniseSetup>),
}

/// Everything a shard can want.
#[derive(Debug)]
pub enum Output {
    /// Send a SIP message.
    Send {
        /// Which way.
        to: Flow,
        /// For TLS: the name the peer's certificate must show if a connection has to be opened.
        name: Option<Arc<str>>,
        /// What; shared with the transaction that may send it again.
        bytes: Arc<[u8]>,
    },
    /// Look up where an address can be reached (RFC 3263); [`Input::Resolved`] follows.
    Resolve {
        /// The question.
        query: Query,
        /// The address.
        uri: Uri,
    },
    /// Get the file of a signer's certificate with one HTTPS GET: no redirect, no more than
    /// [`CHAIN_BYTES`](patchcord_sip::identity::CHAIN_BYTES), and from public addresses only unless the rules say
    /// otherwise. [`Input::Fetched`] follows; the call goes on without it if that takes too long.
    FetchCertificate {
        /// The question.
        query: Query,
        /// The address. A stranger chose it.
        url: CertificateUrl,
    },
    /// Tell the other shards where a user is.
    Location(LocationChange),
    /// Tell the other shards where a trunk is.
    Trunk(TrunkTargets),
    /// Tell a media thread.
    Media {
        /// Which.
        thread: usize,
        /// What.
        command: Command,
    },
    /// Tell the door of browsers.
    Door(DoorOrder),
    /// Fetch a sound file of the web; [`Input::Spoken`] follows. A prompt waits for it in silence.
    FetchSound {
        /// The question.
        query: Query,
        /// Which.
        wanted: ToFetch,
    },
    /// Speak a text; [`Input::Spoken`] follows. A prompt waits for it in silence.
    Speak {
        /// The question.
        query: Query,
        /// The text.
        wanted: ToSpeak,
    },
    /// Recognise something said; [`Input::Recognised`] follows. The handler waits for it.
    Recognise {
        /// The question.
        query: Query,
        /// What was said, and what it may be.
        wanted: ToRecognise,
    },
    /// Send a request to a web server; [`Input::Responded`] follows. The handler waits for it. No redirection is followed.
    AskWeb {
        /// The question.
        query: Query,
        /// What.
        wanted: ToAsk,
    },
    /// Nobody waits for an answer of the web any more: leave it.
    LeaveWeb {
        /// The question.
        query: Query,
    },
    /// Do something in the store; [`Input::Stored`] follows. The handler waits for it.
    Store {
        /// The question.
        query: Query,
        /// What.
        wanted: ToStore,
    },
    /// Ask whoever knows who can be reached, or tell it something; [`Input::Presence`] follows.
    AskPresence {
        /// The question.
        query: Query,
        /// Whose identities.
        tenant: Tenant,
        /// What.
        ask: PresenceAsk,
    },
    /// Nobody wants to be told any more what [`PresenceAsk::Watch`] asked for.
    LeavePresence {
        /// The question.
        query: Query,
    },
    /// A leg of an identity begins or is over.
    OnCall(OnCall),
    /// Tell storage.
    Recording(RecordingOrder),
    /// Tell whoever drives streams.
    Stream(StreamOrder),
    /// Tell whoever watches.
    Notice {
        /// Which call.
        call: CallId,
        /// What.
        notice: Notice,
    },
    /// How a leg of a call sounds so far, about every five seconds.
    Quality {
        /// Which call.
        call: CallId,
        /// Which of its legs.
        leg: LegId,
        /// How.
        quality: Quality,
    },
    /// A SIP message of a call, if the shard reports them.
    Message {
        /// Which call.
        call: CallId,
        /// Which of its legs.
        leg: LegId,
        /// Whether it came or went.
        way: Way,
        /// The way it took.
        flow: Flow,
        /// The message. Private.
        bytes: Arc<[u8]>,
        /// How long ago: it is told only once its call has a name, and a call may first wait for a certificate.
        ago: Duration,
    },
    /// Keep a part of a call's journal. The last comes before the end record.
    Journal(JournalPart),
    /// Something happened in a call that receivers want to be told. Nothing of what they say comes back to it.
    Telling(Box<Telling>),
    /// A sink is done with an event: exactly one for each [`Input::Tell`].
    Received {
        /// Which.
        key: SinkKey,
        /// Whether it has received it.
        received: Result<(), NotReceived>,
    },
    /// A tenant has reached a limit. Told the first time, and then once a minute.
    Limited {
        /// Whose limit.
        tenant: Tenant,
        /// Which, and how much it is.
        refused: Refused,
        /// How often since it was told last.
        times: u64,
    },
    /// A call is over: its end record, exactly one for each.
    Record(Box<CallRecord>),
}

/// Whether a message came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// To us.
    In,
    /// From us.
    Out,
}

/// What those who watch a call are told. No private value is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A call began.
    Started {
        /// Whose it is.
        tenant: Tenant,
        /// The handler's name.
        handler: String,
        /// Its module's hash.
        module: String,
        /// The call its first leg was in before.
        continues: Option<CallId>,
    },
    /// A turn, if the shard traces.
    Turn(TurnTrace),
    /// A line of the handler's log.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line.
        message: String,
    },
    /// The handler broke; the caller has a fallback's handler, or hears the announcement.
    Fault(String),
    /// Something of a version that is tried.
    Trial {
        /// Its handler's name.
        handler: String,
        /// Its module's hash.
        module: String,
        /// What.
        news: TrialNews,
    },
}

/// What is alive in a shard and what was refused, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls alive.
    pub calls: usize,
    /// Instances alive.
    pub instances: usize,
    /// Port pairs in use.
    pub ports_in_use: usize,
    /// Port pairs lent to the shard.
    pub ports: usize,
    /// Calls begun.
    pub started: u64,
    /// Refused: nobody has the number (404).
    pub refused_no_route: u64,
    /// Refused: too many calls or no port (503).
    pub refused_full: u64,
    /// Refused: the handlers of the tenant compute more than they can be given (503).
    pub refused_working: u64,
    /// Refused: draining (503).
    pub refused_draining: u64,
    /// Refused: what is deployed is not known yet (503).
    pub refused_starting: u64,
    /// Refused: no common codec or a bad description (488).
    pub refused_media: u64,
    /// Signatures that were looked at and are good.
    pub signatures_good: u64,
    /// Signatures that do not hold, or whose certificate was not to be had.
    pub signatures_bad: u64,
    /// Callers who left while their signature was looked at: these calls have no record.
    pub left_early: u64,
    /// Registrations that this shard's mirror had no room for.
    pub locations_lost: u64,
}
