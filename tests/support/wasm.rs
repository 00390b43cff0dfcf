//! Handlers as wasm core modules, built by cargo when a test first asks for one. Part of the tests here and of those of the
//! guest crate.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The root of the project.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.expect("the workspace has one lock file, at its root").to_owned()
}

/// The file of a handler in `examples/`.
pub fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let names = examples();
        let packages: Vec<&str> = names.iter().flat_map(|name| ["-p", name.as_str()]).collect();
        cargo_build(&packages)
    });
    folder.join(format!("{}.wasm", name.replace('-', "_")))
}

/// The file of a hostile handler, by the name of its source in `tests/guests/modules/examples`.
pub fn hostile(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| cargo_build(&["-p", "hostile-guests", "--examples"]).join("examples"));
    folder.join(format!("{name}.wasm"))
}

/// The file of a well-behaved handler, by the name of its source in `tests/calls/handlers/examples`.
pub fn helper(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| cargo_build(&["-p", "call-handlers", "--examples"]).join("examples"));
    folder.join(format!("{name}.wasm"))
}

/// The packages in `examples/`, each of which is named like its folder.
fn examples() -> Vec<String> {
    let folder = std::fs::read_dir(root().join("examples")).expect("the project has examples");
    let paths = folder.map(|entry| entry.expect("a folder that opened can be read").path());
    let packages = paths.filter(|path| path.join("Cargo.toml").is_file());
    let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    packages.filter_map(name).collect()
}

fn cargo_build(what: &[&str]) -> PathBuf {
    let root = root();
    let built = Command::new(env!("CARGO"))
        .current_dir(&root)
        .args(["build", "--quiet", "--target", "wasm32-unknown-unknown"])
        .args(what)
        .status()
        .expect("cargo runs, it runs this test");
    assert!(
        built.success(),
        "the handlers compile; is the target wasm32-unknown-unknown installed?"
    );
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("wasm32-unknown-unknown/debug")
}
