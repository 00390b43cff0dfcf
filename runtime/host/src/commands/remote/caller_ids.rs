//! `patchcord caller-ids`: numbers that a tenant proves to be its own, to show them when it calls.

use super::{Node, all, delete, encoded, get, post, put, table, text};
use crate::commands::terminal;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

/// Shows the numbers to call from, proves one by a call, forgets one, or chooses the one that is shown where nothing is said.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    node: Node,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Shows them
    List,
    /// Calls a number and says what whoever answers has to key
    Add {
        /// As E.164 has it, such as +15550123
        number: String,
    },
    /// Forgets a number
    Remove {
        /// The number
        number: String,
    },
    /// Chooses the number that is shown where nothing is said; without one, leaves it to the configuration
    Default {
        /// One that the tenant has, or has proved
        number: Option<String>,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    match options.what.as_ref().unwrap_or(&What::List) {
        What::List => {
            let default = get(&client, "/v1/default-caller-id")?;
            let mut rows = vec![["number", "state", "default"].map(str::to_owned).to_vec()];
            for one in all(&client, "/v1/caller-ids", "caller_ids")? {
                let chosen = one["number"] == default["number"];
                rows.push(vec![
                    text(&one, "number").to_owned(),
                    text(&one, "state").to_owned(),
                    if chosen { "yes" } else { "" }.to_owned(),
                ]);
            }
            table(&rows).iter().for_each(|line| terminal::say(line));
        }
        What::Add { number } => {
            let asked = post(&client, "/v1/caller-ids", Some(json!({ "number": number })))?;
            terminal::step(&format!("{number} is being called ({})", text(&asked, "call")));
            terminal::say(&format!("Whoever answers keys {}", text(&asked, "code")));
        }
        What::Remove { number } => {
            delete(&client, &format!("/v1/caller-ids/{}", encoded(number)))?;
            terminal::step(&format!("{number} is not shown any more"));
        }
        What::Default { number } => {
            let now = put(&client, "/v1/default-caller-id", json!({ "number": number }))?;
            terminal::step(&match now["number"].as_str() {
                Some(number) => format!("{number} is shown where nothing is said"),
                None => "no number is shown unless one is named".to_owned(),
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}
