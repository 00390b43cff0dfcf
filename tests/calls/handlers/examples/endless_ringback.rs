//! Answers and plays the European ringing tone, one second in five, until the caller goes.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.play(Play::prompt(tone(425, secs(1)).then(silence(secs(4)))).forever())?;
    Ok(())
}
