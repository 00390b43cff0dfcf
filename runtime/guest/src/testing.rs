//! Handlers written as text, for the tests of this crate: no compiler run is needed for them.

use crate::contract::{Contract, ModuleKind};
use crate::{Config, Limits, Module, Runtime};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

/// What every core module of a handler has: memory, and room for results at its start.
const FRAME: &str = r#"
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.get $top)
      (global.set $top (i32.add (global.get $top) (local.get 3))))
"#;

/// A runtime for `instances` at once. Nobody ticks it.
pub(crate) fn runtime(instances: u32) -> Runtime {
    Runtime::new(Config {
        max_instances: instances,
        ..Config::default()
    })
    .expect("there is room for a few")
}

/// Small limits, so that tests of them are quick.
pub(crate) fn limits() -> Limits {
    Limits {
        turn_fuel: 1_000_000,
        host_calls_per_turn: 100,
        ..Limits::default()
    }
}

/// A core module for our world: `imports` come first, then the frame, then `body`, which must export `handle`.
pub(crate) fn core(imports: &str, body: &str) -> Vec<u8> {
    let contract = Contract::get();
    core_for(
        &contract.resolve,
        contract.world_id(ModuleKind::CallHandler),
        &format!("(module {imports} {FRAME} {body})"),
    )
}

/// A core module for another world.
pub(crate) fn core_for(resolve: &Resolve, world: WorldId, text: &str) -> Vec<u8> {
    let mut bytes = wat::parse_str(text).expect("the text of the test is valid");
    embed_component_metadata(&mut bytes, resolve, world, StringEncoding::UTF8).expect("the world can be embedded");
    bytes
}

/// A handler that sleeps for ever, a second at a time, and never looks at the result.
pub(crate) fn sleeper(runtime: &Runtime) -> Module {
    let bytes = core(
        r#"(import "patchcord:handler/wait@0.1.0" "sleep" (func $sleep (param i32 i32)))"#,
        r#"(func (export "handle") (param i32) (result i32)
             (loop (call $sleep (i32.const 1000) (i32.const 64)) (br 0))
             (i32.const 0))"#,
    );
    Module::load(runtime, &bytes).expect("the sleeper is accepted")
}
