//! Where the database is.

use super::*;
use crate::config::reader::Source;

fn parsed(text: &str) -> Result<DatabaseConfig, String> {
    let file = Path::new("/etc/patchcord/patchcord.toml");
    let source = Source { file, text };
    let document = source.document().map_err(|error| error.to_string())?;
    let root = source
        .root(&document, &["database"])
        .map_err(|error| error.to_string())?;
    let section = root.section("database", KEYS).map_err(|error| error.to_string())?;
    read(&section, file).map_err(|error| error.to_string())
}

#[test]
fn without_a_word_it_is_sqlite_beside_the_file() {
    let usual = parsed("").expect("nothing is needed");
    assert_eq!(usual.url, "sqlite:/etc/patchcord/patchcord.db");
    assert!(usual.sealing.is_none());
    assert_eq!(usual.code_cache, Some(PathBuf::from("/etc/patchcord/patchcord-code")));
}

#[test]
fn what_is_written_counts() {
    let key = "ab".repeat(32);
    let text = format!("[database]\nurl = \"sqlite:data/x.db\"\nsecrets_key = \"{key}\"\ncode = \"/var/cache/p\"\n");
    let written = parsed(&text).expect("it is right");
    assert_eq!(written.url, "sqlite:/etc/patchcord/data/x.db");
    assert!(written.sealing.is_some());
    assert_eq!(written.code_cache, Some(PathBuf::from("/var/cache/p")));
    let postgres = parsed("[database]\nurl = \"postgres://p@db/p\"\n").expect("it is right");
    assert_eq!(postgres.url, "postgres://p@db/p");
}

#[test]
fn what_is_wrong_is_told_with_what_would_be_right() {
    for (text, says) in [
        ("url = \"mysql://x\"", "postgres://"),
        ("url = \"sqlite:\"", "sqlite:"),
        ("url = \"sqlite::memory:\"", "a file"),
        ("secrets_key = \"short\"", "64 hex digits"),
        ("path = \"x\"", "path"),
    ] {
        let error = parsed(&format!("[database]\n{text}\n")).expect_err(text);
        assert!(error.contains(says), "{text}: {error}");
    }
}
