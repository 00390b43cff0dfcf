//! The checkers of the house rules: each takes text and returns what is wrong with it. They read no files, so
//! `rule_tests.rs` can show each of them failing. The tree they run over is walked in `tidy.rs`.

use super::rust_text::{attributes, code_only, functions, has_path};

/// A file of more production lines fails.
pub const FILE_LINES_MAX: usize = 700;
/// A file of more production lines is printed.
pub const FILE_LINES_WARN: usize = 500;
/// A function of more lines, signature included, fails.
pub const FUNCTION_LINES_MAX: usize = 70;

/// What is wrong, where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// From 1; 0 stands for the file as a whole.
    pub line: usize,
    pub what: String,
}

fn at(line: usize, what: impl Into<String>) -> Finding {
    Finding {
        line,
        what: what.into(),
    }
}

/// Files that hold only tests: `tests.rs`, or anything below a folder `tests`.
pub fn is_test_path(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs" || part == "benches" || part == "fuzz")
}

pub fn file_size(source: &str) -> Vec<Finding> {
    let lines = source.lines().count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![at(
        0,
        format!("{lines} lines, the limit is {FILE_LINES_MAX}: split it by topic (not into \"helpers\")"),
    )]
}

/// `exempt` names functions that are one `match` with a line per arm.
pub fn function_size(source: &str, exempt: &[&str]) -> Vec<Finding> {
    let long = |f: &super::rust_text::Function| f.lines > FUNCTION_LINES_MAX && !exempt.contains(&f.name.as_str());
    functions(&code_only(source))
        .into_iter()
        .filter(long)
        .map(|f| {
            let advice = "keep the branches here and move the leaves into functions of their own; a dispatcher of \
                          one line per arm may be listed in DISPATCHERS of tests/tidy.rs with its reason";
            at(
                f.line,
                format!(
                    "fn {} has {} lines, the limit is {FUNCTION_LINES_MAX}: {advice}",
                    f.name, f.lines
                ),
            )
        })
        .collect()
}

pub fn opening_doc(source: &str) -> Vec<Finding> {
    let first = source
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("#!["));
    if first.is_some_and(|line| line.starts_with("//!") && line.len() > "//! x".len()) {
        return Vec::new();
    }
    vec![at(
        1,
        "no opening `//!` comment: say what the file is, what it is not, and which RFC sections it follows",
    )]
}

/// Tests stand in `x/tests.rs`, not at the end of `x.rs`.
pub fn inline_tests(source: &str) -> Vec<Finding> {
    let code = code_only(source);
    let mut after_cfg_test = false;
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let words: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.contains("mod ") && words.ends_with('{') && (after_cfg_test || words.contains("cfg(test)")) {
            let advice =
                "test module inside a production file: write `#[cfg(test)] mod tests;` and move it to `x/tests.rs`";
            found.push(at(index + 1, advice));
        }
        if !words.is_empty() {
            after_cfg_test = words.contains("cfg(test)") || (after_cfg_test && words.starts_with("#["));
        }
    }
    found
}

/// Words that no committed file may hold, with the advice given for each. Put together here so that this file passes.
pub fn forbidden_words() -> Vec<(String, &'static str)> {
    let machine = "a path of one machine: use a path relative to the repository, or a configuration key";
    let registry = "the host name of a registry or mirror: where packages come from is the machine's configuration";
    let unfinished = "finish it, or write what is missing as an issue";
    let glue = |parts: &[&str]| parts.concat();
    vec![
        (glue(&["/wo", "rk/"]), machine),
        (glue(&["/ro", "ot/"]), machine),
        (glue(&["/ho", "me/"]), machine),
        (glue(&["artif", "actory"]), registry),
        (glue(&["TO", "DO"]), unfinished),
        (glue(&["FIX", "ME"]), unfinished),
        (glue(&["X", "XX"]), unfinished),
        (glue(&["unimple", "mented!"]), unfinished),
        (glue(&["to", "do!("]), unfinished),
    ]
}

