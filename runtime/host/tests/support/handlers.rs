//! Handlers of whole calls, and what they say in their logs.

use crate::support::{cargo_build, program};
use patchcord_guest::wrap;
use patchcord_host::Seen;
use patchcord_switch::{Notice, Program};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// A handler of `tests/calls/handlers`.
pub fn call_handler(name: &str) -> Arc<Program> {
    program(name, &call_module(name))
}

/// The module of an example, with its prompts.
pub fn wasm(example: &str) -> Vec<u8> {
    let core =
        std::fs::read(cargo_build(&["-p", example]).join(format!("{}.wasm", example.replace('-', "_")))).unwrap();
    wrap(&core, &crate::support::prompts(example)).unwrap()
}

/// Its module.
pub fn call_module(name: &str) -> Vec<u8> {
    let folder = cargo_build(&["-p", "call-handlers", "--example", name]).join("examples");
    let core = std::fs::read(folder.join(format!("{name}.wasm"))).unwrap();
    wrap(&core, &[]).unwrap()
}

/// What handlers have said in their logs.
pub fn log_lines(watcher: &Receiver<Seen>) -> Vec<String> {
    let line = |seen| match seen {
        Seen::Notice {
            notice: Notice::Log { message, .. },
            ..
        } => Some(message),
        _ => None,
    };
    watcher.try_iter().filter_map(line).collect()
}
