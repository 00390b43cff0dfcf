//! `patchcord doctor`: whether a node of a configuration file would be heard, before anybody calls: ports, files, certificates,
//! the clock, and a call that goes to ourselves by the address that phones are told. Each finding says what to do. Nothing is
//! changed, and a node that runs is left alone.

mod certificate;
mod files;
mod ports;
mod reach;
mod system_clock;

use super::terminal::Paint;
use anyhow::Result;
use patchcord_host::config::Config;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

/// Looks for what would keep a node from being heard, and says what to do about it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Run it where the node is to run, as the user it is to run as, while it does not: then its ports are free, and a call can be
placed to them by the address that phones are told.

Exit code 0: nothing is wrong. 1: something is; each line says what, and what to do.")]
pub(crate) struct Options {
    /// The configuration file of `patchcord serve`
    #[arg(long, default_value = "patchcord.toml", value_name = "FILE")]
    config: PathBuf,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) what: String,
    pub(super) verdict: Verdict,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// It works, and somebody should know.
    Note(String),
    /// It does not: why, and what to do.
    Wrong(String),
}

impl Finding {
    pub(super) fn new(what: impl Display, verdict: Verdict) -> Self {
        let what = what.to_string();
        Self { what, verdict }
    }

    pub(super) fn wrong(what: impl Display, why: impl Display) -> Self {
        Self::new(what, Verdict::Wrong(why.to_string()))
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let config = Config::read(&options.config)?;
    let node = &config.node;
    let mut findings = vec![Finding::new(
        format!("configuration {}", options.config.display()),
        Verdict::Fine,
    )];
    findings.push(system_clock::look());
    findings.extend(files::look(&config));
    findings.extend(certificate::look(&node.sip.tls));
    let free = ports::look(node);
    let is_free = free.iter().all(|finding| !matches!(finding.verdict, Verdict::Wrong(_)));
    findings.extend(free);
    findings.extend(match is_free {
        true => reach::look(node),
        false => vec![Finding::new(
            "a call to ourselves",
            Verdict::Note("not placed: its ports are not free; end what has them, and ask again".to_owned()),
        )],
    });
    let paint = Paint::stdout();
    findings.iter().for_each(|finding| print(paint, finding));
    let wrong = findings
        .iter()
        .filter(|finding| matches!(finding.verdict, Verdict::Wrong(_)))
        .count();
    match wrong {
        0 => println!("{}", paint.green("nothing is wrong")),
        wrong => println!("{}", paint.red(format!("{wrong} of {} are wrong", findings.len()))),
    }
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(paint: Paint, finding: &Finding) {
    let what = &finding.what;
    match &finding.verdict {
        Verdict::Fine => println!("{}     {what}", paint.green("ok")),
        Verdict::Note(note) => println!("{}   {what}: {note}", paint.yellow("note")),
        Verdict::Wrong(why) => println!("{}  {what}: {why}", paint.red("wrong")),
    }
}
