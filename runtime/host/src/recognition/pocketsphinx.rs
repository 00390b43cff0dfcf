//! pocketsphinx beside us, with a grammar made of the phrases. It knows no way to say "none of them": it finds the likest
//! phrase in any noise. So it listens a second time with a grammar of single phonemes, which fit anything that is said, and
//! a phrase counts only if it fits about as well as those. What was said goes in by its standard input, a file that is only in
//! memory; the grammars are files of a folder that nobody else may read.

use super::Recognised;
use super::dictionary::Dictionary;
use super::matching::{understood, words};
use crate::beside::{Beside, Stdin};
use nix::sys::memfd::{MFdFlags, memfd_create};
use patchcord_control::words::{Heard, SPOKEN_DIGITS};
use patchcord_media::Utterance;
use patchcord_switch::ToRecognise;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that it may say: a line.
const ANSWER_BYTES: usize = 16 * 1024;
/// Folders tried when those of earlier processes are left.
const FOLDERS_TRIED: u32 = 64;
/// Samples of one of its frames: 10 ms at 16 kHz.
const FRAME_SAMPLES: usize = 160;
/// How sure a phrase is that fits just as well as single phonemes.
const AS_LIKELY: f64 = 60.0;
/// By so much surer for each unit of its score that a phrase fits better in each frame. By what was tried with sound of 8 kHz:
/// words that were asked for fit better by up to 10 or worse by up to 2, noise fits worse by 5 and more, and other words are
/// anywhere, in the middle worse by 2.
const SURER_BY: f64 = 5.0;
/// A phrase that is less sure is none of the phrases.
const LEAST_SURE: f64 = 50.0;
/// The most time that a phrase takes: so many frames, so many more for each phoneme, and for each word after the first.
/// "customer service" is likest to "no" if nothing else may be said, but nobody says "no" for a second.
const LONGEST_FRAMES: (usize, usize, usize) = (20, 30, 50);
/// Frames of silence around something said, as the media engine leaves them.
const SILENT_FRAMES: usize = 60;
/// The phonemes of the model, as in CMUdict.
const PHONEMES: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
];
/// The names of the grammars' files and of the list of what is to be recognised: its standard input, and only that.
const LIST: &str = "list";
const ANYTHING: &str = "anything";

/// Where pocketsphinx and its model are.
#[derive(Debug, Clone)]
pub struct PocketsphinxConfig {
    /// `pocketsphinx_batch`, or what takes its arguments.
    pub program: PathBuf,
    /// The folder of an acoustic model for sound at 16 kHz.
    pub model: PathBuf,
    /// The file of the words that it knows.
    pub dictionary: PathBuf,
}

impl Default for PocketsphinxConfig {
    /// As Debian's packages `pocketsphinx` and `pocketsphinx-en-us` have it.
    fn default() -> Self {
        Self {
            program: "pocketsphinx_batch".into(),
            model: "/usr/share/pocketsphinx/model/en-us/en-us".into(),
            dictionary: "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict".into(),
        }
    }
}

pub(super) struct Pocketsphinx {
    program: Beside,
    model: PathBuf,
    dictionary: Dictionary,
    /// The language of the model.
    language: String,
    folder: Folder,
}

/// A folder of our own, gone with it.
struct Folder {
    path: PathBuf,
    next: AtomicU64,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans up there.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A grammar with the words in it as two files, gone with it.
struct Grammar<'f> {
    folder: &'f Folder,
    name: String,
}

impl Drop for Grammar<'_> {
    fn drop(&mut self) {
        for ending in ["gram", "dict"] {
            let _ = std::fs::remove_file(self.folder.file(&self.name, ending));
        }
    }
}

/// What it makes of a sound.
struct Likest {
    text: String,
    /// The logarithm of how likely that is.
    score: f64,
}

