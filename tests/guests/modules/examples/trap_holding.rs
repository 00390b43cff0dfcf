//! Answers, puts the caller on hold, and traps.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.hold()?;
    wait::sleep(secs(1))?;
    panic!("with the caller on hold")
}
