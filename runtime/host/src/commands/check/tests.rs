//! What is shown of a module.

use super::*;

#[test]
fn prompts_are_shown_with_their_length_or_what_is_wrong() {
    let good = patchcord_media::write_wav(8_000, &[100; 12_000]);
    let files: [(&str, &[u8]); 2] = [("welcome.wav", &good), ("broken.wav", b"RIFF....nonsense")];
    let text = prompts(files.into_iter(), Paint::Plain);
    assert!(text.contains("welcome.wav  1.5 s"), "{text}");
    assert!(text.contains("broken.wav  cannot be played"), "{text}");
}

#[test]
fn no_prompts_are_said_to_be_none() {
    assert_eq!(prompts(std::iter::empty(), Paint::Plain), "prompts\n  none\n");
}

#[test]
fn limits_are_those_in_force() {
    let text = limits(Paint::Plain);
    assert!(
        text.contains("memory 32.0 MiB") && text.contains("100 ms") && text.contains("call 4 h"),
        "{text}"
    );
}

#[test]
fn what_is_no_module_is_refused_by_name() {
    let why = format!("{:#}", load(b"hello", Path::new("x/menu.wasm")).err().unwrap());
    assert!(why.contains("x/menu.wasm") && why.contains("not WebAssembly"), "{why}");
}
