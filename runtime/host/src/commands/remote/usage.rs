//! `patchcord usage`: what a tenant used, by day.

use super::{Node, encoded, get, table, text};
use crate::commands::terminal;
use anyhow::Result;
use std::process::ExitCode;

/// Shows what the tenant used: calls, seconds of calls, fuel, bytes of recordings, by day (UTC).
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The first day, such as 2026-11-01; 30 days ago without it
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The day after the last; tomorrow without it
    #[arg(long, value_name = "DAY")]
    before: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut path = "/v1/usage?".to_owned();
    for (name, value) in [("from", &options.from), ("before", &options.before)] {
        if let Some(value) = value {
            path += &format!("{name}={}&", encoded(value));
        }
    }
    let used = get(&options.node.client()?, path.trim_end_matches(['&', '?']))?;
    if options.json {
        terminal::say(&used.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["day", "what", "amount"].map(str::to_owned).to_vec()];
    for one in used["usage"].as_array().into_iter().flatten() {
        rows.push(vec![
            text(one, "day").to_owned(),
            text(one, "metric").to_owned(),
            one["amount"].to_string(),
        ]);
    }
    table(&rows).iter().for_each(|line| terminal::say(line));
    Ok(ExitCode::SUCCESS)
}
