//! What goes into a call and what comes out of it: closed lists, the whole interface between decisions and the rest.

mod errands;
mod recognising;
mod recording;
mod setup;

pub use errands::{Errand, HttpOrder};
pub use recognising::{Listens, RecogniseCommand, RecogniseSignal};
pub use recording::{RecordingCommand, RecordingSignal, Saved, Tapped};
pub use setup::{Setup, Trace};

use super::moving::MovedLeg;
use super::rooms::{RoomCommand, RoomSignal, SeatWanted};
use crate::ask::{Answer, Ask};
use crate::events::Telling;
use crate::ids::{CallId, LegId, OperationId, TransferId};
use crate::policy::Privacy;
use crate::presence::{Status, WhenBusy};
use crate::private::Private;
use crate::record::{CallRecord, Fault, MediaCounters, Usage};
use crate::stream_urls::StreamUrl;
use crate::words::{
    AnsweredBy, Beep, Broken, CallerId, Cause, Credentials, Destination, DetectionOptions, Error, Heard, Hearing,
    HttpResponse, Interruption, Key, KeysBetween, LogLevel, NoResponse, PauseWith, PlayChange, PlayEnd, PresenceReply,
    PresenceView, Segment, StoreReply, StreamCounts, StreamEnd, StreamOptions,
};
use std::time::Duration;

/// Everything that can wake a call.
#[derive(Debug)]
pub enum Input {
    /// The handler asked.
    Asked(Ask),
    /// The handler returned.
    Returned {
        /// What.
        result: Result<(), Error>,
        /// What it used.
        usage: Usage,
    },
    /// The handler broke.
    Failed {
        /// How.
        fault: Fault,
        /// What it used.
        usage: Usage,
    },
    /// The handler was stopped, as [`Output::StopHandler`] asked.
    Stopped {
        /// What it used.
        usage: Usage,
    },
    /// Something happened on a leg.
    Leg(LegId, LegSignal),
    /// Where an endpoint of a dialling can be reached, as [`Output::Locate`] asked.
    Located {
        /// Which dialling.
        dial: OperationId,
        /// Which endpoint.
        endpoint: u32,
        /// The ways to it that are to ring together, at least one; or why there is none.
        found: Result<Vec<Branch>, NotLocated>,
    },
    /// A leg was taken out of another call, as [`Output::Take`] asked; or there is none.
    Taken(Result<Box<MovedLeg>, NoSuchCall>),
    /// A leg was given to a new call, as [`Output::Give`] asked.
    Given(Result<CallId, Error>),
    /// There is no call to be had with the handler that [`Output::Fallback`] asked for.
    NoFallback,
    /// Something of a recording.
    Recording {
        /// Which of the call's.
        number: u32,
        /// What.
        signal: RecordingSignal,
    },
    /// Something of a stream.
    Stream {
        /// Which of the call's.
        number: u32,
        /// What.
        signal: StreamSignal,
    },
    /// A room tells something.
    Room {
        /// Which of the call's.
        number: u32,
        /// What.
        signal: RoomSignal,
    },
    /// Something of a recognition.
    Recognition {
        /// Which of the call's.
        number: u32,
        /// What.
        signal: RecogniseSignal,
    },
    /// A web server answered what [`Output::Errand`] asked, or did not.
    Responded {
        /// The errand's number.
        number: u32,
        /// What came of it.
        response: Result<HttpResponse, NoResponse>,
    },
    /// The store did what [`Output::Errand`] asked, or not.
    Stored {
        /// The errand's number.
        number: u32,
        /// What came of it.
        reply: Result<StoreReply, Error>,
    },
    /// What came of something about presence, as [`Output::Errand`] asked.
    Presence {
        /// The errand's number.
        number: u32,
        /// What came of it.
        reply: Result<PresenceReply, Error>,
    },
    /// Identities that the handler watches are not what was told before, or are told for the first time.
    PresenceNews {
        /// The number of [`Output::Watch`].
        number: u32,
        /// Each identity once, by name; or why nothing is told, the first time and the last.
        views: Result<Vec<PresenceView>, String>,
    },
    /// The operator ends the call.
    End(Interruption),
    /// Time passed.
    Deadline,
}

/// A way to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name for [`LegCommand::Place`].
    pub key: u32,
    /// Who it is said to be from: the number or user shown.
    pub from: Private<String>,
    /// Who is called there.
    pub to: Private<String>,
    /// How long the leg may be connected, if policy limits it; then it is hung up with `time-limit`.
    pub longest: Option<Duration>,
}

