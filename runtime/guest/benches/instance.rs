//! What an instance costs: its life, a turn, and its memory while it waits; beside the bare engine running a component
//! that imports nothing. Run with `cargo bench -p patchcord-guest`.
//!
//! The handler is `examples/hello`, built for release. Not a test: it measures and prints, nothing can fail but the set-up.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench reads the clock, builds a handler and reads its own memory"
)]

use patchcord_control::ask::{Answer, Ask};
use patchcord_control::words::{Error, PlayEnd, Played};
use patchcord_guest::{Config, Instance, Limits, Module, Runtime, Step};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs measured, after as many that are not.
const LIVES: usize = 5_000;
/// Instances held at once to measure their memory.
const WAITING: usize = 1_000;
/// The goal for one life, in microseconds.
const LIFE_GOAL_US: f64 = 60.0;
/// The goal for one waiting instance, in KiB.
const WAITING_GOAL_KIB: f64 = 40.0;

fn main() {
    let runtime = Runtime::new(Config::default()).expect("there is room for the default number of instances");
    let hello = Module::load(&runtime, &hello()).expect("hello is accepted");

    let life = measure(|| live(&hello));
    let (turn_at_once, turn_waited) = turns(&hello);
    let bare = bare_engine::life();
    println!(
        "life of an instance (start, its host calls, finish): {}, goal {LIFE_GOAL_US} us",
        shown(&life)
    );
    println!("one turn, answered at once: {}", shown(&turn_at_once));
    println!("one turn, waited for: {}", shown(&turn_waited));
    println!("bare engine, life of a component without imports: {}", shown(&bare));
    println!(
        "ratio of medians, ours to bare: {:.1}",
        micros(median(&life)) / micros(median(&bare))
    );
    println!(
        "memory per waiting instance, {WAITING} of them: {:.1} KiB, goal {WAITING_GOAL_KIB} KiB",
        waiting_kib(&hello)
    );
}

/// The handler's whole life, every ask answered at once as if waited for.
fn live(module: &Module) {
    let mut instance = Instance::start(module, Limits::default()).expect("the limits fit");
    let mut step = instance.resume(None);
    while let Step::Asked(ask) = step {
        instance.begin_turn();
        step = instance.resume(Some(answer(&ask)));
    }
    assert_eq!(step, Step::Finished(Ok(())));
}

fn answer(ask: &Ask) -> Answer {
    match ask {
        Ask::Play { .. } => Answer::Played(Ok(Played {
            played_ms: 1_000,
            position_ms: 1_000,
            ended_by: PlayEnd::Finished,
        })),
        Ask::Log { .. } => Answer::Nothing,
        Ask::Ring { .. } | Ask::Answer { .. } => Answer::Unit(Ok(())),
        other => panic!("hello does not ask {other:?}"),
    }
}

/// A turn each: hello's first ask answered, until its second.
fn turns(module: &Module) -> (Vec<Duration>, Vec<Duration>) {
    let turn = |waited: bool| {
        let mut samples = Vec::with_capacity(LIVES);
        for _ in 0..LIVES {
            let mut instance = Instance::start(module, Limits::default()).expect("the limits fit");
            let Step::Asked(ask) = instance.resume(None) else {
                panic!("hello asks")
            };
            let begin = Instant::now();
            if waited {
                instance.begin_turn();
            }
            let step = instance.resume(Some(answer(&ask)));
            samples.push(begin.elapsed());
            assert!(matches!(step, Step::Asked(_)));
        }
        samples.sort_unstable();
        samples
    };
    (turn(false), turn(true))
}

fn waiting_kib(module: &Module) -> f64 {
    let before = resident_bytes();
    let mut waiting: Vec<Instance> = (0..WAITING)
        .map(|_| {
            let mut instance = Instance::start(module, Limits::default()).expect("the limits fit");
            assert!(matches!(instance.resume(None), Step::Asked(_)));
            instance
        })
        .collect();
    let after = resident_bytes();
    for instance in &mut waiting {
        let gone = Error::Interrupted(patchcord_control::words::Interruption::HungUp);
        let step = instance.resume(Some(Answer::Unit(Err(gone))));
        assert!(matches!(step, Step::Finished(Err(_))), "{step:?}");
    }
    (after - before) / 1024.0 / WAITING as f64
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: f64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("its second number is resident");
    pages * 4096.0
}

fn hello() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new(env!("CARGO"))
        .current_dir(&root)
        .args([
            "build",
            "--quiet",
            "--release",
            "-p",
            "hello",
            "--target",
            "wasm32-unknown-unknown",
        ])
        .status()
        .expect("cargo runs, it runs this bench");
    assert!(
        built.success(),
        "hello compiles; is the target wasm32-unknown-unknown installed?"
    );
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    std::fs::read(target.join("wasm32-unknown-unknown/release/hello.wasm")).expect("it was just built")
}

fn measure(run: impl Fn()) -> Vec<Duration> {
    for _ in 0..LIVES {
        run();
    }
    let mut samples: Vec<Duration> = (0..LIVES)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .collect();
    samples.sort_unstable();
    samples
}

fn median(samples: &[Duration]) -> Duration {
    samples[samples.len() / 2]
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn shown(samples: &[Duration]) -> String {
    let high = samples[samples.len() * 99 / 100];
    format!("median {:.1} us, p99 {:.1} us", micros(median(samples)), micros(high))
}

/// The engine alone, set up as plainly as a pool allows.
mod bare_engine {
    use std::time::Duration;
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, InstanceAllocationStrategy, Store};

    const TEXT: &str = r#"(component
      (core module $m (memory (export "m") 1) (func (export "run") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))"#;

    pub(super) fn life() -> Vec<Duration> {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::pooling());
        let engine = Engine::new(&config).expect("the engine's own defaults fit");
        let bytes = wat::parse_str(TEXT).expect("valid");
        let component = Component::new(&engine, bytes).expect("valid");
        let instances = Linker::<()>::new(&engine)
            .instantiate_pre(&component)
            .expect("it imports nothing");
        super::measure(|| {
            let mut store = Store::new(&engine, ());
            let instance = instances.instantiate(&mut store).expect("there is room for one");
            let run = instance
                .get_typed_func::<(), (u32,)>(&mut store, "run")
                .expect("it exports it");
            assert_eq!(run.call(&mut store, ()).expect("it cannot trap"), (7,));
        })
    }
}
