//! `patchcord serve`: the verb for the machine's own `serve`, which reads the configuration and waits for signals.

use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serves calls as a configuration file says, until SIGTERM or Ctrl-C; calls under way may finish.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A configuration in short:
  [sip]        listen = \"192.0.2.10:5060\"       # UDP; tcp, tls, ws and wss likewise
               certificate = \"chain.pem\"  key = \"key.pem\"      # for tls and wss
  [dns]        server = \"127.0.0.1:53\"        # else the system's
  [http]       listen = \"127.0.0.1:9060\"      # /metrics and /health
  [media]      ports = \"20000-23999\"          # two for each call
  [records]    cdr = \"calls.jsonl\"            # one line for each call
  [recordings] folder = \"recordings\"        # beside the end records if nothing is said
  [api]        listen = \"127.0.0.1:8080\"      # with an [[api_key]], which `patchcord key` makes
  [database]   url = \"sqlite:patchcord.db\"   # what is deployed; or \"postgres://user@host/name\"
  [[handler]]  name = \"menu\"  module = \"menu.wasm\"
  [[route]]    to = \"*\"       handler = \"menu\"
Each key on a line of its own. Unknown keys are refused. SIGHUP reads handlers, routes, users, trunks and
certificates again; a second SIGTERM ends all calls at once.")]
pub(crate) struct Options {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "patchcord.toml")]
    config: PathBuf,
    /// The database, in place of the one in the file: `sqlite:` and a file, or `postgres://…`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    patchcord_host::serve::serve_file(&options.config, options.database.as_deref())?;
    Ok(ExitCode::SUCCESS)
}
