//! Screening: who answers hears a whisper and presses 1 to take the call. The caller hears ringing until then.

use patchcord::prelude::*;

patchcord::handler!(handle);

/// How long the phones of the called user ring.
const RING: u64 = 25;
/// How often the whisper is played.
const WHISPERS: u32 = 2;
/// The key that takes the call.
const TAKE: &str = "1";

fn handle(caller: Leg) -> Result<()> {
    let called = caller.info().to;
    let outcome = caller.dial(Dial::user(&called).ring_for(secs(RING)))?;
    if let Some(callee) = outcome.into_leg() {
        if accepts(&callee)? {
            caller.bridge(&callee, Bridge::default())?;
            return Ok(());
        }
        callee.hang_up();
    }
    if caller.early_media().is_ok() {
        caller.play(file("away.wav"))?;
    }
    caller.reject(RejectReason::Unavailable)
}

/// Whispers until the callee takes the call with the key; false for another key, for silence, and if the callee hangs up.
fn accepts(callee: &Leg) -> Result<bool> {
    for _ in 0..WHISPERS {
        let whisper = Gather::keys(1).prompt(file("whisper.wav")).first_key_within(secs(4));
        match callee.gather(whisper) {
            Ok(pressed) if pressed.keys == TAKE => return Ok(true),
            Ok(pressed) if !pressed.keys.is_empty() => return Ok(false),
            Ok(_) => {}
            Err(_) if callee.has_ended() => return Ok(false),
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(false)
}
