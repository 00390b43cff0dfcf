//! Answers and plays a tone until the caller goes.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.play(Play::prompt(tone(440, secs(1))).forever())?;
    Ok(())
}
