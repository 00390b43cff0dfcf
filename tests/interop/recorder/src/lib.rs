//! Records whoever calls until the end, for servers that are killed meanwhile. A caller of `keys` is recorded until `#`, and has
//! to press the keys that stand in the header X-Keys: with others the handler fails.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// More keys than anybody presses here.
const KEYS: u8 = 20;
/// Longer than what is said before the first key.
const FIRST_KEY: u64 = 30;

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    if caller.info().to == "keys" {
        return collect(&caller);
    }
    let recorded = caller.record(Record::default())?;
    info!("recorded {} ms", recorded.length_ms);
    Ok(())
}

fn collect(caller: &Leg) -> Result<()> {
    let recording = caller.start_record(Record::default())?;
    let keys = Gather::keys(KEYS).finish_on('#').first_key_within(secs(FIRST_KEY));
    let pressed = caller.gather(keys)?;
    recording.stop()?;
    let expected = caller.first_header("X-Keys");
    if expected.as_deref() != Some(pressed.keys.as_str()) {
        return Err(Error::failed(format!("other keys, {} of them", pressed.keys.len())));
    }
    Ok(())
}
