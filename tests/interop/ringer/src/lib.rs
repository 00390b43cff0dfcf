//! Rings until the caller gives up, or answers after half a minute. For callers that cancel.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.ring()?;
    wait::sleep(secs(30))?;
    caller.answer()?;
    Ok(())
}
