//! A mailbox: a greeting that a key skips, a tone, the message until `#`, silence or two minutes, and a goodbye. Who hangs
//! up in the middle has left a message, too.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// A message shorter than this is none, in milliseconds.
const LEAST_MS: u64 = 500;

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    caller.play(Play::prompt(file("greeting.wav")).barge_in())?;
    // The key that skipped the greeting means nothing more.
    caller.flush_keys();
    let how = Record::default()
        .beep()
        .finish_on('#')
        .longest(secs(120))
        .until_silent_for(secs(5))
        .trim();
    let message = match caller.record(how) {
        Ok(message) => message,
        Err(Error::NotRecorded(why)) => {
            error!("the message could not be kept: {why:?}");
            caller.play(file("sorry.wav"))?;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if is_message(message.length_ms) {
        info!("message {} of {} ms", message.id, message.length_ms);
    }
    if caller.has_ended() {
        return Ok(());
    }
    caller.play(file(last_words(message.length_ms)))?;
    Ok(())
}

/// Whether so much sound is a message.
fn is_message(length_ms: u64) -> bool {
    length_ms >= LEAST_MS
}

/// What is said to a caller whose message is so long.
fn last_words(length_ms: u64) -> &'static str {
    if is_message(length_ms) {
        "goodbye.wav"
    } else {
        "nothing.wav"
    }
}

#[cfg(test)]
mod tests;
