//! Listens all the time, also while it speaks: a keyword is answered as soon as it was said. What was heard is counted, not
//! written down.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// What the caller may ask for, and what ends the call.
const WEATHER: &str = "weather";
const OPERATOR: &str = "operator";
/// Longest call without a word.
const PATIENCE: u64 = 30;

/// What a sentence asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wish {
    Weather,
    Operator,
    Unknown,
}

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let listening = caller.recognise(Recognise::new().hints([WEATHER, OPERATOR]))?;
    let greeting = caller.start_play(say("What can I do for you?"))?;
    let (mut partials, mut sentences) = (0, 0);
    while let Some(heard) = listening.receive_within(secs(PATIENCE))? {
        match heard {
            Heard::Partial(_) => partials += 1,
            Heard::Final(said) => {
                sentences += 1;
                let wish = wish(&said.text);
                info!(
                    "sentence {sentences}: {wish:?} after {partials} partial texts, {} % sure",
                    said.confidence
                );
                greeting.stop()?;
                match wish {
                    // The caller may speak into it: what is said meanwhile waits.
                    Wish::Weather => caller.play(tone(440, secs(1)))?,
                    Wish::Operator => break,
                    Wish::Unknown => caller.play(tone(880, millis(200)))?,
                };
            }
            Heard::Gap(_) | Heard::Missed(_) => warn!("something was not recognised"),
        }
    }
    let heard = listening.stop()?;
    info!("{} sentences in {} ms", heard.finals, heard.heard_ms);
    Ok(())
}

fn wish(sentence: &str) -> Wish {
    if sentence.contains(WEATHER) {
        return Wish::Weather;
    }
    match sentence.contains(OPERATOR) {
        true => Wish::Operator,
        false => Wish::Unknown,
    }
}

#[cfg(test)]
mod tests;
