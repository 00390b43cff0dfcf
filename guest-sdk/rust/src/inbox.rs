//! What somebody outside says to the call while it goes on: named texts, one after the other.
//!
//! ```no_run
//! # use patchcord::prelude::*;
//! # fn handle(caller: Leg) -> Result<()> {
//! caller.answer()?;
//! // Music until somebody outside says that an agent is free, or the caller has waited long enough.
//! let music = caller.start_play(Play::prompt(file("music.wav")).forever())?;
//! match inbox::receive(Some(secs(120)))? {
//!     Some(message) if message.name == "agent" => {
//!         music.stop()?;
//!         caller.dial(Dial::user(&message.data))?;
//!     }
//!     Some(message) => info!("nothing is known of {}", message.name),
//!     None => info!("nobody was free"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Up to 100 messages wait; what comes then is refused to whoever sent it, so none is lost untold.

use crate::bindings::patchcord::handler::inbox;
use crate::prompt::ms;
use crate::{Operation, Result};
use std::time::Duration;

pub use crate::bindings::patchcord::handler::inbox::Message;

/// The oldest message that was not received yet; waits for one, at most so long. None if the time is over.
pub fn receive(timeout: Option<Duration>) -> Result<Option<Message>> {
    inbox::receive(timeout.map(ms))
}

/// To wait for messages together with others, by [`wait::any`](crate::wait::any): done while one waits to be received.
pub fn waiting() -> Result<Operation> {
    inbox::waiting()
}
