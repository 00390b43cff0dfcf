//! The first ten minutes of a new user, as `tests/first_ten_minutes` walks through them with the binary.

#![allow(clippy::unwrap_used, reason = "what a test cannot do fails it")]

use std::path::Path;
use std::process::Command;

#[test]
fn a_new_user_gets_from_nothing_to_a_deployed_number_and_back() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/first_ten_minutes");
    let walked = Command::new(script)
        .env("PATCHCORD", env!("CARGO_BIN_EXE_patchcord"))
        .env(
            "HANDLERS_TARGET",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("handlers"),
        )
        // Below those that the system gives to others, and apart from those of other tests.
        .env("FIRST_PORT", (15_200 + std::process::id() % 64 * 32).to_string())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&walked.stdout),
        String::from_utf8_lossy(&walked.stderr),
    );
    assert!(walked.status.success(), "{out}\n{err}");
}
