//! `asks_a_key` with one line changed: the tone that is played for a key. A replay has to find just that.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    for _ in 0..3 {
        let pressed = caller.gather(Gather::keys(1).prompt(tone(440, secs(1))).first_key_within(secs(4)))?;
        if !pressed.keys.is_empty() {
            info!("somebody chose");
            caller.play(tone(880, secs(1)))?;
            return Ok(());
        }
        wait::sleep(millis(100))?;
    }
    Ok(())
}
