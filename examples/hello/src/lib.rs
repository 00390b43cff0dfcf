//! Answers, plays a tone, hangs up.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.play(tone(440, secs(1)))?;
    Ok(()) // the runtime hangs up
}
