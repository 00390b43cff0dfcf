//! Rings for five seconds, then answers and plays a short tone.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.ring()?;
    wait::sleep(secs(5))?;
    caller.answer()?;
    caller.play(tone(620, secs(1)))?;
    Ok(())
}
