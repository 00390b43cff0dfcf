//! Each house rule shown to fail on bad text and to pass on good text.

use super::lines_of;
use super::rules::{self, Wall};
use super::rust_text::{attributes, code_only, functions};

#[test]
fn comments_and_literals_are_blanked_and_lines_kept() {
    let source =
        "let a = \"fn x() { // no\"; // fn y()\n/* fn z() /* deep */ */ let c = '{'; let q = '\\''; f::<'a>()\n";
    let code = code_only(source);
    assert_eq!(code.lines().count(), 2);
    assert_eq!(code.chars().count(), source.chars().count());
    assert!(!code.contains("fn"));
    assert!(!code.contains('{'));
    assert!(code.contains("f::<'a>()"));
}

#[test]
fn raw_strings_end_at_their_own_hashes() {
    assert_eq!(code_only("r#\"a \" b\"# + x").trim(), "+ x");
    assert_eq!(code_only("br\"a\\\" + x").trim_end(), format!("b{}+ x", " ".repeat(6)));
    assert_eq!(code_only("for r in x {}"), "for r in x {}");
    assert_eq!(code_only("\"unfinished").trim(), "");
}

#[test]
fn functions_are_measured_from_fn_to_brace() {
    let found =
        functions("pub const fn one(\n  a: u8,\n) -> [u8; 2] {\n  { }\n}\ntrait T { fn two(&self); }\nfn three() {}\n");
    let seen: Vec<_> = found
        .iter()
        .map(|f| (f.name.as_str(), f.line, f.lines, f.public))
        .collect();
    assert_eq!(seen, [("one", 1, 5, true), ("three", 7, 1, false)]);
}

#[test]
fn long_files_and_functions_are_found() {
    let body = "    step();\n".repeat(rules::FUNCTION_LINES_MAX);
    let source = format!("fn long() {{\n{body}}}\n");
    assert_eq!(lines_of(&rules::function_size(&source, &[])), [1]);
    assert_eq!(rules::function_size(&source, &["long"]), []);
    let body = "    step();\n".repeat(rules::FUNCTION_LINES_MAX - 2);
    assert_eq!(rules::function_size(&format!("fn fits() {{\n{body}}}\n"), &[]), []);
    assert_eq!(rules::file_size(&"x\n".repeat(rules::FILE_LINES_MAX)), []);
    assert_eq!(rules::file_size(&"x\n".repeat(rules::FILE_LINES_MAX + 1)).len(), 1);
}

#[test]
fn a_file_without_an_opening_is_found() {
    assert_eq!(rules::opening_doc("\n//! The clock.\nfn x() {}"), []);
    assert_eq!(rules::opening_doc("use std::fmt;\n//! late"), rules::opening_doc(""));
    assert_eq!(rules::opening_doc("// plain").len(), 1);
    assert_eq!(rules::opening_doc("//!").len(), 1);
}

#[test]
fn inline_test_modules_are_found() {
    assert_eq!(
        lines_of(&rules::inline_tests("x();\n#[cfg(test)]\nmod tests {\n}\n")),
        [3]
    );
    assert_eq!(
        lines_of(&rules::inline_tests("#[cfg(test)]\n#[path = \"a.rs\"]\nmod tests {\n}")),
        [3]
    );
    assert_eq!(lines_of(&rules::inline_tests("#[cfg(test)] mod tests {\n}")), [1]);
    assert_eq!(rules::inline_tests("#[cfg(test)]\nmod tests;\nmod bindings {\n}\n"), []);
}

#[test]
fn forbidden_words_are_found_wherever_they_stand() {
    for (word, _) in rules::forbidden_words() {
        assert_eq!(
            lines_of(&rules::words(&format!("fine\n// see {word} here"))),
            [2],
            "{word}"
        );
    }
    assert_eq!(rules::words("the work/of the root/ and a homework/ path"), []);
}

#[test]
fn the_machine_is_found_inside_a_core() {
    assert_eq!(
        lines_of(&rules::core_calls("//! x\nlet now = std::time::Instant::now();")),
        [2]
    );
    for (call, _) in rules::CORE_BANS {
        assert_eq!(
            lines_of(&rules::core_calls(&format!("\nlet x = a::{call};"))),
            [2],
            "{call}"
        );
    }
    assert_eq!(
        rules::core_calls("// Instant::now() is not called\nlet s = \"std::fs\"; use std::net::SocketAddr;"),
        []
    );
    assert_eq!(rules::core_calls("fn my_tokio_like() {} let x = env!(\"CARGO\");"), []);
}

#[test]
fn queues_without_an_end_are_found() {
    assert_eq!(
        lines_of(&rules::unbounded("let (a, b) = std::sync::mpsc::channel();")),
        [1]
    );
    assert_eq!(lines_of(&rules::unbounded("let x = mpsc :: channel ( ) ;")), [1]);
    assert_eq!(
        lines_of(&rules::unbounded(
            "let (a, b) = tokio::sync::mpsc::unbounded_channel::<u8>();"
        )),
        [1]
    );
    assert_eq!(
        rules::unbounded("let (a, b) = mpsc::channel(SIZE); let c = mpsc::sync_channel(4);"),
        []
    );
}

