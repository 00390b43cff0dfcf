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

use super::beside;
use super::reader::{ConfigError, Table};
use crate::speech::{SpeechConfig, SpeechServer, VoiceConfig};
use crate::web::WebAddress;
use hyper::header::{HeaderName, HeaderValue};
use patchcord_control::private::Private;
use patchcord_control::speech::is_language;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
/// Keys that mean nothing without a certain provider.
const NEED: [(&str, Provider); 4] = [
    ("program", Provider::Espeak),
    ("url", Provider::Http),
    ("headers", Provider::Http),
    ("roots", Provider::Http),
];
/// Headers that can be given.
const HEADERS_MAX: usize = 32;
/// A caller who waits for a sentence longer than this has left.
const TIME_MS_MAX: u64 = 60_000;
/// Pieces made at the same time at most: each is a process, or a connection.
const AT_ONCE_MAX: u64 = 64;
/// Sound remembered at most: 9 hours.
const CACHE_MIB_MAX: u64 = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Espeak,
    Http,
    Nobody,
}

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<SpeechConfig, ConfigError> {
    let provider = section.parsed("provider", "\"espeak-ng\", \"http\" or \"none\"", |text| match text {
        "espeak-ng" => Some(Provider::Espeak),
        "http" => Some(Provider::Http),
        "none" => Some(Provider::Nobody),
        _ => None,
    })?;
    let provider = provider.unwrap_or(Provider::Espeak);
    let idle = NEED.iter().find(|(key, needs)| section.has(key) && *needs != provider);
    if let Some((key, needs)) = idle {
        let name = if *needs == Provider::Http { "http" } else { "espeak-ng" };
        return Err(section.wrong(key, &format!("it means nothing without provider = \"{name}\"")));
    }
    let usual = SpeechConfig::default();
    let language = section.parsed("language", "a language's tag such as \"en\" or \"de-AT\"", |tag| {
        is_language(tag).then(|| tag.to_owned())
    })?;
    let time_ms = section.number("time_ms", 100..=TIME_MS_MAX)?;
    let at_once = section.number("at_once", 1..=AT_ONCE_MAX)?;
    let cache_mib = section.number("cache_mib", 0..=CACHE_MIB_MAX)?;
    Ok(SpeechConfig {
        voice: match provider {
            Provider::Espeak => program(section, file)?.map_or(usual.voice, VoiceConfig::Program),
            Provider::Http => VoiceConfig::Server(server(section, file)?),
            Provider::Nobody => VoiceConfig::Nobody,
        },
        language: language.unwrap_or(usual.language),
        time: time_ms.map_or(usual.time, Duration::from_millis),
        at_once: at_once.map_or(usual.at_once, |count| count as usize),
        cache_bytes: cache_mib.map_or(usual.cache_bytes, |mib| mib as usize * 1024 * 1024),
    })
}

/// A name alone is looked for where programs are; anything else is a file.
fn program(section: &Table<'_>, file: &Path) -> Result<Option<PathBuf>, ConfigError> {
    section.parsed(
        "program",
        "a program such as \"/usr/bin/espeak-ng\"",
        |text| match text {
            "" => None,
            text if text.starts_with('-') => None,
            path if path.contains('/') => std::path::absolute(beside(file, path)).ok(),
            name => Some(name.into()),
        },
    )
}

fn server(section: &Table<'_>, file: &Path) -> Result<SpeechServer, ConfigError> {
    let right = "an address such as \"https://voices.example.org/speak\", without a password in it";
    let address = section.required("url", right, WebAddress::parse)?;
    let headers = section.parsed_list("headers", "a header such as \"X-Key: secret\"", header)?;
    if headers.len() > HEADERS_MAX {
        return Err(section.wrong("headers", &format!("give at most {HEADERS_MAX} of them")));
    }
    let roots = section.parsed("roots", "a PEM file such as \"roots.pem\"", |text| {
        (!text.is_empty()).then(|| beside(file, text))
    })?;
    Ok(SpeechServer {
        address,
        headers,
        roots,
    })
}

fn header(text: &str) -> Option<(HeaderName, Private<HeaderValue>)> {
    let (name, value) = text.split_once(':')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let value: HeaderValue = value.trim().parse().ok()?;
    Some((name, value.into()))
}

#[cfg(test)]
mod tests;
