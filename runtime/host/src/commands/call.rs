//! `patchcord call`: a telephone at the command line. Places one call, presses keys, says and records sound, and measures
//! what it heard. The phone itself is [`patchcord_sim::Phone`]; here are its sockets and its course of action.

mod course;
mod keys;
mod ladder;
mod sockets;
mod sound;
mod target;

use super::terminal::{self, Paint};
use anyhow::{Context, Result, ensure};
use course::{Course, Outcome};
use keys::Script;
use patchcord_media::{Clip, SAMPLE_RATE, write_wav};
use patchcord_sim::Phone;
use patchcord_sim::phone::{Config, Dial, Offer};
use patchcord_sip::sdp::{Codec, Srtp};
use patchcord_sip::{NameAddr, Uri};
use sockets::Sockets;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use target::Target;

/// The longest call of the test phone; what it heard is kept in memory until the end.
const LONGEST_S: u64 = 3_600;

/// Places a call as a telephone: presses keys, records and measures what it hears.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys: 0-9 * # A-D are pressed in turn; a comma waits a second; w waits until the prompt that plays, or plays next, is over
(0.6 s of quiet after sound, 10 s at most). Unless the keys begin with a wait, the first prompt is waited for: `1` presses 1
after it, `,1` presses 1 a second after the answer and so interrupts it, `1w2#` waits for a second prompt before 2.

Exit code 0: the call was answered, ended normally, and all keys were pressed.")]
pub(crate) struct Options {
    /// Whom to call, for instance sip:menu@127.0.0.1:5060
    #[arg(value_name = "SIP-URI")]
    uri: String,
    /// Keys to press once the call is answered, for instance 1,2#
    #[arg(long, value_name = "KEYS")]
    keys: Option<Script>,
    /// Write what is heard to this WAV file (8 kHz, 16 bit)
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Say this sound file (WAV, MP3, FLAC, Ogg) once the call is answered
    #[arg(long, value_name = "FILE")]
    say: Option<PathBuf>,
    /// Offer these codecs, best first: opus, G722, PCMU, PCMA, L16/16000, L16/8000
    #[arg(long, value_name = "CODECS", value_delimiter = ',', default_value = "PCMU,PCMA", value_parser = codec)]
    codecs: Vec<Codec>,
    /// Offer SRTP, and nothing without it
    #[arg(long)]
    srtp: bool,
    /// Name or number to call from
    #[arg(long, default_value = "patchcord", value_name = "NAME")]
    from: String,
    /// Hang up so many seconds after the answer, if the other side has not
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=LONGEST_S))]
    duration: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let target = target::find(&options.uri)?;
    let say = options.say.as_deref().map(read_clip).transpose()?;
    if let Some(file) = &options.record {
        // An unwritable file is better known before the call than after it.
        fs::File::create(file).with_context(|| format!("the recording {} cannot be written", file.display()))?;
    }
    let course = Course {
        dial: Dial {
            uri: target.uri.clone(),
            destination: target.destination,
            from: caller(&options.from, &target)?,
            offer: Offer::InInvite,
        },
        keys: options.keys.clone().unwrap_or_default(),
        say,
        duration: Duration::from_secs(options.duration),
    };
    let outcome = place(&target, course, options)?;
    report(&outcome, options.record.as_deref())?;
    outcome.verdict(target.destination)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the call on an event loop of its own.
fn place(target: &Target, course: Course, options: &Options) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("sockets cannot be waited for")?;
    runtime.block_on(async {
        let sockets = Sockets::bind(target.local)?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|why| anyhow::anyhow!("the system gave no random numbers: {why}"))?;
        let config = Config {
            codecs: options.codecs.clone(),
            srtp: if options.srtp { Srtp::Require } else { Srtp::Accept },
            ..Config::new(sockets.sip_address()?, sockets.rtp_address()?, u64::from_le_bytes(seed))
        };
        course::follow(Phone::new(config), &sockets, course).await
    })
}

fn codec(name: &str) -> Result<Codec, String> {
    Codec::named(name.trim()).ok_or_else(|| "give opus, G722, PCMU, PCMA, L16/16000 or L16/8000".to_owned())
}

/// The From address: a name at our own address.
fn caller(name: &str, target: &Target) -> Result<NameAddr> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-_.*#".contains(c);
    ensure!(
        !name.is_empty() && name.chars().all(plain),
        "{name:?} cannot be called from; use letters, digits and + - _ . * # in --from"
    );
    let at = SocketAddr::from((target.local, 0));
    let host = at.to_string();
    let host = host.strip_suffix(":0").unwrap_or(&host);
    let name = name.replace('#', "%23");
    let uri =
        Uri::parse(&format!("sip:{name}@{host}")).map_err(|why| anyhow::anyhow!("--from makes no address: {why:?}"))?;
    Ok(NameAddr::new(uri))
}

fn read_clip(file: &Path) -> Result<Arc<Clip>> {
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let clip = Clip::from_file(&bytes).with_context(|| format!("{} cannot be said", file.display()))?;
    Ok(Arc::new(clip))
}

/// Prints and writes what was heard.
fn report(outcome: &Outcome, record: Option<&Path>) -> Result<()> {
    let paint = Paint::stdout();
    terminal::say(&ladder::heard(&outcome.heard, paint));
    if let Some(counters) = &outcome.counters {
        terminal::say(&ladder::counters(counters));
    }
    if let Some(file) = record {
        fs::write(file, write_wav(SAMPLE_RATE, &outcome.heard))
            .with_context(|| format!("the recording {} cannot be written", file.display()))?;
        terminal::say(&format!(
            "recorded {:.2} s to {}",
            sound::seconds(outcome.heard.len()),
            file.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
