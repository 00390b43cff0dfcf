//! The words of the contract in a journal, one list each. How to add one stands in `wire.rs`.

#[cfg(test)]
use super::wire::tests::Dice;
use super::wire::{Bad, Page, Seen, Sheet, Show, Wire, wire_enum, wire_newtype, wire_struct};
use patchcord_control::events::EventKind;
use patchcord_control::ids::{CallId, LegId, OperationId, Tenant, TransferId};
use patchcord_control::policy::Privacy;
use patchcord_control::presence::{Availability, Policy, Reason, Status, WhenBusy};
use patchcord_control::speech::{Speech, TextForm};
use patchcord_control::words::{
    Absence, AnsweredBy, Attestation, Beep, Began, Breakage, BridgeEnd, BridgeOptions, Bridged, Broken, CallerHears,
    CallerId, Cause, Destination, DetectionOptions, DialAnswer, DialOptions, DialOutcome, Endpoint, Error, Expected,
    FinalText, Gap, GatherEnd, GatherFailure, GatherOptions, Gathered, HeardSpeech, Hearing, HttpMethod, HttpRequest,
    HttpResponse, Identity, InboxMessage, Interruption, KeysBetween, LegDirection, LegInfo, LegOrigin, LegState,
    LimitName, LogLevel, MachineWait, NoResponse, NotRecorded, Order, PartialText, Partials, PauseWith, PlayChange,
    PlayEnd, PlayOptions, Played, PresenceAction, PresenceClient, PresenceReply, PresenceView, Quality,
    RecogniseCounts, RecogniseEnd, RecogniseFailure, RecogniseOptions, Recognised, RecordEnd, RecordFormat,
    RecordOptions, Recorded, RejectReason, RoomEvent, RoomPart, Said, Seat, Segment, SoundQuality, StoreAction,
    StoreEntry, StoreReply, StreamCounts, StreamDirection, StreamEnd, StreamFormat, StreamOptions, Streamed, Swapped,
    Tone, TransferOutcome, TransferPolicy, TrimSilence, UnixTime,
};
use std::fmt;

wire_newtype!(LegId, OperationId, TransferId, CallId, Tenant);

wire_enum!(Interruption {
    0 = HungUp, 1 = Cancelled, 2 = MediaLost, 3 = SignallingLost, 4 = TimeLimit, 5 = EndedByPlatform,
    6 = EndedByHandler, 7 = Moved, 8 = NotConnected,
});
wire_enum!(LegState { 0 = Offered, 1 = Ringing, 2 = Answered, 3 = Ended });
wire_enum!(LimitName {
    0 = Operations, 1 = StringBytes, 2 = PromptSegments, 3 = LogBytes, 4 = RandomBytes, 5 = Legs, 6 = Endpoints,
    7 = Headers, 8 = Recordings, 9 = SpeechBytes, 10 = Phrases, 11 = Streams, 12 = Parameters, 13 = Rooms,
    14 = Recognitions, 15 = Hints, 16 = StoreKeyBytes, 17 = StoreValueBytes, 18 = StoreEntries, 19 = StoreBytes,
    20 = StoreOperations, 21 = HttpRequests, 22 = HttpBytes, 23 = Reports, 24 = Subscriptions,
    25 = Presence,
});
wire_enum!(Error {
    0 = Interrupted(why),
    1 = WrongState(state),
    2 = Limit { name, allowed, asked },
    3 = Invalid { argument, reason },
    4 = NoSuchPrompt(name),
    5 = AlreadyGathering,
    6 = AlreadyBridged,
    7 = RefusedByPeer(status),
    8 = NoSuchCall,
    9 = NoSuchHandler(name),
    10 = NotRecorded(why),
    11 = NotSpoken(why),
    12 = NotFetched(why),
    13 = NotHeard(why),
    14 = NotAllowed(what),
    15 = Failed(why),
    16 = NoSuchSecret(name),
    17 = Unavailable(why),
    18 = NoResponse(why),
});
wire_struct!(LegInfo {
    call_id,
    direction,
    from,
    from_name,
    to,
    identity,
    origin,
    secure,
    privacy
});
wire_enum!(LegDirection { 0 = Inbound, 1 = Outbound });
wire_enum!(Attestation { 0 = Full, 1 = Partial, 2 = Gateway });
wire_enum!(Identity { 0 = Unsigned, 1 = Signed(how), 2 = Invalid(why), 3 = Asserted(user) });
wire_enum!(LegOrigin { 0 = Trunk(name), 1 = User(user), 2 = Anyone, 3 = Dialled });
wire_enum!(Privacy { 0 = Shown, 1 = Withheld });
wire_enum!(RejectReason { 0 = Busy, 1 = Declined, 2 = NotFound, 3 = Unavailable, 4 = Forbidden });
wire_struct!(Tone {
    frequencies,
    on_ms,
    off_ms,
    count,
    level_dbm0
});
wire_enum!(Segment { 0 = File(name), 1 = Tone(tone), 2 = Silence(ms), 3 = Speech(speech), 4 = Url(url) });
wire_struct!(Speech {
    text,
    form,
    language,
    voice
});
wire_enum!(TextForm { 0 = Plain, 1 = Ssml });
wire_struct!(PlayOptions {
    barge_in,
    times,
    from_ms,
    volume_db
});
wire_enum!(PlayChange { 0 = Pause, 1 = Resume, 2 = Seek(to_ms), 3 = Skip(ms), 4 = Volume(decibels) });
wire_enum!(PlayEnd { 0 = Finished, 1 = Key, 2 = Stopped, 3 = Replaced });
wire_struct!(Played {
    played_ms,
    position_ms,
    ended_by
});
wire_struct!(GatherOptions {
    min,
    max,
    finish_on,
    first_key_ms,
    next_key_ms,
    prompt,
    barge_in,
    speech
});
wire_struct!(Hearing {
    phrases,
    digits,
    language,
    end_silence_ms,
    max_ms
});
wire_struct!(Said { phrase, confidence });
wire_enum!(GatherEnd {
    0 = MaxKeys, 1 = FinishKey, 2 = FirstKeyTimeout, 3 = NextKeyTimeout, 4 = Cancelled, 5 = Said, 6 = NoMatch,
});
wire_struct!(Gathered {
    keys,
    ended_by,
    complete,
    said
});
wire_struct!(GatherFailure { reason, keys });
wire_struct!(UnixTime { seconds, nanoseconds });
wire_enum!(LogLevel { 0 = Debug, 1 = Info, 2 = Warn, 3 = Error });

