//! The verbs: one file each, and below them what they share. A verb returns an exit code or one sentence about what is
//! wrong, where, and what to do; nothing in here decides anything about a call.

mod build;
mod call;
mod check;
mod dev;
mod doctor;
mod embedded;
mod kept;
mod key;
mod new;
mod project;
mod remote;
mod replay;
mod serve;
mod terminal;
mod test;
mod trace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs WebAssembly call handlers beside telephone calls.
#[derive(Debug, Parser)]
#[command(
    name = "patchcord",
    version,
    max_term_width = 120,
    after_help = "\
First steps:
  patchcord new support-line         a project that compiles at once
  cd support-line && patchcord dev   answers calls, builds again when you save
  patchcord call sip:support-line@127.0.0.1:5060 --keys 1   in a second terminal: a telephone

`patchcord <verb> --help` says more about each verb."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(new::Options),
    Build(build::Options),
    Check(check::Options),
    Dev(dev::Options),
    Test(test::Options),
    Call(call::Options),
    Serve(serve::Options),
    Doctor(doctor::Options),
    Trace(trace::Options),
    Replay(replay::Options),
    Key(key::Options),
    Login(remote::login::Options),
    Deploy(remote::deploy::Options),
    Handlers(remote::rollout::Handlers),
    Route(remote::rollout::Options),
    Grant(remote::rollout::Grant),
    Promote(remote::rollout::Promote),
    Rollback(remote::rollout::Rollback),
    Numbers(remote::numbers::Options),
    CallerIds(remote::caller_ids::Options),
    Calls(remote::calls::Options),
    Logs(remote::logs::Options),
    Secrets(remote::secrets::Options),
    Tenants(remote::tenants::Tenants),
    Keys(remote::tenants::Keys),
    Webhooks(remote::webhooks::Options),
    Usage(remote::usage::Options),
    Token(remote::token::Options),
}

/// Reads the command line and does what it says. Exit codes: 0 done, 1 not done (a sentence says why), 2 not understood.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::New(options) => new::run(&options),
        Verb::Build(options) => build::run(&options),
        Verb::Check(options) => check::run(&options),
        Verb::Dev(options) => dev::run(&options),
        Verb::Test(options) => test::run(&options),
        Verb::Call(options) => call::run(&options),
        Verb::Serve(options) => serve::run(&options),
        Verb::Doctor(options) => doctor::run(&options),
        Verb::Trace(options) => trace::run(&options),
        Verb::Replay(options) => replay::run(&options),
        Verb::Key(options) => key::run(&options),
        Verb::Login(options) => remote::login::run(&options),
        Verb::Deploy(options) => remote::deploy::run(&options),
        Verb::Handlers(options) => remote::rollout::handlers(&options),
        Verb::Route(options) => remote::rollout::route(&options),
        Verb::Grant(options) => remote::rollout::grant(&options),
        Verb::Promote(options) => remote::rollout::promote(&options),
        Verb::Rollback(options) => remote::rollout::rollback(&options),
        Verb::Numbers(options) => remote::numbers::run(&options),
        Verb::CallerIds(options) => remote::caller_ids::run(&options),
        Verb::Calls(options) => remote::calls::run(&options),
        Verb::Logs(options) => remote::logs::run(&options),
        Verb::Secrets(options) => remote::secrets::run(&options),
        Verb::Tenants(options) => remote::tenants::tenants(&options),
        Verb::Keys(options) => remote::tenants::keys(&options),
        Verb::Webhooks(options) => remote::webhooks::run(&options),
        Verb::Usage(options) => remote::usage::run(&options),
        Verb::Token(options) => remote::token::run(&options),
    };
    done.unwrap_or_else(|error| {
        terminal::error(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests;
