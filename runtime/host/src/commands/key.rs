//! `patchcord key`: makes an API key. Nothing is kept: the key is shown once, its hash goes into the configuration.

use super::terminal::Paint;
use anyhow::{Result, anyhow};
use patchcord_host::clients::public_key;
use patchcord_host::encoding::hex;
use patchcord_host::{Scope, new_key};
use std::process::ExitCode;

/// Makes an API key and prints it once, with the lines for the configuration of `patchcord serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Give it to programs as `Authorization: Bearer <key>`; it cannot be shown again.")]
pub(crate) struct Options {
    /// What it is called: by whom it is used, say
    #[arg(long, default_value = "key")]
    name: String,
    /// Whose calls it is for
    #[arg(long, default_value = "default")]
    tenant: String,
    /// That it may look at calls and not change them
    #[arg(long)]
    read_only: bool,
    /// That it may also look after tenants, their numbers and quotas
    #[arg(long, conflicts_with = "read_only")]
    operator: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let (key, hash) = new_key().map_err(|error| anyhow!("the system has no randomness: {error}"))?;
    let scopes: &[Scope] = match (options.read_only, options.operator) {
        (true, _) => &[Scope::Read],
        (_, true) => &Scope::ALL,
        _ => &Scope::USUAL,
    };
    let scopes: Vec<_> = scopes.iter().map(|scope| format!("{:?}", scope.name())).collect();
    let scopes = scopes.join(", ");
    let paint = Paint::stdout();
    println!("{}  {key}\n", paint.bold("key"));
    println!("[[api_key]]");
    println!("name = {:?}\ntenant = {:?}", options.name, options.tenant);
    println!(
        "sha256 = \"{hash}\"\ntoken_key = \"{}\"\nscopes = [{scopes}]",
        hex(&public_key(&key))
    );
    Ok(ExitCode::SUCCESS)
}
