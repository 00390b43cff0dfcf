//! A menu with a defect on purpose: it counts stars, and a second one before its prompt has ended is a trap. What looks for
//! defects by chance has to find it.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let mut stars = 0_u32;
    for _ in 0..4 {
        let pressed = caller.gather(Gather::keys(1).prompt(tone(440, secs(3))).first_key_within(secs(2)))?;
        stars = if pressed.keys == "*" { stars + 1 } else { 0 };
        assert!(stars < 2, "a star is pressed once");
    }
    Ok(())
}
