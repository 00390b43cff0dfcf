//! The house rules, checked: sizes, walls between crates, bans inside the cores, the contract's fingerprint. One test
//! per rule; its message names file and line and says what to do. The checkers are in `tidy/rules.rs`, and
//! `tidy/rule_tests.rs` shows each of them failing on bad text. What clippy can see is in `clippy.toml`, not here.

#![allow(
    unreachable_pub,
    reason = "a test binary exports nothing; `pub` marks what a module offers the others"
)]

#[path = "tidy/rule_tests.rs"]
mod rule_tests;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/rust_text.rs"]
mod rust_text;
#[path = "tidy/tree.rs"]
mod tree;

use rules::Finding;
use tree::{File, Tree};

/// The crates that have no clock, no chance, no sockets, no files, no threads.
const CORES: &[&str] = &["sip", "control", "media", "guest", "switch", "sim", "webrtc"];

/// One file for each module that misbehaves.
const HOSTILE_MODULES: &str = "tests/guests/modules/examples/";

/// Functions over the size limit that are one `match` with a line per arm: file, function, and why it is one piece.
const DISPATCHERS: &[(&str, &str, &str)] = &[
    (
        "runtime/control/src/call/asks.rs",
        "consider",
        "one match, an arm for each function of the contract",
    ),
    (
        "runtime/control/src/describe.rs",
        "ask",
        "one match, a line for each function of the contract",
    ),
    (
        "runtime/switch/src/journal/asks.rs",
        "fits",
        "one match, a line for each kind of answer to a function of the contract",
    ),
];

/// Crates that no core may reach, not even through another crate.
const NEVER_BELOW_THE_HOST: &[&str] = &["tokio", "mio", "socket2", "hyper", "async-std", "smol", "reqwest"];

#[test]
fn files_are_short() {
    let tree = Tree::read();
    for file in tree.production() {
        let lines = file.text.lines().count();
        if lines > rules::FILE_LINES_WARN {
            println!("{}: {lines} lines, think about where it splits", file.path);
        }
    }
    tree.check(tree.production(), |file| rules::file_size(&file.text));
}

#[test]
fn functions_are_short() {
    let tree = Tree::read();
    for (path, function, reason) in DISPATCHERS {
        let known = tree
            .rust()
            .any(|file| file.path == *path && file.text.contains(&format!("fn {function}")));
        assert!(
            known && reason.len() > 10,
            "DISPATCHERS: {path} {function} is gone or has no reason"
        );
    }
    tree.check(tree.rust(), |file| {
        let exempt: Vec<_> = DISPATCHERS.iter().filter(|d| d.0 == file.path).map(|d| d.1).collect();
        rules::function_size(&file.text, &exempt)
    });
}

#[test]
fn every_file_says_what_it_is() {
    let tree = Tree::read();
    tree.check(tree.rust(), |file| rules::opening_doc(&file.text));
}

#[test]
fn tests_stand_beside_the_code() {
    let tree = Tree::read();
    tree.check(tree.production(), |file| rules::inline_tests(&file.text));
}

#[test]
fn no_forbidden_words() {
    let tree = Tree::read();
    tree.check(tree.text(), |file| rules::words(&file.text));
}

#[test]
fn lints_are_switched_off_with_a_reason() {
    let tree = Tree::read();
    tree.check(tree.rust(), |file| rules::reasons(&file.text));
}

#[test]
fn queues_have_an_end() {
    let tree = Tree::read();
    tree.check(tree.rust(), |file| rules::unbounded(&file.text));
}

#[test]
fn cores_have_no_clock_chance_or_io() {
    let tree = Tree::read();
    tree.check(tree.production().filter(|file| in_a_core(file)), |file| {
        rules::core_calls(&file.text)
    });
}

#[test]
fn no_bool_crosses_a_crate_boundary() {
    let tree = Tree::read();
    let ours = tree.production().filter(|file| file.path.starts_with("runtime/"));
    tree.check(ours, |file| rules::bool_parameters(&file.text));
}

#[test]
fn manifests_keep_the_walls() {
    let tree = Tree::read();
    for wall in rules::WALLS {
        let path = format!("runtime/{}/Cargo.toml", wall.crate_name);
        tree.check([tree.file(&path)], |file| rules::manifest(&file.text, wall));
    }
    tree.check([tree.file("Cargo.toml")], |file| {
        rules::explained_dependencies(&file.text)
    });
}

#[test]
fn cores_reach_no_runtime_even_indirectly() {
    for core in CORES {
        for name in tree::dependencies_of(&format!("patchcord-{core}")) {
            let banned = NEVER_BELOW_THE_HOST.contains(&name.as_str());
            assert!(
                !banned,
                "patchcord-{core} pulls in {name}: `cargo tree -p patchcord-{core} -e normal -i {name}`"
            );
        }
    }
}

#[test]
fn the_contract_is_the_one_its_changelog_describes() {
    let tree = Tree::read();
    let actual = tree.sha256(|file| file.path.starts_with("wit/") && file.path.ends_with(".wit"));
    tree.check([tree.file("wit/CHANGELOG.md")], |file| {
        rules::contract_hash(&file.text, &actual)
    });
}

#[test]
fn every_example_and_hostile_module_has_a_test() {
    let tree = Tree::read();
    let mut names = tree.packages_below("examples/");
    names.extend(
        tree.rust()
            .filter_map(|file| file.path.strip_suffix(".rs"))
            .filter(hostile)
            .map(str::to_owned),
    );
    let in_tests = |file: &&File| file.path.starts_with("tests/") && !file.path.starts_with("tests/tidy");
    let outside_modules = |file: &&File| !file.path.starts_with(HOSTILE_MODULES);
    let sources: Vec<_> = tree
        .rust()
        .filter(in_tests)
        .filter(outside_modules)
        .map(|f| f.text.clone())
        .collect();
    tree.report("examples and hostile modules", &rules::unnamed(&names, &sources));
}

#[test]
fn the_readme_shows_the_real_example() {
    let tree = Tree::read();
    let (Some(readme), Some(example)) = (tree.find("README.md"), tree.find("examples/hello/src/lib.rs")) else {
        return println!("no README.md or no examples/hello yet");
    };
    tree.report("README.md", &rules::readme_block(&readme.text, &example.text));
}

/// A hostile module: one file below [`HOSTILE_MODULES`].
fn hostile(path: &&str) -> bool {
    path.strip_prefix(HOSTILE_MODULES)
        .is_some_and(|name| !name.contains('/'))
}

fn in_a_core(file: &File) -> bool {
    CORES
        .iter()
        .any(|core| file.path.starts_with(&format!("runtime/{core}/src/")))
}

/// Shared by the rules' own tests.
fn lines_of(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|finding| finding.line).collect()
}
