//! What the node's tests share: handlers built by cargo, a node on loopback, and the test phone on real sockets.

pub mod phone;

use patchcord_control::ids::Tenant;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_guest::{Runtime, wrap};
use patchcord_host::{Node, NodeConfig, RecordsTo, programs};
use patchcord_switch::{Directory, Program};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// Who is called, by handler.
pub const TENANT: &str = "default";

/// A handler of `examples/`, with its prompts.
pub fn example(name: &str) -> Vec<u8> {
    wrap(&example_core(name), &prompts(name)).unwrap()
}

/// The prompts of a handler of `examples/`.
pub fn prompts(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut prompts = Vec::new();
    if let Ok(files) = std::fs::read_dir(root().join("examples").join(name).join("prompts")) {
        for file in files {
            let path = file.unwrap().path();
            let prompt = path.file_name().unwrap().to_string_lossy().into_owned();
            prompts.push((prompt, std::fs::read(path).unwrap()));
        }
    }
    prompts
}

/// What the compiler makes of a handler of `examples/`.
pub fn example_core(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| cargo_build(&["-p", "hello", "-p", "menu"]));
    std::fs::read(folder.join(format!("{name}.wasm"))).unwrap()
}

/// A hostile handler of `tests/guests/modules`.
pub fn hostile(name: &str) -> Vec<u8> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| cargo_build(&["-p", "hostile-guests", "--examples"]).join("examples"));
    wrap(&std::fs::read(folder.join(format!("{name}.wasm"))).unwrap(), &[]).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles handlers; the folder they are in.
pub fn cargo_build(what: &[&str]) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--quiet", "--target", "wasm32-unknown-unknown"])
        .args(what)
        .status()
        .expect("cargo runs, it runs this test");
    assert!(
        built.success(),
        "the handlers compile; is the target wasm32-unknown-unknown installed?"
    );
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("wasm32-unknown-unknown/debug")
}

/// One engine for all tests of this program.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let config = NodeConfig::local(SocketAddr::from(([127, 0, 0, 1], 0)), 0..=0).runtime();
        Runtime::new(config).expect("there is room for a small engine")
    })
}

/// A program under a name.
pub fn program(name: &str, bytes: &[u8]) -> Arc<Program> {
    programs::load_bytes(runtime(), name, bytes, None).unwrap()
}

/// Programs, each called by its own name.
pub fn directory(programs: Vec<Arc<Program>>) -> Directory {
    let tenant = Tenant(TENANT.to_owned());
    let route = |program: &Arc<Program>| {
        let to = Pattern::User(program.name().to_owned());
        Route::new(to, tenant.clone(), program.name())
    };
    let routes = programs.iter().map(route).collect();
    let programs = programs.into_iter().map(|program| (tenant.clone(), program)).collect();
    Directory::new(Routes::new(routes), programs, programs::announcement())
}

/// A configuration on free ports (below those the system gives to phones), with room for `calls` calls and records in a file of its own.
pub fn config(calls: usize) -> (NodeConfig, PathBuf) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let first = 21_000 + (std::process::id() % 64) as u16 * 128 + number * 16;
    let sip = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let records = std::env::temp_dir().join(format!("patchcord-node-{}-{number}.jsonl", std::process::id()));
    // What an earlier run with the same process id left.
    let _ = std::fs::remove_file(&records);
    let config = NodeConfig {
        http: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        records: RecordsTo::File(records.clone()),
        calls,
        ..NodeConfig::local(sip, first..=first + calls as u16 * 2 - 1)
    };
    (config, records)
}

/// A node that runs these programs.
pub fn node(config: NodeConfig, programs: Vec<Arc<Program>>) -> Node {
    listen_to_log();
    let node = Node::start(config, runtime().clone()).unwrap();
    node.set_directory(directory(programs));
    node
}

/// The value of a metric.
pub fn metric(node: &Node, name: &str) -> u64 {
    let page = node.metrics();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no metric {name} in\n{page}"))
        .parse()
        .unwrap()
}

/// Waits until a metric has a value.
pub fn wait_for_metric(node: &Node, name: &str, value: u64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while metric(node, name) != value {
        assert!(
            Instant::now() < deadline,
            "{name} is {} and not {value}",
            metric(node, name)
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What was logged so far, at every level.
pub fn log() -> String {
    String::from_utf8(log_bytes().lock().unwrap().clone()).unwrap()
}

fn log_bytes() -> &'static Mutex<Vec<u8>> {
    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    &LOG
}

fn listen_to_log() {
    struct Writer;
    impl std::io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            log_bytes().lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let subscriber = patchcord_host::log::json(tracing::level_filters::LevelFilter::TRACE, || Writer);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else logs in this test");
    });
}
