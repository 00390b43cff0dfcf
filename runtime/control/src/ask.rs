//! The funnel between a handler and its call: every host call is an [`Ask`], every return an [`Answer`]. The journal
//! stores the pairs; a replay feeds the answers back and compares the asks.

use crate::events::EventKind;
use crate::ids::{CallId, LegId, OperationId, TransferId};
use crate::private::Private;
use crate::words::{
    Began, BridgeOptions, Bridged, Destination, DialOptions, DialOutcome, Endpoint, Error, GatherFailure,
    GatherOptions, Gathered, HeardSpeech, HttpRequest, HttpResponse, InboxMessage, LegInfo, LegState, LogLevel,
    PauseWith, PlayChange, PlayOptions, Played, PresenceAction, PresenceReply, PresenceView, Quality, RecogniseOptions,
    Recognised, RecordOptions, Recorded, RejectReason, RoomEvent, Seat, Segment, StoreAction, StoreReply,
    StreamOptions, Streamed, TransferOutcome, UnixTime,
};

/// What a handler asked. One variant for each function of the contract, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `call.leg.info`, answered by [`Answer::Info`].
    Info {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.header`, answered by [`Answer::Header`].
    Header {
        /// Which leg.
        leg: LegId,
        /// Long name, any case.
        name: String,
    },
    /// `call.leg.state`, answered by [`Answer::State`].
    State {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.ring`, answered by [`Answer::Unit`].
    Ring {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.early-media`, answered by [`Answer::Unit`].
    EarlyMedia {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.answer`, answered by [`Answer::Unit`]; may wait.
    Answer {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.reject`, answered by [`Answer::Unit`].
    Reject {
        /// Which leg.
        leg: LegId,
        /// How.
        reason: RejectReason,
    },
    /// `call.leg.redirect`, answered by [`Answer::Unit`].
    Redirect {
        /// Which leg.
        leg: LegId,
        /// SIP addresses, best first.
        to: Vec<Private<String>>,
    },
    /// `call.leg.hold`, answered by [`Answer::Unit`]; waits.
    Hold {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.resume`, answered by [`Answer::Unit`]; waits.
    Resume {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.is-held`, answered by [`Answer::Flag`].
    IsHeld {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.mute`, answered by [`Answer::Nothing`].
    Mute {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.unmute`, answered by [`Answer::Nothing`].
    Unmute {
        /// Which leg.
        leg: LegId,
    },
    /// `call.leg.send-keys`, answered by [`Answer::Unit`]; waits.
    SendKeys {
        /// Which leg.
        leg: LegId,
        /// Keys and pauses.
        keys: Private<String>,
    },
    /// `call.leg.hang-up`, answered by [`Answer::Nothing`].
    HangUp {
        /// Which leg.
        leg: LegId,
    },
    /// `play.play`, answered by [`Answer::Played`]; waits.
    Play {
        /// Which leg.
        leg: LegId,
        /// What.
        prompt: Vec<Segment>,
        /// How.
        options: PlayOptions,
    },
    /// `play.start`, answered by [`Answer::Started`].
    StartPlay {
        /// Which leg.
        leg: LegId,
        /// What.
        prompt: Vec<Segment>,
        /// How.
        options: PlayOptions,
    },
    /// `play.playing.result`, answered by [`Answer::PlayResult`].
    PlayResult {
        /// Which.
        operation: OperationId,
    },
    /// `play.playing.stop`, answered by [`Answer::Played`].
    StopPlay {
        /// Which.
        operation: OperationId,
    },
    /// `play.playing`'s `pause`, `resume`, `seek` and `skip`, answered by [`Answer::Nothing`]; `set-volume`, by
    /// [`Answer::Unit`].
    ChangePlay {
        /// Which.
        operation: OperationId,
        /// How.
        change: PlayChange,
    },
    /// `gather.gather`, answered by [`Answer::Gathered`]; waits.
    Gather {
        /// Which leg.
        leg: LegId,
        /// What to collect.
        options: GatherOptions,
    },
    /// `gather.start`, answered by [`Answer::Started`].
    StartGather {
        /// Which leg.
        leg: LegId,
        /// What to collect.
        options: GatherOptions,
    },
    /// `gather.flush`, answered by [`Answer::Nothing`].
    Flush {
        /// Which leg.
        leg: LegId,
    },
    /// `gather.gathering.result`, answered by [`Answer::GatherResult`].
    GatherResult {
        /// Which.
        operation: OperationId,
    },
    /// `gather.gathering.cancel`, answered by [`Answer::Gathered`].
    CancelGather {
        /// Which.
        operation: OperationId,
    },
    /// `dial.dial`, answered by [`Answer::Dialled`]; waits.
    Dial {
        /// Who hears it ring.
        caller: Option<LegId>,
        /// Whom to call.
        endpoints: Vec<Endpoint>,
        /// How.
        options: DialOptions,
    },
    /// `dial.start`, answered by [`Answer::Started`].
    StartDial {
        /// Who hears it ring.
        caller: Option<LegId>,
        /// Whom to call.
        endpoints: Vec<Endpoint>,
        /// How.
        options: DialOptions,
    },
    /// `dial.dialing.result`, answered by [`Answer::DialResult`].
    DialResult {
        /// Which.
        operation: OperationId,
    },
    /// `dial.dialing.cancel`, answered by [`Answer::Nothing`].
    CancelDial {
        /// Which.
        operation: OperationId,
    },
    /// `transfer.request.asked-by`, answered by [`Answer::Leg`].
    TransferAskedBy {
        /// Which.
        transfer: TransferId,
    },
    /// `transfer.request.destination`, answered by [`Answer::Destination`].
    TransferDestination {
        /// Which.
        transfer: TransferId,
    },
    /// `transfer.request.is-attended`, answered by [`Answer::Flag`].
    TransferIsAttended {
        /// Which.
        transfer: TransferId,
    },
    /// `transfer.request.take`, answered by [`Answer::Taken`]; waits.
    TransferTake {
        /// Which.
        transfer: TransferId,
    },
    /// `transfer.request.accept`, answered by [`Answer::Nothing`].
    TransferAccept {
        /// Which.
        transfer: TransferId,
    },
    /// `transfer.request.finish` and `refuse`, answered by [`Answer::Nothing`].
    TransferFinish {
        /// Which.
        transfer: TransferId,
        /// SIP status.
        status: u16,
    },
    /// The handle of a transfer request was dropped. Answered by [`Answer::Nothing`].
    TransferDrop {
        /// Which.
        transfer: TransferId,
    },
    /// `transfer.refer`, answered by [`Answer::Referred`]; waits.
    Refer {
        /// Which leg.
        leg: LegId,
        /// SIP address.
        to: Private<String>,
    },
    /// `transfer.refer-to-leg`, answered by [`Answer::Referred`]; waits.
    ReferToLeg {
        /// Which leg.
        leg: LegId,
        /// Whose far end it is to be connected to.
        other: LegId,
    },
    /// `bridge.bridge`, answered by [`Answer::Bridged`]; waits.
    Bridge {
        /// One.
        first: LegId,
        /// The other.
        second: LegId,
        /// How.
        options: BridgeOptions,
    },
    /// `bridge.start`, answered by [`Answer::Started`].
    StartBridge {
        /// One.
        first: LegId,
        /// The other.
        second: LegId,
        /// How.
        options: BridgeOptions,
    },
    /// `bridge.bridging.result`, answered by [`Answer::BridgeResult`].
    BridgeResult {
        /// Which.
        operation: OperationId,
    },
    /// `bridge.bridging.stop`, answered by [`Answer::Nothing`].
    StopBridge {
        /// Which.
        operation: OperationId,
    },
    /// `bridge.take`, answered by [`Answer::Taken`]; waits.
    Take {
        /// The other call; none if the handler's text names no call.
        call: Option<CallId>,
    },
    /// `bridge.give`, answered by [`Answer::Given`]; waits.
    Give {
        /// Which leg.
        leg: LegId,
        /// The handler of the new call.
        handler: String,
    },
    /// `record.record`, answered by [`Answer::Recorded`]; waits.
    Record {
        /// Which leg.
        leg: LegId,
        /// How.
        options: RecordOptions,
    },
    /// `record.start` and `record.start-both`, answered by [`Answer::Started`].
    StartRecord {
        /// One for each channel.
        legs: Vec<LegId>,
        /// How.
        options: RecordOptions,
    },
    /// `record.start-room`, answered by [`Answer::Started`].
    StartRoomRecord {
        /// Which room.
        room: OperationId,
        /// How.
        options: RecordOptions,
    },
    /// `record.recording.id`, answered by [`Answer::Name`].
    RecordingName {
        /// Which.
        operation: OperationId,
    },
    /// `record.recording.result`, answered by [`Answer::RecordResult`].
    RecordResult {
        /// Which.
        operation: OperationId,
    },
    /// `record.recording.pause`, answered by [`Answer::Nothing`].
    PauseRecord {
        /// Which.
        operation: OperationId,
        /// What stands for the pause.
        with: PauseWith,
    },
    /// `record.recording.resume`, answered by [`Answer::Nothing`].
    ResumeRecord {
        /// Which.
        operation: OperationId,
    },
    /// `record.recording.stop`, answered by [`Answer::Recorded`]; waits.
    StopRecord {
        /// Which.
        operation: OperationId,
    },
    /// `stream.stream`, answered by [`Answer::Streamed`]; waits.
    Stream {
        /// Which leg.
        leg: LegId,
        /// How.
        options: StreamOptions,
    },
    /// `stream.start`, answered by [`Answer::Started`].
    StartStream {
        /// Which leg.
        leg: LegId,
        /// How.
        options: StreamOptions,
    },
    /// `stream.streaming.id`, answered by [`Answer::Name`].
    StreamName {
        /// Which.
        operation: OperationId,
    },
    /// `stream.streaming.result`, answered by [`Answer::StreamResult`].
    StreamResult {
        /// Which.
        operation: OperationId,
    },
    /// `stream.streaming.send`, answered by [`Answer::Unit`].
    SendStream {
        /// Which.
        operation: OperationId,
        /// What.
        text: Private<String>,
    },
    /// `stream.streaming.receive`, answered by [`Answer::Text`]; waits.
    ReceiveStream {
        /// Which.
        operation: OperationId,
        /// Milliseconds.
        timeout_ms: Option<u32>,
    },
    /// `stream.streaming.stop`, answered by [`Answer::Streamed`]; waits.
    StopStream {
        /// Which.
        operation: OperationId,
    },
    /// `recognise.start`, answered by [`Answer::Started`].
    StartRecognise {
        /// Which leg.
        leg: LegId,
        /// How.
        options: RecogniseOptions,
    },
    /// `recognise.recognising.receive`, answered by [`Answer::HeardSpeech`]; waits.
    ReceiveHeard {
        /// Which.
        operation: OperationId,
        /// Milliseconds.
        timeout_ms: Option<u32>,
    },
    /// `recognise.recognising.result`, answered by [`Answer::RecogniseResult`].
    RecogniseResult {
        /// Which.
        operation: OperationId,
    },
    /// `recognise.recognising.stop`, answered by [`Answer::Recognised`]; waits.
    StopRecognise {
        /// Which.
        operation: OperationId,
    },
    /// `types.operation.done`, answered by [`Answer::Flag`].
    Done {
        /// Which.
        operation: OperationId,
    },
    /// The last handle of an operation was dropped; its result is no longer wanted. Answered by [`Answer::Nothing`].
    Forget {
        /// Which.
        operation: OperationId,
    },
    /// `wait.sleep`, answered by [`Answer::Unit`]; waits.
    Sleep {
        /// Milliseconds.
        ms: u32,
    },
    /// `wait.any`, answered by [`Answer::Any`]; waits.
    WaitAny {
        /// In the handler's order.
        operations: Vec<OperationId>,
        /// Milliseconds.
        timeout_ms: Option<u32>,
    },
    /// `clock.now`, answered by [`Answer::Now`].
    Now,
    /// `clock.elapsed-ms`, answered by [`Answer::Elapsed`].
    Elapsed,
    /// `random.bytes`, answered by [`Answer::Bytes`].
    RandomBytes {
        /// How many.
        count: u32,
    },
    /// `random.number`, answered by [`Answer::Number`].
    RandomNumber,
    /// `log.log`, answered by [`Answer::Nothing`].
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line; the handler keeps private values out of it.
        message: String,
    },
    /// `call.leg.quality`, answered by [`Answer::Quality`].
    Quality {
        /// Which leg.
        leg: LegId,
    },
    /// `call.begun`, answered by [`Answer::Began`].
    Beginning,
    /// `room.open`, answered by [`Answer::Started`].
    OpenRoom,
    /// `room.room.join`, answered by [`Answer::Seated`].
    JoinRoom {
        /// Which room.
        room: OperationId,
        /// Who.
        leg: LegId,
        /// As what.
        seat: Seat,
    },
    /// `room.room.leave`, answered by [`Answer::Nothing`].
    LeaveRoom {
        /// Which room.
        room: OperationId,
        /// Who.
        leg: LegId,
    },
    /// `room.room.next-event`, answered by [`Answer::RoomEvent`].
    RoomEvent {
        /// Which room.
        room: OperationId,
    },
    /// Every function of `store`, answered by [`Answer::Stored`] with the reply that its action has; waits.
    Store {
        /// Where.
        key: Private<String>,
        /// What.
        action: StoreAction,
    },
    /// `http.send`, answered by [`Answer::Responded`]; waits.
    Http {
        /// What.
        request: HttpRequest,
    },
    /// `secrets.get`, answered by [`Answer::Secret`].
    Secret {
        /// Which.
        name: String,
    },
    /// `report.emit`, answered by [`Answer::Unit`].
    Emit {
        /// What it is called.
        name: String,
        /// What is told.
        data: Private<String>,
    },
    /// `report.subscribe`, answered by [`Answer::Unit`].
    Subscribe {
        /// Where the webhook is.
        url: Private<String>,
        /// What it is told; all if there is none.
        kinds: Vec<EventKind>,
        /// The name of the secret that signs.
        secret: String,
    },
    /// `inbox.receive`, answered by [`Answer::Message`]; waits.
    ReceiveMessage {
        /// Milliseconds.
        timeout_ms: Option<u32>,
    },
    /// `inbox.waiting`, answered by [`Answer::Started`].
    InboxOperation,
    /// `presence.get`, `set` and `pick`, answered by [`Answer::Presence`] with the reply that its action has; waits.
    Presence {
        /// What.
        action: PresenceAction,
    },
    /// `presence.watch`, answered by [`Answer::Started`].
    WatchPresence {
        /// Whom.
        identities: Vec<Private<String>>,
    },
    /// `presence.watching.news`, answered by [`Answer::PresenceNews`].
    PresenceNews {
        /// Which.
        operation: OperationId,
    },
}

/// What a handler was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// For functions without a result.
    Nothing,
    /// Done, or why not.
    Unit(Result<(), Error>),
    /// For `call.leg.info`.
    Info(LegInfo),
    /// For `call.leg.header`.
    Header(Vec<String>),
    /// For `call.leg.state`.
    State(LegState),
    /// For `play.play` and `play.playing.stop`.
    Played(Result<Played, Error>),
    /// For `play.playing.result`.
    PlayResult(Option<Result<Played, Error>>),
    /// For `gather.gather` and `gather.gathering.cancel`.
    Gathered(Result<Gathered, GatherFailure>),
    /// For `gather.gathering.result`.
    GatherResult(Option<Result<Gathered, GatherFailure>>),
    /// For `start` of every kind of operation.
    Started(Result<OperationId, Error>),
    /// For `types.operation.done` and other questions with yes or no.
    Flag(bool),
    /// For `transfer.request.asked-by`.
    Leg(LegId),
    /// For `transfer.request.destination`.
    Destination(Destination),
    /// For `dial.dial`.
    Dialled(Result<DialOutcome, Error>),
    /// For `dial.dialing.result`.
    DialResult(Option<Result<DialOutcome, Error>>),
    /// For `bridge.bridge`.
    Bridged(Result<Bridged, Error>),
    /// For `bridge.bridging.result`.
    BridgeResult(Option<Result<Bridged, Error>>),
    /// For `record.record` and `record.recording.stop`.
    Recorded(Result<Recorded, Error>),
    /// For `record.recording.result`.
    RecordResult(Option<Result<Recorded, Error>>),
    /// For `record.recording.id` and `stream.streaming.id`.
    Name(String),
    /// For `stream.stream` and `stream.streaming.stop`.
    Streamed(Result<Streamed, Error>),
    /// For `stream.streaming.result`.
    StreamResult(Option<Result<Streamed, Error>>),
    /// For `stream.streaming.receive`.
    Text(Result<Option<Private<String>>, Error>),
    /// For `transfer.refer` and `refer-to-leg`.
    Referred(Result<TransferOutcome, Error>),
    /// For `bridge.take` and `transfer.request.take`.
    Taken(Result<LegId, Error>),
    /// For `bridge.give`: the new call.
    Given(Result<CallId, Error>),
    /// For `wait.any`: the place in the handler's list, none on time-out.
    Any(Result<Option<u32>, Error>),
    /// For `clock.now`.
    Now(UnixTime),
    /// For `clock.elapsed-ms`.
    Elapsed(u64),
    /// For `random.bytes`.
    Bytes(Result<Vec<u8>, Error>),
    /// For `random.number`.
    Number(u64),
    /// For `call.leg.quality`.
    Quality(Option<Quality>),
    /// To [`Ask::Beginning`].
    Began(Began),
    /// For `room.room.join`: the leg's number.
    Seated(Result<u32, Error>),
    /// For `room.room.next-event`.
    RoomEvent(Option<RoomEvent>),
    /// For `recognise.recognising.receive`.
    HeardSpeech(Result<Option<HeardSpeech>, Error>),
    /// For `recognise.recognising.stop`.
    Recognised(Result<Recognised, Error>),
    /// For `recognise.recognising.result`.
    RecogniseResult(Option<Result<Recognised, Error>>),
    /// For the functions of `store`.
    Stored(Result<StoreReply, Error>),
    /// For `http.send`.
    Responded(Result<HttpResponse, Error>),
    /// For `secrets.get`.
    Secret(Result<Private<String>, Error>),
    /// For `inbox.receive`.
    Message(Result<Option<InboxMessage>, Error>),
    /// For `presence.get`, `set` and `pick`.
    Presence(Result<PresenceReply, Error>),
    /// For `presence.watching.news`.
    PresenceNews(Vec<PresenceView>),
}
