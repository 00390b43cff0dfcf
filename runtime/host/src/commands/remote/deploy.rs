//! `patchcord deploy`: from a handler's folder to a version on a node, which serves no call yet.

use super::{Node, encoded, post, text, words};
use crate::commands::project::Project;
use crate::commands::terminal::{self, Paint};
use crate::commands::{build, check};
use anyhow::{Context, Result, bail};
use hyper::Method;
use patchcord_guest::ModuleKind;
use patchcord_host::api_client::Sent;
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Builds, checks and uploads a handler, and publishes it as a new version; `patchcord route` sends it calls.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A version that asks for more than any before it was granted is held until `patchcord grant`.
In a script: PATCHCORD_SERVER=https://pbx.example.com PATCHCORD_KEY=$KEY patchcord deploy")]
pub(crate) struct Options {
    /// The handler's folder, or a module that is built already
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The handler's name; the project's or the file's without it
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// What is new, for people to read
    #[arg(long, default_value = "")]
    note: String,
    /// A web server it may ask; an address that ends with `/` stands for all below it. May be repeated
    #[arg(long, value_name = "URL")]
    http: Vec<String>,
    /// A secret it may read. May be repeated
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// Prints the version as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: Node,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let client = options.node.client()?;
    let (name, path, bytes) = module(options)?;
    let (_runtime, module) = check::load(&bytes, &path)?;
    if module.kind() != ModuleKind::CallHandler {
        bail!(
            "{} is an {}, and calls need a call handler",
            path.display(),
            module.kind().name()
        );
    }
    terminal::step(&format!(
        "uploading {} ({})",
        path.display(),
        terminal::size(bytes.len() as u64)
    ));
    let uploaded = client.ask(Method::POST, "/v1/modules", Sent::Bytes("application/wasm", bytes))?;
    let version =
        json!({ "module": uploaded["hash"], "note": options.note, "http": options.http, "secrets": options.secret });
    let version = post(
        &client,
        &format!("/v1/handlers/{}/versions", encoded(&name)),
        Some(version),
    )?;
    if options.json {
        terminal::say(&version.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let (paint, number) = (Paint::stdout(), &version["version"]);
    terminal::say(&format!("{} {name}@{number}", paint.bold("version")));
    terminal::say(&format!("{}  {}", paint.bold("module"), text(&version, "module")));
    terminal::say(&format!("{} {}", paint.bold("granted"), words(&version["granted"])));
    let is_held = version["held"].as_array().is_some_and(|held| !held.is_empty());
    if is_held {
        terminal::say(&format!("{}    {}", paint.yellow("held"), words(&version["held"])));
        terminal::say(&format!("next: patchcord grant {name}@{number}, by a key that may"));
    } else {
        terminal::say(&format!("next: patchcord route <number> {name}@{number}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Name, file and bytes of what is deployed.
fn module(options: &Options) -> Result<(String, PathBuf, Vec<u8>)> {
    if options.path.is_dir() {
        let project = Project::open(&options.path)?;
        let built = build::build(&project)?;
        return Ok((options.handler.clone().unwrap_or(project.name), built.path, built.bytes));
    }
    let bytes = fs::read(&options.path);
    let bytes = bytes.with_context(|| format!("{} is neither a folder nor a file to read", options.path.display()))?;
    let stem = options
        .path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok((options.handler.clone().unwrap_or(stem), options.path.clone(), bytes))
}
