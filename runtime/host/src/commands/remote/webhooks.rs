//! `patchcord webhooks`: who is told what happens in calls, by signed requests.

use super::{Node, all, delete, encoded, post, table, text, words};
use crate::commands::terminal::{self, Paint};
use anyhow::Result;
use patchcord_host::api_client::ApiClient;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Shows the webhooks of the tenant, makes one, tries one or forgets one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
patchcord webhooks                                   the webhooks there are
patchcord webhooks create crm https://crm.example.com/calls --event call-ended
patchcord webhooks test crm                          sends it an event now")]
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
    /// Makes one, and prints the secret that signs once
    Create {
        /// Its name
        name: String,
        /// Where it is, as it will be signed
        url: String,
        /// Only this kind of events, such as call-ended. May be repeated
        #[arg(long = "event", value_name = "KIND")]
        events: Vec<String>,
        /// Only calls of this handler. May be repeated
        #[arg(long = "handler", value_name = "HANDLER")]
        handlers: Vec<String>,
    },
    /// Sends it an event now, and says what came of it; the exit code is 0 if it was received
    Test {
        /// Its name
        name: String,
    },
    /// Forgets one
    Delete {
        /// Its name
        name: String,
    },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    match options.what.as_ref().unwrap_or(&What::List) {
        What::List => list(&client)?,
        What::Create {
            name,
            url,
            events,
            handlers,
        } => {
            let body = json!({ "name": name, "url": url, "events": events, "handlers": handlers });
            let made = post(&client, "/v1/webhooks", Some(body))?;
            terminal::say(&format!(
                "{}  {}",
                Paint::stdout().bold("secret"),
                text(&made, "secret")
            ));
            terminal::step("it cannot be shown again; calls that begin from now on are told");
        }
        What::Test { name } => {
            let tried = post(&client, &format!("/v1/webhooks/{}/test", encoded(name)), None)?;
            terminal::say(&outcome(&tried));
            if tried["received"] != true {
                return Ok(ExitCode::FAILURE);
            }
        }
        What::Delete { name } => {
            delete(&client, &format!("/v1/webhooks/{}", encoded(name)))?;
            terminal::step(&format!("{name} is forgotten, for calls that begin from now on"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(client: &ApiClient) -> Result<()> {
    let mut rows = vec![
        ["webhook", "state", "events", "handlers", "url"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let all_or = |list: &Value| match list.as_array().is_none_or(Vec::is_empty) {
        true => "all".to_owned(),
        false => words(list),
    };
    for webhook in all(client, "/v1/webhooks", "webhooks")? {
        rows.push(vec![
            text(&webhook, "name").to_owned(),
            text(&webhook, "state").to_owned(),
            all_or(&webhook["events"]),
            all_or(&webhook["handlers"]),
            text(&webhook, "url").to_owned(),
        ]);
    }
    table(&rows).iter().for_each(|line| terminal::say(line));
    Ok(())
}

/// What came of a try, for people.
fn outcome(tried: &Value) -> String {
    let ms = &tried["time_ms"];
    match (tried["received"] == true, tried["status"].as_u64()) {
        (true, Some(status)) => format!("received: it answered {status} within {ms} ms"),
        _ => format!("not received: {}, after {ms} ms", text(tried, "why")),
    }
}

#[cfg(test)]
mod tests;
