//! Answers, starts one operation and takes handles to it for ever, a few in each turn. The handle limit ends it.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let playing = caller.start_play(Play::prompt(tone(440, secs(1))).forever())?;
    let mut hoard = Vec::new();
    loop {
        hoard.extend((0..100).map(|_| playing.operation()));
        wait::sleep(millis(1))?;
    }
}
