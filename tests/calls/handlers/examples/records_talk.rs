//! Connects the caller with the user it dialled and records both, side by side.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    let outcome = caller.dial(Dial::user(&caller.info().to))?;
    let Some(callee) = outcome.into_leg() else {
        return caller.reject(RejectReason::Unavailable);
    };
    caller.answer()?;
    let recording = caller.start_record_with(&callee, Record::default())?;
    caller.bridge(&callee, Bridge::default())?;
    info!("recorded: {:?}", recording.stop());
    Ok(())
}
