//! Answers, and hangs up half a second later. How much later than that it is, is how late its turn came.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    wait::sleep(millis(500))
}
