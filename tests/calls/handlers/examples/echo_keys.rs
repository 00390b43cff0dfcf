//! Answers and logs every key until `#` comes, then hangs up. The log is what a test compares with what was pressed.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    loop {
        let pressed = caller.gather(Gather::keys(1).first_key_within(secs(120)))?;
        info!("key [{}]", pressed.keys);
        if pressed.keys.is_empty() || pressed.keys == "#" {
            return Ok(());
        }
    }
}
