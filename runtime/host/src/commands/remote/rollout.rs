//! `patchcord route`, `grant`, `promote`, `rollback` and `handlers`: which version serves which calls.

use super::{Node, all, delete, encoded, get, post, put, table, text, words};
use crate::commands::terminal::{self, Paint};
use anyhow::{Context, Result, bail};
use patchcord_host::api_client::ApiClient;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::str::FromStr;

/// A handler, perhaps in a version: `line` or `line@2`.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    handler: String,
    version: Option<i64>,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (handler, version) = match text.split_once('@') {
            None => (text, None),
            Some((handler, version)) => {
                let number = version.parse().ok().filter(|number| *number > 0);
                let right = || format!("{version:?} is no version: give one such as 2");
                (handler, Some(number.ok_or_else(right)?))
            }
        };
        if handler.is_empty() {
            return Err("give a handler such as line, or line@2".to_owned());
        }
        Ok(Self {
            handler: handler.to_owned(),
            version,
        })
    }
}

/// Leads a number or a called name to a handler, and rolls out the version that is named.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
patchcord route                              the routes there are
patchcord route +15550100 line@2             the number leads to line, and version 2 of it has all calls
patchcord route +15550100 line@2 --percent 10   one call in ten; `promote` makes it all, `rollback` none
patchcord route 100 --remove")]
pub(crate) struct Options {
    /// A number, the user part of a called address, or `*` for every call that nothing else takes
    to: Option<String>,
    /// The handler; with `@` the version to roll out, else the one that serves or the newest
    #[arg(required_unless_present_any = ["remove", "list"], requires = "to")]
    handler: Option<Named>,
    /// On how many of a hundred new calls the version is tried
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: Option<u8>,
    /// Who takes over if the handler breaks, in this order. May be repeated
    #[arg(long, value_name = "HANDLER")]
    fallback: Vec<String>,
    /// Removes the route
    #[arg(long, conflicts_with_all = ["handler", "percent", "fallback"], requires = "to")]
    remove: bool,
    /// Shows the routes
    #[arg(long, conflicts_with_all = ["to", "handler", "remove"])]
    list: bool,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn route(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    let Some(to) = options.to.as_deref().filter(|_| !options.list) else {
        return list_routes(&client);
    };
    if options.remove {
        delete(&client, &format!("/v1/routes/{}", encoded(to)))?;
        terminal::step(&format!("{to} leads nowhere any more"));
        return Ok(ExitCode::SUCCESS);
    }
    let named = options.handler.as_ref().context("which handler is meant?")?;
    let rollout = roll_out(&client, named, options.percent)?;
    if is_own_number(&client, to)? {
        if !options.fallback.is_empty() {
            bail!("a number of its own has no fallbacks; make a route by name for that");
        }
        put(
            &client,
            &format!("/v1/numbers/{}", encoded(to)),
            json!({ "handler": named.handler }),
        )?;
    } else {
        let fallbacks: Vec<_> = options
            .fallback
            .iter()
            .map(|handler| json!({ "handler": handler }))
            .collect();
        let body = json!({ "handler": named.handler, "fallbacks": fallbacks });
        put(&client, &format!("/v1/routes/{}", encoded(to)), body)?;
    }
    terminal::say(&format!("{to} leads to {}: {}", named.handler, served(&rollout)));
    Ok(ExitCode::SUCCESS)
}

fn is_own_number(client: &ApiClient, to: &str) -> Result<bool> {
    let numbers = all(client, "/v1/numbers", "numbers")?;
    Ok(numbers.iter().any(|number| text(number, "number") == to))
}

/// Rolls the named version out; without one what serves goes on, or the newest begins.
fn roll_out(client: &ApiClient, named: &Named, percent: Option<u8>) -> Result<Value> {
    let path = format!("/v1/handlers/{}", encoded(&named.handler));
    let handler = get(client, &path)?;
    let serves = handler["rollout"].is_object();
    let version = match named.version {
        Some(version) => Value::from(version),
        None if text(&handler, "source") == "file" || (serves && percent.is_none()) => {
            return Ok(handler["rollout"].clone());
        }
        None => handler["newest_version"].clone(),
    };
    let body = json!({ "version": version, "percent": percent.unwrap_or(100) });
    put(client, &format!("{path}/rollout"), body)
}

fn served(rollout: &Value) -> String {
    let (version, percent) = (&rollout["version"], rollout["percent"].as_i64());
    match (percent, rollout["previous"].as_i64()) {
        (None, _) => "as the node's configuration says".to_owned(),
        (Some(percent), Some(previous)) if percent < 100 => {
            let out = if rollout["taken_out"] == true {
                ", taken out because it failed"
            } else {
                ""
            };
            format!("version {version} has {percent} % of the calls{out}, version {previous} the rest")
        }
        _ => format!("version {version} has all calls"),
    }
}

fn list_routes(client: &ApiClient) -> Result<ExitCode> {
    let mut rows = vec![["to", "handler", "fallbacks"].map(str::to_owned).to_vec()];
    for route in all(client, "/v1/routes", "routes")? {
        let fallbacks = route["fallbacks"].as_array().into_iter().flatten();
        let fallbacks: Vec<_> = fallbacks.map(|fallback| text(fallback, "handler")).collect();
        rows.push(vec![
            text(&route, "to").to_owned(),
            text(&route, "handler").to_owned(),
            fallbacks.join(", "),
        ]);
    }
    for number in all(client, "/v1/numbers", "numbers")? {
        rows.push(vec![
            text(&number, "number").to_owned(),
            text(&number, "handler").to_owned(),
            String::new(),
        ]);
    }
    table(&rows).iter().for_each(|line| terminal::say(line));
    Ok(ExitCode::SUCCESS)
}

/// Has the version that is tried serve all calls.
#[derive(Debug, clap::Args)]
pub(crate) struct Promote {
    /// The handler
    handler: String,
    #[command(flatten)]
    node: Node,
}

/// Has the version before serve all calls again, at once; once more leads back.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The handler
    handler: String,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn promote(options: &Promote) -> Result<ExitCode> {
    turn(&options.node.client()?, &options.handler, "promote")
}

pub(crate) fn rollback(options: &Rollback) -> Result<ExitCode> {
    turn(&options.node.client()?, &options.handler, "rollback")
}

fn turn(client: &ApiClient, handler: &str, how: &str) -> Result<ExitCode> {
    let rollout = post(client, &format!("/v1/handlers/{}/{how}", encoded(handler)), None)?;
    terminal::say(&format!("{handler}: {}", served(&rollout)));
    Ok(ExitCode::SUCCESS)
}

/// Grants what a version asks for and none before it was granted.
#[derive(Debug, clap::Args)]
pub(crate) struct Grant {
    /// The version, such as line@2
    version: Named,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn grant(options: &Grant) -> Result<ExitCode> {
    let client = options.node.client()?;
    let Named { handler, version } = &options.version;
    let version = version.context("which version is meant? give one such as line@2")?;
    let path = format!("/v1/handlers/{}/versions/{version}", encoded(handler));
    let before = get(&client, &path)?;
    let after = post(&client, &format!("{path}/grant"), None)?;
    terminal::say(&format!("granted now: {}", words(&before["held"])));
    terminal::say(&format!("{handler}@{version} may: {}", words(&after["granted"])));
    Ok(ExitCode::SUCCESS)
}

/// Shows the handlers of the tenant, or the versions of one.
#[derive(Debug, clap::Args)]
pub(crate) struct Handlers {
    /// The handler whose versions are shown
    handler: Option<String>,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn handlers(options: &Handlers) -> Result<ExitCode> {
    let client = options.node.client()?;
    let rows = match &options.handler {
        Some(handler) => versions(&client, handler)?,
        None => {
            let mut rows = vec![["handler", "newest", "serves"].map(str::to_owned).to_vec()];
            for handler in all(&client, "/v1/handlers", "handlers")? {
                let newest = handler["newest_version"].as_i64().map(|version| version.to_string());
                let serves = match text(&handler, "source") == "database" && handler["rollout"].is_null() {
                    true => "no calls yet".to_owned(),
                    false => served(&handler["rollout"]),
                };
                rows.push(vec![
                    text(&handler, "name").to_owned(),
                    newest.unwrap_or_default(),
                    serves,
                ]);
            }
            rows
        }
    };
    let paint = Paint::stdout();
    for (place, line) in table(&rows).iter().enumerate() {
        terminal::say(&if place == 0 { paint.dim(line) } else { line.clone() });
    }
    Ok(ExitCode::SUCCESS)
}

fn versions(client: &ApiClient, handler: &str) -> Result<Vec<Vec<String>>> {
    let mut rows = vec![
        ["version", "published", "by", "granted", "held", "note"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for version in all(
        client,
        &format!("/v1/handlers/{}/versions", encoded(handler)),
        "versions",
    )? {
        rows.push(vec![
            version["version"].to_string(),
            text(&version, "created_at").to_owned(),
            text(&version, "created_by").to_owned(),
            words(&version["granted"]),
            words(&version["held"]),
            text(&version, "note").to_owned(),
        ]);
    }
    Ok(rows)
}
