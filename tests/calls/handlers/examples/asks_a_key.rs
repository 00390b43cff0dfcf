//! Asks for a key, says that one came, plays a tone. Its twin `asks_a_key_changed` differs in one line.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    for _ in 0..3 {
        let pressed = caller.gather(Gather::keys(1).prompt(tone(440, secs(1))).first_key_within(secs(4)))?;
        if !pressed.keys.is_empty() {
            info!("somebody chose");
            caller.play(tone(620, secs(1)))?;
            return Ok(());
        }
        wait::sleep(millis(100))?;
    }
    Ok(())
}
