//! Puts the guest SDK, the contract and the templates of `patchcord new` into the binary: lists of file names and
//! `include_bytes!`, made from the folders of this repository, so that no copy can go stale.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Examples that `patchcord new` can start from, and the folders a project takes over from each. They are the real
/// examples, built and called in the tests.
const TEMPLATES: &[(&str, &[&str])] = &[
    ("hello", &["src", "scenarios"]),
    ("menu", &["src", "prompts", "scenarios"]),
];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder for generated files"));
    let root = here.join("../..");

    let manifest = root.join("guest-sdk/rust/Cargo.toml");
    println!("cargo::rerun-if-changed={}", manifest.display());
    let mut sdk = vec![("Cargo.toml".to_owned(), manifest)];
    sdk.extend(files_below(&root.join("guest-sdk/rust/src"), "src"));
    // In the repository `guest-sdk/rust/wit` is a link to this folder.
    sdk.extend(files_below(&root.join("wit"), "wit"));

    let mut code = String::new();
    write_list(&mut code, "SDK", &sdk);
    for (template, folders) in TEMPLATES {
        let example = root.join("examples").join(template);
        let files: Vec<_> = folders
            .iter()
            .flat_map(|folder| files_below(&example.join(folder), folder))
            .collect();
        assert!(
            !files.is_empty(),
            "examples/{template} is missing: `patchcord new` starts from it"
        );
        write_list(&mut code, &template.to_uppercase(), &files);
    }
    fs::write(out.join("embedded.rs"), code).expect("the folder for generated files can be written");
}

/// Every file below `folder` with its path as the project will have it, sorted. Also tells cargo to look at the folder.
fn files_below(folder: &Path, prefix: &str) -> Vec<(String, PathBuf)> {
    println!("cargo::rerun-if-changed={}", folder.display());
    if !folder.is_dir() {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).expect("a folder of the repository can be listed");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("our file names are UTF-8");
        let inside = format!("{prefix}/{name}");
        if path.is_dir() {
            files.extend(files_below(&path, &inside));
        } else {
            files.push((inside, path));
        }
    }
    files
}

fn write_list(code: &mut String, name: &str, files: &[(String, PathBuf)]) {
    writeln!(code, "pub(super) const {name}: &[File] = &[").expect("writing to a string");
    for (inside, path) in files {
        let path = path.display().to_string();
        writeln!(
            code,
            "    File {{ path: {inside:?}, bytes: include_bytes!({path:?}) }},"
        )
        .expect("writing to a string");
    }
    writeln!(code, "];").expect("writing to a string");
}