pub fn words(text: &str) -> Vec<Finding> {
    let forbidden = forbidden_words();
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (word, advice) in &forbidden {
            if has_path(line, word) {
                found.push(at(index + 1, format!("`{word}`: {advice}")));
            }
        }
    }
    found
}

/// What a core may not call: time, chance, the network, files, the environment, threads. Production files of the cores.
pub const CORE_BANS: &[(&str, &str)] = &[
    ("Instant::now", "take `now: Instant` as an argument"),
    (
        "SystemTime",
        "take the time as an argument; only the host reads the wall clock",
    ),
    (".elapsed()", "subtract from the `now` you were given"),
    (
        "UdpSocket",
        "return bytes to send as an output; only the host has sockets",
    ),
    (
        "TcpStream",
        "return bytes to send as an output; only the host has sockets",
    ),
    ("TcpListener", "only the host has sockets"),
    (
        "std::env",
        "take the value as an argument; only the host reads the environment",
    ),
    (
        "env::var",
        "take the value as an argument; only the host reads the environment",
    ),
    ("std::fs", "take the bytes as an argument; only the host reads files"),
    ("std::process", "only the host starts or ends processes"),
    ("std::thread", "cores have no threads; the host calls them"),
    ("thread::spawn", "cores have no threads; the host calls them"),
    ("thread::sleep", "name the moment in `wake_at()`"),
    ("thread_rng", "take a seed as an argument"),
    ("OsRng", "take a seed as an argument"),
    ("from_entropy", "take a seed as an argument"),
    ("from_os_rng", "take a seed as an argument"),
    ("getrandom", "take a seed as an argument"),
    ("rand::random", "take a seed as an argument"),
    ("tokio", "only the host knows the async runtime"),
    ("println!", "return what is to be told as an output; the host logs"),
    ("eprintln!", "return what is to be told as an output; the host logs"),
];

pub fn core_calls(source: &str) -> Vec<Finding> {
    banned(source, CORE_BANS)
}

/// Ways to make a queue without an end.
pub const UNBOUNDED: &[(&str, &str)] = &[
    (
        "unbounded_channel",
        "use a bounded channel: a constant for its size, a named behaviour when full, a counter",
    ),
    (
        "mpsc::channel()",
        "use `sync_channel` or tokio's bounded `channel(SIZE)`, with a behaviour when full and a counter",
    ),
    (
        "mpsc::unbounded",
        "use a bounded channel: a constant for its size, a named behaviour when full, a counter",
    ),
    (
        "channel::unbounded",
        "use a bounded channel: a constant for its size, a named behaviour when full, a counter",
    ),
    (
        "UnboundedSender",
        "use a bounded channel: a constant for its size, a named behaviour when full, a counter",
    ),
];

pub fn unbounded(source: &str) -> Vec<Finding> {
    banned(source, UNBOUNDED)
}

fn banned(source: &str, bans: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in code_only(source).lines().enumerate() {
        for (call, advice) in bans {
            let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            if has_path(line, call) || (call.ends_with("()") && has_path(&dense, call)) {
                found.push(at(index + 1, format!("`{call}`: {advice}")));
            }
        }
    }
    found
}

/// A lint is switched off only with a reason that the reader sees.
pub fn reasons(source: &str) -> Vec<Finding> {
    let silent = |text: &str| {
        let switches = has_path(text, "allow(") || has_path(text, "expect(");
        switches && !text.contains("reason")
    };
    attributes(source)
        .into_iter()
        .filter(|(_, text)| silent(text))
        .map(|(line, text)| {
            at(
                line,
                format!("`{text}` has no reason: write `allow(lint, reason = \"why\")`"),
            )
        })
        .collect()
}

