//! `patchcord trace`: what a call's legs and its handler said to each other, as a ladder, and as a capture file.

use super::terminal;
use anyhow::{Context, Result, bail};
use patchcord_control::ids::CallId;
use patchcord_host::trace::ladder::{self, Messages};
use patchcord_host::trace::mask::Show;
use patchcord_host::trace::{CallTrace, format, pcap, store};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Shows the SIP of a call on all its legs, with the handler's turns between.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Traces are written when a call ends, if the configuration has a section [trace] with a folder. Numbers, names and addresses
are replaced unless --show-private is given; a capture file always holds them.")]
pub(crate) struct Options {
    /// The call's id, as the end record and the log have it; its beginning will do. Or the path of a trace
    call: String,
    /// The folder of traces
    #[arg(long, value_name = "FOLDER", default_value = "traces")]
    folder: PathBuf,
    /// Writes a capture file for Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Shows the whole messages
    #[arg(long)]
    messages: bool,
    /// Shows numbers, names and addresses
    #[arg(long)]
    show_private: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let path = find(&options.folder, &options.call)?;
    let trace = read(&path)?;
    if let Some(file) = &options.pcap {
        fs::write(file, pcap::file(&trace)).with_context(|| format!("{} cannot be written", file.display()))?;
        terminal::step(&format!("wrote {}: numbers and addresses are in it", file.display()));
    }
    let show = if options.show_private { Show::Everything } else { Show::Harmless };
    let messages = if options.messages { Messages::Shown } else { Messages::Hidden };
    for line in ladder::lines(&trace, show, messages) {
        terminal::say(&line);
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<CallTrace> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    format::decode(&bytes).with_context(|| path.display().to_string())
}

/// The file of a call: by its path, its id, or the beginning of its id.
fn find(folder: &Path, call: &str) -> Result<PathBuf> {
    if call.ends_with(".trace") {
        return Ok(call.into());
    }
    let digits = call.strip_prefix("call_").unwrap_or(call).to_ascii_lowercase();
    if digits.is_empty() || digits.len() > 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        bail!("{call:?} is no id of a call: give one as the end record has it, such as call_0123456789abcdef0123456789abcdef");
    }
    if digits.len() == 32
        && let Ok(number) = u128::from_str_radix(&digits, 16)
    {
        let path = store::file(folder, CallId(number));
        if !path.exists() {
            bail!(
                "there is no trace of this call in {}: name the folder of [trace] with --folder; old traces are removed",
                folder.display()
            );
        }
        return Ok(path);
    }
    let files = fs::read_dir(folder)
        .with_context(|| format!("the folder {} cannot be read: name that of [trace] with --folder", folder.display()))?;
    let begins = format!("call_{digits}");
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&begins) && name.ends_with(".trace")
    };
    let found: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).filter(is_it).collect();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => bail!("no trace in {} begins with {begins}", folder.display()),
        several => bail!(
            "{} traces in {} begin with {begins}: give more of the id",
            several.len(),
            folder.display()
        ),
    }
}

#[cfg(test)]
mod tests;
