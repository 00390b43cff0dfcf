//! `patchcord trace`: what a call's legs and its handler said to each other, as a ladder, and as a capture file.

use super::remote::{self, Node};
use super::{kept, terminal};
use anyhow::{Context, Result};
use patchcord_host::trace::ladder::{self, Messages};
use patchcord_host::trace::mask::Show;
use patchcord_host::trace::{CallTrace, format, pcap};
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
    /// Asks a node by its API, in place of a folder here
    #[arg(long, conflicts_with_all = ["folder", "pcap", "show_private"])]
    remote: bool,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.remote {
        remote::trace::show(&options.node, &options.call, options.messages)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = kept::find(&kept::TRACE, &options.folder, &options.call)?;
    let trace = read(&path)?;
    if let Some(file) = &options.pcap {
        fs::write(file, pcap::file(&trace)).with_context(|| format!("{} cannot be written", file.display()))?;
        terminal::step(&format!("wrote {}: numbers and addresses are in it", file.display()));
    }
    let show = if options.show_private {
        Show::Everything
    } else {
        Show::Harmless
    };
    let messages = if options.messages {
        Messages::Shown
    } else {
        Messages::Hidden
    };
    for line in ladder::lines(&trace, show, messages) {
        terminal::say(&line);
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<CallTrace> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    format::decode(&bytes).with_context(|| path.display().to_string())
}
