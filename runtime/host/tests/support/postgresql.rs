//! A database for a node, in a server of the tests' own.

use super::server::Server;
use patchcord_host::{DatabaseConfig, SealingKey};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

/// A database of its own, empty.
pub fn database(_name: &str) -> DatabaseConfig {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    DatabaseConfig {
        url: server().create_database(NEXT.fetch_add(1, Ordering::Relaxed)),
        sealing: SealingKey::parse(&"5a".repeat(32)),
        code_cache: None,
    }
}

/// A copy of a database that is in use, as an operator makes one.
pub fn copy(of: &DatabaseConfig) -> DatabaseConfig {
    let copy = database("copy");
    server().copy_database(&of.url, &copy.url);
    copy
}

/// Does this to a database that is in use, from outside.
pub fn run(on: &DatabaseConfig, sql: &str) {
    server().run(&on.url, sql);
}
