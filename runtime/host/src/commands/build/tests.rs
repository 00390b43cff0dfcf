//! Reading cargo's messages, and what is said without a compiler.

use super::*;

fn message(manifest: &str, kind: &str, file: &str) -> String {
    format!(
        r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","target":{{"kind":["{kind}","rlib"]}},"filenames":["/t/a.rlib","{file}"]}}"#
    )
}

#[test]
fn the_module_is_found_among_the_artifacts() {
    let manifest = Path::new("/p/Cargo.toml");
    let found = artifact(&message("/p/Cargo.toml", "cdylib", "/t/my_menu.wasm"), manifest);
    assert_eq!(found, Some(PathBuf::from("/t/my_menu.wasm")));
}

#[test]
fn other_messages_are_not_the_module() {
    let manifest = Path::new("/p/Cargo.toml");
    for line in [
        "",
        "not json",
        r#"{"reason":"build-finished","success":true}"#,
        &message("/sdk/Cargo.toml", "cdylib", "/t/sdk.wasm"),
        &message("/p/Cargo.toml", "lib", "/t/a.wasm"),
        &message("/p/Cargo.toml", "cdylib", "/t/a.rmeta"),
    ] {
        assert_eq!(artifact(line, manifest), None, "{line}");
    }
}

#[test]
fn a_module_replaces_the_old_one_as_a_whole() {
    let dir = std::env::temp_dir().join(format!("patchcord-build-{}", std::process::id()));
    let path = dir.join("target/menu.wasm");
    write_whole(&path, b"one").unwrap();
    write_whole(&path, b"two").unwrap();
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    let bytes = fs::read(&path).unwrap();
    fs::remove_dir_all(&dir).unwrap();
    assert_eq!((left, bytes.as_slice()), (1, b"two".as_slice()));
}
