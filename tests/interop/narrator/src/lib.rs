//! Records whoever calls, plays to them and collects keys, and says in its log what it does, until they have gone: a call of which
//! there is something to see.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// Rounds at most; a caller stays for fewer.
const ROUNDS: u32 = 100;

fn handle(caller: Leg) -> Result<()> {
    info!("somebody calls {}", caller.info().to);
    caller.answer()?;
    let _recording = caller.start_record(Record::default())?;
    for round in 1..=ROUNDS {
        info!("round {round}");
        caller.play(tone(440 + 110 * (round as u16 % 4), millis(600)))?;
        let pressed = caller.gather(Gather::keys(1).first_key_within(secs(2)))?;
        if !pressed.keys.is_empty() {
            warn!("{} was pressed", pressed.keys);
        }
    }
    Ok(())
}
