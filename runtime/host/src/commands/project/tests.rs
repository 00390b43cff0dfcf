//! Names, manifests and prompt folders.

use super::*;

#[test]
fn good_names_are_taken() {
    for name in ["menu", "support-line", "a", "line2", "a-2-b"] {
        check_name(name).unwrap();
    }
}

#[test]
fn bad_names_are_refused_with_what_would_be_right() {
    for (name, says) in [
        ("", "empty"),
        ("Menu", "'M'"),
        ("a b", "' '"),
        ("../up", "'.'"),
        ("a/b", "'/'"),
        ("2menu", "letter"),
        ("-menu", "letter"),
        ("menu-", "hyphen"),
        ("std", "another"),
        ("patchcord", "another"),
        (&"a".repeat(65), "shorter"),
    ] {
        let why = check_name(name).unwrap_err().to_string();
        assert!(why.contains(says), "{name:?}: {why}");
    }
}

#[test]
fn a_folder_without_manifest_says_what_to_do() {
    let why = format!("{:#}", Project::open(Path::new("/nowhere/at/all")).unwrap_err());
    assert!(
        why.contains("/nowhere/at/all") && why.contains("patchcord new <name>"),
        "{why}"
    );
}

#[test]
fn the_name_comes_from_the_package() {
    assert_eq!(package_name("[package]\nname = \"menu\"\n").unwrap(), "menu");
    let why = package_name("[workspace]\nmembers = []\n").unwrap_err().to_string();
    assert!(why.contains("workspace"), "{why}");
}

#[test]
fn prompts_are_named_by_their_path_below_the_folder() {
    let dir = std::env::temp_dir().join(format!("patchcord-project-{}", std::process::id()));
    fs::create_dir_all(dir.join("prompts/en")).unwrap();
    fs::write(dir.join("Cargo.toml"), "[package]\nname = \"menu\"\n").unwrap();
    fs::write(dir.join("prompts/welcome.wav"), b"one").unwrap();
    fs::write(dir.join("prompts/en/bye.wav"), b"two").unwrap();
    fs::write(dir.join("prompts/.hidden"), b"no").unwrap();
    let prompts = Project::open(&dir).unwrap().prompts().unwrap();
    fs::remove_dir_all(&dir).unwrap();
    let expected = [("en/bye.wav", "two"), ("welcome.wav", "one")];
    assert_eq!(
        prompts,
        expected.map(|(name, bytes)| (name.to_owned(), bytes.as_bytes().to_vec()))
    );
}
