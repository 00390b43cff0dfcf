//! Which changes count as a save, and that the system tells of them.

use super::*;
use notify::event::{AccessKind, CreateKind, DataChange};
use std::fs;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

#[test]
fn sources_count_and_the_rest_does_not() {
    for (path, counts) in [
        ("src/lib.rs", true),
        ("src/menu/keys.rs", true),
        ("prompts/en/welcome.wav", true),
        ("Cargo.toml", true),
        ("Cargo.lock", false),
        ("target/patchcord/menu.wasm", false),
        ("src/.lib.rs.swp", false),
        ("src/lib.rs~", false),
        ("README.md", false),
    ] {
        assert_eq!(is_source(Path::new(path)), counts, "{path}");
    }
}

#[test]
fn reading_is_no_change() {
    assert!(!is_change(EventKind::Access(AccessKind::Read)));
    assert!(is_change(EventKind::Create(CreateKind::File)));
    assert!(is_change(EventKind::Modify(ModifyKind::Data(DataChange::Any))));
}

#[test]
fn a_save_is_told_and_a_build_is_not() {
    let dir = std::env::temp_dir().join(format!("patchcord-saves-{}", std::process::id()));
    fs::create_dir_all(dir.join("src")).unwrap();
    fs::create_dir_all(dir.join("target")).unwrap();
    let (sender, told) = sync_channel(64);
    let watcher = watch(Watched::Folder(dir.clone()), move || {
        let _ = sender.try_send(());
    })
    .unwrap();
    fs::write(dir.join("target/menu.wasm"), b"built").unwrap();
    assert!(
        told.recv_timeout(Duration::from_millis(300)).is_err(),
        "a build is no save"
    );
    fs::write(dir.join("src/lib.rs"), b"fn handle() {}").unwrap();
    let heard = told.recv_timeout(Duration::from_secs(5));
    drop(watcher);
    fs::remove_dir_all(&dir).unwrap();
    heard.expect("a save is told");
}
