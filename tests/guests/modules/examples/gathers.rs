//! Not hostile: records the caller while it collects four keys, and says what it had when it is interrupted.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let recording = caller.start_record(Record::default())?;
    let wanted = Gather::keys(4).first_key_within(secs(60)).next_key_within(secs(60));
    match caller.gather(wanted) {
        Ok(got) => info!("all {} keys", got.keys.len()),
        Err(failure) => info!("{} keys, then {:?}", failure.keys.len(), failure.reason),
    }
    info!("recorded until {:?}", recording.stop()?.ended_by);
    Ok(())
}
