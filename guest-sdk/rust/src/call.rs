//! The caller's facts in the shape Rust code likes; answering and ending are [`Leg`]'s generated functions.

use crate::{Leg, LegState};

impl Leg {
    /// The first value of a header of the request that opened the leg, by its long name, case ignored.
    pub fn first_header(&self, name: &str) -> Option<String> {
        self.header(name).into_iter().next()
    }

    /// Whether the leg is gone.
    pub fn has_ended(&self) -> bool {
        self.state() == LegState::Ended
    }
}
