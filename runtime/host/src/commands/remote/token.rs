//! `patchcord token`: makes an access token for a client, with the API key that is kept here and without asking the node.

use super::Node;
use crate::commands::terminal;
use anyhow::{Context, Result, bail};
use patchcord_host::clients::{Grants, Minting, mint, token_name};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::SystemTime;

/// What a token is valid for if nothing is said.
const USUAL_LIFE: &str = "1h";

/// Makes an access token: what a browser or an app signs in with. Nothing is asked of the node and nothing is kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  patchcord token --identity alice --incoming --call reception --param queue=sales --ttl 10m
The API key that makes it needs the scope clients. Revoking the key ends all its tokens.")]
pub(crate) struct Options {
    /// Who the client is: letters, digits, _, - and .
    #[arg(long)]
    identity: String,
    /// The handler that answers when it calls; the word any for what a phone of the tenant may call. Nobody without it
    #[arg(long, value_name = "HANDLER")]
    call: Option<String>,
    /// What that handler is told in a header X-NAME; may be given more than once
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "call")]
    params: Vec<String>,
    /// That it may be called
    #[arg(long)]
    incoming: bool,
    /// That it may say how available it is
    #[arg(long)]
    publish: bool,
    /// Whose presence it may see: an identity, or the word all; may be given more than once
    #[arg(long, value_name = "IDENTITY")]
    watch: Vec<String>,
    /// How long it is valid: 90s, 10m or 1h; a day at most
    #[arg(long, value_name = "TIME", default_value = USUAL_LIFE)]
    ttl: String,
    /// Whose key it is, if `patchcord login` has not kept that
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let (key, kept) = options.node.api_key()?;
    let tenant = options.tenant.clone().or(kept);
    let tenant = tenant.context("whose key is it? give --tenant, or run `patchcord login` again")?;
    let wanted = Minting {
        tenant,
        grants: grants(options)?,
        life: seconds(&options.ttl)?,
        name: token_name().context("the system has no randomness")?,
    };
    // A clock before 1970 is one that was never set.
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    terminal::say(&mint(&key, &wanted, now.as_secs() as i64)?);
    Ok(ExitCode::SUCCESS)
}

/// As the token says them.
fn grants(options: &Options) -> Result<Grants> {
    let params = options.params.iter().map(|one| parameter(one));
    let params = params.collect::<Result<BTreeMap<_, _>>>()?;
    let call = match options.call.as_deref() {
        Some("any") if params.is_empty() => json!("any"),
        Some("any") => bail!("--param goes to a handler: name it with --call"),
        Some(handler) => json!({ "handler": handler, "params": params }),
        None => Value::Null,
    };
    let watch = match options.watch.iter().any(|one| one == "all") {
        true => json!("all"),
        false => json!(options.watch),
    };
    let grants = json!({
        "identity": options.identity,
        "call": call,
        "incoming": options.incoming,
        "presence": { "publish": options.publish, "watch": watch },
    });
    serde_json::from_value(grants).context("these grants cannot stand in a token")
}

fn parameter(text: &str) -> Result<(String, String)> {
    let (name, value) = text
        .split_once('=')
        .with_context(|| format!("--param {text:?} is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A time in words, in seconds.
fn seconds(text: &str) -> Result<i64> {
    let right = || format!("--ttl {text:?} is not a time: give 90s, 10m or 1h");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .with_context(right)?;
    let each = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => bail!("{}", right()),
    };
    let number: u32 = number.parse().ok().with_context(right)?;
    Ok(i64::from(number) * each)
}

#[cfg(test)]
mod tests;
