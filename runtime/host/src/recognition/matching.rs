//! Which of the phrases a recognised text is. A recogniser that knows the phrases says one of them; one that writes down
//! whatever it hears may add a word of politeness, write digits as numerals, and set marks.

use patchcord_control::words::{Heard, SPOKEN_DIGITS, Said};
use patchcord_switch::ToRecognise;

/// What a text means: the phrase that it is; digits that it is; or else the one phrase that is in it.
pub(super) fn understood(text: &str, wanted: &ToRecognise, confidence: u8) -> Heard {
    let heard = words(text);
    let said = |phrase| Heard::Said(Said { phrase, confidence });
    let phrases = || wanted.phrases.iter().map(|phrase| (phrase, words(phrase.reveal())));
    if let Some((phrase, _)) = phrases().find(|(_, words)| *words == heard) {
        return said(phrase.clone());
    }
    if let Some(digits) = digits(&heard, wanted.digits) {
        return said(digits.into());
    }
    let within: Vec<_> = phrases().filter(|(_, words)| is_in(words, &heard)).collect();
    // "yes" is in "yes please": the longer one counts.
    let mut longest = within.iter().filter(|(_, words)| {
        let longer = |(_, other): &&(_, Vec<String>)| other.len() > words.len() && is_in(words, other);
        !within.iter().any(|other| longer(&other))
    });
    match (longest.next(), longest.next()) {
        (Some((phrase, _)), None) => said((*phrase).clone()),
        _ => Heard::NoMatch,
    }
}

/// Its words in lower case, without marks.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = text.replace('\u{2019}', "'");
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let words = words.map(|word| word.trim_matches('\'').to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether some words follow each other in others.
fn is_in(words: &[String], others: &[String]) -> bool {
    !words.is_empty() && others.windows(words.len()).any(|window| window == words)
}

/// Digits if there is nothing else, and no more than so many.
fn digits(words: &[String], most: u8) -> Option<String> {
    let mut digits = String::new();
    for word in words {
        match SPOKEN_DIGITS.iter().find(|(name, _)| name == word) {
            Some((_, digit)) => digits.push(*digit),
            None if word.bytes().all(|byte| byte.is_ascii_digit()) => digits.push_str(word),
            None => return None,
        }
    }
    (1..=usize::from(most)).contains(&digits.len()).then_some(digits)
}

#[cfg(test)]
mod tests;
