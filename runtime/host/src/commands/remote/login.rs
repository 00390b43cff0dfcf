//! `patchcord login`: keeps which node is asked, and the key, for the verbs that need them.

use super::{Node, get, text, words};
use crate::commands::terminal;
use anyhow::{Context, Result, bail};
use patchcord_host::api_client::ApiClient;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps the node and the API key for the other verbs, once the node has taken the key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The key is read from standard input, or from --key. It is kept in ~/.config/patchcord/login.toml, for you alone to read.
In a script use PATCHCORD_SERVER and PATCHCORD_KEY instead; nothing is kept then.")]
pub(crate) struct Options {
    #[command(flatten)]
    node: Node,
}

/// What was kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) server: String,
    pub(crate) key: String,
    pub(crate) roots: Option<PathBuf>,
    /// Whose key it is; older files have it not.
    #[serde(default)]
    pub(crate) tenant: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let server = options.node.server.clone();
    let server = server.context("which node is meant? give --server, such as https://pbx.example.com")?;
    let key = match &options.node.key {
        Some(key) => key.clone(),
        None => asked_key()?,
    };
    let roots = options.node.roots.as_ref().map(std::path::absolute).transpose()?;
    let me = get(&ApiClient::new(&server, &key, roots.clone())?, "/v1/me")?;
    let tenant = Some(text(&me, "tenant").to_owned());
    let kept = Kept {
        server,
        key,
        roots,
        tenant,
    };
    let file = file()?;
    keep(&file, &kept).with_context(|| format!("{} cannot be written", file.display()))?;
    terminal::step(&format!(
        "{} knows this key as {:?} of tenant {:?}; it may {}",
        kept.server,
        text(&me, "key"),
        text(&me, "tenant"),
        words(&me["scopes"])
    ));
    Ok(ExitCode::SUCCESS)
}

fn asked_key() -> Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("API key: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let key = line.trim();
    if key.is_empty() {
        bail!("there is no key: `patchcord key` makes one for the node's configuration");
    }
    Ok(key.to_owned())
}

/// What an earlier login kept.
pub(crate) fn kept() -> Result<Option<Kept>> {
    let file = file()?;
    match fs::read_to_string(&file) {
        Ok(text) => {
            let kept = toml::from_str(&text);
            let wrong = || format!("{} cannot be read; run `patchcord login` again", file.display());
            kept.map(Some).with_context(wrong)
        }
        Err(_) => Ok(None),
    }
}

fn file() -> Result<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = config.filter(|path| path.is_absolute()).or_else(home);
    let folder = folder.context("HOME is not set, so there is no place to keep a login in")?;
    Ok(folder.join("patchcord").join("login.toml"))
}

/// Writes it so that nobody else can ever read it.
fn keep(file: &PathBuf, kept: &Kept) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = file.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut options = fs::OpenOptions::new();
    let mut written = options.write(true).create_new(true).mode(0o600).open(&new)?;
    let mut text = format!("server = {}\nkey = {}\n", quoted(&kept.server), quoted(&kept.key));
    if let Some(roots) = &kept.roots {
        text += &format!("roots = {}\n", quoted(&roots.to_string_lossy()));
    }
    if let Some(tenant) = &kept.tenant {
        text += &format!("tenant = {}\n", quoted(tenant));
    }
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(&new, file)?;
    Ok(())
}

/// A text as TOML has it; JSON's escapes are among its own.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
