//! Answers and then never lets go: it goes on asking after it was told that the call is gone.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    let _ = caller.answer();
    loop {
        let _ = caller.play(tone(440, millis(200)));
        let _ = wait::sleep(millis(100));
    }
}
