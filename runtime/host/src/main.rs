//! The command line `patchcord`. What each verb does stands in `commands/<verb>.rs`; the machine itself is the library.

mod commands;

fn main() -> std::process::ExitCode {
    commands::run()
}
