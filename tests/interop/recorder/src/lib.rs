//! Records whoever calls until the end. For servers that are killed meanwhile.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let recorded = caller.record(Record::default())?;
    info!("recorded {} ms", recorded.length_ms);
    Ok(())
}
