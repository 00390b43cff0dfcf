//! A database for a node, in a server of the tests' own.

use super::server::Server;
use patchcord_host::{DatabaseConfig, SealingKey};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A database of its own, empty.
pub fn database(_name: &str) -> DatabaseConfig {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let server = SERVER.get_or_init(Server::start);
    DatabaseConfig {
        url: server.create_database(NEXT.fetch_add(1, Ordering::Relaxed)),
        sealing: SealingKey::parse(&"5a".repeat(32)),
        code_cache: None,
    }
}