#[test]
fn switched_off_lints_need_a_reason() {
    assert_eq!(lines_of(&rules::reasons("\n#[allow(dead_code)]\nfn x() {}")), [2]);
    assert_eq!(lines_of(&rules::reasons("#![expect(\n  clippy::x,\n)]")), [1]);
    assert_eq!(lines_of(&rules::reasons("#[cfg_attr(test, allow(unused))]")), [1]);
    assert_eq!(
        rules::reasons("#[allow(dead_code, reason = \"read by the other crate\")] fn x() { a.expect(\"b\"); }"),
        []
    );
    assert_eq!(
        attributes("let a = [1]; // #[allow(x)]\n#[test]"),
        [(2, "[test]".to_owned())]
    );
}

#[test]
fn bools_across_a_crate_boundary_are_found() {
    assert_eq!(
        lines_of(&rules::bool_parameters("pub fn open(a: u8, fast: bool) {}")),
        [1]
    );
    assert_eq!(
        lines_of(&rules::bool_parameters(
            "impl A {\n  pub const fn open<T>(&self, fast: bool,) -> u8 { 1 }\n}"
        )),
        [2]
    );
    assert_eq!(
        rules::bool_parameters("pub(crate) fn open(fast: bool) {} fn x(y: bool) {} pub fn z() -> bool { true }"),
        []
    );
    assert_eq!(
        rules::bool_parameters("pub fn each(f: impl Fn(u8) -> bool, g: Option<bool>) {}"),
        []
    );
}

#[test]
fn walls_between_crates_hold() {
    let wall = Wall {
        crate_name: "sip",
        ours: &["control"],
        never: &["tokio*"],
    };
    let check =
        |dependencies: &str| rules::manifest(&format!("{dependencies}\n[lints]\nworkspace = true"), &wall).len();
    assert_eq!(
        check("[dependencies]\npatchcord-control.workspace = true\nserde = \"1\""),
        0
    );
    assert_eq!(check("[dependencies]\npatchcord-media = { workspace = true }"), 1);
    assert_eq!(
        check("[dependencies]\ninner = { package = \"tokio-util\", version = \"1\" }"),
        1
    );
    assert_eq!(check("[build-dependencies]\ntokio = \"1\""), 1);
    assert_eq!(check("[dev-dependencies]\ntokio = \"1\""), 0);
    assert_eq!(check("[dev-dependencies]\npatchcord-host = \"1\""), 1);
    assert_eq!(check("[target.'cfg(unix)'.dependencies]\ntokio = \"1\""), 1);
    assert_eq!(
        rules::manifest("[dependencies]", &wall).len(),
        1,
        "the workspace's lints are required"
    );
    assert_eq!(rules::manifest("not a manifest", &wall).len(), 1);
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let good =
        "[workspace.dependencies]\npatchcord-sip = { path = \"x\" }\n\n# The engine.\nwasmtime = \"1\"\n[x]\na = 1";
    assert_eq!(rules::explained_dependencies(good), []);
    assert_eq!(
        lines_of(&rules::explained_dependencies(
            "[workspace.dependencies]\n# a\na = \"1\"\n\nb = \"1\""
        )),
        [5]
    );
}

#[test]
fn a_changed_contract_without_its_line_is_found() {
    assert_eq!(
        rules::contract_hash("# Changes\n## 2\nsha256: abc\n## 1\nsha256: old", "abc"),
        []
    );
    assert_eq!(
        rules::contract_hash("# Changes\n## 2\nsha256: abc\n## 1\nsha256: old", "old").len(),
        1
    );
    assert_eq!(rules::contract_hash("# Changes", "abc").len(), 1);
}

#[test]
fn what_no_test_names_is_found() {
    let folders = [
        "examples/menu".to_owned(),
        "tests/guests/modules/memory_bomb".to_owned(),
    ];
    let sources = ["run(\"menu\");\nmodule!(memory_bomb);".to_owned()];
    assert_eq!(rules::unnamed(&folders, &sources), []);
    assert_eq!(rules::unnamed(&folders, &["run(\"menus\")".to_owned()]).len(), 2);
}

#[test]
fn a_readme_that_drifts_is_found() {
    let readme = "# X\n```rust\nfn main() {}\n```\n";
    assert_eq!(rules::readme_block(readme, "//! doc\nfn main() {}\n"), []);
    assert_eq!(rules::readme_block(readme, "fn main() { 1 }").len(), 1);
    assert_eq!(rules::readme_block("# X", "fn main() {}").len(), 1);
    assert_eq!(rules::readme_block("```rust\n```", "").len(), 1);
}
