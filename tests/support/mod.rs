//! What tests of simulated calls share: handlers built by cargo, programs made of them, and a world that runs them.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests build handlers, read files, and begin at some moment"
)]

mod wasm;

pub use wasm::root;

use patchcord_control::ids::Tenant;
use patchcord_control::record::{CallRecord, HandlerEnd};
use patchcord_control::route::{Fallback, Pattern, Route, Routes};
use patchcord_guest::{Config, Module, Runtime, wrap};
use patchcord_media::{Clip, measure};
use patchcord_sim::{Setup, World};
use patchcord_switch::{Directory, Program};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Samples of a prompt that are looked for in a recording: enough to be sure, short enough for a jitter buffer to leave whole.
const COMPARED: usize = 12_000;

/// The module of a handler in `examples/`, with its prompts.
pub fn example(name: &str) -> Vec<u8> {
    let prompts = std::fs::read_dir(root().join("examples").join(name).join("prompts"));
    let prompts = prompts.into_iter().flatten().map(|file| {
        let path = file.expect("a folder that opened can be read").path();
        let prompt = path
            .file_name()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        (prompt, std::fs::read(path).expect("a prompt can be read"))
    });
    module(&wasm::example(name), &prompts.collect::<Vec<_>>())
}

/// The module of a hostile handler, by the name of its file in `tests/guests/modules/examples`.
pub fn hostile(name: &str) -> Vec<u8> {
    module(&wasm::hostile(name), &[])
}

/// The module of a well-behaved handler, by the name of its file in `tests/calls/handlers/examples`.
pub fn helper(name: &str) -> Vec<u8> {
    module(&wasm::helper(name), &[])
}

fn module(core: &Path, prompts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let core = std::fs::read(core).expect("cargo has just built it");
    wrap(&core, prompts).expect("what the SDK builds can be wrapped")
}

/// A program under a name. Nobody ticks its engine: the limit on instructions stands in for the one on time.
pub fn program(name: &str, bytes: &[u8]) -> Arc<Program> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    program_in(RUNTIME.get_or_init(|| runtime(256)), name, bytes)
}

/// An engine for so many instances at the same time.
pub fn runtime(max_instances: u32) -> Runtime {
    let config = Config {
        max_instances,
        ..Config::default()
    };
    Runtime::new(config).expect("there is room for them")
}

/// A program in an engine of its own.
pub fn program_in(runtime: &Runtime, name: &str, bytes: &[u8]) -> Arc<Program> {
    let module = Module::load(runtime, bytes).expect("the contract is kept");
    Arc::new(Program::load(name, module).expect("its prompts can be played"))
}

/// The platform's announcement.
pub fn announcement() -> Arc<Clip> {
    static CLIP: OnceLock<Arc<Clip>> = OnceLock::new();
    let clip = CLIP.get_or_init(|| {
        let file = std::fs::read(root().join("runtime/host/assets/announcement.wav")).expect("it is in the repository");
        Arc::new(Clip::from_wav(&file).expect("it is a WAV file"))
    });
    clip.clone()
}

/// A world in which each program is called by its name.
pub fn world(seed: u64, programs: &[Arc<Program>]) -> World {
    let mut world = World::new(Setup::new(Instant::now(), seed));
    world.set_directory(directory(programs));
    world
}

/// Programs, each called by its name.
pub fn directory(programs: &[Arc<Program>]) -> Arc<Directory> {
    directory_with(programs, &[])
}

/// Programs, each called by its name, all with these fallbacks.
pub fn directory_with(programs: &[Arc<Program>], fallbacks: &[Fallback]) -> Arc<Directory> {
    let tenant = Tenant("default".to_owned());
    let routes = programs.iter().map(|program| Route {
        fallbacks: fallbacks.into(),
        ..Route::new(Pattern::User(program.name().to_owned()), tenant.clone(), program.name())
    });
    let routes = Routes::new(routes.collect());
    let programs = programs
        .iter()
        .map(|program| (tenant.clone(), program.clone()))
        .collect();
    Arc::new(Directory::new(routes, programs, announcement()))
}

/// One program that is called whatever is dialled, and users it may call.
pub fn office_of(program: &Arc<Program>, names: impl IntoIterator<Item = &'static str>) -> Arc<Directory> {
    let tenant = Tenant("default".to_owned());
    let routes = Routes::new(vec![Route::new(Pattern::Any, tenant.clone(), program.name())]);
    let directory = Directory::new(routes, vec![(tenant, program.clone())], announcement());
    Arc::new(directory.with_users(patchcord_sim::users(names)))
}

/// How well the beginning of a clip is found in what was heard, 0 to 1.
pub fn likeness(clip: &Clip, heard: &[i16]) -> f64 {
    let reference = &clip.samples()[..clip.samples().len().min(COMPARED)];
    measure::find(reference, heard).map_or(0.0, |found| found.correlation)
}

/// Milliseconds of a recording in which a tone clearly sounds.
pub fn tone_ms(hz: f64, heard: &[i16]) -> usize {
    let blocks = heard.chunks_exact(320).filter(|block| {
        let tone = measure::frequency_dbfs(block, 8_000, hz);
        tone > -40.0 && measure::level_dbfs(block) - tone < 2.0
    });
    blocks.count() * 40
}

/// The record of the call that a program handled.
pub fn record_of<'a>(world: &'a World, handler: &str) -> &'a CallRecord {
    let mut found = world.records().iter().filter(|record| record.handler == handler);
    let record = found.next().unwrap_or_else(|| panic!("{handler} has an end record"));
    assert!(found.next().is_none(), "{handler} has one end record, not two");
    record
}

/// How a handler failed; none if it ended well.
pub fn fault(record: &CallRecord) -> Option<&'static str> {
    match &record.handler_end {
        HandlerEnd::Done | HandlerEnd::NotRun => None,
        HandlerEnd::Faulted(fault) => Some(fault.kind.name()),
    }
}
