//! The section `[speech]`: who speaks the texts of prompts. Without it espeak-ng does, if it is installed.
//!
//! ```toml
//! [speech]
//! provider = "espeak-ng"           # or "http", or "none"
//! program = "/usr/bin/espeak-ng"   # with espeak-ng: what is run
//! url = "https://voices.example.org/speak"  # with http: where SSML is posted; the answer is a sound file
//! headers = ["X-Key: secret"]      # with http: further headers of every request
//! roots = "voices.pem"             # with http: authorities of the server; without it those of the system
//! language = "en"                  # of texts without one
//! time_ms = 10000                  # how long one piece of a text may take
//! at_once = 4                      # pieces made at the same time
//! cache_mib = 64                   # sound that is remembered
//! ```

use super::provider::{Provider, Section, Sockets};
use super::reader::{ConfigError, Table};
use crate::speech::{SpeechConfig, VoiceConfig};
use std::path::Path;

/// The keys there are.
pub(super) const KEYS: &[&str] = &[
    "provider",
    "program",
    "url",
    "headers",
    "roots",
    "language",
    "time_ms",
    "at_once",
    "cache_mib",
];
/// Sound remembered at most: 9 hours.
const CACHE_MIB_MAX: u64 = 1_024;

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(table: &Table<'_>, file: &Path) -> Result<SpeechConfig, ConfigError> {
    let section = Section {
        table,
        file,
        program: "espeak-ng",
        of_program: &["program"],
        sockets: Sockets::No,
    };
    let provider = section.provider()?;
    let common = section.common()?;
    let cache_mib = table.number("cache_mib", 0..=CACHE_MIB_MAX)?;
    let usual = SpeechConfig::default();
    Ok(SpeechConfig {
        voice: match provider {
            Provider::Program => {
                let program = section.program("/usr/bin/espeak-ng")?;
                program.map_or(usual.voice, VoiceConfig::Program)
            }
            Provider::Http => VoiceConfig::Server(section.server("https://voices.example.org/speak")?),
            Provider::Nobody => VoiceConfig::Nobody,
            Provider::WebSocket => unreachable!("nobody speaks over a WebSocket: `Sockets::No`"),
        },
        language: common.language.unwrap_or(usual.language),
        time: common.time.unwrap_or(usual.time),
        at_once: common.at_once.unwrap_or(usual.at_once),
        cache_bytes: cache_mib.map_or(usual.cache_bytes, |mib| mib as usize * 1024 * 1024),
    })
}

#[cfg(test)]
mod tests;
