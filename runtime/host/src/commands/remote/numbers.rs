//! `patchcord numbers`: the numbers of a tenant, and where their calls go.

use super::{Node, all, delete, encoded, put, table, text};
use crate::commands::terminal;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

/// Shows the numbers of the tenant, gives one to a tenant, or gives one back.
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
    /// Gives a number to a tenant; for operators
    Give {
        /// As E.164 has it, such as +15550100
        number: String,
        /// Whose it is to be
        #[arg(long, default_value = "default")]
        tenant: String,
    },
    /// Leads the calls of a number nowhere
    Clear {
        /// The number
        number: String,
    },
    /// Gives a number back
    Release {
        /// The number
        number: String,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    match options.what.as_ref().unwrap_or(&What::List) {
        What::List => {
            let mut rows = vec![["number", "handler"].map(str::to_owned).to_vec()];
            for number in all(&client, "/v1/numbers", "numbers")? {
                rows.push(vec![
                    text(&number, "number").to_owned(),
                    text(&number, "handler").to_owned(),
                ]);
            }
            table(&rows).iter().for_each(|line| terminal::say(line));
        }
        What::Give { number, tenant } => {
            let path = format!("/v1/tenants/{}/numbers/{}", encoded(tenant), encoded(number));
            put(&client, &path, json!({ "handler": null }))?;
            terminal::step(&format!(
                "{number} is {tenant}'s; `patchcord route` leads it to a handler"
            ));
        }
        What::Clear { number } => {
            put(
                &client,
                &format!("/v1/numbers/{}", encoded(number)),
                json!({ "handler": null }),
            )?;
            terminal::step(&format!("calls to {number} are refused"));
        }
        What::Release { number } => {
            delete(&client, &format!("/v1/numbers/{}", encoded(number)))?;
            terminal::step(&format!("{number} is given back"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