impl Pocketsphinx {
    /// Looks for the program and its model.
    ///
    /// # Errors
    /// Why nothing can be recognised.
    pub(super) fn new(config: &PocketsphinxConfig, language: &str) -> Result<Self, String> {
        let program = Beside::new(config.program.clone(), "recognises");
        if !program.is_there() {
            return Err(format!("the program {} is not there", program.path().display()));
        }
        let named = |path: &Path, why: io::Error| format!("{}: {why}", path.display());
        std::fs::metadata(&config.model).map_err(|why| named(&config.model, why))?;
        let dictionary = Dictionary::read(&config.dictionary).map_err(|why| named(&config.dictionary, why))?;
        let folder = Folder::new().map_err(|why| named(&std::env::temp_dir(), why))?;
        let written = folder
            .write(LIST, "txt", "stdin\n")
            .and_then(|()| folder.grammar(ANYTHING, &anything()));
        written.map_err(|why| named(&folder.path, why))?;
        Ok(Self {
            program,
            model: config.model.clone(),
            dictionary,
            language: language.to_owned(),
            folder,
        })
    }

    /// Which phrase it was. Whoever drops the future kills the program.
    pub(super) async fn recognise(&self, wanted: &ToRecognise, language: &str) -> Recognised {
        if primary(language) != primary(&self.language) {
            let ours = &self.language;
            return Err(format!(
                "there is no model for the language {language:?} here, only for {ours:?}"
            ));
        }
        let text = self.phrases(wanted)?;
        let sound = said(&wanted.sound);
        let frames = (sound.len() / 2 / FRAME_SAMPLES).max(1);
        let grammar = self.folder.take(&text);
        let grammar = grammar.map_err(|why| format!("the grammar cannot be written: {why}"))?;
        let Some(phrase) = self.listen(&grammar.name, &sound).await? else {
            return Ok(Heard::NoMatch);
        };
        if frames > self.longest(&phrase.text) + SILENT_FRAMES {
            return Ok(Heard::NoMatch);
        }
        let better = match self.listen(ANYTHING, &sound).await? {
            Some(anything) => (phrase.score - anything.score) / frames as f64,
            None => 0.0,
        };
        let sure = AS_LIKELY + SURER_BY * better;
        if sure < LEAST_SURE {
            return Ok(Heard::NoMatch);
        }
        Ok(understood(&phrase.text, wanted, sure.min(100.0) as u8))
    }

    /// The most frames that a sentence takes.
    fn longest(&self, sentence: &str) -> usize {
        let words = words(sentence);
        let phonemes = |word: &String| {
            let ways = self.dictionary.find(word).map(|way| way.split_whitespace().count() - 1);
            ways.max().unwrap_or(0)
        };
        let (least, phoneme, pause) = LONGEST_FRAMES;
        let phonemes: usize = words.iter().map(phonemes).sum();
        least + phoneme * phonemes + pause * words.len().saturating_sub(1)
    }

    /// The likest sentence of a grammar, if there is any.
    async fn listen(&self, grammar: &str, sound: &[u8]) -> Result<Option<Likest>, String> {
        let list = self.folder.file(LIST, "txt");
        let (rules, dictionary) = (self.folder.file(grammar, "gram"), self.folder.file(grammar, "dict"));
        let args: [OsString; 18] = [
            "-hmm".into(),
            self.model.clone().into(),
            "-jsgf".into(),
            rules.into(),
            "-dict".into(),
            dictionary.into(),
            "-adcin".into(),
            "yes".into(),
            "-ctl".into(),
            list.into(),
            "-cepdir".into(),
            "/dev".into(),
            "-cepext".into(),
            "".into(),
            "-hyp".into(),
            "/dev/stdout".into(),
            "-logfn".into(),
            "/dev/null".into(),
        ];
        let stdin = in_memory(sound).map_err(|why| format!("there is no memory for what was said: {why}"))?;
        let hint = "is its model one for sound at 16 kHz?";
        let answer = self.program.run(&args, Stdin::File(stdin), ANSWER_BYTES, hint).await?;
        let answer = String::from_utf8_lossy(&answer);
        let line = answer.lines().next_back().unwrap_or_default();
        likest(line).ok_or_else(|| "the program that recognises gave no answer".to_owned())
    }

