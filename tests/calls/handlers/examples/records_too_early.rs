//! Asks whether it may record, with a defect on purpose: who presses a wrong key first is recorded without having agreed.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    for _ in 0..3 {
        let pressed = caller.gather(Gather::keys(1).prompt(tone(440, secs(1))).first_key_within(secs(5)))?;
        match pressed.keys.as_str() {
            // What was meant is: one key alone.
            "1" | "7" => {
                caller.record(Record::default().longest(secs(3)))?;
                return Ok(());
            }
            _ => {}
        }
    }
    Ok(())
}