/// `open(path, true)` says nothing to the reader of the other crate.
pub fn bool_parameters(source: &str) -> Vec<Finding> {
    functions(&code_only(source))
        .into_iter()
        .filter(|f| f.public && parameters(&f.signature).iter().any(|p| p == "bool"))
        .map(|f| {
            at(
                f.line,
                format!("pub fn {} takes a bool: use an enum of two named values", f.name),
            )
        })
        .collect()
}

/// The types of a signature's parameters.
fn parameters(signature: &str) -> Vec<String> {
    let Some(open) = signature.find('(') else {
        return Vec::new();
    };
    let mut depth = 0_i32;
    let mut current = String::new();
    let mut all = Vec::new();
    for c in signature[open..].chars() {
        match c {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            all.push(std::mem::take(&mut current));
        } else {
            current.push(c);
        }
        if depth == 0 {
            break;
        }
    }
    all.iter()
        .filter_map(|p| p.split_once(':'))
        .map(|(_, kind)| kind.trim().to_owned())
        .collect()
}

/// What a crate under `runtime/` may name in its manifest.
pub struct Wall {
    /// Folder under `runtime/`.
    pub crate_name: &'static str,
    /// Crates of ours it may name.
    pub ours: &'static [&'static str],
    /// Foreign crates (or prefixes ending in `*`) that it must not name.
    pub never: &'static [&'static str],
}

/// Crates that bring I/O, clocks, threads or an async runtime.
const MACHINE: &[&str] = &[
    "tokio*",
    "async-std",
    "smol",
    "hyper*",
    "axum*",
    "reqwest",
    "async-nats",
    "socket2",
    "mio",
    "clap",
    "notify*",
    "nix",
    "libc",
];
const MACHINE_AND_ENGINE: &[&str] = &[
    "tokio*",
    "async-std",
    "smol",
    "hyper*",
    "axum*",
    "reqwest",
    "async-nats",
    "socket2",
    "mio",
    "clap",
    "notify*",
    "nix",
    "libc",
    "wasmtime*",
    "wit-component",
    "wasmparser",
];

/// The direction of dependency, design.md section 4.
pub const WALLS: &[Wall] = &[
    Wall {
        crate_name: "sip",
        ours: &[],
        never: MACHINE_AND_ENGINE,
    },
    Wall {
        crate_name: "control",
        ours: &[],
        never: MACHINE_AND_ENGINE,
    },
    Wall {
        crate_name: "media",
        ours: &[],
        never: MACHINE_AND_ENGINE,
    },
    Wall {
        crate_name: "webrtc",
        ours: &[],
        never: MACHINE_AND_ENGINE,
    },
    Wall {
        crate_name: "guest",
        ours: &["control"],
        never: MACHINE,
    },
    Wall {
        crate_name: "switch",
        ours: &["sip", "control", "media", "guest"],
        never: MACHINE_AND_ENGINE,
    },
    Wall {
        crate_name: "sim",
        ours: &["switch", "sip", "control", "media", "guest"],
        never: MACHINE_AND_ENGINE,
    },
    Wall {
        crate_name: "host",
        ours: &[
            "switch", "sim", "sip", "control", "media", "webrtc", "guest", "database", "cluster",
        ],
        never: &["wasmtime*", "async-nats"],
    },
    Wall {
        crate_name: "database",
        ours: &[],
        never: &[
            "wasm*",
            "hyper*",
            "axum*",
            "reqwest*",
            "getrandom*",
            "rand*",
            "async-nats",
        ],
    },
    // Of `control` it knows the names of regions and nodes.
    Wall {
        crate_name: "cluster",
        ours: &["control"],
        never: &["wasm*", "hyper*", "axum*", "reqwest*", "getrandom*", "rand*", "sqlx*"],
    },
];

