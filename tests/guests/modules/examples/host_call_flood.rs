//! Answers, then asks for the time for ever, without waiting once. The host-call limit ends it.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    loop {
        let _ = clock::now();
    }
}
