//! `patchcord secrets`: what handlers may read and nobody else.

use super::{Node, all, delete, encoded, put, table, text};
use crate::commands::terminal;
use anyhow::{Context, Result};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Shows the names of secrets, sets one or forgets one. Values are never shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    node: Node,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Shows their names
    List,
    /// Sets one; its value is read from standard input, so that it stands in no history
    Set {
        /// Its name
        name: String,
    },
    /// Forgets one
    Forget {
        /// Its name
        name: String,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    match options.what.as_ref().unwrap_or(&What::List) {
        What::List => {
            let mut rows = vec![["secret", "changed"].map(str::to_owned).to_vec()];
            for secret in all(&client, "/v1/secrets", "secrets")? {
                rows.push(vec![
                    text(&secret, "name").to_owned(),
                    text(&secret, "changed_at").to_owned(),
                ]);
            }
            table(&rows).iter().for_each(|line| terminal::say(line));
        }
        What::Set { name } => {
            if std::io::stdin().is_terminal() {
                eprint!("value of {name}: ");
                std::io::stderr().flush()?;
            }
            let mut value = String::new();
            std::io::stdin()
                .read_line(&mut value)
                .context("the value cannot be read")?;
            let value = value.trim_end_matches(['\r', '\n']);
            put(
                &client,
                &format!("/v1/secrets/{}", encoded(name)),
                json!({ "value": value }),
            )?;
            terminal::step(&format!("{name} is set, for calls that begin from now on"));
        }
        What::Forget { name } => {
            delete(&client, &format!("/v1/secrets/{}", encoded(name)))?;
            terminal::step(&format!("{name} is forgotten"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
