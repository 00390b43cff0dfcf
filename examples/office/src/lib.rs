//! An office's extensions: all phones of the called user ring; the two talk, put each other on hold and transfer.
//!
//! A caller who reaches nobody is told so before the call is answered, so that it costs nothing.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// How long the phones of an extension ring.
const RING: u64 = 25;

fn handle(caller: Leg) -> Result<()> {
    let extension = caller.info().to;
    let outcome = caller.dial(Dial::user(&extension).ring_for(secs(RING)))?;
    if let Some(callee) = outcome.leg() {
        let ended = caller.talk_with(callee, Bridge::default().hold_music(file("hold.wav")))?;
        info!("the conversation ended: {ended:?}");
        return Ok(());
    }
    let (announcement, reason) = apology(&outcome);
    // A far end that described no session in its request cannot hear anything yet; it gets the refusal alone.
    if caller.early_media().is_ok() {
        caller.play(file(announcement))?;
    }
    caller.reject(reason)
}

/// What a caller hears who reached nobody, and how the call is refused then.
fn apology(outcome: &DialOutcome) -> (&'static str, RejectReason) {
    match outcome {
        DialOutcome::Busy(_) => ("busy.wav", RejectReason::Busy),
        DialOutcome::Declined(_) => ("busy.wav", RejectReason::Declined),
        DialOutcome::NotFound(_) => ("unknown.wav", RejectReason::NotFound),
        DialOutcome::Forbidden(_) => ("unknown.wav", RejectReason::Forbidden),
        _ => ("nobody.wav", RejectReason::Unavailable),
    }
}

#[cfg(test)]
mod tests;
