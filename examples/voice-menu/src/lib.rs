//! A menu that is answered with a word or with a key, whichever comes first, and a ticket's number that is said or typed.
//! Where nobody can recognise words, keys are asked for. Each branch plays its own tone, so that a test can hear which.

use patchcord::{Gathered, Prompt, prelude::*};

patchcord::handler!(handle);

/// How often we ask before we give up.
const TRIES: u32 = 3;
/// Digits of a ticket's number.
const TICKET_DIGITS: u8 = 4;
/// Where a call can go: the word for it, its key, and its tone in hertz.
const BRANCHES: [(&str, &str, u16); 3] = [("sales", "1", 440), ("support", "2", 620), ("operator", "3", 880)];

/// Whether words are recognised here.
#[derive(Clone, Copy, PartialEq)]
enum Ears {
    Open,
    Deaf,
}

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    let mut ears = Ears::Open;
    for _ in 0..TRIES {
        let answer = match caller.gather(question(ears)) {
            Ok(answer) => answer,
            Err(failure) => match failure.reason {
                Error::NotHeard(why) => {
                    warn!("words are not recognised: {why}");
                    ears = Ears::Deaf;
                    continue;
                }
                other => return Err(other),
            },
        };
        match branch(answer.phrase(), &answer.keys) {
            Some(620) => return support(&caller, ears),
            Some(hz) => return caller.play(tone(hz, secs(2))).map(|_| ()),
            None => caller.play(say("Sorry, I did not get that."))?,
        };
    }
    caller.play(say("Goodbye."))?;
    Ok(())
}

fn question(ears: Ears) -> Gather {
    let keys = Gather::keys(1).first_key_within(secs(4));
    match ears {
        Ears::Open => keys
            .prompt(say("Sales, support, or the operator? Say it, or press 1, 2 or 3."))
            .phrases(BRANCHES.map(|(word, ..)| word)),
        Ears::Deaf => keys.prompt(say("Please press 1 for sales, 2 for support, 3 for the operator.")),
    }
}

/// The tone of a choice; none if there is no such choice.
fn branch(said: Option<&str>, keys: &str) -> Option<u16> {
    let chosen = |(word, key, _): &&(&str, &str, u16)| said == Some(word) || keys == *key;
    BRANCHES.iter().find(chosen).map(|(.., hz)| *hz)
}

/// Asks for the ticket's number and reads it back.
fn support(caller: &Leg, ears: Ears) -> Result<()> {
    let wanted = Gather::keys(TICKET_DIGITS).prompt(say("What is the number of your ticket?"));
    let wanted = match ears {
        Ears::Open => wanted.spoken_digits(TICKET_DIGITS),
        Ears::Deaf => wanted,
    };
    let answer = caller.gather(wanted)?;
    if let Some(number) = ticket(&answer) {
        caller.play(read_back(number))?;
    }
    caller.play(tone(620, secs(2)))?;
    Ok(())
}

/// The number, if all of it was said or typed.
fn ticket(answer: &Gathered) -> Option<&str> {
    let number = answer.phrase().unwrap_or(&answer.keys);
    (number.len() == usize::from(TICKET_DIGITS)).then_some(number)
}

fn read_back(number: &str) -> Prompt {
    let digits: Vec<String> = number.chars().map(String::from).collect();
    say(format!("Ticket {}.", digits.join(" ")))
}

#[cfg(test)]
mod tests;
