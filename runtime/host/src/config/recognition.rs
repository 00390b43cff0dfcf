//! The section `[recognition]`: who recognises what is said, in place of keys or all the time. Without it pocketsphinx does, if it is installed
//! with a model.
//!
//! ```toml
//! [recognition]
//! provider = "pocketsphinx"        # or "http", "websocket", or "none"; only "websocket" recognises all the time
//! program = "/usr/bin/pocketsphinx_batch"   # with pocketsphinx: what is run
//! model = "/usr/share/pocketsphinx/model/en-us/en-us"   # its acoustic model, for sound at 16 kHz
//! dictionary = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"   # the words it knows
//! url = "https://ears.example.org/v1/audio/transcriptions"   # with http: where sound is posted
//!                                  # with websocket: where connections are opened, "wss://ears.example.org/listen"
//! fields = ["model=small"]         # with http: further fields of every request
//! headers = ["X-Key: secret"]      # with http and websocket: further headers of every request
//! roots = "ears.pem"               # with http and websocket: authorities of the server; without it those of the system
//! language = "en"                  # of speech that names none, and the model's
//! time_ms = 10000                  # how long it may take to recognise something
//! at_once = 4                      # sounds recognised at the same time
//! ```

use super::provider::{Provider, Section, Sockets};
use super::reader::{ConfigError, Table};
use crate::recognition::{Fields, PocketsphinxConfig, RecogniserConfig, RecognitionConfig};
use std::path::Path;

/// The keys there are.
pub(super) const KEYS: &[&str] = &[
    "provider",
    "program",
    "model",
    "dictionary",
    "url",
    "fields",
    "headers",
    "roots",
    "language",
    "time_ms",
    "at_once",
];
/// Further fields of a request.
const FIELDS_MAX: usize = 32;

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(table: &Table<'_>, file: &Path) -> Result<RecognitionConfig, ConfigError> {
    let section = Section {
        table,
        file,
        program: "pocketsphinx",
        of_program: &["program", "model", "dictionary"],
        sockets: Sockets::Yes,
    };
    let recogniser = match section.provider()? {
        Provider::Program => RecogniserConfig::Pocketsphinx(pocketsphinx(section)?),
        Provider::Http => {
            let server = section.server("https://ears.example.org/v1/audio/transcriptions")?;
            RecogniserConfig::Server(server, fields(table)?)
        }
        Provider::WebSocket => RecogniserConfig::WebSocket(section.socket("wss://ears.example.org/listen")?),
        Provider::Nobody => RecogniserConfig::Nobody,
    };
    let common = section.common()?;
    let usual = RecognitionConfig::default();
    Ok(RecognitionConfig {
        recogniser,
        language: common.language.unwrap_or(usual.language),
        time: common.time.unwrap_or(usual.time),
        at_once: common.at_once.unwrap_or(usual.at_once),
    })
}

fn pocketsphinx(section: Section<'_, '_>) -> Result<PocketsphinxConfig, ConfigError> {
    let usual = PocketsphinxConfig::default();
    let program = section.program("/usr/bin/pocketsphinx_batch")?;
    let model = section.path("model", "a folder with an acoustic model")?;
    let dictionary = section.path("dictionary", "a file with the words that the model knows")?;
    Ok(PocketsphinxConfig {
        program: program.unwrap_or(usual.program),
        model: model.unwrap_or(usual.model),
        dictionary: dictionary.unwrap_or(usual.dictionary),
    })
}

fn fields(table: &Table<'_>) -> Result<Fields, ConfigError> {
    let right = "a field such as \"model=small\", its name of letters, digits, `-` and `_`";
    let fields = table.parsed_list("fields", right, |text| {
        let (name, value) = text.split_once('=')?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let fine = !name.is_empty() && name.chars().all(fits) && !value.contains(char::is_control);
        fine.then(|| (name.to_owned(), value.to_owned().into()))
    })?;
    if fields.len() > FIELDS_MAX {
        return Err(table.wrong("fields", &format!("give at most {FIELDS_MAX} of them")));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
