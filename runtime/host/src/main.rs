//! The binary `patchcord`: the command line on top of the machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!("patchcord: no command is built in yet");
    ExitCode::FAILURE
}
