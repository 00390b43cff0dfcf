//! What a handler asks, and what it is told, in a journal; and which answer each ask gets. How to add one stands in
//! `wire.rs`.

#[cfg(test)]
use super::wire::tests::Dice;
use super::wire::{Bad, Page, Seen, Sheet, Show, Wire, wire_enum};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::words::PlayChange;
use std::fmt;

wire_enum!(Ask {
    0 = Info { leg },
    1 = Header { leg, name },
    2 = State { leg },
    3 = Ring { leg },
    4 = EarlyMedia { leg },
    5 = Answer { leg },
    6 = Reject { leg, reason },
    7 = Redirect { leg, to },
    8 = Hold { leg },
    9 = Resume { leg },
    10 = IsHeld { leg },
    11 = Mute { leg },
    12 = Unmute { leg },
    13 = SendKeys { leg, keys },
    14 = HangUp { leg },
    15 = Play { leg, prompt, options },
    16 = StartPlay { leg, prompt, options },
    17 = PlayResult { operation },
    18 = StopPlay { operation },
    19 = ChangePlay { operation, change },
    20 = Gather { leg, options },
    21 = StartGather { leg, options },
    22 = Flush { leg },
    23 = GatherResult { operation },
    24 = CancelGather { operation },
    25 = Dial { caller, endpoints, options },
    26 = StartDial { caller, endpoints, options },
    27 = DialResult { operation },
    28 = CancelDial { operation },
    29 = TransferAskedBy { transfer },
    30 = TransferDestination { transfer },
    31 = TransferIsAttended { transfer },
    32 = TransferTake { transfer },
    33 = TransferAccept { transfer },
    34 = TransferFinish { transfer, status },
    35 = TransferDrop { transfer },
    36 = Refer { leg, to },
    37 = ReferToLeg { leg, other },
    38 = Bridge { first, second, options },
    39 = StartBridge { first, second, options },
    40 = BridgeResult { operation },
    41 = StopBridge { operation },
    42 = Take { call },
    43 = Give { leg, handler },
    44 = Record { leg, options },
    45 = StartRecord { legs, options },
    46 = RecordingName { operation },
    47 = RecordResult { operation },
    48 = PauseRecord { operation, with },
    49 = ResumeRecord { operation },
    50 = StopRecord { operation },
    51 = Stream { leg, options },
    52 = StartStream { leg, options },
    53 = StreamName { operation },
    54 = StreamResult { operation },
    55 = SendStream { operation, text },
    56 = ReceiveStream { operation, timeout_ms },
    57 = StopStream { operation },
    58 = Done { operation },
    59 = Forget { operation },
    60 = Sleep { ms },
    61 = WaitAny { operations, timeout_ms },
    62 = Now,
    63 = Elapsed,
    64 = RandomBytes { count },
    65 = RandomNumber,
    66 = Log { level, message },
    67 = StartRoomRecord { room, options },
    68 = OpenRoom,
    69 = JoinRoom { room, leg, seat },
    70 = LeaveRoom { room, leg },
    71 = RoomEvent { room },
    72 = Quality { leg },
    73 = StartRecognise { leg, options },
    74 = ReceiveHeard { operation, timeout_ms },
    75 = RecogniseResult { operation },
    76 = StopRecognise { operation },
    80 = Beginning,
    77 = Store { key, action },
    78 = Secret { name },
    79 = Http { request },
    81 = Emit { name, data },
    82 = Subscribe { url, kinds, secret },
    90 = ReceiveMessage { timeout_ms },
    91 = InboxOperation,
    92 = Presence { action },
    93 = WatchPresence { identities },
    94 = PresenceNews { operation },
});

wire_enum!(Answer {
    0 = Nothing,
    1 = Unit(result),
    2 = Info(info),
    3 = Header(values),
    4 = State(state),
    5 = Played(result),
    6 = PlayResult(result),
    7 = Gathered(result),
    8 = GatherResult(result),
    9 = Started(result),
    10 = Flag(flag),
    11 = Leg(leg),
    12 = Destination(to),
    13 = Dialled(result),
    14 = DialResult(result),
    15 = Bridged(result),
    16 = BridgeResult(result),
    17 = Recorded(result),
    18 = RecordResult(result),
    19 = Name(name),
    20 = Streamed(result),
    21 = StreamResult(result),
    22 = Text(text),
    23 = Referred(result),
    24 = Taken(result),
    25 = Given(result),
    26 = Any(result),
    27 = Now(time),
    28 = Elapsed(ms),
    29 = Bytes(result),
    30 = Number(number),
    31 = Seated(result),
    32 = RoomEvent(event),
    33 = Quality(quality),
    34 = HeardSpeech(result),
    35 = Recognised(result),
    36 = RecogniseResult(result),
    40 = Began(began),
    37 = Stored(result),
    38 = Secret(result),
    39 = Responded(result),
    50 = Message(result),
    51 = Presence(result),
    52 = PresenceNews(views),
});

