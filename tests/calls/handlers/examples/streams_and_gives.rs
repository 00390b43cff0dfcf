//! Streams the caller, plays a prompt to it meanwhile, and gives it away.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let stream = caller.start_stream(Stream::to("ws://127.0.0.1:8765/agent"))?;
    wait::sleep(millis(500))?;
    caller.play(tone(800, secs(1)))?;
    wait::sleep(secs(3))?;
    caller.give("endless_tone")?;
    info!("streamed: {:?}", stream.stop());
    Ok(())
}
