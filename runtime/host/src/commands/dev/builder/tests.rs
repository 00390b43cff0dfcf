//! Waiting for saves, and where a handler comes from.

use super::*;
use std::time::Instant;

#[test]
fn several_changes_are_one_save() {
    let (pokes, poked) = sync_channel(8);
    for _ in 0..3 {
        pokes.send(Poke::Saved).unwrap();
    }
    let began = Instant::now();
    assert!(wait_for_save(&poked));
    assert!(began.elapsed() >= QUIET);
    assert!(poked.try_recv().is_err(), "all three were taken");
}

#[test]
fn stop_ends_the_wait_even_within_the_quiet() {
    let (pokes, poked) = sync_channel(8);
    pokes.send(Poke::Saved).unwrap();
    pokes.send(Poke::Stop).unwrap();
    assert!(!wait_for_save(&poked));
    drop(pokes);
    assert!(!wait_for_save(&poked));
}

#[test]
fn a_module_is_named_after_its_file() {
    assert_eq!(
        module_name(Path::new("target/patchcord/support-line.wasm")),
        "support-line"
    );
}

#[test]
fn what_is_neither_file_nor_folder_says_what_to_do() {
    let why = format!("{:#}", Source::of(Path::new("/no/such/thing")).unwrap_err());
    assert!(why.contains("/no/such/thing") && why.contains("patchcord new"), "{why}");
}
