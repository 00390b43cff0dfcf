//! The caller's facts in the shape Rust code likes, and legs that move between calls; answering, holding and ending them
//! are [`Leg`]'s generated functions.

use crate::bindings::patchcord::handler::{bridge, call};
use crate::{Beginning, Leg, LegState, Result};

impl Leg {
    /// The first value of a header of the request that opened the leg, by its long name, case ignored.
    pub fn first_header(&self, name: &str) -> Option<String> {
        self.header(name).into_iter().next()
    }

    /// Whether the leg is gone.
    pub fn has_ended(&self) -> bool {
        self.state() == LegState::Ended
    }

    /// Gives the answered leg to a new call that runs another handler of this tenant; that call's id.
    pub fn give(&self, handler: &str) -> Result<String> {
        bridge::give(self, handler)
    }
}

/// Why this handler has the call: it came in, was given, the handler before broke, or somebody outside moved the caller here.
pub fn begun() -> Beginning {
    call::begun()
}

/// Takes the caller's leg out of another call of this tenant into this one, by that call's id: joins two calls, or picks
/// up a caller who was parked. The other handler's functions on it return `Interrupted(Moved)`.
pub fn take(call_id: &str) -> Result<Leg> {
    bridge::take(call_id)
}
