//! `patchcord tenants` and `patchcord keys`: accounts, and who may ask for them.

use super::{Node, all, delete, encoded, post, table, text, words};
use crate::commands::terminal::{self, Paint};
use anyhow::Result;
use hyper::Method;
use patchcord_host::api_client::{ApiClient, Sent};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Shows the tenants that this key looks after, or adds, suspends or wakes one.
#[derive(Debug, clap::Args)]
pub(crate) struct Tenants {
    #[command(subcommand)]
    what: Option<OfTenants>,
    #[command(flatten)]
    node: Node,
}

#[derive(Debug, clap::Subcommand)]
enum OfTenants {
    /// Shows them
    List,
    /// Adds one: an operator's is an account of its own, another's a sub-account
    Add {
        /// Its name in paths and in configuration
        id: String,
        /// Its name for people
        name: String,
    },
    /// Takes its keys and its calls away for now
    Suspend {
        /// The tenant
        id: String,
    },
    /// Gives them back
    Wake {
        /// The tenant
        id: String,
    },
}

pub(crate) fn tenants(options: &Tenants) -> Result<ExitCode> {
    let client = options.node.client()?;
    let set = |id: &str, state: &str| {
        let path = format!("/v1/tenants/{}", encoded(id));
        client.ask(Method::PATCH, &path, Sent::Json(json!({ "state": state })))
    };
    match options.what.as_ref().unwrap_or(&OfTenants::List) {
        OfTenants::List => {
            let mut rows = vec![["tenant", "state", "below", "name"].map(str::to_owned).to_vec()];
            for tenant in all(&client, "/v1/tenants", "tenants")? {
                rows.push(
                    ["id", "state", "parent", "name"]
                        .map(|field| text(&tenant, field).to_owned())
                        .to_vec(),
                );
            }
            table(&rows).iter().for_each(|line| terminal::say(line));
        }
        OfTenants::Add { id, name } => {
            post(&client, "/v1/tenants", Some(json!({ "id": id, "name": name })))?;
            terminal::step(&format!(
                "{id} is there; `patchcord keys make --tenant {id}` makes its first key"
            ));
        }
        OfTenants::Suspend { id } => {
            set(id, "suspended")?;
            terminal::step(&format!(
                "{id} is suspended: no key of it counts, and its handlers get no calls"
            ));
        }
        OfTenants::Wake { id } => {
            set(id, "active")?;
            terminal::step(&format!("{id} is active"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the API keys of the tenant, makes one or revokes one.
#[derive(Debug, clap::Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    what: Option<OfKeys>,
    #[command(flatten)]
    node: Node,
}

#[derive(Debug, clap::Subcommand)]
enum OfKeys {
    /// Shows them
    List,
    /// Makes one, and prints it once
    Make {
        /// What it is called: by whom it is used, say
        name: String,
        /// What it may do. May be repeated
        #[arg(long = "scope", default_values = ["read", "write"])]
        scopes: Vec<String>,
        /// Of another tenant that this key looks after
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Revokes one, at once and for good
    Revoke {
        /// Its id
        id: String,
    },
}

pub(crate) fn keys(options: &Keys) -> Result<ExitCode> {
    let client = options.node.client()?;
    match options.what.as_ref().unwrap_or(&OfKeys::List) {
        OfKeys::List => {
            let mut rows = vec![["key", "name", "may", "last used", "state"].map(str::to_owned).to_vec()];
            for key in all(&client, "/v1/keys", "keys")? {
                rows.push(vec![
                    text(&key, "id").to_owned(),
                    text(&key, "name").to_owned(),
                    words(&key["scopes"]),
                    text(&key, "last_used").to_owned(),
                    state(&key),
                ]);
            }
            table(&rows).iter().for_each(|line| terminal::say(line));
        }
        OfKeys::Make { name, scopes, tenant } => make(&client, tenant.as_deref(), name, scopes)?,
        OfKeys::Revoke { id } => {
            delete(&client, &format!("/v1/keys/{}", encoded(id)))?;
            terminal::step(&format!("{id} is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn state(key: &Value) -> String {
    match (key["revoked_at"].as_str(), key["expires_at"].as_str()) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => String::new(),
    }
}

fn make(client: &ApiClient, tenant: Option<&str>, name: &str, scopes: &[String]) -> Result<()> {
    let path = match tenant {
        Some(tenant) => format!("/v1/tenants/{}/keys", encoded(tenant)),
        None => "/v1/keys".to_owned(),
    };
    let made = post(client, &path, Some(json!({ "name": name, "scopes": scopes })))?;
    terminal::say(&format!("{}  {}", Paint::stdout().bold("key"), text(&made, "key")));
    terminal::step("it cannot be shown again");
    Ok(())
}
