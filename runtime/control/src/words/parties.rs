//! The contract's words for more than one party: dialling, bridges, transfers. `wit/` is the source; see there for ranges.

use super::{Interruption, Key, Segment};
use crate::ids::{LegId, TransferId};
use crate::presence::{Status, WhenBusy};
use crate::private::Private;

/// Who is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A number as dialled.
    Number(Private<String>),
    /// A user with registered phones and other clients.
    User(Private<String>),
    /// A SIP address.
    Address(Private<String>),
}

/// What a called party may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub username: Private<String>,
    /// The secret.
    pub password: Private<String>,
}

/// One party to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Who.
    pub to: Destination,
    /// How long it may ring; none for as long as the whole.
    pub ring_ms: Option<u32>,
    /// Further headers.
    pub headers: Vec<(String, Private<String>)>,
    /// For a challenge.
    pub credentials: Option<Credentials>,
}

/// In which order endpoints are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// All at once.
    Together,
    /// One after the other.
    InTurn,
}

/// What the caller hears until somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerHears {
    /// Ringing made here.
    Ringback,
    /// What the called network sends; ringing until it does.
    EarlyMedia,
    /// As before.
    Unchanged,
}

/// Who a dialled leg is said to be from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerId {
    /// Who calls on the caller's leg.
    Caller,
    /// A number of the tenant.
    Number(Private<String>),
    /// Nobody.
    Anonymous,
}

/// When machine detection is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachineWait {
    /// At the verdict.
    Verdict,
    /// At the end of a machine's greeting.
    GreetingEnd,
}

/// How a machine is told from a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectionOptions {
    /// When it is done.
    pub wait_for: MachineWait,
    /// Longest wait.
    pub timeout_ms: u32,
    /// Longer speech is a greeting.
    pub speech_ms: u32,
    /// Silence that ends a greeting.
    pub speech_end_ms: u32,
    /// Silence at the start after which nobody is there.
    pub silence_ms: u32,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A machine in its greeting.
    Machine,
    /// A machine whose greeting ended in silence.
    MachineEnded,
    /// A machine whose greeting ended with a beep.
    MachineBeeped,
    /// It could not be told.
    Unknown,
}

/// How calling is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialOptions {
    /// Together or in turn.
    pub order: Order,
    /// How long the whole may take.
    pub ring_ms: u32,
    /// Who it is said to be from.
    pub caller_id: CallerId,
    /// The name beside it; none for the caller's.
    pub caller_name: Option<Private<String>>,
    /// What the caller hears meanwhile.
    pub caller_hears: CallerHears,
    /// Redirections followed.
    pub redirects: u8,
    /// Machine detection, if wanted.
    pub detect_machine: Option<DetectionOptions>,
    /// What becomes of a user's telephones that are in a call.
    pub when_busy: WhenBusy,
}

/// What the far end or its network said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// SIP status; 408 if nothing came.
    pub status: u16,
    /// Its phrase.
    pub phrase: String,
    /// Q.850 cause.
    pub q850: Option<u8>,
}

/// Nobody can answer now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// What the network said, or 480.
    pub cause: Cause,
    /// How the user is, if that is why nothing rang.
    pub status: Option<Status>,
}

/// Somebody answered a dialling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialAnswer {
    /// The new leg.
    pub leg: LegId,
    /// Which endpoint.
    pub endpoint: u32,
    /// Who, if asked for.
    pub answered_by: Option<AnsweredBy>,
}

/// What came of a dialling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialOutcome {
    /// Somebody answered.
    Answered(DialAnswer),
    /// 6xx but 600 and 604.
    Declined(Cause),
    /// 486, 600.
    Busy(Cause),
    /// It rang in vain.
    NoAnswer,
    /// 480, no phone registered, or the presence of the user.
    Unavailable(Absence),
    /// 404, 410, 484, 604.
    NotFound(Cause),
    /// Redirected further than allowed.
    Redirected(Vec<Private<String>>),
    /// Policy or a limit; the reason.
    Forbidden(String),
    /// Every other status.
    Failed(Cause),
    /// Nothing was reached.
    Unreachable,
    /// By the handler.
    Cancelled,
}

/// Whether keys pass between bridged legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeysBetween {
    /// They do.
    Pass,
    /// They stay here.
    Keep,
}

/// What happens when a bridged far end asks for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferPolicy {
    /// 603.
    Refuse,
    /// The bridge ends and gives the request.
    Ask,
}

/// How two legs are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeOptions {
    /// Key of the first leg that hangs up the second.
    pub hang_up_on: Option<Key>,
    /// Longest time.
    pub longest_ms: Option<u32>,
    /// Whether keys pass.
    pub keys: KeysBetween,
    /// What a transfer does.
    pub transfers: TransferPolicy,
    /// Heard while the other holds.
    pub hold_music: Option<Vec<Segment>>,
}

/// Why a bridge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BridgeEnd {
    /// The first leg is gone.
    FirstLeft(Interruption),
    /// The second leg is gone.
    SecondLeft(Interruption),
    /// By the key.
    Key,
    /// By time.
    TimeLimit,
    /// By the handler.
    Stopped,
    /// A transfer is asked for.
    Transfer(TransferId),
}

/// What came of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bridged {
    /// How long it stood.
    pub lasted_ms: u64,
    /// Why no longer.
    pub ended_by: BridgeEnd,
}

/// What came of a transfer asked of a far end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferOutcome {
    /// Connected elsewhere.
    Transferred,
    /// Not done.
    Refused(Cause),
    /// Tried in vain.
    Failed(Cause),
    /// It never said.
    Unknown,
}
