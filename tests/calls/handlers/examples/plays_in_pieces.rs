//! Plays four tones of a second as one prompt: from the second on and softly, back again, paused, and skipped to its end;
//! then once more from where a key stopped it.

use patchcord::Prompt;
use patchcord::prelude::*;
use std::time::Duration;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let playing = caller.start_play(Play::prompt(tones()).from(secs(1)).volume(-12))?;
    wait::sleep(secs(1))?;
    playing.skip(-1_000);
    playing.set_volume(0)?;
    wait::sleep(secs(1))?;
    playing.pause();
    wait::sleep(secs(1))?;
    playing.seek(3_500);
    playing.resume();
    wait::any(&[&playing.operation()], None)?;
    info!("over: {:?}", playing.result());
    playing.skip(-1_000);
    info!("too loud: {:?}", playing.set_volume(13));

    let played = caller.play(Play::prompt(tones()).barge_in())?;
    info!("stopped at {}", played.position_ms);
    let rest = Duration::from_millis(played.position_ms.into());
    let played = caller.play(Play::prompt(tones()).from(rest))?;
    info!("then {} to {}", played.played_ms, played.position_ms);
    Ok(())
}

fn tones() -> Prompt {
    let [first, second, third, last] = [440, 620, 880, 1_150].map(|hz| tone(hz, secs(1)));
    first.then(second).then(third).then(last)
}