wire_enum!(Destination { 0 = Number(number), 1 = User(user), 2 = Address(address) });
wire_struct!(Endpoint {
    to,
    ring_ms,
    headers,
    credentials
});
wire_enum!(Order { 0 = Together, 1 = InTurn });
wire_enum!(CallerHears { 0 = Ringback, 1 = EarlyMedia, 2 = Unchanged });
wire_enum!(CallerId { 0 = Caller, 1 = Number(number), 2 = Anonymous });
wire_enum!(MachineWait { 0 = Verdict, 1 = GreetingEnd });
wire_struct!(DetectionOptions {
    wait_for,
    timeout_ms,
    speech_ms,
    speech_end_ms,
    silence_ms
});
wire_enum!(AnsweredBy { 0 = Human, 1 = Machine, 2 = MachineEnded, 3 = MachineBeeped, 4 = Unknown });
wire_struct!(DialOptions {
    order,
    ring_ms,
    caller_id,
    caller_name,
    caller_hears,
    redirects,
    detect_machine,
    when_busy
});
wire_struct!(Cause { status, phrase, q850 });
wire_struct!(DialAnswer {
    leg,
    endpoint,
    answered_by
});
wire_enum!(DialOutcome {
    0 = Answered(answer),
    1 = Declined(cause),
    2 = Busy(cause),
    3 = NoAnswer,
    4 = Unavailable(absence),
    5 = NotFound(cause),
    6 = Redirected(to),
    7 = Forbidden(why),
    8 = Failed(cause),
    9 = Unreachable,
    10 = Cancelled,
});
wire_struct!(Absence { cause, status });
wire_enum!(WhenBusy { 0 = Skip, 1 = Ring });
wire_enum!(KeysBetween { 0 = Pass, 1 = Keep });
wire_enum!(TransferPolicy { 0 = Refuse, 1 = Ask });
wire_struct!(BridgeOptions {
    hang_up_on,
    longest_ms,
    keys,
    transfers,
    hold_music
});
wire_enum!(BridgeEnd {
    0 = FirstLeft(why), 1 = SecondLeft(why), 2 = Key, 3 = TimeLimit, 4 = Stopped, 5 = Transfer(transfer),
});
wire_struct!(Bridged { lasted_ms, ended_by });
wire_enum!(TransferOutcome { 0 = Transferred, 1 = Refused(cause), 2 = Failed(cause), 3 = Unknown });

wire_enum!(RecordFormat { 0 = Wav, 1 = Opus });
wire_struct!(RecordOptions {
    format,
    longest_ms,
    finish_on,
    silence_ms,
    beep,
    trim
});
wire_enum!(Beep { 0 = No, 1 = Yes });
wire_enum!(TrimSilence { 0 = Keep, 1 = Ends });
wire_enum!(PauseWith { 0 = Skip, 1 = Silence });
wire_enum!(RecordEnd { 0 = Key(key), 1 = Silence, 2 = Longest, 3 = Stopped, 4 = Left(why) });
wire_enum!(NotRecorded { 0 = Storage, 1 = Overloaded, 2 = Late });
wire_struct!(Recorded {
    id,
    length_ms,
    ended_by
});

