//! Telling others what happens in this call. Nothing of it is waited for, and no answer of theirs reaches the call.
//!
//! ```no_run
//! # use patchcord::prelude::*;
//! use patchcord::events::Kind;
//! use patchcord::report;
//!
//! # fn handle(caller: Leg) -> Result<()> {
//! report::subscribe("https://crm.example.com/calls", &[Kind::LegAnswered, Kind::CallEnded], "crm-key")?;
//! caller.answer()?;
//! report::emit("language-chosen", "de")?;
//! # Ok(())
//! # }
//! ```

use crate::Result;
use crate::bindings::patchcord::handler::report;
use crate::events::Kind;

/// Tells something to all that want `custom` events of this call. `name` has 1 to 64 signs a-z, 0-9 and "-"; `data` up to
/// 4,096 bytes.
pub fn emit(name: &str, data: &str) -> Result<()> {
    report::emit(name, data)
}

/// Has a webhook told of these kinds from now on, until the call ends; of all if there is none. `secret` is the name of the
/// secret that signs what is sent.
pub fn subscribe(url: &str, kinds: &[Kind], secret: &str) -> Result<()> {
    report::subscribe(url, kinds, secret)
}
