//! A database for a node.

use patchcord_host::{DatabaseConfig, SealingKey};
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