/// Whether an answer is of the variant that its ask names. In a journal that nobody tampered with it always is; an
/// instance must never be given another.
pub(crate) fn fits(ask: &Ask, answer: &Answer) -> bool {
    use Ask as A;
    match ask {
        A::Info { .. } => matches!(answer, Answer::Info(_)),
        A::Header { .. } => matches!(answer, Answer::Header(_)),
        A::State { .. } => matches!(answer, Answer::State(_)),
        A::Ring { .. }
        | A::EarlyMedia { .. }
        | A::Answer { .. }
        | A::Reject { .. }
        | A::Redirect { .. }
        | A::Hold { .. }
        | A::Resume { .. }
        | A::SendKeys { .. }
        | A::SendStream { .. }
        | A::Emit { .. }
        | A::Subscribe { .. }
        | A::Sleep { .. } => matches!(answer, Answer::Unit(_)),
        A::ChangePlay { change, .. } => match change {
            PlayChange::Volume(_) => matches!(answer, Answer::Unit(_)),
            PlayChange::Pause | PlayChange::Resume | PlayChange::Seek(_) | PlayChange::Skip(_) => {
                *answer == Answer::Nothing
            }
        },
        A::Mute { .. }
        | A::Unmute { .. }
        | A::HangUp { .. }
        | A::Flush { .. }
        | A::CancelDial { .. }
        | A::TransferAccept { .. }
        | A::TransferFinish { .. }
        | A::TransferDrop { .. }
        | A::StopBridge { .. }
        | A::PauseRecord { .. }
        | A::ResumeRecord { .. }
        | A::Forget { .. }
        | A::LeaveRoom { .. }
        | A::Log { .. } => *answer == Answer::Nothing,
        A::IsHeld { .. } | A::TransferIsAttended { .. } | A::Done { .. } => matches!(answer, Answer::Flag(_)),
        A::Now => matches!(answer, Answer::Now(_)),
        A::Elapsed => matches!(answer, Answer::Elapsed(_)),
        A::RandomBytes { .. } => matches!(answer, Answer::Bytes(_)),
        A::RandomNumber => matches!(answer, Answer::Number(_)),
        A::WaitAny { .. } => matches!(answer, Answer::Any(_)),
        A::Play { .. } | A::StopPlay { .. } => matches!(answer, Answer::Played(_)),
        A::PlayResult { .. } => matches!(answer, Answer::PlayResult(_)),
        A::Gather { .. } | A::CancelGather { .. } => matches!(answer, Answer::Gathered(_)),
        A::GatherResult { .. } => matches!(answer, Answer::GatherResult(_)),
        A::StartPlay { .. }
        | A::StartGather { .. }
        | A::StartDial { .. }
        | A::StartBridge { .. }
        | A::StartRecord { .. }
        | A::StartRoomRecord { .. }
        | A::OpenRoom
        | A::StartRecognise { .. }
        | A::StartStream { .. }
        | A::InboxOperation
        | A::WatchPresence { .. } => matches!(answer, Answer::Started(_)),
        A::Dial { .. } => matches!(answer, Answer::Dialled(_)),
        A::DialResult { .. } => matches!(answer, Answer::DialResult(_)),
        A::TransferAskedBy { .. } => matches!(answer, Answer::Leg(_)),
        A::TransferDestination { .. } => matches!(answer, Answer::Destination(_)),
        A::TransferTake { .. } | A::Take { .. } => matches!(answer, Answer::Taken(_)),
        A::Refer { .. } | A::ReferToLeg { .. } => matches!(answer, Answer::Referred(_)),
        A::Bridge { .. } => matches!(answer, Answer::Bridged(_)),
        A::BridgeResult { .. } => matches!(answer, Answer::BridgeResult(_)),
        A::Give { .. } => matches!(answer, Answer::Given(_)),
        A::Record { .. } | A::StopRecord { .. } => matches!(answer, Answer::Recorded(_)),
        A::RecordResult { .. } => matches!(answer, Answer::RecordResult(_)),
        A::RecordingName { .. } | A::StreamName { .. } => matches!(answer, Answer::Name(_)),
        A::Stream { .. } | A::StopStream { .. } => matches!(answer, Answer::Streamed(_)),
        A::StreamResult { .. } => matches!(answer, Answer::StreamResult(_)),
        A::ReceiveStream { .. } => matches!(answer, Answer::Text(_)),
        A::JoinRoom { .. } => matches!(answer, Answer::Seated(_)),
        A::RoomEvent { .. } => matches!(answer, Answer::RoomEvent(_)),
        A::Quality { .. } => matches!(answer, Answer::Quality(_)),
        A::Beginning => matches!(answer, Answer::Began(_)),
        A::ReceiveHeard { .. } => matches!(answer, Answer::HeardSpeech(_)),
        A::RecogniseResult { .. } => matches!(answer, Answer::RecogniseResult(_)),
        A::StopRecognise { .. } => matches!(answer, Answer::Recognised(_)),
        A::Store { action, .. } => match answer {
            Answer::Stored(reply) => reply.as_ref().map_or(true, |reply| reply.fits(action)),
            _ => false,
        },
        A::Presence { action } => match answer {
            Answer::Presence(reply) => reply.as_ref().map_or(true, |reply| reply.fits(action)),
            _ => false,
        },
        A::PresenceNews { .. } => matches!(answer, Answer::PresenceNews(_)),
        A::Http { .. } => matches!(answer, Answer::Responded(_)),
        A::Secret { .. } => matches!(answer, Answer::Secret(_)),
        A::ReceiveMessage { .. } => matches!(answer, Answer::Message(_)),
    }
}
