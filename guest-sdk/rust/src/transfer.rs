//! Transfers asked of a far end. Those that far ends ask for come as [`TransferRequest`](crate::TransferRequest) from a
//! bridge; [`Leg::talk_with`] carries them out.

use crate::bindings::patchcord::handler::transfer;
use crate::{Leg, Result, TransferOutcome};

impl Leg {
    /// Asks the far end of this answered leg to call a SIP address instead, and waits for the end of it, up to 120 s.
    pub fn refer(&self, to: &str) -> Result<TransferOutcome> {
        transfer::refer(self, to)
    }

    /// Asks the far end of this leg to take the place of this call in its conversation with the far end of `other`
    /// (attended transfer), and waits for the end of it, up to 120 s.
    pub fn refer_to(&self, other: &Leg) -> Result<TransferOutcome> {
        transfer::refer_to_leg(self, other)
    }
}
