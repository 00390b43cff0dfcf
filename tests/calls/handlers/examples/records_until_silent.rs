//! Records the caller until two seconds of silence, without silence at the ends.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let recorded = caller.record(Record::default().until_silent_for(secs(2)).trim());
    info!("recorded: {recorded:?}");
    Ok(())
}
