//! Records the caller and gives it away in the middle.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let recording = caller.start_record(Record::default())?;
    wait::sleep(secs(2))?;
    caller.give("records_until_silent")?;
    info!("recorded: {:?}", recording.stop());
    Ok(())
}
