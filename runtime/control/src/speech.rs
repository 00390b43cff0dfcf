//! Texts to be spoken: read, checked, and cut into pieces that are spoken one after the other, so that the first is heard
//! while the others are still made. Whatever speaks gets a piece as SSML that this module has written itself.
//!
//! Not here: who speaks, and how long that takes.

mod ssml;

pub use ssml::{SsmlError, Wrong, is_language};

use crate::private::Private;
use ssml::Node;

/// Characters from which on the first piece ends with its sentence: short, so that something is heard soon.
const FIRST_PIECE_CHARS: usize = 20;
/// Characters from which on any other piece does.
const PIECE_CHARS: usize = 80;
/// Letters of a word that may be a short form, whose full stop ends no sentence: "Dr.", "Mrs.".
const SHORT_FORM_CHARS: usize = 3;

/// Characters of the name of a voice.
const VOICE_CHARS_MAX: usize = 100;

/// A text to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// What is said.
    pub text: Private<String>,
    /// How it is written.
    pub form: TextForm,
    /// The language's tag ([`is_language`]); none: the platform's own.
    pub language: Option<String>,
    /// The voice's name ([`is_voice`]); none: the one for the language.
    pub voice: Option<String>,
}

/// How a text to be spoken is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextForm {
    /// As it is.
    Plain,
    /// SSML 1.1: speak, p, s, break, emphasis, prosody, say-as and sub, whole or a part.
    Ssml,
}

/// A piece of a text, to be spoken on its own: SSML without the `speak` around it. Private, as what is said may be.
pub type Piece = Private<String>;

/// Cuts a text into pieces, in order, at most `most` and at least one of them: what is left then is in the last. None if
/// there is nothing to say in it.
///
/// # Errors
/// What is wrong with its SSML, and where.
pub fn pieces(speech: &Speech, most: usize) -> Result<Vec<Piece>, SsmlError> {
    let nodes = match speech.form {
        TextForm::Plain => vec![Node::Text(speech.text.reveal().clone())],
        TextForm::Ssml => ssml::read(speech.text.reveal())?,
    };
    let mut cutter = Cutter {
        most,
        ..Cutter::default()
    };
    for node in nodes {
        match node {
            Node::Text(text) => cutter.text(&text),
            Node::Element(element) if element.is_block() => {
                cutter.flush();
                cutter.node(&Node::Element(element));
                cutter.flush();
            }
            node => cutter.node(&node),
        }
    }
    cutter.flush();
    Ok(cutter.pieces)
}

/// Whether a text can be the name of a voice: nothing that a command line or a header could take for something else.
pub fn is_voice(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || " ._-+".contains(c);
    (1..=VOICE_CHARS_MAX).contains(&name.chars().count())
        && name.chars().all(fits)
        && !name.starts_with(['-', '.', ' '])
}

/// Collects text until a piece is long enough.
#[derive(Default)]
struct Cutter {
    most: usize,
    pieces: Vec<Piece>,
    piece: String,
    chars: usize,
    sounds: Sounds,
}

/// Whether there is anything to hear in a piece.
#[derive(Default, PartialEq, Eq)]
enum Sounds {
    #[default]
    No,
    Yes,
}

impl Cutter {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(end) = self.sentence_end(rest) {
            self.add(&rest[..end]);
            self.flush();
            rest = &rest[end..];
        }
        self.add(rest);
    }

    /// Where the first sentence ends that makes the piece long enough.
    fn sentence_end(&self, text: &str) -> Option<usize> {
        let least = if self.pieces.is_empty() {
            FIRST_PIECE_CHARS
        } else {
            PIECE_CHARS
        };
        let mut chars = self.chars;
        let mut places = text.char_indices().peekable();
        while let Some((at, c)) = places.next() {
            chars += 1;
            let next = places.peek().map(|(_, next)| *next);
            let ends = match c {
                '。' | '！' | '？' => true,
                '.' => next.is_some_and(char::is_whitespace) && !is_short_form(&text[..at]),
                '!' | '?' | '…' | ';' | ':' => next.is_some_and(char::is_whitespace),
                '\n' => next == Some('\n'),
                _ => false,
            };
            if ends && chars >= least {
                return Some(at + c.len_utf8());
            }
        }
        None
    }

    fn add(&mut self, text: &str) {
        let shown = if self.piece.is_empty() { text.trim_start() } else { text };
        self.chars += shown.chars().count();
        if shown.chars().any(char::is_alphanumeric) {
            self.sounds = Sounds::Yes;
        }
        ssml::write_text(&mut self.piece, shown);
    }

    fn node(&mut self, node: &Node) {
        self.chars += node.chars();
        self.sounds = Sounds::Yes;
        ssml::write(&mut self.piece, node);
    }

    fn flush(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        self.chars = 0;
        if std::mem::take(&mut self.sounds) == Sounds::No {
            return;
        }
        let piece = piece.trim_end();
        let is_full = self.pieces.len() >= self.most;
        match self.pieces.pop_if(|_| is_full) {
            Some(last) => self.pieces.push(format!("{} {piece}", last.reveal()).into()),
            None => self.pieces.push(piece.to_owned().into()),
        }
    }
}

/// Whether a text ends with a short word in upper case, whose full stop need not end the sentence.
fn is_short_form(text: &str) -> bool {
    let word = text.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let length = word.chars().count();
    (1..=SHORT_FORM_CHARS).contains(&length) && word.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests;
