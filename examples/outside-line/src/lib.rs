//! Calls to the outside through a trunk. The caller's call is answered when the far end answers, and not before; until then
//! the caller hears what the network sends. What failed is told by the tones of a European exchange.

use patchcord::prelude::*;
use patchcord::{Play, Prompt};

patchcord::handler!(handle);

/// How long the far end may ring.
const RING: u64 = 60;
/// The longest call to the outside.
const LONGEST: u64 = 2 * 3600;
/// Digits of a number (ITU-T E.164), a prefix for an outside line included.
const DIGITS_MAX: usize = 18;

fn handle(caller: Leg) -> Result<()> {
    let Some(number) = number(&caller.info().to) else {
        return caller.reject(RejectReason::NotFound);
    };
    let outcome = caller.dial(Dial::number(&number).ring_for(secs(RING)).early_media())?;
    if let Some(callee) = outcome.leg() {
        let bridged = caller.bridge(callee, Bridge::default().longest(secs(LONGEST)))?;
        info!("connected for {} s", bridged.lasted_ms / 1000);
        return Ok(());
    }
    info!("not connected, status {}", outcome.status());
    if caller.early_media().is_ok() {
        caller.play(tones(&outcome))?;
    }
    caller.reject(refusal(&outcome))
}

/// What is dialled of what was called: a number, perhaps with a plus. Everything else is no number.
fn number(called: &str) -> Option<String> {
    let digits = called.strip_prefix('+').unwrap_or(called);
    let is_number = (2..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| called.to_owned())
}

/// The tones for what failed (ITU-T E.180, ETSI TR 101 041): three rising ones for a number that does not exist, slow beeps
/// for a busy line, quick beeps for a network that has no way.
fn tones(outcome: &DialOutcome) -> Play {
    match outcome {
        DialOutcome::NotFound(_) | DialOutcome::Forbidden(_) => Play::prompt(rising()).times(2),
        DialOutcome::Busy(_) | DialOutcome::Declined(_) | DialOutcome::NoAnswer => Play::prompt(beep(500)).times(5),
        _ => Play::prompt(beep(250)).times(10),
    }
}

fn rising() -> Prompt {
    let sound = millis(330);
    let tones = tone(950, sound).then(tone(1400, sound)).then(tone(1800, sound));
    tones.then(silence(secs(1)))
}

fn beep(ms: u64) -> Prompt {
    tone(425, millis(ms)).then(silence(millis(ms)))
}

fn refusal(outcome: &DialOutcome) -> RejectReason {
    match outcome {
        DialOutcome::NotFound(_) => RejectReason::NotFound,
        DialOutcome::Forbidden(_) => RejectReason::Forbidden,
        DialOutcome::Busy(_) => RejectReason::Busy,
        DialOutcome::Declined(_) => RejectReason::Declined,
        _ => RejectReason::Unavailable,
    }
}

#[cfg(test)]
mod tests;