    /// The grammar of what may be said, with the words in it.
    fn phrases(&self, wanted: &ToRecognise) -> Result<GrammarText, String> {
        let mut sentences: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for phrase in &wanted.phrases {
            let words = words(phrase.reveal());
            sentences.push(words.join(" "));
            known.extend(words);
        }
        let mut rules = String::new();
        if wanted.digits > 0 {
            let digits: Vec<&str> = SPOKEN_DIGITS.iter().map(|(word, _)| *word).collect();
            known.extend(digits.iter().map(|word| (*word).to_owned()));
            let (open, close) = (" [ <digit>", " ]");
            let further = usize::from(wanted.digits) - 1;
            let _ = writeln!(rules, "<digit> = {};", digits.join(" | "));
            sentences.push(format!("<digit>{}{}", open.repeat(further), close.repeat(further)));
        }
        let _ = writeln!(rules, "public <said> = {};", sentences.join(" | "));
        let mut dictionary = String::new();
        for word in known {
            let before = dictionary.len();
            for line in self.dictionary.find(&word) {
                let _ = writeln!(dictionary, "{line}");
            }
            if dictionary.len() == before {
                return Err(format!("the word {word:?} is not in the dictionary"));
            }
        }
        Ok(GrammarText { rules, dictionary })
    }
}

/// The files of a grammar.
struct GrammarText {
    rules: String,
    dictionary: String,
}

/// Any phonemes one after the other.
fn anything() -> GrammarText {
    let (mut names, mut dictionary) = (Vec::new(), String::new());
    for phoneme in PHONEMES {
        let name = format!("phoneme{}", phoneme.to_lowercase());
        let _ = writeln!(dictionary, "{name} {phoneme}");
        names.push(name);
    }
    let rules = format!("<phoneme> = {};\npublic <said> = <phoneme>+;\n", names.join(" | "));
    GrammarText { rules, dictionary }
}

impl Folder {
    fn new() -> io::Result<Self> {
        let mut last = io::ErrorKind::AlreadyExists.into();
        for number in 0..FOLDERS_TRIED {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let ours = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("patchcord-hears-{}-{ours}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            // One that is there already may be somebody else's.
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let next = AtomicU64::new(0);
                    return Ok(Self { path, next });
                }
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.path.join(format!("{name}.{ending}"))
    }

    fn write(&self, name: &str, ending: &str, text: &str) -> io::Result<()> {
        std::fs::write(self.file(name, ending), text)
    }

    fn grammar(&self, name: &str, text: &GrammarText) -> io::Result<()> {
        let rules = format!("#JSGF V1.0;\ngrammar said;\n{}", text.rules);
        self.write(name, "gram", &rules)?;
        self.write(name, "dict", &text.dictionary)
    }

    /// Writes a grammar for one sound.
    fn take(&self, text: &GrammarText) -> io::Result<Grammar<'_>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let grammar = Grammar {
            folder: self,
            name: number.to_string(),
        };
        self.grammar(&grammar.name, text)?;
        Ok(grammar)
    }
}

/// The samples as the model wants them: 16 bits at 16 kHz.
fn said(sound: &Utterance) -> Vec<u8> {
    let samples = sound.wide();
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A file that is in no folder, at its beginning.
fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create(c"said", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// Reads `four two (stdin -3568)`; none if it is no such line, and none in it if nothing is likely.
fn likest(line: &str) -> Option<Option<Likest>> {
    let (text, rest) = line.trim_end().rsplit_once('(')?;
    let score = rest.strip_suffix(')')?.rsplit_once(' ')?.1;
    let score: f64 = score.parse().ok()?;
    let text = text.trim().to_owned();
    Some((!text.is_empty()).then_some(Likest { text, score }))
}

/// "en" of "en-US".
fn primary(tag: &str) -> String {
    tag.split('-').next().unwrap_or_default().to_ascii_lowercase()
}
