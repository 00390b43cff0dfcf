//! `patchcord calls`: live and past calls of a node.

use super::{Node, encoded, get, post, table, text};
use crate::commands::terminal::{self, Paint};
use anyhow::Result;
use serde_json::Value;
use std::process::ExitCode;

/// Shows calls, newest first, or one of them; or ends one.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Only calls of this status, such as in-progress or completed
    #[arg(long)]
    status: Option<String>,
    /// Only calls of this handler
    #[arg(long)]
    handler: Option<String>,
    /// How many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    node: Node,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Shows a call as it is now, or as it ended
    Show {
        /// Its id
        call: String,
    },
    /// Ends a call
    End {
        /// Its id
        call: String,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    match &options.what {
        Some(What::Show { call }) => {
            let call = get(&client, &format!("/v1/calls/{}", encoded(call)))?;
            terminal::say(&serde_json::to_string_pretty(&call)?);
        }
        Some(What::End { call }) => {
            post(&client, &format!("/v1/calls/{}/end", encoded(call)), None)?;
            terminal::step("it is being ended");
        }
        None => {
            let mut path = format!("/v1/calls?limit={}", options.limit);
            for (name, value) in [("status", &options.status), ("handler", &options.handler)] {
                if let Some(value) = value {
                    path += &format!("&{name}={}", encoded(value));
                }
            }
            show(&get(&client, &path)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(list: &Value) {
    let mut rows = vec![
        ["started", "status", "handler", "from", "to", "call"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for call in list["calls"].as_array().into_iter().flatten() {
        let fields = ["started_at", "status", "handler", "from", "to", "id"];
        rows.push(fields.map(|field| text(call, field).to_owned()).to_vec());
    }
    let paint = Paint::stdout();
    for (place, line) in table(&rows).iter().enumerate() {
        terminal::say(&if place == 0 { paint.dim(line) } else { line.clone() });
    }
    if list["next_cursor"].is_string() {
        terminal::step("there are more; --limit shows more of them");
    }
}