wire_struct!(StreamOptions {
    url,
    format,
    direction,
    parameters,
    reconnect
});
wire_enum!(StreamFormat { 0 = Mulaw8k, 1 = L16at16k, 2 = L16at24k });
wire_enum!(StreamDirection { 0 = Listen, 1 = Both });
wire_enum!(StreamEnd {
    0 = Stopped, 1 = Finished, 2 = Left(why), 3 = Refused(status), 4 = Unreachable, 5 = Lost, 6 = Overloaded,
});
wire_struct!(StreamCounts {
    heard_ms,
    dropped_ms,
    played_ms,
    cleared_ms,
    overrun_ms,
    connections,
    ignored
});
wire_struct!(Streamed {
    id,
    ended_by,
    lasted_ms,
    counts
});

wire_enum!(Breakage { 0 = Trap, 1 = Budget, 2 = Start, 3 = Returned });
wire_struct!(Broken {
    handler,
    kind,
    text,
    last_request
});
wire_enum!(Began {
    0 = Offered,
    1 = Given,
    2 = Fallback(broken),
    3 = Redirected(text),
    10 = Placed(answered_by),
});
wire_enum!(RoomPart { 0 = Talks, 1 = Listens });
wire_struct!(Seat {
    part,
    to_room_db,
    from_room_db,
    heard_by
});
wire_enum!(RoomEvent { 0 = Speaker(leg), 1 = Left { leg, why }, 2 = Failed });
wire_struct!(SoundQuality {
    lost_permille,
    jitter_us,
    mos_hundredths
});
wire_struct!(Quality {
    received,
    sent,
    round_trip_ms
});

wire_enum!(Partials { 0 = Wanted, 1 = Unwanted });
wire_struct!(RecogniseOptions {
    language,
    hints,
    partials,
    longest_ms
});
wire_struct!(PartialText { text, from_ms });
wire_struct!(FinalText {
    text,
    confidence,
    from_ms,
    to_ms
});
wire_struct!(Gap { from_ms, to_ms });
wire_enum!(HeardSpeech { 0 = Partial(text), 1 = Final(text), 2 = Gap(gap), 3 = Missed(finals) });
wire_enum!(RecogniseFailure {
    0 = Refused(status), 1 = Unreachable, 2 = Lost, 3 = Overloaded, 4 = Language, 5 = Recogniser,
});
wire_enum!(RecogniseEnd { 0 = Stopped, 1 = Longest, 2 = Left(why), 3 = Failed(why) });
wire_struct!(RecogniseCounts {
    heard_ms,
    dropped_ms,
    finals,
    finals_refused,
    connections,
    ignored
});
wire_struct!(Recognised {
    ended_by,
    lasted_ms,
    missed,
    counts
});

wire_enum!(Expected { 0 = Absent, 1 = Version(version) });
wire_enum!(StoreAction {
    0 = Get,
    1 = Set { value, ttl_ms },
    2 = Delete,
    3 = Swap { expected, value, ttl_ms },
    4 = Add { by, ttl_ms },
});
wire_struct!(StoreEntry { value, version });
wire_enum!(Swapped { 0 = Done(version), 1 = Conflict(there) });
wire_enum!(StoreReply {
    0 = Entry(entry), 1 = Version(version), 2 = Deleted(was_there), 3 = Swapped(swapped), 4 = Sum(sum),
});

wire_enum!(HttpMethod { 0 = Get, 1 = Head, 2 = Post, 3 = Put, 4 = Patch, 5 = Delete });
wire_struct!(HttpRequest {
    method,
    url,
    headers,
    body,
    timeout_ms
});
wire_struct!(HttpResponse { status, headers, body });
wire_enum!(EventKind {
    0 = CallStarted, 1 = LegStarted, 2 = LegRinging, 3 = LegAnswered, 4 = LegEnded, 5 = RecordingStarted,
    6 = RecordingEnded, 7 = HandlerFailed, 8 = Custom, 9 = CallEnded,
});
wire_enum!(NoResponse { 0 = TimedOut, 1 = TooLarge, 2 = Refused, 3 = Failed, 4 = Overloaded });
wire_struct!(InboxMessage { name, data });

wire_enum!(Availability { 0 = Available, 1 = Busy, 2 = DoNotDisturb, 3 = Unavailable });
wire_enum!(Reason { 0 = OnACall, 1 = AwayShort, 2 = AwayLong });
wire_struct!(Status {
    availability,
    reason,
    text
});
wire_enum!(Policy { 0 = InOrder, 1 = LeastBusy, 2 = LongestIdle });
wire_enum!(PresenceAction {
    0 = Get { identities },
    1 = Set { identity, status },
    2 = Pick { candidates, policy },
});
wire_struct!(PresenceClient { device, app, status });
wire_struct!(PresenceView {
    identity,
    status,
    calls,
    clients
});
wire_enum!(PresenceReply { 0 = Views(views), 1 = Said, 2 = Picked(identity) });