/// Why an endpoint cannot be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotLocated {
    /// Policy or a limit, and which.
    Forbidden(String),
    /// A user that is not to be rung now, or has no phone registered; what can be said of it.
    Absent(Status),
    /// Nobody has this number, user or address.
    NotFound,
    /// Its host has no address, or no trunk is up.
    Unreachable,
}

/// What can happen to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamSignal {
    /// Its server has a text for the handler.
    Text(Private<String>),
    /// It is over. Comes once for each.
    Over {
        /// Why.
        why: StreamOver,
        /// What went over it.
        counts: StreamCounts,
    },
}

/// Why a stream is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamOver {
    /// As the call wanted, or because its leg has no session.
    AsOrdered,
    /// The server ended it.
    Finished,
    /// The server refused it with this HTTP status.
    Refused(u16),
    /// No connection came about.
    Unreachable,
    /// The connection broke.
    Lost,
    /// There are as many as there may be.
    Overloaded,
}

/// What a stream is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamCommand {
    /// A new one. [`StreamSignal::Over`] follows in the end.
    Begin {
        /// Whose sound.
        leg: LegId,
        /// Where to.
        url: StreamUrl,
        /// How.
        options: StreamOptions,
    },
    /// A key was pressed on its leg.
    Key(Key),
    /// A text for its server.
    Send(Private<String>),
    /// The end, and why.
    End(StreamEnd),
}

/// There is no such call, or none of its legs can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchCall;

/// What can happen on a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegSignal {
    /// Audio can flow, as asked for by `Answer` or `EarlyMedia`, or because a dialled far end sends early media.
    AudioOpen,
    /// A dialled leg rings.
    Ringing,
    /// A dialled leg was answered; audio can flow.
    Answered,
    /// A dialled leg was redirected; its `Ended` follows.
    Redirected(Vec<Private<String>>),
    /// The leg is gone: its dialog has ended. Comes exactly once.
    Ended {
        /// Why.
        why: Interruption,
        /// What it was refused with, if it was.
        cause: Option<Cause>,
    },
    /// The far end has put us on hold.
    Held,
    /// The far end has ended its hold.
    Unheld,
    /// The far end answered our hold or resume; the status if it refused.
    HoldAnswered(Result<(), u16>),
    /// Machine detection has its verdict.
    Detected(AnsweredBy),
    /// The far end asks for a transfer.
    TransferAsked(AskedTransfer),
    /// The far end tells of the transfer we asked for.
    Referred {
        /// 202 when it took the request; else the status of the new call.
        status: u16,
        /// Whether more is to come.
        last: Last,
    },
    /// A key.
    Key(Key),
    /// A prompt ended.
    PlayEnded {
        /// Which.
        operation: OperationId,
        /// Milliseconds sent.
        played_ms: u32,
        /// Where in the prompt it stood.
        position_ms: u32,
        /// Why; none if its session closed.
        end: Option<PlayEnd>,
    },
    /// A sound file of a prompt cannot be fetched. The prompt waits for it and is to be stopped.
    NotFetched {
        /// Which prompt.
        operation: OperationId,
        /// Why, for a person to read; nothing of the address.
        why: String,
    },
    /// A text of a prompt cannot be spoken. The prompt waits for it and is to be stopped.
    NotSpoken {
        /// Which prompt.
        operation: OperationId,
        /// Why, for a person to read; nothing of the text.
        why: String,
    },
    /// Somebody begins to say something that a collection listens for.
    SpeechBegan {
        /// Which collection.
        operation: OperationId,
    },
    /// What was said is recognised, or cannot be. Comes once after `SpeechBegan`, unless the listening ended before.
    Heard {
        /// Which collection.
        operation: OperationId,
        /// The reason is for a person to read and holds nothing of what was said.
        heard: Result<Heard, String>,
    },
    /// No audio came for the media time-out.
    MediaLost,
    /// What its session counted until now.
    Quality(MediaCounters),
    /// The session is closed.
    MediaClosed(MediaCounters),
}

/// A transfer that a far end asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedTransfer {
    /// Names it in commands.
    pub transfer: TransferId,
    /// To whom.
    pub to: Destination,
    /// Whether it is to a party of another call.
    pub kind: TransferKind,
}

/// Whether a transfer is to somebody who is talked to already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferKind {
    /// To an address.
    Blind,
    /// To a party that the asker talks to (Replaces).
    Attended,
}

