//! An hour on the telephone: a clock that ticks every half minute, keys that are counted, and somebody who is called again and
//! again and hangs up each time.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// Rounds of half a minute.
const ROUNDS: u32 = 152;

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let mut keys = 0;
    let mut talks = 0;
    for round in 0..ROUNDS {
        let pressed = caller.gather(
            Gather::keys(1)
                .prompt(tone(440, millis(500)))
                .first_key_within(secs(20)),
        )?;
        keys += pressed.keys.len();
        if round % 10 == 0
            && let Some(callee) = caller.dial(Dial::user("bob").ring_for(secs(5)))?.leg()
        {
            talks += 1;
            caller.talk_with(callee, Bridge::default())?;
        }
        wait::sleep(secs(10))?;
    }
    info!("an hour with {keys} keys and {talks} talks");
    caller.play(tone(880, secs(1)))?;
    Ok(())
}
