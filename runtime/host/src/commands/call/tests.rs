//! The caller's name and the files of a call.

use super::*;

fn target() -> Target {
    target::find("sip:menu@127.0.0.1:5070").unwrap()
}

#[test]
fn a_caller_has_a_name_at_our_address() {
    assert_eq!(
        caller("+15550100", &target()).unwrap().uri.as_str(),
        "sip:+15550100@127.0.0.1"
    );
    assert_eq!(caller("*21#", &target()).unwrap().uri.as_str(), "sip:*21%23@127.0.0.1");
}

#[test]
fn a_name_that_would_break_the_header_is_refused() {
    for name in ["", "a b", "a@b", "a>\r\nX: y", "ü"] {
        assert!(
            caller(name, &target()).unwrap_err().to_string().contains("--from"),
            "{name:?}"
        );
    }
}

#[test]
fn a_file_that_is_no_wav_is_named() {
    let file = std::env::temp_dir().join(format!("patchcord-say-{}.wav", std::process::id()));
    fs::write(&file, b"no sound").unwrap();
    let why = format!("{:#}", read_clip(&file).unwrap_err());
    fs::remove_file(&file).unwrap();
    assert!(why.contains("patchcord-say") && why.contains("cannot be said"), "{why}");
}
