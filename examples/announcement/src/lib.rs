//! An announcement without a sound file: it greets the caller by name and reads the news, in German after key 2, once more
//! after key 1. If nobody can speak, the caller hears a tone instead and the log says why.

use patchcord::{Prompt, escaped, prelude::*};

patchcord::handler!(handle);

/// How often the news is read before we say goodbye.
const TIMES: u32 = 3;
/// Bytes of a caller's name that are said; a longer one is no name.
const NAME_BYTES: usize = 60;

/// A language, and what is said in it.
struct Words {
    tag: &'static str,
    hello: &'static str,
    /// In SSML.
    news: &'static str,
    goodbye: &'static str,
}

const ENGLISH: Words = Words {
    tag: "en",
    hello: "Hello",
    news: "<p>The office is closed today.</p><break time=\"500ms\"/>\
           <p>It opens again <emphasis>tomorrow</emphasis> at <say-as interpret-as=\"time\">8:30</say-as>.</p>\
           <p>To hear this again, press 1.</p><p xml:lang=\"de\">Für Deutsch drücken Sie die 2.</p>",
    goodbye: "Goodbye.",
};

const GERMAN: Words = Words {
    tag: "de",
    hello: "Guten Tag",
    news: "<p>Das Büro ist heute geschlossen.</p><break time=\"500ms\"/>\
           <p>Es öffnet wieder <emphasis>morgen</emphasis> um <say-as interpret-as=\"time\">8:30</say-as>.</p>\
           <p>Noch einmal hören Sie das mit der 1.</p><p xml:lang=\"en\">For English, press 2.</p>",
    goodbye: "Auf Wiederhören.",
};

fn handle(caller: Leg) -> Result<()> {
    caller.answer()?;
    match announce(&caller) {
        Err(Error::NotSpoken(why)) => {
            error!("nobody can speak: {why}");
            caller.play(tone(425, secs(1)))?;
            Ok(())
        }
        other => other,
    }
}

fn announce(caller: &Leg) -> Result<()> {
    let mut words = &ENGLISH;
    let mut prompt = greeting(words, &caller.info().from_name).then(news(words));
    for _ in 0..TIMES {
        let pressed = caller.gather(Gather::keys(1).prompt(prompt).first_key_within(secs(4)))?;
        words = match (pressed.keys.as_str(), words.tag) {
            ("1", _) => words,
            ("2", "en") => &GERMAN,
            ("2", _) => &ENGLISH,
            _ => break,
        };
        prompt = news(words);
    }
    caller.play(say(words.goodbye).language(words.tag))?;
    Ok(())
}

/// The caller's name was written by the caller: it is said and nothing else.
fn greeting(words: &Words, name: &str) -> Prompt {
    let name = if name.len() > NAME_BYTES { "" } else { name };
    ssml(format!("<s>{} {}.</s>", words.hello, escaped(name))).language(words.tag)
}

fn news(words: &Words) -> Prompt {
    ssml(words.news).language(words.tag)
}

#[cfg(test)]
mod tests;
