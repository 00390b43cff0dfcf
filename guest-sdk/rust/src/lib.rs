//! Write call handlers: straight-line code that runs beside a call.
//!
//! ```
//! use patchcord::prelude::*;
//!
//! patchcord::handler!(handle);
//!
//! fn handle(caller: Leg) -> Result<()> {
//!     caller.answer()?;
//!     let choice = caller.gather(Gather::keys(1).prompt(file("menu.wav")))?;
//!     info!("the caller pressed {} keys", choice.keys.len());
//!     caller.play(tone(440, secs(1)))?;
//!     Ok(()) // the runtime hangs up
//! }
//! ```
//!
//! Every function that waits gives [`Error::Interrupted`] at once when the call is taken away: leave with `?`. Panics
//! reach the call's log with file and line, and the caller hears the platform's announcement.
//!
//! A handler has no clock, randomness, files or network of its own; what it may do is what it imports, and what it does not
//! call is not imported.

pub mod bindings;
mod bridge;
pub mod call;
pub mod clock;
mod dial;
mod error;
pub mod events;
mod gather;
pub mod handler;
pub mod http;
pub mod inbox;
mod key;
pub mod log;
mod play;
pub mod presence;
mod prompt;
pub mod random;
mod recognise;
mod record;
pub mod report;
mod room;
pub mod secrets;
pub mod sink;
pub mod store;
mod stream;
mod talk;
mod transfer;
pub mod wait;
#[cfg(feature = "webhooks")]
pub mod webhook;

pub use bindings::patchcord::handler::bridge::{Bridged, Bridging, EndedBy as BridgeEnd};
pub use bindings::patchcord::handler::call::{
    AnsweredBy, Attestation, Beginning, Breakage, Broken, Direction, Identity, Leg, LegInfo, Origin, Quality,
    RejectReason, SoundQuality,
};
pub use bindings::patchcord::handler::dial::{
    Absence, Answered, Cause, Destination, Dialing, MachineDetection, MachineWait, Outcome as DialOutcome, Refusal,
};
pub use bindings::patchcord::handler::gather::{
    EndedBy as GatherEnd, Failure as GatherFailure, Gathered, Gathering, Said,
};
pub use bindings::patchcord::handler::play::{EndedBy as PlayEnd, Played, Playing};
pub use bindings::patchcord::handler::recognise::{
    Failure as RecogniseFailure, FinalText, Gap, Heard, PartialText, RecogniseEnd, Recognised, Recognising,
};
pub use bindings::patchcord::handler::record::{RecordEnd, Recorded, Recording};
pub use bindings::patchcord::handler::room::{Departure, Event as RoomEvent, Room};
pub use bindings::patchcord::handler::stream::{StreamEnd, Streamed, Streaming};
pub use bindings::patchcord::handler::transfer::{Outcome as TransferOutcome, Request as TransferRequest};
pub use bindings::patchcord::handler::types::{
    Error, Interruption, InvalidArgument, LegState, LimitExceeded, LimitName, NoResponse, NotRecorded, Operation,
};
pub use bridge::Bridge;
pub use dial::{Dial, Party};
pub use gather::Gather;
pub use play::Play;
pub use prompt::{Prompt, escaped, file, say, silence, ssml, tone, url};
pub use recognise::Recognise;
pub use record::Record;
pub use room::Seat;
pub use stream::Stream;
pub use talk::TalkEnd;

/// What a handler's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything a handler usually needs.
pub mod prelude {
    pub use crate::wait::{millis, secs};
    pub use crate::{Bridge, Dial, DialOutcome, Party};
    pub use crate::{
        Error, Gather, Heard, Leg, Play, Recognise, Record, RejectReason, Result, Room, RoomEvent, Seat, Stream, file,
        say, silence, ssml, tone, url,
    };
    pub use crate::{clock, debug, error, http, inbox, info, presence, random, secrets, store, wait, warn};
}
