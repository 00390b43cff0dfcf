//! The handler of calls that are placed from outside, and of others: says why it has the call and who is on it, plays a tone
//! and waits for `#`.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    info!("begun: {:?}", patchcord::call::begun());
    let info = caller.info();
    info!("{:?}, {:?}, to {}", info.direction, caller.state(), info.to);
    caller.ring()?;
    caller.early_media()?;
    caller.answer()?;
    info!("elapsed: {}", clock::elapsed().as_millis() > 0);
    let tone = caller.start_play(Play::prompt(tone(440, secs(1))).forever())?;
    let pressed = caller.gather(Gather::keys(1).first_key_within(secs(60)))?;
    info!("pressed {}", pressed.keys);
    tone.stop()?;
    Ok(())
}
