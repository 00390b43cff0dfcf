//! A menu: a prompt that keys may interrupt, three choices, three tries, and a polite end for silence.
//!
//! Each branch plays its own tone, so that a test can hear which one was taken.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// How often the menu is read before we give up.
const TRIES: u32 = 3;

fn handle(caller: Leg) -> Result<()> {
    caller.ring()?;
    caller.answer()?;
    for attempt in 1..=TRIES {
        let menu = Gather::keys(1).prompt(file("menu.wav")).first_key_within(secs(4));
        let pressed = caller.gather(menu)?;
        if let Some(hz) = branch(&pressed.keys) {
            info!("branch with the {hz} Hz tone, at attempt {attempt}");
            caller.play(tone(hz, secs(2)))?;
            return Ok(());
        }
        if !pressed.keys.is_empty() {
            caller.play(file("invalid.wav"))?;
        }
    }
    info!("no choice after {TRIES} attempts");
    caller.play(file("goodbye.wav"))?;
    Ok(())
}

/// The tone of a choice; none if there is no such choice.
fn branch(keys: &str) -> Option<u16> {
    match keys {
        "1" => Some(440),
        "2" => Some(620),
        "3" => Some(880),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
