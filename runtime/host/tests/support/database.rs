//! A database for a node.

use patchcord_host::{DatabaseConfig, SealingKey};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

/// A database of its own, empty.
pub fn database(name: &str) -> DatabaseConfig {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("patchcord-db-{}-{name}-{number}", std::process::id()));
    // What an earlier run with the same process id left.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    DatabaseConfig {
        url: format!("sqlite:{}", folder.join("patchcord.db").display()),
        sealing: SealingKey::parse(&"5a".repeat(32)),
        code_cache: None,
    }
}

/// A copy of a database that is in use, as an operator makes one.
pub fn copy(of: &DatabaseConfig) -> DatabaseConfig {
    let copy = database("copy");
    sqlite(of, &format!(".backup {}", file(&copy)));
    copy
}

/// Does this to a database that is in use, from outside.
pub fn run(on: &DatabaseConfig, sql: &str) {
    sqlite(on, sql);
}

fn sqlite(on: &DatabaseConfig, command: &str) {
    let ran = Command::new("sqlite3").arg(file(on)).arg(command).status();
    assert!(ran.expect("sqlite3: tests/setup test installs it").success());
}

fn file(config: &DatabaseConfig) -> &str {
    config.url.trim_start_matches("sqlite:")
}
