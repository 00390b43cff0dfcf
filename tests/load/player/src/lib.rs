//! Plays a prompt for as long as the caller stays. For benches of calls that hear something.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.play(Play::prompt(file("menu.wav")).forever())?;
    Ok(())
}
