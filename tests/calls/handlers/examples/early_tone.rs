//! Plays a tone before the answer, then answers and plays another.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.early_media()?;
    caller.play(tone(880, secs(1)))?;
    caller.answer()?;
    caller.play(tone(620, secs(1)))?;
    Ok(())
}
