//! Reads three sentences aloud, then one for a key, and says in its log what came of each.

use patchcord::prelude::*;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let text = "Welcome to the first house. All of our people are talking to somebody else at this very moment and ask for \
                patience. We will be with you as soon as one of them has the time to take your call in peace and quiet.";
    let read = caller.play(say(text));
    info!("read: {read:?}");
    let pressed = caller.gather(Gather::keys(1).prompt(say("Please press a key.").voice("second")));
    info!(
        "pressed: {}",
        pressed.map_or_else(|why| format!("{:?}", why.reason), |_| "a key".to_owned())
    );
    caller.play(tone(440, secs(1)))?;
    Ok(())
}
