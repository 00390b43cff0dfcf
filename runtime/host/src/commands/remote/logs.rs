//! `patchcord logs`: what handlers on a node log, as it comes or of one call.

use super::{Node, encoded, get, text};
use crate::commands::terminal::{self, Paint};
use anyhow::{Context, Result};
use serde_json::Value;
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Shows what handlers log: of one call, or of all as it comes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
patchcord logs call_3f0c…         what the handler of a call has logged
patchcord logs -f                 all lines of the tenant from now on
patchcord logs -f --handler line  those of one handler")]
pub(crate) struct Options {
    /// The call
    #[arg(required_unless_present = "follow")]
    call: Option<String>,
    /// Goes on, with lines as they come
    #[arg(short, long)]
    follow: bool,
    /// Only lines of this handler
    #[arg(long, requires = "follow")]
    handler: Option<String>,
    /// Ends after so many lines
    #[arg(long, value_name = "LINES", requires = "follow")]
    lines: Option<u64>,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    if !options.follow {
        let call = options.call.as_deref().context("which call is meant?")?;
        let log = get(&client, &format!("/v1/calls/{}/log", encoded(call)))?;
        log["lines"].as_array().into_iter().flatten().for_each(show);
        return Ok(ExitCode::SUCCESS);
    }
    let mut path = "/v1/logs?".to_owned();
    for (name, value) in [("call", &options.call), ("handler", &options.handler)] {
        if let Some(value) = value {
            path += &format!("{name}={}&", encoded(value));
        }
    }
    let mut left = options.lines.unwrap_or(u64::MAX);
    client.events(path.trim_end_matches(['&', '?']), |event, data| {
        let value: Value = serde_json::from_str(data).unwrap_or_default();
        match event {
            "log" => show(&value),
            other => terminal::step(&format!("{other}: {data}")),
        }
        left = left.saturating_sub(1);
        if left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn show(line: &Value) {
    let paint = Paint::stdout();
    let level = text(line, "level");
    let level = match level {
        "error" => paint.red(level),
        "warn" => paint.yellow(level),
        _ => paint.green(level),
    };
    let (at, handler, call) = (text(line, "at"), text(line, "handler"), text(line, "call"));
    terminal::say(&format!(
        "{} {level} {handler} {} {}",
        paint.dim(at),
        paint.dim(call),
        text(line, "text")
    ));
}
