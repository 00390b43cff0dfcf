//! Plays a tone and a file of the web, then one that is not there, and says in its log what came of each.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let there = caller.play(tone(440, secs(1)).then(url("https://cdn.test/offers.wav?key=secret")));
    info!("there: {there:?}");
    let nowhere = caller.play(tone(440, secs(1)).then(url("https://cdn.test/nothing.wav")));
    info!("nowhere: {nowhere:?}");
    let bad = caller.play(url("ftp://cdn.test/a.wav"));
    info!("bad: {bad:?}");
    caller.play(tone(620, secs(1)))?;
    Ok(())
}
