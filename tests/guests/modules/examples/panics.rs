//! Answers, then panics. The message reaches the call's log with file and line.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    panic!("an assumption of this handler does not hold");
}
