//! The proof that a tenant has a number: whoever answers there is asked for the six digits that the tenant was told. What is keyed
//! goes to the platform (`report.emit`), which says by a message whether it was right; the handler itself does not know the code.

use patchcord::prelude::*;
use patchcord::report;

patchcord::handler!(handle);

/// What the report and the answer to it are called.
const NAME: &str = "caller-id";
/// Digits of a code.
const DIGITS: u8 = 6;
/// How often nothing or too little may be keyed before we say goodbye.
const PATIENCE: u32 = 3;

/// What the platform says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    /// Another try is possible.
    Wrong,
    /// No other try is.
    Over,
    /// It says nothing.
    Unknown,
}

fn handle(callee: Leg) -> Result<()> {
    callee.answer()?;
    let (mut prompt, mut incomplete) = ("ask.wav", 0);
    while incomplete < PATIENCE {
        let code = Gather::keys(DIGITS).at_least(DIGITS).prompt(file(prompt));
        let keyed = callee.gather(code.first_key_within(secs(15)).next_key_within(secs(5)))?;
        if !keyed.complete {
            incomplete += 1;
            prompt = "again.wav";
            continue;
        }
        let verdict = judged(&keyed.keys)?;
        info!("a code was keyed: {verdict:?}");
        if verdict != Verdict::Wrong {
            callee.play(file(last_words(verdict)))?;
            return Ok(());
        }
        prompt = "wrong.wav";
    }
    callee.play(file("over.wav"))?;
    Ok(())
}

/// What the platform says of what was keyed.
fn judged(keys: &str) -> Result<Verdict> {
    report::emit(NAME, keys)?;
    while let Some(message) = inbox::receive(Some(secs(10)))? {
        if message.name == NAME {
            return Ok(verdict(&message.data));
        }
    }
    Ok(Verdict::Unknown)
}

fn verdict(word: &str) -> Verdict {
    match word {
        "right" => Verdict::Right,
        "wrong" => Verdict::Wrong,
        "over" => Verdict::Over,
        _ => Verdict::Unknown,
    }
}

/// What is said at the end.
fn last_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right.wav",
        Verdict::Wrong | Verdict::Over => "over.wav",
        Verdict::Unknown => "sorry.wav",
    }
}

#[cfg(test)]
mod tests;