/// Whether something is the last of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// More may come.
    No,
    /// Nothing follows.
    Yes,
}

/// Everything a call can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Give the handler this answer.
    Resume {
        /// The answer.
        answer: Answer,
        /// Whether the handler waited for it: then a new turn begins.
        turn: Turn,
    },
    /// Do this in signalling.
    Leg(LegId, LegCommand),
    /// Do this in audio.
    Media(LegId, MediaCommand),
    /// Find out where an endpoint can be reached; [`Input::Located`] follows.
    Locate {
        /// For which dialling.
        dial: OperationId,
        /// Which of its endpoints.
        endpoint: u32,
        /// Who.
        to: Destination,
        /// From whom.
        from: Presented,
        /// Whether phones of a user that are in a call are ways to it.
        when_busy: WhenBusy,
    },
    /// Take a leg out of another call; [`Input::Taken`] follows before anything else.
    Take(TakeFrom),
    /// Give a leg to a new call; [`Input::Given`] follows before anything else.
    Give {
        /// Which.
        leg: LegId,
        /// The handler of the new call.
        handler: String,
    },
    /// The handler broke: give the caller to a new call with a fallback's handler, by [`Call::release_caller`](super::Call),
    /// or [`Input::NoFallback`] follows before anything else.
    Fallback {
        /// Which of [`Setup::fallbacks`].
        place: usize,
        /// What it is told.
        broken: Box<Broken>,
    },
    /// Tell storage.
    Recording(RecordingCommand),
    /// Tell a room.
    Room {
        /// Which of the call's.
        number: u32,
        /// What.
        command: RoomCommand,
    },
    /// Tell a stream.
    Stream {
        /// Which of the call's.
        number: u32,
        /// What.
        command: StreamCommand,
    },
    /// Tell a recognition.
    Recognition {
        /// Which of the call's.
        number: u32,
        /// What.
        command: RecogniseCommand,
    },
    /// Have something done elsewhere; its answer is an input with this number, exactly one.
    Errand {
        /// Which of the call's.
        number: u32,
        /// What.
        errand: Errand,
    },
    /// Nobody waits for an errand any more.
    CancelErrand {
        /// Which of the call's.
        number: u32,
    },
    /// Watch these identities; [`Input::PresenceNews`] follows at once, and with each change.
    Watch {
        /// Its name in the call.
        number: u32,
        /// At most [`PRESENCE_IDENTITIES`](crate::limits::PRESENCE_IDENTITIES).
        identities: Vec<Private<String>>,
    },
    /// Watch no more. What is watched when the call ends is not told.
    Unwatch {
        /// Which.
        number: u32,
    },
    /// Stop the handler for good.
    StopHandler,
    /// A line of the call's log.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line.
        message: String,
    },
    /// A turn, for those who watch.
    Turn(TurnTrace),
    /// Something happened that others want to be told.
    Telling(Box<Telling>),
    /// Start the handler of a placed call: its first leg was answered.
    Start,
    /// This leg and the caller change their numbers from now on: it answered a placed call.
    Swap(LegId),
    /// The call is over; nothing comes after this.
    Ended(Box<CallRecord>),
}

/// Whether an answer was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It came at once; the handler's budget runs on.
    Same,
    /// It was waited for; the handler's budget begins anew.
    New,
}

/// A host call as shown to a watching developer. Private values are placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnTrace {
    /// Time from the call's beginning to the answer.
    pub at: Duration,
    /// How long the handler waited.
    pub waited: Duration,
    /// What it asked.
    pub ask: String,
    /// What it was told.
    pub answer: String,
}

/// Who a dialled leg is wanted to be from, before policy has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// As the handler asked.
    pub id: CallerId,
    /// Who calls on the caller's leg.
    pub caller: Option<Private<String>>,
    /// The name beside it.
    pub name: Option<Private<String>>,
    /// Whether the caller lets itself be shown.
    pub privacy: Privacy,
}

/// Which leg of another call is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeFrom {
    /// The caller of this call.
    Call(CallId),
    /// The party that the asker of this transfer talks to elsewhere.
    Transfer {
        /// The asker's leg.
        leg: LegId,
        /// Its request.
        transfer: TransferId,
    },
}

/// How a dialled leg is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// The way, as [`Input::Located`] named it.
    pub branch: u32,
    /// Further headers.
    pub headers: Vec<(String, Private<String>)>,
    /// For a challenge.
    pub credentials: Option<Credentials>,
    /// The name beside the caller's number.
    pub name: Option<Private<String>>,
}