/// `dev-dependencies` are held to the wall between our crates only: a test may compare with anything foreign.
pub fn manifest(text: &str, wall: &Wall) -> Vec<Finding> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![at(0, format!("not a manifest: {error}"))],
    };
    let mut found = Vec::new();
    for (kind, name) in dependency_names(&table) {
        let ours = name.strip_prefix("patchcord-");
        let forbidden = kind != "dev-dependencies" && wall.never.iter().any(|ban| matches(ban, &name));
        if ours.is_some_and(|ours| !wall.ours.contains(&ours)) || forbidden {
            let advice = "the wall of design section 4: convert at the edge, or move the code to the crate that may";
            found.push(at(
                0,
                format!("{} must not depend on {name}: {advice}", wall.crate_name),
            ));
        }
    }
    if table
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        != Some(true)
    {
        found.push(at(
            0,
            "write `[lints] workspace = true`: one set of lints holds for all",
        ));
    }
    found
}

/// A name, or a prefix ending in `*`, against a crate's name.
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |prefix| name.starts_with(prefix))
}

/// Pairs of table and crate, the tables under `[target.*]` included.
fn dependency_names(table: &toml::Table) -> Vec<(&'static str, String)> {
    let mut tables = vec![table];
    if let Some(targets) = table.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().filter_map(toml::Value::as_table));
    }
    let mut names = Vec::new();
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for dependencies in tables
            .iter()
            .filter_map(|t| t.get(kind))
            .filter_map(toml::Value::as_table)
        {
            for (key, value) in dependencies {
                let package = value.get("package").and_then(toml::Value::as_str);
                names.push((kind, package.unwrap_or(key).to_owned()));
            }
        }
    }
    names
}

/// Each entry of the root's `[workspace.dependencies]` that is not ours has a comment on or above its line.
pub fn explained_dependencies(root_manifest: &str) -> Vec<Finding> {
    let mut inside = false;
    let mut explained = false;
    let mut found = Vec::new();
    for (index, line) in root_manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        } else if inside && line.starts_with('#') {
            explained = true;
        } else if inside && line.trim().is_empty() {
            explained = false;
        } else if inside && line.contains('=') && !line.starts_with("patchcord-") && !explained && !line.contains(" # ")
        {
            found.push(at(
                index + 1,
                format!("`{line}`: say in a comment above it why we need it"),
            ));
        }
    }
    found
}

/// The line of wit/CHANGELOG.md that holds the fingerprint of the contract.
pub fn contract_hash(changelog: &str, actual: &str) -> Vec<Finding> {
    let stated: Vec<_> = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("sha256: "))
        .map(str::trim)
        .collect();
    if stated.first() == Some(&actual) {
        return Vec::new();
    }
    let advice = format!(
        "the contract is not the one its changelog describes: write what changed under the newest heading of \
         wit/CHANGELOG.md and put `sha256: {actual}` there (`cat wit/*.wit | sha256sum`)"
    );
    vec![at(0, advice)]
}

/// Folders that no test names.
pub fn unnamed(folders: &[String], test_sources: &[String]) -> Vec<Finding> {
    let named = |name: &str| {
        test_sources
            .iter()
            .any(|source| source.lines().any(|line| has_path(line, name)))
    };
    folders
        .iter()
        .filter(|folder| !named(folder.rsplit('/').next().unwrap_or(folder)))
        .map(|folder| {
            at(
                0,
                format!("{folder} is named by no test under tests/: what nobody runs does not work"),
            )
        })
        .collect()
}

/// The first Rust block of the README is, word for word, part of the example it shows.
pub fn readme_block(readme: &str, example: &str) -> Vec<Finding> {
    let Some((_, rest)) = readme.split_once("```rust\n") else {
        return vec![at(
            0,
            "README.md shows no handler: put the code of examples/hello in a ```rust block",
        )];
    };
    let block = rest.split_once("```").map_or(rest, |(block, _)| block).trim();
    if !block.is_empty() && example.contains(block) {
        return Vec::new();
    }
    vec![at(
        0,
        "the first ```rust block of README.md is not in examples/hello/src/lib.rs: copy the example's text",
    )]
}
