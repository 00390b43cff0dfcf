//! Records the caller for ten seconds with two pauses of two seconds in them: one is left out, one is silence.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let recording = caller.start_record(Record::default())?;
    wait::sleep(secs(2))?;
    recording.pause_with_skip();
    wait::sleep(secs(2))?;
    recording.resume();
    wait::sleep(secs(2))?;
    recording.pause_with_silence();
    wait::sleep(secs(2))?;
    recording.resume();
    wait::sleep(secs(2))?;
    info!("{} is {:?}", recording.id(), recording.stop());
    Ok(())
}