/// Signalling commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegCommand {
    /// INVITE; [`LegSignal::Ringing`], `Answered` or `Ended` follow.
    Place(Placing),
    /// 302 to these addresses; [`LegSignal::Ended`] follows.
    Redirect(Vec<Private<String>>),
    /// Our audio stops, or goes on; [`LegSignal::HoldAnswered`] follows.
    Hold(HoldWanted),
    /// REFER to an address; [`LegSignal::Referred`] follows.
    Refer(Private<String>),
    /// REFER to the far end of another leg of this call, with Replaces.
    ReferToLeg(LegId),
    /// 202 to a transfer the far end asks for.
    TransferAccept(TransferId),
    /// How it ended, or its refusal.
    TransferFinish(TransferId, u16),
    /// 180.
    Ring,
    /// 183 with a session description; [`LegSignal::AudioOpen`] follows.
    EarlyMedia,
    /// 200; [`LegSignal::AudioOpen`] follows.
    Answer,
    /// A final refusal; [`LegSignal::Ended`] follows.
    Reject(u16),
    /// BYE, CANCEL, or a refusal, as the leg's state wants; [`LegSignal::Ended`] follows.
    HangUp,
}

/// Whether the far end is to be on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldWanted {
    /// Put on hold.
    On,
    /// Talking.
    Off,
}

/// Audio commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// Plays; [`LegSignal::PlayEnded`] follows.
    Play {
        /// Named by.
        operation: OperationId,
        /// What.
        source: PromptSource,
        /// Repetitions; 0 without end.
        times: u16,
        /// Whether a key stops it.
        on_key: OnKey,
    },
    /// Changes a prompt, if it still plays.
    ChangePlay {
        /// Which.
        operation: OperationId,
        /// How.
        change: PlayChange,
    },
    /// Stops a prompt; [`LegSignal::PlayEnded`] follows if it still played.
    Stop {
        /// Which.
        operation: OperationId,
    },
    /// Passes what the leg says on to another from now on, or to nobody.
    Relay(Option<(LegId, KeysBetween)>),
    /// Gives it a seat in a room, another one, or none.
    Seat(Option<SeatWanted>),
    /// Sends keys.
    SendKeys(Vec<KeyOut>),
    /// Listens for who answered; [`LegSignal::Detected`] follows.
    Detect(DetectionOptions),
    /// Listens for something said, once; [`LegSignal::SpeechBegan`] and `Heard` follow when it is.
    Hear {
        /// Named by the collection that wants it.
        operation: OperationId,
        /// What may be said.
        hearing: Hearing,
    },
    /// Listens no longer.
    StopHearing {
        /// Which collection.
        operation: OperationId,
    },
    /// Takes what is received for a recording; [`RecordingSignal::TapOver`] follows in the end.
    Tap {
        /// Which of the call's recordings.
        recording: u32,
        /// Which channel of it.
        channel: u8,
        /// What.
        order: TapCommand,
    },
    /// Closes the session; [`LegSignal::MediaClosed`] follows.
    Close,
}

/// What a tap is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapCommand {
    /// Begin.
    Begin(TapWanted),
    /// Give nothing, or silence.
    Pause(PauseWith),
    /// Give what is received again, at this place of the recording.
    Go {
        /// Milliseconds.
        at_ms: u64,
    },
    /// End.
    End,
}

/// How a tap works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapWanted {
    /// Most it gives.
    pub longest_ms: u32,
    /// Silence that is told.
    pub silence_ms: Option<u32>,
    /// With a beep it waits for `Go`.
    pub waits: Beep,
}

/// A key to send, and the pause after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyOut {
    /// Which; none for a pause alone.
    pub key: Option<Key>,
    /// Milliseconds of silence after it.
    pub pause_ms: u16,
}

/// What a leg hears of its own accord while nothing is played to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackgroundSound {
    /// Somebody's telephone rings.
    Ringback,
    /// The other party of this bridge holds.
    HoldMusic(OperationId),
}

/// What a key does to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnKey {
    /// Nothing.
    PlayOn,
    /// Stops it within one packet.
    Stop,
}

/// Where a prompt comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// The handler's segments.
    Handler(Vec<Segment>),
    /// The platform's announcement that something went wrong.
    Announcement,
    /// The tone of a telephone that rings elsewhere.
    Ringback,
}
