//! Does to the far ends what the called user says, so that a scenario can be met by the one behaviour it is about. Whom to
//! dial stands in the header X-Callee.

use patchcord::Party;
use patchcord::prelude::*;

patchcord::handler!(handle);

/// How long a callee may ring.
const RING: u64 = 8;
/// Longer than any scenario.
const STAY: u64 = 120;

fn handle(caller: Leg) -> Result<()> {
    match caller.info().to.as_str() {
        "stay" => {
            caller.answer()?;
            wait::sleep(secs(STAY))
        }
        "ring-briefly" => {
            caller.ring()?;
            wait::sleep(secs(1))?;
            caller.answer()?;
            wait::sleep(secs(STAY))
        }
        "ring-long" => {
            caller.ring()?;
            wait::sleep(secs(STAY))
        }
        "hold-caller" => {
            caller.answer()?;
            caller.hold()?;
            wait::sleep(secs(STAY))
        }
        "hold-callee" => hold_callee(&caller),
        "hold-and-leave" => hold_and_leave(&caller),
        "dial" => connect(&caller, dial(&caller)),
        "dial-early" => connect(&caller, dial(&caller).early_media()),
        "dial-briefly" => connect(&caller, dial(&caller).ring_for(secs(2))),
        "dial-no-further" => connect(&caller, dial(&caller).redirects(0)),
        "dial-further" => connect(&caller, dial(&caller).redirects(1)),
        "dial-known" => {
            let party = Party::address(&callee(&caller)).credentials("trunk", "secret");
            connect(&caller, Dial::to(party).ring_for(secs(RING)))
        }
        _ => caller.reject(RejectReason::NotFound),
    }
}

fn callee(caller: &Leg) -> String {
    caller.first_header("X-Callee").unwrap_or_default()
}

fn dial(caller: &Leg) -> Dial {
    Dial::address(&callee(caller)).ring_for(secs(RING))
}

/// Connects the two, transfers included; a caller who reaches nobody is told by the status of a refusal.
fn connect(caller: &Leg, how: Dial) -> Result<()> {
    let outcome = caller.dial(how)?;
    if let Some(callee) = outcome.leg() {
        caller.talk_with(callee, Bridge::default())?;
        return Ok(());
    }
    caller.reject(match outcome {
        DialOutcome::Busy(_) => RejectReason::Busy,
        DialOutcome::Declined(_) => RejectReason::Declined,
        DialOutcome::NotFound(_) => RejectReason::NotFound,
        DialOutcome::Forbidden(_) => RejectReason::Forbidden,
        _ => RejectReason::Unavailable,
    })
}

/// Holds the callee and takes it back before the two are connected.
fn hold_callee(caller: &Leg) -> Result<()> {
    let outcome = caller.dial(dial(caller))?;
    let Some(callee) = outcome.leg() else {
        return caller.reject(RejectReason::Unavailable);
    };
    callee.hold()?;
    wait::sleep(millis(300))?;
    callee.resume()?;
    wait::sleep(millis(300))?;
    caller.bridge(callee, Bridge::default())?;
    Ok(())
}

/// Holds the callee and leaves it.
fn hold_and_leave(caller: &Leg) -> Result<()> {
    let outcome = caller.dial(dial(caller))?;
    if let Some(callee) = outcome.leg() {
        callee.hold()?;
        wait::sleep(millis(300))?;
        callee.hang_up();
    }
    caller.reject(RejectReason::Unavailable)
}
