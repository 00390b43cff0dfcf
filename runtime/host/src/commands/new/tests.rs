//! What a new project is made of.

use super::*;

#[test]
fn a_template_has_code_and_the_sdk_its_contract() {
    for template in [Template::Menu, Template::Hello] {
        let paths: Vec<_> = template.files().iter().map(|file| file.path).collect();
        assert!(paths.contains(&"src/lib.rs"), "{template:?}: {paths:?}");
        assert!(
            paths.iter().any(|path| path.starts_with("scenarios/")),
            "{template:?}: {paths:?}"
        );
    }
    let sdk: Vec<_> = embedded::SDK.iter().map(|file| file.path).collect();
    for needed in ["Cargo.toml", "src/lib.rs", "wit/worlds.wit", "wit/types.wit"] {
        assert!(sdk.contains(&needed), "{needed} is missing in {sdk:?}");
    }
}

#[test]
fn the_texts_are_filled_in() {
    for text in [
        include_str!("../../../templates/Cargo.toml.txt"),
        include_str!("../../../templates/README.md.txt"),
    ] {
        let filled = fill(text, "support-line", Template::Menu);
        assert!(filled.contains("support-line") && !filled.contains("{{"), "{filled}");
    }
}

#[test]
fn an_existing_folder_is_left_alone() {
    let dir = std::env::temp_dir().join(format!("patchcord-new-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let why = write_project(&dir, "menu", Template::Hello).unwrap_err().to_string();
    let left = fs::read_dir(&dir).unwrap().count();
    fs::remove_dir(&dir).unwrap();
    assert!(why.contains("exists already"), "{why}");
    assert_eq!(left, 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let why = format!(
        "{:#}",
        write_project(Path::new("/dev/null/x"), "x", Template::Menu).unwrap_err()
    );
    assert!(why.contains("/dev/null/x"), "{why}");
}
