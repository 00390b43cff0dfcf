//! THE JOINT: a share of the calls complete, still without I/O.
//!
//! A [`Shard`] joins the four cores: SIP messages come in, dialogs become leg signals, the call machine decides, the
//! handler is resumed, and what comes of it leaves as bytes to send and commands to media threads. It is the only crate
//! that knows all four, and the last that knows none of the machine: no socket, clock, thread or random source.
//!
//! **One input, then drain [`Shard::poll`] until it is empty; [`Shard::wake_at`] then names the next deadline.** The same
//! shard runs in production and in the simulator.

mod browsers;
mod carriers;
mod directory;
mod drive;
mod errands;
mod hearing;
mod identity;
mod io;
mod joining;
mod journal;
mod ladder;
mod leg_keys;
mod leg_media;
mod leg_outbound;
mod leg_sip;
mod live;
mod locate;
mod media_plan;
mod moving;
mod outgoing;
mod outside;
mod phones;
mod placing;
mod presence;
pub mod recognise;
mod recognising;
mod recordings;
pub mod replay;
mod rooms;
mod shard;
mod sinks;
mod speaking;
pub mod stream;
mod streaming;
mod subscriptions;
mod tenants;
mod transfers;
mod trial;
pub mod waiting;
mod working;

pub use browsers::{BROWSER, Browsers, DoorEvent, DoorOrder, IceName, Offered};
pub use carriers::TrunkTargets;
pub use directory::{Directory, Program, ProgramError, Users};
pub use errands::{ToAsk, ToStore};
pub use hearing::{RECOGNISING_MAX, ToRecognise};
pub use identity::{IdentityConfig, Signing};
pub use io::{
    Config, Counts, Input, MediaPort, Notice, Output, Query, RecordingKey, RecordingOrder, Reload, StreamOrder, Way,
};
pub use joining::JoinError;
pub use journal::{
    Beginning, CALL_BYTES, CallLimits, Entry, HandlerOver, Happened, JournalError, JournalPart, Last, PrivateValues,
    ReadJournal, Show, Stopped, VERSION as JOURNAL_VERSION, Waited, What, broken_off, read as read_journal,
};
pub use media_plan::plan;
pub use moving::{RedirectError, Redirection};
pub use outgoing::{CallingOut, Outgoing, TrunkHost};
pub use outside::{CALLS_PER_PAGE, CallPage};
pub use placing::{PROOFS, PlaceError, PlacedCall, Purpose};
pub use presence::{
    Elsewhere, InstanceView, LegOf, Legs, OnCall, PresenceAsk, PresenceDesk, PresenceSaid, PresenceTold, ToOthers,
    WATCHERS_OF_A_TENANT, WayElsewhere, instance_name,
};
pub use shard::{Shard, ShardError};
pub use sinks::{NotReceived, SINK_TIME, Sink, SinkKey, ToSink};
pub use speaking::{SPEAKING_MAX, ToFetch, ToSpeak};
pub use trial::{Candidate, TakeOut, Trial, TrialNews};
pub use waiting::{Next, WaitingRoom};
